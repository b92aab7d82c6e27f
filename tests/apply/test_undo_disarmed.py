"""What was made harmless is put right, unless somebody has written to it since."""

import errno
import os
from pathlib import Path

import pytest

from pipcacheplus.model.values import State
from tests.apply.doing import MACHINES, Clock, left, machine, only, states
from tests.apply.trashes import refusing, runs, seen, trashed, undone
from tests.support.builders import Cache, page_headers, tree

URL = "https://files.example/demo"


def disarmed(cache: Cache) -> str:
    """Leave a head disarmed in the cache, as a run does that is told to stop during the wait."""
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    clock = Clock()
    trashed(cache, clock=clock, stop=lambda: clock.slept_s > 0)
    assert b"~~" in cache.real(head).read_bytes()
    return head


@MACHINES
def test_what_was_made_harmless_and_stayed_is_put_right(cache: Cache, has_descriptors: bool) -> None:  # noqa: FBT001 - a row's value
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    before = seen(cache.path)
    head = disarmed(cache)
    report = undone(cache, system=machine(has_descriptors=has_descriptors))
    assert states(report) == {head: State.RESTORED}
    assert only(report).moved == ()
    assert seen(cache.path) == {**before, head: (before[head][0], *seen(cache.path)[head][1:])}  # type: ignore[index] # of a file
    assert runs(cache) == []


def test_times_come_back_where_they_can_be_set_by_name_only(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: of a head in the trash, and of one that is still in the cache."""
    monkeypatch.setattr(os, "supports_fd", os.supports_fd - {os.utime})

    def utime(path: str | int, *, ns: tuple[int, int]) -> None:
        if isinstance(path, int):
            raise TypeError
        os.utime(path, ns=ns)

    system = machine(has_descriptors=False, utime=utime)
    for leave in (trashed, disarmed):
        head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
        before = seen(cache.path)[head]
        leave(cache)
        assert states(undone(cache, system=system)) == {head: State.RESTORED}
        assert seen(cache.path)[head] == (*before[:3], seen(cache.path)[head][3])  # type: ignore[index] # of a file


def test_what_was_made_harmless_and_then_removed_is_not_missed(cache: Cache) -> None:
    head = disarmed(cache)
    cache.real(head).unlink()
    report = undone(cache)
    assert (report.outcomes, report.warnings) == ((), ())
    assert left(cache) == {head + ".body"}


def test_what_cannot_be_put_right_is_put_right_by_the_next_undo(cache: Cache) -> None:
    """Nothing of the entry lies in the trash, and still its manifest has to stay."""
    head = disarmed(cache)
    report = undone(cache, system=machine(write=refusing(errno.EIO)))
    assert (only(report).state, only(report).error) == (State.FAILED, os.strerror(errno.EIO))
    assert states(undone(cache)) == {head: State.RESTORED}
    assert b"~~" not in cache.real(head).read_bytes()
    assert runs(cache) == []


def test_what_a_pip_renewed_after_it_was_made_harmless_is_left_alone(cache: Cache) -> None:
    head = disarmed(cache)
    cache.write(head + ".new", b"newer")
    cache.real(head + ".new").rename(cache.real(head))
    assert undone(cache).outcomes == ()
    assert cache.real(head).read_bytes() == b"newer"
    assert left(cache) == {head, head + ".body"}


def test_a_link_in_the_place_of_what_was_made_harmless_leads_nowhere(cache: Cache, tmp_path: Path) -> None:
    disarmed(cache)
    cache.real("http-v2").rename(tmp_path / "outside")
    cache.real("http-v2").symlink_to(tmp_path / "outside")
    before = tree(tmp_path / "outside")
    assert undone(cache).outcomes == ()
    assert tree(tmp_path / "outside") == before


def test_what_was_written_to_after_it_was_made_harmless_is_left_alone(cache: Cache) -> None:
    head = disarmed(cache)
    content = bytearray(cache.real(head).read_bytes())
    content[content.index(b"~~")] = ord("a")
    with cache.real(head).open("r+b") as file:
        file.write(content)
    assert undone(cache).outcomes == ()
    assert cache.real(head).read_bytes() == content


def test_a_head_in_the_trash_that_is_not_the_one_that_was_moved_stays_there(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    trashed(cache)
    (run,) = runs(cache)
    (run / "1").write_bytes(b"other")
    report = undone(cache)
    assert (only(report).state, only(report).error) == (State.CHANGED, "it was changed after it was moved")
    assert left(cache) == {"http-v2/"}
    assert head


def test_a_run_after_one_that_was_told_to_stop_is_undone_before_it(cache: Cache) -> None:
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    before = seen(cache.path)
    head = disarmed(cache)
    trashed(cache)
    undone(cache)
    undone(cache)
    assert seen(cache.path)[head] == (before[head][0], *seen(cache.path)[head][1:])  # type: ignore[index] # of a file
    assert runs(cache) == []
