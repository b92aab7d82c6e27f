"""A walk over a cache directory that groups the files of each entry; no file is opened, no link followed.

The shape of an entry follows from names alone (`layout`); reading is not decided here. A cache
has more directories than entries and more files than both: objects are made only on access.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pipcacheplus.disk.open_cache import DEVICE, INODE, PATH, FileStamp, OpenCache, file_from, file_stamp
from pipcacheplus.disk.survey import Surveyor
from pipcacheplus.model.values import Area, Entry, Folder, Kind, NotJudged, Shape, Warned
from pipcacheplus.pips.layout import Place, Role, area_of, body_path, is_head, is_part, place_of, roles_in

__all__ = ["FolderStamp", "Seen", "entry_of", "parts", "scan", "unread_kind", "walk"]

FolderStamp = tuple[str, int, int, int]
"""The fields of a `Folder`, in their order."""

# In Python 3.11, a member of an enumeration takes longer to look up than a place takes to compare.
_BUILD, _LOCK, _PAIR = Place.BUILD, Place.LOCK, Shape.PAIR
_HEAD_AND_BODY = 2

_NOT_READ_YET = {
    Shape.PAIR: Kind.RESPONSE,
    Shape.SINGLE: Kind.RESPONSE,
    Shape.BUILT_WHEEL: Kind.BUILT_WHEEL,
    Shape.SELFCHECK: Kind.SELFCHECK,
    Shape.FOREIGN: Kind.FOREIGN,
}


class Seen(NamedTuple):
    """An entry by its names and stamps."""

    id: str
    """As `Entry.id`."""
    shape: Shape
    files: tuple[FileStamp, ...]
    """As `Entry.files`: the main one first."""
    folders: tuple[FolderStamp, ...]
    """As `Entry.folders`: deepest first."""


class _Listing(NamedTuple):
    """The contents of one directory."""

    path: str
    place: Place
    files: list[tuple[Role, FileStamp]]
    folders: list[str]
    """Names of the directories in it."""


def scan(cache: OpenCache, top: str = "", *, is_split: bool = False) -> Iterator[Entry | Warned]:
    """Yield the results of `walk` as entries."""
    for seen in walk(cache, top, is_split=is_split):
        yield seen if isinstance(seen, Warned) else entry_of(seen)


def entry_of(seen: Seen) -> Entry:
    """Return an entry with its files and a first kind (responses: `response`); `identify` refines it."""
    return Entry(
        id=seen.id,
        area=area_of(seen.id),
        shape=seen.shape,
        kind=unread_kind(seen.shape),
        files=tuple(map(file_from, seen.files)),
        folders=tuple(
            Folder(path=path, mtime_ns=mtime_ns, inode=inode, device=device)
            for path, mtime_ns, inode, device in seen.folders
        ),
    )


def unread_kind(shape: Shape) -> Kind:
    """Return the kind of an entry of this shape before it is read."""
    return _NOT_READ_YET.get(shape, Kind.LEFTOVER)


def walk(
    cache: OpenCache, top: str = "", *, is_split: bool = False, surveyor: Surveyor | None = None
) -> Iterator[Seen | Warned]:
    """Yield every entry of the cache, in order of directories, and warnings for objects that could not be examined.

    Empty directories of pip's own come as entries of the shape `EMPTY_DIRECTORY`, without files. Directories on other
    devices are not entered. Files that vanish meanwhile are left out. The directory of an entry is still open when the
    entry is yielded: to open a file in it then costs no other directory.

    Args:
        cache: The cache.
        top: The directory to begin with; one of `parts`, or all.
        is_split: Whether the `parts` are left to others.
        surveyor: Counts everything else.

    Raises:
        OSError: The cache directory itself cannot be listed.
    """
    prefix, slash, name = top.rpartition("/")
    waiting: list[tuple[str, Iterator[str]]] = [(prefix + slash, iter([name]))]
    if surveyor is None:
        surveyor = Surveyor(cache.owner)
    while waiting:
        prefix, names = waiting[-1]
        for name in names:
            entries, below = _look(cache, prefix, name, surveyor)
            yield from entries
            if below:
                inner = f"{prefix}{name}/" if name else ""
                waiting.append((inner, _outside_parts(inner, below) if is_split else iter(below)))
                break
        else:
            waiting.pop()


def _outside_parts(prefix: str, names: list[str]) -> Iterator[str]:
    return (name for name in names if not is_part(prefix + name))


def parts(cache: OpenCache) -> list[str]:
    """Return the parts into which the cache is divided, in order; those that cannot be listed are left out."""
    found: list[str] = []
    waiting = [""]
    while waiting:
        path = waiting.pop()
        try:
            folders, _ = cache.names(path)
        except OSError:
            continue  # the scan reports it
        below = sorted(path + "/" + name if path else name for name in folders)
        found.extend(filter(is_part, below))
        waiting.extend(folder for folder in below if place_of(folder) is Place.FAN_OUT and not is_part(folder))
    return sorted(found)


def _look(cache: OpenCache, prefix: str, name: str, surveyor: Surveyor) -> tuple[Iterable[Seen | Warned], list[str]]:
    """Return the entries of a directory, and the names of the directories in it that are still to be walked.

    Raises:
        OSError: It is the cache directory itself, and cannot be listed.
    """
    path = prefix + name
    try:
        found = cache.found_in(prefix, name)
        surveyor.see_directory(cache.entered if name else cache.status(""))
        if len(found) == _HEAD_AND_BODY and (pair := _pair(cache, path, found, surveyor)):
            return (pair,), []
        place = place_of(path)
        files, folders = _contents(cache, path, place, found, surveyor)
    except OSError as error:
        warned = _warned(path, error)
        return () if warned is None else (warned,), []
    if place is _BUILD or place is _LOCK:
        return _whole_tree(cache, _Listing(path, place, files, folders), surveyor), []
    if files:
        return _entries(files), folders
    return () if folders else _empty(cache, path, place), folders


def _pair(cache: OpenCache, path: str, found: list["os.DirEntry[str]"], surveyor: Surveyor) -> Seen | None:
    """Return the entry of a directory with only a head and its body, as nearly all of `http-v2` are."""
    first, second = found
    if len(first.name) > len(second.name):
        first, second = second, first
    head = f"{path}/{first.name}"
    body = f"{path}/{second.name}"
    if body != body_path(head) or not is_head(head):
        return None
    try:
        one, other = cache.status_of(first), cache.status_of(second)
    except FileNotFoundError:
        return None
    if not (stat.S_ISREG(one.st_mode) and stat.S_ISREG(other.st_mode)):
        return None
    surveyor.see_file(one)
    surveyor.see_file(other)
    return Seen(head, _PAIR, (file_stamp(head, one), file_stamp(body, other)), ())


def _warned(path: str, error: OSError) -> Warned | None:
    """Return the warning of a directory that cannot be listed; `None` if it is gone.

    Raises:
        OSError: It is the cache directory itself.
    """
    if not path:
        raise error
    if isinstance(error, FileNotFoundError):
        return None
    if error.errno == errno.EXDEV:
        return Warned(path=path, message=f"{error.strerror}: not entered", not_entered=NotJudged.OTHER_DEVICE)
    if error.errno == errno.EFBIG:
        return Warned(path=path, message=f"{error.strerror}: not entered", not_entered=NotJudged.LIMIT)
    return Warned(path=path, message=f"cannot be listed: {error.strerror}", not_entered=NotJudged.UNREADABLE)


def _contents(
    cache: OpenCache, path: str, place: Place, found: list["os.DirEntry[str]"], surveyor: Surveyor
) -> tuple[list[tuple[Role, FileStamp]], list[str]]:
    """Return the files in a directory, those that are gone left out, and the names of the directories; both in order.

    The list of what was found is empty afterwards, if there are files.

    Raises:
        OSError: A file cannot be examined.
    """
    folders = [one.name for one in found if one.is_dir(follow_symlinks=False)]
    folders.sort()
    if len(folders) == len(found):
        return [], folders
    return _files(cache, path, found, roles_in(path, place), surveyor), folders


def _files(
    cache: OpenCache,
    path: str,
    found: list["os.DirEntry[str]"],
    role_of: Callable[[str], Role],
    surveyor: Surveyor,
) -> list[tuple[Role, FileStamp]]:
    prefix = path + "/" if path else ""
    files: list[tuple[Role, FileStamp]] = []
    # Each is released once it was examined: a directory may hold a million.
    found.sort(key=_name, reverse=True)
    while found:
        one = found.pop()
        if one.is_dir(follow_symlinks=False):
            continue
        try:
            status = cache.status_of(one)
        except FileNotFoundError:
            continue
        surveyor.see_file(status)
        role = role_of(one.name) if stat.S_ISREG(status.st_mode) else Role.FOREIGN
        if (role is Role.LOCK or role is Role.LOCK_LINK) and status.st_size:
            role = Role.FOREIGN  # pip's locks are names, without content
        files.append((role, file_stamp(prefix + one.name, status)))
    return files


def _name(found: "os.DirEntry[str]") -> str:
    return found.name


def _folder_of(cache: OpenCache, path: str) -> FolderStamp | None:
    """Return the stamp of a directory; `None` if it is gone."""
    try:
        status = cache.status(path)
    except OSError:
        return None
    return path, status.st_mtime_ns, status.st_ino, status.st_dev


def _seen(shape: Shape, *files: FileStamp, folders: tuple[FolderStamp, ...] = ()) -> Seen:
    return Seen((files or folders)[0][0], shape, files, folders)


def _empty(cache: OpenCache, path: str, place: Place) -> Iterator[Seen]:
    is_top = "/" not in path and area_of(path) is not Area.OTHER and place is not Place.LOCK
    if place is not Place.FOREIGN and place is not Place.ROOT and not is_top and (folder := _folder_of(cache, path)):
        yield _seen(Shape.EMPTY_DIRECTORY, folders=(folder,))


def _entries(files: list[tuple[Role, FileStamp]]) -> Iterator[Seen]:
    match files:  # the contents of most directories without a pair
        case [(Role.WHEEL, wheel), (Role.ORIGIN, origin)] | [(Role.ORIGIN, origin), (Role.WHEEL, wheel)]:
            yield _seen(Shape.BUILT_WHEEL, wheel, origin)
            return
        case [(Role.SINGLE, single)]:
            yield _seen(Shape.SINGLE, single)
            return
    by_role: dict[Role, list[FileStamp]] = {}
    for role, file in files:
        by_role.setdefault(role, []).append(file)
    yield from _responses(by_role)
    yield from _wheels(by_role)
    yield from _locks(by_role)
    for role, shape in _ALONE.items():
        for file in by_role.get(role, ()):
            yield _seen(shape, file)


_ALONE = {
    Role.SINGLE: Shape.SINGLE,
    Role.TEMPORARY: Shape.TEMPORARY,
    Role.SELFCHECK: Shape.SELFCHECK,
    Role.LOG: Shape.LOG,
    Role.FOREIGN: Shape.FOREIGN,
}


def _responses(by_role: dict[Role, list[FileStamp]]) -> Iterator[Seen]:
    bodies = {file[PATH]: file for file in by_role.get(Role.BODY, ())}
    for head in by_role.get(Role.HEAD, ()):
        body = bodies.pop(body_path(head[PATH]), None)
        yield _seen(Shape.HEAD, head) if body is None else _seen(Shape.PAIR, head, body)
    for body in bodies.values():
        yield _seen(Shape.BODY, body)


def _wheels(by_role: dict[Role, list[FileStamp]]) -> Iterator[Seen]:
    origin = by_role.get(Role.ORIGIN, [])
    wheels = by_role.get(Role.WHEEL, [])
    for wheel in wheels:
        yield _seen(Shape.BUILT_WHEEL, wheel, *origin)
    if origin and not wheels:
        yield _seen(Shape.ORIGIN, *origin)


def _locks(by_role: dict[Role, list[FileStamp]]) -> Iterator[Seen]:
    """Combine the two names of a lock of pip 6: they are one file."""
    links = by_role.get(Role.LOCK_LINK, [])
    for lock in by_role.get(Role.LOCK, ()):
        same = [link for link in links if (link[INODE], link[DEVICE]) == (lock[INODE], lock[DEVICE])]
        links = [link for link in links if link not in same]
        yield _seen(Shape.LOCK, lock, *same)
    for link in links:
        yield _seen(Shape.LOCK, link)


def _list(cache: OpenCache, path: str, surveyor: Surveyor) -> _Listing | Warned | None:
    """List a directory; `None` if it is gone."""
    try:
        found, place = cache.found(path), place_of(path)
        surveyor.see_directory(cache.entered)
        return _Listing(path, place, *_contents(cache, path, place, found, surveyor))
    except OSError as error:
        return _warned(path, error)


def _whole_tree(cache: OpenCache, top: _Listing, surveyor: Surveyor) -> Iterator[Seen | Warned]:
    """Yield a build directory, or the directory of a lock, with all that lies below as one entry."""
    files: list[FileStamp] = []
    folders: list[FolderStamp] = []
    waiting = [top]
    is_whole = True
    while waiting:
        listing = waiting.pop()
        if folder := _folder_of(cache, listing.path):
            folders.append(folder)
        foreign = [file for role, file in listing.files if role is Role.FOREIGN]
        files.extend(file for role, file in listing.files if role is not Role.FOREIGN)
        below = [found for name in listing.folders if (found := _list(cache, f"{listing.path}/{name}", surveyor))]
        closed = [found for found in below if isinstance(found, Warned)]
        waiting.extend(found for found in below if isinstance(found, _Listing))
        yield from (_seen(Shape.FOREIGN, file) for file in foreign)
        yield from closed
        is_whole &= not foreign and not closed
    folders.sort(key=lambda folder: folder[PATH].count("/"), reverse=True)
    if files:
        shape = Shape.BUILD if top.place is Place.BUILD else Shape.LOCK
        yield _seen(shape, *sorted(files), folders=tuple(folders))
    elif is_whole and folders:
        yield _seen(Shape.EMPTY_DIRECTORY, folders=tuple(folders))
