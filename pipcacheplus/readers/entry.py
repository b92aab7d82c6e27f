"""Reading of an entry, with the readers for its shape and the first bytes of its payload."""

import errno
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO, NamedTuple

from msgspec.structs import replace

from pipcacheplus.disk.file_content import read_up_to
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.facts import Broken, Depth, Expected, Facts, Head, Origin, Payload, PayloadFormat, Unknown
from pipcacheplus.model.values import File, Shape
from pipcacheplus.pips.layout import ORIGIN_NAME
from pipcacheplus.readers.archive.magic import MAGIC_BYTES, format_of
from pipcacheplus.readers.archive.zip_directory import read_directory
from pipcacheplus.readers.digests import MAX_TOLD_BYTES, PUBLISHED_FORMATS, digest, read_whole
from pipcacheplus.readers.http.content import decode
from pipcacheplus.readers.http.head import read_head
from pipcacheplus.readers.http.payload import open_payload
from pipcacheplus.readers.integrity import read_wheel_to_end
from pipcacheplus.readers.libraries import LibraryWatcher
from pipcacheplus.readers.metadata import MAX_HEADER_BYTES, read_metadata
from pipcacheplus.readers.origin import MAX_OBJECT_BYTES, read_origin
from pipcacheplus.readers.page import Keeps, keep_all, keep_none, read_page
from pipcacheplus.readers.sdist import read_sdist
from pipcacheplus.readers.selfcheck import read_selfcheck
from pipcacheplus.readers.wheel import NO_DIST_INFO, read_wheel

__all__ = ["opened_payload", "read", "read_content"]

PAGE_LIMIT = 64 << 20
"""Most bytes of a decoded page that are read."""
_SMALL_BYTES = 64 << 10
"""A file of at most so many bytes is read at once: that costs less than opening it as a file and seeking in it."""
_NOTHING = Expected()
_REDIRECTS = range(300, 400)


class _Task(NamedTuple):
    depth: Depth
    expected: Expected
    keeps: Keeps
    reads_small: bool


def read(
    shape: Shape,
    files: Sequence[File],
    cache: OpenCache,
    *,
    depth: Depth,
    expected: Expected = _NOTHING,
    keeps: Keeps = keep_all,
    reads_small: bool = False,
) -> Facts:
    """Read the facts of an entry from its files.

    Memory is bounded whatever the entry's size: by some `PAGE_LIMIT`s for pages, by `MAX_DECODER_BYTES` for packed
    archives, by nine times `MAX_PICKLE_BYTES` for pickles, and by a few MiB for everything else.

    Args:
        shape: Its form by the names of its files.
        files: As they were scanned, the main one first.
        cache: Where they lie.
        depth: The depth of reading; the source of a built wheel lies elsewhere, so that `SOURCES` is as `ENDS`.
        expected: Evidence in the rest of the cache about its correct content.
        keeps: Which links of a page are kept.
        reads_small: Whether the content of a file that is wholly in memory is read as well: the SHA-256 of
            a response, the members of a built wheel.

    Raises:
        ChangedError: A file is not the one that was scanned.
        OSError: A file cannot be read.
    """
    task = _Task(depth, expected, keeps, reads_small)
    match shape:
        case Shape.PAIR:
            with _opened(files[0], cache) as file:
                head = read_head(file, files[0].size)
            with _opened(files[1], cache) as body:
                return _response(head, body, files[1].size, task)
        case Shape.HEAD:
            with _opened(files[0], cache) as file:
                return Facts(head=read_head(file, files[0].size))
        case Shape.BODY:
            with _opened(files[0], cache) as body:
                return _response(None, body, files[0].size, task._replace(depth=Depth.ENDS))
        case Shape.SINGLE:
            return _single(files[0], cache, task)
        case Shape.BUILT_WHEEL if depth > Depth.NAMES:
            return _built_wheel(files, cache, task)
        case Shape.ORIGIN:
            return Facts(origin=_origin(files[0], cache))
        case Shape.SELFCHECK:
            return Facts(selfcheck=read_selfcheck(cache.read_same(files[0], MAX_OBJECT_BYTES + 1)))
    return Facts()


def read_content(shape: Shape, files: Sequence[File], facts: Facts, cache: OpenCache, expected: Expected) -> Facts:
    """Read an entry to its end that was read at its ends before; memory as `read`.

    Args:
        shape: Its form by the names of its files.
        files: As they were scanned, the main one first.
        facts: Its facts from `read` at `Depth.ENDS`; they may come from another run.
        cache: Where they lie.
        expected: Evidence in the rest of the cache about its correct content.

    Raises:
        ChangedError: A file is not the one that was scanned.
        OSError: A file cannot be read.
    """
    match shape:
        case Shape.PAIR:
            with _opened(files[1], cache) as body:
                return read_whole(facts, body, expected)
        case Shape.SINGLE if isinstance(facts.head, Head) and facts.head.pickle is None:
            with cache.open_same(files[0]) as opened:
                payload = open_payload(opened, facts.head)
                if payload is None:
                    return facts
                with payload:
                    return read_whole(facts, payload, expected)
        case Shape.BUILT_WHEEL:
            wheel = files[0]
            with _opened(wheel, cache) as file:
                watcher = LibraryWatcher()
                damage = read_wheel_to_end(file, wheel.size, watcher=watcher)
                libraries = watcher.libraries() if damage is None else None
                digests = _sha256(file, wheel.size)
                return replace(facts, is_read_whole=True, damage=damage, libraries=libraries, digests=digests)
    return read(shape, files, cache, depth=Depth.WHOLE, expected=expected, keeps=keep_none)


@contextmanager
def opened_payload(shape: Shape, files: Sequence[File], cache: OpenCache) -> Iterator[tuple[BinaryIO, bool]]:
    """Open the payload, unchanged, and return whether it is a file of its own.

    Raises:
        ChangedError: A file is not the one that was scanned.
        OSError: It cannot be read, or its position is unknown.
    """
    if shape in {Shape.PAIR, Shape.BUILT_WHEEL}:
        with cache.open_same(files[shape is Shape.PAIR]) as own:
            yield own, True
        return
    with cache.open_same(files[0]) as file:
        head = read_head(file, files[0].size)
        payload = open_payload(file, head) if isinstance(head, Head) else None
        if payload is None:
            raise OSError(errno.EINVAL, "the position of the payload is unknown", files[0].path)
        with payload:
            yield payload, False


def _opened(file: File, cache: OpenCache) -> BinaryIO:
    """Open a file, or read all of it at once if it is small."""
    return io.BytesIO(cache.read_same(file, file.size)) if file.size <= _SMALL_BYTES else cache.open_same(file)


def _small(file: BinaryIO) -> bytes:
    return read_up_to(file, MAX_OBJECT_BYTES + 1)


def _single(file: File, cache: OpenCache, task: _Task) -> Facts:
    with _opened(file, cache) as opened:
        head = read_head(opened, file.size)
        if isinstance(head, Broken):
            return Facts(head=head)
        payload = _taken(opened, head) or open_payload(opened, head)
        if payload is None:
            return Facts(head=head)
        with payload:
            size = head.body_size if head.body_size is not None else payload.seek(0, os.SEEK_END)
            payload.seek(0)
            return _response(head, payload, size, task)


def _taken(file: BinaryIO, head: Head) -> BinaryIO | None:
    """Return the payload if it is in memory unchanged: that costs less than a window with a buffer of its own."""
    if not isinstance(file, io.BytesIO) or head.body is None:
        return None
    begin, end = head.body.offset, head.body.offset + head.body.length
    return io.BytesIO(file.getbuffer()[begin:end]) if end <= len(file.getbuffer()) else None


def _response(head: Head | Broken | None, body: BinaryIO, size: int, task: _Task) -> Facts:
    known = head if isinstance(head, Head) else None
    if known is not None and known.status in _REDIRECTS:
        return Facts(head=head, body_size=size)
    start = read_up_to(body, MAGIC_BYTES)
    body.seek(0)
    format_ = _format(start, known)
    payload = _payload(format_, body, size, known, task)
    facts = Facts(head=head, body_size=size, format=format_, payload=payload)
    if known is None:
        return facts
    if task.depth is Depth.WHOLE:
        return read_whole(facts, body, task.expected)
    return _with_sha256(facts, body) if task.reads_small and isinstance(body, io.BytesIO) else facts


def _with_sha256(facts: Facts, body: io.BytesIO) -> Facts:
    """Return the facts with the digest that indexes publish, for kinds that have one."""
    if facts.format not in PUBLISHED_FORMATS:
        return facts
    return replace(facts, digests=(("sha256", sha256(body.getbuffer()).hexdigest()),))


def _format(start: bytes, head: Head | None) -> PayloadFormat:
    """Return the format of a payload by its first bytes, after a content encoding."""
    if not start:
        return PayloadFormat.EMPTY
    if head and (head.header("content-encoding") or "identity").strip().lower() != "identity":
        return PayloadFormat.PAGE
    archive = format_of(start)
    if archive is not None:
        return PayloadFormat.ZIP if archive == "zip" else PayloadFormat.TAR
    if start[:17].lower() == b"metadata-version:":
        return PayloadFormat.METADATA
    content_type = (head.header("content-type") or "") if head else ""
    is_text = content_type.startswith(("text/html", "application/vnd.pypi.simple.", "application/json"))
    return PayloadFormat.PAGE if is_text or start.lstrip()[:1] in {b"{", b"<"} else PayloadFormat.OTHER


def _payload(format_: PayloadFormat, body: BinaryIO, size: int, head: Head | None, task: _Task) -> Payload | None:
    match format_:
        case PayloadFormat.ZIP:
            return _zip(body, size)
        case PayloadFormat.TAR:
            return read_sdist(body, size)
        case PayloadFormat.METADATA:
            return read_metadata(_small(body))
        case PayloadFormat.PAGE:
            return _page(body, head, task.keeps)
    return None


def _zip(body: BinaryIO, size: int) -> Payload:
    directory = read_directory(body, size)
    if isinstance(directory, (Broken, Unknown)):
        return directory
    found = read_wheel(body, size, directory=directory, is_whole=True)
    return read_sdist(body, size) if found is NO_DIST_INFO else found


def _page(body: BinaryIO, head: Head | None, keeps: Keeps) -> Payload:
    encoding = head.header("content-encoding") if head else None
    data = decode(body, encoding, limit=PAGE_LIMIT)
    if isinstance(data, (Broken, Unknown)):
        return data
    if data[:17].lower() == b"metadata-version:":
        return read_metadata(data[:MAX_HEADER_BYTES])
    return read_page(data, content_type=head.header("content-type") if head else None, keeps=keeps)


def _built_wheel(files: Sequence[File], cache: OpenCache, task: _Task) -> Facts:
    wheel, *beside = files
    with _opened(wheel, cache) as file:
        directory = read_directory(file, wheel.size)
        payload = read_wheel(file, wheel.size, directory=directory)
        is_read = task.depth is Depth.WHOLE or (task.reads_small and isinstance(file, io.BytesIO))
        is_whole = is_read and not isinstance(payload, (Broken, Unknown))
        watcher = LibraryWatcher()
        damage = read_wheel_to_end(file, wheel.size, directory=directory, watcher=watcher) if is_whole else None
        digests = _sha256(file, wheel.size) if is_whole else ()
    origin = next((_origin(f, cache) for f in beside if f.path.endswith("/" + ORIGIN_NAME)), None)
    return Facts(
        payload=payload,
        body_size=wheel.size,
        format=PayloadFormat.ZIP,
        origin=origin,
        is_read_whole=is_whole,
        damage=damage,
        libraries=watcher.libraries() if is_whole and damage is None else None,
        digests=digests,
    )


def _sha256(file: BinaryIO, size: int) -> tuple[tuple[str, str], ...]:
    """Return the SHA-256 of a file; nothing if it ends before its size, or is too large to be read for that alone."""
    if size > MAX_TOLD_BYTES:
        return ()
    made = digest(file, size, algorithms=frozenset({"sha256"}))
    return () if isinstance(made, Broken) else tuple(made.items())


def _origin(file: File, cache: OpenCache) -> Origin | Broken:
    return read_origin(cache.read_same(file, MAX_OBJECT_BYTES + 1))
