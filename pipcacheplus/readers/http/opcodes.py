"""The opcodes of a pickle, one after the other, without loading it and without holding what is long.

The standard library's `pickletools.genops` would read every constant whole, and stops at numbers that the loader takes;
here only its table of opcodes is used.
"""

import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["LimitError", "MalformedError", "Opcode", "opcodes"]

_TABLE = {code.code: code for code in pickletools.opcodes}
_CHUNK = 64 << 10
_MAX_OPCODES = 100_000
_MAX_BYTES = 32 << 20
_MAX_LINE = 64 << 10
_MAX_DIGITS = 18
_MAX_NUMBER_BYTES = 8
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
"""How an argument tells its own length: in so many bytes, with a sign or without."""


class LimitError(Exception):
    """A limit of ours, not the pickle, ends the list."""


class MalformedError(Exception):
    """Loading would fail here too; the text is the reason."""

    def __init__(self, reason: str, offset: int, *, is_cut: bool = False) -> None:
        self.offset = offset
        self.is_cut = is_cut
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Opcode:
    """One opcode with its argument."""

    name: str
    """As in `pickletools`: `SHORT_BINSTRING`."""
    data: bytes | None = None
    """The argument as it stands in the file; `None` if it is longer than is to be held."""
    length: int = 0
    """Bytes of the argument."""
    number: int | None = None
    """The argument as a number, if it is one of ordinary size."""
    names: tuple[str, ...] = ()
    """Both lines of `GLOBAL` and `INST`."""


def opcodes(file: BinaryIO, size: int, *, start: int, data_limit: int) -> Iterator[Opcode]:
    """Yield the opcodes up to and with `STOP`; what stands behind it no loader reads.

    Args:
        file: Seekable; its position is moved.
        size: Length of the file in bytes.
        start: Where the pickle begins.
        data_limit: Longest argument that is held, in bytes; longer ones are passed by.

    Raises:
        LimitError: More than 100,000 opcodes, 32 MiB beside long arguments, or a line longer than 64 KiB.
        MalformedError: The bytes end early, or are no opcode. A name that was cut off was yielded before.
    """
    stream = _Stream(file, size, start)
    for _ in range(_MAX_OPCODES):
        offset = stream.position
        code = _TABLE.get(stream.take(1).decode("latin-1"))
        if code is None:
            raise MalformedError(reason="no opcode of a pickle", offset=offset)
        if code.name in {"GLOBAL", "INST"}:
            yield from _named(stream, code.name)
        else:
            yield _opcode(stream, code, data_limit)
        if code.name == "STOP":
            return
    raise LimitError


def _named(stream: "_Stream", name: str) -> Iterator[Opcode]:
    module = _clean(stream.line())
    try:
        yield Opcode(name, names=(module, _clean(stream.line())))
    except MalformedError:
        # The loader of Python 2 takes a last line without its end, and so imports the module.
        yield Opcode(name, names=(module, "?"))
        raise


def _clean(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def _opcode(stream: "_Stream", code: pickletools.OpcodeInfo, data_limit: int) -> Opcode:
    if code.arg is None:
        return Opcode(code.name)
    if code.arg.n == pickletools.UP_TO_NEWLINE:
        line = stream.line()
        return Opcode(code.name, line, len(line), _decimal(line))
    if code.arg.n >= 0:
        data = stream.take(code.arg.n)
        is_signed = code.arg.name == "int4"
        return Opcode(code.name, data, len(data), int.from_bytes(data, "little", signed=is_signed))
    width, is_signed = _LENGTHS[code.arg.n]
    offset = stream.position
    length = int.from_bytes(stream.take(width), "little", signed=is_signed)
    if length < 0:
        raise MalformedError(reason="a length below zero", offset=offset)
    if length > data_limit:
        stream.skip(length)
        return Opcode(code.name, None, length)
    return Opcode(code.name, stream.take(length), length)


def _decimal(line: bytes) -> int | None:
    # Converting takes time that grows with the square of the length.
    try:
        return int(line) if len(line) <= _MAX_DIGITS else None
    except ValueError:
        return None


class _Stream:
    """Reads a file forwards through a small buffer."""

    def __init__(self, file: BinaryIO, size: int, start: int) -> None:
        self._file = file
        self._size = size
        self._at = start
        self._buffer = b""
        self._used = 0
        self._left = _MAX_BYTES

    @property
    def position(self) -> int:
        """Return the place of the next byte."""
        return self._at - len(self._buffer) + self._used

    def take(self, length: int) -> bytes:
        """Return exactly so many bytes."""
        if length > self._size - self.position:
            raise self._cut()
        self._left -= length
        if self._left < 0:
            raise LimitError
        while len(self._buffer) - self._used < length:
            self._fill(max(_CHUNK, length))
        data = self._buffer[self._used : self._used + length]
        self._used += length
        return data

    def line(self) -> bytes:
        """Return the bytes up to the next line feed, which is passed by."""
        while (end := self._buffer.find(b"\n", self._used)) < 0:
            if len(self._buffer) - self._used > _MAX_LINE:
                raise LimitError
            self._fill(_CHUNK)
        if end - self._used > _MAX_LINE:
            raise LimitError
        return self.take(end + 1 - self._used)[:-1]

    def skip(self, length: int) -> None:
        """Pass by bytes without reading them."""
        begin = self.position
        if length > self._size - begin:
            raise self._cut()
        self._at, self._buffer, self._used = begin + length, b"", 0

    def _fill(self, length: int) -> None:
        self._file.seek(self._at)
        data = self._file.read(min(length, self._size - self._at)) if self._size > self._at else b""
        if not data:
            raise self._cut()
        self._buffer = self._buffer[self._used :] + data
        self._used = 0
        self._at += len(data)

    def _cut(self) -> MalformedError:
        return MalformedError(reason="ends inside the pickle", offset=self._size, is_cut=True)
