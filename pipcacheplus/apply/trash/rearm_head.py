"""Restoring of an invalidated head: its overwritten bytes, and its times."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.manifest import Disarming
from pipcacheplus.model.values import File

__all__ = ["OpenHead", "holding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHead:
    """A head that is open for reading and writing."""

    descriptor: int
    path: str | None
    """Whether times are set by the name of a file; otherwise by its descriptor."""
    file: File
    """Its state when it was judged."""
    disarming: Disarming

    @property
    def is_ours(self) -> bool:
        """Return whether only this program wrote to it; its write may have been interrupted in the middle."""
        if os.fstat(self.descriptor).st_size != self.file.size:
            return False
        pairs = zip(self.disarming.before, self.disarming.after, strict=True)
        content = self._content()
        return len(content) == len(self.disarming.before) and all(
            one in pair for one, pair in zip(content, pairs, strict=True)
        )

    @property
    def is_right(self) -> bool:
        """Return whether it is restored already."""
        return self._content() == self.disarming.before and os.fstat(self.descriptor).st_mtime_ns == self.file.mtime_ns

    def put_right(self, system: System) -> None:
        """Write the overwritten bytes back, then the times.

        Raises:
            OSError: It cannot be written.
        """
        if self._content() != self.disarming.before:
            os.lseek(self.descriptor, self.disarming.offset, os.SEEK_SET)
            view = memoryview(self.disarming.before)
            while view:
                view = view[system.write(self.descriptor, view) :]
        target = self.descriptor if self.path is None else self.path
        system.utime(target, ns=(self.file.atime_ns, self.file.mtime_ns))

    def _content(self) -> bytes:
        os.lseek(self.descriptor, self.disarming.offset, os.SEEK_SET)
        return os.read(self.descriptor, len(self.disarming.before))


@contextmanager
def holding(descriptor: int, path: str, file: File, disarming: Disarming) -> Iterator[OpenHead]:
    """Use an open file as a head; it is closed at the end."""
    try:
        by_name = None if os.utime in os.supports_fd else path
        yield OpenHead(descriptor=descriptor, path=by_name, file=file, disarming=disarming)
    finally:
        os.close(descriptor)
