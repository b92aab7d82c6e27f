"""cc=1: a pickle, of which the opcodes are listed by `pickletools` and nothing is ever loaded.

pips 6.0 to 23.2.1 load such a file when they read it in `http`, and so run the functions that it names.

Source: pip 6.0 to 6.0.6, `cachecontrol/serialize.py`: the same dictionary as in later formats, in the highest protocol
of the Python that wrote it (2 to 4); `response.headers` is an `HTTPHeaderDict`, which holds pairs of name and value.
"""

import io
import pickletools
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pipcacheplus.disk.file_content import read_at
from pipcacheplus.model.facts import Broken, Head, Pickle

__all__ = ["MAX_LINE", "MAX_OPCODES", "MAX_PICKLE_BYTES", "PLAIN_CALLS", "read_pickle"]

MAX_PICKLE_BYTES = 16 << 20
"""A longer pickle is not read: `pickletools` holds constants as text, of which a character takes up to 4 bytes."""
MAX_OPCODES = 100_000
PLAIN_CALLS = frozenset({"pip._vendor.requests.packages.urllib3._collections.HTTPHeaderDict"})
"""All names that the writer uses, seen in files of pips 6.0 and 6.0.6 under Python 2.7 and 3.

Loading it makes an empty mapping and fills it with constants. No other name is accepted, not even one that does
no harm: `copyreg` and `_codecs` serve protocols that this writer does not choose.
"""
UNRESOLVED = "?"
"""Stands for a call whose name does not follow from the opcodes."""
MAX_LINE = 4 << 10
"""Longest argument that ends with its line: in pip's protocols only names are such, and a number takes time that grows
with the square of its length."""
_TEXT_LIMIT = 4 << 10
_MAX_STRINGS = 1_000
_NAME_STARTS = ("x-pypi-", "content-", "etag", "date", "cache-control", "last-modified", "location", "expires", "vary")
_NAMED_CALLS = frozenset(("GLOBAL", "INST"))
_UNNAMED_CALLS = frozenset(("EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"))
_CALLS = _NAMED_CALLS | _UNNAMED_CALLS
_NEUTRAL = frozenset(("PROTO", "FRAME"))
_NUMBERS = frozenset(("BININT", "BININT1", "BININT2"))
_Constant = tuple[str | bytes | bytearray, bool]
"""An argument, and whether it is one of Unicode text."""
_CODES = {code.code: code for code in pickletools.opcodes}


def read_pickle(file: BinaryIO, size: int, *, start: int) -> Head | Broken:
    """List the names in a pickled entry, and the fields of the response that its constants show.

    A pickle that cannot be read to its end is `Broken`, but not if loading would call a function before that.
    A pickle that cannot be followed here, but perhaps by a loader (a limit, a line that `pickletools` does not
    accept), is never plain.

    Memory: three times the size of what pip writes, nine times of text whose last character is a wide one.

    Args:
        file: Seekable; its position is moved.
        size: Length of the file in bytes.
        start: Where the pickle begins.

    Raises:
        OSError: The file cannot be read.
    """
    scan = _Scan()
    if size - start > MAX_PICKLE_BYTES:
        return scan.head(is_whole=False)
    data = read_at(file, start, size - start)
    is_whole = False
    try:
        for opcode in _opcodes(data):
            scan.add(opcode)
        is_whole = True
    except _LimitError:
        pass
    except _MalformedError as error:
        if scan.is_plain:
            return Broken(reason=str(error), offset=start + error.offset, is_cut=error.is_cut)
    return scan.head(is_whole=is_whole)


class _LimitError(Exception):
    """A limit of this module, or of `pickletools`, ends the list; a loader might go on."""


class _MalformedError(Exception):
    """Loading would fail here too; the text is the reason."""

    def __init__(self, reason: str, offset: int, *, is_cut: bool = False) -> None:
        self.offset = offset
        self.is_cut = is_cut
        super().__init__(reason)


class _Opcode(NamedTuple):
    """One opcode, by its name in `pickletools`, with its argument."""

    name: str
    argument: object
    call: str | None
    """Of `GLOBAL` and `INST`: the dotted name."""


class _Lines(io.BytesIO):
    """Bytes with lines of bounded length."""

    def readline(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002 - as the base class has it
        """Return the next line, with its end."""
        line = super().readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise _LimitError
        return line


def _opcodes(data: bytes) -> Iterator[_Opcode]:
    """Yield the opcodes up to and with `STOP`; no loader reads beyond it.

    Raises:
        _LimitError: There are more than `MAX_OPCODES`, or an opcode that only a loader can read.
        _MalformedError: The bytes end early, or are no opcode. A name that was cut off was yielded before.
    """
    stream = _Lines(data)
    codes = pickletools.genops(stream)
    for _ in range(MAX_OPCODES):
        at = stream.tell()
        call = _call_at(data, at)
        try:
            code, argument, _ = next(codes)
        except (ValueError, Warning) as error:  # a warning, if those are errors: of an escape that Python does not know
            if call is not None:
                yield _Opcode("GLOBAL", None, call)
            raise _fault(data, at, stream.tell(), error) from error
        yield _Opcode(code.name, argument, call)
        if code.name == "STOP":
            return
    raise _LimitError


def _call_at(data: bytes, at: int) -> str | None:
    """Return the name in the opcode at this offset if it is `GLOBAL` or `INST`, unchanged.

    The argument cannot be used: `pickletools` decodes escapes in it, and no loader does.
    """
    if data[at : at + 1] not in {b"c", b"i"}:
        return None
    module, is_whole, rest = data[at + 1 : at + 1 + 2 * MAX_LINE].partition(b"\n")
    if not is_whole:
        return None
    name, is_named, _ = rest.partition(b"\n")
    # The loader of Python 2 takes a last line without its end, and so imports the module.
    return (module + b"." + (name if is_named else UNRESOLVED.encode())).decode("utf-8", "surrogateescape")


def _fault(data: bytes, at: int, end: int, error: Exception) -> _LimitError | _MalformedError:
    """Return the reason why the opcode at this offset could not be read; the bytes up to `end` were examined."""
    code = _CODES.get(data[at : at + 1].decode("latin-1"))
    if code is None and at < len(data):
        return _MalformedError("not an opcode of a pickle", at)
    form = code.arg.n if code and code.arg else 0
    is_whole_line = form == pickletools.UP_TO_NEWLINE and data[end - 1 : end] == b"\n"
    if is_whole_line or (isinstance(error, UnicodeDecodeError) and end < len(data)):
        return _LimitError()
    if end == len(data) or form == pickletools.TAKEN_FROM_ARGUMENT8U:
        return _MalformedError("ends inside the pickle", len(data), is_cut=True)
    return _MalformedError("a length below zero", at)


class _Scan:
    """The facts that follow from the opcodes so far: two texts in a row are a name and a value."""

    def __init__(self) -> None:
        self._calls: set[str] = set()
        self._strings: list[str] = []
        self._pairs: list[tuple[str, str]] = []
        self._flat: list[tuple[str, str]] = []
        self._status: int | None = None
        self._reason: str | None = None
        self._body: _Constant | None = None
        self._longest: _Constant = b"", False
        self._top: list[str | None] = []
        """The last two values on the stack, the newest last, if they are known to be texts."""
        self._memo: dict[object, str | None] = {}

    @property
    def is_plain(self) -> bool:
        """Return whether all names so far are those of pip's own writer."""
        return self._calls <= PLAIN_CALLS

    def add(self, opcode: _Opcode) -> None:
        """Process the next opcode."""
        name, argument = opcode.name, opcode.argument
        if name in _NEUTRAL:
            return
        if name == "MEMOIZE" or name.endswith("PUT"):
            self._memo[len(self._memo) if name == "MEMOIZE" else argument] = self._top[-1] if self._top else None
        elif name.endswith("GET"):
            self._push(self._memo.get(argument))
        elif isinstance(argument, (str, bytes, bytearray)) and name not in _CALLS:
            self._constant(argument, is_unicode="UNICODE" in name)
        else:
            self._other(opcode)

    def _constant(self, constant: str | bytes | bytearray, *, is_unicode: bool) -> None:
        if self._top[-1:] == ["body"]:
            self._body = constant, is_unicode
        if len(constant) > len(self._longest[0]):
            self._longest = constant, is_unicode
        text = _short_text(constant)
        self._push(text)
        if text is not None and len(self._strings) < _MAX_STRINGS:
            self._strings.append(text)

    def _push(self, text: str | None) -> None:
        before = self._top[-1] if self._top else None
        self._top = [before, text]
        if before is None or text is None:
            return
        if before == "reason":
            self._reason = text
        if before.lower().startswith(_NAME_STARTS) and len(self._flat) < _MAX_STRINGS:
            self._flat.append((before.lower(), text))

    def _other(self, opcode: _Opcode) -> None:
        first, second = self._top if len(self._top) == 2 else (None, None)  # noqa: PLR2004 - what a pair has
        if opcode.name in _NAMED_CALLS:
            self._calls.add(opcode.call or UNRESOLVED)
        elif opcode.name == "STACK_GLOBAL":
            is_known = first is not None and second is not None
            self._calls.add(f"{first}.{second}" if is_known else UNRESOLVED)
        elif opcode.name in _UNNAMED_CALLS:
            self._calls.add(UNRESOLVED)
        elif opcode.name == "TUPLE2" and first is not None and second is not None and len(self._pairs) < _MAX_STRINGS:
            self._pairs.append((first.lower(), second))
        elif opcode.name in _NUMBERS and second == "status" and isinstance(opcode.argument, int):
            self._status = opcode.argument
        self._top = []

    def head(self, *, is_whole: bool) -> Head:
        """Return the facts that were found.

        Args:
            is_whole: Whether the pickle was followed to its end. If not, it is not plain, and without a call that is
                not pip's it has none.
        """
        body = _content(self._body) if self._body else _content(self._longest) or None
        return Head(
            cc=1,
            status=self._status,
            headers=tuple(self._pairs or self._flat),
            reason=self._reason,
            body_size=None if body is None else len(body),
            pickle=Pickle(
                calls=tuple(sorted(self._calls)) if is_whole or not self.is_plain else (),
                is_plain=is_whole and self.is_plain,
                strings=tuple(self._strings),
                body=body,
            ),
        )


def _short_text(constant: str | bytes | bytearray) -> str | None:
    if not isinstance(constant, str) or len(constant) > _TEXT_LIMIT:
        return None
    return constant.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")


def _content(constant: _Constant) -> bytes:
    """Return a constant as the bytes in the file."""
    content, is_unicode = constant
    if not isinstance(content, str):
        return bytes(content)
    return content.encode("utf-8" if is_unicode else "latin-1", "surrogatepass")
