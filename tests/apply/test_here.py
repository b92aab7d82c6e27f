"""Carrying a plan out on this machine: who else is at work is found out, unless it is said."""

import os

import psutil
import pytest

from pipcacheplus.apply.here import apply_here
from pipcacheplus.errors import BadRequestError, NotACacheError
from pipcacheplus.model import Report, State
from tests.apply.doing import left, only, planned
from tests.builders import Cache


def applied(cache: Cache, exclusive: bool | None, *, path: str | None = None) -> Report:  # noqa: FBT001 - says what the argument is
    return apply_here(
        planned(cache),
        path=path or str(cache.path),
        exclusive=exclusive,
        has_access_times=True,
        lock_timeout_s=0,
        wait_s=0,
        stop=None,
        progress=None,
    )


class Mount:
    """The one of the root, as psutil has it."""

    mountpoint = os.path.abspath(os.sep)
    opts = "rw"

    def __init__(self, kind: str) -> None:
        self.fstype = kind


@pytest.mark.parametrize(
    ("exclusive", "kind", "has_pips", "state"),
    [
        (None, "ext4", False, State.REMOVED),
        (None, "ext4", True, State.BUSY),
        (None, "nfs4", False, State.BUSY),
        (True, "nfs4", True, State.REMOVED),
        (False, "ext4", False, State.BUSY),
    ],
)
def test_a_wheel_of_today_goes_if_nobody_else_is_here(
    cache: Cache,
    monkeypatch: pytest.MonkeyPatch,
    exclusive: bool | None,  # noqa: FBT001 - a row's value
    kind: str,
    has_pips: bool,  # noqa: FBT001 - a row's value
    state: State,
) -> None:
    process = type("Process", (), {"pid": 1, "info": {"cmdline": ["pip", "install"] if has_pips else ["sh"]}})
    monkeypatch.setattr(psutil, "process_iter", lambda _what: [process])
    monkeypatch.setattr(psutil, "disk_partitions", lambda *, all: [Mount(kind)])  # noqa: A006 - psutil's name
    wheel = cache.built_wheel("demo")
    os.utime(cache.real(wheel))
    assert only(applied(cache, exclusive)).state is state
    assert cache.real(wheel).exists() == (state is State.BUSY)


def test_of_nothing_nobody_is_looked_for(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "process_iter")
    cache.foreign("http/notes")
    assert applied(cache, None).outcomes == ()
    assert left(cache) == {"http/notes"}


def test_nothing_goes_by_a_plan_of_another_cache_or_where_nothing_may(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = cache.http_v2("https://files.example/demo", b"x")
    with pytest.raises(BadRequestError) as caught:
        applied(cache, exclusive=True, path="/other")
    assert str(caught.value) == f"plan: is of {cache.path}, not of /other; open that cache"
    monkeypatch.chdir(cache.path)
    with pytest.raises(NotACacheError, match="current directory"):
        applied(cache, exclusive=True)
    assert left(cache) == {head, head + ".body"}
