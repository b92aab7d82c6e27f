"""Whether only this machine mounts the file system."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import psutil
import pytest

from pipcacheplus.host import filesystems as module
from pipcacheplus.host.filesystems import is_device_local, is_local, is_on_local, keeps_access_times

ROOT = ("/", "ext4", "rw,relatime")
HOME = ("/home", "nfs4", "rw")


class Part(NamedTuple):
    """As psutil has it."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


@pytest.mark.parametrize(
    ("path", "mounts", "is_alone"),
    [
        ("/srv/pip", [ROOT], True),
        ("/srv/pip", [ROOT, HOME], True),
        ("/home/me/pip", [ROOT, HOME], False),
        ("/home/me/pip", [HOME, ROOT], False),
        ("/homes/me", [ROOT, HOME], True),
        ("/home/me/local/pip", [ROOT, HOME, ("/home/me/local", "xfs", "rw")], True),
        ("/home/me", [ROOT, HOME, ("/home", "tmpfs", "rw")], True),  # the later one hides the other
        ("/home/me", [ROOT, ("/home", "tmpfs", "rw"), HOME], False),
        ("/mnt", [ROOT, ("/mnt", "fuse.sshfs", "rw")], False),
        ("/mnt", [ROOT, ("/mnt", "fuseblk", "rw")], True),
        ("/mnt", [ROOT, ("/mnt", "9p", "rw")], False),
        ("/mnt", [ROOT, ("/mnt", "cifs", "rw")], False),
        ("/mnt", [ROOT, ("/mnt", "virtiofs", "rw")], False),
        ("/mnt", [ROOT, ("/mnt", "something-new", "rw")], False),
        ("/mnt", [ROOT, ("/mnt", "", "rw")], False),
        ("/mnt", [ROOT, ("/mnt", "NTFS", "rw,fixed")], True),
        ("/mnt", [ROOT, ("/mnt", "NTFS", "rw,remote")], False),
        ("/srv/pip", [HOME], False),
        ("/srv/pip", [], False),
        ("/srv/pip", [("none", "ext4", "rw")], False),
    ],
)
def test_by_the_table_of_mounts(path: str, mounts: list[tuple[str, str, str]], is_alone: bool) -> None:  # noqa: FBT001 - a row's value
    assert is_on_local(path, mounts) is is_alone


def test_the_table_of_this_machine_is_read_by_the_real_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (tmp_path / "link").symlink_to(far)
    parts = [Part("a", os.path.abspath(os.sep), "ext4", "rw"), Part("b", os.path.realpath(far), "nfs", "rw")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda *, all: parts)  # noqa: A006 - psutil's name
    assert is_local(str(tmp_path))
    assert not is_local(str(tmp_path / "link"))


def test_a_table_that_cannot_be_read_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(**_how: bool) -> None:
        raise PermissionError

    monkeypatch.setattr(psutil, "disk_partitions", refuse)
    assert not is_local(str(tmp_path))


@pytest.mark.parametrize(("flags", "keeps"), [(0, True), (1024, False), (1024 + 1, False), (1, True)])
def test_a_file_system_says_if_it_keeps_no_access_times(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    flags: int,
    keeps: bool,  # noqa: FBT001 - a row's value
) -> None:
    status = SimpleNamespace(f_flag=flags)
    monkeypatch.setattr(os, "ST_NOATIME", 1024, raising=False)
    monkeypatch.setattr(os, "statvfs", lambda _path: status, raising=False)
    assert keeps_access_times(str(tmp_path)) is keeps
    monkeypatch.delattr(os, "ST_NOATIME")
    assert keeps_access_times(str(tmp_path))


TABLE = """22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw
28 1 254:0 / / rw,relatime - ext4 /dev/root rw
40 28 0:50 / /home rw,relatime shared:3 - nfs4 server:/home rw
41 28 0:50 /me /mnt/é rw - nfs4 server:/home rw
"""


@pytest.mark.skipif(not hasattr(os, "makedev"), reason="takes numbers of devices of POSIX")
@pytest.mark.parametrize(("device", "is_alone"), [((254, 0), True), ((0, 50), False), ((0, 21), False)])
def test_by_the_device_of_a_directory(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: tuple[int, int],
    is_alone: bool,  # noqa: FBT001 - a row's value
) -> None:
    (tmp_path / "mountinfo").write_text(TABLE, encoding="utf-8")
    monkeypatch.setattr(module, "_MOUNT_TABLE", str(tmp_path / "mountinfo"))
    assert is_device_local("/nowhere", os.makedev(*device)) is is_alone


@pytest.mark.parametrize("table", [None, "", "a b\n", "22 28 0:21 / /proc rw -"])
def test_a_device_that_no_table_names_is_told_by_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str | None
) -> None:
    if table is not None:
        (tmp_path / "mountinfo").write_text(table)
    monkeypatch.setattr(module, "_MOUNT_TABLE", str(tmp_path / "mountinfo"))
    assert is_device_local(str(tmp_path), tmp_path.stat().st_dev) is is_local(str(tmp_path))
