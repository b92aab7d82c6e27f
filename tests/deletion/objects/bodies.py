"""Pages and other bodies that are too long, too deep, or never end."""

import bz2
import json
from collections.abc import Callable

from tests.deletion.objects.bombs import deflated, gzipped
from tests.deletion.objects.ground import FORGED, Ground, hostile
from tests.support.builders import INDEX_URL, file_headers, page_headers

__all__: list[str] = []

_MIB = 1 << 20
_HTML = "text/html"
_JSON = "application/vnd.pypi.simple.v1+json"
_TALK = f"\x1b[2J\x9b31m\u202e\n{FORGED}\r\x07"


def _page(body: bytes, content_type: str, encoding: str | None = None) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        headers = page_headers(body, content_type=content_type, age_s=0) | {"Cache-Control": "max-age=365000000"}
        headers |= {} if encoding is None else {"Content-Encoding": encoding}
        ground.cache.http_v2(f"{INDEX_URL}hostile/", body, headers=headers)

    return build


def _files(count: int) -> bytes:
    names = (f"hostile-{number}-py3-none-any.whl" for number in range(count))
    files = [{"filename": name, "url": f"https://files.example/{name}", "hashes": {}} for name in names]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "hostile", "files": files}).encode()


_STARTS = b'{"meta": {"api-version": "1.0"}, "name": "hostile", "files": '
_BROKEN_JSON = {
    "of 100,000 lists in each other": _STARTS + b"[" * 100_000,
    "of 100,000 objects in each other": _STARTS + b'{"a":' * 100_000,
    "of 100,000 lists in each other, closed": _STARTS + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "with a text that does not end": _STARTS + b'"' + b"\\u0041" * 1_000_000,
    "that is not UTF-8": _STARTS + b'"\xff\xfe"}',
}
for _what, _body in _BROKEN_JSON.items():
    hostile(f"a JSON page {_what}", "page-broken")(_page(_body, _JSON))
_FINE_JSON = {
    "with a number of a million digits": _STARTS + b"9" * 1_000_000 + b"}",
    "that is a list": b"[1, 2]",
    "with 100,000 files": _files(100_000),
    "with names that talk to the terminal": json.dumps(
        {
            "meta": {"api-version": "1.1"},
            "name": _TALK,
            "files": [{"filename": _TALK, "url": f"https://files.example/{_TALK}", "hashes": {_TALK: _TALK}}],
        }
    ).encode(),
    "with half a character as name": b'{"meta": {"api-version": "1.1"}, "name": "\\ud800\\udc80", "files": [{'
    b'"filename": "\\ud800", "url": "https://files.example/\\udfff", "hashes": {}}]}',
}
for _what, _body in _FINE_JSON.items():
    hostile(f"a JSON page {_what}")(_page(_body, _JSON))

_TITLE = b"<!DOCTYPE html><html><head><title>Links for hostile</title></head><body>"
_HTMLS = {
    "of a million tags that do not end": _TITLE + b"<a " * 1_000_000,
    "of a million quotes that do not end": _TITLE + b'<a href="' * 1_000_000,
    "of a million comments that do not end": _TITLE + b"<!-- " * 1_000_000,
    "of a million declarations that do not end": _TITLE + b"<![CDATA[" * 1_000_000,
    "of a million instructions that do not end": _TITLE + b"<?" * 1_000_000,
    "of a million ends without tags": _TITLE + b"</" * 1_000_000,
    "of a million elements in each other": _TITLE + b"<div>" * 1_000_000,
    "with a tag of a million attributes": _TITLE + b"<a " + b"x=1 " * 1_000_000 + b">",
    "with a million references": _TITLE + b"&#x10ffff;&#99999999999;&lt" * 400_000,
    "of a script that does not end": _TITLE + b"<script>" + b"</scrip" * 1_000_000,
    "of zeros": b"\0" * 5_000_000,
    "with a base that is an escape sequence": b"<base href='https://\x1b[2J'><a href='\x1b]0;x\x07.whl'>\x1b</a>",
}
_BROKEN_HTML = (
    "of a million tags that do not end",
    "of a million quotes that do not end",
    "of a million comments that do not end",
    "with a tag of a million attributes",
    "of a script that does not end",
)
_UNENDED = dict.fromkeys(_BROKEN_HTML, ("page-broken",))
for _what, _body in _HTMLS.items():
    hostile(f"an HTML page {_what}", *_UNENDED.get(_what, ()))(_page(_body, _HTML))

_BOMB = gzipped(b" " * _MIB, 450, before=_TITLE)
_ENCODED = {
    "gzip bomb of 450 MiB": (_BOMB, _HTML, "gzip"),
    "gzip bomb of links": (gzipped(b"<a href='x.whl'>x</a>" * 50_000, 1024, before=_TITLE), _HTML, "gzip"),
    "zlib bomb of 450 MiB": (deflated(b"<" * _MIB, 450, before=_TITLE), _HTML, "deflate"),
    "gzip bomb of links that stays below every limit": (
        gzipped(b"<a href='x.whl'>x</a>\n" * 1000, 700, before=_TITLE),
        _HTML,
        "gzip",
    ),
    "gzip bomb of JSON": (gzipped(b"[" * _MIB, 450, before=_STARTS), _JSON, "gzip"),
    "gzip bomb of a JSON text": (gzipped(b"x" * _MIB, 450, before=_STARTS + b'"'), _JSON, "gzip"),
    "gzip bomb of JSON numbers": (gzipped(b"1," * (_MIB // 2), 450, before=_STARTS + b"["), _JSON, "gzip"),
    "gzip bomb in a gzip bomb": (gzipped(_BOMB[:_MIB], 100), _HTML, "gzip, gzip, gzip, gzip"),
    "page of a thousand encodings": (_TITLE, _HTML, ", ".join(["gzip"] * 1000)),
    "page of an encoding that nobody knows": (_TITLE, _HTML, _TALK),
}
for _what, (_body, _type, _encoding) in _ENCODED.items():
    hostile(f"a {_what}")(_page(_body, _type, _encoding))


def _pair(body: bytes) -> Callable[[Ground], object]:
    return lambda ground: ground.pair("hostile", body)


_PLAIN = {
    "a bzip2 stream of 450 MiB of zeros": bz2.compress(b"\0" * _MIB) * 450,
    "a body of nothing": b"",
    "a gzip stream that is cut": _BOMB[:5000],
}
for _what, _body in _PLAIN.items():
    hostile(_what)(_pair(_body))


@hostile("a body that is longer than was said", "body-length-mismatch")
def _longer(ground: Ground) -> None:
    ground.cache.http_v2("https://files.example/hostile", b"x" * 100, headers=file_headers(b"x" * 99))


@hostile("a body that is shorter than was said", "body-length-mismatch")
def _shorter(ground: Ground) -> None:
    ground.pair("hostile", b"x" * 100, **{"Content-Length": str(1 << 40)})


@hostile("a sparse body of a tebibyte", "body-length-mismatch")
def _sparse(ground: Ground) -> None:
    head = ground.pair("hostile", b"x")
    ground.sparse(f"{head}.body", 1 << 40, b"x")


@hostile("a sparse body of a tebibyte that was said to be so long")
def _sparse_as_said(ground: Ground) -> None:
    head = ground.pair("hostile", b"x", **{"Content-Length": str(1 << 40)})
    ground.sparse(f"{head}.body", 1 << 40, b"x")


@hostile("a sparse page of a tebibyte", "body-length-mismatch")
def _sparse_page(ground: Ground) -> None:
    before = set(ground.cache.path.rglob("*.body"))
    _page(_TITLE, _HTML)(ground)
    (made,) = set(ground.cache.path.rglob("*.body")) - before
    ground.sparse(str(made.relative_to(ground.cache.path)), 1 << 40, _TITLE)
