"""Members of a tar archive, one after the other: ustar, GNU and pax headers, nothing of it unpacked.

`tarfile` is not used: in the supported Pythons, a hostile pax header of some megabytes keeps its regular
expressions busy for days, and it holds an object for each member.

Sources: POSIX.1-2017 `pax`, GNU tar's manual ("Basic Tar Format"); `tarfile.py` of Python 3.11 for what is tolerated.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.archive.decompress import Stream

__all__ = ["Tar", "TarMember"]

_BLOCK = 512
_MAX_EXTRA_BYTES = 1 << 20
"""Most bytes of a header that only extends the next one."""
_CHECKSUM = slice(148, 156)
_EXTENDING = frozenset(b"xXgLK")
_WITHOUT_DATA = frozenset(b"123456")
_FILES = frozenset(b"\x0007")
_SPARSE = ord("S")
_MAX_LENGTH_DIGITS = 9
_BINARY = 0x80
_IS_EXTENDED = 482
_IS_EXTENDED_AGAIN = 504


class TarMember(NamedTuple):
    """One member; its content follows in the stream."""

    name: str
    size: int
    """Bytes of content in the archive."""
    is_file: bool


class Tar:
    """The members of an archive, in order, once.

    The content of the member yielded last may be taken from the stream; what is left of it is skipped.
    """

    def __init__(self, stream: Stream, *, max_headers: int) -> None:
        self.fault: Broken | Unknown | None = None
        """The reason why there are no more members, set at the end; `None` if the archive ended between two members."""
        self.has_end = False
        """Whether the archive ended with the mark of its end."""
        self._stream = stream
        self._max_headers = max_headers

    def __iter__(self) -> Iterator[TarMember]:
        """Yield the members up to the end or to a fault.

        Raises:
            OSError: The file cannot be read.
        """
        name, size = None, None
        for _ in range(self._max_headers):
            header = self._header()
            length = None if header is None else self._length(header)
            if header is None or length is None:
                return
            if header[156] in _EXTENDING:
                extra = self._extra(length)
                if extra is None:
                    return
                name, size = _extended(header[156], extra, name, size)
                continue
            member = _member(header, name, length if size is None else size)
            name, size = None, None
            if not self._pass_map(header):
                return
            end = self._stream.position + _padded(member.size)
            yield member
            if not self._pass(end):
                return
        self.fault = Unknown(reason=f"more than {self._max_headers} tar headers")

    def _header(self) -> bytes | None:
        position = self._stream.position
        header = self._stream.take(_BLOCK)
        if len(header) < _BLOCK:
            if header or self._stream.fault:
                self._cut()
            elif not position:
                self.fault = Unknown(reason="not a tar archive")
        elif not any(header):
            self.has_end = True
        elif not _is_header(header):
            self.fault = Unknown(reason=f"no tar header at {position}" if position else "not a tar archive")
        else:
            return header
        return None

    def _length(self, header: bytes) -> int | None:
        length = _number(header[124:136])
        if length is None or length < 0:
            self.fault = Unknown(reason=f"tar header with a garbled size at {self._stream.position - _BLOCK}")
            return None
        return length

    def _extra(self, length: int) -> bytes | None:
        if length > _MAX_EXTRA_BYTES:
            self.fault = Unknown(reason=f"tar header of {length} bytes")
            return None
        extra = self._stream.take(_padded(length))
        if len(extra) < length:
            self._cut()
            return None
        return extra[:length]

    def _pass_map(self, header: bytes) -> bool:
        """Skip the blocks that continue the map of a sparse file (GNU)."""
        is_extended = header[156] == _SPARSE and header[_IS_EXTENDED]
        while is_extended:
            block = self._stream.take(_BLOCK)
            if len(block) < _BLOCK:
                self._cut()
                return False
            is_extended = block[_IS_EXTENDED_AGAIN]
        return True

    def _pass(self, end: int) -> bool:
        if not self._stream.skip(end - self._stream.position):
            self._cut()
            return False
        return True

    def _cut(self) -> None:
        position = self._stream.position
        self.fault = self._stream.fault or Broken(reason=f"tar archive ends at {position}", is_cut=True)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _number(field: bytes) -> int | None:
    """Return a number, octal, or binary behind its mark; `None` if it is neither."""
    if field[0] == _BINARY:
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        return None


def _is_header(header: bytes) -> bool:
    rest = header[: _CHECKSUM.start] + b" " * 8 + header[_CHECKSUM.stop :]
    said, total = _number(header[_CHECKSUM]), sum(rest)
    # Some very old writers added the bytes up as signed ones.
    return said == total or said == total - 256 * sum(byte >> 7 for byte in rest)


def _member(header: bytes, name: str | None, length: int) -> TarMember:
    kind = header[156]
    if name is None:
        raw = header[:100].partition(b"\0")[0]
        prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
        name = (prefix + b"/" + raw if prefix else raw).decode("utf-8", "surrogateescape")
    if kind in _WITHOUT_DATA or (not kind and name.endswith("/")):
        return TarMember(name, 0, is_file=False)
    return TarMember(name, length, is_file=kind in _FILES)


def _extended(kind: int, extra: bytes, name: str | None, size: int | None) -> tuple[str | None, int | None]:
    """Return the next member's name and size if this header sets them."""
    if kind == ord("L"):
        return extra.partition(b"\0")[0].decode("utf-8", "surrogateescape"), size
    if kind in b"xX":
        records = _pax_records(extra)
        if "path" in records:
            name = records["path"].decode("utf-8", "surrogateescape")
        if records.get("size", b"").isdigit():
            size = int(records["size"][:20])
    return name, size


def _pax_records(extra: bytes) -> dict[str, bytes]:
    """Return the records `length key=value`; a garbled one ends them."""
    records: dict[str, bytes] = {}
    at = 0
    while at < len(extra):
        digits, space, _ = extra[at : at + _MAX_LENGTH_DIGITS + 1].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        start, end = at + len(digits) + 1, at + length - 1
        key, equals, value = extra[start:end].partition(b"=")
        # A length that does not even cover its own digits would be read again and again.
        if end <= start or end >= len(extra) or not equals:
            break
        records[key.decode("utf-8", "replace")] = value
        at += length
    return records
