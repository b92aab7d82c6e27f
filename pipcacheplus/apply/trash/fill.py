"""Moving files to the trash: the manifest is written before any move, then each move is one rename."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pipcacheplus.apply.files import real_path
from pipcacheplus.apply.names import is_pips
from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.folder_rights import plain_rights_of, rights_of
from pipcacheplus.apply.trash.location import DONT, MANIFEST, RUN_MODE, drop, open_trash, run_name, runs_in
from pipcacheplus.apply.trash.manifest import FORMAT_LINE, Disarming, line_of_action, line_of_disarming, line_of_folder
from pipcacheplus.apply.trash.private_directory import PrivateDirectory, refused
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.values import Action

__all__ = ["Filling", "filling"]

_CHUNK = 1 << 20


@dataclass(slots=True, kw_only=True)
class Filling:
    """A run that moves the files that it removes from the cache to the trash."""

    run: str
    """Its name, by which `undo` finds it."""
    folder: PrivateDirectory
    system: System
    is_used: bool = False
    """Whether anything was overwritten, moved or removed; otherwise nothing of the run has to stay."""
    _manifest: int
    _end: int
    """Bytes of the manifest that are complete lines."""
    _numbers: dict[str, int] = field(default_factory=dict)
    _is_synced: bool = True

    def take(self, path: str, name: str, **where: int) -> None:
        """Move a file of the cache here, as `os.unlink` would remove it; `path` identifies it.

        Raises:
            OSError: It cannot be moved.
        """
        self._sync()
        number = str(self._numbers[path])
        self.is_used = True
        try:
            self.system.rename(
                name, self.folder.at(number), src_dir_fd=where.get("dir_fd"), dst_dir_fd=self.folder.descriptor
            )
        except FileNotFoundError as error:
            os.stat(name, follow_symlinks=False, **where)  # raises the same, if the file is gone
            raise OSError(errno.ESTALE, "the trash has vanished", self.folder.path) from error

    def note(self, path: str, disarming: Disarming) -> None:
        """Record the bytes that are about to be overwritten in a file of the cache.

        Raises:
            OSError: It cannot be written; then the manifest has no part of it.
        """
        self._write(line_of_disarming(self._numbers[path], disarming))
        self.is_used = True

    def note_folder(self, cache: OpenCache, path: str) -> None:
        """Record the rights of a directory that is about to be removed, unless they equal those of the one above.

        Raises:
            OSError: They cannot be written. A directory that cannot be examined is not removed.
        """
        above = path.rpartition("/")[0]
        try:
            if self.system.has_descriptors:
                own = rights_of(cache.folder(path))  # the inner one first: it is open already
                outer = plain_rights_of(cache.folder(above))
            else:
                own, outer = rights_of(real_path(cache, path)), plain_rights_of(real_path(cache, above))
        except OSError:
            return
        if own != outer:
            self._write(line_of_folder(path, own))

    def begin(self, actions: Sequence[Action]) -> None:
        """Record everything that may be removed.

        Raises:
            OSError: It cannot be written.
        """
        count = 0
        lines = bytearray(FORMAT_LINE)
        for action in actions:
            numbers = range(count, count + len(action.files))
            count = numbers.stop
            for number, file in zip(numbers, action.files, strict=True):
                self._numbers.setdefault(file.path, number)  # a file is moved with the first entry that names it
            lines += line_of_action(action, numbers)
            if len(lines) >= _CHUNK:
                self._write(bytes(lines))
                lines.clear()
        self._write(bytes(lines))
        self._sync()
        self.folder.sync(self.system)

    def close(self) -> None:
        """Close the manifest."""
        os.close(self._manifest)

    def _write(self, content: bytes) -> None:
        self._is_synced = False
        view = memoryview(content)
        try:
            while view:
                view = view[self.system.write(self._manifest, view) :]
        except OSError:
            with suppress(OSError):  # the next line must not follow a part of this one
                os.ftruncate(self._manifest, self._end)
            raise
        self._end += len(content)

    def _sync(self) -> None:
        if not self._is_synced:
            self.system.sync(self._manifest)
            self._is_synced = True


@contextmanager
def filling(cache: OpenCache, actions: Sequence[Action], system: System) -> Iterator[Filling]:
    """Begin a run that moves to the trash; if it moves nothing, it leaves nothing there.

    Raises:
        BadRequestError: There can be no trash here; nothing has been changed.
        OSError: As above.
    """
    with open_trash(cache, system, is_made=True) as trash:
        if trash is None:
            raise refused(cache.path, "has lost its trash", DONT)
        begun = _begun(trash, [action for action in actions if is_pips(action)], system)
        try:
            yield begun
        finally:
            begun.close()
            begun.folder.close()
            if not begun.is_used:
                with suppress(OSError):  # an empty run does no harm, and is removed at the next emptying
                    drop(trash, begun.run, system)


def _begun(trash: PrivateDirectory, actions: list[Action], system: System) -> Filling:
    name = run_name(system.now_s(), max(runs_in(trash), default=None))
    try:
        system.mkdir(trash.at(name), RUN_MODE, **trash.where)
        folder = trash.inner(name, system)
        try:
            manifest = folder.open_file(MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
            begun = Filling(run=name, folder=folder, system=system, _manifest=manifest, _end=0)
            try:
                begun.begin(actions)
                trash.sync(system)
            except BaseException:
                begun.close()
                raise
        except BaseException:
            folder.close()
            raise
    except OSError as error:
        with suppress(OSError):
            drop(trash, name, system)
        raise refused(trash.path, f"cannot be written: {error.strerror or error}", DONT) from error
    return begun
