"""No cache is no error: one that does not exist yet, or is switched off, unless it was named and probably mistyped."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest

import pipcacheplus
from pipcacheplus.__main__ import main
from pipcacheplus.errors import BadRequestError, CacheNotFoundError, PipCachePlusError
from pipcacheplus.model.values import Source
from tests.support.builders import Cache

COMMANDS = {
    "info": ("info",),
    "list": ("list",),
    "show": ("show", "numpy"),
    "verify": ("verify",),
    "prune": ("prune", "--corrupt", "--stale"),
    "remove": ("remove", "numpy"),
    "purge": ("purge",),
    "purge as owner": ("purge", "--as-owner"),
    "dry run": ("prune", "-n", "--exit-code"),
}
each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
no_windows = pytest.mark.skipif(os.name == "nt", reason="the default is elsewhere there")


class Fresh(NamedTuple):
    """A machine on which no pip ran yet."""

    home: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr of a run."""
        code = main(arguments)
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fresh:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Fresh(tmp_path, capsys)


@no_windows
@each_command
def test_the_default_directory_need_not_exist(fresh: Fresh, command: tuple[str, ...]) -> None:
    code, out, err = fresh.run(*command)
    assert code == 0
    assert out or command == ("list",), "values of nothing are nothing"
    assert err.startswith(f"WARNING: there is no cache directory at {fresh.home}/.cache/pip yet (from the default on ")
    assert err.endswith(f": nothing to {'count' if command[0] == 'info' else command[0]}\n")
    assert err.count("\n") == 1
    assert list(fresh.home.iterdir()) == []


@each_command
def test_a_configured_directory_need_not_exist(
    fresh: Fresh, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", str(fresh.home / "later"))
    code, _, err = fresh.run(*command)
    assert (code, err.count("\n")) == (0, 1)
    assert f"{fresh.home / 'later'} yet (from PIP_CACHE_DIR)" in err


@each_command
def test_a_cache_that_is_switched_off_is_no_error(
    fresh: Fresh, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    code, _, err = fresh.run(*command)
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith("WARNING: pip's cache is switched off by PIP_NO_CACHE_DIR: nothing to ")


@each_command
@pytest.mark.parametrize("named", ["none", ""])
def test_a_directory_that_was_named_was_probably_mistyped(fresh: Fresh, command: tuple[str, ...], named: str) -> None:
    code, out, err = fresh.run(*command, "--cache-dir", str(fresh.home / named) if named else "")
    assert (code, out) == (10, "")
    assert err.startswith("ERROR: ")


@each_command
def test_what_is_there_and_no_directory_is_an_error(
    fresh: Fresh, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (fresh.home / "file").write_bytes(b"mine")
    monkeypatch.setenv("PIP_CACHE_DIR", str(fresh.home / "file"))
    code, out, err = fresh.run(*command)
    assert (code, out) == (10, "")
    assert err.startswith("ERROR: no cache directory at ")


@each_command
@pytest.mark.parametrize("setting", ["PIP_NO_CACHE_DIR", "PIP_CACHE_DIR"])
def test_the_document_is_that_of_an_empty_cache(
    fresh: Fresh, command: tuple[str, ...], setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(fresh.home / "later")
    monkeypatch.setenv(setting, path if setting == "PIP_CACHE_DIR" else "1")
    asked = (*command, "--format", "json", *(("--yes",) if command[0] == "purge" else ()))
    code, out, err = fresh.run(*asked)
    told = json.loads(out)
    assert (code, err, len(told["warnings"])) == (0, "", 1)
    there = path if setting == "PIP_CACHE_DIR" else None
    assert (told["cache"]["dir"], told["cache"]["source"]) == (there, "environment")
    monkeypatch.delenv(setting)
    Path(path).mkdir()
    monkeypatch.setenv("PIP_CACHE_DIR", path)
    empty = json.loads(fresh.run(*asked)[1])
    assert told["summary"].keys() == empty["summary"].keys()
    assert told["summary"]["entries"] == empty["summary"]["entries"] == 0


@pytest.mark.parametrize("command", ["list", "verify", "show", "remove"])
def test_what_is_to_be_found_is_not(fresh: Fresh, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    assert fresh.run(command, "numpy", "--error-on-no-match")[0] == 23
    assert fresh.run(command, "kind:egg")[0] == 2


def test_a_keep_is_read_even_so(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    assert fresh.run("prune", "--keep", "kind:egg")[0] == 2


@no_windows
def test_dir_prints_the_path_that_pip_would_make(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fresh.run("dir") == (0, f"{fresh.home}/.cache/pip\n", "")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    assert fresh.run("dir")[:2] == (10, "")


def test_nothing_can_come_back_to_a_cache_that_is_not_there(fresh: Fresh) -> None:
    assert fresh.run("undo")[:2] == (10, "")


def test_what_we_keep_is_shown_also_if_the_cache_is_off(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    assert fresh.run("state") == (0, "Stored outside of caches: 0 files (0 bytes)\n", "")


def test_a_selection_that_fits_nothing_is_not_an_empty_cache(fresh: Fresh, cache: Cache) -> None:
    cache.built_wheel("demo", "1.0")
    own = ("--cache-dir", str(cache.path))
    assert fresh.run("list", "nobody", *own) == (0, "", 'WARNING: No matching entries for "nobody"\n')
    assert fresh.run("verify", "nobody", *own)[:2] == (0, "Nothing matches, so nothing was checked.\n")
    assert fresh.run("list", *own)[1].startswith("demo\t1.0\t")
    empty = Cache(fresh.home / "empty")
    empty.directory("http-v2")
    assert fresh.run("list", "--cache-dir", str(empty.path)) == (0, "", "Nothing cached.\n")


@no_windows
def test_the_one_call_functions_find_nothing_on_a_fresh_machine(fresh: Fresh) -> None:
    reports = [
        pipcacheplus.prune_incompatible_wheels(),
        pipcacheplus.prune_stale(),
        pipcacheplus.prune_corrupt(keep=["demo"]),
        pipcacheplus.prune_partial(dry_run=True),
    ]
    assert [report.outcomes for report in reports] == [()] * 4
    assert {report.plan.cache.path for report in reports} == {str(fresh.home / ".cache" / "pip")}
    found = pipcacheplus.verify()
    assert (found.entries, found.findings, found.cache.source) == (0, (), Source.DEFAULT)
    assert not (fresh.home / ".cache").exists()


def test_nor_in_a_cache_that_is_switched_off(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    report = pipcacheplus.prune_partial()
    assert (report.plan.cache.path, report.plan.cache.source, report.outcomes) == ("", Source.ENVIRONMENT, ())
    settings = fresh.home / "pip.conf"
    settings.write_text("[global]\nno-cache-dir = yes\n")
    monkeypatch.delenv("PIP_NO_CACHE_DIR")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert pipcacheplus.verify().cache.source is Source.CONFIG


def test_they_fail_at_one_that_was_named_or_with_words_that_mean_nothing(fresh: Fresh) -> None:
    with pytest.raises(CacheNotFoundError):
        pipcacheplus.prune_stale(cache_dir=str(fresh.home / "mistyped"))
    with pytest.raises(BadRequestError):
        pipcacheplus.prune_stale(keep=["-"])
    with pytest.raises(BadRequestError):
        pipcacheplus.prune_partial(min_age_s=-1)
    with pytest.raises(BadRequestError):
        pipcacheplus.verify("kind:egg")
    (fresh.home / ".cache").write_text("in its place")
    with pytest.raises(PipCachePlusError):
        pipcacheplus.verify()
