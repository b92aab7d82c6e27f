"""Walk a cache directory and put the files of each entry together; no file is opened, no link followed.

What an entry is follows from names alone (`layout`); which of its files are read, and how, is not decided here.
"""

import errno
import stat
from collections.abc import Iterator
from itertools import filterfalse
from typing import NamedTuple

from pipcacheplus.disk.open_cache import OpenCache, file_of
from pipcacheplus.model.values import Area, Entry, File, Folder, Kind, Shape, Warned
from pipcacheplus.pips.layout import Place, Role, area_of, body_path, is_part, place_of, roles_in

__all__ = ["file_paths", "parts", "scan"]

_NOT_READ_YET = {
    Shape.PAIR: Kind.RESPONSE,
    Shape.SINGLE: Kind.RESPONSE,
    Shape.BUILT_WHEEL: Kind.BUILT_WHEEL,
    Shape.SELFCHECK: Kind.SELFCHECK,
    Shape.FOREIGN: Kind.FOREIGN,
}


class _Listing(NamedTuple):
    """What lies in one directory. A tuple, because there are more directories than entries."""

    path: str
    place: Place
    files: list[tuple[Role, File]]
    folders: list[str]
    """Paths of the directories in it."""


def scan(cache: OpenCache, top: str = "", *, is_split: bool = False) -> Iterator[Entry | Warned]:
    """Yield every entry of the cache, in order of directories, and a warning for what could not be looked at.

    Entries have their files and a first kind (responses: `response`); `identify` tells more. Empty directories of
    pip's own come as entries of the shape `EMPTY_DIRECTORY`, without files. Directories on other devices are not
    entered. What vanishes meanwhile is left out.

    Args:
        cache: The cache.
        top: The directory to begin with; one of `parts`, or all.
        is_split: Whether the `parts` are left to others.

    Raises:
        OSError: The cache directory itself cannot be listed.
    """
    waiting = [top]
    while waiting:
        listing = _list(cache, waiting.pop())
        if listing is None:
            continue
        if isinstance(listing, Warned):
            yield listing
        elif listing.place is Place.BUILD or listing.place is Place.LOCK:
            yield from _whole_tree(cache, listing)
        elif listing.files or listing.folders:
            if listing.files:
                yield from _entries(listing)
            below = listing.folders[::-1]
            waiting.extend(filterfalse(is_part, below) if is_split else below)
        else:
            yield from _empty(cache, listing)


def parts(cache: OpenCache) -> list[str]:
    """Return the directories that the cache falls into evenly, in order; what cannot be listed is left out."""
    found: list[str] = []
    waiting = [""]
    while waiting:
        path = waiting.pop()
        try:
            folders, _ = cache.names(path)
        except OSError:
            continue  # whoever scans tells of it
        below = sorted(path + "/" + name if path else name for name in folders)
        found.extend(filter(is_part, below))
        waiting.extend(folder for folder in below if place_of(folder) is Place.FAN_OUT and not is_part(folder))
    return sorted(found)


def file_paths(cache: OpenCache, top: str) -> Iterator[str]:
    """Yield the paths of all files below a directory, without looking at any; what cannot be listed is left out."""
    waiting = [top]
    while waiting:
        path = waiting.pop()
        try:
            folders, others = cache.names(path)
        except OSError:
            continue
        waiting.extend([f"{path}/{name}" for name in folders])
        yield from [f"{path}/{name}" for name in others]


def _list(cache: OpenCache, path: str) -> _Listing | Warned | None:
    """List a directory of the cache's own file system; `None` if it is gone.

    Raises:
        OSError: It is the cache directory itself, and cannot be listed.
    """
    try:
        folders, others = cache.listing(path)
    except FileNotFoundError:
        if not path:
            raise
        return None
    except OSError as error:
        if not path:
            raise
        is_elsewhere = error.errno == errno.EXDEV
        return Warned(
            path=path,
            message=f"{error.strerror}: not entered" if is_elsewhere else f"cannot be listed: {error.strerror}",
        )
    place = place_of(path)
    prefix = path + "/" if path else ""
    files: list[tuple[Role, File]] = []
    if others:
        role_of = roles_in(path, place)
        for name, status in others:
            role = role_of(name) if stat.S_ISREG(status.st_mode) else Role.FOREIGN
            if (role is Role.LOCK or role is Role.LOCK_LINK) and status.st_size:
                role = Role.FOREIGN  # pip's locks are names, without content
            files.append((role, file_of(prefix + name, status)))
    return _Listing(path, place, files, [prefix + name for name in folders])


def _folder_of(cache: OpenCache, path: str) -> Folder | None:
    """Return the stamp of a directory; `None` if it is gone."""
    try:
        status = cache.status(path)
    except OSError:
        return None
    return Folder(path=path, mtime_ns=status.st_mtime_ns, inode=status.st_ino, device=status.st_dev)


def _entry(shape: Shape, *files: File, folders: tuple[Folder, ...] = ()) -> Entry:
    path = files[0].path if files else folders[0].path
    kind = _NOT_READ_YET.get(shape, Kind.LEFTOVER)
    return Entry(id=path, area=area_of(path), shape=shape, kind=kind, files=files, folders=folders)


def _empty(cache: OpenCache, listing: _Listing) -> Iterator[Entry]:
    path, place = listing.path, listing.place
    is_top = "/" not in path and area_of(path) is not Area.OTHER and place is not Place.LOCK
    if place is not Place.FOREIGN and place is not Place.ROOT and not is_top and (folder := _folder_of(cache, path)):
        yield _entry(Shape.EMPTY_DIRECTORY, folders=(folder,))


def _entries(listing: _Listing) -> Iterator[Entry]:
    match listing.files:
        case [(Role.HEAD, head), (Role.BODY, body)] if body.path == body_path(head.path):
            yield _entry(Shape.PAIR, head, body)  # what nearly every directory of http-v2 holds
            return
    by_role: dict[Role, list[File]] = {}
    for role, file in listing.files:
        by_role.setdefault(role, []).append(file)
    yield from _responses(by_role)
    yield from _wheels(by_role)
    yield from _locks(by_role)
    for role, shape in _ALONE.items():
        for file in by_role.get(role, ()):
            yield _entry(shape, file)


_ALONE = {
    Role.SINGLE: Shape.SINGLE,
    Role.TEMPORARY: Shape.TEMPORARY,
    Role.SELFCHECK: Shape.SELFCHECK,
    Role.LOG: Shape.LOG,
    Role.FOREIGN: Shape.FOREIGN,
}


def _responses(by_role: dict[Role, list[File]]) -> Iterator[Entry]:
    bodies = {file.path: file for file in by_role.get(Role.BODY, ())}
    for head in by_role.get(Role.HEAD, ()):
        body = bodies.pop(body_path(head.path), None)
        yield _entry(Shape.HEAD, head) if body is None else _entry(Shape.PAIR, head, body)
    for body in bodies.values():
        yield _entry(Shape.BODY, body)


def _wheels(by_role: dict[Role, list[File]]) -> Iterator[Entry]:
    origin = by_role.get(Role.ORIGIN, [])
    wheels = by_role.get(Role.WHEEL, [])
    for wheel in wheels:
        yield _entry(Shape.BUILT_WHEEL, wheel, *origin)
    if origin and not wheels:
        yield _entry(Shape.ORIGIN, *origin)


def _locks(by_role: dict[Role, list[File]]) -> Iterator[Entry]:
    """Put the two names of a lock of pip 6 together: they are one file."""
    links = by_role.get(Role.LOCK_LINK, [])
    for lock in by_role.get(Role.LOCK, ()):
        same = [link for link in links if (link.inode, link.device) == (lock.inode, lock.device)]
        links = [link for link in links if link not in same]
        yield _entry(Shape.LOCK, lock, *same)
    for link in links:
        yield _entry(Shape.LOCK, link)


def _whole_tree(cache: OpenCache, top: _Listing) -> Iterator[Entry | Warned]:
    """Yield a build directory, or the directory of a lock, with all that lies below as one entry."""
    files: list[File] = []
    folders: list[Folder] = []
    waiting = [top]
    is_whole = True
    while waiting:
        listing = waiting.pop()
        if folder := _folder_of(cache, listing.path):
            folders.append(folder)
        foreign = [file for role, file in listing.files if role is Role.FOREIGN]
        files.extend(file for role, file in listing.files if role is not Role.FOREIGN)
        below = [found for path in listing.folders if (found := _list(cache, path)) is not None]
        closed = [found for found in below if isinstance(found, Warned)]
        waiting.extend(found for found in below if isinstance(found, _Listing))
        yield from (_entry(Shape.FOREIGN, file) for file in foreign)
        yield from closed
        is_whole &= not foreign and not closed
    folders.sort(key=lambda folder: folder.path.count("/"), reverse=True)
    if files:
        shape = Shape.BUILD if top.place is Place.BUILD else Shape.LOCK
        yield _entry(shape, *sorted(files, key=lambda file: file.path), folders=tuple(folders))
    elif is_whole and folders:
        yield _entry(Shape.EMPTY_DIRECTORY, folders=tuple(folders))
