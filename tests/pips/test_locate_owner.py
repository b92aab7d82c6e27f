"""What pip objects to in the owner and the rights of a directory."""

import os
from pathlib import Path

import pytest

from pipcacheplus.host.machine import Machine
from pipcacheplus.pips.locate import locate, owner_objection
from tests.support.machines import posix_only
from tests.support.owners import is_root


@posix_only
def test_a_path_in_a_directory_of_ones_own_meets_no_objection(tmp_path: Path) -> None:
    assert owner_objection(str(tmp_path / "not/there/yet"), os.geteuid()) is None


@posix_only
@is_root
def test_root_objects_to_a_directory_of_another_and_looks_no_higher(tmp_path: Path) -> None:
    (tmp_path / "other/mine").mkdir(parents=True)
    os.chown(tmp_path / "other", 65534, -1)

    objection = f"{tmp_path}/other belongs to user 65534, and pip runs as root"
    assert objection == owner_objection(str(tmp_path / "other/cache"), 0)
    assert owner_objection(str(tmp_path / "other/mine/cache"), 0) is None
    assert owner_objection(str(tmp_path / "other/cache"), None) is None


@posix_only
def test_root_objects_to_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    assert str(tmp_path / "loop") in (owner_objection(f"{tmp_path}/loop/cache", 0) or "")


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_user_objects_to_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir(mode=0o555)

    assert f"{tmp_path}/other is not writable" == owner_objection(str(tmp_path / "other/cache"), os.geteuid())


@posix_only
@is_root
def test_the_directory_is_told_although_pip_objects_to_its_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, -1)
    cache = locate(
        Machine(
            environ={"PIP_CACHE_DIR": str(tmp_path / "c")},
            platform="linux",
            home="/h",
            cwd="/",
            prefix="/no-such-prefix",
            uid=0,
            site_config=(),
        )
    )

    assert str(tmp_path / "c") == cache.path
    assert f"{tmp_path} belongs to user 65534, and pip runs as root" == cache.disabled_by
