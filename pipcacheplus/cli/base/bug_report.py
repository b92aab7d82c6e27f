"""Facts for the report of a bug, none of which names a project, a path, a host, a user or a URL.

What is listed here is chosen one by one: versions, counts, and words of this program. No text that comes from the
cache, from a setting or from an error is passed on.
"""

import os
import platform
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.command import CommandResult, Request
from pipcacheplus.cli.base.options import pythons_of
from pipcacheplus.errors import BadRequestError, PipCachePlusError
from pipcacheplus.model.cache_dir import NO_CACHE_DIR
from pipcacheplus.model.version import __version__
from pipcacheplus.render.view import Json, View

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.catalog.census import CacheCounts
    from pipcacheplus.model.values import Count

__all__ = ["report_result"]

_DEPENDENCIES = ("filelock", "msgpack", "msgspec", "packaging", "platformdirs", "psutil", "pyelftools")
_TEXTS = frozenset({"human", "ci"})


def report_result(request: Request) -> CommandResult:
    """Return the report as the result of `info`: its view holds nothing else, and no warning.

    Raises:
        BadRequestError: Another format than text was asked for.
    """
    if request.options.format not in _TEXTS:
        raise BadRequestError(
            what="--bug-report", problem=f"has no form for {request.options.format}", next_step="leave --format away"
        )
    report: dict[str, Json] = {
        **_versions(),
        "settings": _settings(request),
        **_of_cache(request),
    }
    view = View(request.command, __version__, NO_CACHE_DIR, "", summary={"bug_report": report})
    return CommandResult(view=view)


def _versions() -> dict[str, Json]:
    try:
        from sqlite3 import sqlite_version  # noqa: PLC0415 - missing from some builds of Python
    except ImportError:
        sqlite_version = "missing"
    return {
        "pipcacheplus": __version__,
        "Python": f"{_public(platform.python_version())} ({platform.python_implementation()})",
        "pip": _version_of("pip"),
        "platform": f"{platform.system()} {platform.machine()}",
        "C library": " ".join(platform.libc_ver(sys.executable)).strip() or None,
        "SQLite": sqlite_version,
        "dependencies": {name: _version_of(name) for name in _DEPENDENCIES},
    }


def _version_of(name: str) -> str | None:
    try:
        return _public(metadata.version(name))
    except metadata.PackageNotFoundError:
        return None


def _public(version: str) -> str:
    """Return a version without its local part, which may name whose it is.

    >>> _public("24.0+example.corp.1")
    '24.0'
    """
    return version.partition("+")[0]


def _settings(request: Request) -> Json:
    """Return which settings there are, and in what sort of place; a name that is no setting is only counted."""
    from pipcacheplus.cli.base.configuration import NAMES, configured  # noqa: PLC0415 - slow to import
    from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - as above

    try:
        found = configured(this_machine(request.environ))
    except PipCachePlusError as error:
        return type(error).__name__
    return [f"{one.name if one.name in NAMES else 'other'} ({one.place})" for one in found]


def _of_cache(request: Request) -> dict[str, Json]:
    try:
        cache = request.open_cache()
        census = cache.count(
            reads=request.options.read,
            pythons=pythons_of(request.options, request.environ),
            remembers=request.options.remembers,
        )
    except (PipCachePlusError, OSError) as error:
        return {"cache": type(error).__name__}
    return {
        "cache": f"chosen by {cache.dir.source.value}",
        "file system": _kind_of(cache),
        "last use by": cache.last_use,
        "catalog": "in use" if cache.catalog_trouble is None else "not in use",
        "interpreters": [
            f"{one.interpreter.name} with pip {_public(one.pip or 'unknown')}"
            for one in census.pythons
            if one.interpreter is not None
        ],
        "interpreters left out": sum(one.interpreter is None for one in census.pythons),
        **_counts(census),
    }


def _kind_of(cache: "PipCache") -> str | None:
    from pipcacheplus.host.filesystems import kind_of  # noqa: PLC0415 - slow to import

    return kind_of(cache.dir.path, os.stat(cache.dir.path).st_dev)


def _counts(census: "CacheCounts") -> dict[str, Json]:
    counts, survey = census.counts, census.survey
    return {
        "entries": {
            f"{kind.value} in {area.value}": _in_words(count) for (area, kind), count in sorted(counts.totals.items())
        },
        "not read yet": {kind.value: _in_words(count) for kind, count in sorted(census.unread.items())},
        "not read to their end": _in_words(census.lacking_end),
        "directories": f"{survey.directories:,} ({survey.directory_bytes:,} bytes on disk)",
        "owned by others": sum(one.files + one.directories for one in survey.others),
        "findings": dict(sorted(counts.by_check.items())),
        "entries with an error": counts.errors,
        "warnings": len(census.warnings),
    }


def _in_words(count: "Count") -> str:
    return f"{count.entries:,} ({count.files:,} files, {count.bytes:,} bytes, {count.disk_bytes:,} on disk)"
