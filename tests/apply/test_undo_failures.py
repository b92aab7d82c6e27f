"""Bringing back what cannot come: no part comes without the other, what failed is told, and the next undo ends it."""

import errno
import os
from typing import Any

import pytest

from pipcacheplus.model.values import State
from tests.apply.doing import a_system, left, machine, only, states
from tests.apply.trashes import runs, seen, trashed, undone
from tests.support.builders import Cache

URL = "https://files.example/demo"


def failing(name: str, *, times: int = 1, number: int = errno.EIO) -> dict[str, Any]:
    """Let a call fail for the first few times."""
    said = [0]
    real = getattr(os, name)

    def call(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        said[0] += 1
        if said[0] <= times:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **more)

    return {name: call}


def test_a_head_comes_before_its_body_and_a_wheel_after_its_origin(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    cache.built_wheel("demo")
    placed: list[str] = []

    def link(source: str, name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.link` takes it
        placed.append(name.rpartition(".")[2])
        os.link(source, name, **where)

    trashed(cache, is_exclusive=True)
    undone(cache, system=a_system(link=link))
    assert placed == [head.rpartition("/")[2], "body", "json", "whl"]
    assert len(left(cache)) == 4


def link_heads_only(source: str, name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.link` takes it
    if name.endswith(".body"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.link(source, name, **where)


def test_if_the_body_cannot_come_the_head_goes_again(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    before = seen(cache.path)
    trashed(cache)

    report = undone(cache, system=a_system(link=link_heads_only))
    assert (only(report).state, only(report).error, only(report).moved) == (
        State.FAILED,
        os.strerror(errno.ENOSPC),
        (),
    )
    assert not cache.real(head).exists()
    undone(cache)
    assert seen(cache.path) == before


@pytest.mark.parametrize("name", ["unlink", "mkdir"])
def test_a_failure_is_told_and_the_next_undo_ends_it(cache: Cache, name: str) -> None:
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x")
    before = seen(cache.path)
    trashed(cache)
    report = undone(cache, system=machine(**failing(name)))
    assert [outcome.state for outcome in report.failed] == [State.FAILED]
    assert len(runs(cache)) == 1
    assert len([path for path in left(cache) if not path.endswith("/")]) == 4
    assert set(states(undone(cache)).values()) <= {State.RESTORED}
    assert seen(cache.path) == before
    assert runs(cache) == []


def test_a_head_that_cannot_go_again_is_told_to_be_there(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    before = seen(cache.path)
    trashed(cache)

    report = undone(cache, system=machine(link=link_heads_only, **failing("rename")))
    assert (only(report).state, [file.path for file in only(report).moved]) == (State.FAILED, [head])
    assert left(cache) == {head}
    assert undone(cache).failed == ()
    assert seen(cache.path) == before


def test_what_a_pip_renewed_while_the_head_goes_again_is_its_own(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    trashed(cache)

    def link(source: str, name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.link` takes it
        if name.endswith(".body"):
            for renewed in (head, head + ".body"):
                cache.write(renewed + ".new", b"newer")
                cache.real(renewed + ".new").rename(cache.real(renewed))
        os.link(source, name, **where)

    assert only(undone(cache, system=a_system(link=link))).state is State.CHANGED
    assert {cache.real(path).read_bytes() for path in left(cache)} == {b"newer"}


@pytest.mark.parametrize("which", ["", ".body"], ids=["head", "body"])
def test_half_an_entry_does_not_come_back_without_the_other(cache: Cache, which: str) -> None:
    head = cache.http_v2(URL, b"x")
    trashed(cache)
    (run,) = runs(cache)
    os.rename(run / "0", run / "gone") if which else os.rename(run / "1", run / "gone")
    report = undone(cache)
    assert (only(report).state, only(report).error) == (State.CHANGED, "a part of it is missing")
    assert left(cache) == {"http-v2/"}
    assert head


def test_a_body_does_not_come_back_under_another_head(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")

    def unlinked(name: str, to: str, **where: Any) -> None:  # noqa: ANN401 - as `os.rename` takes it
        if len(name) == 56:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.rename(name, to, **where)

    trashed(cache, is_exclusive=True, system=a_system(rename=unlinked))
    assert left(cache) == {head}
    cache.write(head + ".new", b"newer")
    cache.real(head + ".new").rename(cache.real(head))
    assert only(undone(cache)).state is State.CHANGED
    assert left(cache) == {head}
