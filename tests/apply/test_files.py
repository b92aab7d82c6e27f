"""How a file leaves where the system is another: without descriptors of directories, with open files that stay."""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.entries import reason_of
from pipcacheplus.apply.files import Removed, on_disk, open_held, real_path, remove, status_of
from pipcacheplus.apply.folders import tidy
from pipcacheplus.apply.system import System, is_link
from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.disk.open_cache import OpenCache, file_of
from pipcacheplus.errors import NotACacheError
from pipcacheplus.model.values import (
    Action,
    Area,
    CacheDir,
    Entry,
    File,
    Folder,
    Measure,
    Plan,
    Shape,
    Source,
    State,
    Warned,
)
from tests.apply.doing import MACHINES, Clock, a_system, carried_out, left, machine, only, planned, states
from tests.support.builders import Cache, page_headers, tree
from tests.support.holding import open_at
from tests.support.mounts import MountedAs
from tests.support.owners import as_somebody
from tests.support.stored import response
from tests.support.values import a_file, an_action, an_entry

URL = "https://files.example/demo"


def without_descriptors(clock: Clock | None = None, **changes: Any) -> System:  # noqa: ANN401 - any field
    """Return a machine that reaches files by their paths only, and keeps none open, as Windows does."""
    return a_system(clock, has_descriptors=False, max_handles=0, **changes)


@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_by_paths_the_same_goes(cache: Cache, tmp_path: Path, is_exclusive: bool) -> None:  # noqa: FBT001 - a row's value
    cache.http_v2(URL, b"x" * 5000)
    cache.http(URL, b"x")
    wheel = cache.built_wheel("demo")
    cache.directory("http-v2/0/1/2/3")
    notes = cache.foreign()
    system = without_descriptors(lock_folder=str(tmp_path / "locks"))
    report = carried_out(planned(cache), system=system, is_exclusive=is_exclusive)
    assert set(states(report).values()) == {State.REMOVED}
    for outcome in report.outcomes:
        assert set(outcome.removed) == set(outcome.action.files)
        assert outcome.disk_size == sum(file.disk_size for file in outcome.removed)
    leaf = wheel.rpartition("/")[0]
    assert left(cache) == {notes, "http/", "http-v2/", "wheels/" if is_exclusive else leaf + "/"}


def test_by_paths_no_link_is_followed(cache: Cache, tmp_path: Path) -> None:
    head = cache.http_v2(URL, b"x")
    plan = planned(cache)
    (tmp_path / "outside").mkdir()
    cache.real("http-v2").rename(tmp_path / "outside" / "http-v2")
    cache.real("http-v2").symlink_to(tmp_path / "outside" / "http-v2")
    report = carried_out(plan, system=without_descriptors())
    assert (report.plan, only(report).state) == (plan, State.CHANGED)
    assert (tmp_path / "outside" / head).exists()


def test_by_paths_a_link_on_the_way_is_told(cache: Cache, tmp_path: Path) -> None:
    (cache.path / "http").symlink_to(tmp_path)
    with OpenCache(str(cache.path)) as opened, pytest.raises(OSError) as caught:  # noqa: PT011 - the whole of it is compared
        real_path(opened, "http/0/1")
    assert caught.value.args == (errno.ELOOP, "a link is not followed")
    assert caught.value.filename == "http/0/1"


@MACHINES
@pytest.mark.parametrize("writes", [True, False], ids=["writing", "reading"])
def test_a_file_is_opened_for_what_it_is_wanted_for_and_no_link_leads_to_it(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    writes: bool,  # noqa: FBT001 - as above
) -> None:
    fcntl = pytest.importorskip("fcntl")
    cache.foreign("http/0/notes")
    cache.real("http/link").symlink_to("0")
    cache.real("http/0/link").symlink_to("notes")
    system = machine(has_descriptors=has_descriptors)
    with OpenCache(str(cache.path)) as opened:
        descriptor, _ = open_held(opened, "http/0/notes", system, writes=writes)
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        os.close(descriptor)
        assert flags & os.O_ACCMODE == (os.O_RDWR if writes else os.O_RDONLY)
        assert flags & os.O_NONBLOCK
        for path in ("http/link/notes", "http/0/link"):
            with pytest.raises(OSError) as caught:  # noqa: PT011 - which one differs from system to system
                open_held(opened, path, system, writes=writes)
            assert caught.value.errno in {errno.ENOTDIR, errno.ELOOP}


def test_reading_a_file_of_another_user_moves_its_access_time(theirs: Cache) -> None:
    """Only the owner may open it without that: here root owns it, and another user reads it."""
    there = "/etc/passwd"
    if os.name == "nt" or os.stat(there).st_uid != 0:
        pytest.skip("takes a file of root that all may read")
    with as_somebody(theirs), OpenCache(os.path.dirname(there)) as opened:
        descriptor, is_moved = open_held(opened, os.path.basename(there), a_system(), writes=False)
        os.close(descriptor)
    assert is_moved


def test_a_status_is_that_of_the_name_itself_and_no_link_leads_to_it(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "outside" / "0").mkdir(parents=True)
    cache.directory("http-v2")
    (cache.path / "http-v2" / "link").symlink_to(tmp_path / "outside")
    with OpenCache(str(cache.path)) as opened:
        assert stat.S_ISLNK(status_of(opened, "http-v2/link", a_system()).st_mode)
        with pytest.raises(OSError) as caught:  # noqa: PT011 - which one differs from system to system
            status_of(opened, "http-v2/link/0", a_system())
    assert caught.value.errno in {errno.ENOTDIR, errno.ELOOP}


@pytest.mark.parametrize("which", ["http-v2/0", "http-v2/0/1/2/4"])
def test_no_empty_directory_goes_that_a_link_leads_to(cache: Cache, tmp_path: Path, which: str) -> None:
    head = f"http-v2/0/1/2/4/8/01248{'a' * 51}"
    (tmp_path / "outside" / "0/1/2/4/8").mkdir(parents=True)
    cache.directory(which.rpartition("/")[0])
    cache.real(which).symlink_to(tmp_path / "outside" / which.partition("/")[2])
    with OpenCache(str(cache.path)) as opened:
        removed = Removed()
        tidy(opened, an_action(an_entry(a_file(head))), a_system(), removed, is_exclusive=True, following="")
    assert removed.folders == 0
    assert (tmp_path / "outside" / "0/1/2/4/8").is_dir()


@pytest.mark.parametrize(("kind", "tag", "is_one"), [("dir", 0xA0000003, True), ("dir", 0, False), ("link", 0, True)])
def test_a_junction_is_a_link(tmp_path: Path, kind: str, tag: int, is_one: bool) -> None:  # noqa: FBT001 - a row's value
    class Status:
        """What Windows says."""

        st_mode = os.lstat(tmp_path).st_mode if kind == "dir" else stat.S_IFLNK
        st_reparse_tag = tag

    assert is_link(Status()) is is_one  # type: ignore[arg-type] # as far as it is looked at
    assert not is_link(os.lstat(tmp_path))


def test_a_reason_is_what_the_system_says_or_else_what_there_is() -> None:
    assert reason_of(OSError(errno.EIO, "cannot")) == "cannot"
    assert reason_of(OSError("odd")) == "odd"


@pytest.mark.parametrize(("size", "found"), [(0, 0), (1, 512), (512, 512), (513, 1024)])
def test_where_no_blocks_are_reported_a_file_takes_whole_sectors(size: int, found: int) -> None:
    status = type("Status", (), {"st_size": size})
    assert on_disk(status) == found  # type: ignore[arg-type] # as far as it is looked at


def test_a_directory_of_which_nothing_is_reported_is_counted_without_bytes() -> None:
    removed = Removed()
    removed.add_folder(None)
    assert (removed.folders, removed.folder_disk_size) == (1, 0)


@pytest.mark.parametrize("is_planned", [True, False], ids=["dry", "real"])
@MACHINES
def test_removed_directories_are_counted_with_their_bytes(
    cache: Cache,
    is_planned: bool,  # noqa: FBT001 - a row's value
    has_descriptors: bool,  # noqa: FBT001 - as above
) -> None:
    head = cache.real(cache.http_v2(URL, b"x"))
    blocks = [folder.stat().st_blocks for folder in head.parents[:5]]
    system = machine(has_descriptors=has_descriptors)
    outcome = only(carried_out(planned(cache), is_exclusive=True, is_planned=is_planned, system=system))
    assert (outcome.folders, outcome.folder_disk_size) == (5, sum(blocks) * 512)
    assert head.parents[0].exists() is is_planned


def test_by_paths_a_hard_link_frees_nothing(cache: Cache, tmp_path: Path) -> None:
    cache.http(URL, b"x" * 5000, headers={})
    plan_path = cache.real(next(iter(left(cache))))
    os.link(plan_path, tmp_path / "second")
    report = carried_out(planned(cache), system=without_descriptors())
    assert (only(report).state, only(report).disk_size) == (State.REMOVED, 0)
    assert left(cache) == {"http/"}


class InUseError(OSError):
    """What Windows says of a file that somebody has open."""

    winerror = 32


def in_use(times: int) -> Callable[..., None]:
    """Unlink, but for the first few times."""
    said = [0]

    def unlink(name: str, **where: int) -> None:
        if said[0] < times:
            said[0] += 1
            raise InUseError(13, "The process cannot access the file because it is being used by another process")
        os.unlink(name, **where)

    return unlink


@pytest.mark.parametrize("machine", [a_system, without_descriptors])
@pytest.mark.parametrize(("times", "state"), [(0, State.REMOVED), (2, State.REMOVED), (3, State.BUSY)])
def test_a_file_that_others_have_open_is_tried_three_times_within_a_second(
    cache: Cache, machine: Callable[..., System], times: int, state: State
) -> None:
    head = cache.http_v2(URL, b"x", has_body=False)
    clock = Clock()
    report = carried_out(planned(cache), system=machine(clock, unlink=in_use(times)))
    assert only(report).state is state
    assert clock.slept_s <= 1
    assert left(cache) == ({"http-v2/"} if state is State.REMOVED else {head})


@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_a_wheel_whose_directory_vanished_is_gone(cache: Cache, is_exclusive: bool) -> None:  # noqa: FBT001 - a row's value
    wheel = cache.built_wheel("demo")
    plan = planned(cache)
    shutil.rmtree(cache.real(wheel).parent)
    assert only(carried_out(plan, is_exclusive=is_exclusive)).state is State.GONE
    assert cache.real("wheels").is_dir()
    assert not left(cache) & {wheel}


@pytest.mark.parametrize("machine", [a_system, without_descriptors])
def test_a_file_that_changes_between_the_look_and_the_removal_stays(
    cache: Cache, machine: Callable[..., System]
) -> None:
    head = cache.http_v2(URL, b"x", has_body=False)
    (judged,) = planned(cache).actions[0].files
    cache.write(head, b"renewed", age_s=5)
    removed = Removed()
    with OpenCache(str(cache.path)) as opened:
        assert remove(opened, judged, machine(), removed, judged=judged) is State.CHANGED
    assert (removed.files, removed.disk_size) == ([], 0)
    assert left(cache) == {head}


@pytest.mark.parametrize("links", [1, 2])
def test_if_nothing_can_be_learned_of_a_removed_file_its_bytes_are_a_bound(
    cache: Cache, tmp_path: Path, links: int
) -> None:
    """As FUSE may find an open file only by its name."""
    path = cache.real(cache.http(URL, b"x" * 9000))
    blocks = path.stat().st_blocks
    if links == 2:
        os.link(path, tmp_path / "second")

    def unlink(name: str, **where: int) -> None:
        for descriptor in open_at(path):
            os.close(descriptor)
        os.unlink(name, **where)

    outcome = only(carried_out(planned(cache), is_exclusive=True, system=a_system(unlink=unlink)))
    assert (outcome.state, outcome.measure) == (State.REMOVED, Measure.AT_LEAST)
    assert outcome.disk_size == (blocks * 512 if links == 1 else 0)
    assert left(cache) == {"http/"}


def test_a_file_that_only_gets_another_name_gives_at_least_nothing_back(cache: Cache, tmp_path: Path) -> None:
    """As NFS removes a file that is open."""
    path = cache.real(cache.http(URL, b"x" * 9000))

    def unlink(_name: str, **_where: int) -> None:
        path.rename(tmp_path / ".nfs01")

    outcome = only(carried_out(planned(cache), is_exclusive=True, system=a_system(unlink=unlink)))
    assert (outcome.state, outcome.disk_size, outcome.measure) == (State.REMOVED, 0, Measure.AT_LEAST)


@pytest.mark.parametrize("machine", [a_system, without_descriptors])
def test_a_file_that_a_pip_removes_first_is_gone(cache: Cache, machine: Callable[..., System]) -> None:
    cache.http_v2(URL, b"x", has_body=False)

    def unlink(name: str, **where: int) -> None:
        os.unlink(name, **where)
        os.unlink(name, **where)

    outcome = only(carried_out(planned(cache), system=machine(unlink=unlink)))
    assert (outcome.removed, outcome.error, outcome.disk_size) == ((), None, 0)
    assert left(cache) == {"http-v2/"}


def test_a_file_that_cannot_be_looked_at_fails(cache: Cache) -> None:
    """So many directories below each other are not entered."""
    deep = "/".join(("wheels/18/ac/23", "5" * 50, "tmpab12cd_9", *["x"] * 70))
    entry = an_entry(a_file(cache.write(f"{deep}/demo")), area=Area.WHEELS, shape=Shape.BUILD)
    assert only(carried_out(a_plan(cache, entry), is_exclusive=True)).state is State.FAILED
    assert left(cache) == {f"{deep}/demo"}


@pytest.mark.parametrize("machine", [a_system, without_descriptors])
def test_a_directory_that_cannot_go_is_a_failure(cache: Cache, machine: Callable[..., System]) -> None:
    def rmdir(path: str, **_where: int) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)

    folder = cache.directory("http-v2/0/1")
    outcome = only(carried_out(planned(cache), system=machine(rmdir=rmdir)))
    assert (outcome.state, outcome.error) == (State.FAILED, os.strerror(errno.EBUSY))
    assert left(cache) == {folder + "/"}


def test_what_lies_in_a_directory_of_its_own_is_not_gone_while_that_is_there(cache: Cache) -> None:
    def rmdir(path: str, **where: int) -> None:
        if path.endswith(".lock"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        os.rmdir(path, **where)

    lock = cache.lock_directory("http/0/1/2/4/8/01248" + "a" * 51, host="here", pid=5)
    outcome = only(carried_out(planned(cache), system=a_system(rmdir=rmdir)))
    assert (outcome.state, outcome.error, len(outcome.removed)) == (State.FAILED, os.strerror(errno.EIO), 1)
    assert left(cache) == {lock + "/"}


def test_a_directory_that_vanished_is_gone(cache: Cache) -> None:
    folder = cache.directory("http-v2/0/1")
    plan = planned(cache)
    cache.real(folder).rmdir()
    assert only(carried_out(plan)).state in {State.GONE, State.REMOVED}
    assert left(cache) == {"http-v2/"}


def a_folder(cache: Cache, path: str) -> Folder:
    status = os.lstat(cache.real(path))
    return Folder(path=path, mtime_ns=status.st_mtime_ns, inode=status.st_ino, device=status.st_dev)


def a_plan(cache: Cache, entry: Entry) -> Plan:
    return Plan(cache=CacheDir(path=str(cache.path), source=Source.ARGUMENT), actions=(an_action(entry),))


@pytest.mark.parametrize("path", ["notes", "http-v2/../outside", "http-v2/0/../../../outside", "wheels/zz"])
def test_a_plan_that_names_a_directory_that_is_not_pips_removes_none(cache: Cache, tmp_path: Path, path: str) -> None:
    for name in ("notes", "wheels/zz", "http-v2/0/1", "outside"):
        cache.directory(name)
    (tmp_path / "outside").mkdir()
    entry = an_entry(id=path, area=Area.HTTP_V2, shape=Shape.EMPTY_DIRECTORY, folders=(a_folder(cache, path),))
    before = tree(tmp_path)
    assert only(carried_out(a_plan(cache, entry))).state is State.CHANGED
    assert tree(tmp_path) == before


def test_a_plan_of_a_response_without_files_is_one_of_a_directory(cache: Cache) -> None:
    cache.directory("http-v2/0/1")
    entry = an_entry(id="http-v2/0/1", folders=(a_folder(cache, "http-v2/0/1"),))
    assert only(carried_out(a_plan(cache, entry))).state is State.REMOVED
    assert left(cache) == {"http-v2/"}


@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
@pytest.mark.parametrize("shape", [Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL, Shape.TEMPORARY])
@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "http-v2/../outside/x",
        "../notes.txt",
        "/etc/hostname",
        "wheels/18/ac/23/" + "5" * 50 + "/tmpab12cd_9/../../../../../../outside/x",
        "wheels/18/ac/23/" + "5" * 50 + "/tmpab12cd_9//demo-1.0-py3-none-any.whl",
        "http-v2/0/1/2/4/8/x",
    ],
)
def test_a_plan_that_names_what_is_not_pips_changes_nothing(
    cache: Cache,
    tmp_path: Path,
    path: str,
    shape: Shape,
    is_exclusive: bool,  # noqa: FBT001 - a row's value
) -> None:
    """The stamps are right, so that the name alone can tell."""
    content = response(b"", page_headers(b"x"))
    (tmp_path / "notes.txt").write_bytes(content)
    cache.build_directory("wheels/18/ac/23/" + "5" * 50 + "/demo-1.0-py3-none-any.whl", b"half")
    for foreign in ("notes.txt", "outside/x", "http-v2/0/1/2/4/8/x"):
        cache.foreign(foreign, content)
    file = file_of(path, os.lstat(cache.path / path))
    before = tree(tmp_path)
    outcome = only(carried_out(a_plan(cache, an_entry(file, shape=shape)), is_exclusive=is_exclusive))
    assert (outcome.state, outcome.error) == (State.CHANGED, "has a name that no pip writes")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "path", ["", "http-v2/0/1/2/4/8/01248" + "a" * 51 + "\0", ".", "http-v2/..", "/selfcheck.json"]
)
def test_a_plan_with_names_that_are_none_changes_nothing(cache: Cache, path: str) -> None:
    cache.http_v2(URL, b"x")
    before = tree(cache.path)
    for entry in (an_entry(path), an_entry(id=path), an_entry(id=path, folders=(a_folder(cache, ""),))):
        assert only(carried_out(a_plan(cache, entry))).state is State.CHANGED
    assert tree(cache.path) == before


def test_a_cache_of_another_user_is_refused_by_what_is_open(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    with pytest.raises(NotACacheError, match="another user"):
        carried_out(planned(cache), system=a_system(uid=os.geteuid() + 1))
    with pytest.raises(NotACacheError, match="another user"):
        carried_out(planned(cache), system=without_descriptors(uid=os.geteuid() + 1))
    assert left(cache) == {head, head + ".body"}


def test_where_users_have_no_numbers_nobody_is_another(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    carried_out(planned(cache), system=a_system(uid=None))
    assert left(cache) == {"http-v2/"}


def test_warnings_of_the_plan_are_in_the_report(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    plan = replace(planned(cache), warnings=(Warned(path="http", message="cannot be listed"),))
    assert carried_out(plan).warnings == plan.warnings


@pytest.fixture
def renumbering(mounted_as: MountedAs) -> None:
    """Have the table say that this is a file system where a file may get another number."""
    mounted_as("fuse.somefs")


def with_numbers_of_others(plan: Plan, **changes: int) -> Plan:
    """Return a plan that saw other numbers of files and directories, and more that was other."""

    def other(file: File) -> File:
        return file._replace(inode=file.inode + 1, **{name: getattr(file, name) + by for name, by in changes.items()})

    def seen_otherwise(action: Action) -> Action:
        entry = replace(
            action.entry,
            files=tuple(map(other, action.entry.files)),
            folders=tuple(folder._replace(inode=folder.inode + 1) for folder in action.entry.folders),
        )
        return replace(action, entry=entry, files=tuple(map(other, action.files)))

    return replace(plan, actions=tuple(map(seen_otherwise, plan.actions)))


@pytest.mark.usefixtures("renumbering")
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_where_files_keep_no_numbers_they_go_all_the_same(cache: Cache, is_exclusive: bool) -> None:  # noqa: FBT001 - a row's value
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    cache.directory("http-v2/0/1/2/3")
    report = carried_out(with_numbers_of_others(planned(cache)), is_exclusive=is_exclusive)
    assert set(states(report).values()) == {State.REMOVED}
    assert left(cache) == {"http-v2/"}


@pytest.mark.usefixtures("renumbering")
@pytest.mark.parametrize("component", ["ctime_ns", "mtime_ns", "size"])
def test_what_changed_stays_where_files_keep_no_numbers(cache: Cache, component: str) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    plan = with_numbers_of_others(planned(cache), **{component: -1})
    assert states(carried_out(plan)) == {head: State.CHANGED}
    assert left(cache) == {head, head + ".body"}


def test_a_file_of_another_number_stays_where_files_keep_theirs(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    assert states(carried_out(with_numbers_of_others(planned(cache)))) == {head: State.CHANGED}
    assert left(cache) == {head, head + ".body"}


@pytest.mark.parametrize(
    ("kind", "measure"),
    [
        ("ext4", Measure.EXACT),
        ("btrfs", Measure.UP_TO),
        ("xfs", Measure.UP_TO),
        ("overlay", Measure.UP_TO),  # of which nobody tells the layers, as it is none
    ],
)
@pytest.mark.parametrize("dry_run", [True, False], ids=["dry", "real"])
def test_bytes_are_a_bound_where_files_can_share_blocks(
    cache: Cache,
    mounted_as: MountedAs,
    kind: str,
    measure: Measure,
    dry_run: bool,  # noqa: FBT001 - a row's value
) -> None:
    cache.http_v2(URL, b"x" * 9000)
    mounted_as(kind)
    opened = PipCache(cache.path)
    report = opened.apply(opened.plan_purge(), dry_run=dry_run, exclusive=True)
    assert (report.measure, only(report).measure) == (measure, measure)
    assert only(report).disk_size > 9000


@pytest.mark.parametrize(("kind", "measure"), [("ext4", Measure.EXACT), ("btrfs", Measure.UP_TO)])
def test_so_are_bytes_that_emptying_the_trash_gives_back(
    cache: Cache, mounted_as: MountedAs, kind: str, measure: Measure
) -> None:
    cache.http_v2(URL, b"x" * 9000)
    mounted_as(kind)
    opened = PipCache(cache.path)
    moved = opened.apply(opened.plan_purge(), exclusive=True, trash=True)
    assert (moved.measure, moved.emptied_measure) == (Measure.EXACT, Measure.EXACT)
    emptied = opened.apply(opened.plan_purge(), exclusive=True, trash_size=0)
    assert emptied.emptied_bytes > 9000
    assert emptied.emptied_measure is measure
