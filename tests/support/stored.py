"""The bytes that pips store, and where: responses with their headers in each of pip's formats, and leaves of `wheels`.

It restates what pip writes and shares nothing with the readers that are tested by it.
"""

import base64
import hashlib
import json
import pickle
import sys
import zlib
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import msgpack

from pipcacheplus.model.values import Area

__all__ = [
    "DAY_S",
    "FILE_URL",
    "INDEX_URL",
    "NOW_S",
    "RUNNING",
    "file_headers",
    "file_url",
    "leaf",
    "page_headers",
    "response",
]

NOW_S = 1_767_225_600
"""2026-01-01 00:00 UTC, in seconds: what tests pass as the present."""
DAY_S = 86_400
INDEX_URL = "https://index.example/simple/"
"""Of an index that nobody asks."""
FILE_URL = "https://files.example"
"""Of its file host."""
RUNNING = f"{sys.version_info.major}{sys.version_info.minor}"
"""The running Python, as keys of built wheels have it: nobody else would look for what lies under another one."""


def file_url(content: bytes, filename: str) -> str:
    """Return the URL of a file on the file host, made from the BLAKE2b-256 of its content."""
    digest = hashlib.blake2b(content, digest_size=32).hexdigest()
    return f"{FILE_URL}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{filename}"


def file_headers(
    body: bytes, *, project: str | None = None, version: str | None = None, age_s: float = 7 * DAY_S
) -> dict[str, str]:
    """Return the headers of a file: valid for years, its ETag its MD5.

    Args:
        body: The file.
        project: For the `x-pypi-file-project` header; without it there is none.
        version: For the `x-pypi-file-version` header.
        age_s: How long before `NOW_S` it was sent.
    """
    headers = {
        "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT",
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Content-Type": "application/octet-stream",
        "Cache-Control": "max-age=365000000, immutable, public",
        "Accept-Ranges": "bytes",
        "Date": formatdate(NOW_S - age_s, usegmt=True),
        "Content-Length": str(len(body)),
    }
    stated = {"x-pypi-file-project": project, "x-pypi-file-version": version}
    return headers | {name: value for name, value in stated.items() if value is not None}


def page_headers(
    body: bytes,
    *,
    content_type: str = "application/vnd.pypi.simple.v1+json",
    serial: int = 1000,
    age_s: float = 7 * DAY_S,
) -> dict[str, str]:
    """Return the headers of an index page: valid for ten minutes, its ETag no digest of what is stored.

    Args:
        body: The page as stored.
        content_type: HTML or JSON.
        serial: For `X-PyPI-Last-Serial`.
        age_s: How long before `NOW_S` it was sent.
    """
    etag = base64.b64encode(hashlib.md5(b"page" + body, usedforsecurity=False).digest()).decode().rstrip("=")
    return {
        "Content-Type": content_type,
        "Cache-Control": "max-age=600, public",
        "ETag": f'"{etag}"',
        "Vary": "Accept, Accept-Encoding",
        "X-PyPI-Last-Serial": str(serial),
        "Date": formatdate(NOW_S - age_s, usegmt=True),
        "Content-Length": str(len(body)),
    }


def response(
    body: bytes,
    headers: Mapping[str, str],
    *,
    cc: int = 4,
    status: int = 200,
    reason: str = "OK",
    vary: Mapping[str, str | None] | None = None,
    has_strict: bool = True,
) -> bytes:
    """Return the bytes of a stored response.

    Args:
        body: The payload; empty for the head in `http-v2`.
        headers: Names as the server spelled them.
        cc: 1 (pip 6.0 to 6.0.6), 2 (6.0.7 to 9.0.3) or 4 (from 10.0 on).
        status: HTTP status.
        reason: Text behind the status.
        vary: Request headers that the response depends on.
        has_strict: Whether the field `strict` is there: pip 23.3 and later leave it out.
    """
    inner: dict[str, Any] = {
        "body": body,
        "headers": dict(headers),
        "status": status,
        "version": 11,
        "reason": reason,
        "decode_content": False,
    }
    if has_strict:
        inner["strict"] = 0
    whole: dict[str, Any] = {"response": inner, "vary": dict(vary or {})}
    if cc == 1:
        # The highest of Python 3.4, which pip 6.0 asked for; protocol 2 would hold bytes as a call.
        return b"cc=1," + pickle.dumps(whole, protocol=4)
    if cc == 2:
        inner.update(body=_base64(body), headers=_base64_map(headers), reason=_base64(reason.encode()))
        whole["vary"] = _base64_map(vary or {})
        return b"cc=2," + zlib.compress(json.dumps(whole, separators=(",", ":"), sort_keys=True).encode())
    return b"cc=4," + bytes(msgpack.packb(whole, use_bin_type=True))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _base64_map(values: Mapping[str, str | None]) -> dict[str, str | None]:
    return {
        _base64(name.encode()): None if value is None else _base64(value.encode()) for name, value in values.items()
    }


def leaf(url: str, *, sha256: str | None = None, interpreter: str | None = RUNNING) -> str:
    """Return the directory for what is built from a source; arguments as of `Cache.built_wheel`.

    Source: pip 26.3 `_internal/cache.py`; pip 19.3 `cache.py` for the key without an interpreter.
    """
    if interpreter is None:
        key = url if sha256 is None else f"{url}#sha256={sha256}"
    else:
        parts = {"interpreter_name": "cp", "interpreter_version": interpreter, "url": url}
        parts |= {} if sha256 is None else {"sha256": sha256}
        key = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    digest = hashlib.sha224(key.encode()).hexdigest()
    return "/".join((Area.WHEELS.value, digest[:2], digest[2:4], digest[4:6], digest[6:]))
