"""Rights of directories: what cannot be read or set is left as it is, and the rest is set."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.trash.folder_rights import FolderRights, give, plain_rights_of, rights_of
from tests.apply.doing import MACHINES, machine
from tests.apply.trashes import trashed, undone
from tests.support.builders import Cache
from tests.support.owners import as_somebody

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights are others there")

URL = "https://files.example/demo"


def test_an_owner_that_cannot_be_set_is_left_and_the_mode_is_set(theirs: Cache) -> None:
    folder = theirs.real(theirs.directory("http"))
    with as_somebody(theirs):
        owner = folder.stat().st_uid
        give(str(folder), FolderRights(mode=0o711, uid=0, gid=0))
        assert (folder.stat().st_uid, stat.S_IMODE(folder.stat().st_mode)) == (owner, 0o711)


def test_an_attribute_that_cannot_be_set_is_left_and_the_others_are_set(tmp_path: Path) -> None:
    if not hasattr(os, "setxattr"):
        pytest.skip("takes extended attributes")
    rights = plain_rights_of(str(tmp_path))
    attributes = (("system.posix_acl_access", b"no list"), ("user.note", b"kept"))
    give(str(tmp_path), rights._replace(attributes=attributes))
    try:
        kept = os.listxattr(tmp_path)
    except OSError:
        kept = []
    assert "system.posix_acl_access" not in kept
    assert plain_rights_of(str(tmp_path)) == rights


def test_where_attributes_cannot_be_read_a_directory_has_none(tmp_path: Path) -> None:
    if not hasattr(os, "O_PATH"):
        pytest.skip("takes a descriptor by which none can be read")
    descriptor = os.open(tmp_path, os.O_PATH)
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.listxattr(descriptor)
        assert rights_of(descriptor) == plain_rights_of(str(tmp_path))
    finally:
        os.close(descriptor)


@MACHINES
def test_a_directory_is_at_no_time_open_to_more_than_it_was(cache: Cache, has_descriptors: bool) -> None:  # noqa: FBT001 - a row's value
    head = cache.real(cache.http_v2(URL, b"x"))
    head.parent.chmod(0o700)
    made: dict[str, int] = {}

    def mkdir(name: str, mode: int = 0o777, **where: Any) -> None:  # noqa: ANN401 - as `os.mkdir` takes it
        os.mkdir(name, mode, **where)
        made[os.path.basename(name)] = stat.S_IMODE(os.stat(name, **where).st_mode)

    trashed(cache)
    undone(cache, system=machine(has_descriptors=has_descriptors, mkdir=mkdir))
    assert head.exists()
    assert made[head.parent.name] == 0o700
