"""Restoring of one entry from the trash: as a whole or not at all, and never over an existing file.

A head is restored before its body: pip ignores a head without its body, after any interruption, while a body without
its head could be combined with another head. A wheel is restored after its origin. The values of an invalidated head
are restored before it gets its name.
"""

import errno
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pipcacheplus.apply.files import open_held, real_path, status_of
from pipcacheplus.apply.names import is_pips
from pipcacheplus.apply.rehearsal import check_writable_in
from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.folder_rights import FolderRights
from pipcacheplus.apply.trash.manifest import Disarming, Record
from pipcacheplus.apply.trash.private_directory import PrivateDirectory
from pipcacheplus.apply.trash.rearm_head import OpenHead, holding
from pipcacheplus.apply.trash.restore_file import TakenError, TrashedFile, ensure, place, take_again
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.values import File, Outcome, Shape, State

__all__ = ["Restorer"]

_NOT_PIPS = "has a name that no pip writes"
_TAKEN = "its place is taken by another file"
_INCOMPLETE = "a part of it is missing"
_ALTERED = "it was changed after it was moved"
_IN_THE_WAY = frozenset({errno.ENOTDIR, errno.ELOOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Restorer:
    """Restores entries of one run."""

    cache: OpenCache
    system: System
    run: PrivateDirectory
    held: dict[int, os.stat_result]
    """The files of the run, by number, as they were in the trash when it was opened."""
    disarmings: dict[int, Disarming]
    folders: dict[str, FolderRights]
    """Rights of removed directories."""

    def is_due(self, record: Record) -> bool:
        """Return whether there is anything to restore of an entry."""
        if self.held.keys() & set(record.numbers):
            return True
        if not is_pips(record.action):
            return False
        try:
            if any(self._is_harmless(number, file) for number, file in _in_order(record)):
                return True
            folders = record.action.entry.folders
            return not record.numbers and any(self._status(folder.path) is None for folder in folders)
        except OSError:
            return False  # a file there is not from this run

    def restore(self, record: Record, *, is_planned: bool) -> Outcome:
        """Restore an entry, and report the real result; with `is_planned`, the expected one, and change nothing."""
        action = record.action
        if not is_pips(action):
            return Outcome(action=action, state=State.FAILED, error=_NOT_PIPS)
        moved: list[tuple[int, File]] = []
        state, error = (State.PLANNED if is_planned else State.RESTORED), None
        try:
            error = self._why_not(record)
            if error is not None:
                state = State.CHANGED
            elif is_planned:
                coming = [(number, file) for number, file in _in_order(record) if number in self.held]
                for _, file in coming:
                    self._check_may_come(file)
                moved += coming
            else:
                self._bring(record, moved)
        except TakenError:
            state, error = State.CHANGED, _TAKEN
        except OSError as caught:
            is_in_the_way = caught.errno in _IN_THE_WAY
            state = State.CHANGED if is_in_the_way else State.FAILED
            error = _TAKEN if is_in_the_way else caught.strerror or str(caught)
        return Outcome(action=action, state=state, moved=tuple(file for _, file in moved), error=error)

    def _why_not(self, record: Record) -> str | None:
        """Examine all of an entry before any change; return the reason why it cannot be restored.

        Raises:
            OSError: It cannot be examined.
        """
        for number, file in _in_order(record):
            there = self._status(file.path)
            if number in self.held:
                # It can have both names, if a run was interrupted then.
                if there is not None and not self._of(number, file).is_at(there):
                    return _TAKEN
            elif there is None:  # it was not moved, or was restored; and then another process removed it
                return _INCOMPLETE
            elif not self._is_as_judged(number, file, there):
                return _TAKEN
            if number in self.disarmings and not self._is_ours(number, file):
                return _ALTERED
        return None

    def _check_may_come(self, file: File) -> None:
        """Return if the directory of a file may be written, or the one in which its directories would be made.

        Raises:
            OSError: It may not, or another object is in its place.
        """
        folder = file.path.rpartition("/")[0]
        while True:
            try:
                if self.system.has_descriptors:
                    check_writable_in(".", dir_fd=self.cache.folder(folder))
                else:
                    check_writable_in(real_path(self.cache, folder))
            except FileNotFoundError:
                folder = folder.rpartition("/")[0]
            else:
                return

    def _status(self, path: str) -> os.stat_result | None:
        try:
            return status_of(self.cache, path, self.system)
        except FileNotFoundError:
            return None

    def _is_as_judged(self, number: int, file: File, status: os.stat_result) -> bool:
        # Not by the device: its number may change with every start of the machine.
        is_same = file.size == status.st_size and (file.inode == status.st_ino or self.cache.renumbers)
        return is_same and (file.mtime_ns == status.st_mtime_ns or number in self.disarmings)

    def _is_harmless(self, number: int, file: File) -> bool:
        """Return whether a head was overwritten, and is still in its place."""
        if number not in self.disarmings:
            return False
        there = self._status(file.path)
        if there is None or not self._is_as_judged(number, file, there):
            return False
        with self._head(number, file) as head:
            return head.is_ours and not head.is_right

    def _is_ours(self, number: int, file: File) -> bool:
        with self._head(number, file) as head:
            return head.is_ours

    def _head(self, number: int, file: File) -> AbstractContextManager[OpenHead]:
        if number in self.held:
            path = os.path.join(self.run.path, str(number))
            opened = self.run.open_file(str(number), os.O_RDWR)
        else:
            path = real_path(self.cache, file.path)
            opened, _ = open_held(self.cache, file.path, self.system)
        return holding(opened, path, file, self.disarmings[number])

    def _bring(self, record: Record, moved: list[tuple[int, File]]) -> None:
        """Restore the files, each in its former state; if one fails, those before it are moved back.

        Raises:
            OSError: One cannot.
            TakenError: Its name was taken after the examination.
        """
        try:
            for number, file in _in_order(record):
                if number in self.disarmings:
                    with self._head(number, file) as head:
                        head.put_right(self.system)
                if number in self.held:
                    place(self.cache, self._of(number, file), self.system)
                    moved.append((number, file))
        except (OSError, TakenError):
            # A body without its head could be combined with the head that a pip is just writing; a head without its
            # body is of no use.
            for number, file in reversed(_in_order(record)):
                self._take_again(number, file)
                moved[:] = [(other, one) for other, one in moved if other != number]
            raise
        for folder in reversed(record.action.entry.folders):
            ensure(self.cache, folder.path, self.system, self.folders)

    def _take_again(self, number: int, file: File) -> None:
        there = self._status(file.path)
        if number in self.held and there is not None and self._of(number, file).is_at(there):
            take_again(self.cache, self._of(number, file), self.system)

    def _of(self, number: int, file: File) -> TrashedFile:
        return TrashedFile(
            run=self.run,
            number=number,
            status=self.held[number],
            path=file.path,
            folders=self.folders,
            is_numbered=not self.cache.renumbers,
        )


def _in_order(record: Record) -> list[tuple[int, File]]:
    """Return the files of an entry in the order of restoring."""
    # pip ignores a head without its body, but a body without its head can be combined with another head: so the head is
    # first. An origin without its wheel does no harm; for a wheel without it, pip does not know the source.
    entry = record.action.entry
    files = zip(record.numbers, record.action.files, strict=True)
    return sorted(files, key=lambda numbered: numbered[1].path == entry.id, reverse=entry.shape is Shape.PAIR)
