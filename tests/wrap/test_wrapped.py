"""Words of the command line that are pip's, and those that are ours."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.cli.base.wrapped import split_wrapped
from pipcacheplus.model.use import PipUse, RecordedUse, UsedFile
from pipcacheplus.own.records import add_use, recorded_uses
from tests.support import processes
from tests.support.builders import Cache
from tests.support.processes import PIPCACHEPLUS

DAY_S = 86_400


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("pip install six", ("install", "six")),
        ("--python x pip install", ("install",)),
        ("--python=x --no-heal --no-record --check true pip -q install", ("-q", "install")),
        ("pip", ()),
        ("pip --help", ("--help",)),
        ("list pip", None),
        ("remove pip", None),
        ("--help pip", None),
        ("--python pip", None),
        ("list --python x pip", None),
    ],
)
def test_what_stands_behind_pip_is_pips_own(arguments: str, words: tuple[str, ...] | None) -> None:
    found = split_wrapped(arguments.split())
    assert (None if found is None else found.words) == words


def test_an_option_that_is_not_the_wrappers_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--frob", "pip", "install", "six"]) == 2
    assert capsys.readouterr().err == "ERROR: --frob is not an option of the wrapper; put options of pip after `pip`\n"


@pytest.fixture
def fake(tmp_path: Path) -> str:
    """Return a program in the place of an interpreter, which prints its arguments."""
    path = tmp_path / "python"
    path.write_text('#!/bin/sh\necho "$*"\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="no shell scripts there")
@pytest.mark.parametrize("verb", ["dir", "info", "list", "remove six", "purge", "--help", "nonsense"])
def test_pips_own_verbs_of_its_cache_go_to_pip(fake: str, verb: str) -> None:
    done = processes.run([*PIPCACHEPLUS, "--python", fake, "pip", "cache", *verb.split()])
    assert done.stdout == f"-m pip cache {verb}\n"


@pytest.mark.parametrize(
    ("words", "command"),
    [(("verify",), "verify"), (("list", "--all"), "list"), (("why", "demo"), "why"), (("prune", "-n"), "prune")],
)
def test_the_verbs_that_pip_has_not_are_ours(
    cache: Cache, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], command: str
) -> None:
    cache.built_wheel("demo", "1.0")
    assert main(["pip", "--cache-dir", str(cache.path), "cache", *words, "--format", "json"]) in {0, 3}
    assert json.loads(capsys.readouterr().out)["command"] == command


def used(name: str, *, is_cached: bool, size: int = 1000) -> UsedFile:
    return UsedFile(f"{name}-1.0-py3-none-any.whl", name, "1.0", size, is_cached)


@pytest.fixture
def recorded(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache of which two installs are recorded, a day apart."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    files = (used("one", is_cached=False), used("two", is_cached=False, size=500))
    add_use(str(cache.path), RecordedUse(DAY_S, "install", 0, 3.5, use=PipUse(files)))
    files = (used("one", is_cached=True), used("three", is_cached=False))
    add_use(str(cache.path), RecordedUse(2 * DAY_S, "download", 0, 1.5, ("http-v2/x",), PipUse(files)))
    return cache


Run = Callable[..., dict[str, object]]


@pytest.fixture
def run(recorded: Cache, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> dict[str, object]:
        assert main([*arguments, "--cache-dir", str(recorded.path), "--format", "json"]) == 0
        summary: dict[str, object] = json.loads(capsys.readouterr().out)["summary"]
        return summary

    return run


def test_what_was_recorded_is_read_again(recorded: Cache) -> None:
    first, second = recorded_uses(str(recorded.path))
    assert [one.name for one in first.use.misses] == ["one-1.0-py3-none-any.whl", "two-1.0-py3-none-any.whl"]
    assert second.healed == ("http-v2/x",)
    assert [one.project for one in second.use.hits] == ["one"]


@pytest.mark.parametrize("by", ["day", "project", "command"])
def test_rows_add_up_to_the_sum(run: Run, by: str) -> None:
    found = run("stats", "--by", by)
    assert (found["files"], found["hits"], found["hit_bytes"], found["downloaded"]) == (4, 1, 1000, 3)
    rows = found["rows"]
    assert isinstance(rows, list)
    for key in ("files", "hits", "hit_bytes", "downloaded", "downloaded_bytes"):
        assert sum(row[key] for row in rows) == found[key]
    assert len({row[by] for row in rows}) == len(rows) == {"day": 2, "project": 3, "command": 2}[by]


def test_after_a_reset_nothing_is_known(run: Run, recorded: Cache) -> None:
    assert run("stats", "--reset", "-n")["runs"] == 2
    assert run("stats", "--reset")["runs"] == 2
    assert run("stats")["runs"] == 0


@pytest.mark.parametrize("line", [b"", b"{", b"[1]\n", b'{"at_s": "x"}\n', b'{"at_s": 1e400, "use": []}\n', b"\xff\n"])
def test_a_line_that_makes_no_sense_is_passed_over(run: Run, tmp_path: Path, line: bytes) -> None:
    (path,) = (tmp_path / "state").rglob("*.jsonl")
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert run("stats")["runs"] == 2


def test_records_never_take_more_than_their_limit(
    recorded: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipcacheplus.host.records.MAX_BYTES", 4000)
    for number in range(50):
        add_use(str(recorded.path), RecordedUse(number, "install", 0, 1.0, use=PipUse((used("x", is_cached=True),))))
    (path,) = (tmp_path / "state").rglob("*.jsonl")
    assert path.stat().st_size <= 4000
    assert recorded_uses(str(recorded.path))[-1].at_s == 49


@pytest.mark.skipif(os.name == "nt", reason="owners are others there")
def test_records_that_somebody_else_could_have_written_are_not_read(recorded: Cache, tmp_path: Path) -> None:
    (path,) = (tmp_path / "state").rglob("*.jsonl")
    path.chmod(0o666)
    assert main(["stats", "--cache-dir", str(recorded.path)]) == 2


def test_state_shows_and_clears_them(run: Run) -> None:
    found = run("state", "records")
    state = found["state"]
    assert isinstance(state, list)
    assert [one["kind"] for one in state] == ["records"]
    run("state", "--clear", "--yes", "records")
    assert run("stats")["runs"] == 0


def test_a_verdict_tells_what_of_a_restored_cache_was_used(
    cache: Cache, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    old, kept = cache.built_wheel("old", "1.0"), cache.built_wheel("kept", "1.0")
    arguments = ("--cache-dir", str(cache.path), "--format", "json")
    assert main(["verdict", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["marked"] is None
    assert main(["mark", *arguments]) == 0
    capsys.readouterr()
    wheel = UsedFile(kept.rpartition("/")[2], "kept", "1.0", 10, is_cached=True)
    later = (tmp_path / "state").stat().st_mtime + 60
    add_use(str(cache.path), RecordedUse(later, "install", 0, 1.0, use=PipUse((wheel,))))
    assert main(["verdict", *arguments]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["restored"]["entries"], summary["used"]["entries"], summary["unused"]["entries"]) == (2, 1, 1)
    assert summary["restored"]["bytes"] == summary["used"]["bytes"] + summary["unused"]["bytes"]
    assert summary["added"]["entries"] == 0
    assert cache.real(old).exists()


@pytest.mark.skipif(os.name == "nt", reason="no such shells there")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_one_line_makes_pip_in_a_shell_the_wrapped_one(shell: str, fake: str, tmp_path: Path) -> None:
    probe = processes.run(["sh", "-c", f"command -v {shell}"])
    if probe.returncode:
        pytest.skip(f"no {shell} here")
    (tmp_path / "pip").write_text("#!/bin/sh\necho plain\n", encoding="utf-8")
    (tmp_path / "pip").chmod(0o755)
    own = f"{sys.executable} -m pipcacheplus"
    start = f"{own} shell-init fish | source" if shell == "fish" else f'eval "$({own} shell-init {shell})"'
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = processes.run([shell, "-c", f"{start}; pip cache info 'a b'"], env=environment)
    assert done.stdout == "-m pip cache info a b\n", done.stderr
