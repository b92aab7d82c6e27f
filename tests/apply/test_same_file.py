"""What an undo takes for the file that was moved, and for that which was judged."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.trash.private_directory import PrivateDirectory
from pipcacheplus.apply.trash.restore_file import TrashedFile
from pipcacheplus.model.values import State
from tests.apply.doing import a_system, left, only, states
from tests.apply.trashes import runs, trashed, undone
from tests.support.builders import Cache
from tests.support.mounts import MountedAs

URL = "https://files.example/demo"
TAKEN = "its place is taken by another file"


def same(path: Path) -> os.stat_result:
    return path.stat()


def written_to(path: Path) -> os.stat_result:
    path.write_bytes(b"other, and longer")
    return path.stat()


def a_copy(path: Path) -> os.stat_result:
    return Path(shutil.copy2(path, path.with_name("copy"))).stat()


def a_longer_copy(path: Path) -> os.stat_result:
    other = path.with_name("longer")
    other.write_bytes(path.read_bytes() + b"x")
    shutil.copystat(path, other)
    return other.stat()


def a_newer_copy(path: Path) -> os.stat_result:
    other = Path(shutil.copy2(path, path.with_name("newer")))
    os.utime(other, (1, 1))
    return other.stat()


def of_another_device(path: Path) -> os.stat_result:
    status = path.stat()
    return os.stat_result([*status[:2], status.st_dev + 1, *status[3:10]], {"st_mtime_ns": status.st_mtime_ns})


@pytest.mark.parametrize(
    ("make", "is_it_by_number", "is_it_without"),
    [
        (same, True, True),
        (written_to, True, True),
        (a_copy, False, True),
        (a_longer_copy, False, False),
        (a_newer_copy, False, False),
        (of_another_device, False, False),
    ],
)
def test_a_file_is_the_one_that_was_moved_by_its_number_or_else_by_size_and_time(
    tmp_path: Path,
    make: Callable[[Path], os.stat_result],
    is_it_by_number: bool,  # noqa: FBT001 - a row's value
    is_it_without: bool,  # noqa: FBT001 - as above
) -> None:
    path = tmp_path / "0"
    path.write_bytes(b"x")
    status = path.stat()
    there = make(path)
    run = PrivateDirectory(path=str(tmp_path), descriptor=None)
    for is_numbered, is_it in ((True, is_it_by_number), (False, is_it_without)):
        moved = TrashedFile(run=run, number=0, status=status, path="http/0", folders={}, is_numbered=is_numbered)
        assert moved.is_at(there) is is_it


@pytest.mark.parametrize(("kind", "state"), [("ext4", State.CHANGED), ("fuse.somefs", State.RESTORED)])
def test_a_file_of_another_number_is_in_the_way_only_where_files_keep_theirs(
    cache: Cache, mounted_as: MountedAs, kind: str, state: State
) -> None:
    path = cache.http(URL, b"x", headers={})
    trashed(cache)
    (run,) = runs(cache)
    cache.directory(path.rpartition("/")[0])
    shutil.copy2(run / "0", cache.real(path))
    mounted_as(kind)
    report = undone(cache)
    assert (only(report).state, only(report).error) == (state, TAKEN if state is State.CHANGED else None)
    assert bool(runs(cache)) == (state is State.CHANGED)
    assert left(cache) == {path}


def exchange(path: Path) -> None:
    """Put another file of the same size and time there."""
    other = Path(shutil.copy2(path, path.with_name("other")))
    other.write_bytes(bytes(reversed(path.read_bytes())))
    shutil.copystat(path, other)
    other.rename(path)


def lengthen(path: Path) -> None:
    """Write to it, and set its time back."""
    status = path.stat()
    with path.open("ab") as file:
        file.write(b"x")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touch(path: Path) -> None:
    os.utime(path, (1, 1))


@pytest.mark.parametrize("change", [exchange, lengthen, touch])
def test_a_body_does_not_come_back_under_a_head_that_is_not_the_one_that_was_judged(
    cache: Cache, change: Callable[[Path], None]
) -> None:
    head = cache.http_v2(URL, b"x")

    def rename(name: str, to: str, **where: Any) -> None:  # noqa: ANN401 - as `os.rename` takes it
        if len(name) == 56:
            raise OSError
        os.rename(name, to, **where)

    trashed(cache, is_exclusive=True, system=a_system(rename=rename))
    assert left(cache) == {head}
    change(cache.real(head))
    report = undone(cache)
    assert (only(report).state, only(report).error, only(report).moved) == (State.CHANGED, TAKEN, ())
    assert left(cache) == {head}


def test_what_came_back_and_was_removed_after_that_is_not_missed_by_the_next_undo(cache: Cache) -> None:
    lock = cache.lock_directory("http/0/1/2/4/8/01248" + "a" * 51, host="here", pid=5)
    taken = cache.http(URL, b"x", headers={})
    trashed(cache)
    cache.write(taken, b"newer")
    assert sorted(states(undone(cache)).values()) == [State.CHANGED, State.RESTORED]
    shutil.rmtree(cache.real(lock))
    assert states(undone(cache)) == {taken: State.CHANGED}
    assert not cache.real(lock).exists()
