"""Name, version and tags of a wheel: METADATA and WHEEL in the dist-info directory at its top."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from typing import BinaryIO

from pipcacheplus.model.facts import Broken, Unknown, Wheel
from pipcacheplus.readers.archive.zip_directory import CentralDirectory, Member, read_directory, read_front, read_member
from pipcacheplus.readers.metadata import MAX_HEADER_BYTES, fields, name_and_version

__all__ = ["expand_tags", "has_dist_info", "read_wheel"]

_SUFFIX = ".dist-info"
_FRONT_BYTES = 64 << 10
"""Holds the header of nearly every METADATA; what follows is the description."""
_MAX_WHEEL_BYTES = 1 << 20
_MAX_METADATA_BYTES = 8 << 20
_MAX_TAGS = 10_000
"""Expanded; the longest known list has some hundreds."""
_TAG_PARTS = 3


def has_dist_info(directory: CentralDirectory) -> str | None:
    """Return the name of the first dist-info directory at the top, without `.dist-info`; `None` if there is none."""
    return next((stem for member in _near(directory) if (stem := _stem(member.name))), None)


def read_wheel(
    file: BinaryIO, size: int, *, directory: CentralDirectory | Broken | Unknown | None = None, is_whole: bool = False
) -> Wheel | Broken | Unknown:
    """Read name, version and tags; only the two members that hold them are unpacked.

    Args:
        file: Seekable.
        size: Its length in bytes.
        directory: What `read_directory` returned for this file, if it was read already.
        is_whole: Whether the digest of METADATA is made as well.

    Raises:
        OSError: The file cannot be read.
    """
    if directory is None:
        directory = read_directory(file, size)
    if isinstance(directory, (Broken, Unknown)):
        return directory
    members = {member.name: member for member in _near(directory)}
    stems = {stem for name in members if (stem := _stem(name))}
    if not stems:
        return Broken(reason="zip without a .dist-info directory")
    if len(stems) > 1:
        # pip 20.0 and later refuse such a wheel (`_internal/utils/wheel.py`).
        return Broken(reason="more than one .dist-info directory")
    (stem,) = stems
    found = _read(file, members, stem, len(directory))
    return _with_digest(file, members, found) if is_whole and isinstance(found, Wheel) else found


def expand_tags(compressed: str, *, limit: int) -> Iterator[str]:
    """Yield the tags of a compressed set (PEP 425) in its order, at most `limit`; none if it has not three parts.

    `packaging.tags.parse_tag` makes all of them, however many, and forgets the order.

    >>> list(expand_tags("py2.py3-none-any", limit=9))
    ['py2-none-any', 'py3-none-any']
    """
    parts = [part.split(".") for part in compressed.lower().split("-")]
    if len(parts) != _TAG_PARTS:
        return iter(())
    return islice(("-".join(choice) for choice in product(*parts)), limit)


def _with_digest(file: BinaryIO, members: dict[str, Member], wheel: Wheel) -> Wheel:
    metadata = read_member(file, members[f"{wheel.stem}{_SUFFIX}/METADATA"], limit=_MAX_METADATA_BYTES)
    if isinstance(metadata, (Broken, Unknown)):
        return wheel
    return replace(wheel, metadata_sha256=hashlib.sha256(metadata).hexdigest())


def _read(file: BinaryIO, members: dict[str, Member], stem: str, count: int) -> Wheel | Broken | Unknown:
    metadata, wheel = (members.get(f"{stem}{_SUFFIX}/{name}") for name in ("METADATA", "WHEEL"))
    if metadata is None or wheel is None:
        return Broken(reason=f"no {'WHEEL' if metadata else 'METADATA'} in {stem}{_SUFFIX}")
    found = _read_metadata(file, metadata)
    if isinstance(found, (Broken, Unknown)):
        return found
    text = read_member(file, wheel, limit=_MAX_WHEEL_BYTES)
    if isinstance(text, (Broken, Unknown)):
        return text
    return _wheel(stem, found, text, count)


def _read_metadata(file: BinaryIO, metadata: Member) -> tuple[str, str] | Broken | Unknown:
    found: tuple[str, str] | Broken | Unknown = Broken(reason="")
    for length in (_FRONT_BYTES, MAX_HEADER_BYTES):
        front = read_front(file, metadata, length=length)
        found = front if isinstance(front, (Broken, Unknown)) else name_and_version(front)
        if not isinstance(found, Broken) or metadata.size <= length:
            break
    return found


def _near(directory: CentralDirectory) -> Iterator[Member]:
    """Yield the members that may lie in a dist-info directory."""
    return directory.named_like(_SUFFIX.encode())


def _stem(name: str) -> str | None:
    """Return the name of the dist-info directory at the top that a member lies in, without `.dist-info`.

    >>> _stem("demo-1.0.dist-info/WHEEL"), _stem("demo/vendored-2.0.dist-info/WHEEL"), _stem("demo.dist-info")
    ('demo-1.0', None, None)
    """
    top, slash, _ = name.partition("/")
    return (top[: -len(_SUFFIX)] or None) if slash and top.endswith(_SUFFIX) else None


def _wheel(stem: str, found: tuple[str, str], text: bytes, members: int) -> Wheel | Unknown:
    # WHEEL has no body: what stands behind an empty line is a field as well.
    pairs = [pair for part in text.replace(b"\r\n", b"\n").split(b"\n\n") for pair in fields(part.lstrip(b"\n"))]
    tags: dict[str, None] = {}
    for tag in (value for name, value in pairs if name == "tag"):
        tags.update(dict.fromkeys(expand_tags(tag, limit=_MAX_TAGS - len(tags) + 1)))
        if len(tags) > _MAX_TAGS:
            return Unknown(reason=f"wheel of more than {_MAX_TAGS} tags")
    build = next((value for name, value in pairs if name == "build" and value), None)
    name, version = found
    return Wheel(
        name=name,
        version=version,
        tags=tuple(sorted(tags)),
        tags_as_written=tuple(tags),
        build=build,
        stem=stem,
        members=members,
    )
