"""The test whether a file or directory may be written, which a dry run makes in place of a change."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipcacheplus.apply.rehearsal import check_writable_in
from pipcacheplus.model.values import State
from tests.apply.doing import MACHINES, carried_out, machine, only, planned, states
from tests.apply.trashes import runs, trashed, undone
from tests.support.builders import Cache
from tests.support.holding import opened
from tests.support.mounts import mounted
from tests.support.owners import as_somebody

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights are others there")

URL = "https://files.example/demo"
DENIED = os.strerror(errno.EACCES)


@contextmanager
def closed(*paths: Path, mode: int = 0o500) -> Iterator[None]:
    """Take the right to write away for a while."""
    for path in paths:
        path.chmod(mode)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(0o700)


@pytest.mark.parametrize("by_descriptor", [True, False], ids=["descriptor", "path"])
def test_a_file_that_may_not_be_written_is_refused_by_its_name(theirs: Cache, by_descriptor: bool) -> None:  # noqa: FBT001 - a row's value
    theirs.foreign("http/notes")
    folder = theirs.real("http")
    name = "notes" if by_descriptor else str(folder / "notes")
    with as_somebody(theirs), opened(folder) as descriptor:
        where = descriptor if by_descriptor else None
        check_writable_in(name, mode=os.W_OK, dir_fd=where)
        (folder / "notes").chmod(0o400)
        with pytest.raises(PermissionError) as caught:
            check_writable_in(name, mode=os.W_OK, dir_fd=where)
    assert (caught.value.errno, caught.value.strerror, caught.value.filename) == (errno.EACCES, DENIED, name)


@pytest.mark.parametrize("mode", [0o500, 0o600, 0o400], ids=oct)
def test_a_directory_takes_both_rights_to_be_written_and_to_be_entered(theirs: Cache, mode: int) -> None:
    folder = theirs.real(theirs.directory("http"))
    with as_somebody(theirs), opened(folder) as descriptor:
        check_writable_in(".", dir_fd=descriptor)
        with closed(folder, mode=mode), pytest.raises(PermissionError):
            check_writable_in(str(folder))


def test_what_is_missing_is_reported_as_missing(theirs: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs.foreign("notes")
    folder = theirs.real(theirs.directory("http"))
    monkeypatch.chdir(theirs.path)
    with as_somebody(theirs), opened(folder) as descriptor, pytest.raises(FileNotFoundError):
        check_writable_in("notes", mode=os.W_OK, dir_fd=descriptor)


def test_on_a_read_only_mount_it_is_the_mount_that_refuses(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    with mounted(["mount", "-t", "tmpfs", "-o", "ro", "none", tmp_path / "place"]) as mounts:
        place = mounts.real(tmp_path / "place")
        with pytest.raises(OSError, match=os.strerror(errno.EROFS)) as by_path:
            check_writable_in(str(place))
        with opened(place) as descriptor, pytest.raises(OSError, match=os.strerror(errno.EROFS)) as by_descriptor:
            check_writable_in(".", dir_fd=descriptor)
    assert (by_path.value.errno, by_descriptor.value.errno) == (errno.EROFS, errno.EROFS)
    assert (by_path.value.filename, by_descriptor.value.filename) == (str(place), ".")


@MACHINES
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_a_dry_run_reports_each_directory_that_may_not_be_written_and_no_other(
    theirs: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    is_exclusive: bool,  # noqa: FBT001 - as above
) -> None:
    stuck = [theirs.http_v2(URL, b"x"), theirs.built_wheel("demo")]
    empty = theirs.directory("http-v2/0/1/2/3/4")
    free = [theirs.http_v2("https://files.example/other", b"x"), theirs.built_wheel("other")]
    folders = [theirs.real(path).parent for path in (*stuck, empty)]
    with as_somebody(theirs), closed(*folders):
        system = machine(has_descriptors=has_descriptors)
        report = carried_out(planned(theirs), is_planned=True, is_exclusive=is_exclusive, system=system)
    assert states(report) == {
        **dict.fromkeys([*stuck, empty], State.FAILED),
        **dict.fromkeys(free, State.PLANNED),
    }
    assert [outcome.error for outcome in report.failed] == [DENIED] * 3


@MACHINES
def test_a_dry_run_counts_no_directory_above_that_would_stay(theirs: Cache, has_descriptors: bool) -> None:  # noqa: FBT001 - a row's value
    head = theirs.http_v2(URL, b"x")
    with as_somebody(theirs), closed(theirs.real(head).parents[1]):
        system = machine(has_descriptors=has_descriptors)
        dry = only(carried_out(planned(theirs), is_planned=True, is_exclusive=True, system=system))
        done = only(carried_out(planned(theirs), is_exclusive=True, system=system))
    assert (dry.state, done.state) == (State.PLANNED, State.REMOVED)
    assert dry.folders == done.folders == 0


@MACHINES
@pytest.mark.parametrize("missing", range(6))
def test_a_dry_run_of_undo_reports_that_a_directory_may_not_be_written(
    theirs: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    missing: int,
) -> None:
    """The directory of the files, or the first one above it that is still there."""
    head = theirs.http_v2(URL, b"x")
    with as_somebody(theirs):
        system = machine(has_descriptors=has_descriptors)
        trashed(theirs, system=system)
        here = theirs.real(head).parents[missing]
        here.mkdir(parents=True, exist_ok=True)
        dry = only(undone(theirs, is_planned=True, system=system))
        assert (dry.state, dry.error, len(dry.moved)) == (State.PLANNED, None, 2)
        with closed(here):
            dry = only(undone(theirs, is_planned=True, system=system))
            done = only(undone(theirs, system=system))
        assert (dry.state, dry.error, dry.moved) == (State.FAILED, DENIED, ())
        assert (done.state, done.error, done.moved) == (State.FAILED, DENIED, ())
        assert len(runs(theirs)) == 1
