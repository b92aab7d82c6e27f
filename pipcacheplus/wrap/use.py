"""Tell what a pip used of its cache, and what that was worth: from its log, its report and the cache itself."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.model.use import PipUse, UsedFile
from pipcacheplus.pips.credentials import shown_url
from pipcacheplus.pips.filenames import project_and_version
from pipcacheplus.pips.layout import HTTP_AREAS, body_path, entry_path, page_key
from pipcacheplus.pips.urls import path_of_file_url
from pipcacheplus.readers.locks.report import packages_of_report
from pipcacheplus.wrap.pip_log import LogFacts

__all__ = ["pip_use_of"]

_METADATA = ".metadata"


def pip_use_of(path: str | None, seen: LogFacts, report: bytes | None) -> PipUse:
    """Return what a pip used.

    Args:
        path: Of its cache directory; `None` if it had none.
        seen: What its log tells.
        report: What it wrote for `--report`, if it did.
    """
    packages = list(_packages(report))
    digests = {_name_of(file.url): file for one in packages for file in one.files if file.url}
    urls = {_name_of(url): url for url in seen.urls}
    files = [*_built(path, seen)]
    for is_cached, transfers in ((True, seen.cached), (False, seen.downloaded)):
        for name, rounded in transfers:
            if name.endswith(_METADATA) or (named := project_and_version(name)) is None:
                continue
            known = digests.get(name, LockedFile())
            url = known.url or urls.get(name)
            size = _size(path, url)
            files.append(
                UsedFile(
                    name=name,
                    project=named[0],
                    version=named[1],
                    size=rounded if size is None else size,
                    is_cached=is_cached,
                    url=None if url is None else shown_url(url),
                    sha256=known.sha256,
                )
            )
    return PipUse(tuple({one.name: one for one in files}.values()))


def _packages(report: bytes | None) -> Iterator[LockedPackage]:
    if report is None:
        return
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        document: Any = json.loads(report)
        yield from packages_of_report(document)


def _built(path: str | None, seen: LogFacts) -> Iterator[UsedFile]:
    """Yield the wheels that were built before; they lie in the cache as they are."""
    for url in sorted(seen.built_wheels):
        local, name = path_of_file_url(url), _name_of(url)
        named = project_and_version(name)
        if local is None or named is None or path is None or not local.startswith(path):
            continue
        with suppress(OSError):
            size = os.stat(local).st_size
            yield UsedFile(name=name, project=named[0], version=named[1], size=size, is_cached=True)


def _name_of(url: str | None) -> str:
    from urllib.parse import unquote  # noqa: PLC0415 - slow to import

    return unquote((url or "").partition("#")[0].partition("?")[0].rpartition("/")[2])


def _size(path: str | None, url: str | None) -> int | None:
    """Return the bytes of a body in the cache; `None` if it is not there. Of one-file entries, with the head."""
    if path is None or url is None:
        return None
    key = page_key(url.partition("#")[0])
    for area in sorted(HTTP_AREAS, reverse=True):
        head = os.path.join(path, entry_path(area, key))
        for place in (body_path(head), head):
            with suppress(OSError):
                return os.stat(place).st_size
    return None
