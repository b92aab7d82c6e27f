"""One pipcacheplus at a time, by the directory itself or by a file of our own."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import lock_descriptor

from pipcacheplus.apply.system import this_system
from pipcacheplus.errors import CacheBusyError
from pipcacheplus.host.state import LENT_STATE, state_folder
from tests.apply.doing import Clock, a_system, carried_out, left, planned
from tests.support.builders import Cache
from tests.support.holding import held, opened
from tests.support.owners import SOMEBODY, home_of_somebody, is_root

URL = "https://files.example/demo"


def refused(number: int) -> Callable[[int], bool]:
    """Lock all but directories, as network file systems do."""

    def lock(descriptor: int) -> bool:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(number, os.strerror(number))
        return bool(lock_descriptor(descriptor, blocking=False))

    return lock


def own_files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS])
def test_where_a_directory_cannot_be_locked_a_file_of_ours_is(cache: Cache, tmp_path: Path, number: int) -> None:
    head = cache.http_v2(URL, b"x")
    folder = tmp_path / "state" / "locks"
    system = a_system(lock=refused(number), lock_folder=str(folder))
    assert carried_out(planned(cache), system=system).freed_bytes
    (own,) = own_files(folder)
    assert (own.stat().st_size, own.stat().st_mode & 0o777, own.suffix) == (0, 0o600, ".lock")
    assert folder.stat().st_mode & 0o777 == 0o700
    cache.http_v2(URL, b"x")
    with held(own), pytest.raises(CacheBusyError):
        carried_out(planned(cache), system=system)
    assert left(cache) == {head, head + ".body"}


def test_the_lock_file_of_another_cache_is_another(cache: Cache, tmp_path: Path) -> None:
    system = a_system(lock=refused(errno.ENOLCK), lock_folder=str(tmp_path / "locks"))
    carried_out(planned(cache), system=system)
    other = Cache(tmp_path / "other")
    other.http_v2(URL, b"x")
    with held(own_files(tmp_path / "locks")[0]):
        carried_out(planned(other), system=system)
    assert left(other) == {"http-v2/"}
    assert len(own_files(tmp_path / "locks")) == 2


def test_a_link_or_a_text_in_place_of_the_lock_file_is_left_as_it_is(cache: Cache, tmp_path: Path) -> None:
    system = a_system(lock=refused(errno.ENOLCK), lock_folder=str(tmp_path / "locks"))
    carried_out(planned(cache), system=system)
    (own,) = own_files(tmp_path / "locks")
    own.write_bytes(b"mine")
    carried_out(planned(cache), system=system)
    assert own.read_bytes() == b"mine"
    (tmp_path / "victim").write_bytes(b"mine")
    own.unlink()
    own.symlink_to(tmp_path / "victim")
    cache.http_v2(URL, b"x")
    carried_out(planned(cache), system=system)
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert left(cache) == {"http-v2/"}


def test_without_any_locks_it_goes_on(cache: Cache, tmp_path: Path) -> None:
    def lock(_descriptor: int) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    cache.http_v2(URL, b"x")
    carried_out(planned(cache), system=a_system(lock=lock, lock_folder=str(tmp_path / "locks")))
    assert left(cache) == {"http-v2/"}


def test_where_no_folder_of_ours_can_be_made_it_goes_on(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    system = a_system(lock=refused(errno.ENOLCK), lock_folder=os.path.join(os.devnull, "locks"))
    carried_out(planned(cache), system=system)
    assert left(cache) == {"http-v2/"}


def test_a_lock_that_fails_otherwise_stops_everything(cache: Cache) -> None:
    def lock(_descriptor: int) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    head = cache.http_v2(URL, b"x")
    with pytest.raises(OSError, match="error"):
        carried_out(planned(cache), system=a_system(lock=lock))
    assert left(cache) == {head, head + ".body"}


def test_a_lock_that_cannot_be_given_back_does_not_hide_what_was_done(cache: Cache) -> None:
    def unlock(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    cache.http_v2(URL, b"x")
    assert carried_out(planned(cache), system=a_system(unlock=unlock)).freed_bytes
    assert left(cache) == {"http-v2/"}
    with held(cache.path):
        pass


def test_another_one_is_waited_for_as_long_as_was_said(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    clock = Clock()
    with held(cache.path), pytest.raises(CacheBusyError) as caught:
        carried_out(planned(cache), clock=clock, lock_timeout_s=3)
    assert (caught.value.path, caught.value.waited_s) == (str(cache.path), 3)
    assert clock.slept_s == pytest.approx(3, abs=0.1)
    assert left(cache) == {head, head + ".body"}


def test_when_the_other_one_ends_the_turn_is_ours(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    descriptor = os.open(cache.path, os.O_RDONLY)
    assert lock_descriptor(descriptor, blocking=False)
    carried_out(planned(cache), clock=Clock(lambda: os.close(descriptor)), lock_timeout_s=3)
    assert left(cache) == {"http-v2/"}


def test_a_request_to_stop_ends_the_wait_for_the_other_one(cache: Cache, tmp_path: Path) -> None:
    head = cache.http_v2(URL, b"x")
    with held(cache.path):
        given_back: list[int] = []
        system = a_system(unlock=given_back.append)
        report = carried_out(planned(cache), system=system, stop=lambda: True, lock_timeout_s=3)
    assert (report.is_interrupted, report.outcomes, given_back) == (True, (), [])
    assert left(cache) == {head, head + ".body"}


def test_without_a_time_to_wait_nobody_waits_longer_than_for_a_dry_run(cache: Cache) -> None:
    cache.foreign()
    clock = Clock()
    with held(cache.path), pytest.raises(CacheBusyError):
        carried_out(planned(cache), clock=clock)
    assert clock.slept_s <= 0.11
    assert left(cache) == {"notes.txt"}


def test_the_lock_is_free_again_afterwards_and_one_was_enough(cache: Cache, tmp_path: Path) -> None:
    cache.foreign()
    carried_out(planned(cache), system=a_system(lock_folder=str(tmp_path / "locks")))
    assert not (tmp_path / "locks").exists()
    with held(cache.path):
        assert left(cache) == {"notes.txt"}


@is_root
def test_root_makes_no_lock_below_the_home_of_a_user(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    with home_of_somebody() as home:
        os.chown(home, SOMEBODY, SOMEBODY)
        system = a_system(lock=refused(errno.ENOLCK), lock_folder=str(home / "state" / "locks"))
        carried_out(planned(cache), system=system)
        assert list(home.iterdir()) == []
    assert left(cache) == {"http-v2/"}


def test_a_machine_without_descriptors_keeps_none_open() -> None:
    system = this_system(has_descriptors=False)
    assert (system.has_descriptors, system.max_handles) == (False, 0)


def test_this_machine_has_what_it_takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    system = this_system()
    assert system.lock_folder == os.path.join(state_folder(), "locks")
    monkeypatch.setenv(LENT_STATE, str(tmp_path / "lent"))
    assert state_folder() == str(tmp_path / "lent")
    assert this_system().lock_folder == system.lock_folder, "a run of root's locks what the user's own runs lock"
    assert system.uid == os.geteuid()
    assert 0 < system.max_handles < 1 << 16
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert system.lock(descriptor)
        with opened(tmp_path) as other:
            assert not system.lock(other)
            system.unlock(descriptor)
            assert system.lock(other)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(("limit", "kept"), [(64, 0), (128, 0), (1024, 448), (1 << 16, 32_704), (1 << 30, 32_704)])
def test_half_of_what_may_be_open_is_kept_open(monkeypatch: pytest.MonkeyPatch, limit: int, kept: int) -> None:
    monkeypatch.setattr(pytest.importorskip("resource"), "getrlimit", lambda _which: (limit, limit))
    found = this_system().max_handles
    assert (found, type(found)) == (kept, int)


def on_a_server(*servers: Path) -> Callable[[str, int], bool]:
    """Say of directories below these that other machines may mount them."""
    return lambda path, _device: not any(Path(path).is_relative_to(server) for server in servers)


def test_where_other_machines_mount_the_cache_the_directory_and_a_file_on_a_server_are_locked(
    cache: Cache, tmp_path: Path
) -> None:
    """A lock of a directory of NFS stays on the machine that takes it, and one of a file does not."""
    head = cache.http_v2(URL, b"x")
    system = a_system(lock_folder=str(tmp_path / "home" / "locks"), is_local=on_a_server(tmp_path))
    report = carried_out(planned(cache), system=system)
    assert (report.freed_bytes > 0, report.unlocked) == (True, None)
    (own,) = own_files(tmp_path / "home" / "locks")
    cache.http_v2(URL, b"x")
    for place in (own, cache.path):
        with held(place), pytest.raises(CacheBusyError):
            carried_out(planned(cache), system=system)
        assert left(cache) == {head, head + ".body"}
    with held(own), held(cache.path):
        pass


def test_a_lock_that_other_machines_do_not_see_is_reported(cache: Cache, tmp_path: Path) -> None:
    cache.http_v2(URL, b"x")
    expected = (
        "other machines may mount this file system, and no lock excludes their runs of pipcacheplus:"
        " let one machine alone prune this cache"
    )
    system = a_system()
    for folder in (str(tmp_path / "locks"), os.path.join(os.devnull, "locks")):
        system = a_system(lock_folder=folder, is_local=on_a_server(cache.path))
        report = carried_out(planned(cache), system=system)
        assert (report.unlocked, report.warnings) == (expected, ())
    assert carried_out(planned(cache), system=system, is_planned=True).unlocked is None


def test_that_nothing_can_be_locked_is_reported(cache: Cache) -> None:
    cache.foreign()
    system = a_system(lock=refused(errno.ENOLCK), lock_folder=os.path.join(os.devnull, "locks"))
    report = carried_out(planned(cache), system=system)
    assert (report.unlocked or "").startswith("nothing can be locked here: ")
