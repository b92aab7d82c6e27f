"""`--trash` and `undo` on the command line and in the library, real pips and real kills among them."""

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.units import size_bytes
from pipcacheplus.model.values import State
from tests.apply.trashes import bodies_alone, everything, runs, seen
from tests.deletion.driver import Driver
from tests.deletion.shim import NO_FAULT, Call, Fault, compiled, errors_of, kills_of, lasting_of, why_no_shim
from tests.support.builders import Cache, page_headers
from tests.support.drill import part_of
from tests.support.filled import Filled
from tests.support.processes import PIPCACHEPLUS, started

URL = "https://files.example/demo"
EVERY = 11
"""One of how many faults is made if this is no drill; each kind at each kind of call is."""
Run = Callable[..., "Ran"]


class Ran:
    """What a command printed, and its exit code."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def document(self) -> Any:  # noqa: ANN401 - a JSON document
        """Return the JSON."""
        return json.loads(self.out)

    @property
    def last(self) -> str:
        """Return the last line."""
        return self.out.splitlines()[-1]


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def run(cache: Cache, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command on the cache."""

    def run(*arguments: str) -> Ran:
        status = main([*arguments, "--cache-dir", str(cache.path)])
        return Ran(status, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    "verb", [("prune", "--partial"), ("remove", "demo"), ("purge", "--yes")], ids=lambda verb: verb[0]
)
def test_what_a_verb_moved_away_is_brought_back(cache: Cache, run: Run, verb: tuple[str, ...]) -> None:
    everything(cache)
    before = seen(cache.path)
    away = run(*verb, "--exclusive", "--trash")
    assert away.status == 0
    assert "freed when it is emptied" in away.last
    assert re.search(r"^Moved to the trash.*: \d+ entr", away.out, re.MULTILINE)
    assert seen(cache.path) != before
    back = run("undo")
    assert back.status == 0
    assert back.last.startswith(
        away.last.replace("Moved to the trash", "Entries restored").partition(", directories")[0]
    )
    assert seen(cache.path) == before


def test_the_json_names_the_run_and_counts_nothing_as_freed(cache: Cache, run: Run) -> None:
    wheel = cache.built_wheel("demo")
    away = run("remove", "demo", "--trash", "--exclusive", "--format", "json").document
    (name,) = [path.name for path in runs(cache)]
    assert (away["summary"]["run"], away["summary"]["emptied_bytes"]) == (name, 0)
    assert (away["summary"]["entries"], away["summary"]["files"], away["summary"]["disk_bytes"]) == (1, 2, 0)
    assert [action["outcome"] for action in away["actions"]] == ["trashed"]
    back = run("undo", "--format", "json").document
    assert back["command"] == "undo"
    assert [(action["id"], action["outcome"]) for action in back["actions"]] == [(wheel, "restored")]
    assert {key: back["summary"][key] for key in ("entries", "files", "bytes", "run")} == {
        key: away["summary"][key] for key in ("entries", "files", "bytes", "run")
    }
    assert back["summary"].keys() == away["summary"].keys()
    assert cache.real(wheel).exists()


def test_without_the_option_nothing_is_kept(cache: Cache, run: Run) -> None:
    cache.built_wheel("demo")
    done = run("remove", "demo", "--exclusive", "--format", "json").document
    assert (done["summary"]["run"], runs(cache)) == (None, [])
    assert [action["outcome"] for action in done["actions"]] == ["removed"]
    for words in (("undo",), ("undo", "-n")):
        nothing = run(*words)
        assert nothing.status == 0
        assert nothing.err == "The trash is empty: only removals with --trash can be undone.\n"


def test_paths_are_those_of_files_that_moved(cache: Cache, run: Run) -> None:
    wheel = cache.built_wheel("demo")
    away = run("remove", "demo", "--trash", "--exclusive", "--format", "paths")
    assert str(cache.real(wheel)) in away.out.splitlines()
    assert sorted(run("undo", "--format", "paths").out.splitlines()) == sorted(away.out.splitlines())


def test_a_dry_run_of_either_changes_nothing(cache: Cache, run: Run) -> None:
    everything(cache)
    before = seen(cache.path.parent)
    assert run("purge", "--yes", "--trash", "-n").last.startswith("Entries to remove: ")
    assert seen(cache.path.parent) == before
    run("purge", "--yes", "--trash", "--exclusive")
    before = seen(cache.path.parent)
    dry = run("undo", "-n")
    assert dry.last.startswith("Entries to restore: ")
    assert "would restore: " in dry.out
    assert seen(cache.path.parent) == before


def test_the_list_names_runs_and_changes_nothing(cache: Cache, run: Run) -> None:
    assert run("undo", "--list").out == "The trash is empty.\n"
    for name in ("demo", "other"):
        cache.built_wheel(name)
        run("remove", name, "--trash", "--exclusive")
    before = seen(cache.path.parent)
    names = [path.name for path in runs(cache)]
    told = run("undo", "--list")
    assert [line.split()[0] for line in told.out.splitlines()[:-1]] == names
    assert told.out.splitlines()[-1] == f"The trash lies in {runs(cache)[0].parent}"
    document = run("undo", "--list", "--format", "json").document
    assert [one["run"] for one in document["summary"]["runs"]] == names
    assert set(document["summary"]["runs"][0]) == {
        "run",
        "started",
        "kept_until",
        "files",
        "bytes",
        "disk_bytes",
        "path",
    }
    assert document["summary"]["trash"] == str(runs(cache)[0].parent)
    assert [one["path"] for one in document["summary"]["runs"]] == [str(path) for path in runs(cache)]
    assert [
        one["run"] for one in run("undo", names[0], "--list", "--format", "json").document["summary"]["runs"]
    ] == names[:1]
    assert seen(cache.path.parent) == before
    assert run("undo", names[0], "-v").status == 0
    assert [path.name for path in runs(cache)] == names[1:]


def test_what_is_newer_is_told_and_stays(cache: Cache, run: Run) -> None:
    head = cache.http_v2(URL, b"x")
    cache.http_v2(URL + "/other", b"y")
    run("purge", "--yes", "--trash", "--exclusive")
    cache.write(head, b"newer")
    back = run("undo", "-q")
    assert back.status == 0
    assert back.out.splitlines()[0].startswith("left in the trash: ")
    assert back.out.splitlines()[0].endswith("its place is taken by another file")
    assert back.out.splitlines()[1] == "Entries left in the trash: 1"
    assert back.last.startswith("Entries restored: 1, files: 2 (")
    assert cache.real(head).read_bytes() == b"newer"


def test_a_manifest_that_was_made_up_is_told_with_4(cache: Cache, run: Run, tmp_path: Path) -> None:
    cache.http_v2(URL, b"x")
    run("purge", "--yes", "--trash", "--exclusive")
    (trash,) = runs(cache)
    text = (trash / "manifest").read_text(encoding="utf-8")
    (trash / "manifest").write_text(text.replace("http-v2/", "../http-v2/"), encoding="utf-8")
    before = seen(tmp_path)
    back = run("undo")
    assert (back.status, "has a name that no pip writes" in back.out) == (4, True)
    assert seen(tmp_path) == before


def test_where_there_can_be_no_trash_it_is_one_sentence_and_2(cache: Cache, run: Run) -> None:
    cache.http_v2(URL, b"x")
    run("purge", "--yes", "--trash", "--exclusive")
    trash = runs(cache)[0].parent
    run("undo")
    trash.write_bytes(b"mine")
    cache.foreign()
    before = seen(cache.path.parent)
    done = run("purge", "--yes", "--trash", "--exclusive")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"ERROR: trash: {trash} cannot be opened as a directory")
    assert done.err.count("\n") == 1
    assert seen(cache.path.parent) == before


def test_an_unknown_run_is_one_sentence_and_2(cache: Cache, run: Run) -> None:
    done = run("undo", "20200101T000000Z")
    assert (done.status, done.out) == (2, "")
    assert "undo --list" in done.err
    assert runs(cache) == []


def test_the_size_of_the_trash_is_kept(cache: Cache, run: Run) -> None:
    cache.built_wheel("demo")
    run("purge", "--yes", "--trash", "--exclusive")
    assert run("prune", "--trash-size", "1GB").out == "Entries removed: 0, files: 0 (0 bytes)\n"
    assert len(runs(cache)) == 1
    assert run("prune", "--trash-size", "0").out.startswith("Freed by emptying the trash: ")
    assert runs(cache) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("500", 500), ("500B", 500), ("2kB", 2000), ("1.5GiB", 3 << 29), ("1 TB", 10**12), ("3mib", 3 << 20)],
)
def test_a_size_is_read_in_any_unit(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "1PB", "1e9", "GB", "1.GB", "٣"])
def test_what_is_no_size_is_refused_with_2(run: Run, capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        run("prune", f"--trash-size={text}")
    assert stopped.value.code == 2
    assert "invalid size" in capsys.readouterr().err


def test_the_library_does_the_same(cache: Cache) -> None:
    everything(cache)
    before = seen(cache.path)
    opened = PipCache(cache.path)
    report = opened.apply(opened.plan_purge(), trash=True, exclusive=True)
    assert {outcome.state for outcome in report.removed} == {State.TRASHED}
    assert report.freed_bytes == 0
    assert [one.run for one in opened.trashed()] == [report.run]
    assert {outcome.state for outcome in opened.undo(report, dry_run=True).outcomes} == {State.PLANNED}
    assert {outcome.state for outcome in opened.undo(report).outcomes} == {State.RESTORED}
    assert seen(cache.path) == before
    assert opened.trashed() == ()


def test_a_report_of_a_run_that_moved_nothing_cannot_be_undone(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    opened = PipCache(cache.path)
    report = opened.apply(opened.plan_purge(), exclusive=True)
    with pytest.raises(BadRequestError, match="moved nothing to the trash"):
        opened.undo(report)
    assert runs(cache) == []


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
def test_what_a_signal_left_harmless_is_put_right(cache: Cache, run: Run) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    before = cache.real(head).read_bytes()
    words = ("purge", "--yes", "--shared", "--trash", "--cache-dir", str(cache.path))
    with started([*PIPCACHEPLUS, *words], stdout=subprocess.DEVNULL) as running:
        while b"~~" not in cache.real(head).read_bytes():
            assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        assert running.wait(15) == 143
    assert run("undo").status == 0
    assert cache.real(head).read_bytes() == before
    assert runs(cache) == []


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_a_pip_installs_from_what_came_back(
    filled_cache: Callable[[str], Filled],
    tmp_path: Path,
    is_exclusive: bool,  # noqa: FBT001 - a row's value
) -> None:
    filled = filled_cache("newest")
    before = seen(filled.path)
    cache = PipCache(filled.path)
    report = cache.apply(cache.plan_purge(), trash=True, exclusive=is_exclusive, wait_s=0.1)
    assert {outcome.state for outcome in report.outcomes} <= {State.TRASHED, State.BUSY}
    assert seen(filled.path) != before
    cache.undo()
    assert seen(filled.path) == before
    filled.index.clear_requests()
    target = tmp_path / "target"
    filled.pips[0].run(
        "install", "--target", str(target), "demo-app", cache_dir=filled.path, index=filled.index.index_url
    )
    assert {"demo_lib.py", "demo_source.py"} <= {path.name for path in target.iterdir()}
    assert not [request for request in filled.index.requests if request.path.endswith((".whl", ".tar.gz"))]


@pytest.fixture
def memory() -> Iterator[Path]:
    """Return a folder in memory, if there is such a thing."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="pipcacheplus-") as folder:
        yield Path(folder).resolve()


def some_of(faults: Iterable[Fault], calls: Sequence[Call]) -> list[Fault]:
    """Return what is made of these faults."""
    return part_of(faults, EVERY, lambda fault: (fault.kind, fault.error, calls[fault.nth - 1].name))


def with_kills(calls: Sequence[Call]) -> Iterator[Fault]:
    yield from kills_of(calls)


def with_errors(calls: Sequence[Call]) -> Iterator[Fault]:
    yield from (*errors_of(calls), *lasting_of(calls))


@pytest.mark.skipif(why_no_shim() is not None, reason=str(why_no_shim()))
@pytest.mark.parametrize("mode", ["--exclusive", "--shared"])
@pytest.mark.parametrize("faults", [with_kills, with_errors])
def test_whatever_goes_wrong_at_any_call_all_comes_back(
    memory: Path,
    tmp_path: Path,
    mode: str,
    faults: Callable[[Sequence[Call]], Iterator[Fault]],
    record_property: Callable[[str, object], None],
) -> None:
    """What a removal left comes back, and what an undo left is ended by the next."""
    work = memory / "work"
    number = 0
    complaints: list[str] = []

    def filled() -> Cache:
        nonlocal number
        number += 1
        cache = Cache(work / str(number) / "cache")
        cache.http_v2(URL, b"x" * 3000, headers=page_headers(b"x"))
        cache.http(URL, b"y", headers=page_headers(b"y"))
        cache.built_wheel("demo")
        return cache

    with Driver(compiled(tmp_path), [work], memory / "state") as driver:

        def ran(cache: Cache, *arguments: str, fault: Fault = NO_FAULT) -> Any:  # noqa: ANN401 - what the driver gives
            return driver.run(*arguments, "--cache-dir", str(cache.path), fault=fault)

        first, remove = filled(), ("purge", "--yes", mode, "--trash")
        away, back = ran(first, *remove), ran(first, "undo")
        assert len(away.calls) > 10
        assert {"link", "unlink"} <= {call.name for call in back.calls}
        for command, calls in ((remove, away.calls), (("undo",), back.calls)):
            for fault in some_of(faults(calls), calls):
                cache = filled()
                before = seen(cache.path)
                if command == ("undo",):
                    ran(cache, *remove)
                broken = ran(cache, *command, fault=fault)
                complaints += [f"{command[0]}, {fault}: {body} is without its head" for body in bodies_alone(cache)]
                done = ran(cache, "undo")
                is_whole = (seen(cache.path), runs(cache)) == (before, [])
                if not broken.is_killed and broken.status not in {0, 1, 2, 4, 5}:
                    complaints.append(f"{command[0]}, {fault}: ended with {broken.status}: {broken.err}")
                if done.status or not is_whole:
                    complaints.append(f"{command[0]}, {fault}: {broken.out} then {done.status}: {done.out}{done.err}")
    record_property("faults", number)
    assert complaints == []
