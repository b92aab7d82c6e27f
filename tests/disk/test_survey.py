"""What all names of a cache show besides entries is what `du` and the files' owners say, however it is divided."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.survey import Surveyor
from pipcacheplus.disk.walk import parts, walk
from pipcacheplus.model.values import Owned, Survey
from pipcacheplus.pips.layout import body_path
from tests.support.builders import DAY_S, Cache
from tests.support.owners import SOMEBODY, is_root

URL = "https://files.example/demo"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="du counts in another way elsewhere")


def surveyed(cache: Cache) -> Survey:
    """Return what one walk over all sees, once it is seen that walks over the parts see the same."""
    with OpenCache(str(cache.path)) as opened:
        whole = Surveyor(opened.owner)
        list(walk(opened, surveyor=whole))
        divided = Surveyor(opened.owner)
        for part in ("", *parts(opened)):
            one = Surveyor(opened.owner)
            list(walk(opened, part, is_split=not part, surveyor=one))
            divided = divided.plus(one)
    assert divided.result(str) == whole.result(str)
    return whole.result(str)


def fill(cache: Cache) -> None:
    """Store something of every shape."""
    for number in range(30):
        cache.http_v2(f"{URL}{number}", b"x" * number * 1000)
    cache.build_directory(cache.built_wheel("demo"), b"half")
    cache.lock_file(cache.http(URL, b"x"), host="here", pid=5)
    cache.lock_directory(cache.http(URL + "2", b"x"), host="here", pid=5)
    cache.directory("http-v2/0/0")
    cache.foreign("mine/notes.txt")


def du(path: Path) -> int:
    """Return the bytes that a directory takes, by another program."""
    done = subprocess.run(["du", "-s", "--block-size=1", str(path)], capture_output=True, check=True, timeout=60)
    return int(done.stdout.split()[0])


@on_linux
def test_files_and_directories_take_what_du_says(cache: Cache) -> None:
    fill(cache)
    for number in (0, 1, 2):
        os.link(cache.real("mine/notes.txt"), cache.real(f"http-v2/again{number}"))
    found = surveyed(cache)
    with OpenCache(str(cache.path)) as opened:
        files = sum(file[2] for seen in walk(opened) if not hasattr(seen, "message") for file in seen.files)
    assert found.bytes_of_other_names == 3 * cache.real("mine/notes.txt").stat().st_blocks * 512 > 0
    assert files - found.bytes_of_other_names + found.directory_bytes == du(cache.path)
    assert found.directories == 1 + sum(path.is_dir() for path in cache.path.rglob("*"))


@is_root
def test_what_belongs_to_others_is_counted_by_the_owner(cache: Cache) -> None:
    fill(cache)
    assert surveyed(cache).others == ()
    head = cache.http_v2(f"{URL}0", b"x")
    given = [cache.real(head), cache.real(body_path(head)), cache.real("mine"), cache.real("http-v2/0/0")]
    for path in given:
        os.chown(path, SOMEBODY, -1)
    os.chown(cache.real("mine/notes.txt"), SOMEBODY + 1, -1)
    found = surveyed(cache)
    blocks = [sum(path.stat().st_blocks for path in paths) * 512 for paths in (given, [cache.real("mine/notes.txt")])]
    assert found.others == (
        Owned(SOMEBODY, str(SOMEBODY), 2, 2, blocks[0]),
        Owned(SOMEBODY + 1, str(SOMEBODY + 1), 1, 0, blocks[1]),
    )
    assert (found.uid, found.owner) == (0, "0")


@is_root
def test_the_owner_that_counts_is_that_of_the_cache_directory(cache: Cache) -> None:
    cache.built_wheel("demo")
    os.chown(cache.path, SOMEBODY, -1)
    found = surveyed(cache)
    assert (found.uid, [other.uid for other in found.others]) == (SOMEBODY, [0])


def test_a_cache_that_was_restored_with_its_times_is_recognised(cache: Cache) -> None:
    cache.built_wheel("one", age_s=DAY_S)
    assert surveyed(cache).restored_s is None  # all of it may have been written then
    cache.built_wheel("other", age_s=9 * DAY_S)
    restored_s = surveyed(cache).restored_s
    assert restored_s == int(max(path.stat().st_ctime for path in cache.path.rglob("*") if path.is_file()))


def test_times_that_are_far_apart_are_those_of_no_restoring() -> None:
    now = 1_800_000_000

    def seen(*times: tuple[int, int]) -> int | None:
        surveyor = Surveyor(0)
        for changed, written in times:
            numbers = [0o100644, 1, 1, 1, 0, 0, 1, 0, written, changed]
            surveyor.see_file(
                os.stat_result(
                    [*numbers], {"st_ctime_ns": changed * 10**9, "st_mtime_ns": written * 10**9, "st_atime_ns": 0}
                )
            )
        return surveyor.result(str).restored_s

    assert seen((now, now), (now - 60, now - DAY_S)) == now
    assert seen((now, now), (now - 3600, now - DAY_S)) is None
    assert seen((now - 3600, now), (now, now - DAY_S), (now, now)) is None
    assert seen((now, now), (now, now - 60)) is None
    assert seen() is None
