"""What disarming does to a response; `test_disarm_bytes` has the bytes, `test_shared` what becomes of it."""

import errno
import os
from pathlib import Path

import pytest

from pipcacheplus.apply.disarm import Disarmed, disarm
from pipcacheplus.apply.disarm_bytes import Use
from pipcacheplus.apply.system import System
from pipcacheplus.disk.open_cache import ChangedError, OpenCache, file_of
from pipcacheplus.model.values import File
from tests.apply.doing import a_system, machine
from tests.support.builders import Cache, page_headers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="directories have no descriptors there")

URL = "https://files.example/demo"


def judged(cache: Cache, path: str) -> File:
    return file_of(path, os.lstat(cache.real(path)))


def disarmed(
    cache: Cache, file: File, *, keeps_open: bool = False, system: System | None = None, is_planned: bool = False
) -> Disarmed:
    with OpenCache(str(cache.path)) as opened:
        return disarm(opened, file, system or a_system(), is_single=False, keeps_open=keeps_open, is_planned=is_planned)


def test_what_a_pip_may_ask_about_is_written_over_and_comes_as_it_is_now(cache: Cache) -> None:
    file = judged(cache, cache.http_v2(URL, b"x", headers=page_headers(b"x")))
    found = disarmed(cache, file)
    assert (found.use, found.handle, found.is_moved) == (Use.DISARMABLE, None, False)
    assert found.file == judged(cache, file.path) != file
    again = disarmed(cache, found.file)
    assert (again.use, again.file) == (Use.DISARMABLE, found.file)


def test_it_is_kept_open_if_that_is_wanted(cache: Cache) -> None:
    file = judged(cache, cache.http_v2(URL, b"x", headers=page_headers(b"x")))
    found = disarmed(cache, file, keeps_open=True)
    assert found.handle is not None
    assert os.fstat(found.handle).st_ino == file.inode
    os.close(found.handle)


def test_what_no_pip_can_ask_about_is_left_as_it_is(cache: Cache) -> None:
    file = judged(cache, cache.http_v2(URL, b"x", headers={}))
    assert disarmed(cache, file) == Disarmed(use=Use.NONE, file=file)
    assert judged(cache, file.path) == file


def test_what_has_another_name_is_left_as_it_is(cache: Cache, tmp_path: Path) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    os.link(cache.real(head), tmp_path / "other")
    file = judged(cache, head)
    assert disarmed(cache, file) == Disarmed(use=Use.UNKNOWN, file=file)
    assert judged(cache, head) == file


@pytest.mark.parametrize("is_planned", [True, False], ids=["dry", "real"])
@pytest.mark.parametrize("use", [Use.NONE, Use.DISARMABLE, Use.UNKNOWN])
def test_it_is_reported_that_looking_at_it_moved_its_access_time(
    cache: Cache,
    tmp_path: Path,
    use: Use,
    is_planned: bool,  # noqa: FBT001 - a row's value
) -> None:
    """As where files are reached by their paths: a wheel or such a response would count as used just now."""
    head = cache.http_v2(URL, b"x", headers={} if use is Use.NONE else page_headers(b"x"))
    if use is Use.UNKNOWN:
        os.link(cache.real(head), tmp_path / "other")
    file = judged(cache, head)
    found = disarmed(cache, file, system=machine(has_descriptors=False), is_planned=is_planned)
    is_written = use is Use.DISARMABLE and not is_planned
    assert (found.use, found.is_moved, found.handle) == (use, not is_written, None)
    assert (found.file == file) is not is_written


def test_what_has_changed_is_refused(cache: Cache) -> None:
    file = judged(cache, cache.http_v2(URL, b"x", headers=page_headers(b"x")))
    cache.set_age(file.path, 5)
    with pytest.raises(ChangedError) as caught:
        disarmed(cache, file)
    assert caught.value.args == (errno.ESTALE, "changed since it was judged")
    assert caught.value.filename == file.path
