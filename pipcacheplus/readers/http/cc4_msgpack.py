"""cc=4: one msgpack map, in which the payload is skipped.

Source: pip 10.0 to 26.3, `cachecontrol/serialize.py`: `{"response": {"body", "headers", "status", …}, "vary": {…}}` and
nothing behind it; bytes have a type of their own, but pips below 18.0 under Python 2 could write names as bytes.
"""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from pipcacheplus.model.facts import Broken, Head, Span
from pipcacheplus.readers.http.stored_response import HEAD_LIMIT, MAX_HEADERS, DamageError, head_of, unique

__all__ = ["FRONT_BYTES", "StoredHeader", "locate_headers", "read_packed"]

FRONT_BYTES = 8 << 10
"""Bytes that hold nearly every head, so that one read of the file is enough."""
_MAX_TEXT = 64 << 10
"""Most bytes of a name or value that is searched in the file."""
_SHORT = 256
_MAX_KEYS = 100
_NO_RESPONSE = "not the msgpack of a response"
_FIXED_TEXT = range(0xA0, 0xC0)
_LENGTH_WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
"""First byte of a msgpack bytes or text value to the number of bytes in which its length follows."""

_KEYS = ("response", "vary")
_RESPONSE_KEYS = {"body", "headers", "status", "version", "reason", "strict", "decode_content"}
_BOUNDS: dict[str, Any] = {
    # Values within values keep room for their length at each level: bounded lengths bound the memory.
    "max_array_len": MAX_HEADERS,
    "max_map_len": MAX_HEADERS,
    "max_ext_len": 0,
    "unicode_errors": "surrogateescape",
    "object_pairs_hook": tuple,
}


class StoredHeader(NamedTuple):
    """A header of a response, and where its value stands in the file."""

    name: bytes
    """In lower case."""
    value: bytes
    offset: int
    """Of the value's first byte, from the start of the file."""


def read_packed(file: BinaryIO, front: bytes, size: int, *, start: int, limit: int) -> Head | Broken:
    """Decode a msgpack head; the payload's position is returned, its bytes are not read.

    Args:
        file: Seekable; its position is moved.
        front: The first bytes of the file, already read.
        size: Length of the file in bytes.
        start: Where the msgpack map begins.
        limit: Most bytes to read, the payload not counted.
    """
    import msgpack  # noqa: PLC0415 - slow to import

    if size == len(front) <= limit and (head := _at_once(front, start)) is not None:
        return head
    source = _LimitedFile(file, front, size, limit)
    parser = _Parser(source, start)
    try:
        head = _head(parser)
    except DamageError as damage:
        return Broken(reason=str(damage), offset=parser.position, is_cut=damage.is_cut)
    except msgpack.OutOfData:
        if source.is_spent:
            return Broken(reason=f"metadata is longer than {limit} bytes", offset=parser.position)
        return Broken(reason="ends inside the metadata", offset=size, is_cut=True)
    except msgpack.BufferFull:
        return Broken(reason=f"metadata is longer than {limit} bytes", offset=parser.position)
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException):
        # The package does not promise which of these it raises for which damage.
        return Broken(reason=_NO_RESPONSE, offset=parser.position)
    if parser.position != size:
        return Broken(reason=f"{size - parser.position} bytes behind the end", offset=parser.position)
    return head


def locate_headers(file: BinaryIO, front: bytes, size: int, *, start: int) -> tuple[StoredHeader, ...] | None:
    """Find the headers in the file; the bytes behind them are not read, and may be missing.

    A name that occurs twice is returned twice. Memory: a few MiB, whatever stands in front of the headers.

    Args:
        file: Seekable; its position is moved.
        front: The first bytes of the file, already read.
        size: Length of the file in bytes.
        start: Where the msgpack map begins.

    Returns:
        The headers in their order; `None` if they are not found, if there are more than `MAX_HEADERS` of them, if a
        text has more than 64 KiB, or if they lie behind more than a MiB, the payload not counted.

    Raises:
        OSError: The file cannot be read.
    """
    import msgpack  # noqa: PLC0415 - slow to import

    parser = _Parser(_LimitedFile(file, front, size, HEAD_LIMIT), start)
    try:
        parser.enter("response")
        parser.enter("headers")
        return tuple([parser.header() for _ in range(parser.map_length(MAX_HEADERS))])
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException, DamageError):
        return None


def _at_once(front: bytes, start: int) -> Head | None:
    """Decode a whole head without payload; `None` if it is not just as pip 23.3 and later write it."""
    import msgpack  # noqa: PLC0415 - slow to import

    try:
        found = unique(msgpack.unpackb(front[start:], **_BOUNDS), "document")
        response, vary = unique(found["response"], "response"), found["vary"]
        if len(found) != len(_KEYS) or not _RESPONSE_KEYS.issuperset(response) or response["body"] != b"":
            return None
        return head_of(4, response, vary, text=_text, body=Span(offset=len(front), length=0), body_size=0)
    except (ValueError, TypeError, KeyError, RecursionError, msgpack.UnpackException, DamageError):
        return None  # reading it value by value finds the damage


def _head(parser: "_Parser") -> Head:
    in_response = {
        "body": parser.skip_bytes,
        "headers": parser.value,
        "status": parser.value,
        "reason": parser.value,
    }
    fields = parser.map({"response": lambda: parser.map(in_response), "vary": parser.value})
    if "response" not in fields:
        raise DamageError(reason="no response in it")
    response = fields["response"]
    if "body" not in response:
        raise DamageError(reason="response without content")
    body = response["body"]
    return head_of(4, response, fields.get("vary", ()), text=_text, body=body, body_size=body.length)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    raise DamageError(reason="a value that is not text")


def _raw(value: object) -> bytes:
    """Return text or bytes as they stand in the file."""
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if not isinstance(raw, bytes) or len(raw) > _MAX_TEXT:
        raise DamageError(reason="a value that is not the text of a header")
    return raw


class _LimitedFile:
    """The bytes of the file for the unpacker, within a limit."""

    def __init__(self, file: BinaryIO, front: bytes, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        self.next = 0
        """The offset of the next read."""
        self.is_spent = False
        """Whether the limit, not the end of the file, stopped the last read."""
        self._file = file
        self._front = front
        self._left = limit

    def read(self, length: int) -> bytes:
        """Return the next bytes, none at the end of the file or of what may be read."""
        wanted = min(length, self.size - self.next)
        self.is_spent = wanted > 0 >= self._left
        data = self.peek(self.next, min(wanted, self._left))
        self.next += len(data)
        self._left -= len(data)
        return data

    def peek(self, at: int, length: int) -> bytes:
        """Return up to so many bytes from there; fewer also where the part that was read at first ends."""
        if length <= 0:
            return b""
        if at < len(self._front):
            return self._front[at : at + length]
        self._file.seek(at)
        return self._file.read(length) or b""


class _Parser:
    """Reads msgpack values, one after the other, and knows where each begins."""

    def __init__(self, source: _LimitedFile, start: int) -> None:
        self._source = source
        self._go_to(start)

    @property
    def position(self) -> int:
        """Return where the next value begins, in bytes from the start of the file."""
        return self._base + int(self._unpacker.tell())

    def map(self, fields: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        """Read a map with the function given for each key; the values of other keys are skipped."""
        found: dict[str, Any] = {}
        for key in self._keys():
            if key in fields:
                found[key] = fields[key]()
            else:
                self._unpacker.skip()
        return found

    def enter(self, wanted: str) -> None:
        """Step into a map until right before the value of a key; a payload on the way is skipped."""
        for key in self._keys():
            if key == wanted:
                return
            if key == "body":
                self.skip_bytes()
            else:
                self._unpacker.skip()
        raise DamageError(reason=f"no {wanted} in it")

    def _keys(self) -> Iterator[str]:
        """Step into a map and yield its keys; each value has to be read before the next key."""
        seen: set[str] = set()
        for _ in range(self.map_length(_MAX_KEYS)):
            key = _text(self.value())
            if key in seen:
                raise DamageError(reason="a key twice in a map")
            seen.add(key)
            yield key

    def map_length(self, limit: int) -> int:
        """Step into a map, and return how many keys it has."""
        length = int(self._unpacker.read_map_header())
        if length > limit:
            raise DamageError(reason=_NO_RESPONSE)
        return length

    def header(self) -> StoredHeader:
        """Read a key and a value that are text or bytes."""
        name, value = _raw(self.value()), _raw(self.value())
        return StoredHeader(name.lower(), value, self.position - len(value))

    def value(self) -> object:
        """Read a value; a map becomes a tuple of pairs."""
        value: object = self._unpacker.unpack()
        return value

    def skip_bytes(self) -> Span:
        """Skip bytes or text, of which only the length is read."""
        at = self.position
        first = self._byte(at)
        width = _LENGTH_WIDTHS.get(first, 0)
        if not width and first not in _FIXED_TEXT:
            raise DamageError(reason="content is not bytes")
        begin = at + 1 + width
        length = int.from_bytes([self._byte(at + 1 + i) for i in range(width)], "big") if width else first & 0x1F
        if begin + length > self._source.size:
            raise DamageError(reason="ends inside the content", is_cut=True)
        if length <= _SHORT:
            self._unpacker.skip()  # cheaper than to start again, as for the empty one of each head of `http-v2`
        else:
            self._go_to(begin + length)
        return Span(offset=begin, length=length)

    def _byte(self, at: int) -> int:
        # One by one: a length may cross the end of the first read.
        data = self._source.peek(at, 1) if at < self._source.size else b""
        if not data:
            raise DamageError(reason="ends inside the metadata", is_cut=True)
        return data[0]

    def _go_to(self, position: int) -> None:
        import msgpack  # noqa: PLC0415 - slow to import, and only needed when a head is read

        bound = max(self._source.limit, FRONT_BYTES)
        self._base = self._source.next = position
        self._unpacker = msgpack.Unpacker(
            self._source, read_size=FRONT_BYTES, max_buffer_size=bound, max_str_len=bound, max_bin_len=bound, **_BOUNDS
        )
