"""Parsing of arguments, lookup of interpreters, and the order of exit codes."""

import os
from argparse import Namespace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from pipcacheplus import errors
from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.console import open_console
from pipcacheplus.cli.base.family import Family, members
from pipcacheplus.cli.base.options import pythons_of
from pipcacheplus.cli.base.parsing import parse_arguments
from pipcacheplus.model.pythons import Target
from pipcacheplus.model.units import age_s, date_or_age
from pipcacheplus.render.view import OutputFormat

COMMANDS = Family("pipcacheplus.cli", "COMMAND", Command)
FORMATS = members("pipcacheplus.render", "FORMAT", OutputFormat)


def parsed(*arguments: str) -> Namespace:
    words = {name: form.help for name, form in FORMATS.items()} | {"abspath": "the same as paths"}
    commands_of = {name: form.commands for name, form in FORMATS.items() if form.commands}
    return parse_arguments(arguments, COMMANDS, words, version="1.2", commands_of=commands_of)[1]


def test_commands_and_formats_are_found_by_walking_their_folder() -> None:
    assert {"dir", "list", "prune", "verify"} <= set(COMMANDS)
    assert all(COMMANDS[name].help for name in COMMANDS)
    assert {"human", "json", "paths"} <= set(FORMATS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--cache-dir", "/c", "-n", "remove", "a", "b"),
        ("remove", "a", "b", "--cache-dir", "/c", "-n"),
        ("remove", "--cache-dir=/c", "a", "--dry-run", "b"),
        ("--cache-dir", "/other", "remove", "a", "-n", "b", "--cache-dir", "/c"),
    ],
)
def test_options_may_stand_before_after_and_between(arguments: tuple[str, ...]) -> None:
    chosen = parsed(*arguments)
    assert (chosen.cache_dir, chosen.dry_run, list(chosen.what)) == ("/c", True, ["a", "b"])


def test_what_is_not_given_has_a_default() -> None:
    chosen = parsed("list")
    assert (chosen.cache_dir, chosen.format, chosen.color) == (None, "human", "auto")
    assert (chosen.dry_run, chosen.no_progress, chosen.no_input) == (False, False, False)
    assert (chosen.verbose, chosen.quiet, chosen.index_url, chosen.what) == (0, 0, (), ())


def test_options_that_add_up_do_so_from_both_places() -> None:
    chosen = parsed("-v", "--index-url", "a", "list", "-vv", "--extra-index-url", "b", "-q")
    assert (chosen.verbose, chosen.quiet, chosen.index_url) == (3, 1, ("a", "b"))


@pytest.mark.parametrize(
    ("arguments", "stale"),
    [
        ([], False),
        (["--stale"], True),
        (["--stale", "--corrupt"], True),
        (["--stale=0"], 0.0),
        (["--stale=30d"], 30 * 86_400.0),
        (["--stale=2w", "--stale"], True),
    ],
)
def test_stale_takes_a_value_only_behind_an_equals_sign(arguments: list[str], stale: bool | float) -> None:  # noqa: FBT001 - a row's value
    chosen = parsed("prune", *arguments)
    assert (stale, type(stale)) == (chosen.stale, type(chosen.stale))


@pytest.mark.parametrize(
    ("arguments", "outdated"),
    [
        ([], False),
        (["--outdated-builds"], True),
        (["--outdated-builds", "--corrupt"], True),
        (["--outdated-builds=strict"], "strict"),
        (["--outdated-builds=strict", "--outdated-builds"], True),
    ],
)
def test_strictness_stands_behind_an_equals_sign(arguments: list[str], outdated: bool | str) -> None:  # noqa: FBT001 - a row's value
    assert parsed("prune", *arguments).outdated_builds == outdated


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90d", 90 * 86_400.0),
        ("0", 0.0),
        ("2025-03-31", datetime(2025, 3, 31)),  # noqa: DTZ001 - local time
        ("2025-03-31T12:00:00Z", datetime(2025, 3, 31, 12, tzinfo=timezone.utc)),
        ("2025-03-31T12:00:00+00:00", datetime(2025, 3, 31, 12, tzinfo=timezone.utc)),
    ],
)
def test_a_moment_is_a_date_or_an_age(text: str, moment: object) -> None:
    assert parsed("prune", "--built-before", text).built_before == moment


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["prune", "--outdated-builds", "strict"], "write --outdated-builds=strict"),
        (["prune", "--outdated-builds=all"], "'all' is invalid; use --outdated-builds or"),
        (["prune", "--built-before", "May"], "invalid date or age 'May': use a day or a time as 2025-03-31"),
        (["prune", "--built-before", "2025-02-30"], "invalid date or age '2025-02-30'"),
        (["prune", "--stale", "numpy"], "prune takes no argument 'numpy'"),
        (["prune", "--stale", "30d"], "the value of --stale stands behind an equals sign; write --stale=30d"),
        (["prune", "--stale=soon"], "invalid age 'soon': use seconds, or a number with s, m, h, d or w"),
        (["prune", "--min-age", "-1"], "--min-age"),
        (["frobnicate"], f"there is no command 'frobnicate'; the commands are {', '.join(COMMANDS)}"),
        (["list", "--format", "xml"], "--format: there is no 'xml'; use ci, human, json, jsonl, paths or abspath"),
        (
            ["info", "--format", "xml"],
            "--format: there is no 'xml'; use ci, human, json, jsonl, paths, prometheus or abspath",
        ),
        (
            ["list", "--format", "prometeus"],
            "--format: there is no 'prometeus'; use ci, human, json, jsonl, paths or abspath",
        ),
        (["--cache", "/c", "list"], "there is no option --cache; did you mean --cache-dir?"),
        (["dir", "extra"], "dir takes no argument 'extra'"),
        (["show"], "WHAT"),
        (["remove"], "WHAT"),
        (["list", "--corrupt"], "list has no option --corrupt; it is one of prune"),
    ],
)
def test_arguments_that_mean_nothing_are_refused_with_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed(*arguments)
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert sentence in err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--version"], ["list", "--version"]):
        with pytest.raises(SystemExit) as caught:
            parsed(*arguments)
        assert (caught.value.code, capsys.readouterr().out) == (0, "pipcacheplus 1.2\n")


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_names_every_command_and_every_common_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(*filter(None, [name, "--help"]))
    told = capsys.readouterr().out
    assert all(option in told for option in ("--cache-dir", "--format", "--dry-run", "--no-input", "--index-url"))
    assert name or all(f"  {command}" in told for command in COMMANDS)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("12h", 43_200),
        ("30d", 2_592_000),
        ("2w", 1_209_600),
        ("0.5h", 1800),
    ],
)
def test_ages(text: str, seconds: float) -> None:
    assert seconds == age_s(text)


@pytest.mark.parametrize("text", ["", "d", "-1", "1y", "1 d", "1e9", "nan", "inf", "٣d", "9" * 10, "1h30m"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid age"):
        age_s(text)


@pytest.mark.parametrize("year", ["1900", "2025", " 2100 "])
def test_a_bare_number_that_could_be_a_year_is_no_date_or_age(year: str) -> None:
    said = f"^{year.strip()} could be a year or seconds: write {year.strip()}-01-01 or {year.strip()}s$"
    with pytest.raises(ValueError, match=said):
        date_or_age(year)


@pytest.mark.parametrize(("text", "seconds"), [("1899", 1899), ("2101", 2101), ("2025s", 2025), ("20250", 20250)])
def test_other_bare_numbers_are_seconds(text: str, seconds: float) -> None:
    assert date_or_age(text) == seconds


def test_a_bare_name_of_an_interpreter_is_looked_up_in_order(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "python9").touch(0o755)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "python9").touch(0o644)
    environ = {"PATH": os.pathsep.join(["", *(str(tmp_path / name) for name in ("none", "one", "two"))])}
    assert pythons_of(parsed("verify", "--python", "python9"), environ) == [str(tmp_path / "one" / "python9")]


def test_a_path_the_running_one_and_the_unknown_stay_as_they_are() -> None:
    words = ["/x/python", "./python", "current", "all", "nothing"]
    options = parsed("prune", *(part for word in words for part in ("--python", word)))
    assert pythons_of(options, {}) == words


@pytest.mark.parametrize("command", ["info", "list", "prune", "pythons", "verify"])
def test_no_interpreter_is_named_unless_asked_for(command: str) -> None:
    assert pythons_of(parsed(command), {}) is None


def test_each_version_and_implementation_makes_a_target_with_all_platforms_and_abis() -> None:
    platforms = ("--platform", "win_amd64", "--platform", "win32", "--abi", "abi3", "--abi", "none")
    versions = (
        "--python-version",
        "3.9",
        "--python-version",
        "312",
        "--implementation",
        "cp",
        "--implementation",
        "pp",
    )
    made = {"platforms": ("win_amd64", "win32"), "abis": ("abi3", "none")}
    assert pythons_of(parsed("list", "--python", "current", *platforms, *versions), {}) == [
        "current",
        *(
            Target(python_version=version, implementation=name, **made)
            for version in ("3.9", "312")
            for name in ("cp", "pp")
        ),
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BadRequestError("a", "b", "c"), 2),
        (errors.NotACacheError("/c", "why"), 2),
        (errors.InterpreterError("/p", "why"), 2),
        (errors.CacheNotFoundError("/c", "default"), 10),
        (errors.CacheDisabledError("PIP_NO_CACHE_DIR"), 10),
        (errors.CacheBusyError("/c", 1.0), 5),
        (errors.PipCachePlusError(), 1),
    ],
)
def test_each_error_has_its_exit_code(error: errors.PipCachePlusError, code: int) -> None:
    assert code == exits.code_for(error)


@pytest.mark.parametrize(
    ("codes", "code"), [((0,), 0), ((0, 3), 3), ((3, 4, 0), 4), ((5, 4), 5), ((1, 5), 1), ((130, 1), 130), ((23, 4), 4)]
)
def test_the_worst_exit_code_wins(codes: tuple[int, ...], code: int) -> None:
    assert code == exits.worst(*codes)


@pytest.mark.parametrize("command", ["verify", "prune"])
def test_the_catalog_is_done_without_by_its_name_and_by_its_former_one(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [parsed(command, *more).remembers for more in ((), ("--no-catalog",), ("--no-ledger",))] == [
        True,
        False,
        False,
    ]
    with pytest.raises(SystemExit):
        parsed(command, "--help")
    told = capsys.readouterr().out
    assert "--no-catalog" in told
    assert "--no-ledger" not in told


@pytest.mark.parametrize(
    ("arguments", "format_"),
    [
        (("--json", "list"), "json"),
        (("list", "--json"), "json"),
        (("--format", "json", "list", "--json"), "json"),
        (("--format", "paths", "list", "--format", "json", "--json"), "json"),
        (("list",), "human"),
    ],
)
def test_json_is_short_for_the_format(arguments: tuple[str, ...], format_: str) -> None:
    assert parsed(*arguments).format == format_


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "list", "--format", "human"),
        ("--format=paths", "list", "--json"),
        ("list", "--json", "--format", "ci"),
    ],
)
def test_json_and_another_format_contradict_each_other(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed(*arguments)
    assert caught.value.code == 2
    assert "contradict each other; give one of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "color"),
    [
        (("list",), "auto"),
        (("--no-color", "list"), "never"),
        (("list", "--no-color"), "never"),
        (("--color", "always", "list"), "always"),
        (("--no-color", "list", "--color=always"), "always"),
        (("--color=always", "list", "--no-color"), "never"),
        (("--no-color", "list", "--color", "auto"), "auto"),
    ],
)
def test_the_last_word_about_colours_counts(arguments: tuple[str, ...], color: str) -> None:
    assert parsed(*arguments).color == color


@pytest.mark.parametrize(
    ("environ", "color", "is_colorful"),
    [
        ({}, "auto", False),  # a pipe
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({"FORCE_COLOR": "", "NO_COLOR": ""}, "auto", False),
        ({"NO_COLOR": "1"}, "always", True),
        ({"FORCE_COLOR": "1"}, "never", False),
        ({}, "always", True),
    ],
)
def test_the_option_wins_over_no_color_that_over_force_color_and_that_over_the_terminal(
    environ: dict[str, str],
    color: str,
    is_colorful: bool,  # noqa: FBT001 - a row's value
) -> None:
    assert open_console(environ, color=color).color is is_colorful


def test_no_progress_is_an_option_in_both_places() -> None:
    assert [parsed(*words).no_progress for words in (("--no-progress", "list"), ("list", "--no-progress"))] == [
        True
    ] * 2
