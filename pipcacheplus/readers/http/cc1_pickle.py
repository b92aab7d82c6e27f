"""cc=1: a pickle, of which the opcodes are listed and nothing is ever loaded.

pips 6.0 to 23.2.1 load such a file when they meet it in `http`, so what it names is what they would run.

Source: pip 6.0 to 6.0.6, `cachecontrol/serialize.py`: the same dictionary as in later formats, in the highest protocol
of the Python that wrote it (2 to 4); `response.headers` is an `HTTPHeaderDict`, which holds pairs of name and value.
"""

from typing import BinaryIO

from pipcacheplus.model.facts import Broken, Head, Pickle
from pipcacheplus.readers.http.opcodes import LimitError, MalformedError, Opcode, opcodes

__all__ = ["BODY_LIMIT", "PLAIN_CALLS", "read_pickle"]

BODY_LIMIT = 8 << 20
"""Longest constant, in bytes, that is held."""
PLAIN_CALLS = frozenset({"pip._vendor.requests.packages.urllib3._collections.HTTPHeaderDict"})
"""All that the writer names, seen in what pips 6.0 and 6.0.6 write under Python 2.7 and 3.

Loading it makes an empty mapping and fills it with constants. Nothing else is let through, also not what would be
harmless: `copyreg` and `_codecs` serve protocols that this writer does not choose.
"""
UNRESOLVED = "?"
"""Stands for a call whose name the opcodes do not tell."""
_TEXT_LIMIT = 4 << 10
_MAX_STRINGS = 1_000
_NAME_STARTS = ("x-pypi-", "content-", "etag", "date", "cache-control", "last-modified", "location", "expires", "vary")
_TEXT_CODES = frozenset(
    ("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
)
_BYTES_CODES = frozenset(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"))
_UNNAMED_CALLS = frozenset(("EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"))
_NEUTRAL = frozenset(("PROTO", "FRAME"))
_NUMBERS = frozenset(("BININT", "BININT1", "BININT2"))


def read_pickle(file: BinaryIO, size: int, *, start: int) -> Head | Broken:
    """List what a pickled entry names, and what its constants tell of the response.

    A pickle that cannot be followed to its end is `Broken`, but not if loading would call something before that.
    If a limit of ours ends the list, it is never plain. A body longer than `BODY_LIMIT` is measured, not held.

    Args:
        file: Seekable; its position is moved.
        size: Length of the file in bytes.
        start: Where the pickle begins.
    """
    scan = _Scan()
    is_whole = False
    try:
        for opcode in opcodes(file, size, start=start, data_limit=BODY_LIMIT):
            scan.add(opcode)
        is_whole = True
    except LimitError:
        pass
    except MalformedError as error:
        if scan.is_plain:
            return Broken(reason=str(error), offset=error.offset, is_cut=error.is_cut)
    return scan.head(is_whole=is_whole)


class _Scan:
    """What the opcodes so far tell: two texts pushed one after the other are a name and a value."""

    def __init__(self) -> None:
        self._calls: set[str] = set()
        self._strings: list[str] = []
        self._pairs: list[tuple[str, str]] = []
        self._flat: list[tuple[str, str]] = []
        self._status: int | None = None
        self._reason: str | None = None
        self._body: tuple[int, bytes | None] | None = None
        self._longest = b""
        self._top: list[str | None] = []
        """The last two values on the stack, the newest last, as far as they are known to be texts."""
        self._memo: dict[int, str | None] = {}

    @property
    def is_plain(self) -> bool:
        """Return whether nothing was named yet but what pip's own writer names."""
        return self._calls <= PLAIN_CALLS

    def add(self, opcode: Opcode) -> None:
        """Take the next opcode."""
        name = opcode.name
        if name in _NEUTRAL:
            return
        if name == "MEMOIZE" or name.endswith("PUT"):
            index = len(self._memo) if name == "MEMOIZE" else opcode.number
            if index is not None:
                self._memo[index] = self._top[-1] if self._top else None
        elif name.endswith("GET"):
            self._push(None if opcode.number is None else self._memo.get(opcode.number))
        elif name in _TEXT_CODES or name in _BYTES_CODES:
            self._constant(opcode)
        else:
            self._other(opcode)

    def _constant(self, opcode: Opcode) -> None:
        if self._top[-1:] == ["body"]:
            self._body = (opcode.length, opcode.data)
        if opcode.data is not None and len(opcode.data) > len(self._longest):
            self._longest = opcode.data
        is_text = opcode.name in _TEXT_CODES and opcode.data is not None and len(opcode.data) <= _TEXT_LIMIT
        self._push(_decode(opcode) if is_text else None)
        if is_text and len(self._strings) < _MAX_STRINGS:
            self._strings.append(_decode(opcode))

    def _push(self, text: str | None) -> None:
        before = self._top[-1] if self._top else None
        self._top = [before, text]
        if before is None or text is None:
            return
        if before == "reason":
            self._reason = text
        if before.lower().startswith(_NAME_STARTS) and len(self._flat) < _MAX_STRINGS:
            self._flat.append((before.lower(), text))

    def _other(self, opcode: Opcode) -> None:
        first, second = self._top if len(self._top) == 2 else (None, None)  # noqa: PLR2004 - what a pair has
        if opcode.name in {"GLOBAL", "INST"}:
            self._calls.add(".".join(opcode.names))
        elif opcode.name == "STACK_GLOBAL":
            is_known = first is not None and second is not None
            self._calls.add(f"{first}.{second}" if is_known else UNRESOLVED)
        elif opcode.name in _UNNAMED_CALLS:
            self._calls.add(UNRESOLVED)
        elif opcode.name == "TUPLE2" and first is not None and second is not None and len(self._pairs) < _MAX_STRINGS:
            self._pairs.append((first.lower(), second))
        elif opcode.name in _NUMBERS and second == "status":
            self._status = opcode.number
        self._top = []

    def head(self, *, is_whole: bool) -> Head:
        """Return what was found."""
        length, body = self._body or (None, self._longest or None)
        return Head(
            cc=1,
            status=self._status,
            headers=tuple(self._pairs or self._flat),
            reason=self._reason,
            body_size=length if self._body else None if body is None else len(body),
            pickle=Pickle(
                calls=tuple(sorted(self._calls)),
                is_plain=is_whole and self.is_plain,
                strings=tuple(self._strings),
                body=body,
            ),
        )


def _decode(opcode: Opcode) -> str:
    data = opcode.data or b""
    if opcode.name == "UNICODE":
        # Names may be written with escapes; one that cannot be decoded is no name that is let through.
        return data.decode("raw-unicode-escape", "replace")
    if "UNICODE" in opcode.name:
        return data.decode("utf-8", "surrogateescape")
    return data.strip(b"'\"").decode("latin-1") if opcode.name == "STRING" else data.decode("latin-1")
