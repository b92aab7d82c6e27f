"""The payload of a one-file entry as a file of its own, whatever stands around it.

Of a cc=2 entry no part but a window of fixed size is ever in memory: reading on is cheap, going back behind the window
starts over.
"""

import io
import os
from typing import TYPE_CHECKING, BinaryIO

from pipcacheplus.model.facts import Head
from pipcacheplus.readers.http.cc2_json import EncodedResponse
from pipcacheplus.readers.http.head import PREFIX_LENGTH
from pipcacheplus.readers.http.stored_response import DamageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["KEPT_BYTES", "PayloadError", "open_payload"]

KEPT_BYTES = 256 << 10
"""Bytes at the end of a cc=2 payload, and of the last read part, that are kept: the directory of most archives."""
_BUFFER = 64 << 10


class PayloadError(OSError):
    """The file around the payload is damaged, or changed since its head was read."""

    reason: str
    """One clause, without path and full stop."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def open_payload(file: BinaryIO, head: Head) -> BinaryIO | None:
    """Open the payload inside a one-file entry for reading; it can be sought in.

    Closing it leaves `file` open; while it is in use `file` may be read and moved by others in between.

    Cost: cc=4 reads from the file directly. cc=2 unpacks: a jump forwards costs what lies between; one backwards, to
    before the last `KEPT_BYTES` that were read, all from the start; the last `KEPT_BYTES` of the payload are kept
    once they were reached. Memory does not grow with the payload. cc=1 uses the constant in the head.

    Args:
        file: Seekable; the file from which `head` was read.
        head: As `read_head` returned it.

    Returns:
        The payload, or `None` if the head does not give its position (a pickle whose body is too long to be held).

    Raises:
        PayloadError: Not here, but by reading: the bytes are not as they were when the head was read.
    """
    if head.body is not None:
        return io.BufferedReader(_Window(file, head.body.offset, head.body.length), _BUFFER)
    if head.cc == 2 and head.body_size is not None:  # noqa: PLR2004 - the number of the format
        return io.BufferedReader(_Decoded(file, head.body_size), _BUFFER)
    if head.pickle is not None and head.pickle.body is not None:
        return io.BytesIO(head.pickle.body)
    return None


class _Payload(io.RawIOBase):
    """A position in bytes of known length."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._length = length
        self._position = 0

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; nothing is read until `read`.

        Raises:
            ValueError: It would lie before the start.
        """
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        if start + offset < 0:
            raise ValueError(start + offset)
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read up to the length of the buffer, and at least a byte before the end.

        Raises:
            PayloadError: The bytes are not there any more.
        """
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._length - self._position)
        if wanted <= 0:
            return 0
        data = self._read(self._position, wanted)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, position: int, length: int) -> bytes:
        """Return one to `length` bytes from there."""
        raise NotImplementedError


class _Window(_Payload):
    """A part of a file."""

    def __init__(self, file: BinaryIO, offset: int, length: int) -> None:
        super().__init__(length)
        self._file = file
        self._offset = offset

    def _read(self, position: int, length: int) -> bytes:
        self._file.seek(self._offset + position)
        data = self._file.read(length)
        if not data:
            raise PayloadError(reason="file ends inside the content")
        return data


class _Decoded(_Payload):
    """The payload of a cc=2 entry, decoded on the way."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        super().__init__(length)
        self._file = file
        self._end = b""
        """The last bytes of the payload, once they were reached."""
        self._restart()

    def _restart(self) -> None:
        self._parts = EncodedResponse(self._file, None, start=PREFIX_LENGTH).payload()
        self._recent = bytearray()
        self._recent_at = 0
        """Position of the bytes that were decoded last."""

    def _read(self, position: int, length: int) -> bytes:
        end_at = self._length - len(self._end)
        if self._end and position >= end_at:
            return self._end[position - end_at :][:length]
        if position < self._recent_at:
            self._restart()
        while position >= self._recent_at + len(self._recent):
            self._decode_more()
        at = position - self._recent_at
        return bytes(self._recent[at : at + length])

    def _decode_more(self) -> None:
        try:
            part = next(self._parts)
        except StopIteration:
            raise PayloadError(reason="content is shorter than its metadata says") from None
        except DamageError as error:
            raise PayloadError(reason=f"content cannot be decoded: {error}") from error
        surplus = len(self._recent) - KEPT_BYTES
        if surplus > 0:
            del self._recent[:surplus]
            self._recent_at += surplus
        self._recent += part
        if self._recent_at + len(self._recent) == self._length:
            self._end = bytes(self._recent[-KEPT_BYTES:])
