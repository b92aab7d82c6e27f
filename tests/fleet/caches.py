"""Caches for the tests of many caches, and runs on them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from pipcacheplus.fleet.unit import UnitResult
from tests.support import artefacts
from tests.support.builders import Cache, file_headers, file_url

__all__ = ["Ran", "comparable", "demo_wheel", "digest", "fill", "living_children", "options_for", "rows_of"]

_OF_THE_RUN = frozenset({"free_bytes", "seconds", "used"})
"""Keys whose values another run changes."""


class Ran(NamedTuple):
    """The exit code of a run, and the text that it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Return the documents that stdout has, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def demo_wheel(folder: Path) -> Path:
    """Make the wheel that lies in several caches."""
    return artefacts.wheel(folder, "demo-app", "1.0")


def digest(wheel: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def fill(cache: Cache, wheel: Path, *, own: str) -> str:
    """Put a downloaded wheel, a built one and an incomplete download there, and return the path of the last one."""
    content = wheel.read_bytes()
    project, version, *_ = wheel.name.split("-")
    headers = file_headers(content, project=project.replace("_", "-"), version=version)
    cache.http_v2(file_url(content, wheel.name), content, headers=headers)
    cache.built_wheel(own.replace("-", "_"))
    return cache.temporary(cache.http_v2(f"https://files.example/{own}", b"page", headers={"etag": "1"}))


def options_for(caches: Sequence[Cache]) -> list[str]:
    """Return the options that name caches."""
    return [word for cache in caches for word in ("--cache-dir", str(cache.path))]


def comparable(document: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - any JSON
    """Return a document without what another run changes."""
    return _without(document)


def _without(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        return {key: _without(inner) for key, inner in value.items() if key not in _OF_THE_RUN}
    return [*map(_without, value)] if isinstance(value, list | tuple) else value


def rows_of(results: Sequence[UnitResult]) -> list[Any]:
    """Return what does not depend on the executor, in the order of the caches."""
    return sorted(
        ((one.path, one.code, one.error, comparable(one.document), one.entries, one.findings) for one in results),
        key=lambda row: str(row[0]),
    )


def living_children() -> list[psutil.Process]:
    """Return the processes that this one started and that run; those that ended, but were not waited for, do not."""
    return [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
