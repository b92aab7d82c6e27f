"""Every help ends with two examples that work, and with the page that says more."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family
from pipcacheplus.cli.base.parsing import parse_arguments
from pipcacheplus.cli.base.wrapped import split_wrapped
from tests.support import artefacts
from tests.support.builders import INDEX_URL, Cache, page_headers

COMMANDS = Family("pipcacheplus.cli", "COMMAND", Command)
TOP = Path(__file__).parents[2]
RUN_A_PIP = frozenset({"pip", "warm"})
"""Commands whose examples need an index, and are parsed here alone."""
PAGE = b"<html></html>"
Help = Callable[..., str]


@pytest.fixture
def help_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Help:
    monkeypatch.setenv("COLUMNS", "80")

    def help_of(*arguments: str) -> str:
        with pytest.raises(SystemExit) as caught:
            parse_arguments([*arguments, "--help"], COMMANDS, {"human": "text"}, version="1")
        out, err = capsys.readouterr()
        assert (caught.value.code, err) == (0, "")
        return str(out)

    return help_of


@pytest.fixture
def small(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with a wheel, one built here, a page and a leftover; of it, something lies in the trash."""
    cache.http_v2("https://files.example/numpy", artefacts.wheel(tmp_path, "numpy", "1.26").read_bytes())
    cache.built_wheel("numpy", "1.25")
    cache.http_v2(f"{INDEX_URL}numpy/", PAGE, headers=page_headers(PAGE))
    cache.http_v2("https://files.example/half", b"x", has_head=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_CACHE_DIR", str(cache.path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert main(["prune", "--trash", "--exclusive"]) == 0
    return cache


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in {*RUN_A_PIP, "browse"}])
def test_both_examples_of_a_command_work_one_after_the_other(
    name: str, small: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = COMMANDS[name].examples
    assert len(examples) == 2
    assert any(f" {name} " in f" {example} " for example in examples)
    for example in examples:
        capsys.readouterr()
        assert main(shlex.split(example.replace("/home/*/.cache/pip", f"{small.path}*"))) == 0, example
        out, err = capsys.readouterr()
        assert out
        assert not re.search("(?m)^ERROR|No matching|(fits|matches) nothing", out + err), err


def test_the_examples_of_commands_that_run_a_pip_or_need_a_terminal_are_understood() -> None:
    for example in COMMANDS["pip"].examples:
        wrapped = split_wrapped(shlex.split(example))
        assert wrapped is not None
        assert wrapped.wrong is None
    for name in ("browse", "warm"):
        for example in COMMANDS[name].examples:
            assert parse_arguments(shlex.split(example), COMMANDS, {"human": ""}, version="1")[0] == name


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_ends_with_two_examples_and_a_page_that_exists(name: str, help_of: Help) -> None:
    *_, examples, page = help_of(*filter(None, [name])).strip().split("\n\n")
    title, *lines = examples.splitlines()
    assert (title, len(lines)) == ("examples:", 2)
    assert all("-m pipcacheplus " in line for line in lines)
    file, _, heading = page.removeprefix("documentation: ").partition("#")
    headings = re.findall(r"^#+ (.*)$", (TOP / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert heading in {"", *(re.sub(r"[^a-z -]", "", one.lower()).replace(" ", "-") for one in headings)}


@pytest.mark.parametrize("name", COMMANDS)
def test_usage_is_one_line_and_help_fits_80_columns_but_for_examples(name: str, help_of: Help) -> None:
    usage, *rest = help_of(name).partition("\nexamples:")[0].splitlines()
    assert usage.startswith("usage: ")
    assert rest[0] == ""
    assert max(map(len, rest)) <= 80
