"""A cache of all sorts of entries, runs over it one after the other, and which files each of them opened."""

import json
import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipcacheplus.catalog.queries import Query, Run, answered
from pipcacheplus.model.values import Area, Checked, Count, Entry, Finding, Kind, NotJudged, Warned
from tests.support import artefacts
from tests.support.builders import INDEX_URL, Cache, file_headers, page_headers
from tests.support.requests import NOW, entries_of, whole
from tests.support.stores import forged

__all__ = [
    "FILES",
    "NAME",
    "Found",
    "Full",
    "Runs",
    "fill",
    "flipped",
    "names",
    "page",
    "plain",
    "rewritten",
    "rot",
]

FILES = "https://files.example/packages/"
SETTLED_NS = 1 << 62
"""A present in which no file changed just now."""
_opened: list[str] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    match event, arguments:
        # What is opened below the cache is named by its last part; directories do not count.
        case "open", (str(name), _, int(flags)) if not os.path.isabs(name) and not flags & os.O_DIRECTORY:
            _opened.append(name)


sys.addaudithook(_watch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Result of a run, and the files that it opened."""

    entries: tuple[Checked, ...]
    """All, with their names, and what every check says of each."""
    findings: tuple[Finding, ...]
    """What checks say of those that the catalog chose for them."""
    not_judged: Mapping[NotJudged, Count]
    listed: tuple[Entry, ...]
    totals: Mapping[tuple[Area, Kind], Count]
    warned: tuple[Warned, ...]
    opened: frozenset[str] = frozenset()

    @property
    def told(self) -> "Found":
        """All that reaches the caller."""
        return replace(self, opened=frozenset())

    @property
    def checks(self) -> set[str]:
        """Return the slugs of all findings."""
        return {finding.check for finding in self.findings}

    def has_read(self, path: str) -> bool:
        """Return whether a file was opened."""
        return path.rpartition("/")[2] in self.opened


class Runs:
    """Runs over one cache, one after the other, with a catalog of their own."""

    def __init__(self, cache: Cache, state: Path) -> None:
        self.cache = cache
        self.state = str(state)
        self.context = NOW
        self.indexes: tuple[str, ...] = (INDEX_URL,)

    def query(self, **more: object) -> Query:
        """Return the query of `verify`, with changes; facts are kept."""
        given = {"context": self.context, "index_urls": self.indexes, "folder": self.state, "clock_ns": SETTLED_NS}
        return whole(self.cache, **{"remembers": True, **given, **more})

    def with_catalog(self, **more: object) -> Found:
        """Make a run that knows what those before it knew."""
        return _found(self.query(**more))

    def without(self, **more: object) -> Found:
        """Make one that knows nothing."""
        return _found(self.query(remembers=False, **more))

    def entries(self) -> list[Entry]:
        """List what is in the cache."""
        return entries_of(self.cache)

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """Open the catalog to change it."""
        (path,) = Path(self.state).rglob("*.sqlite3")
        with forged(path) as connection:
            yield connection


def _found(query: Query) -> Found:
    _opened.clear()
    warnings: list[Warned] = []

    def answer(run: Run) -> Found:
        findings, not_judged = run.findings()
        return Found(
            entries=tuple(run.checked()),
            findings=tuple(findings),
            not_judged=not_judged,
            listed=tuple(run.entries()),
            totals=run.totals(),
            warned=(),
        )

    found = answered(query, answer, warnings)
    opened = frozenset(_opened) & {path.name for path in Path(query.path).rglob("*")}
    return replace(found, warned=tuple(warnings), opened=opened)


def page(cache: Cache, *published: tuple[str, bytes], **more: int) -> str:
    """Write the page of the project `demo`, with the digests of these files."""
    import hashlib  # noqa: PLC0415 - here only

    files = [
        {"filename": name, "url": FILES + name, "hashes": {"sha256": hashlib.sha256(content).hexdigest()}}
        for name, content in published
    ]
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": "demo", "files": files}).encode()
    headers = page_headers(body, content_type="application/vnd.pypi.simple.v1+json", **more)
    return cache.http_v2(INDEX_URL + "demo/", body, headers=headers)


def plain(body: bytes) -> dict[str, str]:
    """Return headers without a digest."""
    return {name: value for name, value in file_headers(body).items() if name != "ETag"} | {"ETag": 'W/"x"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """A cache of all sorts of entries."""

    runs: Runs
    page: str
    wheel: str
    other: str
    """An sdist."""
    broken: str
    built: str
    spare: Path
    """A wheel that is not in the cache, although the page links to it."""


NAME = "demo-1.0-py3-none-any.whl"


def fill(cache: Cache, scratch: Path) -> Full:
    """Fill a cache with all sorts of entries."""
    content = artefacts.wheel(scratch, "demo", "1.0").read_bytes()
    other = artefacts.sdist(scratch, "demo", "1.0").read_bytes()
    garbled = bytearray(artefacts.wheel(scratch / "b", "demo", "3.0", files={"demo.py": b"x = 1\n" * 50}).read_bytes())
    garbled[garbled.index(b"demo.py") + 9] ^= 0x55
    wheel = cache.http_v2(FILES + NAME, content)
    cache.temporary(wheel)
    extra = artefacts.wheel(scratch / "c", "demo", "2.0", files={"demo.py": b"x = 1\n" * 50}).read_bytes()
    built = cache.built_wheel("demo", "2.0", content=extra)
    spare = artefacts.wheel(scratch, "spare", "1.0")
    cache.built_wheel("demo-two", "2.0", tag="cp27-cp27m-win32")
    cache.build_directory(cache.built_wheel("demo", "2.1"), b"half")
    cache.http_v2(FILES + "half", b"x", has_body=False)
    cache.http(FILES + "old", b"x", cc=1)
    cache.directory("wheels/0a/0b/0c")
    cache.selfcheck("/nonexistent")
    cache.lock_file(cache.http(FILES + "locked", other), host="elsewhere", pid=5)
    cache.foreign()
    return Full(
        runs=Runs(cache, scratch / "state"),
        page=page(cache, (NAME, content), (spare.name, spare.read_bytes()), serial=1),
        wheel=wheel,
        other=cache.http_v2(FILES + "demo-1.0.tar.gz", other, headers=file_headers(other, project="demo")),
        broken=cache.http_v2(FILES + "demo-3.0-py3-none-any.whl", bytes(garbled), headers=plain(bytes(garbled))),
        built=built,
        spare=spare,
    )


def names(entry: Entry) -> set[str]:
    """Return the last parts of the paths of an entry."""
    return {path.rpartition("/")[2] for path in entry.paths}


def rewritten(runs: Runs, path: str, content: bytes) -> None:
    """Write a file in place, and give it the modification time that it had."""
    real = runs.cache.real(path)
    before = real.stat()
    while real.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of the file system has a grain
        with real.open("r+b") as file:
            file.truncate(len(content))
            file.write(content)
        os.utime(real, ns=(before.st_atime_ns, before.st_mtime_ns))


def flipped(content: bytes, at: int = -30, *, bits: int = 0x55) -> bytes:
    """Return a copy with bits of one byte flipped."""
    changed = bytearray(content)
    changed[at] ^= bits
    return bytes(changed)


def rot(runs: Runs, path: str) -> None:
    """Garble a byte of a file, under the modification time that it had."""
    rewritten(runs, path, flipped(runs.cache.real(path).read_bytes()))
