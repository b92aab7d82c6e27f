"""Whatever goes wrong at whatever call that changes a cache: nothing is harmed, and the report is true.

By default one of so many faults is made, and each kind at each kind of call; all of them in a drill.
"""

import errno
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deletion.caches import make_cache, make_small_cache
from tests.deletion.driver import Driver, Processes
from tests.deletion.harness import Bench, Runner, Trial
from tests.deletion.invariants import NAMES, State, put, seen
from tests.deletion.removers import WRONGS
from tests.deletion.shim import (
    ERRNOS,
    Call,
    Fault,
    Kind,
    compiled,
    errors_of,
    kills_of,
    lasting_of,
    signals_of,
    why_no_shim,
)
from tests.support.drill import IS_DRILL, part_of
from tests.support.filled import Filled

if why_no_shim() is not None:
    pytest.skip(str(why_no_shim()), allow_module_level=True)

REASONS = ("--corrupt", "--partial", "--stale", "--unsafe", "--orphaned", "--incompatible")
COMMANDS = {
    "prune": ("prune",),
    "prune-by-reason": ("prune", *REASONS),
    "remove": ("remove", "demo", "--yes"),
    "purge": ("purge", "--yes"),
}
TAKES_LEFTOVERS = frozenset({"prune", "purge"})
GROUPS: dict[str, Callable[[Sequence[Call]], Iterable[Fault]]] = {
    "kills": kills_of,
    "errors": errors_of,
    "lasting": lasting_of,
    "signals": signals_of,
}

EVERY = 11
"""One of how many faults is made if this is no drill: not a multiple of how many errors are tried at a call."""

SELDOM = 61
"""The same of signals, the catalog and the trash: their drill is the larger part of all."""

Start = Callable[..., Bench]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """Return a folder in memory, if there is such a thing: there thousands of copies take half the time."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="pipcacheplus-") as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="session")
def template(memory: Path) -> State:
    (memory / "template").mkdir()
    make_cache(memory / "template")
    return seen(memory / "template")


@pytest.fixture
def bench(shim: Path, memory: Path) -> Iterator[Start]:
    """Return a function that starts a bench; the directories below which calls count, then arguments as of `Driver`."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(dir=memory) as folder:
        work, state = Path(folder, "work"), Path(folder, "state")

        def start(template: State, *roots: str, **more: object) -> Bench:
            below = [Path(folder, root) for root in roots or ("work/cache",)]
            driver = stack.enter_context(Driver(shim, below, state, **more))  # type: ignore[arg-type] # as given
            return Bench(runner=driver, template=template, work=work, state=state if "state" in roots else None)

        yield start


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_goes_wrong_harms_a_cache_of_our_own(
    bench: Start, template: State, record_property: Callable[[str, object], None], command: str, group: str
) -> None:
    there = bench(template)
    trial = there.prepare(*COMMANDS[command], "--exclusive", takes_leftovers=command in TAKES_LEFTOVERS)
    part = few_of if group == "signals" else some_of
    complaints = there.try_all(trial, part(trial.calls, GROUPS[group](trial.calls)))
    record_property("faults", there.faults_run)
    assert complaints == []
    assert there.faults_run >= len(trial.calls) / (1 if IS_DRILL else SELDOM if group == "signals" else EVERY)


def some_of(calls: Sequence[Call], faults: Iterable[Fault]) -> list[Fault]:
    """Return what is made of these faults at the calls of a removal."""
    return part_of(faults, EVERY, lambda fault: (fault.kind, fault.error, calls[fault.nth - 1].name))


def few_of(calls: Sequence[Call], faults: Iterable[Fault]) -> list[Fault]:
    """Return what is made of signals, and of faults elsewhere than in the cache."""
    return part_of(faults, SELDOM, lambda fault: (fault.kind, calls[fault.nth - 1].name))


def leaves_a_trace(trial: Trial, fault: Fault) -> bool:
    """Tell whether a response that cannot be disarmed is opened anew, without O_NOATIME, because that was refused."""
    call = trial.calls[fault.nth - 1]
    is_refused = fault.kind is Kind.FAIL and fault.error in {errno.EACCES, errno.EPERM}
    return is_refused and call.name == "open" and "/http/" in call.path


def test_a_look_of_our_own_is_no_use(bench: Start, template: State) -> None:
    there = bench(template)
    trial = there.prepare(*COMMANDS["purge"], "--shared", can_disarm=True, takes_leftovers=True)
    faults = [fault for fault in errors_of(trial.calls) if leaves_a_trace(trial, fault)]
    assert there.try_all(trial, faults) == []


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("command", ["prune-by-reason", "remove", "purge"])
def test_nothing_that_goes_wrong_harms_a_cache_that_pips_may_use(
    bench: Start, template: State, record_property: Callable[[str, object], None], command: str, group: str
) -> None:
    there = bench(template)
    trial = there.prepare(*COMMANDS[command], "--shared", can_disarm=True, takes_leftovers=command in TAKES_LEFTOVERS)
    faults = GROUPS[group](trial.calls)
    # What follows from one error follows from the next, but for a full disk: two of them are enough here.
    faults = faults if group in {"kills", "signals"} else itertools.islice(faults, 0, None, 3)
    part = few_of if group == "signals" else some_of
    complaints = there.try_all(trial, part(trial.calls, faults))
    record_property("faults", there.faults_run)
    assert complaints == []
    assert {"write", "unlink", "rmdir"} <= {call.name for call in trial.calls}


@pytest.mark.parametrize("group", ["kills", "errors", "lasting"])
def test_nothing_that_goes_wrong_with_the_file_of_the_catalog_harms_a_cache(
    bench: Start, template: State, record_property: Callable[[str, object], None], group: str
) -> None:
    there = bench(template, "state")
    trial = there.prepare(*COMMANDS["prune-by-reason"], "--exclusive")
    assert any("catalogs/" in call.path and call.name == "write" for call in trial.calls)
    # After each of these all is read again by later runs, so that every third error has to be enough.
    faults = itertools.islice(GROUPS[group](trial.calls), 0, None, 3 if group == "errors" else 1)
    complaints = there.try_all(trial, few_of(trial.calls, faults))
    record_property("faults", there.faults_run)
    assert complaints == []


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_that_goes_wrong_on_the_way_to_the_trash_and_back_loses_anything(
    bench: Start, template: State, record_property: Callable[[str, object], None], group: str
) -> None:
    there = bench(template, "work")
    away, back = ("purge", "--yes", "--exclusive", "--trash"), ("undo",)
    put(template, there.work)
    calls = {command: there.run(*command).calls for command in (away, back)}
    assert {"rename", "write"} <= {call.name for call in calls[away]}
    assert {"link", "unlink"} <= {call.name for call in calls[back]}
    complaints = []
    for command, made in calls.items():
        # All errors are tried on a smaller cache, by `drill-trash`.
        faults = itertools.islice(GROUPS[group](made), 0, None, 3 if group == "errors" else 1)
        for fault in few_of(made, faults):
            complaints += [f"{command[0]}, {fault}: {one}" for one in there.and_back(away, command, fault)]
    record_property("faults", there.faults_run)
    assert complaints == []


@pytest.mark.parametrize("mode", ["--exclusive", "--shared"])
def test_the_shim_sees_all_that_changes(bench: Start, template: State, mode: str) -> None:
    there = bench(template)
    trial = there.prepare(*COMMANDS["purge"], mode)
    told = {
        os.path.relpath(call.path, there.work / "cache") for call in trial.calls if call.name in {"unlink", "rmdir"}
    }
    files = {path for path, one in template.items() if not one.is_folder and path.startswith("cache/")}
    gone = {path.removeprefix("cache/") for path in files} - trial.ends.first.keys()
    assert gone == trial.planned.files
    assert gone <= told


@pytest.mark.parametrize(
    ("fault", "status", "written"),
    [
        (Fault(), 6, b"abcdef"),
        (Fault(Kind.KILL_BEFORE, 1), -9, None),
        (Fault(Kind.KILL_AFTER, 1), -9, b""),
        (Fault(Kind.FAIL, 1, errno.EIO), 70, None),
        (Fault(Kind.KILL_BEFORE, 2), -9, b""),
        (Fault(Kind.SHORT, 2), 3, b"abc"),
        (Fault(Kind.SHORT_KILL, 2), -9, b"abc"),
        (Fault(Kind.KILL_AFTER, 2), -9, b"abcdef"),
        (Fault(Kind.FAIL, 2, errno.ENOSPC), 70, b""),
        (Fault(Kind.FAIL_FROM, 2, errno.ENOSPC), 70, b""),
        (Fault(Kind.FAIL, 3, errno.ENOSPC), 6, b"abcdef"),
        (Fault(Kind.SIGNAL, 1, signal.SIGKILL), -9, None),
        (Fault(Kind.SIGNAL, 2, signal.SIGPIPE), 6, b"abcdef"),
        (Fault(Kind.SIGNAL, 2, signal.SIGHUP), -1, b""),
    ],
    ids=str,
)
def test_a_fault_strikes_where_it_should(
    shim: Path, tmp_path: Path, fault: Fault, status: int, written: bytes | None
) -> None:
    file = tmp_path / "file"
    with Driver(shim, [tmp_path], tmp_path, main="tests.deletion.removers:write_six") as driver:
        ran = driver.run(str(file), fault=fault)
    assert ran.status == status, ran.err
    assert (file.read_bytes() if file.exists() else None) == written


def test_what_lies_elsewhere_takes_no_fault(shim: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    with Driver(shim, [tmp_path / "cache"], tmp_path, main="tests.deletion.removers:write_six") as driver:
        ran = driver.run(str(tmp_path / "cache-not"), fault=Fault(Kind.KILL_BEFORE, 1))
    assert (ran.status, ran.calls) == (6, ())


@pytest.mark.parametrize("wrong", ["", *WRONGS])
def test_the_harness_notices(bench: Start, tmp_path: Path, wrong: str) -> None:
    (tmp_path / "template").mkdir()
    make_small_cache(tmp_path / "template")
    there = bench(seen(tmp_path / "template"), main="tests.deletion.removers:main", env={"REMOVER": wrong})
    try:
        trial = there.prepare("remove", "demo", "--yes", can_disarm=True)
    except AssertionError as error:
        complaints = [str(error)]  # it does not even take a fault
    else:
        faults = (*kills_of(trial.calls), *itertools.islice(errors_of(trial.calls), 0, None, len(ERRNOS)))
        complaints = there.try_all(trial, faults)
    names = {name for name in NAMES if any(f": {name}: " in complaint for complaint in complaints)}
    assert (WRONGS[wrong] in names) if wrong else names == set(), complaints


@pytest.mark.parametrize("mode", ["--exclusive", "--shared"])
def test_a_process_of_its_own_fares_the_same(
    shim: Path, memory: Path, template: State, record_property: Callable[[str, object], None], mode: str
) -> None:
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        runner: Runner = Processes(shim, [Path(folder, "work", "cache")], Path(folder, "state"))
        there = Bench(runner=runner, template=template, work=Path(folder, "work"))
        trial = there.prepare("remove", "demo", "--yes", mode, can_disarm=mode == "--shared")
        faults = [*kills_of(trial.calls), *errors_of(trial.calls)]
        complaints = there.try_all(trial, faults[5::61])
    record_property("faults", there.faults_run)
    assert complaints == []
    assert there.faults_run >= 5


@pytest.mark.parametrize(
    "command",
    [
        ("remove", "demo-lib", "--yes", "--shared"),
        ("prune", "--stale=0", "--shared"),
        ("purge", "--yes", "--exclusive"),
    ],
)
def test_a_pip_installs_from_what_a_fault_leaves(
    filled_cache: Callable[[str], Filled],
    bench: Start,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    command: tuple[str, ...],
) -> None:
    filled = filled_cache("newest")
    (tmp_path / "template").mkdir()
    shutil.move(filled.path, tmp_path / "template" / "cache")
    there = bench(seen(tmp_path / "template"))
    trial = there.prepare(*command, can_disarm="--shared" in command)
    changing = [call for call in trial.calls if call.name in {"write", "unlink"}]
    faults = list(kills_of(changing))
    number = 0
    for number, fault in enumerate(faults[1 :: max(1, len(faults) // 4)], 1):
        put(there.template, there.work)
        assert there.run(*command, fault=fault).is_killed
        target = tmp_path / str(number)
        filled.pips[0].run(
            "install",
            *("--target", str(target)),
            "demo-app",
            cache_dir=there.work / "cache",
            index=filled.index.index_url,
        )
        assert {"demo_lib.py", "demo_source.py"} <= {path.name for path in target.iterdir()}
    record_property("faults", number)
