"""Heads that want too much memory, too much time, or to be run."""

import json
import pickle
import struct
import zlib
from collections.abc import Callable
from typing import Any

import msgpack

from pipcacheplus.model.values import Area
from tests.deletion.objects.bombs import deflated
from tests.deletion.objects.ground import FORGED, Ground, hostile
from tests.support.stored import file_headers, page_headers, response

__all__: list[str] = []

_DEPTH = 900_000
_TALK = f"\x1b[2J\x9b31m\u202e\n{FORGED}: all is well\r\x07"


def _packed(**more: object) -> bytes:
    """Return a response of format 4, some of its fields others."""
    inner = {"body": b"", "headers": file_headers(b""), "status": 200, "version": 11, "reason": "OK"}
    return b"cc=4," + bytes(msgpack.packb({"response": inner | more, "vary": {}}))


_HEADS = {
    "that is empty": b"",
    "of zeros": b"\0" * 5000,
    "of a megabyte and a half": _packed(headers={f"X-{n}": "x" * 1500 for n in range(1000)}),
    "of 900,000 lists in each other": b"cc=4," + b"\x91" * _DEPTH,
    "of 900,000 maps in each other": b"cc=4," + b"\x81\xa1a" * _DEPTH,
    "with a map of 2^32-1 pairs": b"cc=4,\xdf\xff\xff\xff\xff",
    "with a list of 2^32-1": b"cc=4,\xdd\xff\xff\xff\xff",
    "with a text of 2^32-1 bytes": b"cc=4,\x82\xa8response\xdb\xff\xff\xff\xff",
    "with a body of 2^32-1 bytes": b"cc=4,\x82\xa8response\x81\xa4body\xc6\xff\xff\xff\xff",
    "with an extension of 2^32-1 bytes": b"cc=4,\xc9\xff\xff\xff\xff\x01",
    "with a list of a hundred million of nothing": b"cc=4,\xdd\x05\xf5\xe1\x00" + b"\xc0" * 1_000_000,
    "with keys that are maps": b"cc=4,\x81\x81\x01\x02\x03",
    "with a hundred thousand headers": _packed(headers={f"x{n}": "" for n in range(90_000)}),
    "whose headers are a list": _packed(headers=[["ETag", "x"]]),
    "whose header values are numbers": _packed(headers={"ETag": 2**63, "Date": None, "Content-Length": 1.5}),
    "whose status is a map": _packed(status={"a": 1}),
    "of format 99": b"cc=99," + b"x" * 100,
    "of format 3": b"cc=3," + json.dumps({}).encode(),
    "of a format with a line end": b"cc=4\n,\x80",
    "that is text": b"<html>" + b"x" * 3000,
}


def _single_and_pair(content: bytes) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        ground.cache.write(ground.head("hostile"), content)
        ground.cache.write(ground.head("hostile") + ".body", b"body")
        ground.cache.write(ground.head("hostile", Area.HTTP), content)

    return build


for _what, _content in _HEADS.items():
    hostile(f"a head {_what}", "head-unreadable")(_single_and_pair(_content))


hostile("a head whose status is 2^64-1", "body-length-mismatch")(_single_and_pair(_packed(status=2**64 - 1)))


def _spoken(headers: dict[str, str], **more: object) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        content = _packed(headers=file_headers(b"body") | headers, **more)
        ground.cache.write(ground.head("hostile"), content)
        ground.cache.write(ground.head("hostile") + ".body", b"body")

    return build


hostile("a head that talks to the terminal in its project")(
    _spoken({"x-pypi-file-project": _TALK, "x-pypi-file-version": _TALK})
)
hostile("a head that talks to the terminal in its values")(
    _spoken(dict.fromkeys(("Content-Type", "ETag", "Date", "Location", "Content-Length", _TALK), _TALK), reason=_TALK)
)
hostile("a redirect to an escape sequence")(_spoken({"Location": f"https://files.example/{_TALK}.whl"}, status=301))


@hostile("a sparse head of a tebibyte", "head-unreadable")
def _sparse_head(ground: Ground) -> None:
    ground.sparse(ground.head("hostile"), 1 << 40, b"cc=4,")
    ground.cache.write(ground.head("hostile") + ".body", b"body")


@hostile("a sparse response of one file of a tebibyte", "head-unreadable")
def _sparse_single(ground: Ground) -> None:
    ground.sparse(ground.head("hostile", Area.HTTP), 1 << 40, response(b"x" * 100, page_headers(b"")))


def _old(content: bytes) -> Callable[[Ground], object]:
    return lambda ground: ground.cache.write(ground.head("hostile", Area.HTTP), content)


_BOMBS = {
    "a gibibyte of zeros": deflated(b"\0" * (1 << 20), 1024),
    "a gibibyte of text in JSON": deflated(b"x" * (1 << 20), 1024, before=b'{"response": "'),
    "a gibibyte of lists in each other": deflated(b"[" * (1 << 20), 1024),
    "a gibibyte of numbers": deflated(b"9" * (1 << 20), 1024, before=b'{"response": '),
}
for _what, _content in _BOMBS.items():
    hostile(f"a zlib bomb of format 2: {_what}", "head-unreadable")(_old(b"cc=2," + _content))
hostile("a head of format 2 of 100,000 lists in each other", "head-unreadable")(
    _old(b"cc=2," + zlib.compress(b"[" * 100_000))
)
hostile("a head of format 2 with a number of a million digits", "head-unreadable")(
    _old(b"cc=2," + zlib.compress(b'{"response": {"status": ' + b"9" * 1_000_000 + b"}}"))
)


class _Runs:
    """Runs a command when it is loaded."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return (__import__("os").system, (self.command,))


@hostile("a pickle that runs a command", "response-pickled")
def _runs(ground: Ground) -> None:
    command = f"touch {ground.outside}/pwned"
    for number, protocol in enumerate(range(5)):
        content = b"cc=1," + pickle.dumps({"response": _Runs(command), "vary": {}}, protocol)
        ground.cache.write(ground.head(f"hostile{number}", Area.HTTP), content)


@hostile("a pickle that runs a command, without a prefix", "head-unreadable")
def _runs_bare(ground: Ground) -> None:
    ground.cache.write(ground.head("x", Area.HTTP), pickle.dumps(_Runs(f"touch {ground.outside}/pwned")))


_PICKLES = {
    "with a text of 2^63 bytes": b"\x80\x04\x8d" + struct.pack("<Q", 2**63 - 1),
    "with bytes of 2^63": b"\x80\x04\x8e" + struct.pack("<Q", 2**63 - 1),
    "with a frame of 2^63 bytes": b"\x80\x04\x95" + struct.pack("<Q", 2**63 - 1) + b"}.",
    "with a number of a million digits": b"\x80\x04I" + b"9" * 1_000_000 + b"\n.",
    "with a long of 2^31 bytes": b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1),
    "of a million marks": b"\x80\x04" + b"(" * 1_000_000 + b".",
    "of lists doubled a hundred times": b"\x80\x04]" + b"2\x86" * 100 + b".",
    "of a million memos": b"\x80\x04N" + b"\x94" * 1_000_000 + b".",
    "of a memo 2^32-1": b"\x80\x04Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.",
    "that names an escape sequence": b"\x80\x04c\x1b[2J\nFORGED\x9b\n)R.",
    "of nothing but an end": b".",
}
for _what, _content in _PICKLES.items():
    _is_cut = _what.endswith(("2^63 bytes", "bytes of 2^63", "2^31 bytes")) and "frame" not in _what
    hostile(f"a pickle {_what}", "head-unreadable" if _is_cut else "response-pickled")(_old(b"cc=1," + _content))
