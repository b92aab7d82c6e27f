"""Answers of interpreters, stored from run to run in a folder of the state directory.

They only save time: a file that is not only this user's, cannot be read, is incomplete, has no valid seal, or
belongs to another interpreter counts as absent, and an answer that cannot be written is dropped.
"""

import hashlib
import json
import os
import re
import sys
from contextlib import suppress

from pipcacheplus.host.state import OwnFolder, disk_size, open_own_folder, state_folder
from pipcacheplus.model.values import OwnFiles, OwnKind

__all__ = [
    "InterpreterCache",
    "all_answers",
    "answers_of_indexes",
    "answers_of_interpreters",
    "interpreter_stamp",
    "libc_here",
]

_MAX_BYTES = 1 << 16
_NAME = re.compile(r"python-[0-9a-f]{32}\.json")


def libc_here() -> str:
    """Return the C library of this process with its version, `glibc 2.36`; empty if `confstr` does not return it."""
    name = "CS_GNU_LIBC_VERSION"
    try:
        return os.confstr(name) or ""
    except (AttributeError, OSError, ValueError):
        return ""


def interpreter_stamp(path: str, question: str) -> str | None:
    """Return a digest in hex that must be the same for an answer to be valid; `None` if there is no such file.

    It covers the query, the system, the file behind the path (device, inode, size, time of change), and the
    `pyvenv.cfg` that makes it the interpreter of one environment.

    Args:
        path: Path of an interpreter, absolute.
        question: The whole query.
    """
    real = os.path.realpath(path)
    here = os.path.dirname(path)
    settings = [os.path.join(folder, "pyvenv.cfg") for folder in (here, os.path.dirname(here))]
    seen = [_file_stamp(name) for name in (real, *settings)]
    if seen[0] is None:
        return None
    # The system has one of the two; both change with its version.
    system = (*getattr(os, "uname", tuple)(), *getattr(sys, "getwindowsversion", tuple)()[:3])
    return _digest([question, path, real, *seen, libc_here(), *system])


def _file_stamp(path: str) -> list[int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class InterpreterCache:
    """A folder with one small file for each interpreter path; it is made when the first answer is stored."""

    def __init__(self, folder: str) -> None:
        """Store the folder.

        Args:
            folder: Absolute; it and the one above are used only if they are only this user's.
        """
        self.folder = folder

    def load(self, path: str, stamp: str) -> object:
        """Return the stored answer for this path and this stamp, `None` if there is none. Never raises."""
        try:
            kept = json.loads(self._read(path))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(kept, dict) or kept.get("stamp") != stamp:
            return None
        answer = kept.get("answer")
        return answer if kept.get("seal") == _digest([stamp, answer]) else None

    def store(self, path: str, stamp: str, answer: object) -> None:
        """Store an answer, in place of the former one for this path; failures of writing are ignored.

        Two runs may write at once. The file is overwritten in place; its seal shows an incomplete one.

        Args:
            path: Path of the interpreter.
            stamp: The result of `interpreter_stamp` before it was run.
            answer: Plain JSON.
        """
        kept = {"stamp": stamp, "answer": answer, "seal": _digest([stamp, answer])}
        try:
            with self._open(is_made=True) as own:
                descriptor = own.open_file(_name(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            with open(descriptor, "wb") as file:
                file.write(json.dumps(kept).encode())
        except OSError:
            return

    def files(self) -> OwnFiles | None:
        """Return the stored files, `None` if there are none.

        Raises:
            OSError: The folder is not only this user's, or cannot be read.
        """
        try:
            with self._open() as own:
                statuses = [status for name in _names(own) if (status := own.status_of(name)) is not None]
        except FileNotFoundError:
            return None
        if not statuses:
            return None
        return OwnFiles(
            kind=OwnKind.INTERPRETERS,
            path=self.folder,
            cache=None,
            files=len(statuses),
            size=sum(status.st_size for status in statuses),
            disk_size=sum(map(disk_size, statuses)),
            used_s=max(int(status.st_mtime) for status in statuses),
        )

    def clear(self) -> None:
        """Remove all answers, and no other files; raises as `files`."""
        with suppress(FileNotFoundError), self._open() as own:
            for name in _names(own):
                own.unlink(name)

    def _read(self, path: str) -> bytes:
        with self._open() as own:
            descriptor = own.open_file(_name(path), os.O_RDONLY)
        with open(descriptor, "rb") as file:
            return file.read(_MAX_BYTES)

    def _open(self, *, is_made: bool = False) -> OwnFolder:
        return open_own_folder(*os.path.split(self.folder), is_made=is_made)


def answers_of_interpreters() -> InterpreterCache:
    """Return the stored answers of interpreters about themselves."""
    return InterpreterCache(os.path.join(state_folder(), "interpreters"))


def answers_of_indexes() -> InterpreterCache:
    """Return the stored default indexes of the pips of interpreters."""
    return InterpreterCache(os.path.join(state_folder(), "indexes"))


def all_answers() -> tuple[InterpreterCache, ...]:
    """Return all folders of answers."""
    return answers_of_interpreters(), answers_of_indexes()


def _names(own: OwnFolder) -> list[str]:
    return [name for name in own.names() if _NAME.fullmatch(name)]


def _name(path: str) -> str:
    return f"python-{hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"
