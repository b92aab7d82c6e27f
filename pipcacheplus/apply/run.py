"""Carry a plan out: the order of its steps, and the wait for pips at work.

If no pip is at work, entries go one after the other. If one may be, this is the order, and why:

1. *Leftovers.* No pip looks for them by name.
2. *Responses are disarmed*, see `disarm`. A pip that asks the server about a stored response and hears that nothing has
   changed must find it again, else it takes the empty answer for the page; so what has a validator has to stay for as
   long as such an answer may take. And in `http-v2` pip looks whether head and body are both there, and then opens one
   and the other: what it finds between two of these steps it serves, an empty body too. Against that no order of
   removing helps. But what is disarmed is served by no pip and asked about by none in a way that could end in "nothing
   has changed"; so once every pip that had read the head as it was has got its answer, it can go at any moment. This
   holds for each pair with a date or a validator, files with a lifetime of years not excepted, and for a one-file
   response with a validator. Without, a response is none that a pip relies on, and goes at once.
3. *What needs no wait* goes while the clock of the wait runs already: built wheels that lay still (`recent_use`),
   self-checks, origins, empty directories.
4. *One wait*, longer than the 15 s after which pip gives a server up.
5. *What was disarmed goes*, the body before the head: a head alone is a miss for pip, a body alone can end under
   another head. It goes only if the name still leads to the file as we left it. What a pip took over meanwhile is its
   own again.

What cannot be disarmed (cc=1 and cc=2, which pips up to 9 wrote and pips up to 23.2.1 still read; a file with a second
name) is guarded like a wheel and goes at the end: a pip that is asking about it has read it, which its access time
shows, and who reads it after that look finds nothing and asks for all.
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
_NOT_PIPS = "has a name that no pip gives"
_LOWER = (
    "lies in a lower layer of an overlay, which would keep it, and pips may be at work;"
    " `exclusive=True` says that none is"
)
_INTERRUPTED = "interrupted before it went; pip will fetch it anew"


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
    """Remove what a plan names, and report what really went.

    One failure does not stop the rest. Directories that are left empty go too, but for the areas' own.

    Args:
        plan: Its files' stamps decide whether each is still what was judged.
        is_exclusive: Whether no pip is at work on this cache.
        system: Where this runs.
        has_access_times: Whether the file system keeps them.
        lock_timeout_s: How long to wait, in seconds, for another pipcacheplus to finish.
        wait_s: How long, in seconds, a pip may take to hear from its server.
        stop: Called between entries and during the wait; once it returns true, nothing else is begun. The outcomes are
            then those of what was done.
        progress: Called with the number of actions done, and of all; also during the wait.
        trash: Whether files are moved to the trash, from where `undo` brings them back, and so free nothing yet.
        trash_size: Bytes of earlier runs, and this one, that the trash may hold; the oldest go first, never this one.
        waits: Called during the wait, if there is one, with the seconds that are left; at its end with 0. `progress` is
            not called then.
        is_planned: Whether nothing is touched, and what would go is reported: what would be refused is refused, what
            would stay has the outcome that it would have, and what would go is `planned`. Nothing is waited for.

    Raises:
        BadRequestError: There can be no trash here; nothing has been touched.
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
            moving, rehearsal = None, None
            if is_planned:
                with lock:  # only to see if it is free: a run that comes meanwhile need not wait for a dry one
                    pass
                if moves:
                    check_trash(cache, system, _any_file(plan))
                rehearsal = Rehearsal(cache=cache, system=system, frees=not moves)
            else:
                stack.enter_context(lock)
                # Without the lock, nothing is to be begun.
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
    )


def _any_file(plan: Plan) -> str:
    """Return the path of a file that a plan takes; if it takes none, that of the cache directory itself."""
    return next((file.path for action in plan.actions for file in action.files), "")


@dataclass(slots=True)
class _Waiting:
    """A response that goes after the wait."""

    at: int
    left: File | None
    """The head as we left it; `None` if it could not be disarmed."""
    handle: int | None

    def release(self) -> None:
        """Let go of the file, if it is still held open."""
        if self.handle is not None:
            handle, self.handle = self.handle, None
            with suppress(OSError):  # FUSE may look for the file by its name, which is gone
                os.close(handle)


@dataclass(slots=True)
class _Run:
    """One plan on its way; outcomes are by the number of their action."""

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
        """Return for each of these actions which entry goes after it, `""` for the last."""
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
        """Disarm a response; one that no pip can be asking about goes at once."""
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
        return self.remover.remove(action)  # keeps it, or finishes what somebody else began

    def _disarmed(self, at: int, action: Action) -> Outcome | None:
        """Return what became of it; `None` if it has to wait."""
        remover = self.remover
        files = action.entry.files
        if not files or any(compare(remover.cache, file, remover.system) is not State.REMOVED for file in files[1:]):
            return remover.remove(action)  # as above
        is_single = action.entry.shape is Shape.SINGLE
        if remover.cache.is_lower(files[0].path):
            # To open it for writing alone copies it up, and so takes room where its removal gives none.
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
        """Compare the change time too: while a file is not held open, another one may have got its number."""
        try:
            return status_of(self.remover.cache, left.path, self.remover.system).st_ctime_ns == left.ctime_ns
        except OSError:
            return True  # gone, or not to be looked at: removing finds out which, and reports it

    def _leave_disarmed(self, waiting: _Waiting) -> None:
        if waiting.left is not None and self.remover.rehearsal is None:
            action = self.actions[waiting.at]
            self.outcomes[waiting.at] = Outcome(action=action, state=State.FAILED, error=_INTERRUPTED)

    def _close_all(self) -> None:
        for waiting in self._waiting:
            waiting.release()
