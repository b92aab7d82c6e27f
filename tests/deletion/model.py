"""Pips and pruners at work on one cache, in any order, with stale plans, crashes and failures.

The cache is real, its clock is a model's: every file gets the time of the step that wrote it, so that plans know old
from new and nothing depends on when the test runs. That time lies far ahead of this machine's, which makes old what the
machine dates by itself.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.errors import CacheBusyError
from pipcacheplus.model.values import Area, CacheDir, Checked, Entry, File, Folder, Report, Shape, Source
from pipcacheplus.pips.layout import body_path, entry_path, page_key
from pipcacheplus.plan.plan import by_request, make_plan
from tests.apply.doing import Clock, a_system, carried_out
from tests.deletion.model_faults import FAULTS, CrashError, Fault
from tests.deletion.model_invariants import (
    HOUR_S,
    QUIET_S,
    Planned,
    guard,
    hold_to_its_word,
    order,
    others,
    seen,
    waited_for,
)
from tests.support.builders import page_headers, response
from tests.support.stored import leaf

__all__ = ["Machine"]

BEGIN_S = 4_000_000_000
_HALF = frozenset({Shape.TEMPORARY, Shape.LOCK, Shape.BUILD, Shape.HEAD, Shape.BODY, Shape.EMPTY_DIRECTORY})

PLANS: dict[str, Callable[[Entry], bool]] = {
    "all": lambda _entry: True,
    "http": lambda entry: entry.area is Area.HTTP,
    "http-v2": lambda entry: entry.area is Area.HTTP_V2,
    "wheels": lambda entry: entry.area is Area.WHEELS,
    "one wheel": lambda entry: entry.id.endswith("py3-none-any.whl"),
    "halves": lambda entry: entry.shape in _HALF,
}

SLOTS = st.integers(0, 1)

WORKS = (
    *("store_pair", "store_head", "renew_head", "store_body", "store_single"),
    *("build", "build_other", "read_wheels", "begin_build"),
    *("leave_temporary", "leave_lock", "leave_build", "write_notes", "remove_responses", "remove_body"),
    *("let_an_hour_pass", "let_a_day_pass"),
)
"""What others than pruners do: methods of the machine."""


class Machine(RuleBasedStateMachine):
    """A cache, those who write to it, and those who prune it."""

    def __init__(self) -> None:
        super().__init__()
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="pipcacheplus-", dir=_memory()))
        self.now_s = BEGIN_S
        self.step = 0
        self.written: dict[str, int] = {}
        """When each file was put there."""
        self.foreign: set[str] = set()
        self.taken: set[str] = set()
        """What others removed since the last plan began to be carried out."""
        self.plans: list[Planned] = []
        # So that there is something to lose from the first step on, and a plan that knows less than there is.
        self.begin_build(1)
        self.let_an_hour_pass(1)
        self.store_pair(0)
        self.build(0)
        self.plans.append(self._planned("all"))
        self.build_other(0)

    def teardown(self) -> None:
        """Come to an end: after two days a purge takes all that pips wrote, and the next finds nothing to do."""
        try:
            self.now_s += 48 * HOUR_S
            self._carry_out(self._planned("all"), is_exclusive=True)
            left = {path for path, one in seen(self.root).items() if one.content is not None}
            assert left == self.foreign, "converges: the next run leaves something"
            assert self._planned("all").plan.actions == (), "converges: there is no end"
        finally:
            shutil.rmtree(self.root)

    # What pips do.

    def _put(self, path: str, content: bytes) -> None:
        """Write a file as pip does: under another name, and then by a rename."""
        self.now_s += 1
        self.step += 1
        real = f"{self.root}/{path}"
        os.makedirs(os.path.dirname(real), exist_ok=True)
        with open(real + ".new", "wb") as file:
            file.write(content)
        os.utime(real + ".new", (self.now_s, self.now_s))
        os.replace(real + ".new", real)
        self.written[path] = self.step

    def _take(self, path: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(f"{self.root}/{path}")
            self.taken.add(path)

    def _exists(self, path: str) -> bool:
        return os.path.exists(f"{self.root}/{path}")

    @rule(works=st.lists(st.tuples(st.sampled_from(WORKS), SLOTS), min_size=1, max_size=4))
    def others_work(self, works: list[tuple[str, int]]) -> None:
        """Pips, and others that have no plan."""
        for what, slot in works:
            getattr(self, what)(slot)

    def store_pair(self, slot: int) -> None:
        """Write head, then body: `http-v2`."""
        self.store_head(slot)
        self._put(body_path(_path(Area.HTTP_V2, slot)), b"body %d" % self.step)

    def store_head(self, slot: int) -> None:
        """Write a head and be killed."""
        self._put(_path(Area.HTTP_V2, slot), response(b"", page_headers(b"%d" % self.step), has_strict=False))

    def renew_head(self, slot: int) -> None:
        """Hear that nothing has changed."""
        if self._exists(_path(Area.HTTP_V2, slot)):
            self.store_head(slot)

    def store_body(self, slot: int) -> None:
        """Leave a body alone: no pip does, but what pips leave may come to that."""
        head = _path(Area.HTTP_V2, slot)
        if not self._exists(head):
            self._put(body_path(head), b"half")

    def store_single(self, slot: int) -> None:
        """Write a response of `http`; to hear that nothing has changed does the same."""
        body = b"body %d" % self.step
        self._put(_path(Area.HTTP, slot), response(body, page_headers(body)))

    def build(self, slot: int) -> None:
        """Build a wheel for one Python."""
        self._put(f"{_leaf(slot)}/demo-1.0-py3-none-any.whl", b"wheel %d" % self.step)
        self._put(f"{_leaf(slot)}/origin.json", b"{}")

    def build_other(self, slot: int) -> None:
        """Build a wheel for another Python, which shares an origin that is there."""
        self._put(f"{_leaf(slot)}/demo-1.0-py2-none-any.whl", b"wheel %d" % self.step)

    def read_wheels(self, slot: int) -> None:
        """Read what was built, which access times tell."""
        folder = f"{self.root}/{_leaf(slot)}"
        with suppress(FileNotFoundError):
            for name in os.listdir(folder):
                path = f"{folder}/{name}"
                os.utime(path, ns=(self.now_s * 10**9, os.lstat(path).st_mtime_ns))

    def begin_build(self, slot: int) -> None:
        """Look for a wheel, and make a directory for it."""
        folder = f"{self.root}/{_leaf(slot)}"
        os.makedirs(folder, exist_ok=True)
        os.utime(folder, (self.now_s, self.now_s))

    def leave_temporary(self, slot: int) -> None:
        """Be killed while writing."""
        self._put(f"{_path(Area.HTTP_V2, slot)}ab12cd_9.tmp", b"half")

    def leave_lock(self, slot: int) -> None:
        """Be killed, as a pip up to 19.2."""
        self._put(f"{_path(Area.HTTP, slot)}.lock/elsewhere.-7f3a27404321", b"")

    def leave_build(self, slot: int) -> None:
        """Be killed while building, as a pip from 25.3 on."""
        self._put(f"{_leaf(slot)}/tmpab12cd_9/demo-1.0-py3-none-any.whl", b"half")

    def write_notes(self, slot: int) -> None:
        """Write what no pip would."""
        path = f"{_path(Area.HTTP_V2, slot).rpartition('/')[0]}/notes.txt"
        self._put(path, b"mine")
        self.foreign.add(path)

    def remove_responses(self, slot: int) -> None:
        """Do as `pip cache remove`."""
        head = _path(Area.HTTP_V2, slot)
        for path in (head, body_path(head), _path(Area.HTTP, slot)):
            self._take(path)

    def remove_body(self, slot: int) -> None:
        """Be killed in the middle of that."""
        self._take(body_path(_path(Area.HTTP_V2, slot)))

    def let_an_hour_pass(self, _slot: int) -> None:
        """Make old enough to be planned what was half done."""
        self.now_s += HOUR_S

    def let_a_day_pass(self, _slot: int) -> None:
        """Make old enough to go what pips may use."""
        self.now_s += QUIET_S

    # What pruners do.

    @rule(what=st.sampled_from(sorted(PLANS)))
    def plan(self, what: str) -> None:
        """Made now, carried out at any time, or never."""
        self.plans.append(self._planned(what))

    @rule(
        number=st.integers(0, 5),
        is_exclusive=st.booleans(),
        fault=FAULTS,
        meanwhile=st.none() | st.sampled_from(["prune", *WORKS[:-2]]),
        slot=SLOTS,
    )
    def carry_out(
        self,
        number: int,
        is_exclusive: bool,  # noqa: FBT001 - hypothesis gives it by name
        fault: tuple[int, bool] | None,
        meanwhile: str | None,
        slot: int,
    ) -> None:
        """Any of the plans, even one that was carried out before, or a new one; something may happen meanwhile."""

        def happen() -> None:
            if meanwhile == "prune":
                with pytest.raises(CacheBusyError):
                    self._apply(self._planned("all"), Clock(), is_exclusive=True)
            elif meanwhile is not None:
                getattr(self, meanwhile)(slot)

        chosen = self.plans[-number] if 0 < number <= len(self.plans) else self._planned("all")
        self._carry_out(chosen, is_exclusive=is_exclusive, fault=fault, meanwhile=happen)

    def _planned(self, what: str) -> Planned:
        self.step += 1
        with OpenCache(self.root) as opened:
            judged = [Checked(entry) for entry in scan(opened) if isinstance(entry, Entry)]
        made = make_plan(
            CacheDir(path=self.root, source=Source.ARGUMENT),
            judged,
            by_request(PLANS[what]),
            is_kept=lambda _: False,
            is_young=lambda entry: (
                max((one.mtime_ns for one in _parts(entry)), default=0) > (self.now_s - HOUR_S) * 1e9
            ),
        )
        return Planned(made, self.step)

    def _apply(self, planned: Planned, clock: Clock, *, is_exclusive: bool, **changes: Any) -> Report:  # noqa: ANN401 - fields of `System`
        system = replace(a_system(clock), now_s=lambda: self.now_s, **changes)
        return carried_out(planned.plan, system=system, is_exclusive=is_exclusive)

    def _carry_out(
        self,
        planned: Planned,
        *,
        is_exclusive: bool,
        fault: tuple[int, bool] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self.step += 1
        begun = self.step
        self.taken.clear()
        before = seen(self.root)
        at, is_crash = fault or (0, False)
        plant = Fault(at, CrashError() if is_crash else OSError(errno.EIO, os.strerror(errno.EIO)))

        def happen() -> None:
            for one in waited_for(planned, before):
                assert set(one) <= seen(self.root).keys(), f"waits: {one[0]} went before"
            meanwhile()

        clock = Clock(happen)
        report = None
        with suppress(CrashError):
            report = self._apply(
                planned,
                clock,
                is_exclusive=is_exclusive,
                unlink=plant.around(os.unlink),
                rmdir=plant.around(os.rmdir),
                sleep=plant.around(clock.sleep) if is_crash else clock.sleep,
            )
        after = seen(self.root)
        # From here on it is as if what others took had not been there.
        before = {path: one for path, one in before.items() if path not in self.taken}
        new = {path for path, step in self.written.items() if step > begun}
        kept = {path for path, step in self.written.items() if step > planned.step}
        others(planned, before, after, new=new, kept=kept)
        order(before, after, new)
        if not is_exclusive:
            guard(before, after, self.now_s)
            is_gone = any(set(one).isdisjoint(after) for one in waited_for(planned, before))
            assert not is_gone or clock.slept_s >= 20, "waits: it did not"
        if report is not None:
            hold_to_its_word(report, before, after, new)


def _parts(entry: Entry) -> tuple[File | Folder, ...]:
    return (*entry.files, *entry.folders)


def _path(area: Area, slot: int) -> str:
    return entry_path(area, page_key(f"https://index.example/simple/demo-{slot}/"))


def _leaf(slot: int) -> str:
    return leaf(f"https://files.example/demo-{slot}.tar.gz")


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
