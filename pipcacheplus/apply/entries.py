"""Removal of one entry: examine all of it, remove file after file, then the directories, and report the result.

A failure becomes part of the outcome, and the next entry follows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from pipcacheplus.apply.files import Removed, compare, remove, status_of, why_not_there
from pipcacheplus.apply.folders import is_in_use, tidy
from pipcacheplus.apply.recent_use import why_busy
from pipcacheplus.apply.rehearsal import Rehearsal
from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.fill import Filling
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.host.users import user_name
from pipcacheplus.model.values import Action, File, Measure, Outcome, Shape, State
from pipcacheplus.pips.layout import ORIGIN_NAME, Place, Role, roles_in

__all__ = ["Remover", "reason_of"]

_FOLDER_IN_USE = "made or read within a day, and a build may be about to use it"


def reason_of(error: OSError) -> str:
    """Return the system's message for a failure."""
    return error.strerror or str(error)


def _told_of(owner: int, error: OSError) -> str:
    name = user_name(owner)
    return f"{reason_of(error)}: of {f'{name} (uid {owner})' if name else f'uid {owner}'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remover:
    """Removes entries of one cache."""

    cache: OpenCache
    system: System
    is_exclusive: bool
    """Whether no pip uses this cache."""
    has_access_times: bool
    moves_access_times: bool
    trash: Filling | None = None
    """The trash that receives the entries; `None` if they are removed."""
    rehearsal: Rehearsal | None = None
    """Replaces every change, in a dry run."""
    read_by_us: set[str] = field(default_factory=set)
    """Paths of files whose access times this program's own reading changed."""

    def remove(
        self,
        action: Action,
        *,
        left: File | None = None,
        release: Callable[[], None] = lambda: None,
        is_guarded: bool = False,
        following: str = "",
    ) -> Outcome:
        """Carry an action out.

        Args:
            action: The action.
            left: The invalidated file among them, with its stamp after that.
            release: Closes held files; called when the files are removed. NFS keeps an open file under
                another name, and so its directory.
            is_guarded: Whether it stays if it was used a short while ago, as built wheels do.
            following: The id of the entry that is removed next, as of `tidy`.
        """
        removed = Removed()
        error = owner = None
        try:
            if needed := self._needed_by_others(action):
                if needed == action.files:
                    return Outcome(action=action, state=State.CHANGED)
                # A file that is shared with an entry that stays is not in the plan, and so not in the outcome.
                action = replace(action, files=tuple(file for file in action.files if file not in needed))
            busy = self._why_busy(action, is_guarded=is_guarded)
            state, error = (State.BUSY, busy) if busy else (self._files_go(action, left, removed), None)
            release()
            if state is State.REMOVED:
                self._tidy(action, removed, following)
                state = State.REMOVED if removed.files or (removed.folders and not action.files) else State.GONE
        except OSError as caught:
            owner = self._owner(action, caught)
            state, error = State.FAILED, reason_of(caught) if owner is None else _told_of(owner, caught)
        made = self._outcome(action, state, removed, error)
        return made if owner is None else replace(made, owner=owner)

    def failed(self, action: Action, error: OSError) -> Outcome:
        """Return the outcome of an action that could not be begun."""
        owner = self._owner(action, error)
        told = reason_of(error) if owner is None else _told_of(owner, error)
        return Outcome(action=action, state=State.FAILED, error=told, owner=owner)

    def _owner(self, action: Action, error: OSError) -> int | None:
        """Return the other user who owns a refused file, as after `sudo pip`; `None` if that is not the reason."""
        if not isinstance(error, PermissionError) or self.system.uid is None:
            return None
        paths = [file.path for file in action.files] or [folder.path for folder in action.entry.folders]
        for path in paths:
            for one in (path.rpartition("/")[0], path):
                try:
                    status = self.cache.status("") if not one else status_of(self.cache, one, self.system)
                except OSError:
                    continue
                if status.st_uid != self.system.uid:
                    return status.st_uid
        return None

    def _outcome(self, action: Action, state: State, removed: Removed, error: str | None) -> Outcome:
        went = tuple(removed.files)
        frees = self.trash is None if self.rehearsal is None else self.rehearsal.frees
        if self.rehearsal is not None:
            state = State.PLANNED if state is State.REMOVED else state
        elif self.trash is not None:
            self.trash.is_used = self.trash.is_used or removed.folders > 0
            state = State.TRASHED if state is State.REMOVED else state
        return Outcome(
            action=action,
            state=state,
            removed=went if frees else (),
            moved=() if frees else went,
            disk_size=removed.disk_size if frees else 0,
            measure=self._measure_of(removed) if frees else Measure.EXACT,
            is_lower=removed.is_lower,
            folders=removed.folders,
            folder_disk_size=removed.folder_disk_size,
            error=error,
        )

    def _measure_of(self, removed: Removed) -> Measure:
        if removed.disk_size and self.cache.shares_blocks:
            return Measure.UP_TO
        return Measure.EXACT if removed.is_exact else Measure.AT_LEAST

    def _tidy(self, action: Action, removed: Removed, following: str) -> None:
        if self.rehearsal is not None:
            self.rehearsal.take_folders(action, removed, is_exclusive=self.is_exclusive)
            return
        tidy(
            self.cache,
            action,
            self.system,
            removed,
            is_exclusive=self.is_exclusive,
            following=following,
            note=self.trash.note_folder if self.trash else None,
        )

    def _why_busy(self, action: Action, *, is_guarded: bool) -> str | None:
        if self.is_exclusive:
            return None
        if is_in_use(self.cache, action, self.system, has_access_times=self.has_access_times):
            return _FOLDER_IN_USE
        if is_guarded:
            guarded = action.entry.files
        else:
            guarded = action.entry.files[:1] if action.entry.shape is Shape.BUILT_WHEEL else ()
        reasons = (self._why_used(file) for file in guarded)
        return next((reason for reason in reasons if reason), None)

    def _why_used(self, file: File) -> str | None:
        try:
            status = status_of(self.cache, file.path, self.system)
        except OSError as error:
            why_not_there(error)
            return None  # it is gone or changed, which removing it reports
        return why_busy(
            file,
            status,
            now_s=self.system.now_s(),
            has_access_times=self.has_access_times,
            is_moved=self.moves_access_times or file.path in self.read_by_us,
        )

    def _files_go(self, action: Action, left: File | None, removed: Removed) -> State:
        """Return `REMOVED` if none of the files stays, otherwise the state of one that does."""
        pairs = [(left if left and left.path == file.path else file, file) for file in action.files]
        if self.rehearsal is not None:
            return self.rehearsal.take_files(action, [now for now, _ in pairs], removed)
        # All of an entry first: if a pip renews its head just now, its body must not be removed either. The first is
        # examined right before its removal, when nothing has been removed yet.
        if any(compare(self.cache, now, self.system) is State.CHANGED for now, _ in pairs[1:]):
            return State.CHANGED
        for now, judged in pairs:
            away = partial(self.trash.take, judged.path) if self.trash else None
            state = remove(self.cache, now, self.system, removed, judged=judged, away=away)
            if state is State.CHANGED or state is State.BUSY:
                return state
        return State.REMOVED

    def _needed_by_others(self, action: Action) -> tuple[File, ...]:
        """Return the origin, if another wheel lies beside it, independent of the plan."""
        origin = tuple(file for file in action.files if file.path.rpartition("/")[2] == ORIGIN_NAME)
        if not origin:
            return ()
        folder = origin[0].path.rpartition("/")[0]
        role_of = roles_in(folder, Place.LEAF)
        own = {file.path for file in action.files}
        gone = self.rehearsal.gone if self.rehearsal is not None else frozenset()
        try:
            folders, files = self.cache.names(folder)
            paths = ((name, f"{folder}/{name}") for name in (*folders, *files))
            others = [name for name, path in paths if path not in own and path not in gone]
        except OSError as error:
            why_not_there(error)
            return ()
        return origin if any(role_of(name) is Role.WHEEL for name in others) else ()
