"""What a package index answers, as values: project pages by PEP 503 and 691, files and metadata with their headers.

The headers are those of a public index and its file host: a page is valid for ten minutes and is then asked for again
by its ETag; a file is valid for years, its ETag is its MD5, and its path the BLAKE2b-256 of its content.
"""

import base64
import gzip
import hashlib
import html
import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from packaging.utils import parse_sdist_filename, parse_wheel_filename

__all__ = ["Answer", "Offer", "Page", "file_answer", "offer", "page_answer", "ranged"]

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "application/vnd.pypi.simple.v1+html"
_LAST_MODIFIED = "Mon, 01 Jan 2024 00:00:00 GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent for a path; `Date` and `Content-Length` come on top."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A wheel or source distribution that is served."""

    name: str
    project: str
    version: str
    content: bytes
    metadata: bytes | None
    """METADATA of a wheel."""
    path: str = field(init=False)
    """On the server: PEP 503 leaves it free, public indexes make it from the BLAKE2b-256 of the content."""
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out the path and the digest."""
        digest = hashlib.blake2b(self.content, digest_size=32).hexdigest()
        path = f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{quote(self.name)}"
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "sha256", hashlib.sha256(self.content).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A project's page, before it is known in which form it is wanted."""

    project: str
    """Canonical."""
    files: tuple[Offer, ...]
    serial: int
    """`X-PyPI-Last-Serial`."""
    link_root: str
    """What stands before the path of every file: `http://127.0.0.1:8000`, or `../..`."""
    has_metadata: bool
    """Whether METADATA is served beside the wheels (PEP 658, 714)."""

    def link(self, file: Offer) -> str:
        """Return the link to a file, without fragment."""
        return self.link_root + file.path

    def metadata_sha256(self, file: Offer) -> str | None:
        """Return the digest of what is served beside a file, `None` if nothing is."""
        return hashlib.sha256(file.metadata).hexdigest() if self.has_metadata and file.metadata is not None else None


def offer(path: Path) -> Offer:
    """Read a wheel or source distribution that is to be served."""
    metadata = None
    if path.suffix == ".whl":
        project, version, _, _ = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = archive.read(name)
    else:
        project, version = parse_sdist_filename(path.name)
    return Offer(name=path.name, project=project, version=str(version), content=path.read_bytes(), metadata=metadata)


def page_answer(page: Page, *, accept: str, encodings: str, if_none_match: str | None) -> Answer:
    """Return a project's page in the form that the client likes best, or 304 if it has just that one.

    Args:
        page: What is on it.
        accept: The request's `Accept`.
        encodings: The request's `Accept-Encoding`.
        if_none_match: The request's `If-None-Match`; only one ETag is understood.
    """
    kind = _content_type(accept)
    body = (_as_json(page) if kind == _JSON else _as_html(page)).encode()
    digest = hashlib.md5(kind.encode() + body, usedforsecurity=False).digest()
    etag = '"' + base64.b64encode(digest).decode().rstrip("=") + '"'
    headers = (
        ("Content-Type", kind),
        ("Cache-Control", "max-age=600, public"),
        ("ETag", etag),
        ("Vary", "Accept, Accept-Encoding"),
        ("X-PyPI-Last-Serial", str(page.serial)),
    )
    if if_none_match == etag:
        return Answer(status=304, headers=headers)
    if "gzip" not in encodings:
        return Answer(headers=headers, body=body)
    return Answer(headers=(*headers, ("Content-Encoding", "gzip")), body=gzip.compress(body, mtime=0))


def _as_html(page: Page) -> str:
    lines = [f"<!DOCTYPE html><html><head><title>Links for {page.project}</title></head><body>"]
    for file in page.files:
        digest = page.metadata_sha256(file)
        names = () if digest is None else ("data-dist-info-metadata", "data-core-metadata")
        beside = "".join(f' {name}="sha256={digest}"' for name in names)
        link = html.escape(f"{page.link(file)}#sha256={file.sha256}")
        lines.append(f'<a href="{link}"{beside}>{html.escape(file.name)}</a><br />')
    return "\n".join([*lines, "</body></html>"])


def _as_json(page: Page) -> str:
    rows = []
    for file in page.files:
        digest = page.metadata_sha256(file)
        beside = False if digest is None else {"sha256": digest}
        rows.append(
            {
                "core-metadata": beside,
                "data-dist-info-metadata": beside,
                "filename": file.name,
                "hashes": {"sha256": file.sha256},
                "requires-python": None,
                "size": len(file.content),
                "url": page.link(file),
                "yanked": False,
            }
        )
    versions = sorted({file.version for file in page.files})
    meta = {"_last-serial": page.serial, "api-version": "1.1"}
    return json.dumps({"files": rows, "meta": meta, "name": page.project, "versions": versions})


def _content_type(accept: str) -> str:
    """Choose by the best weight; the first of equals wins, and HTML if nothing fits."""
    best, chosen = 0.0, "text/html"
    for part in accept.split(","):
        kind, _, parameters = part.strip().partition(";")
        weight = re.search(r"q=([\d.]+)", parameters)
        value = float(weight[1]) if weight else 1.0
        if kind.strip() in (_JSON, _HTML, "text/html") and value > best:
            best, chosen = value, kind.strip()
    return chosen


def file_answer(file: Offer, metadata: bytes | None = None) -> Answer:
    """Return a file with its headers, or the metadata beside it, which has the file's own headers but one."""
    body = file.content if metadata is None else metadata
    is_wheel = file.name.endswith(".whl")
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return Answer(
        headers=(
            ("Last-Modified", _LAST_MODIFIED),
            ("ETag", f'"{etag}"'),
            ("Content-Type", "application/octet-stream"),
            ("Cache-Control", "max-age=365000000, immutable, public"),
            ("Accept-Ranges", "bytes"),
            *((("Vary", "Accept-Encoding"),) if metadata is not None else ()),
            ("x-pypi-file-python-version", file.name.split("-")[-3] if is_wheel else "source"),
            ("x-pypi-file-version", file.version),
            ("x-pypi-file-package-type", "bdist_wheel" if is_wheel else "sdist"),
            ("x-pypi-file-project", file.project),
        ),
        body=body,
    )


def ranged(answer: Answer, asked: str | None) -> Answer:
    """Return the part of an answer that the request's `Range` asks for (one range, from a given byte on)."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked or "")
    if not match:
        return answer
    size = len(answer.body)
    first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
    if first > last:
        return Answer(status=416, headers=(("Content-Range", f"bytes */{size}"),))
    headers = (*answer.headers, ("Content-Range", f"bytes {first}-{last}/{size}"))
    return Answer(status=206, headers=headers, body=answer.body[first : last + 1])
