"""As root: a user who swaps the own cache for another one while it is found and pruned achieves nothing."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import NoReturn

import pytest

from pipcacheplus.fleet.crew import run_unit
from pipcacheplus.fleet.find import named_caches, unique_caches
from pipcacheplus.fleet.units import unit_for
from tests.fleet.caches import demo_wheel, fill
from tests.support.builders import Cache, tree
from tests.support.drill import IS_DRILL
from tests.support.owners import SOMEBODY, home_of_somebody, is_root

pytestmark = [is_root, pytest.mark.timeout(1800 if IS_DRILL else 300)]
ROUNDS = 4000 if IS_DRILL else 60
_BERT = SOMEBODY + 1
_PRUNE = ("prune", "--corrupt", "--partial", "--exclusive", "--min-age", "0")


@pytest.fixture
def home() -> Iterator[Path]:
    """Make a home in which the user may rename everything, and that every user gets to."""
    with home_of_somebody() as home:
        (home / ".cache").mkdir()
        give(SOMEBODY, home, home / ".cache")
        yield home
    for uid in (SOMEBODY, _BERT):
        shutil.rmtree(f"/var/lib/pipcacheplus/{uid}", ignore_errors=True)


def give(uid: int, *paths: Path) -> None:
    """Give files to a user."""
    for path in paths:
        os.chown(path, uid, uid, follow_symlinks=False)


def filled(path: Path, uid: int, wheel: Path) -> Cache:
    """Make a cache of a user, with something that a prune removes."""
    made = Cache(path)
    fill(made, wheel, own=f"of-{uid}")
    give(uid, path, *path.rglob("*"))
    return made


@contextmanager
def swapping(place: Path, others: list[Path]) -> Iterator[None]:
    """Let the user put one directory or link after the other in a place, as fast as possible."""
    pid = os.fork()
    if not pid:
        _swap(place, others)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _swap(place: Path, others: list[Path]) -> NoReturn:
    with suppress(BaseException):
        os.setgroups([])
        os.setgid(SOMEBODY)
        os.setuid(SOMEBODY)
        for other in cycle(others):
            os.rename(other, place)
            for _ in range(50):  # or nothing would ever be there
                os.stat(other.parent)
            os.rename(place, other)
    os._exit(1)


def test_a_prune_of_root_leaves_the_caches_that_a_user_swaps_in(home: Path) -> None:
    wheel = demo_wheel(home.parent)
    roots = filled(home.parent / "roots" / "pip", 0, wheel)
    berts = filled(home.parent / "bert" / "pip", _BERT, wheel)
    filled(home / ".cache" / "own", SOMEBODY, wheel)
    given = filled(home / ".cache" / "given", 0, wheel)
    for name, target in (("to-root", roots), ("to-bert", berts), ("to-given", given)):
        (home / ".cache" / name).symlink_to(target.path)
        give(SOMEBODY, home / ".cache" / name)
    place = home / ".cache" / "pip"
    before = [tree(one.path) for one in (roots, berts)]
    given_before = tree(given.path)
    others = [
        home / ".cache" / name for name in ("own", "to-root", "own", "to-bert", "own", "given", "own", "to-given")
    ]
    refused, ran = set[str | None](), 0
    with swapping(place, others):
        for number in range(20 * ROUNDS):
            if number >= ROUNDS and ran:  # a busy machine swaps it before nearly all of them
                break
            for found in unique_caches(named_caches([str(place)])):
                if found.problem is None:
                    assert found.uid == SOMEBODY
                    result = run_unit(unit_for(found, _PRUNE, limit_s=60))
                    ran += result.error is None
                    refused.add(result.error)
                else:
                    refused.add(found.problem)
            assert [tree(one.path) for one in (roots, berts)] == before
    # The one that the user was moving when that ended.
    assert tree(given.path if given.path.exists() else place) == given_before
    assert ran, refused
    assert any("could replace it" in (text or "") for text in refused), refused


def test_a_cache_that_another_one_replaced_after_it_was_found_is_not_opened(home: Path) -> None:
    wheel = demo_wheel(home.parent)
    first = filled(home / ".cache" / "pip", SOMEBODY, wheel)
    second = filled(home / ".cache" / "second", SOMEBODY, wheel)
    [found] = named_caches([str(first.path)])
    unit = unit_for(found, _PRUNE, limit_s=60)
    first.path.rename(home / ".cache" / "first")
    second.path.rename(first.path)
    before = tree(first.path)
    result = run_unit(unit)
    assert (result.document, result.error) == (None, "another directory was put there after it was found")
    assert tree(first.path) == before
    first.path.rename(second.path)
    (home / ".cache" / "first").rename(first.path)
    assert run_unit(unit).error is None
