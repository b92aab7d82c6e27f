"""Carrying out of a plan: the order of its steps, and the wait for running pips.

If no pip uses the cache, entries are removed one after the other. If one may, this is the order, with its reasons:

1. *Leftovers.* No pip looks for them by name.
2. *Responses are invalidated*, see `disarm`. A pip that asks the server about a stored response and gets the answer
   that nothing has changed must find it again, otherwise it treats the empty answer as the page; so a response with a
   validator must stay for as long as such an answer may take. And in `http-v2` pip tests whether head and body both
   exist, and then opens one and the other: it serves any state between two of these steps, also an empty body. No
   order of removal prevents that. But no pip uses an invalidated response, or asks about it in a way that could end in
   "nothing has changed"; so once every pip that had read the original head has got its answer, the response can be
   removed at any time. This applies to each pair with a date or a validator, also to files with a lifetime of years,
   and to a one-file response with a validator. Without these, no pip uses a response, and it is removed at once.
3. *Entries that need no wait* are removed while the time of the wait already runs: unused built wheels (`recent_use`),
   self-checks, origins, empty directories.
4. *One wait*, longer than the 15 s after which pip gives up on a server.
5. *Invalidated responses are removed*, the body before the head: pip ignores a head without its body, but a body
   without its head can be combined with another head. A response is removed only if the name still leads to the file
   in the state after the invalidation. One that a pip replaced meanwhile stays.

A response that cannot be invalidated (cc=1 and cc=2, which pips up to 9 wrote and pips up to 23.2.1 still read; a file
with a second name) is guarded like a wheel and removed at the end: a pip that is asking about it has read it, which its
access time shows, and a pip that looks for it after this test finds nothing and downloads everything.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from pipcacheplus.apply.disarm import disarm, use_of
from pipcacheplus.apply.disarm_bytes import Use
from pipcacheplus.apply.entries import Remover
from pipcacheplus.apply.files import compare, status_of, why_not_there
from pipcacheplus.apply.lock import locked, owned_root
from pipcacheplus.apply.names import is_pips
from pipcacheplus.apply.rehearsal import Rehearsal
from pipcacheplus.apply.system import Latch, System
from pipcacheplus.apply.trash.empty import empty_old
from pipcacheplus.apply.trash.fill import filling
from pipcacheplus.apply.trash.location import check_trash
from pipcacheplus.disk.open_cache import ChangedError, OpenCache
from pipcacheplus.model.values import Action, File, Measure, Outcome, Plan, Report, Shape, State

__all__ = ["apply"]

_LEFTOVERS = frozenset({Shape.TEMPORARY, Shape.LOCK, Shape.BUILD, Shape.HEAD, Shape.BODY, Shape.LOG})
_RESPONSES = frozenset({Shape.PAIR, Shape.SINGLE})
_SLICE_S = 0.2
"""Between two calls of `stop` during the wait."""
_NOT_PIPS = "has a name that no pip writes"
_LOWER = (
    "lies in a lower layer of an overlay, which would keep it, and pips may be running;"
    " `exclusive=True` means that none is"
)
_INTERRUPTED = "interrupted before its removal; pip will download it again"


def apply(
    plan: Plan,
    *,
    is_exclusive: bool,
    system: System,
    has_access_times: bool = True,
    lock_timeout_s: float = 0,
    wait_s: float = 20,
    stop: Callable[[], bool] | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    trash: bool = False,
    trash_size: int | None = None,
    is_planned: bool = False,
    waits: Callable[[float], None] | None = None,
) -> Report:
    """Carry out the actions of a plan, and report the real results.

    One failure does not stop the rest. Directories that are left empty are removed too, except the areas' own.

    Args:
        plan: Its files' stamps decide whether each is unchanged since it was judged.
        is_exclusive: Whether no pip uses this cache.
        system: The system.
        has_access_times: Whether the file system keeps them.
        lock_timeout_s: Seconds to wait for another pipcacheplus to finish.
        wait_s: Seconds that a pip may wait for an answer of its server.
        stop: Called between entries and during the wait; once it returns true, nothing else is begun. The outcomes are
            then those of what was done.
        progress: Called with the number of actions done, and of all; also during the wait.
        trash: Whether files are moved to the trash, from where `undo` restores them, and so free nothing yet.
        trash_size: Bytes of earlier runs, and this one, that the trash may hold; the oldest are removed first, never
            this one.
        waits: Called during the wait, if there is one, with the seconds that are left; at its end with 0. `progress` is
            not called then.
        is_planned: Whether nothing is changed, and the actions are reported: a refusal is the same, an entry that
            would stay has the outcome that it would have, and one that would be removed is `planned`. There is no wait.

    Raises:
        BadRequestError: There can be no trash here; nothing has been changed.
        CacheBusyError: Another pipcacheplus held the cache for longer than that.
        NotACacheError: It belongs to another user.
        OSError: The cache directory cannot be opened.
    """
    latch = Latch(stop)
    with OpenCache(plan.cache.path) as cache:
        root = owned_root(cache, system)
        with ExitStack() as stack:
            lock = locked(plan.cache.path, root, system, timeout_s=lock_timeout_s, stop=latch.poll)
            moves = trash and bool(plan.actions)
            moving, rehearsal, unlocked = None, None, None
            if is_planned:
                with lock:  # only to test whether it is free: another run need not wait for a dry one
                    pass
                if moves:
                    check_trash(cache, system, _any_file(plan))
                rehearsal = Rehearsal(cache=cache, system=system, frees=not moves)
            else:
                unlocked = stack.enter_context(lock)
                # Without the lock, nothing may be begun.
                if moves and not latch.is_set:
                    moving = stack.enter_context(filling(cache, plan.actions, system))
            remover = Remover(
                cache=cache,
                system=system,
                is_exclusive=is_exclusive,
                has_access_times=has_access_times,
                moves_access_times=plan.cache.moves_access_times,
                trash=moving,
                rehearsal=rehearsal,
            )
            run = _Run(plan.actions, remover, 0 if is_planned else wait_s, latch, progress, waits)
            run.carry_out()
            name = moving.run if moving is not None and moving.is_used else None
            measure = Measure.UP_TO if cache.shares_blocks else Measure.EXACT
            more = sum(file.disk_size for one in run.outcomes.values() for file in one.moved) if is_planned else 0
            emptied = (
                0
                if latch.is_set
                else empty_old(cache, system, max_size=trash_size, spares=name, is_planned=is_planned, more_bytes=more)
            )
    outcomes = tuple(run.outcomes[at] for at in sorted(run.outcomes))
    return Report(
        plan=plan,
        outcomes=outcomes,
        warnings=plan.warnings,
        is_interrupted=latch.is_set,
        run=name,
        emptied_bytes=emptied,
        emptied_measure=measure if emptied else Measure.EXACT,
        unlocked=unlocked,
    )


def _any_file(plan: Plan) -> str:
    """Return the path of a file in a plan; an empty one if it has none but directories."""
    return next((file.path for action in plan.actions for file in action.files), "")


@dataclass(slots=True)
class _Waiting:
    """A response that is removed after the wait."""

    at: int
    left: File | None
    """The head after the invalidation; `None` if it could not be invalidated."""
    handle: int | None

    def release(self) -> None:
        """Close the file, if it is still open."""
        if self.handle is not None:
            handle, self.handle = self.handle, None
            with suppress(OSError):  # FUSE may look for the file by its name, which is gone
                os.close(handle)


@dataclass(slots=True)
class _Run:
    """One plan in progress; outcomes are by the number of their action."""

    actions: tuple[Action, ...]
    remover: Remover
    wait_s: float
    latch: Latch
    progress: Callable[[int, int | None], None] | None
    waits: Callable[[float], None] | None
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    _waiting: list[_Waiting] = field(default_factory=list)
    _handles: int = 0

    def carry_out(self) -> None:
        """Carry out all actions, or those that come before a request to stop."""
        for at, action in enumerate(self.actions):
            if not is_pips(action):
                self.outcomes[at] = Outcome(action=action, state=State.CHANGED, error=_NOT_PIPS)
        if self.remover.is_exclusive:
            self._remove(self._of(lambda _shape: True))
        else:
            try:
                self._share()
            finally:
                self._close_all()
        self._report_progress()

    def _share(self) -> None:
        self._remove(self._of(lambda shape: shape in _LEFTOVERS))
        for at in self._begin(self._of(lambda shape: shape in _RESPONSES)):
            self._disarm(at)
        end_s = self.remover.system.clock_s() + self.wait_s
        self._remove(self._of(lambda shape: shape not in _LEFTOVERS | _RESPONSES))
        if self._waiting:
            self._wait(end_s)
        following = self._following([waiting.at for waiting in self._waiting])
        for waiting, entry_id in zip(self._waiting, following, strict=True):
            if self.latch.poll():
                self._leave_disarmed(waiting)
            else:
                self._finish(waiting, entry_id)
                self._report_progress()

    def _of(self, is_wanted: Callable[[Shape], bool]) -> list[int]:
        actions = ((at, action) for at, action in enumerate(self.actions) if at not in self.outcomes)
        return [at for at, action in actions if is_wanted(action.entry.shape)]

    def _following(self, numbers: list[int]) -> list[str]:
        """Return for each of these actions the entry that is removed next, `""` for the last."""
        return [*(self.actions[at].entry.id for at in numbers[1:]), ""] if numbers else []

    def _begin(self, numbers: list[int]) -> Iterator[int]:
        """Yield the numbers of actions until a request to stop."""
        for at in numbers:
            if self.latch.poll():
                return
            self._report_progress()
            yield at

    def _report_progress(self) -> None:
        if self.progress is not None:
            self.progress(len(self.outcomes), len(self.actions))

    def _remove(self, numbers: list[int]) -> None:
        for at, entry_id in zip(self._begin(numbers), self._following(numbers), strict=False):
            self.outcomes[at] = self.remover.remove(self.actions[at], following=entry_id)

    def _disarm(self, at: int) -> None:
        """Invalidate a response; one that no pip can be asking about is removed at once."""
        action = self.actions[at]
        try:
            outcome = self._disarmed(at, action)
        except ChangedError:
            outcome = Outcome(action=action, state=State.CHANGED)
        except OSError as error:
            outcome = self._without_head(action, error)
        if outcome is not None:
            self.outcomes[at] = outcome

    def _without_head(self, action: Action, error: OSError) -> Outcome:
        try:
            why_not_there(error)
        except OSError:
            return self.remover.failed(action, error)
        return self.remover.remove(action)  # keeps it, or finishes the removal that another process began

    def _disarmed(self, at: int, action: Action) -> Outcome | None:
        """Return its outcome; `None` if it has to wait."""
        remover = self.remover
        files = action.entry.files
        if not files or any(compare(remover.cache, file, remover.system) is not State.REMOVED for file in files[1:]):
            return remover.remove(action)  # as above
        is_single = action.entry.shape is Shape.SINGLE
        if remover.cache.is_lower(files[0].path):
            # Opening it for writing already copies it up, and so uses space although its removal frees none.
            if use_of(remover.cache, files[0], is_single=is_single) is Use.NONE:
                return remover.remove(action)
            return Outcome(action=action, state=State.BUSY, is_lower=True, error=_LOWER)
        found = disarm(
            remover.cache,
            files[0],
            remover.system,
            is_single=is_single,
            keeps_open=remover.rehearsal is None and self._handles < remover.system.max_handles,
            is_planned=remover.rehearsal is not None,
            note=remover.trash.note if remover.trash else None,
        )
        if found.use is Use.NONE:
            return remover.remove(action)
        if found.is_moved:
            remover.read_by_us.add(files[0].path)
        self._handles += found.handle is not None
        self._waiting.append(_Waiting(at, found.file if found.use is Use.DISARMABLE else None, found.handle))
        return None

    def _wait(self, end_s: float) -> None:
        system = self.remover.system
        is_told = False
        while (rest_s := end_s - system.clock_s()) > 0 and not self.latch.poll():
            if self.waits is not None:
                self.waits(rest_s)
                is_told = True
            else:
                self._report_progress()
            system.sleep(min(_SLICE_S, rest_s))
        if self.waits is not None and is_told:
            self.waits(0)

    def _finish(self, waiting: _Waiting, following: str) -> None:
        action = self.actions[waiting.at]
        if waiting.left is None:
            outcome = self.remover.remove(action, is_guarded=True, following=following)
        elif self._is_as_left(waiting.left):
            outcome = self.remover.remove(action, left=waiting.left, release=waiting.release, following=following)
        else:
            outcome = Outcome(action=action, state=State.CHANGED)
        self.outcomes[waiting.at] = outcome

    def _is_as_left(self, left: File) -> bool:
        """Compare the change time too: while a file is not held open, another one may have got its inode number."""
        try:
            return status_of(self.remover.cache, left.path, self.remover.system).st_ctime_ns == left.ctime_ns
        except OSError:
            return True  # gone, or not readable: the removal determines which, and reports it

    def _leave_disarmed(self, waiting: _Waiting) -> None:
        if waiting.left is not None and self.remover.rehearsal is None:
            action = self.actions[waiting.at]
            self.outcomes[waiting.at] = Outcome(action=action, state=State.FAILED, error=_INTERRUPTED)

    def _close_all(self) -> None:
        for waiting in self._waiting:
            waiting.release()
