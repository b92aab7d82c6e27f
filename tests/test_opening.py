"""Opening files of a cache: no link followed, no trace left."""

import os
from pathlib import Path

import pytest

from pipcacheplus.opening import ChangedError, OpenCache, file_of, moves_access_times
from tests.builders import Cache

URL = "https://files.example/demo"


def test_a_file_is_read_without_moving_its_access_time(cache: Cache) -> None:
    head = cache.real(cache.http_v2(URL, b"x"))
    os.utime(head, (1, 1))
    with OpenCache(str(cache.path)) as opened, opened.open(head.relative_to(cache.path).as_posix()) as file:
        assert file.read().startswith(b"cc=4,")
    assert head.stat().st_atime == 1


def test_a_link_is_not_opened(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    cache.real("link").symlink_to(tmp_path / "outside")
    with OpenCache(str(cache.path)) as opened, pytest.raises(OSError, match="link"):
        opened.open("link")


def test_a_directory_that_became_a_link_is_not_entered(cache: Cache, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"secret")
    cache.real("http").symlink_to(outside)
    with OpenCache(str(cache.path)) as opened, pytest.raises(OSError, match=r"directory|link"):
        opened.open("http/file")


def test_a_pipe_is_refused_and_does_not_block(cache: Cache) -> None:
    os.mkfifo(cache.real("pipe"))
    with OpenCache(str(cache.path)) as opened, pytest.raises(OSError, match="not a regular file"):
        opened.open("pipe")


def test_a_file_that_was_replaced_is_not_taken_for_the_old_one(cache: Cache) -> None:
    path = cache.foreign("notes.txt", b"old")
    seen = file_of(path, os.lstat(cache.real(path)))
    with OpenCache(str(cache.path)) as opened:
        opened.open_same(seen).close()
        cache.foreign("notes.txt", b"newer", age_s=5)
        with pytest.raises(ChangedError):
            opened.open_same(seen)


def test_no_descriptor_stays_open(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    with OpenCache(str(cache.path)) as opened:
        opened.folder("http-v2")
    assert len(before) == len(os.listdir("/proc/self/fd") if before else [])


def test_the_owner_can_leave_access_times_alone(cache: Cache) -> None:
    assert not moves_access_times(str(cache.path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may leave every access time alone")
def test_whoever_is_not_the_owner_cannot() -> None:
    assert moves_access_times("/")
