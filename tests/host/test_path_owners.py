"""Who could replace a directory, by the directories and links on the path to it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipcacheplus.host.identity import identity_of, is_another
from pipcacheplus.host.path_owners import why_replaceable
from tests.support.owners import SOMEBODY, home_of_somebody, is_root

_ANOTHER = SOMEBODY + 1


@pytest.fixture
def top() -> Iterator[Path]:
    """Make a directory of root's that every user gets to, with directories inside each other."""
    with home_of_somebody() as home:
        (home / "a" / "b" / "pip").mkdir(parents=True)
        yield home


def give(uid: int, *paths: Path) -> None:
    """Give directories or links to a user."""
    for path in paths:
        os.chown(path, uid, uid, follow_symlinks=False)


@is_root
def test_a_path_of_root_or_of_the_owner_cannot_be_replaced_by_another_user(top: Path) -> None:
    assert why_replaceable(str(top / "a" / "b" / "pip"), 0) is None
    give(SOMEBODY, top / "a", top / "a" / "b" / "pip")
    assert why_replaceable(str(top / "a" / "b" / "pip"), SOMEBODY) is None
    assert why_replaceable(f"{top}/a/./b/../b//pip", SOMEBODY) is None


@is_root
@pytest.mark.parametrize("owner", [0, _ANOTHER])
def test_a_directory_in_which_another_user_may_rename_is_named(top: Path, owner: int) -> None:
    """So is root's directory in the home of a user, whose process would be one of root."""
    give(SOMEBODY, top / "a")
    give(owner, top / "a" / "b" / "pip")
    reason = why_replaceable(str(top / "a" / "b" / "pip"), owner)
    assert reason == f"{top}/a, in which it lies, belongs to another user (uid {SOMEBODY}), who could replace it"


@is_root
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
@pytest.mark.parametrize("owner", [0, SOMEBODY])
def test_a_directory_of_root_that_others_can_write_to_is_named_unless_names_are_their_owners(
    top: Path, owner: int, mode: int
) -> None:
    give(owner, top / "a" / "b" / "pip")
    (top / "a").chmod(mode)
    reason = why_replaceable(str(top / "a" / "b" / "pip"), owner)
    assert reason == f"others can write to {top}/a, in which it lies, and could replace it"
    (top / "a").chmod(mode | 0o1000)
    assert why_replaceable(str(top / "a" / "b" / "pip"), owner) is None


@is_root
def test_a_directory_of_the_owner_may_be_writable_by_the_group(top: Path) -> None:
    """As on systems where each user has a group of the same name."""
    give(SOMEBODY, top / "a", top / "a" / "b", top / "a" / "b" / "pip")
    (top / "a").chmod(0o775)
    assert why_replaceable(str(top / "a" / "b" / "pip"), SOMEBODY) is None


@is_root
def test_the_directories_that_a_link_passes_through_count(top: Path) -> None:
    give(SOMEBODY, top / "a" / "b" / "pip")
    (top / "x").mkdir()
    (top / "x" / "link").symlink_to("../a/b")
    (top / "y").symlink_to(top / "x" / "link")
    assert why_replaceable(str(top / "y" / "pip"), SOMEBODY) is None
    give(_ANOTHER, top / "x")
    assert f"{top}/x, in which" in (why_replaceable(str(top / "y" / "pip"), SOMEBODY) or "")
    give(0, top / "x")
    give(_ANOTHER, top / "a")
    assert f"{top}/a, in which" in (why_replaceable(str(top / "y" / "pip"), SOMEBODY) or "")


@is_root
def test_a_link_of_a_third_user_is_named_also_where_all_may_write(top: Path) -> None:
    give(SOMEBODY, top / "a" / "b" / "pip")
    (top / "shared").mkdir()
    (top / "shared").chmod(0o1777)
    (top / "shared" / "link").symlink_to(top / "a" / "b")
    assert why_replaceable(str(top / "shared" / "link" / "pip"), SOMEBODY) is None
    give(_ANOTHER, top / "shared" / "link")
    reason = why_replaceable(str(top / "shared" / "link" / "pip"), SOMEBODY)
    assert reason == f"the link {top}/shared/link leads there, and belongs to neither its owner nor root"


def test_links_in_a_circle_are_an_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "one of too many" in (why_replaceable(str(tmp_path / "a" / "pip"), os.stat(tmp_path).st_uid) or "")


def test_another_directory_in_the_same_place_is_noticed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    status = os.stat(tmp_path / "a")
    identity = identity_of(status.st_dev, status.st_ino)
    assert not is_another(str(tmp_path / "a"), identity)
    (tmp_path / "link").symlink_to("a")
    assert not is_another(str(tmp_path / "link"), identity)
    (tmp_path / "a").rename(tmp_path / "c")
    (tmp_path / "b").rename(tmp_path / "a")
    assert is_another(str(tmp_path / "a"), identity)
    assert not is_another(str(tmp_path / "c"), identity)
    assert not is_another(str(tmp_path / "nothing"), identity)


def test_the_device_counts_on_the_machine_that_numbered_it(tmp_path: Path) -> None:
    status = os.stat(tmp_path)
    kernel, device, inode = identity_of(status.st_dev, status.st_ino)
    assert is_another(str(tmp_path), (kernel, device + 1, inode))
    assert not is_another(str(tmp_path), (f"not {kernel}", device + 1, inode))
    assert is_another(str(tmp_path), (f"not {kernel}", device, inode + 1))
