"""Moving to the trash: where it lies, and when there can be none. Tests look at what is left."""

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.trash.location import run_name
from pipcacheplus.apply.trash.undo import trashed as listed
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import State
from tests.apply.doing import MACHINES, a_system, carried_out, left, machine, only, planned, states
from tests.apply.trashes import everything, place_of_trash, refusing, runs, seen, the_trash, trashed, undone
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


def test_the_first_run_is_named_after_the_time_and_the_next_a_second_later() -> None:
    first = run_name(0, None)
    assert (first, run_name(0, first)) == ("19700101T000000Z", "19700101T000001Z")


def test_a_run_that_removes_no_directory_is_named_too(cache: Cache) -> None:
    """Of the files alone it is seen that it was used."""
    wheel = cache.built_wheel("demo")
    report = trashed(cache)
    assert (only(report).state, only(report).folders) == (State.TRASHED, 0)
    assert left(cache) == {wheel.rpartition("/")[0] + "/"}
    assert [run.name for run in runs(cache)] == [report.run]
    assert only(undone(cache)).state is State.RESTORED


def test_a_manifest_is_for_this_user_only_and_names_no_directory_with_the_rights_of_the_one_above(
    cache: Cache,
) -> None:
    cache.http_v2(URL, b"x")
    for path in (cache.path, *cache.path.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    trashed(cache)
    (run,) = runs(cache)
    manifest = run / "manifest"
    assert manifest.stat().st_mode & 0o777 == 0o600
    assert '"folder"' not in manifest.read_text()


@pytest.mark.parametrize("fails_at", [2, 3, 4])
def test_half_a_line_that_cannot_be_written_leaves_all_other_lines_readable(cache: Cache, fails_at: int) -> None:
    """The first write is that of all entries; each further one notes what is overwritten in a head."""
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x", headers=page_headers(b"x"))
    before = seen(cache.path)
    writes = [0]

    def write(descriptor: int, content: bytes | memoryview) -> int:
        writes[0] += 1
        if writes[0] == fails_at:
            return os.write(descriptor, bytes(content)[:7])
        if writes[0] == fails_at + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, content)

    report = trashed(cache, system=a_system(write=write))
    assert [outcome.state for outcome in report.outcomes].count(State.FAILED) == 1
    (run,) = runs(cache)
    lines = (run / "manifest").read_bytes().splitlines(keepends=True)
    assert all(line.startswith(b"{") and line.endswith(b"}\n") for line in lines)
    assert sum(b"disarmed" in line for line in lines) == 2
    back = undone(cache)
    assert (back.warnings, {outcome.state for outcome in back.outcomes}) == ((), {State.RESTORED})
    assert seen(cache.path) == before


def test_the_current_directory_does_not_decide_what_can_be_moved(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    there = next((path for path in ("/proc", "/dev") if os.path.isdir(path)), None)
    if there is None or os.stat(there).st_dev == cache.path.stat().st_dev:
        pytest.skip("takes another file system")
    cache.http_v2(URL, b"x")
    monkeypatch.chdir(there)
    assert only(trashed(cache)).state is State.TRASHED


def test_two_runs_in_one_second_have_names_in_order(cache: Cache) -> None:
    names = []
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x")
        names.append(trashed(cache).run)
    assert names == sorted(set(names), key=str)
    assert [run.name for run in runs(cache)] == names
    assert left(cache) == {"http-v2/"}


@pytest.mark.parametrize(
    ("call", "number", "problem"),
    [
        ("rename", errno.EXDEV, "cannot take files of the cache: {}"),
        ("rename", errno.EROFS, "cannot take files of the cache: {}"),
        ("mkdir", errno.EACCES, "cannot be made: {}"),
        ("mkdir", errno.EROFS, "cannot be made: {}"),
        ("mkdir", errno.EEXIST, "has lost its trash"),
        ("write", errno.ENOSPC, "cannot be written: {}"),
        ("sync", errno.EIO, "cannot be {how}: {}"),
    ],
)
@MACHINES
def test_where_there_can_be_no_trash_nothing_is_touched(
    cache: Cache,
    call: str,
    number: int,
    problem: str,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
) -> None:
    everything(cache)
    before = seen(cache.path)
    changes: dict[str, Any] = {call: refusing(number)}
    with pytest.raises(BadRequestError) as caught:
        trashed(cache, system=machine(has_descriptors=has_descriptors, **changes))
    where = cache.path if problem == "has lost its trash" else place_of_trash(cache)
    problem = problem.format(os.strerror(number), how="made" if has_descriptors else "written")
    assert str(caught.value) == f"trash: {where} {problem}; remove without the trash"
    assert seen(cache.path) == before
    assert list(cache.path.parent.glob(".pipcacheplus-trash-*")) == []


def test_a_trash_that_can_be_neither_kept_nor_removed_is_refused_with_the_first_reason(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    with pytest.raises(BadRequestError, match=f"cannot be made: {os.strerror(errno.EIO)}"):
        trashed(cache, system=a_system(sync=refusing(errno.EIO), rmdir=refusing(errno.EACCES)))
    assert len(left(cache)) == 2


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


OPEN = "can be read or written by others"
ANOTHERS = "belongs to another user (uid 12345, not 0)"


@pytest.mark.parametrize(
    ("make", "problem", "problem_by_path"),
    [
        (make_link, "cannot be opened as a directory: {}", "is not a directory"),
        (make_file, "cannot be opened as a directory: {}", "is not a directory"),
        (make_open_to_all, OPEN, OPEN),
        (make_readable, OPEN, OPEN),
        pytest.param(make_anothers, ANOTHERS, ANOTHERS, marks=is_root),
    ],
)
@MACHINES
def test_a_trash_that_is_not_ours_alone_is_refused(
    cache: Cache,
    tmp_path: Path,
    make: Callable[[Path, Path], None],
    problem: str,
    problem_by_path: str,
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
    problem = f"{trash} {problem if has_descriptors else problem_by_path}".format(os.strerror(errno.ENOTDIR))
    sentence = f"trash: {problem}; look at what lies there, and move it away"
    verbs: list[Callable[[], object]] = [
        partial(trashed, cache, system=system),
        partial(trashed, cache, system=system, is_planned=True),
        partial(undone, cache, system=system),
        partial(listed, str(cache.path), system),
    ]
    for verb in verbs:
        with pytest.raises(BadRequestError) as caught:
            verb()
        assert str(caught.value) == sentence
    assert tree(tmp_path) == before
    carried_out(planned(cache), system=system)  # which has no need of it
    assert left(cache) == {"http-v2/"}
    assert {path: one for path, one in tree(tmp_path).items() if not path.startswith("cache")} == {
        path: one for path, one in before.items() if not path.startswith("cache")
    }
