"""A cache of all sorts of entries, surveys of it one after the other, and which files each of them opened."""

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.rows import checked_to_json
from pipcacheplus.catalog.update import ReadRequest, read_entries
from pipcacheplus.checks.base.check import checks
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import NONE_SOUND, Checked, Entry, SoundCount, Warned
from tests.support import artefacts
from tests.support.builders import INDEX_URL, Cache, file_headers, page_headers
from tests.support.requests import NOW

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
    "surveyed",
]

FILES = "https://files.example/packages/"
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

    judged: tuple[Checked, ...]
    warned: tuple[Warned, ...]
    passed: SoundCount
    opened: frozenset[str]

    @property
    def told(self) -> object:
        """All that reaches the caller, in one order."""
        told = {one.entry.id: checked_to_json(one) for one in self.judged}
        assert len(told) == len(self.judged)
        return told, self.warned, self.passed

    @property
    def checks(self) -> set[str]:
        """Return the slugs of all findings."""
        return {finding.check for one in self.judged for finding in one.findings}

    def has_read(self, path: str) -> bool:
        """Return whether a file was opened."""
        return path.rpartition("/")[2] in self.opened


class Runs:
    """Surveys of one cache, one after the other, with a ledger of their own."""

    def __init__(self, cache: Cache, state: Path) -> None:
        self.cache = cache
        self.state = str(state)
        self.context = NOW
        self.indexes: tuple[str, ...] = (INDEX_URL,)

    def ledger(self) -> Ledger:
        """Return the ledger, not yet entered."""
        return Ledger(self.state, str(self.cache.path))

    def what(self, **more: object) -> ReadRequest:
        """Return the request that `verify` makes."""
        made = ReadRequest(
            path=str(self.cache.path),
            depth=Depth.WHOLE,
            checks=checks(),
            context=self.context,
            indexes=self.indexes,
            only_findings=True,
        )
        return replace(made, **more)  # type: ignore[arg-type] # any field

    def with_ledger(self, *, is_deep: bool = False) -> Found:
        """Read the cache with a ledger."""
        with self.ledger() as ledger:
            return surveyed(self.what(), ledger, is_deep=is_deep)

    def without(self) -> Found:
        """Make one that does not."""
        return surveyed(self.what(), None)

    def entries(self) -> list[Entry]:
        """List what is in the cache."""
        with OpenCache(str(self.cache.path)) as opened:
            return [entry for entry in scan(opened) if isinstance(entry, Entry)]


def surveyed(what: ReadRequest, ledger: Ledger | None, *, is_deep: bool = False) -> Found:
    """Read the cache, and see which files are opened."""
    _opened.clear()
    judged, warned, passed = [], [], NONE_SOUND
    for one in read_entries(what, ledger=ledger, is_deep=is_deep):
        match one:
            case Checked():
                judged.append(one)
            case Warned():
                warned.append(one)
            case SoundCount():
                passed = SoundCount(*(a + b for a, b in zip(passed, one, strict=True)))
    return Found(
        judged=tuple(sorted(judged, key=lambda one: one.entry.id)),
        warned=tuple(warned),
        passed=passed,
        opened=frozenset(_opened),
    )


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
    broken: str
    built: str
    spare: Path
    """A wheel that is not in the cache."""


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
        page=page(cache, (NAME, content), serial=1),
        wheel=wheel,
        other=cache.http_v2(FILES + "demo-1.0.tar.gz", other, headers=file_headers(other, project="demo")),
        broken=cache.http_v2(FILES + "demo-3.0-py3-none-any.whl", bytes(garbled), headers=plain(bytes(garbled))),
        built=built,
        spare=artefacts.wheel(scratch, "spare", "1.0"),
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
