"""Somebody swaps parts of the cache for links to elsewhere, as fast as it goes: nothing that lies there goes."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.deletion.invariants import State, put, seen
from tests.deletion.objects.ground import key
from tests.deletion.talk import REASONS, talk_problems
from tests.deletion.walled import NOBODY, PURGE_SHARED, Walled
from tests.support.builders import Cache, page_headers
from tests.support.drill import IS_DRILL
from tests.support.owners import is_root
from tests.support.processes import line_of, run, started

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="takes Linux and a C compiler"
)

ROUNDS = 20
MAX_ROUNDS = 4000 if IS_DRILL else 400
SWAPS = 1_000_000 if IS_DRILL else 100_000
EXCLUSIVE = ("--exclusive", "--min-age", "0")
IS_ROOT = os.name != "nt" and os.geteuid() == 0


class Arena:
    """A cache, a tree of the same shape outside it, and what swaps parts of the one for links into the other."""

    def __init__(self, folder: Path, swapper: Path) -> None:
        self.cache, self.outside, self.links = (folder / name for name in ("cache", "outside", "links"))
        self.swapper = swapper
        fill(Cache(self.cache))
        self.template: State = seen(self.cache)
        self.sets = sets_of(self.template)
        self.swaps = 0

    def refill(self, paths: Sequence[str], *, owner: int | None = None, outside_owner: int | None = None) -> None:
        """Make it anew, with links for these paths; nobody swaps now."""
        for folder in (self.cache, self.outside):
            put(self.template, folder)
        shutil.rmtree(self.links, ignore_errors=True)
        self.links.mkdir()
        for number, path in enumerate(paths):
            (self.links / str(number)).symlink_to(self.outside / path)
        for top, uid in ((self.cache, owner), (self.links, owner), (self.outside, outside_owner)):
            if uid is not None:
                given_to(uid, top)

    @contextmanager
    def swapping(self, paths: Sequence[str], uid: int | None = None) -> Iterator[None]:
        """Swap these paths meanwhile, and count how often."""
        who = "-1" if uid is None else str(uid)
        with started([self.swapper, who, self.cache, self.links, *paths], stdin=subprocess.PIPE) as process:
            assert line_of(process) == "ready"
            try:
                yield
            finally:
                told, _ = process.communicate()
                self.swaps += int(told)

    def lost(self, before: State) -> list[str]:
        """Return what is not as it was outside."""
        after = seen(self.outside)
        kept = {path for path in before.keys() & after.keys() if after[path].is_as(before[path])}
        # Looking at a directory moves when it was last read; of a file, that counts.
        read = {path for path in kept if after[path].is_read_since(before[path])}
        return sorted((before.keys() | after.keys()) - (kept - read))


def sets_of(state: State) -> list[list[str]]:
    """Return what is swapped in turn: files, the directories that they lie in, those above, the areas, and all of it.

    If all were swapped at once only, hardly any would be seen as what it is.
    """
    files = [path for path, one in state.items() if not one.is_folder and "/" in path]
    leaves = {path.rpartition("/")[0] for path in files}
    above = {"/".join(path.split("/")[:2]) for path in files} - set(files)
    areas = {path.partition("/")[0] for path in files}
    return [sorted(paths) for paths in (files, leaves, above, areas, {*files, *leaves, *above, *areas})]


def fill(cache: Cache) -> None:
    """Write entries in all directories of the first level, whole ones and leftovers, and built wheels."""
    for number in range(24):
        url = f"https://files.example/{number}"
        headers = page_headers(b"body", age_s=0)
        cache.http_v2(url, b"body" if number % 3 else b"bod", headers=headers, has_body=bool(number % 4))
        if not number % 6:
            cache.temporary(cache.http(url, b"body", cc=2))
    for number in range(6):
        cache.built_wheel(f"demo{number}", content=b"no zip" if number % 2 else None)
    cache.write(f"selfcheck/{key('x')}", b"no JSON")
    cache.foreign()


def given_to(uid: int, top: Path) -> None:
    os.chown(top, uid, uid)
    for folder, folders, others in os.walk(top):
        for name in folders + others:
            os.chown(os.path.join(folder, name), uid, uid, follow_symlinks=False)


@pytest.fixture(scope="module")
def swapper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("swapper") / "swapper"
    source = Path(__file__).with_name("swapper.c")
    command = ["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(source)]
    run(command, is_checked=True)
    return program


@pytest.fixture
def arena(swapper: Path) -> Iterator[Arena]:
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="pipcacheplus-") as folder:
        Path(folder).chmod(0o755)
        yield Arena(Path(folder).resolve(), swapper)


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walled]:
    with Walled(tmp_path_factory.mktemp("state"), memory_bytes=400 << 20, time_s=30) as process:
        yield process


VERIFY = ("verify", "--no-input")
PRUNE = ("prune", *REASONS, *EXCLUSIVE)
PURGE = ("purge", "--yes", *EXCLUSIVE)
SHARED = (PURGE_SHARED,)
AS_OWNER = "--as-owner"


@pytest.mark.parametrize(
    ("commands", "runs_as", "owns", "owns_outside", "refuses"),
    [
        pytest.param((VERIFY, PRUNE, PURGE, SHARED), NOBODY, NOBODY, NOBODY, False, id="a user over their own"),
        pytest.param(
            (VERIFY, (*PRUNE, AS_OWNER), (*PURGE, AS_OWNER)),
            None,
            NOBODY,
            NOBODY,
            False,
            id="root as the owner of a user's",
            marks=is_root,
        ),
        pytest.param((PRUNE, PURGE), None, NOBODY, None, True, id="root over a user's", marks=is_root),
    ],
)
def test_nothing_outside_goes_while_directories_are_swapped_for_links(
    arena: Arena,
    walled: Walled,
    commands: tuple[tuple[str, ...], ...],
    runs_as: int | None,
    owns: int,
    owns_outside: int | None,
    refuses: bool,  # noqa: FBT001 - a column
) -> None:
    owner, outside_owner = (owns, owns_outside) if IS_ROOT else (None, None)
    removed = rounds = 0
    while (rounds < ROUNDS or arena.swaps < SWAPS) and rounds < MAX_ROUNDS:
        rounds += 1
        paths = arena.sets[rounds % len(arena.sets)]
        for command in commands:
            arena.refill(paths, owner=owner, outside_owner=outside_owner)
            before = seen(arena.outside)
            where = () if command == SHARED else ("--cache-dir",)
            with arena.swapping(paths, owner):
                ran = walled.run(*command[:1], *where, str(arena.cache), *command[1:], uid=runs_as if IS_ROOT else None)
            assert arena.lost(before) == []
            assert ran.status in ({2} if refuses else {0, 3, 4}), ran.err
            assert "Traceback" not in ran.err
            assert list(talk_problems(ran.out + ran.err)) == []
            left = len(seen(arena.cache)) + len(seen(arena.links))
            removed += len(arena.template) + len(paths) - left
    assert arena.swaps >= SWAPS
    assert (removed > 0) is not refuses


def remove_by_path(top: str) -> None:
    """Remove what lies below a directory as one does who thinks of links, but not of those that come meanwhile."""
    with suppress(OSError):
        for name in list(os.scandir(top)):
            if name.is_dir(follow_symlinks=False):
                remove_by_path(name.path)
            elif not name.is_symlink():
                with suppress(OSError):
                    os.unlink(name.path)


def test_a_removal_by_paths_would_lose_files_outside(arena: Arena) -> None:
    lost = rounds = 0
    while not lost and arena.swaps < 10 * SWAPS:  # it races with its own swaps
        rounds += 1
        paths = arena.sets[rounds % len(arena.sets)]
        arena.refill(paths)
        before = seen(arena.outside)
        with arena.swapping(paths):
            remove_by_path(str(arena.cache))
        lost += len([path for path in arena.lost(before) if not before[path].is_folder])
    assert lost > 0
