"""The use of the cache by a pip, with the sizes: from the files that it read, its report and the cache itself."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from pipcacheplus.model.locks import LockedPackage
from pipcacheplus.model.use import PipUse, UsedFile
from pipcacheplus.model.values import Entry, Kind, Shape
from pipcacheplus.pips.credentials import shown_url
from pipcacheplus.pips.filenames import project_and_version
from pipcacheplus.pips.layout import HTTP_AREAS, body_path, entry_path, is_built_wheel, page_key
from pipcacheplus.pips.urls import without_user
from pipcacheplus.readers.locks.report import packages_of_report

__all__ = ["pip_use_of"]

_FILES = (Kind.WHEEL, Kind.SDIST)
_NS = 10**9


def pip_use_of(
    path: str | None,
    ids: Sequence[str],
    report: bytes | None,
    started_s: float,
    name_entries: Callable[[Sequence[str]], Iterable[Entry]],
) -> PipUse:
    """Return the use of a pip.

    Args:
        path: Path of its cache directory; `None` if it had none.
        ids: Ids of the entries that it opened.
        report: Its `--report`, if there is one.
        started_s: When it began, in seconds since 1970: entries that were written since were downloaded.
        name_entries: Returns entries by their ids, with their names; called where no report has the names.
    """
    if path is None:
        return PipUse()
    read = frozenset(ids)
    since_ns = int(started_s * _NS)
    files = [*_built(path, ids, since_ns)]
    if report is not None:
        files += _reported(path, read, report, since_ns)
    else:
        responses = [id_ for id_ in ids if not is_built_wheel(id_) and os.path.lexists(os.path.join(path, id_))]
        files += _named(name_entries(responses) if responses else (), since_ns)
    return PipUse(tuple({one.name: one for one in files}.values()))


def _built(path: str, ids: Iterable[str], since_ns: int) -> Iterator[UsedFile]:
    """Yield the wheels that were built before; they are in the cache unchanged."""
    for id_ in filter(is_built_wheel, ids):
        name = id_.rpartition("/")[2]
        named = project_and_version(name)
        with suppress(OSError):
            status = os.stat(os.path.join(path, id_))
            if named is not None and status.st_mtime_ns < since_ns:
                yield UsedFile(name, *named, size=status.st_size, is_cached=True)


def _reported(path: str, read: frozenset[str], report: bytes, since_ns: int) -> Iterator[UsedFile]:
    """Yield the files that a report names and the cache has: wheels that were built were not downloaded."""
    for package in _packages(report):
        for file in package.files:
            url = without_user(file.url or "").partition("#")[0]
            name = unquote(url.partition("?")[0].rpartition("/")[2])
            named = project_and_version(name)
            found = _payload(path, url)
            if named is None or found is None or not (found[0] in read or found[2] >= since_ns):
                continue
            yield UsedFile(
                name,
                *named,
                size=found[1],
                is_cached=found[2] < since_ns,
                url=shown_url(url),
                sha256=file.sha256,
            )


def _packages(report: bytes) -> Iterator[LockedPackage]:
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        document: Any = json.loads(report)
        yield from packages_of_report(document)


def _payload(path: str, url: str) -> tuple[str, int, int] | None:
    """Return id, bytes and time of writing of the response for a URL; for one-file entries, including the head."""
    key = page_key(url)
    for area in sorted(HTTP_AREAS, reverse=True):
        id_ = entry_path(area, key)
        for place in (body_path(id_), id_):
            with suppress(OSError):
                status = os.stat(os.path.join(path, place))
                return id_, status.st_size, status.st_mtime_ns
    return None


def _named(entries: Iterable[Entry], since_ns: int) -> Iterator[UsedFile]:
    for one in entries:
        if one.kind not in _FILES or one.filename is None or one.project is None or one.version is None:
            continue
        payload = one.files[one.shape is Shape.PAIR]
        yield UsedFile(
            one.filename,
            one.project,
            one.version,
            size=payload.size,
            is_cached=payload.mtime_ns < since_ns,
            url=one.url_shown,
        )
