"""A word that is misspelt, or that another program has, is refused in one sentence that says what may be meant."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family
from pipcacheplus.cli.base.parsing import Grammar, command_parser
from tests.support import processes
from tests.support.builders import Cache, tree

COMMANDS = Family("pipcacheplus.cli", "COMMAND", Command)
Refused = Callable[..., list[str]]


@pytest.fixture
def refused(cache: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Return a function that runs arguments, and returns the lines of stderr; nothing may go, and the code is 2."""
    monkeypatch.chdir(cache.path.parent)
    monkeypatch.setenv("PIP_CACHE_DIR", str(cache.path))
    monkeypatch.setenv("XDG_STATE_HOME", str(cache.path.parent / "state"))
    cache.http_v2("https://files.example/half", b"x", has_head=False)
    before = tree(cache.path)

    def refused(*arguments: str) -> list[str]:
        try:
            code = main(arguments)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capsys.readouterr()
        assert (code, out) == (2, "")
        assert tree(cache.path) == before
        return list(err.splitlines())

    return refused


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("ls", "list"),
        ("clean", "prune"),
        ("clear", "purge"),
        ("rm", "remove"),
        ("gc", "prune"),
        ("check", "verify"),
        ("fsck", "verify"),
        ("delete", "remove"),
        ("du", "info"),
        ("size", "info"),
        ("doctor", "verify"),
        ("LS", "list"),
        ("lst", "list"),
        ("prun", "prune"),
        ("remvoe", "remove"),
    ],
)
def test_a_command_that_does_not_exist_is_answered_by_one_that_does_and_what_it_does(
    refused: Refused, word: str, meant: str
) -> None:
    error, place = refused(word)
    assert error.startswith(f"ERROR: there is no command '{word}'; did you mean {meant} ({COMMANDS[meant].help})")
    assert place.endswith("-m pipcacheplus --help")


def test_what_others_have_as_a_command_and_is_an_option_here_is_said_to_be_one(refused: Refused) -> None:
    assert refused("version")[0] == "ERROR: there is no command 'version'; did you mean --version?"
    assert refused("help", "list")[0] == "ERROR: there is no command 'help'; did you mean --help?"


def test_every_word_of_another_program_leads_to_a_command_that_exists() -> None:
    from pipcacheplus.cli.base.misspelt import _OF_OTHERS  # noqa: PLC0415 - a table of its own

    assert {name for names in _OF_OTHERS.values() for name in names} <= set(COMMANDS)
    assert not set(_OF_OTHERS) & set(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["prune", "--corupt"], "prune has no option --corupt; did you mean --corrupt?"),
        (["prune", "--max-sise", "1GB"], "prune has no option --max-sise; did you mean --max-size?"),
        (["prune", "--max-sise=1GB"], "prune has no option --max-sise; did you mean --max-size?"),
        (["prune", "--cor"], "prune has no option --cor; did you mean --corrupt?"),
        (["remove", "demo", "--dry-ru"], "remove has no option --dry-ru; did you mean --dry-run?"),
        (["purge", "--ye"], "purge has no option --ye; did you mean --yes?"),
        (["export", "--too", "x"], "export has no option --too; did you mean --to?"),
        (["list", "--stale"], "list has no option --stale; it is one of prune"),
        (["dir", "-x"], "dir has no option -x"),
        (["--jsn", "list"], "there is no option --jsn; did you mean --json?"),
        (["--stale", "prune"], "--stale is an option of prune, and stands behind it: prune --stale"),
        (
            ["prune", "--superseded", "2"],
            "the value of --superseded stands behind an equals sign; write --superseded=2",
        ),
        (["prune", "--stale", "30d"], "the value of --stale stands behind an equals sign; write --stale=30d"),
        (["prune", "corrupt"], "prune takes no argument 'corrupt'; did you mean --corrupt?"),
        (["prune", "--corrupt=yes"], "--corrupt takes no value: 'yes'"),
        (["list", "--by", "projects"], "--by: there is no 'projects'; did you mean project?"),
        (["list", "--format", "jsno"], "--format: there is no 'jsno'; did you mean json?"),
        (["list", "--color", "alway"], "--color: there is no 'alway'; did you mean always?"),
        (["export", "demo"], "--to is missing"),
    ],
)
def test_an_option_or_a_value_that_does_not_exist_is_one_sentence(
    refused: Refused, arguments: list[str], sentence: str
) -> None:
    error, place = refused(*arguments)
    assert error == f"ERROR: {sentence}"
    assert place.startswith("Help: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["list", "kind:wheels"], "'kind:wheels': names no kind; did you mean kind:wheel?"),
        (["remove", "--kind", "wheels"], "'kind:wheels': names no kind; did you mean kind:wheel?"),
        (["remove", "demo + not:kind:wheels"], "did you mean kind:wheel?"),
        (["remove", "state:corupt"], "'state:corupt': is no state; did you mean state:corrupt?"),
        (["prune", "--keep", "kind:wheels", "--corrupt"], "did you mean kind:wheel?"),
        (["prune", "--max-size", "wheell=1GB"], "--max-size: 'wheell' is not a kind; did you mean wheel?"),
        (["state", "catalog"], "kind: there is no 'catalog'; did you mean catalogs?"),
    ],
)
def test_a_kind_that_does_not_exist_is_answered_by_one_that_does(
    refused: Refused, arguments: list[str], sentence: str
) -> None:
    [error] = refused(*arguments)
    assert sentence in error


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_can_be_abbreviated(name: str) -> None:
    parser = command_parser(name, Grammar(COMMANDS, {"human": ""}, "1", "x"))
    assert parser.allow_abbrev is False
    there = parser.options()
    cut = [option[:-1] for option in there if len(option) > 3 and option[:-1] not in there]
    assert [parser.unknown_option([option]) for option in cut] == cut


def test_what_stands_behind_two_dashes_is_no_option() -> None:
    parser = command_parser("list", Grammar(COMMANDS, {"human": ""}, "1", "x"))
    assert parser.unknown_option(["--", "--corupt"]) is None


def test_a_setting_that_makes_no_sense_cannot_write_to_the_terminal(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pipcacheplus]\nkeep = ["kind:\\u001b[2Jx"]\n')
    assert "\x1b" not in "".join(refused("prune", "--max-age", "\x1b]0;x\x07"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_an_error_that_nobody_can_read_is_the_exit_code_alone(tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="ascii") as full:
        done = processes.run([*processes.PIPCACHEPLUS, "dir", "--corupt"], stderr=full)
    assert done.returncode == 2


def test_an_error_reaches_a_stream_that_cannot_encode_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipcacheplus", "dir", "caf\xe9"],
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"ERROR: dir takes no argument 'caf\\xe9'\n")
