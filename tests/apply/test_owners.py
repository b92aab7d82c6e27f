"""A file of another user, as after `sudo pip`: the refusal names that user."""

import errno
import os

import pytest

from pipcacheplus.apply.entries import Remover
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.values import Entry, Outcome, State
from tests.apply.doing import MACHINES, a_system, carried_out, machine, only, planned
from tests.support.builders import Cache, page_headers
from tests.support.owners import SOMEBODY, as_somebody, is_root
from tests.support.values import an_action, an_entry

pytestmark = pytest.mark.skipif(os.name == "nt", reason="files have no owners there")

URL = "https://files.example/demo"
REFUSED = PermissionError(errno.EACCES, "Permission denied")


def failed(
    cache: Cache, entry: Entry, error: OSError = REFUSED, *, uid: int | None, has_descriptors: bool = True
) -> Outcome:
    """Return the outcome of an entry that this user could not begin with."""
    with OpenCache(str(cache.path)) as opened:
        remover = Remover(
            cache=opened,
            system=machine(uid=uid, has_descriptors=has_descriptors),
            is_exclusive=False,
            has_access_times=True,
            moves_access_times=False,
        )
        return remover.failed(an_action(entry), error)


def named(uid: int) -> str:
    import pwd  # noqa: PLC0415 - not there on Windows

    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


@MACHINES
@pytest.mark.parametrize("path", ["http-v2/9/f/6/head", "selfcheck.json"])
@pytest.mark.parametrize("is_there", [True, False], ids=["there", "gone"])
def test_who_owns_a_refused_file_or_its_directory_is_named(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    path: str,
    is_there: bool,  # noqa: FBT001 - as above
) -> None:
    cache.foreign(path)
    if not is_there:
        cache.real(path).unlink()
    entry = an_entry(path)
    owner = cache.path.stat().st_uid
    outcome = failed(cache, entry, uid=owner + SOMEBODY, has_descriptors=has_descriptors)
    error = f"Permission denied: of {named(owner)}"
    assert outcome == Outcome(action=an_action(entry), state=State.FAILED, error=error, owner=owner)


@pytest.mark.parametrize(
    ("error", "is_ours"), [(REFUSED, True), (OSError(errno.EIO, "Input/output error"), False)], ids=["ours", "broken"]
)
def test_no_user_is_named_if_that_is_not_the_reason(cache: Cache, error: OSError, is_ours: bool) -> None:  # noqa: FBT001 - a row's value
    owner = cache.path.stat().st_uid
    entry = an_entry(cache.foreign("http-v2/head"))
    outcome = failed(cache, entry, error, uid=owner if is_ours else owner + 1)
    assert outcome == Outcome(action=an_action(entry), state=State.FAILED, error=error.strerror)


def test_where_files_have_no_owners_none_is_named(cache: Cache) -> None:
    entry = an_entry(cache.foreign("http-v2/head"))
    assert failed(cache, entry, uid=None).owner is None


@is_root
@MACHINES
@pytest.mark.parametrize(
    ("path", "others"),
    [
        ("http-v2/9/f/head", "http-v2/9/f"),
        ("http-v2/9/f/head", "http-v2/9/f/head"),
        ("selfcheck.json", ""),
        ("selfcheck.json", "selfcheck.json"),
    ],
)
def test_the_directory_of_a_file_and_the_file_itself_count_and_nothing_else(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    path: str,
    others: str,
) -> None:
    cache.foreign(path)
    entry = an_entry(path)
    places = [cache.path, *cache.path.rglob("*")]
    for place in places:
        os.chown(place, SOMEBODY if place == cache.real(others) else 0, 0)
    assert failed(cache, entry, uid=0, has_descriptors=has_descriptors).owner == SOMEBODY
    for place in places:
        os.chown(place, 0 if place in (cache.real(path), cache.real(path).parent) else SOMEBODY, 0)
    assert failed(cache, entry, uid=0, has_descriptors=has_descriptors).owner is None


@is_root
def test_of_the_files_of_another_user_the_user_is_named_and_they_stay(theirs: Cache) -> None:
    head = theirs.http_v2(URL, b"x", headers=page_headers(b"x"))
    with as_somebody(theirs):
        os.seteuid(0)
        os.chown(theirs.real(head), 0, 0)
        theirs.real(head).chmod(0o600)
        os.seteuid(SOMEBODY)
        outcome = only(carried_out(planned(theirs), system=a_system()))
    assert (outcome.state, outcome.error, outcome.owner) == (State.FAILED, "Permission denied: of root (uid 0)", 0)
    assert theirs.real(head).exists()
    assert theirs.real(head + ".body").exists()
