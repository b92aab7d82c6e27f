"""What the words of a pip say: its command, its cache, what is asked for."""

import pytest

from pipcacheplus.wrap.pip_arguments import read_pip_arguments


@pytest.mark.parametrize(
    ("words", "command", "names"),
    [
        ("install six", "install", ("six",)),
        ("-q --proxy http://proxy.example install six", "install", ("six",)),
        (
            "--python /usr/bin/python3 install -r base.txt six -i http://index.example/simple idna",
            "install",
            ("six", "idna"),
        ),
        ("install --upgrade --target install six", "install", ("six",)),
        ("install -t install -rlock.txt six", "install", ("six",)),
        ("install -- -e", "install", ("-e",)),
        ("--version", None, ()),
        ("", None, ()),
        ("cache verify --deep", "cache", ("verify",)),
    ],
)
def test_the_command_and_the_names_are_those_that_pip_would_take(
    words: str, command: str | None, names: tuple[str, ...]
) -> None:
    found = read_pip_arguments(words.split())
    assert (found.command, found.names) == (command, names)


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("install --cache-dir=/c six", "cache_dir", "/c"),
        ("--cache-d /c install six", "cache_dir", "/c"),
        ("install --cache-dir /a --cache-dir /b", "cache_dir", "/b"),
        ("install --no-cache-dir", "no_cache", True),
        ("install --no-cache", "no_cache", True),
        ("--isolated install", "isolated", True),
        ("install --dry-run", "dry_run", True),
        ("install -qq six", "quiet", 2),
        ("-q install --quiet six", "quiet", 2),
        ("install --report - six", "report", "-"),
        ("install --log /tmp/log six", "names", ("six",)),
        ("install -r a.txt --requirement b.txt", "wanted", frozenset({1, 2, 3, 4})),
        (
            "install -i http://a.example --extra-index-url=http://b.example",
            "index_urls",
            ("http://a.example", "http://b.example"),
        ),
    ],
)
def test_an_option_is_understood_in_each_of_its_spellings(words: str, field: str, value: object) -> None:
    assert getattr(read_pip_arguments(words.split()), field) == value


@pytest.mark.parametrize(
    ("words", "uses"),
    [
        ("install six", True),
        ("download six", True),
        ("wheel six", True),
        ("lock six", True),
        ("install --no-cache-dir six", False),
        ("list", False),
        ("cache info", False),
        ("uninstall six", False),
    ],
)
def test_only_commands_that_fetch_use_the_cache(words: str, *, uses: bool) -> None:
    assert read_pip_arguments(words.split()).uses_cache is uses


def test_options_go_behind_the_command_and_nothing_else_moves() -> None:
    found = read_pip_arguments(["-q", "install", "six", "-r", "a.txt"])
    assert found.with_options("--log", "x") == ("-q", "install", "--log", "x", "six", "-r", "a.txt")


def test_other_requirements_take_the_place_of_all_that_was_asked_for() -> None:
    words = [
        "-q",
        "install",
        "--target",
        "t",
        "six",
        "-r",
        "a.txt",
        "-c",
        "limits.txt",
        "-e",
        ".",
        "--requirement=b.txt",
        "idna",
    ]
    assert read_pip_arguments(words).for_others("demo==1") == (
        *("-q", "install", "--target", "t", "-c", "limits.txt"),
        "demo==1",
    )
