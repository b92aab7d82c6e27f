"""Removal of unused catalogs, at most once a day, so that the state directory stays small by itself."""

import os
import re
from contextlib import suppress

from pipcacheplus.catalog.files import DATABASE, FOLDER, CatalogFile, catalogs_in, drop_catalog
from pipcacheplus.host.filesystems import is_local
from pipcacheplus.host.state import OwnFolder, open_own_folder
from pipcacheplus.model.values import OwnFiles, OwnKind

__all__ = ["MAX_TOTAL_BYTES", "UNUSED_S", "clear_catalog", "keep_house", "kept_catalogs"]

UNUSED_S = 90 * 86_400
"""Seconds that a catalog stays without being used."""
MAX_TOTAL_BYTES = 1 << 30
"""Most bytes of all catalogs on the disk; the least recently used are removed first."""

_STAMP = "kept-house"
"""An empty file whose time is that of the last removal."""
_EVERY_NS = 86_400 * 10**9
_FORMER = "ledgers"
"""Directory in which earlier versions stored the contents of catalogs."""
_FORMER_FILE = re.compile(r"[0-9a-f]{64}\.sqlite3(-journal)?")


def keep_house(folder: str, own: OwnFolder, *, mine: str, now_ns: int) -> None:
    """Remove catalogs of caches that are gone, those that were not used for 90 days, and the oldest beyond 1 GiB.

    Catalogs that another run holds stay, and so does a catalog that is in use whose cache lies on a network: to find
    out whether that cache is gone can block without end.

    Args:
        folder: The state directory.
        own: The directory in it with the catalogs.
        mine: The name of the catalog that this run holds.
        now_ns: The time that files get here, in nanoseconds since 1970.

    Raises:
        OSError: A file could not be examined or removed; it can wait for the next day.
    """
    last = own.check(_STAMP)
    if last is not None and 0 <= now_ns - last.st_mtime_ns < _EVERY_NS:
        return
    own.touch(_STAMP)
    _remove_former(folder)
    found = catalogs_in(own)
    total = sum(one.disk_size for one in found)
    for one in found:
        is_old = now_ns - one.used_ns > UNUSED_S * 10**9
        if one.name != mine and (is_old or total > MAX_TOTAL_BYTES or _is_left_over(one)):
            with suppress(OSError):
                total -= one.disk_size if drop_catalog(own, one.name) else 0


def _is_left_over(one: CatalogFile) -> bool:
    """Return whether this is the catalog of a cache that is gone."""
    path = one.cache_path
    if path is None or not one.is_of_this_machine or not is_local(path, is_real=True):
        return False
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _remove_former(folder: str) -> None:
    """Remove the files of earlier versions, and no others that may lie there."""
    with suppress(OSError), open_own_folder(folder) as state:
        with open_own_folder(folder, _FORMER) as former:
            for name in former.names():
                if _FORMER_FILE.fullmatch(name):
                    former.unlink(name)
        state.rmdir(_FORMER)


def kept_catalogs(folder: str) -> tuple[OwnFiles, ...]:
    """Return the catalogs in the state directory, the least recently used first.

    Raises:
        OSError: It is not only this user's, or cannot be read.
    """
    try:
        with open_own_folder(folder, FOLDER) as own:
            return tuple(_files(own, one) for one in catalogs_in(own) if one.size)
    except FileNotFoundError:
        return ()


def clear_catalog(path: str) -> bool:
    """Remove a catalog that `kept_catalogs` returned, unless another run uses it; return whether it is gone.

    Raises:
        OSError: It is not only this user's, or cannot be removed.
    """
    folder, name = os.path.split(path)
    with open_own_folder(*os.path.split(folder)) as own:
        return drop_catalog(own, name.removesuffix(DATABASE))


def _files(own: OwnFolder, one: CatalogFile) -> OwnFiles:
    return OwnFiles(
        kind=OwnKind.CATALOGS,
        path=os.path.join(own.path, one.name + DATABASE),
        cache=one.cache_path,
        files=one.files,
        size=one.size,
        disk_size=one.disk_size,
        used_s=one.used_ns // 10**9,
    )
