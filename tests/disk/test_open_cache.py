"""Opening files of a cache: no link followed, no trace left."""

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.disk import open_cache as module
from pipcacheplus.disk.open_cache import ChangedError, OpenCache, file_of, moves_access_times
from tests.support.builders import Cache
from tests.support.processes import run

URL = "https://files.example/demo"


def test_a_file_is_read_without_moving_its_access_time(cache: Cache) -> None:
    head = cache.real(cache.http_v2(URL, b"x"))
    os.utime(head, (1, 1))
    with OpenCache(str(cache.path)) as opened, opened.open(head.relative_to(cache.path).as_posix()) as file:
        assert file.read().startswith(b"cc=4,")
        assert opened.read_same(file_of(head.relative_to(cache.path).as_posix(), os.lstat(head)), 5) == b"cc=4,"
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


def test_a_file_is_read_as_far_as_asked_if_it_is_still_the_same(cache: Cache, opened: Callable[[], OpenCache]) -> None:
    path = cache.foreign("a/notes.txt", b"0123456789")
    seen = file_of(path, os.lstat(cache.real(path)))
    with opened() as here:
        assert [here.read_same(seen, limit) for limit in (0, 4, 10, 1 << 30)] == [b"", b"0123", *[b"0123456789"] * 2]
        cache.foreign(path, b"0123456788", age_s=5)
        with pytest.raises(ChangedError):
            here.read_same(seen, 10)
        cache.real(path).unlink()
        with pytest.raises(FileNotFoundError):
            here.read_same(seen, 10)


def test_a_pipe_that_was_seen_as_one_is_not_read(cache: Cache) -> None:
    os.mkfifo(cache.real("pipe"))
    with OpenCache(str(cache.path)) as here, pytest.raises(OSError, match="not a regular file"):
        here.read_same(file_of("pipe", os.lstat(cache.real("pipe"))), 10)


def test_no_descriptor_stays_open(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    seen = file_of(head, os.lstat(cache.real(head)))
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    with OpenCache(str(cache.path)) as opened:
        opened.folder("http-v2")
        opened.read_same(seen, 10)
    assert len(before) == len(os.listdir("/proc/self/fd") if before else [])


def test_the_owner_can_leave_access_times_alone(cache: Cache) -> None:
    assert not moves_access_times(str(cache.path))


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may leave every access time alone")
def test_whoever_is_not_the_owner_cannot() -> None:
    assert moves_access_times("/")


@pytest.fixture(params=[True, False], ids=["by descriptors", "by paths"])
def opened(request: pytest.FixtureRequest, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> Callable[[], OpenCache]:
    """Return a function that opens the cache, as here, and as where directories have no descriptors."""
    monkeypatch.setattr(module, "HAS_DIRECTORY_DESCRIPTORS", request.param and module.HAS_DIRECTORY_DESCRIPTORS)
    return lambda: OpenCache(str(cache.path))


def test_a_directory_is_listed_without_following_anything(cache: Cache, opened: Callable[[], OpenCache]) -> None:
    for name in ("c", "a", "b"):
        cache.directory(f"http/{name}")
        cache.foreign(f"http/{name}.txt", name.encode() * 5)
    cache.real("http/link").symlink_to("a")
    cache.real("http/gone").symlink_to("nowhere")
    with opened() as here:
        for find, where in ((here.found, ("http",)), (here.found_in, ("", "http"))):
            found = find(*where)
            others = [one for one in found if not one.is_dir(follow_symlinks=False)]
            for one in others:
                seen = os.lstat(cache.real(f"http/{one.name}"))
                assert file_of(one.name, here.status_of(one)) == file_of(one.name, seen)
            names = sorted(one.name for one in others)
            assert names == ["a.txt", "b.txt", "c.txt", "gone", "link"]
            assert sorted({one.name for one in found} - set(names)) == ["a", "b", "c"]
            assert tuple(map(sorted, here.names("http"))) == (["a", "b", "c"], names)
        assert here.names("") == (["http"], [])
        assert [one.name for one in here.found("")] == [one.name for one in here.found_in("", "")] == ["http"]


def test_the_stamp_of_a_directory_is_its_own(cache: Cache, opened: Callable[[], OpenCache]) -> None:
    cache.directory("http/a", age_s=5)
    with opened() as here:
        for path in ("", "http", "http/a", "http"):
            assert here.status(path).st_ino == cache.real(path).stat().st_ino


def test_a_file_is_opened_wherever_it_lies(cache: Cache, opened: Callable[[], OpenCache]) -> None:
    cache.foreign("a/b/notes.txt", b"deep")
    cache.foreign("notes.txt", b"here")
    with opened() as here:
        for path, content in (("a/b/notes.txt", b"deep"), ("notes.txt", b"here"), ("a/b/notes.txt", b"deep")):
            with here.open(path) as file:
                assert file.read() == content


@pytest.mark.parametrize("ask", ["found", "names", "status", "open"])
@pytest.mark.parametrize("path", ["link", "link/below", "file/below", "gone"])
def test_nothing_is_looked_at_through_a_link_or_where_there_is_nothing(
    cache: Cache, tmp_path: Path, opened: Callable[[], OpenCache], ask: str, path: str
) -> None:
    (tmp_path / "outside" / "below").mkdir(parents=True)
    cache.real("link").symlink_to(tmp_path / "outside")
    cache.foreign("file")
    with opened() as here, pytest.raises(OSError, match=r"link|directory|not a"):
        getattr(here, ask)(path)


def test_directories_too_deep_are_not_entered_and_the_next_one_is(cache: Cache) -> None:
    cache.foreign("d/" * 61 + "notes.txt")
    cache.foreign("e/notes.txt")
    with OpenCache(str(cache.path)) as here:
        assert here.names("d/" * 59 + "d") == (["d"], [])
        with pytest.raises(OSError, match="too many directories"):
            here.names("d/" * 60 + "d")
        with pytest.raises(OSError, match="too many directories"):
            here.found_in("d/" * 60, "d")
        assert here.names("e") == ([], ["notes.txt"])


def test_closing_twice_closes_once(cache: Cache) -> None:
    here = OpenCache(str(cache.path))
    here.close()
    with open(cache.real(cache.foreign()), "rb") as other:  # has the number that the cache had
        here.close()
        assert other.read() == b"mine"


def test_a_system_that_cannot_leave_access_times_alone_moves_them(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NOATIME", 0)
    assert moves_access_times(str(cache.path))
    cache.foreign()
    with OpenCache(str(cache.path)) as here, here.open("notes.txt") as file:
        assert file.read() == b"mine"


def test_what_is_not_there_moves_access_times(tmp_path: Path) -> None:
    assert moves_access_times(str(tmp_path / "gone"))


MOUNTED = """
import json, os, subprocess, sys
from pathlib import Path

path, has_descriptors = sys.argv[1], sys.argv[2] == "True"
there = Path(path, "http-v2", "0", "1")
subprocess.run(["mount", "-t", "tmpfs", "none", str(there)], check=True)
(there / "secret").write_bytes(b"x" * 99)
(there / "2").mkdir()
from pipcacheplus.disk import open_cache
from pipcacheplus.model.values import Warned
from pipcacheplus.disk.walk import parts, scan

open_cache.HAS_DIRECTORY_DESCRIPTORS &= has_descriptors
said = {}
with open_cache.OpenCache(path) as cache:
    for ask in ("found", "names", "status", "open"):
        for below in ("http-v2/0/1", "http-v2/0/1/2", "http-v2/0/1/secret", "http-v2/0/2"):
            try:
                getattr(cache, ask)(below)
            except OSError as error:
                said[f"{ask} {below}"] = error.errno
    said["scan"] = [one.message if isinstance(one, Warned) else one.id for one in scan(cache)]
    said["parts"] = parts(cache)
print(json.dumps(said))
"""


def _why_no_mount() -> str | None:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return "there is no unshare"
    tried = run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"])
    return tried.stderr.strip() or "mounting is not allowed" if tried.returncode else None


@pytest.mark.parametrize("has_descriptors", [True, False])
def test_another_file_system_below_the_cache_is_not_entered(cache: Cache, has_descriptors: bool) -> None:  # noqa: FBT001 - a row's value
    if why := _why_no_mount():
        pytest.skip(why)
    cache.directory("http-v2/0/1")
    cache.directory("http-v2/0/2")
    command = ["unshare", "-rm", sys.executable, "-c", MOUNTED, str(cache.path), str(has_descriptors)]
    said = json.loads(run(command, is_checked=True).stdout)
    assert said.pop("scan") == ["lies on another file system: not entered", "http-v2/0/2"]
    assert said.pop("parts") == ["http-v2/0/1", "http-v2/0/2"]
    inside = {f"{ask} http-v2/0/1{rest}" for ask in ("found", "names", "status", "open") for rest in ("/2", "/secret")}
    whole = {f"{ask} http-v2/0/1" for ask in ("found", "names", "status")}
    assert {place for place, number in said.items() if number == errno.EXDEV} >= inside | whole
    assert set(said) - inside - whole == {"open http-v2/0/1", "open http-v2/0/2"}
