"""Bringing back from the trash: byte for byte, with times and rights, and never over anything that is there."""

import errno
import os
import stat
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.run import apply
from pipcacheplus.model.values import State
from tests.apply.doing import MACHINES, left, machine, only, planned, states
from tests.apply.trashes import everything, runs, seen, trashed, undone
from tests.support.builders import NOW_S, Cache

URL = "https://files.example/demo"


@MACHINES
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_all_comes_back_byte_for_byte_with_times_and_rights(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    is_exclusive: bool,  # noqa: FBT001 - as above
) -> None:
    everything(cache)
    for number, path in enumerate(sorted(cache.path.rglob("*"))):
        path.chmod((0o700 if path.is_dir() else 0o600) | (0 if path.is_dir() else number % 8))
    before = seen(cache.path)
    system = machine(has_descriptors=has_descriptors)
    away = trashed(cache, is_exclusive=is_exclusive, system=system)
    assert seen(cache.path) != before
    report = undone(cache, system=system)
    assert seen(cache.path) == before
    assert set(states(report).values()) == {State.RESTORED}
    assert states(report).keys() == states(away).keys()
    assert [outcome.action.entry.kind for outcome in report.outcomes] == [o.action.entry.kind for o in away.outcomes]
    assert (report.run, report.freed_bytes, runs(cache)) == (away.run, 0, [])


def test_a_file_that_a_plan_names_twice_comes_back_once(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    other = cache.http_v2(URL + "2", b"x")
    before = seen(cache.path)
    plan = planned(cache)
    doubled = replace(plan, actions=(*plan.actions, *plan.actions))
    away = apply(doubled, is_exclusive=True, system=machine(), trash=True)
    assert [outcome.state for outcome in away.outcomes] == [State.TRASHED, State.TRASHED, State.GONE, State.GONE]
    report = undone(cache)
    assert [(outcome.action.entry.id, outcome.state) for outcome in report.outcomes] == [
        (one, State.RESTORED) for one in sorted([head, other])
    ]
    assert seen(cache.path) == before


def test_where_users_have_no_numbers_nobody_is_another(cache: Cache) -> None:
    everything(cache)
    before = seen(cache.path)
    trashed(cache, system=machine(uid=None))
    undone(cache, system=machine(uid=None))
    assert seen(cache.path) == before


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o770])
def test_directories_are_made_again_with_the_rights_of_those_above(cache: Cache, mode: int) -> None:
    head = cache.http_v2(URL, b"x")
    for folder in [cache.path, *cache.path.rglob("*")]:
        if folder.is_dir():
            folder.chmod(mode)
    before = seen(cache.path)
    trashed(cache)
    assert not cache.real(head).parent.exists()
    old = os.umask(0o077)
    try:
        undone(cache)
    finally:
        os.umask(old)
    assert seen(cache.path) == before


@MACHINES
def test_directories_are_made_again_with_the_rights_that_they_had(cache: Cache, has_descriptors: bool) -> None:  # noqa: FBT001 - a row's value
    cache.http_v2(URL, b"x")
    cache.build_directory(cache.built_wheel("demo"), b"half")
    cache.directory("http-v2/f/e")
    folders = [path for path in sorted(cache.path.rglob("*")) if path.is_dir()]
    for number, folder in enumerate(folders):
        folder.chmod((0o755, 0o700, 0o2770, 0o1711, 0o750)[number % 5])
    cache.path.chmod(0o700)
    before = seen(cache.path)
    system = machine(has_descriptors=has_descriptors)
    trashed(cache, system=system, is_exclusive=True)
    assert len(seen(cache.path)) < len(before)
    old = os.umask(0o027)
    try:
        undone(cache, system=system)
    finally:
        os.umask(old)
    assert seen(cache.path) == before


def attributes_of(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


ACL = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, rights, who)
    for tag, rights, who in [
        (0x01, 7, 2**32 - 1),
        (0x02, 5, 12_345),
        (0x04, 5, 2**32 - 1),
        (0x10, 5, 2**32 - 1),
        (0x20, 5, 2**32 - 1),
    ]
)
"""What `setfacl -m u:12345:rx` makes of 0755. Source: Linux 6.18, `include/uapi/linux/posix_acl_xattr.h`."""


@pytest.mark.parametrize(
    ("name", "value"),
    [("user.note", b"kept"), ("system.posix_acl_access", ACL), ("system.posix_acl_default", ACL)],
    ids=["attribute", "list", "default"],
)
@pytest.mark.parametrize("is_inherited", [False, True], ids=["one", "all"])
def test_access_lists_and_extended_attributes_come_back(
    cache: Cache,
    name: str,
    value: bytes,
    is_inherited: bool,  # noqa: FBT001 - a row's value
) -> None:
    head = cache.real(cache.http_v2(URL, b"x"))
    marked = [head, head.parent] if not is_inherited else [head, *list(head.parents)[:3]]
    try:
        for path in marked:
            if path.is_dir() or "default" not in name:
                os.setxattr(path, name, value)
    except (AttributeError, OSError) as error:
        pytest.skip(f"nothing of this kind is kept here: {error}")
    before = seen(cache.path)
    paths = [cache.path / path for path in before]
    had = {path: attributes_of(path) for path in paths}
    trashed(cache)
    assert not head.parent.exists()
    undone(cache)
    assert seen(cache.path) == before
    assert {path: attributes_of(path) for path in paths} == had


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="takes root to give a directory away")
def test_a_directory_comes_back_to_whom_it_belonged(cache: Cache) -> None:
    head = cache.real(cache.http_v2(URL, b"x"))
    os.chown(head.parent, 12_345, 12_346)
    head.parent.chmod(0o2750)
    trashed(cache)
    undone(cache)
    status = head.parent.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12_345, 12_346, 0o2750)


def test_an_area_that_is_gone_is_made_again(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    before = seen(cache.path)
    trashed(cache)
    cache.real("http-v2").rmdir()
    undone(cache)
    assert seen(cache.path).keys() == before.keys()


@MACHINES
@pytest.mark.parametrize("which", ["", ".body"], ids=["head", "body"])
def test_what_is_newer_stays_and_the_rest_of_the_entry_stays_in_the_trash(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    which: str,
) -> None:
    head, other = cache.http_v2(URL, b"x" * 300), cache.http_v2(URL + "2", b"y")
    before = seen(cache.path)
    system = machine(has_descriptors=has_descriptors)
    trashed(cache, system=system)
    cache.write(head + which, b"newer", age_s=5)
    report = undone(cache, system=system)
    assert states(report) == {head: State.CHANGED, other: State.RESTORED}
    assert [outcome.error for outcome in report.outcomes if outcome.state is State.CHANGED] == [
        "its place is taken by another file"
    ]
    assert left(cache) == {head + which, other, other + ".body"}
    assert cache.real(head + which).read_bytes() == b"newer"
    cache.real(head + which).unlink()
    assert states(undone(cache, system=system)) == {head: State.RESTORED}
    assert seen(cache.path) == before
    assert runs(cache) == []


@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize("which", ["", ".body"], ids=["head", "body"])
@MACHINES
def test_what_appears_between_the_look_and_the_move_stays_and_nothing_is_left_beside_it(
    cache: Cache,
    which: str,
    has_links: bool,  # noqa: FBT001 - a row's value
    has_descriptors: bool,  # noqa: FBT001 - as above
) -> None:
    head = cache.http_v2(URL, b"x" * 300)
    trashed(cache)

    def link(source: str, name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.link` takes it
        if name.endswith(".body") == bool(which):
            cache.real(head + which).write_bytes(b"newer")
        if not has_links:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        os.link(source, name, **where)

    report = undone(cache, system=machine(has_descriptors=has_descriptors, link=link))
    assert (only(report).state, only(report).moved) == (State.CHANGED, ())
    assert left(cache) == {head + which}
    assert cache.real(head + which).read_bytes() == b"newer"
    assert sorted(path.name for path in runs(cache)[0].iterdir()) == ["0", "1", "manifest"]


@MACHINES
def test_where_files_have_one_name_only_all_comes_back_too(cache: Cache, has_descriptors: bool) -> None:  # noqa: FBT001 - a row's value
    def link(*_names: str, **_where: int) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    everything(cache)
    before = seen(cache.path)
    trashed(cache)
    report = undone(cache, system=machine(has_descriptors=has_descriptors, link=link))
    assert set(states(report).values()) == {State.RESTORED}
    assert seen(cache.path) == before


def test_files_with_names_that_are_not_utf_8_come_back(cache: Cache) -> None:
    wheel = cache.built_wheel("demo")
    folder = cache.build_directory(wheel, b"half")
    with open(os.fsencode(cache.real(folder)) + b"/\xff\n\x1b", "wb") as file:
        file.write(b"x")
    os.utime(cache.real(folder), (NOW_S - 9e5, NOW_S - 9e5))
    before = seen(cache.path)
    trashed(cache, is_exclusive=True)
    undone(cache)
    assert seen(cache.path) == before
