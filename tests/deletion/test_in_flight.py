"""Real pips install while what they use is removed: none of them fails, and all of them would if we did it plainly.

Each test has its control, in which the same pips fail. `PIPCACHEPLUS_IN_FLIGHT` says how many pips of each generation
run; if it does not, 20, or 500 in a drill.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.model.values import Plan, Report, State
from tests.deletion.in_flight import Pips, Pruner, SlowIndex, slow_sdist
from tests.support import artefacts
from tests.support.drill import IS_DRILL
from tests.support.pips import NEWEST, Pip, set_back

DAY_S = 86_400
TIMES = int(os.environ.get("PIPCACHEPLUS_IN_FLIGHT", "500" if IS_DRILL else "20"))
PIPS = (("21.3.1", "3.8"), ("23.2.1", "3.11"), ("24.0", "3.12"), (NEWEST, "3.13"))
FEW = TIMES // 5
"""Of what happens for certain each time."""
GENERATIONS = pytest.mark.parametrize(("version", "interpreter"), PIPS, ids=[version for version, _ in PIPS])
PAGES = tuple(f"slow-{number}" for number in range(12))
ALONE = "alone"
"""A project that is in the cache, and that no pip asks for any more."""

PipOf = Callable[[str, str], Pip]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[SlowIndex]:
    """Run an index that lets wait who asks if a page has changed."""
    with SlowIndex([artefacts.wheel(tmp_path / "made", name) for name in (*PAGES, ALONE)]) as index:
        yield index


def purge(cache: PipCache) -> Plan:
    return cache.plan_purge()


def stale(cache: PipCache) -> Plan:
    return cache.plan(stale=0.0, remembers=False)


def built(cache: PipCache) -> Plan:
    return cache.plan_removal("kind:built-wheel")


def empty(cache: PipCache) -> Plan:
    return cache.plan(min_age_s=0, remembers=False)


def pips(
    pip: Pip, slow: SlowIndex, folder: Path, *projects: str, each: int = 3, holds: str = "/simple/", **more: object
) -> Pips:
    (folder / "installed").mkdir()
    found = Pips(
        pip=pip,
        index=slow,
        cache_dir=folder / "cache",
        folder=folder / "installed",
        projects=projects,
        each=each,
        **more,  # type: ignore[arg-type] # as given
    )
    assert found.take(-1, projects) == ""  # fills the cache
    slow.holds = holds
    return found


@GENERATIONS
def test_no_pip_at_work_fails_while_all_that_it_uses_is_purged(
    pip_of: PipOf, slow: SlowIndex, tmp_path: Path, version: str, interpreter: str
) -> None:
    working = pips(pip_of(version, interpreter), slow, tmp_path, *PAGES)
    assert working.take(-2, [ALONE]) == ""
    pruner = Pruner(index=slow, cache_dir=working.cache_dir, plans=(purge, purge, stale))
    failed = working.run(TIMES, pruner.go_on)
    assert failed == []
    assert slow.crossed >= TIMES // 5
    assert pruner.count(State.CHANGED) > 0  # what pips took over during the wait
    assert pruner.count(State.REMOVED) > 0  # at least the one that nobody asks for
    assert pruner.count(State.FAILED) == 0


@GENERATIONS
def test_a_pip_at_work_would_fail_if_what_it_uses_just_went(
    pip_of: PipOf, slow: SlowIndex, tmp_path: Path, version: str, interpreter: str
) -> None:
    working = pips(pip_of(version, interpreter), slow, tmp_path, *PAGES)
    pruner = Pruner(index=slow, cache_dir=working.cache_dir, plans=(purge,), exclusive=True)
    failed = working.run(TIMES, pruner.go_on, first_will_do=True)
    assert failed  # of a page or a file that is empty


def test_no_pip_that_waits_for_its_server_fails_with_the_wait_of_a_real_run(pip_of: PipOf, tmp_path: Path) -> None:
    """Nothing is shortened: the server takes 13 s, pips give up after 15 s, the removal waits for 20 s."""
    wheel = artefacts.wheel(tmp_path / "made", "slow-one")
    with SlowIndex([wheel], hold_s=13) as slow, ThreadPoolExecutor(2 * len(PIPS)) as pool:
        working = []
        for version, interpreter in PIPS:
            (tmp_path / version).mkdir()
            working.append(pips(pip_of(version, interpreter), slow, tmp_path / version, "slow-one"))
        answers = [pool.submit(one.one, 0) for one in working]
        assert slow.wait_for_asker(len(PIPS), 60)
        reports = [pool.submit(purged, one.cache_dir) for one in working]
        assert [answer.result() for answer in answers] == [""] * len(PIPS)
        states = [{outcome.state for outcome in report.result().outcomes} for report in reports]
    assert slow.crossed == 0  # they waited to the end
    assert states == [{State.CHANGED}] * len(PIPS)


def purged(cache_dir: Path) -> Report:
    cache = PipCache(cache_dir)
    return cache.apply(cache.plan_purge(), exclusive=False)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[SlowIndex]:
    """Run an index with a source distribution and a wheel, which holds until it is told."""
    with SlowIndex([artefacts.wheel(tmp_path / "made", "slow-one")], hold_s=10) as index:
        index.add(slow_sdist(tmp_path / "made", "source", index))
        yield index


def installing(pip: Pip, index: SlowIndex, folder: Path) -> Pips:
    """Return pips that have chosen the wheel that they built when they ask for a page."""
    projects = ("source", "slow-one")
    return pips(pip, index, folder, *projects, each=2, holds="/simple/slow-one/", commands=("install",), prepare=age)


def building(pip: Pip, index: SlowIndex, folder: Path, prepare: Callable[[Path], None]) -> Pips:
    """Return pips that ask while they build."""
    return pips(pip, index, folder, "source", holds="/building", commands=("install",), prepare=prepare)


def age(cache_dir: Path) -> None:
    set_back(cache_dir / "wheels", 3 * DAY_S)


def wheels(working: Pips) -> list[str]:
    return [path.name for path in (working.cache_dir / "wheels").rglob("*.whl")]


@GENERATIONS
def test_no_install_from_a_built_wheel_fails_while_built_wheels_are_removed(
    pip_of: PipOf, source: SlowIndex, tmp_path: Path, version: str, interpreter: str
) -> None:
    """Before each install the wheel lay still for three days; when the install asks for a page, it has chosen it."""
    working = installing(pip_of(version, interpreter), source, tmp_path)
    pruner = Pruner(index=source, cache_dir=working.cache_dir, plans=(built,))
    failed = working.run(FEW, pruner.go_on)
    assert failed == []
    assert source.crossed == FEW
    assert pruner.count(State.BUSY) == len(pruner.reports) == FEW
    assert wheels(working) == ["source-1.0-py3-none-any.whl"]


@GENERATIONS
def test_an_install_from_a_built_wheel_would_fail_if_the_wheel_just_went(
    pip_of: PipOf, source: SlowIndex, tmp_path: Path, version: str, interpreter: str
) -> None:
    working = installing(pip_of(version, interpreter), source, tmp_path)
    pruner = Pruner(index=source, cache_dir=working.cache_dir, plans=(built,), exclusive=True)
    failed = working.run(FEW, pruner.go_on, first_will_do=True)
    assert failed
    assert ".whl" in failed[0]


def without_folders(cache_dir: Path) -> None:
    shutil.rmtree(cache_dir / "wheels")


def with_old_folders(cache_dir: Path) -> None:
    """Leave the directory of a wheel that went long ago, as `pip cache purge` does."""
    for path in (cache_dir / "wheels").rglob("*.*"):
        path.unlink()
    age(cache_dir)


FOLDERS = pytest.mark.parametrize("prepare", [without_folders, with_old_folders])


@GENERATIONS
@FOLDERS
def test_no_build_fails_while_empty_directories_are_removed(
    pip_of: PipOf,
    source: SlowIndex,
    tmp_path: Path,
    version: str,
    interpreter: str,
    prepare: Callable[[Path], None],
) -> None:
    working = building(pip_of(version, interpreter), source, tmp_path, prepare)
    pruner = Pruner(index=source, cache_dir=working.cache_dir, plans=(empty, purge), wait_s=0)
    failed = working.run(FEW, pruner.go_on)
    assert failed == []
    assert source.crossed == FEW
    assert wheels(working) == ["source-1.0-py3-none-any.whl"]


@GENERATIONS
def test_a_build_would_fail_if_empty_directories_just_went(
    pip_of: PipOf, source: SlowIndex, tmp_path: Path, version: str, interpreter: str
) -> None:
    working = building(pip_of(version, interpreter), source, tmp_path, without_folders)
    pruner = Pruner(index=source, cache_dir=working.cache_dir, plans=(empty,), exclusive=True)
    failed = working.run(FEW, pruner.go_on, first_will_do=True)
    assert failed
