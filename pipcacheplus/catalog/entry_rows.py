"""Rows of the table `entry`: files from the walk, names and facts from reading; and entries from both."""

import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from itertools import chain
from operator import add
from typing import Any, NamedTuple

from pipcacheplus.catalog.stored_facts import (
    RowDamagedError,
    join_tags,
    pack,
    pack_facts,
    split_tags,
    unpack,
    unpack_each,
)
from pipcacheplus.disk.open_cache import CTIME_NS, DISK_SIZE, MTIME_NS, SIZE, FileStamp
from pipcacheplus.disk.walk import Seen, unread_kind
from pipcacheplus.model.facts import Broken, Facts, Head, Origin, Sdist, Unknown, Wheel
from pipcacheplus.model.values import Brief, Entry, File, Folder, Kind, OriginFacts, Shape, UrlSource
from pipcacheplus.pips.credentials import shown_url, unless_cut
from pipcacheplus.pips.filenames import canonical
from pipcacheplus.pips.freshness import is_usable
from pipcacheplus.pips.headers import single_part_md5, stated_size
from pipcacheplus.pips.layout import HTTP_AREAS, area_of, body_path, entry_path, key_of
from pipcacheplus.pips.wheel_keys import key_of_wheel

__all__ = [
    "Names",
    "OwnNames",
    "SeenRow",
    "as_bytes",
    "as_column",
    "as_text",
    "briefs_of_rows",
    "check_entry",
    "check_seal",
    "checked_rows",
    "entry_of_checked",
    "entry_of_row",
    "facts_row",
    "files_of",
    "first_kind",
    "ids_of_key",
    "is_same_stamp",
    "key_of_id",
    "last_change_ns",
    "names_of",
    "origin_facts",
    "pack_files",
    "seen_row",
    "shape_of",
    "stamp_of",
    "text_of",
]

_MAX_INTEGER = (1 << 63) - 1
_TEXTS = "surrogatepass"
_BODY = 1
"""Stands for the path of the body that belongs to a head, as 0 does for the entry's own."""
_OWN_NAMES = (0, _BODY)
_NUMBERS = (int,) * 9
_PAIR = Shape.PAIR  # in Python 3.11, a member takes long to look up
_SHAPES = {shape.value: shape for shape in Shape}
_KINDS = {kind.value: kind for kind in Kind}
_SOURCES = {source.value: source for source in UrlSource}


def as_bytes(text: str) -> bytes:
    """Encode any name, also one that is not UTF-8, so that no two become the same, and their order stays."""
    return text.encode("utf-8", _TEXTS)


def as_text(data: object) -> str:
    """Decode a name that `as_bytes` encoded.

    Raises:
        RowDamagedError: It was not encoded so.
    """
    if not isinstance(data, bytes):
        raise RowDamagedError
    try:
        return data.decode("utf-8", _TEXTS)
    except UnicodeDecodeError as error:
        raise RowDamagedError from error


def ids_of_key(key: bytes) -> tuple[bytes, ...]:
    """Return the ids that responses with a key may have, in the order of their areas."""
    return tuple(as_bytes(entry_path(area, key.hex())) for area in sorted(HTTP_AREAS))


def key_of_id(id_: str) -> bytes | None:
    """Return the key of a response as a column value, `None` for any other entry."""
    key = key_of(id_)
    return bytes.fromhex(key) if key is not None else None


def as_column(text: str | None) -> str | bytes | None:
    """Return text as a column value: bytes if it is not UTF-8."""
    if text is None or text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return as_bytes(text)
    return text


def text_of(column: object) -> str | None:
    """Return the text of a column.

    Raises:
        RowDamagedError: It holds another type.
    """
    if column is None or isinstance(column, str):
        return column
    return as_text(column)


class SeenRow(NamedTuple):
    """The first columns of an entry, from the walk."""

    id: bytes
    shape: str
    key: bytes | None
    area: str
    size: int
    disk_size: int
    file_count: int
    changed_ns: int
    files: bytes


def pack_files(seen: Seen, device: int) -> bytes:
    """Return the files of an entry as a column value.

    Args:
        seen: The entry.
        device: Device of the cache directory: its number changes when it is mounted again, and is not stored.
    """
    id_, shape, files, folders = seen
    body = body_path(id_) if shape is _PAIR else None
    packed = [
        (
            0 if path == id_ else _BODY if path == body else path,
            *(size, disk, mtime, atime, ctime, inode, 0 if on == device else on, links),
        )
        for path, size, disk, mtime, atime, ctime, inode, on, links in files
    ]
    below = [(path, mtime, inode, 0 if on == device else on) for path, mtime, inode, on in folders]
    return pack((packed, below) if below else (packed,))


def seen_row(seen: Seen, packed: bytes) -> SeenRow:
    """Return the columns of an entry from the walk.

    Args:
        seen: The entry.
        packed: The result of `pack_files` for its files.
    """
    id_, shape, files, _ = seen
    return SeenRow(
        id=as_bytes(id_),
        shape=shape.value,
        key=key_of_id(id_),
        area=area_of(id_).value,
        size=sum([file[SIZE] for file in files]),
        disk_size=sum([file[DISK_SIZE] for file in files]),
        file_count=len(files),
        changed_ns=min(last_change_ns(files), _MAX_INTEGER),
        files=packed,
    )


def last_change_ns(files: Sequence[FileStamp]) -> int:
    """Return when one of the files was changed last."""
    return max([max(file[MTIME_NS], file[CTIME_NS]) for file in files], default=0)


def is_same_stamp(one: bytes, other: bytes) -> bool:
    """Return whether two entries have the same files: of each path, inode, size and the times of its last change."""
    try:
        return stamp_of(one) == stamp_of(other)
    except (RowDamagedError, ValueError, TypeError):
        return False


def stamp_of(packed: bytes) -> list[tuple[object, ...]]:
    """Return what of the files of an entry changes with their content: name, size, times, inode and device.

    Raises:
        RowDamagedError: The row is not one that was written.
        ValueError: It is none of files.
    """
    files, *_ = unpack(packed)
    return [(name, size, mtime, ctime, inode, on) for name, size, _, mtime, _, ctime, inode, on, _ in files]


def files_of(path: str, packed: object, device: int) -> tuple[tuple[File, ...], tuple[Folder, ...]]:
    """Return the files and the directories of an entry, from the walk.

    Raises:
        RowDamagedError: The row is not one that was written.
    """
    try:
        files, *folders = unpack(packed)
        return (
            tuple([_file(path, row, device) for row in files]),
            tuple([_folder(row, device) for row in folders[0]]) if folders else (),
        )
    except (ValueError, TypeError, IndexError) as error:
        raise RowDamagedError from error


def _file(path: str, row: Sequence[Any], device: int) -> File:
    name, size, disk, mtime, atime, ctime, inode, on, links = row
    own = path if name == 0 else body_path(path) if name == _BODY else name
    if not isinstance(own, str):
        raise RowDamagedError
    if type(size) is type(disk) is type(mtime) is type(atime) is type(ctime) is type(inode) is type(on) is int:
        return File(own, size, disk, mtime, atime, ctime, inode, on or device, int(links))
    numbers = map(int, (size, disk, mtime, atime, ctime, inode, int(on) or device, links))
    return File._make((own, *numbers))


def _folder(row: Sequence[Any], device: int) -> Folder:
    path, mtime, inode, on = row
    if not isinstance(path, str):
        raise RowDamagedError
    return Folder(path, int(mtime), int(inode), int(on) or device)


class OwnNames(NamedTuple):
    """The kind and the names of an entry by its own bytes."""

    kind: Kind
    project: str | None = None
    """In its canonical form."""
    version: str | None = None
    filename: str | None = None
    tags: tuple[str, ...] = ()
    written_s: int | None = None
    """The `Date` of a response in seconds since 1970."""
    fresh_until_s: int | None = None


def facts_row(id_: str, shape: Shape, names: OwnNames, facts: Facts) -> tuple[Any, ...]:
    """Return the columns with the facts of an entry, in the order of `FACTS`; the last is their checksum.

    Args:
        id_: Id of the entry.
        shape: Its shape.
        names: The names by its own bytes.
        facts: Its facts.
    """
    head = facts.head if isinstance(facts.head, Head) else None
    wheel = facts.payload if isinstance(facts.payload, Wheel) else None
    is_built = shape is Shape.BUILT_WHEEL
    origin = facts.origin if isinstance(facts.origin, Origin) else None
    broken = next(
        (p for p in (facts.head, facts.payload, facts.origin, facts.selfcheck) if isinstance(p, Broken)), None
    )
    etag = single_part_md5(head) if head is not None else None
    key = key_of_wheel(id_, origin, ()) if is_built else None
    columns = (
        names.kind.value,
        as_column(names.project),
        as_column(names.version),
        as_column(names.filename),
        join_tags(names.tags) if names.tags else None,
        key.interpreter if key is not None else None,
        names.fresh_until_s,
        names.written_s,
        stated_size(head) if head is not None else None,
        facts.body_size,
        bytes.fromhex(etag) if etag is not None else None,
        bytes.fromhex(wheel.metadata_sha256) if wheel is not None and wheel.metadata_sha256 is not None else None,
        as_column(broken.reason) if broken is not None else None,
        as_column(facts.payload.reason) if isinstance(facts.payload, Unknown) else None,
        facts.format.value if facts.format is not None else None,
        int(isinstance(facts.payload, (Wheel, Sdist))),
        int(head is not None and head.pickle is not None),
        int(head is None or head.pickle is not None or is_usable(head)),
        int(origin is not None and origin.is_directory),
        int(key is not None and key.is_of_url_alone),
        as_column(canonical(wheel.name)) if is_built and wheel is not None else None,
        as_column(wheel.version) if is_built and wheel is not None else None,
        pack_facts(facts),
    )
    return *columns, seal_of(columns)


def seal_of(columns: Sequence[Any]) -> int:
    """Return the checksum of columns: it finds a row that a disk garbled, not one that was changed deliberately."""
    return zlib.crc32(pack(columns))


class Names(NamedTuple):
    """The names of an entry by columns and links."""

    kind: str
    project: str | None
    version: str | None
    filename: str | None
    tags: str | bytes | None
    """As `join_tags` joins them."""
    interpreter: str | None
    fresh_until_s: int | None
    url: str | None
    """Without its credentials."""
    url_source: str | None
    status: int | None = None
    """Of a redirect, as is `location`."""
    location: str | None = None


_NAMES = len(Names._fields)


def origin_facts(origin: Origin | Broken | None) -> OriginFacts | None:
    """Return the origin of a built wheel, with its URL as it may be shown."""
    if not isinstance(origin, Origin):
        return None
    shown = shown_url(origin.url)
    return OriginFacts(
        url=unless_cut(shown),
        url_shown=shown,
        is_directory=origin.is_directory,
        vcs=origin.vcs,
        commit=origin.commit,
        requested_revision=origin.requested_revision,
        subdirectory=origin.subdirectory,
        source_sha256=dict(origin.hashes).get("sha256"),
    )


def names_of(shape: str, columns: Sequence[Any]) -> Names:
    """Return the names in the columns of `FACTS`.

    Raises:
        RowDamagedError: They are not names.
    """
    kind, project, version, filename, tags, interpreter, fresh_until = columns[:7]
    if kind is None:  # it is not read
        return Names(first_kind(shape), None, None, None, None, None, None, None, None)
    if kind not in _KINDS or not (fresh_until is None or isinstance(fresh_until, int)):
        raise RowDamagedError
    return Names(
        kind, text_of(project), text_of(version), text_of(filename), tags, text_of(interpreter), fresh_until, None, None
    )


def shape_of(column: object) -> Shape:
    """Return the shape of an entry.

    Raises:
        RowDamagedError: There is no such shape.
    """
    try:
        return _SHAPES[column]  # type: ignore[index] # what else it may be is no key
    except (KeyError, TypeError) as error:
        raise RowDamagedError from error


def first_kind(shape: str) -> str:
    """Return the kind of an entry before it is read.

    Raises:
        RowDamagedError: There is no such shape.
    """
    return unread_kind(shape_of(shape)).value


def checked_rows(rows: Sequence[Sequence[Any]], device: int) -> list[tuple[Any, ...]]:
    """Return rows, as plain values that a file can store, of which an entry and a brief can be made at any time.

    All is done column by column, which takes a fraction of the time.

    Args:
        rows: Id, shape and files as columns have them, then the fields of `Names`; their text may be bytes.
        device: Of the cache directory.

    Raises:
        RowDamagedError: One of them is not one that was written.
    """
    ids, shapes, packed, kinds, *named, tags, interpreters, lifetimes, urls, sources, statuses, locations = zip(
        *rows, strict=True
    )
    if not (
        _SHAPES.keys() >= {*shapes}
        and _KINDS.keys() >= {*kinds}
        and _SOURCES.keys() >= {*sources} - {None}
        and {int, type(None)} >= {*map(type, lifetimes)} | {*map(type, statuses)}
    ):
        raise RowDamagedError
    for joined in {*tags} - {None}:
        split_tags(joined)
    paths = [*map(as_text, ids)]
    columns: list[Sequence[Any]] = [paths, shapes, packed, *_looks(paths, packed, device)]
    columns += [kinds, *map(_texts, named), tags, _texts(interpreters), lifetimes, _texts(urls), sources]
    columns += [statuses, _texts(locations)]
    return [*zip(*columns, strict=True)]


def _texts(column: Sequence[Any]) -> Sequence[str | None]:
    return column if {*map(type, column)} <= {str, type(None)} else [*map(text_of, column)]


_Look = tuple[int, int, int | None, int | None, int | None, int]
"""Bytes of all files of an entry, and those on the disk; when one was last written, read and changed; their number."""
_LOOKS = 6
"""Fields of a look."""
_PAIR_FILES = 2
"""A head and its body."""
_AT_NAMES = 3 + _LOOKS
"""The first column of names in rows of `checked_rows`, behind those of a look."""
_NAMES_OF_BRIEF = Names._fields.index("url") + 1
"""Of the names, those that a brief has."""


def _looks(paths: Sequence[str], packed: Sequence[bytes], device: int) -> Iterable[Sequence[Any]]:
    """Return the columns of looks at the files of some entries."""
    unpacked = unpack_each(packed)
    numbers = _numbers_of_most(unpacked)
    if numbers is None:
        all_files = (files_of(path, files, device)[0] for path, files in zip(paths, packed, strict=True))
        return zip(*map(_look, all_files), strict=True)
    counts = [len(files) for (files,) in unpacked]
    if {*counts} == {_PAIR_FILES}:  # as in most parts of a cache
        columns = [(column[::2], column[1::2]) for column in numbers[: _LOOKS - 1]]
        return [*([*map(add, *two)] for two in columns[:2]), *([*map(max, *two)] for two in columns[2:]), counts]
    return zip(*(_look(files) for (files,) in unpacked), strict=True)


def _look(files: Sequence[Sequence[Any]]) -> _Look:
    # A file has its fields in the same order as `File`.
    if len(files) == 1:
        _, size, on_disk, mtime, atime, ctime, *_ = files[0]
        return size, on_disk, mtime, atime, ctime, 1
    if len(files) == _PAIR_FILES:
        (_, size, on_disk, mtime, atime, ctime, *_), (_, size_2, on_disk_2, mtime_2, atime_2, ctime_2, *_) = files
        times = max(mtime, mtime_2), max(atime, atime_2), max(ctime, ctime_2)
        return size + size_2, on_disk + on_disk_2, *times, 2
    if not files:
        return 0, 0, None, None, None, 0
    _, sizes, on_disk, mtimes, atimes, ctimes, *_ = zip(*files, strict=True)
    return sum(sizes), sum(on_disk), max(mtimes), max(atimes), max(ctimes), len(files)


def _numbers_of_most(unpacked: Iterable[Any]) -> Sequence[Sequence[int]] | None:
    """Return the numbers of all files, column by column, if all are of the form that most have."""
    try:
        names, *numbers, _ = zip(*chain.from_iterable(files for (files,) in unpacked), strict=True)
    except (ValueError, TypeError):
        return None
    are_usual = (
        len(numbers) == len(File._fields) - 2
        and all({*map(type, column)} == {int} for column in numbers)
        and {name for name in names if type(name) is not str} <= {0, _BODY}
    )
    return numbers if are_usual else None


def entry_of_checked(row: tuple[Any, ...], device: int) -> Entry:
    """Return the entry of a row of `checked_rows`."""
    path, shape, packed, *names = row[:3] + row[_AT_NAMES:]
    if len(names) == _NAMES:
        return _entry(path, shape, packed, Names._make(names), device)
    *names, sha256, origin = names
    return _entry(path, shape, packed, Names._make(names), device, (sha256, origin))


def briefs_of_rows(rows: Sequence[Sequence[Any]]) -> Iterable[Brief]:
    """Return the briefs of rows of `checked_rows`; column by column, as these are made."""
    if not rows:
        return ()
    columns = [*zip(*rows, strict=True)][: _AT_NAMES + _NAMES_OF_BRIEF]
    ids, shapes, _, *looks, kinds, projects, versions, filenames, tags, interpreters, lifetimes, urls = columns
    names = (map(_KINDS.__getitem__, kinds), projects, versions, filenames, map(unless_cut, urls), urls)
    more = (map(_split_once, tags), interpreters, *looks, lifetimes)
    return map(_new_brief, zip(ids, map(_SHAPES.__getitem__, shapes), *names, *more, strict=True))


_new_brief = partial(tuple.__new__, Brief)
"""Makes a brief of a tuple of its fields."""
_split_once = lru_cache(maxsize=256)(split_tags)


def entry_of_row(id_: bytes, shape: object, packed: object, names: Names, device: int) -> Entry:
    """Return an entry with its names.

    Raises:
        RowDamagedError: The row is not one that was written.
    """
    return _entry(as_text(id_), shape, packed, names, device)


_Details = tuple[str | None, Sequence[Any] | None]
"""SHA-256, and origin."""


def _entry(  # noqa: PLR0917 - each is a part of a row
    path: str, shape: object, packed: object, names: Names, device: int, details: _Details = (None, None)
) -> Entry:
    files, folders = files_of(path, packed, device)
    kind, project, version, filename, tags, interpreter, fresh_until, url, source, status, location = names
    sha256, origin = details
    try:
        return Entry(
            id=path,
            area=area_of(path),
            shape=_SHAPES[shape],  # type: ignore[index] # what else it may be is no key
            kind=_KINDS[kind],
            files=files,
            folders=folders,
            project=project,
            version=version,
            filename=filename,
            url=unless_cut(url),
            url_shown=url,
            url_source=_SOURCES[source] if source is not None else None,
            tags=split_tags(tags) if tags is not None else (),
            interpreter=interpreter,
            fresh_until_s=fresh_until,
            sha256=sha256,
            origin=OriginFacts(*origin) if origin is not None else None,
            status=status,
            location=location,
        )
    except (KeyError, TypeError) as error:
        raise RowDamagedError from error


def check_entry(id_: bytes, shape: object, packed: object, names: Names, device: int) -> None:
    """Return if `entry_of_row` can make an entry of these; for most this costs a fraction of making it.

    Raises:
        RowDamagedError: The row is not one that was written.
    """
    if shape not in _SHAPES or names.tags is not None or not _are_plain(packed):
        entry_of_row(id_, shape, packed, names, device)
    as_text(id_)


def _are_plain(packed: object) -> bool:
    """Return whether files, as numbers, are an entry's own and its body, without folders."""
    try:
        (files,) = unpack(packed)
        for row in files:
            if tuple(map(type, row)) != _NUMBERS or row[0] not in _OWN_NAMES:
                return False
    except (ValueError, TypeError):
        return False
    return True


def check_seal(columns: Sequence[Any]) -> None:
    """Return if the columns of `FACTS` are as they were written.

    Raises:
        RowDamagedError: They are not.
    """
    if columns[-1] != seal_of(columns[:-1]):
        raise RowDamagedError
