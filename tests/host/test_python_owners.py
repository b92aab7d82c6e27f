"""An interpreter is run only if nobody but this user and root can have put it there, or can change it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.host.python_owners import why_not_run, why_untrusted
from tests.support.owners import SOMEBODY, home_of_somebody, is_root

ATTACKER = 23_456
"""The number of a user, and of a group, that nobody bears."""


@pytest.fixture
def python() -> Iterator[Path]:
    """Return the path of a file that is this user's, below directories that are."""
    with home_of_somebody() as home:
        path = home / "env" / "bin" / "python"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
        path.chmod(0o755)
        yield path


def shared(folder: Path) -> None:
    os.chown(folder, -1, ATTACKER)
    folder.chmod(0o775)


HARMLESS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "readable by its group alone": lambda path: path.chmod(0o750),
    "a sticky directory further up": lambda path: path.parents[2].chmod(0o1777),
}
OWN: dict[str, Callable[[Path], object]] = {
    "the file, by the group": lambda path: path.chmod(0o775),
    "the file, by all": lambda path: path.chmod(0o757),
    "its directory, by the group": lambda path: path.parent.chmod(0o775),
    "its directory, by all": lambda path: path.parent.chmod(0o777),
    "its directory, although it is sticky": lambda path: path.parent.chmod(0o1777),
    "the one above, although it is sticky": lambda path: path.parents[1].chmod(0o1777),
    "one further up, by all": lambda path: path.parents[2].chmod(0o777),
    "one further up, by the group": lambda path: path.parents[2].chmod(0o770),
}
GIVEN: dict[str, Callable[[Path], object]] = {
    "the file": lambda path: os.chown(path, ATTACKER, -1),
    "its directory": lambda path: os.chown(path.parent, ATTACKER, -1),
    "a directory further up": lambda path: os.chown(path.parents[2], ATTACKER, -1),
    "a group that may write": lambda path: shared(path.parents[1]),
}


def uid() -> int:
    return os.geteuid()


@pytest.mark.parametrize("change", HARMLESS)
def test_what_this_user_alone_can_change_is_run(python: Path, change: str) -> None:
    HARMLESS[change](python)
    assert why_not_run(str(python), uid()) is None


@pytest.mark.parametrize("change", OWN)
@is_root
def test_what_others_can_write_is_not_run(python: Path, change: str) -> None:
    OWN[change](python)
    assert "can be written by others" in str(why_not_run(str(python), uid()))


@pytest.mark.parametrize("change", GIVEN)
@is_root
def test_what_belongs_to_another_user_is_not_run(python: Path, change: str) -> None:
    GIVEN[change](python)
    told = str(why_not_run(str(python), uid()))
    assert f"uid {ATTACKER}" in told or "can be written by others" in told


@is_root
@pytest.mark.parametrize("change", [*OWN, *GIVEN])
def test_an_ordinary_user_is_as_careful(python: Path, change: str) -> None:
    for path in (python, *python.parents[:3]):
        os.chown(path, SOMEBODY, ATTACKER)
    assert why_not_run(str(python), SOMEBODY) is None
    (OWN | GIVEN)[change](python)
    assert why_not_run(str(python), SOMEBODY) is not None


@is_root
def test_what_is_roots_may_be_run_by_all_and_what_is_a_users_not_by_root(python: Path) -> None:
    assert why_not_run(str(python), SOMEBODY) is None
    os.chown(python, SOMEBODY, SOMEBODY)
    assert why_not_run(str(python), SOMEBODY) is None
    assert why_not_run(str(python), 0) == f"{python} belongs to another user (uid {SOMEBODY})"


pwd = pytest.importorskip("pwd", reason="needs owners of files")


@is_root
def test_the_group_that_a_user_has_for_himself_is_nobody_else(python: Path) -> None:
    private = (one for one in pwd.getpwall() if one.pw_uid and _is_private(one))
    user = next(private, None)
    if user is None:
        pytest.skip("no user of this machine has a group for himself")
    for path in (python, *python.parents[:3]):
        os.chown(path, user.pw_uid, user.pw_gid)
        path.chmod(0o775)
    assert why_not_run(str(python), user.pw_uid) is None
    os.chown(python.parent, user.pw_uid, ATTACKER)
    assert why_not_run(str(python), user.pw_uid) == f"{python.parent} can be written by others"


def _is_private(user: Any) -> bool:  # noqa: ANN401 - not there on Windows
    import grp  # noqa: PLC0415 - as above

    try:
        group = grp.getgrgid(user.pw_gid)
    except KeyError:
        return False
    shared = [one for one in pwd.getpwall() if one.pw_gid == user.pw_gid]
    return group.gr_name == user.pw_name and not group.gr_mem and len(shared) == 1


@is_root
def test_a_link_counts_as_does_what_it_leads_to(python: Path) -> None:
    safe = python.parents[2] / "link"
    safe.symlink_to(python)
    assert why_untrusted(str(safe), 0) is None
    os.chown(safe, ATTACKER, -1, follow_symlinks=False)
    assert why_untrusted(str(safe), 0) == f"{safe} belongs to another user (uid {ATTACKER})"
    os.chown(safe, 0, 0, follow_symlinks=False)
    os.chown(python.parent, ATTACKER, -1)
    assert why_untrusted(str(safe), 0) == f"{python.parent} belongs to another user (uid {ATTACKER})"


@is_root
def test_the_way_is_that_of_the_system_through_relative_links(python: Path) -> None:
    home = python.parents[2]
    (home / "open").mkdir()
    (home / "open").chmod(0o777)
    (home / "open" / "up").symlink_to("../env")
    assert why_untrusted(str(home / "open" / "up" / "bin" / "python"), 0) == f"{home}/open can be written by others"
    (home / "way").symlink_to("./env/../env//bin")
    assert why_untrusted(str(home / "way" / "python"), 0) is None


def test_what_an_environment_was_made_of_counts_as_well(python: Path) -> None:
    settings = python.parents[1] / "pyvenv.cfg"
    assert why_not_run(str(python), uid(), also=[str(settings)]) is None
    settings.touch()
    assert why_not_run(str(python), uid(), also=[str(settings)]) is None
    settings.chmod(0o666)
    assert why_not_run(str(python), uid(), also=[str(settings)]) == f"{settings} can be written by others"


def test_what_cannot_be_followed_is_not_run(python: Path) -> None:
    loop = python.with_name("python3")
    loop.symlink_to("python3")
    assert why_untrusted(str(loop), uid()) == f"{loop} is one of too many links"
    assert "cannot be examined" in str(why_untrusted(str(python.with_name("gone")), uid()))


def test_where_files_have_no_owners_nothing_is_said(python: Path) -> None:
    python.chmod(0o777)
    assert why_not_run(str(python), None) is None
