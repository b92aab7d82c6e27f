"""Our own directory is used only if nobody else can have put anything there."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.host import state as module
from pipcacheplus.host.state import UntrustedError, open_own_folder, state_folder, trusted_folder, unlock
from tests.support.owners import SOMEBODY, home_of_somebody, is_root
from tests.support.stores import run_as

posix = pytest.mark.skipif(os.name == "nt", reason="takes owners, links and modes of POSIX")
OTHER = SOMEBODY + 1
OPEN = """
with state.open_own_folder(arguments[0], *arguments[1:], is_made=True) as own:
    result = own.path
"""
TRUST = "result = state.trusted_folder(arguments[0])"


@pytest.fixture
def home() -> "object":
    """Return a home that every user gets to, of a user without a name."""
    with home_of_somebody() as made:
        os.chown(made, SOMEBODY, SOMEBODY)
        made.chmod(0o755)
        yield made


def as_somebody(home: Path, *inner: str) -> object:
    """Return why a user does not use the state below a home; `None` if it was made and used."""
    code = f"try:\n    {OPEN.strip().replace(chr(10), chr(10) + '    ')}\n    result = None\n"
    code += "except OSError as error:\n    result = str(error)\n"
    return run_as(SOMEBODY, code, home / ".local" / "state", *inner)


def as_root(path: Path) -> str | None:
    """Return why root does not use a directory; `None` if it was made and used."""
    try:
        with open_own_folder(str(path), is_made=True):
            return None
    except OSError as error:
        return str(error)


def belongs_to(uid: int, *paths: Path) -> None:
    for path in paths:
        os.chown(path, uid, uid, follow_symlinks=False)


def test_what_is_missing_is_made_for_this_user_alone(tmp_path: Path) -> None:
    with open_own_folder(str(tmp_path / "a" / "b"), "c", is_made=True) as own:
        assert own.path == os.path.realpath(tmp_path / "a" / "b" / "c")
        assert own.names() == []
    if os.name != "nt":
        made = [tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"]
        assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_own_folder(str(tmp_path / "a"), "b")
    assert trusted_folder(str(tmp_path / "a")) is None
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_not_absolute_is_not_used() -> None:
    assert trusted_folder("state") == "state is not an absolute path"


@posix
def test_a_file_in_the_place_of_a_directory_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    assert trusted_folder(str(tmp_path / "state")) == f"{tmp_path / 'state'} is not a directory"
    assert trusted_folder(str(tmp_path / "state" / "below")) == f"{tmp_path / 'state'} is not a directory"


@posix
@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777, 0o1777])
def test_a_directory_that_others_can_write_is_not_used(tmp_path: Path, mode: int) -> None:
    (tmp_path / "state" / "inner").mkdir(parents=True)
    (tmp_path / "state").chmod(mode)
    assert trusted_folder(str(tmp_path / "state")) == f"{tmp_path / 'state'} can be written by others"
    with pytest.raises(UntrustedError, match="state can be written by others"):
        open_own_folder(str(tmp_path / "state"), "inner")
    (tmp_path / "state").chmod(0o755)
    assert trusted_folder(str(tmp_path / "state")) is None


@is_root
def test_a_user_has_a_state_below_their_home(home: Path) -> None:
    assert as_somebody(home, "catalogs") is None
    assert (home / ".local/state/catalogs").stat().st_uid == SOMEBODY


@is_root
@pytest.mark.parametrize("owner", [SOMEBODY, 0])
@pytest.mark.parametrize("target", ["../scratch/mine", "{}/scratch/mine", "../scratch/./again/../mine"])
def test_a_link_of_this_user_or_of_root_is_followed(home: Path, owner: int, target: str) -> None:
    (home / "scratch" / "mine").mkdir(parents=True)
    (home / "scratch" / "again").symlink_to("mine")
    (home / "home").mkdir()
    belongs_to(SOMEBODY, home / "scratch", home / "scratch" / "mine", home / "scratch" / "again", home / "home")
    (home / "home" / ".local").symlink_to(target.format(home))
    belongs_to(owner, home / "home" / ".local")
    assert as_somebody(home / "home", "catalogs") is None
    assert [path.name for path in (home / "scratch" / "mine").rglob("*")] == ["state", "catalogs"]


@is_root
def test_a_link_of_somebody_else_is_not_followed(home: Path) -> None:
    (home / "mine").mkdir()
    (home / ".local").symlink_to("mine")
    belongs_to(SOMEBODY, home / "mine")
    belongs_to(OTHER, home / ".local")
    assert as_somebody(home) == f"{home}/.local belongs to another user (uid {OTHER}, not {SOMEBODY})"
    assert list((home / "mine").iterdir()) == []


@is_root
def test_a_link_to_a_directory_of_somebody_else_is_not_followed(home: Path) -> None:
    (home / "theirs").mkdir()
    (home / "theirs").chmod(0o777)
    (home / ".local").symlink_to("theirs")
    belongs_to(SOMEBODY, home / ".local")
    belongs_to(OTHER, home / "theirs")
    assert as_somebody(home) == f"{home}/theirs belongs to another user (uid {OTHER}, not {SOMEBODY})"
    assert list((home / "theirs").iterdir()) == []


@is_root
def test_a_state_of_somebody_else_is_not_used(home: Path) -> None:
    (home / ".local" / "state").mkdir(parents=True)
    (home / ".local" / "state").chmod(0o755)
    assert as_somebody(home) == f"{home}/.local/state belongs to another user (uid 0, not {SOMEBODY})"


@is_root
def test_above_the_state_a_group_may_write_and_everybody_may_not(home: Path) -> None:
    (home / ".local").mkdir()
    belongs_to(SOMEBODY, home / ".local")
    (home / ".local").chmod(0o775)  # as a umask of 002 makes it
    assert as_somebody(home) is None
    (home / ".local").chmod(0o777)
    assert as_somebody(home) == f"{home}/.local can be written by others"


@is_root
def test_below_a_directory_for_all_what_others_made_is_not_used(home: Path) -> None:
    (home / ".local").mkdir()
    (home / ".local").chmod(0o1777)
    (home / ".local" / "state").mkdir(mode=0o700)
    belongs_to(OTHER, home / ".local" / "state")
    assert as_somebody(home, "catalogs") == f"{home}/.local/state belongs to another user (uid {OTHER}, not {SOMEBODY})"
    (home / ".local" / "state").rmdir()
    assert as_somebody(home, "catalogs") is None


@is_root
def test_a_home_that_may_be_passed_but_not_listed_leads_on(home: Path) -> None:
    (home / "above" / "home").mkdir(parents=True)
    belongs_to(SOMEBODY, home / "above" / "home")
    (home / "above").chmod(0o711)
    assert as_somebody(home / "above" / "home") is None


@is_root
def test_root_writes_nothing_below_the_home_of_a_user(home: Path) -> None:
    """As with `sudo -E`."""
    for path in (home / ".local/state/pipcacheplus", home / "new"):
        assert as_root(path) == f"{home} belongs to another user (uid {SOMEBODY}, not 0)"
    assert list(home.iterdir()) == []
    (home / "roots").mkdir()
    assert as_root(home / "roots" / "state") == f"{home} belongs to another user (uid {SOMEBODY}, not 0)"


@is_root
@pytest.mark.parametrize("target", ["mine", "{}/mine"])
def test_root_follows_no_link_not_even_its_own(tmp_path: Path, target: str) -> None:
    (tmp_path / "mine").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(target.format(tmp_path))
    reason = f"{tmp_path}/link is a link, and root follows no link to its own state"
    assert (as_root(tmp_path / "link"), as_root(tmp_path / "link" / "state")) == (reason, reason)
    assert list((tmp_path / "mine").iterdir()) == []


@is_root
@pytest.mark.parametrize(("mode", "is_used"), [(0o755, True), (0o775, False), (0o757, False), (0o1777, True)])
def test_root_goes_through_no_directory_in_which_others_can_swap_what_is_in_it(
    tmp_path: Path,
    mode: int,
    is_used: bool,  # noqa: FBT001 - a row's value
) -> None:
    (tmp_path / "above").mkdir()
    (tmp_path / "above").chmod(mode)
    reason = f"{tmp_path}/above can be written by others"
    assert as_root(tmp_path / "above" / "state") == (None if is_used else reason)
    assert (tmp_path / "above" / "state").exists() is is_used


@is_root
def test_root_uses_nothing_that_others_made_in_a_directory_for_all(tmp_path: Path) -> None:
    (tmp_path / "above" / "theirs" / "state").mkdir(parents=True)
    (tmp_path / "above").chmod(0o1777)
    belongs_to(OTHER, tmp_path / "above" / "theirs")
    reason = f"{tmp_path}/above/theirs belongs to another user (uid {OTHER}, not 0)"
    assert (as_root(tmp_path / "above/theirs"), as_root(tmp_path / "above/theirs/state")) == (reason, reason)


@posix
def test_links_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    code = f"os.chdir('/')\n{TRUST}"
    with home_of_somebody() as home:
        (home / "a").symlink_to("b")
        (home / "b").symlink_to("a")
        if os.geteuid() == 0:
            reason = run_as(SOMEBODY, code, home / "a" / "state")
        else:
            reason = trusted_folder(str(home / "a" / "state"))
        assert str(reason).endswith("is one of too many links")


PLACES: dict[str, Callable[[Path], object]] = {
    "is a link": lambda path: path.symlink_to("target"),
    "is not a regular file": lambda path: os.mkfifo(path),  # noqa: PLW0108 - not there on Windows
    "has a second name": lambda path: os.link(path.parent / "target", path),
    "can be written by others": lambda path: shutil.copy(path.parent / "target", path),
}


@posix
@pytest.mark.parametrize("reason", PLACES)
def test_a_file_that_could_be_of_others_is_not_opened(tmp_path: Path, reason: str) -> None:
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "target").chmod(0o620)
    PLACES[reason](tmp_path / "file")
    with open_own_folder(str(tmp_path)) as own:
        for attempt in (own.check, own.lock, own.touch, lambda name: own.open_file(name, os.O_RDWR | os.O_CREAT)):
            with pytest.raises(UntrustedError, match=f"file {reason}"):
                attempt("file")
    assert (tmp_path / "target").read_text() == "theirs"


@is_root
def test_a_file_of_somebody_else_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o600)
    belongs_to(OTHER, tmp_path / "file")
    with open_own_folder(str(tmp_path)) as own, pytest.raises(UntrustedError, match=f"uid {OTHER}, not 0"):
        own.check("file")


@posix
def test_to_remove_a_link_leaves_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "file").symlink_to("target")
    with open_own_folder(str(tmp_path)) as own:
        own.unlink("file")
        own.unlink("file")
        assert own.names() == ["target"]


def test_a_lock_is_held_by_one_until_it_is_given_back(tmp_path: Path) -> None:
    with open_own_folder(str(tmp_path)) as own:
        first = own.lock("lock")
        assert first is not None
        assert own.lock("lock") is None
        unlock(first)
        second = own.lock("lock")
        assert second is not None
        unlock(second)


@posix
def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def try_lock(descriptor: int) -> bool:
        attempts.append(os.fstat(descriptor).st_ino)
        if len(attempts) == 1:
            (tmp_path / "lock").rename(tmp_path / "gone")
        return was(descriptor)

    was = module._try_lock
    monkeypatch.setattr(module, "_try_lock", try_lock)
    with open_own_folder(str(tmp_path)) as own:
        held = own.lock("lock")
        assert held is not None
        assert os.fstat(held).st_ino == (tmp_path / "lock").stat().st_ino == attempts[1] != attempts[0]
        unlock(held)


@posix
def test_on_systems_without_descriptors_of_directories_links_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_HAS_DESCRIPTORS", False)
    with open_own_folder(str(tmp_path / "state"), "inner", is_made=True) as own:
        assert own.descriptor is None
        held = own.lock("lock")
        assert held is not None
        assert own.lock("lock") is None
        unlock(held)
        assert own.names() == ["lock"]
        assert own.device() == tmp_path.stat().st_dev
        own.unlink("lock")
    (tmp_path / "link").symlink_to("state")
    (tmp_path / "file").touch()
    assert trusted_folder(str(tmp_path / "link")) == f"{tmp_path}/link is a link"
    assert trusted_folder(str(tmp_path / "file")) == f"{tmp_path}/file is not a directory"
    assert trusted_folder(str(tmp_path / "missing")) is None


def test_our_state_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert os.path.isabs(state_folder())
    assert os.path.basename(state_folder()) == "pipcacheplus"
