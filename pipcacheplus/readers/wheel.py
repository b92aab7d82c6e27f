"""Name, version and tags of a wheel: METADATA and WHEEL in the dist-info directory at its top."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import BinaryIO

from pipcacheplus.model.facts import Broken, Unknown, Wheel
from pipcacheplus.readers.archive.zip_directory import CentralDirectory, Member, read_directory, read_front, read_member
from pipcacheplus.readers.metadata import MAX_HEADER_BYTES, fields, name_and_version

__all__ = ["NO_DIST_INFO", "expand_tags", "has_dist_info", "read_wheel"]

NO_DIST_INFO = Broken(reason="zip without a .dist-info directory")
"""Returned for a zip that is not a wheel: it may be a source distribution."""
_SUFFIX = ".dist-info"
_MARK = _SUFFIX.encode()
_USUAL = re.compile(
    rb"Wheel-Version:[^\n]*\n(?:Generator:[^\n]*\n)?(?:Root-Is-Purelib:[^\n]*\n)?((?:Tag:[^\n:]*\n)+)\s*"
)
"""WHEEL as nearly every build back end writes it; a build number or anything else makes it unusual."""
_FRONT_BYTES = 64 << 10
"""Holds the header of nearly every METADATA; what follows is the description."""
_MAX_WHEEL_BYTES = 1 << 20
_MAX_METADATA_BYTES = 8 << 20
_MAX_TAGS = 10_000
"""Expanded; the longest known list has some hundreds."""
_TAG_PARTS = 3


def has_dist_info(directory: CentralDirectory) -> str | None:
    """Return the name of the first dist-info directory at the top, without `.dist-info`; `None` if there is none."""
    return next((stem for _, name in directory.names_like(_MARK) if (stem := _stem(name))), None)


def read_wheel(
    file: BinaryIO, size: int, *, directory: CentralDirectory | Broken | Unknown | None = None, is_whole: bool = False
) -> Wheel | Broken | Unknown:
    """Read name, version and tags; only the two members that hold them are unpacked.

    Args:
        file: Seekable.
        size: Its length in bytes.
        directory: What `read_directory` returned for this file, if it was read already.
        is_whole: Whether the digest of METADATA is computed as well.

    Raises:
        OSError: The file cannot be read.
    """
    if directory is None:
        directory = read_directory(file, size)
    if isinstance(directory, (Broken, Unknown)):
        return directory
    starts = {name: start for start, name in directory.names_like(_MARK)}
    stems = {stem for name in starts if (stem := _stem(name))}
    if not stems:
        return NO_DIST_INFO
    if len(stems) > 1:
        # pip 20.0 and later refuse such a wheel (`_internal/utils/wheel.py`).
        return Broken(reason="more than one .dist-info directory")
    (stem,) = stems
    return _read(file, directory, starts, stem, is_whole=is_whole)


def expand_tags(compressed: str, *, limit: int) -> Iterator[str]:
    """Yield the tags of a compressed set (PEP 425) in its order, at most `limit`; none if it has not three parts.

    `packaging.tags.parse_tag` makes all of them, however many, and forgets the order.

    >>> list(expand_tags("py2.py3-none-any", limit=9))
    ['py2-none-any', 'py3-none-any']
    """
    if compressed.count("-") != _TAG_PARTS - 1:
        return iter(())
    if "." not in compressed:
        return iter((compressed.lower(),)[:limit])
    parts = [part.split(".") for part in compressed.lower().split("-")]
    return islice(("-".join(choice) for choice in product(*parts)), limit)


def _read(
    file: BinaryIO, directory: CentralDirectory, starts: dict[str, int], stem: str, *, is_whole: bool
) -> Wheel | Broken | Unknown:
    info = stem + _SUFFIX
    metadata_start, wheel_start = starts.get(f"{info}/METADATA"), starts.get(f"{info}/WHEEL")
    if metadata_start is None or wheel_start is None:
        return Broken(reason=f"no {'METADATA' if metadata_start is None else 'WHEEL'} in {info}")
    metadata = directory.member(metadata_start)
    front, found = _read_metadata(file, metadata)
    if isinstance(found, (Broken, Unknown)):
        return found
    text = read_member(file, directory.member(wheel_start), limit=_MAX_WHEEL_BYTES)
    if isinstance(text, (Broken, Unknown)):
        return text
    tags = _tags_and_build(text)
    if isinstance(tags, Unknown):
        return tags
    written, build = tags
    return Wheel(
        name=found[0],
        version=found[1],
        tags=tuple(sorted(written)),
        tags_as_written=written,
        build=build,
        stem=stem,
        members=len(directory),
        metadata_sha256=_metadata_sha256(file, metadata, front) if is_whole else None,
    )


def _read_metadata(file: BinaryIO, metadata: Member) -> tuple[bytes, tuple[str, str] | Broken | Unknown]:
    """Return the front of METADATA, and its fields."""
    front = read_front(file, metadata, length=_FRONT_BYTES)
    if isinstance(front, (Broken, Unknown)):
        return b"", front
    found: tuple[str, str] | Broken | Unknown = name_and_version(front)
    if isinstance(found, Broken) and metadata.size > _FRONT_BYTES:
        more = read_front(file, metadata, length=MAX_HEADER_BYTES)
        found = more if isinstance(more, (Broken, Unknown)) else name_and_version(more)
    return front, found


def _metadata_sha256(file: BinaryIO, metadata: Member, front: bytes) -> str | None:
    whole = front if metadata.size <= _FRONT_BYTES else read_member(file, metadata, limit=_MAX_METADATA_BYTES)
    return None if isinstance(whole, (Broken, Unknown)) else hashlib.sha256(whole).hexdigest()


def _stem(name: str) -> str | None:
    """Return the name of the dist-info directory at the top that a member lies in, without `.dist-info`.

    >>> _stem("demo-1.0.dist-info/WHEEL"), _stem("demo/vendored-2.0.dist-info/WHEEL"), _stem("demo.dist-info")
    ('demo-1.0', None, None)
    """
    top, slash, _ = name.partition("/")
    return (top[: -len(_SUFFIX)] or None) if slash and top.endswith(_SUFFIX) else None


def _tags_and_build(text: bytes) -> tuple[tuple[str, ...], str | None] | Unknown:
    """Return the tags of WHEEL as they are written, expanded, and the build number."""
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        lines = [line.strip().decode("utf-8", "replace") for line in usual[1].split(b"Tag:")[1:]]
        found = _expanded(lines)
        return found if isinstance(found, Unknown) else (found, None)
    # WHEEL has no body: lines behind an empty line are fields as well.
    pairs = [pair for part in text.replace(b"\r\n", b"\n").split(b"\n\n") for pair in fields(part.lstrip(b"\n"))]
    found = _expanded(value for name, value in pairs if name == "tag")
    if isinstance(found, Unknown):
        return found
    return found, next((value for name, value in pairs if name == "build" and value), None)


def _expanded(lines: Iterable[str]) -> tuple[str, ...] | Unknown:
    tags: dict[str, None] = {}
    for line in lines:
        tags.update(dict.fromkeys(expand_tags(line, limit=_MAX_TAGS - len(tags) + 1)))
        if len(tags) > _MAX_TAGS:
            return Unknown(reason=f"wheel of more than {_MAX_TAGS} tags")
    return tuple(tags)
