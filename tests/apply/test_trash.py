"""Moving to the trash: where it lies, and when there can be none. Tests look at what is left."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.trash.undo import trashed as listed
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import State
from tests.apply.doing import MACHINES, a_system, carried_out, left, machine, only, planned, states
from tests.apply.trashes import everything, refusing, runs, seen, the_trash, trashed, undone
from tests.support.builders import Cache, page_headers, tree
from tests.support.owners import is_root

URL = "https://files.example/demo"


@MACHINES
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_what_is_moved_leaves_the_cache_and_frees_nothing(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    is_exclusive: bool,  # noqa: FBT001 - as above
) -> None:
    everything(cache)
    plan = planned(cache)
    report = carried_out(plan, trash=True, is_exclusive=is_exclusive, system=machine(has_descriptors=has_descriptors))
    assert set(states(report).values()) == {State.TRASHED}
    assert (report.freed_bytes, sum(outcome.disk_size for outcome in report.outcomes)) == (0, 0)
    assert {file.path for outcome in report.outcomes for file in outcome.moved} == {
        file.path for action in plan.actions for file in action.files
    }
    assert {path for path in left(cache) if not path.endswith("/")} == {"notes.txt", "http-v2/0/notes.txt"}
    (run,) = runs(cache)
    assert (run.name, the_trash(cache).stat().st_mode & 0o777, run.stat().st_mode & 0o777) == (report.run, 0o700, 0o700)


def test_the_trash_is_no_part_of_the_cache(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    trashed(cache)
    assert the_trash(cache).parent == cache.path.parent
    assert left(cache) == {"http-v2/"}


def test_the_body_goes_before_the_head_and_the_wheel_before_its_origin(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.built_wheel("demo")
    moved: list[str] = []

    def rename(name: str, to: str, **where: int) -> None:
        moved.append(name)
        os.rename(name, to, **where)

    trashed(cache, is_exclusive=True, system=a_system(rename=rename))
    assert [name.rpartition(".")[2] for name in moved if len(name) < 200] == ["body", moved[2], "whl", "json"]
    assert left(cache) == {"http-v2/", "wheels/"}


def test_all_is_written_down_and_on_the_disk_before_anything_is_moved(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.http(URL, b"x", headers={})
    steps: list[str] = []

    def sync(descriptor: int) -> None:
        steps.append("sync")
        os.fsync(descriptor)

    def rename(name: str, to: str, **where: int) -> None:
        if len(name) < 200:
            steps.append("rename")
            (run,) = runs(cache)
            assert (run / "manifest").read_text().count("files") == 2
        os.rename(name, to, **where)

    trashed(cache, system=a_system(sync=sync, rename=rename))
    first = steps.index("rename")
    assert "sync" in steps[:first]
    assert steps[first:] == ["rename", "sync", "rename", "rename"]
    assert left(cache) == {"http/", "http-v2/"}


def test_a_long_plan_is_written_down_in_pieces(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipcacheplus.apply.trash.fill._CHUNK", 1)
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x")
    before = seen(cache.path)
    assert len(trashed(cache).outcomes) == 3
    assert left(cache) == {"http-v2/"}
    undone(cache)
    assert seen(cache.path) == before


def test_where_nothing_is_to_go_no_trash_is_made(cache: Cache) -> None:
    cache.foreign()
    assert trashed(cache).run is None
    assert runs(cache) == []
    assert left(cache) == {"notes.txt"}


def test_what_stays_leaves_no_run_behind(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    plan = planned(cache)
    cache.write(head, b"renewed", age_s=5)
    report = carried_out(plan, trash=True)
    assert (only(report).state, report.run, runs(cache)) == (State.CHANGED, None, [])
    assert left(cache) == {head, head + ".body"}


def test_a_directory_alone_makes_a_run_too(cache: Cache) -> None:
    cache.directory("http-v2/0/1")
    assert only(trashed(cache)).state is State.TRASHED
    assert left(cache) == {"http-v2/"}
    assert len(runs(cache)) == 1


def test_two_runs_in_one_second_have_names_in_order(cache: Cache) -> None:
    names = []
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x")
        names.append(trashed(cache).run)
    assert names == sorted(set(names), key=str)
    assert [run.name for run in runs(cache)] == names
    assert left(cache) == {"http-v2/"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rename": refusing(errno.EXDEV)}, "cannot take files of the cache"),
        ({"rename": refusing(errno.EROFS)}, "cannot take files of the cache"),
        ({"mkdir": refusing(errno.EACCES)}, "cannot be made"),
        ({"mkdir": refusing(errno.EROFS)}, "cannot be made"),
        ({"mkdir": refusing(errno.EEXIST)}, "has lost its trash"),
        ({"write": refusing(errno.ENOSPC)}, "cannot be written"),
        ({"sync": refusing(errno.EIO)}, "cannot be"),
    ],
)
@MACHINES
def test_where_there_can_be_no_trash_nothing_is_touched(
    cache: Cache,
    changes: dict[str, Any],
    sentence: str,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
) -> None:
    everything(cache)
    before = seen(cache.path)
    with pytest.raises(BadRequestError, match=rf"{sentence}.*remove without the trash"):
        trashed(cache, system=machine(has_descriptors=has_descriptors, **changes))
    assert seen(cache.path) == before
    assert list(cache.path.parent.glob(".pipcacheplus-trash-*")) == []


@MACHINES
@pytest.mark.parametrize("is_there", [False, True], ids=["new", "there"])
def test_where_rights_cannot_be_kept_private_the_reason_is_told_and_nothing_is_left(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    is_there: bool,  # noqa: FBT001 - as above
) -> None:
    """As on FAT, exFAT and NTFS, where all files have the rights of the mount."""

    def mkdir(name: str, mode: int, **where: Any) -> None:  # noqa: ANN401 - as `os.mkdir` takes it
        os.mkdir(name, mode, **where)
        os.chmod(name, 0o777, **where)  # noqa: S103 - as such a file system does

    everything(cache)
    if is_there:  # from before it was mounted like that
        trashed(cache)
        the_trash(cache).chmod(0o777)
        everything(cache)
    before = seen(cache.path.parent)
    reason = (
        "can be read or written by others"
        if is_there
        else "cannot be kept private: this file system gives rights to others"
    )
    with pytest.raises(BadRequestError, match=reason) as caught:
        trashed(cache, system=machine(has_descriptors=has_descriptors, mkdir=mkdir))
    assert caught.value.next_step.startswith("look at what lies there" if is_there else "remove without the trash")
    assert seen(cache.path.parent) == before


def test_on_another_file_system_there_is_no_trash(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    everything(cache)
    before = seen(cache.path)
    monkeypatch.setattr("pipcacheplus.apply.trash.location._device_of", lambda _opened: -1)
    with pytest.raises(BadRequestError, match="another file system"):
        trashed(cache)
    assert seen(cache.path) == before


def test_a_file_that_cannot_be_moved_stays_as_it_was_and_the_rest_goes(cache: Cache) -> None:
    stuck, free = cache.http_v2(URL, b"x"), cache.http_v2(URL + "2", b"y")
    before = seen(cache.path)
    rename = refusing(errno.EXDEV, unless=lambda name: not name.startswith(stuck[-56:]))
    report = trashed(cache, system=a_system(rename=rename))
    assert states(report) == {stuck: State.FAILED, free: State.TRASHED}
    assert [outcome.error for outcome in report.failed] == [os.strerror(errno.EXDEV)]
    assert {path for path in left(cache) if not path.endswith("/")} == {stuck, stuck + ".body"}
    assert {outcome.state for outcome in undone(cache).outcomes} == {State.RESTORED}
    assert seen(cache.path) == before


def test_if_a_disarming_cannot_be_noted_the_head_is_not_written(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    before = seen(cache.path)
    said: list[bytes | memoryview] = []

    def write(descriptor: int, content: bytes | memoryview) -> int:
        said.append(content)
        if len(said) == 2:
            return os.write(descriptor, bytes(content)[:7])
        if len(said) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, content)

    report = trashed(cache, system=a_system(write=write))
    assert (only(report).state, only(report).error) == (State.FAILED, os.strerror(errno.ENOSPC))
    assert seen(cache.path) == before
    assert (cache.real(head).exists(), runs(cache)) == (True, [])


def test_a_trash_that_vanishes_takes_nothing_along(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")

    def rename(name: str, to: str, **where: int) -> None:
        for run in runs(cache):
            (run / "manifest").unlink()
            run.rmdir()
        os.rename(name, to, **where)

    report = trashed(cache, is_exclusive=True, system=a_system(rename=rename))
    assert (only(report).state, only(report).error) == (State.FAILED, "the trash has vanished")
    assert left(cache) == {head, head + ".body"}


def test_a_file_that_a_pip_removes_first_is_gone(cache: Cache) -> None:
    cache.http_v2(URL, b"x", has_body=False)

    def rename(name: str, to: str, **where: Any) -> None:  # noqa: ANN401 - as `os.rename` takes it
        if len(name) < 200:
            os.unlink(name, dir_fd=where["src_dir_fd"])
        os.rename(name, to, **where)

    outcome = only(trashed(cache, system=a_system(rename=rename)))
    assert (outcome.moved, outcome.error) == ((), None)
    assert left(cache) == {"http-v2/"}


def make_link(trash: Path, outside: Path) -> None:
    trash.symlink_to(outside)


def make_file(trash: Path, _outside: Path) -> None:
    trash.write_bytes(b"mine")


def make_open_to_all(trash: Path, _outside: Path) -> None:
    trash.mkdir()
    trash.chmod(0o777)


def make_readable(trash: Path, _outside: Path) -> None:
    trash.mkdir()
    trash.chmod(0o740)


def make_anothers(trash: Path, _outside: Path) -> None:
    trash.mkdir(mode=0o700)
    os.chown(trash, 12_345, 12_345)


@pytest.mark.parametrize(
    "make",
    [make_link, make_file, make_open_to_all, make_readable, pytest.param(make_anothers, marks=is_root)],
)
@MACHINES
def test_a_trash_that_is_not_ours_alone_is_refused(
    cache: Cache,
    tmp_path: Path,
    make: Callable[[Path, Path], None],
    has_descriptors: bool,  # noqa: FBT001 - a row's value
) -> None:
    cache.http_v2(URL, b"x")
    trashed(cache)
    trash = the_trash(cache)
    undone(cache)
    assert not trash.exists()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "20200101T000000Z").mkdir()
    (tmp_path / "outside" / "20200101T000000Z" / "0").write_bytes(b"mine")
    make(trash, tmp_path / "outside")
    before = tree(tmp_path)
    system = machine(has_descriptors=has_descriptors)
    for verb in (trashed, undone):
        with pytest.raises(BadRequestError, match=r"trash: .*move it away"):
            verb(cache, system=system)
    with pytest.raises(BadRequestError, match=r"trash: .*move it away"):
        listed(str(cache.path), system)
    assert tree(tmp_path) == before
    carried_out(planned(cache), system=system)  # which has no need of it
    assert left(cache) == {"http-v2/"}
    assert {path: one for path, one in tree(tmp_path).items() if not path.startswith("cache")} == {
        path: one for path, one in before.items() if not path.startswith("cache")
    }
