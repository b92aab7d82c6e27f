"""Where the trash of a cache cannot lie: a dry run and a run refuse it in the same words, and change nothing."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.apply.trash.undo import trashed as listed
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import State
from tests.apply.doing import MACHINES, carried_out, machine, only, planned, states
from tests.apply.trashes import place_of_trash, runs, seen, the_trash, trashed, undone
from tests.support.builders import Cache
from tests.support.mounts import MountedAs, mounted
from tests.support.owners import as_somebody

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights and mounts are others there")

URL = "https://files.example/demo"
BOTH = pytest.mark.parametrize("is_planned", [True, False], ids=["dry", "real"])


def refusal(cache: Cache, **more: object) -> str:
    """Return the words in which a run is refused that changes nothing."""
    before = seen(cache.path)
    with pytest.raises(BadRequestError) as caught:
        trashed(cache, **more)
    assert seen(cache.path) == before
    return str(caught.value)


@MACHINES
@BOTH
def test_where_no_directory_may_be_made_none_is(
    theirs: Cache,
    monkeypatch: pytest.MonkeyPatch,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    is_planned: bool,  # noqa: FBT001 - as above
) -> None:
    theirs.http_v2(URL, b"x")
    above = theirs.path.parent
    with as_somebody(theirs):
        monkeypatch.chdir(theirs.path)
        above.chmod(0o500)
        problem = f"{place_of_trash(theirs)} cannot be made: {os.strerror(errno.EACCES)}"
        said = refusal(theirs, is_planned=is_planned, system=machine(has_descriptors=has_descriptors))
        above.chmod(0o700)
    assert said == f"trash: {problem}; remove without the trash"
    assert list(above.iterdir()) == [theirs.path]


@MACHINES
@BOTH
def test_a_trash_that_may_not_be_written_takes_nothing(
    theirs: Cache,
    monkeypatch: pytest.MonkeyPatch,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    is_planned: bool,  # noqa: FBT001 - as above
) -> None:
    theirs.http_v2(URL, b"x")
    with as_somebody(theirs):
        monkeypatch.chdir(theirs.path)
        trash = place_of_trash(theirs)
        trash.mkdir(mode=0o500)
        said = refusal(theirs, is_planned=is_planned, system=machine(has_descriptors=has_descriptors))
        assert list(trash.iterdir()) == []
    assert said == f"trash: {trash} cannot be written: {os.strerror(errno.EACCES)}; remove without the trash"


@BOTH
def test_a_trash_on_another_file_system_takes_nothing(
    cache: Cache,
    is_planned: bool,  # noqa: FBT001 - a row's value
) -> None:
    cache.http_v2(URL, b"x")
    trash = place_of_trash(cache)
    trash.mkdir(mode=0o700)
    with mounted(["mount", "-t", "tmpfs", "-o", "mode=700", "none", trash]) as mounts:
        said = refusal(Cache(mounts.real(cache.path)), is_planned=is_planned)
    assert said == f"trash: {trash} lies on another file system than the cache; remove without the trash"


@BOTH
def test_a_cache_that_is_mounted_in_a_second_place_has_no_trash_beside_that(
    cache: Cache,
    tmp_path: Path,
    is_planned: bool,  # noqa: FBT001 - a row's value
) -> None:
    cache.http_v2(URL, b"x")
    second = tmp_path / "elsewhere" / "cache"
    second.mkdir(parents=True)
    with mounted(["mount", "--bind", cache.path, second]) as mounts:
        said = refusal(Cache(mounts.real(second)), is_planned=is_planned)
    problem = f"{second.parent / place_of_trash(cache).name} cannot take files of the cache: {os.strerror(errno.EXDEV)}"
    assert said == f"trash: {problem}; remove without the trash"
    assert list(second.parent.iterdir()) == [second]


def test_a_trash_is_reached_from_the_open_cache_and_not_by_its_path(tmp_path: Path) -> None:
    """Where the path leads elsewhere: here, the directory above the cache is mounted for another process only."""
    cache = Cache(tmp_path / "home" / "cache")
    cache.http_v2(URL, b"x")
    before = seen(cache.path)
    second = tmp_path / "second"
    second.mkdir()
    with mounted(["mount", "--bind", cache.path.parent, second]) as mounts:
        there = Cache(mounts.real(second / "cache"))
        moved = trashed(there)
        assert only(moved).state is State.TRASHED
        assert [one.run for one in listed(str(there.path), machine())] == [moved.run]
        assert only(undone(there)).state is State.RESTORED
    assert seen(cache.path) == before
    assert list(second.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "file_mode", "above_mode", "is_refused"),
    [
        ("vfat", 0o644, 0o755, True),
        ("vfat", 0o644, 0o710, True),
        ("vfat", 0o644, 0o700, False),
        ("fuseblk", 0o777, 0o755, True),
        ("fuseblk", 0o644, 0o755, False),
        ("fuseblk", None, 0o755, False),  # gone by then, and so shows nothing
        ("ext4", 0o777, 0o777, False),
    ],
)
@MACHINES
def test_where_all_files_have_the_rights_of_the_mount_these_decide(
    cache: Cache,
    mounted_as: MountedAs,
    kind: str,
    file_mode: int | None,
    above_mode: int,
    is_refused: bool,  # noqa: FBT001 - a row's value
    has_descriptors: bool,  # noqa: FBT001 - as above
) -> None:
    path = cache.real(cache.http(URL, b"x"))
    mounted_as(kind)
    plan = planned(cache)
    if file_mode is None:
        path.unlink()
    else:
        path.chmod(file_mode)
    cache.path.parent.chmod(above_mode)
    system = machine(has_descriptors=has_descriptors)
    if is_refused:
        problem = "cannot be kept private: this file system gives rights to others in any case"
        said = refusal(cache, is_planned=True, system=system)
        assert said == f"trash: {place_of_trash(cache)} {problem}; remove without the trash"
    else:
        report = carried_out(plan, trash=True, is_planned=True, system=system)
        assert only(report).state is (State.GONE if file_mode is None else State.PLANNED)


@MACHINES
def test_a_dry_run_needs_no_file_to_look_at(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
) -> None:
    folder = cache.directory("http-v2/0/1")
    system = machine(has_descriptors=has_descriptors)
    assert states(trashed(cache, is_planned=True, system=system)) == {folder: State.PLANNED}
    assert runs(cache) == []


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [Path.mkdir, make_pipe], ids=["directory", "pipe"])
@MACHINES
def test_what_lies_in_the_place_of_a_manifest_and_is_no_file_is_refused(
    cache: Cache,
    make: Callable[[Path], None],
    has_descriptors: bool,  # noqa: FBT001 - a row's value
) -> None:
    cache.http_v2(URL, b"x")
    trashed(cache)
    (run,) = runs(cache)
    (run / "manifest").unlink()
    make(run / "manifest")
    with pytest.raises(BadRequestError) as caught:
        undone(cache, system=machine(has_descriptors=has_descriptors))
    problem = f"{the_trash(cache) / run.name / 'manifest'} is not a regular file"
    assert str(caught.value) == f"trash: {problem}; look at what lies there, and move it away"
