"""Packing of the facts of an entry into bytes of a row, and unpacking; other bytes are refused.

Only facts that checks and names need are stored: of a head the headers that they use, of a page its name.
Credentials in a URL are removed.
"""

import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec.msgpack import Encoder

from pipcacheplus.model.facts import (
    Broken,
    Facts,
    Head,
    Libraries,
    Library,
    Metadata,
    Origin,
    Page,
    Payload,
    PayloadFormat,
    Pickle,
    Sdist,
    Selfcheck,
    Span,
    Unknown,
    Wheel,
)
from pipcacheplus.pips.credentials import shown_url

__all__ = [
    "RowDamagedError",
    "join_tags",
    "pack",
    "pack_facts",
    "pack_libraries",
    "split_tags",
    "unpack",
    "unpack_each",
    "unpack_facts",
    "unpack_libraries",
    "unpack_origin",
]

_T = TypeVar("_T")
_HEADERS = frozenset({"etag", "date", "expires", "content-length", "cache-control", "x-pypi-file-project"})
_FILE_HOST_HEADER = "x-pypi-file-"
_LONG_TAGS = 1024
_MAX_TAG_BYTES = 16 << 20
_LONG_LIBRARIES = 512
_MAX_LIBRARIES_BYTES = 16 << 20
_ZLIB = b"x"
"""First byte that packed values here never have: they are lists."""
_TEXTS = "surrogatepass"
"""Error handler for text that is not UTF-8: no two texts become the same, and each can be decoded."""
_encode = Encoder().encode


class RowDamagedError(Exception):
    """A row is not one that this program writes. Never leaves the package."""


def pack(value: object) -> bytes:
    """Return plain values as bytes."""
    try:
        return _encode(value)
    except (UnicodeEncodeError, OverflowError, TypeError):
        return _pack_any(value)


def _pack_any(value: object) -> bytes:
    """Pack text that is not UTF-8, and numbers that need more than 64 bits, as times of some file systems do."""
    import msgpack  # noqa: PLC0415 - slow to import, and of use to few

    packed: bytes = msgpack.packb(value, unicode_errors=_TEXTS, default=str)
    return packed


def unpack(data: object) -> Any:  # noqa: ANN401 - plain values; the caller knows which
    """Return plain values; lists come as tuples.

    Raises:
        RowDamagedError: The bytes are not those of plain values.
    """
    import msgpack  # noqa: PLC0415 - as above

    try:
        return msgpack.unpackb(data, unicode_errors=_TEXTS, use_list=False, strict_map_key=False)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise RowDamagedError from error


def unpack_each(packed: Sequence[Any]) -> list[Any]:
    """Return the values in each of some bytes, as `unpack`, in less time.

    Raises:
        RowDamagedError: One of them is not the bytes of exactly one value.
    """
    import msgpack  # noqa: PLC0415 - as above

    values = []
    end = 0
    try:
        unpacker = msgpack.Unpacker(unicode_errors=_TEXTS, use_list=False, strict_map_key=False)
        unpacker.feed(b"".join(packed))
        for data in packed:
            values.append(unpacker.unpack())
            end += len(data)
            if unpacker.tell() != end:
                raise RowDamagedError
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise RowDamagedError from error
    return values


def join_tags(tags: tuple[str, ...]) -> str | bytes:
    """Return tags as one value; many are packed, as a product of a few words packs well."""
    joined = " ".join(tags)
    return joined if len(joined) < _LONG_TAGS else zlib.compress(joined.encode("utf-8", _TEXTS), 1)


def split_tags(joined: object) -> tuple[str, ...]:
    """Return tags that were joined.

    Raises:
        RowDamagedError: They were not.
    """
    if isinstance(joined, bytes):
        try:
            joined = zlib.decompressobj().decompress(joined, _MAX_TAG_BYTES).decode("utf-8", _TEXTS)
        except (zlib.error, UnicodeDecodeError) as error:
            raise RowDamagedError from error
    return tuple(_text(joined).split(" ")) if joined else ()


def pack_facts(facts: Facts) -> bytes:
    """Return the packed facts of an entry by its own bytes."""
    return pack(
        (
            _head(facts.head),
            _part(facts.payload),
            _part(facts.origin),
            _part(facts.selfcheck),
            facts.format.value if facts.format is not None else None,
            facts.body_size,
        )
    )


def unpack_facts(data: object) -> Facts:
    """Return the facts that were packed.

    Raises:
        RowDamagedError: They were not packed here.
    """
    try:
        head, payload, origin, selfcheck, form, body_size = unpack(data)
        return Facts(
            head=_read_head(head),
            payload=_read_part(payload, (Wheel, Sdist, Metadata, Page, Unknown, Broken)),
            origin=_read_part(origin, (Origin, Broken)),
            selfcheck=_read_part(selfcheck, (Selfcheck, Broken)),
            format=None if form is None else PayloadFormat(form),
            body_size=_maybe(_int, body_size),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise RowDamagedError from error


def unpack_origin(data: object) -> Origin | Broken | None:
    """Return the origin in the packed facts of a built wheel; nothing else in them is unpacked.

    Raises:
        RowDamagedError: They were not packed here.
    """
    try:
        _, _, origin, _, _, _ = unpack(data)
        found: Origin | Broken | None = _read_part(origin, (Origin, Broken))
    except (ValueError, TypeError, KeyError) as error:
        raise RowDamagedError from error
    return found


def pack_libraries(libraries: Libraries) -> bytes:
    """Return the packed libraries of a wheel; those of one wheel have much in common, and compress well."""
    rows = [_library_row(one) for one in libraries.found]
    packed = pack((rows, libraries.not_read, libraries.others))
    return packed if len(packed) < _LONG_LIBRARIES else zlib.compress(packed, 1)


def _library_row(one: Library) -> tuple[object, ...]:
    needs = one.needed, one.rpath, one.runpath, one.versions
    return one.path, one.machine, one.soname, *needs, one.compilers, one.is_extension, one.numpy


def unpack_libraries(data: object) -> Libraries:
    """Return the libraries that were packed.

    Raises:
        RowDamagedError: They were not packed here.
    """
    try:
        if isinstance(data, bytes) and data.startswith(_ZLIB):
            data = zlib.decompressobj().decompress(data, _MAX_LIBRARIES_BYTES)
        rows, not_read, others = unpack(data)
        found = tuple([_library(*row) for row in rows])
        return Libraries(found=found, not_read=_int(not_read), others=_int(others))
    except (ValueError, TypeError, zlib.error) as error:
        raise RowDamagedError from error


def _library(*fields: Any) -> Library:  # noqa: ANN401 - as packed
    path, machine, soname, needed, rpath, runpath, versions, compilers, is_extension, numpy = fields
    return Library(
        path=_text(path),
        machine=_text(machine),
        soname=_maybe(_text, soname),
        needed=_texts(needed),
        rpath=_texts(rpath),
        runpath=_texts(runpath),
        versions=tuple([(_text(name), _texts(of_it)) for name, of_it in versions]),
        compilers=_maybe(_texts, compilers),
        is_extension=_bool(is_extension),
        numpy=_maybe(_text, numpy),
    )


def _head(head: Head | Broken | None) -> object:
    if head is None or isinstance(head, Broken):
        return _part(head)
    kept = [pair for pair in head.headers if pair[0] in _HEADERS]
    if head.is_permanent_redirect:
        kept += [(name, shown_url(value)) for name, value in head.headers if name == "location"]
    if not any(name.startswith(_FILE_HOST_HEADER) for name, _ in kept):
        kept += [(name, "") for name, _ in head.headers if name.startswith(_FILE_HOST_HEADER)][:1]
    pickle = head.pickle and (head.pickle.calls, head.pickle.is_plain)
    body = head.body and (head.body.offset, head.body.length)
    return "H", head.cc, head.status, kept, body, head.body_size, pickle


def _read_head(value: Any) -> Head | Broken | None:  # noqa: ANN401 - as unpacked
    if value is None or value[0] != "H":
        broken: Broken | None = _read_part(value, (Broken,))
        return broken
    _, cc, status, headers, body, body_size, pickle = value
    return Head(
        cc=_int(cc),
        status=_maybe(_int, status),
        headers=tuple([(_text(name), _text(text)) for name, text in headers]),
        body=None if body is None else Span(offset=_int(body[0]), length=_int(body[1])),
        body_size=_maybe(_int, body_size),
        pickle=None if pickle is None else Pickle(calls=_texts(pickle[0]), is_plain=_bool(pickle[1]), strings=()),
    )


def _part(part: Payload | Origin | Selfcheck | None) -> object:
    match part:
        case None:
            return None
        case Broken():
            return "B", part.reason, part.offset, part.is_cut, part.is_tolerated
        case Unknown():
            return "U", part.reason
        case Origin():
            more = (part.vcs, part.commit, part.subdirectory, part.requested_revision)
            return "O", shown_url(part.url), part.is_directory, part.hashes, *more
        case Selfcheck():
            return "C", part.environments, part.last_check, part.pip_version
    return _payload(part)


def _payload(part: Wheel | Sdist | Metadata | Page) -> object:
    match part:
        case Page():
            return "P", part.name, part.format, part.is_index
        case Metadata():
            return "M", part.name, part.version
        case Sdist():
            return "S", part.name, part.version, part.format, part.top
    tags = join_tags(part.tags_as_written)
    return "W", part.name, part.version, tags, part.build, part.stem, part.metadata_sha256


def _read_part(value: Any, allowed: tuple[type[object], ...]) -> Any:  # noqa: ANN401 - one of those that are allowed
    if value is None:
        return None
    letter, *fields = value
    kind, read = _PARTS[letter]
    if kind not in allowed:
        raise RowDamagedError
    return read(*fields)


def _broken(reason: object, offset: object, is_cut: object, is_tolerated: object) -> Broken:
    return Broken(
        reason=_text(reason), offset=_maybe(_int, offset), is_cut=_bool(is_cut), is_tolerated=_bool(is_tolerated)
    )


def _wheel(*fields: Any) -> Wheel:  # noqa: ANN401 - as packed
    name, version, joined, build, stem, sha256 = fields
    tags = split_tags(joined)
    return Wheel(
        name=_text(name),
        version=_text(version),
        tags=tuple(sorted(tags)),
        tags_as_written=tags,
        build=_maybe(_text, build),
        stem=_text(stem),
        members=0,
        metadata_sha256=_maybe(_text, sha256),
    )


def _origin(*fields: Any) -> Origin:  # noqa: ANN401 - as packed
    url, is_directory, hashes, vcs, commit, subdirectory, requested_revision = fields
    return Origin(
        url=_text(url),
        is_directory=_bool(is_directory),
        hashes=tuple([(_text(name), _text(value)) for name, value in hashes]),
        vcs=_maybe(_text, vcs),
        commit=_maybe(_text, commit),
        subdirectory=_maybe(_text, subdirectory),
        requested_revision=_maybe(_text, requested_revision),
    )


_PARTS: dict[str, tuple[type[object], Callable[..., object]]] = {
    "B": (Broken, _broken),
    "U": (Unknown, lambda reason: Unknown(reason=_text(reason))),
    "W": (Wheel, _wheel),
    "S": (
        Sdist,
        lambda name, version, form, top: Sdist(
            name=_maybe(_text, name), version=_maybe(_text, version), format=_text(form), top=_maybe(_text, top)
        ),
    ),
    "M": (Metadata, lambda name, version: Metadata(name=_text(name), version=_text(version))),
    "P": (
        Page,
        lambda name, form, is_index: Page(name=_maybe(_text, name), format=_text(form), is_index=_bool(is_index)),
    ),
    "O": (Origin, _origin),
    "C": (
        Selfcheck,
        lambda environments, last_check, pip_version: Selfcheck(
            environments=_texts(environments),
            last_check=_maybe(_text, last_check),
            pip_version=_maybe(_text, pip_version),
        ),
    ),
}
"""The letter for a type in a row, the type, and the function that makes it of the fields behind the letter."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise RowDamagedError
    return value


def _int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RowDamagedError
    return value


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise RowDamagedError
    return value


def _texts(values: Any) -> tuple[str, ...]:  # noqa: ANN401 - as unpacked
    return tuple([_text(value) for value in values])


def _maybe(read: Callable[[object], _T], value: object) -> _T | None:
    return None if value is None else read(value)
