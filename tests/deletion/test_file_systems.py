"""Removing where a file system behaves otherwise than those of Linux's own disks; the shim makes it so."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipcacheplus.render.times import rfc3339
from tests.deletion.caches import make_cache
from tests.deletion.driver import Driver
from tests.deletion.harness import Bench
from tests.deletion.invariants import State, put, seen
from tests.deletion.shim import Call, Fault, Trait, compiled, errors_of, kills_of, why_no_shim
from tests.support.drill import part_of

pytestmark = pytest.mark.skipif(why_no_shim() is not None, reason=str(why_no_shim()))

GONE_ENOENT, GONE_ESTALE = Trait.GONE_ENOENT, Trait.GONE_ESTALE
COMMANDS = pytest.mark.parametrize(
    ("command", "can_disarm"),
    [
        (("purge", "--yes", "--exclusive"), False),
        (("purge", "--yes", "--shared"), True),
        (("prune", "--corrupt", "--stale", "--exclusive"), False),
    ],
    ids=["exclusive", "shared", "prune"],
)
EVERY = 41
"""One of how many faults is made if this is no drill."""

Start = Callable[..., Bench]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """Return a folder in memory, if there is such a thing."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="pipcacheplus-") as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="module")
def template(memory: Path) -> State:
    (memory / "template").mkdir()
    cache = make_cache(memory / "template")
    for path in cache.path.glob("http/*/*/*/*/*/elsewhere-*"):
        path.unlink()  # the second name of a lock: where files have no numbers of their own, it goes with the next run
    return seen(memory / "template")


@pytest.fixture
def bench(shim: Path, memory: Path, template: State) -> Iterator[Start]:
    """Return a function that starts a bench on a file system with these traits."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(dir=memory) as folder:
        work, state = Path(folder, "work"), Path(folder, "state")

        def start(traits: Trait) -> Bench:
            driver = stack.enter_context(Driver(shim, [work / "cache"], state, traits=traits))
            return Bench(runner=driver, template=template, work=work)

        yield start


def measure_of(there: Bench, *command: str) -> tuple[str, set[str]]:
    """Run a command on a fresh copy; return how its bytes are to be read, in all and of entries that gave back any."""
    put(there.template, there.work)
    document = there.run(*command).document
    assert document is not None
    of_each = {action["freed_measure"] for action in document["actions"] if action["freed"]}
    return document["summary"]["disk_bytes_measure"], of_each


@COMMANDS
@pytest.mark.parametrize("traits", [Trait(0), GONE_ENOENT, GONE_ESTALE, Trait.RENUMBERS], ids=str)
def test_all_goes_that_should_and_the_report_is_of_what_happened(
    bench: Start, traits: Trait, command: tuple[str, ...], *, can_disarm: bool
) -> None:
    there = bench(traits)
    there.prepare(*command, can_disarm=can_disarm, takes_leftovers=True)  # which looks at all that, and would raise
    measure = "at-least" if traits & (GONE_ENOENT | GONE_ESTALE) else "exact"
    assert measure_of(there, *command) == (measure, {measure})


@pytest.mark.parametrize("group", [kills_of, errors_of], ids=["kills", "errors"])
@pytest.mark.parametrize("traits", [GONE_ENOENT, Trait.RENUMBERS | GONE_ESTALE], ids=str)
def test_nothing_that_goes_wrong_there_harms_a_cache(
    bench: Start,
    record_property: Callable[[str, object], None],
    traits: Trait,
    group: Callable[[Sequence[Call]], Iterable[Fault]],
) -> None:
    there = bench(traits)
    trial = there.prepare("purge", "--yes", "--shared", can_disarm=True, takes_leftovers=True)
    # What follows from one error follows from the next, but for a full disk: two of them are enough here.
    found = itertools.islice(group(trial.calls), 0, None, 1 if group is kills_of else 3)
    faults = part_of(found, EVERY, lambda fault: (fault.kind, trial.calls[fault.nth - 1].name))
    complaints = there.try_all(trial, faults)
    record_property("faults", there.faults_run)
    assert complaints == []
    assert there.faults_run >= len(trial.calls) / EVERY


def is_read_since(before: State, after: State) -> set[str]:
    """Return the files whose access times have moved."""
    return {path for path, was in before.items() if path in after and after[path].is_read_since(was)}


def apart_from_selfchecks(paths: set[str]) -> set[str]:
    """Return files without those that name environments, which `info` reads to find interpreters."""
    return {path for path in paths if not path.startswith("selfcheck")}


@pytest.mark.parametrize("command", [("info",), ("purge", "--yes", "--dry-run", "--exclusive")], ids=["info", "purge"])
def test_where_o_noatime_is_ignored_one_file_shows_it(bench: Start, command: tuple[str, ...]) -> None:
    there = bench(Trait.NOATIME_IGNORED)
    put(there.template, there.work)
    before = there.look()
    document = there.run(*command).document
    assert document is not None
    assert document["cache"]["last_use"] == "mtime"
    assert [warning for warning in document["warnings"] if "access times" in warning] == [
        "reading changes access times here in spite of O_NOATIME: last use is judged by times of writing"
    ]
    read = is_read_since(before, there.look())
    assert len(apart_from_selfchecks(read)) <= 1 <= len(read)


def test_where_o_noatime_is_ignored_entries_were_used_when_they_were_written(bench: Start) -> None:
    there = bench(Trait.NOATIME_IGNORED)
    put(there.template, there.work)
    before = there.look()
    assert there.run("verify").document is not None
    assert is_read_since(before, there.look())
    document = there.run("list").document
    assert document is not None
    assert document["entries"]
    last = {
        entry["id"]: max(there.template[f"cache/{path}"].mtime_ns for path in entry["paths"])
        for entry in document["entries"]
    }
    assert {entry["id"]: entry["used"] for entry in document["entries"]} == {
        entry: rfc3339(mtime_ns // 10**9) for entry, mtime_ns in last.items()
    }


@pytest.mark.parametrize("traits", [Trait(0), Trait.NOATIME_REFUSED], ids=str)
def test_where_o_noatime_is_obeyed_or_refused_access_times_tell_the_last_use(bench: Start, traits: Trait) -> None:
    there = bench(traits)
    put(there.template, there.work)
    before = there.look()
    document = there.run("info").document
    assert document is not None
    assert document["cache"]["last_use"] == "atime"
    assert apart_from_selfchecks(is_read_since(before, there.look())) == set()
    assert [warning for warning in document["warnings"] if "access times" in warning] == (
        ["reading changes access times here, so that files seem to have been used just now"] if traits else []
    )


@pytest.mark.parametrize("mode", ["--exclusive", "--shared"])
def test_without_o_noatime_all_goes_that_should(bench: Start, mode: str) -> None:
    there = bench(Trait.NOATIME_REFUSED)
    put(there.template, there.work)
    ran = there.run("remove", "demo", mode)
    assert ran.document is not None
    assert {action["outcome"] for action in ran.document["actions"]} == {"removed"}
    assert ran.document["summary"]["failed"] == 0
