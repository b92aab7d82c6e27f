"""What has not changed is told again without being read, and whatever could make a difference ends that."""

import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipcacheplus import ledger as ledger_module
from pipcacheplus import survey as survey_module
from pipcacheplus.facts import Depth
from pipcacheplus.judging import DAY_S, NOTHING_PASSED, Judged, Passed, checks
from pipcacheplus.ledger import Ledger
from pipcacheplus.model import Entry, Shape, Warned
from pipcacheplus.opening import OpenCache
from pipcacheplus.replay import LOOSE, Recording, Trace, as_told
from pipcacheplus.scan import scan
from pipcacheplus.survey import Survey, survey
from pipcacheplus.verified import stamp_of
from pipcacheplus.work import Task, retrace
from tests import artefacts
from tests.builders import INDEX_URL, NOW_S, Cache, file_headers, page_headers
from tests.surveys import NOW
from tests.values import an_entry

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
    """What a survey found, and which files it opened for that."""

    judged: tuple[Judged, ...]
    warned: tuple[Warned, ...]
    passed: Passed
    opened: frozenset[str]

    @property
    def told(self) -> object:
        """All that reaches the caller, in one order."""
        told = {one.entry.id: as_told(one) for one in self.judged}
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

    def what(self, **more: object) -> Survey:
        """Return the survey that `verify` makes."""
        made = Survey(
            path=str(self.cache.path),
            depth=Depth.WHOLE,
            checks=checks(),
            context=self.context,
            indexes=self.indexes,
            only_findings=True,
        )
        return replace(made, **more)  # type: ignore[arg-type] # any field

    def with_ledger(self, *, is_deep: bool = False) -> Found:
        """Make a survey that remembers."""
        with self.ledger() as ledger:
            return _found(self.what(), ledger, is_deep=is_deep)

    def without(self) -> Found:
        """Make one that does not."""
        return _found(self.what(), None)

    def entries(self) -> list[Entry]:
        """List what is in the cache."""
        with OpenCache(str(self.cache.path)) as opened:
            return [entry for entry in scan(opened) if isinstance(entry, Entry)]


def _found(what: Survey, ledger: Ledger | None, *, is_deep: bool = False) -> Found:
    _opened.clear()
    judged, warned, passed = [], [], NOTHING_PASSED
    for one in survey(what, ledger=ledger, is_deep=is_deep):
        match one:
            case Judged():
                judged.append(one)
            case Warned():
                warned.append(one)
            case Passed():
                passed = Passed(*(a + b for a, b in zip(passed, one, strict=True)))
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


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Full:
    return fill(cache, tmp_path / "scratch")


@pytest.fixture
def told(full: Full) -> Full:
    """Return a cache that was told again at least once."""
    full.runs.with_ledger()
    assert not full.runs.with_ledger().has_read(full.page)
    return full


def names(entry: Entry) -> set[str]:
    return {path.rpartition("/")[2] for path in entry.paths}


def test_the_cache_of_these_tests_has_what_could_be_told_wrong(full: Full) -> None:
    found = full.runs.without()
    assert found.checks == {
        "archive-broken",
        "build-directory-left",
        "directory-empty",
        "http-body-missing",
        "lock-left",
        "response-expired",
        "response-pickled",
        "selfcheck-orphaned",
        "temporary-left",
        "wheel-tag-incompatible",
    }
    assert found.passed.entries > 3


def test_what_has_not_changed_is_told_again_and_only_one_in_64_is_opened(full: Full) -> None:
    first, second = full.runs.with_ledger(), full.runs.with_ledger()
    assert first.told == second.told == full.runs.without().told
    assert first.has_read(full.page)
    may_be_opened = set[str]()
    for entry in full.runs.entries():
        if entry.shape in LOOSE or stamp_of(entry)[0] % 64 == 1:
            may_be_opened |= names(entry)
    assert second.opened <= may_be_opened


def test_reading_all_again_finds_the_same(told: Full) -> None:
    assert told.runs.with_ledger().told == told.runs.with_ledger(is_deep=True).told
    assert told.runs.with_ledger(is_deep=True).has_read(told.page)


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
    changed = bytearray(content)
    changed[at] ^= bits
    return bytes(changed)


def rot(runs: Runs, path: str) -> None:
    rewritten(runs, path, flipped(runs.cache.real(path).read_bytes()))


def _add(full: Full) -> None:
    full.runs.cache.http_v2(FILES + "new", b"new", has_body=False)


def _remove(full: Full) -> None:
    for path in (full.broken, full.broken + ".body"):
        full.runs.cache.real(path).unlink()


def _head(full: Full) -> None:
    full.runs.cache.http_v2(FILES + NAME, b"", headers=plain(b""), has_body=False, age_s=5)


def _origin(full: Full) -> None:
    path = full.built.rpartition("/")[0] + "/origin.json"
    rewritten(full.runs, path, b"{}" + b" " * (full.runs.cache.real(path).stat().st_size - 2))


def _page(full: Full) -> None:
    page(full.runs.cache, (NAME, b"something else"), serial=2)


def _context(**more: object) -> Callable[[Full], None]:
    def change(full: Full) -> None:
        full.runs.context = replace(full.runs.context, **more)  # type: ignore[arg-type] # any field

    return change


def _index(full: Full) -> None:
    full.runs.indexes = ()


CHANGES: dict[str, tuple[Callable[[Full], object], bool]] = {
    "an entry added": (_add, True),
    "an entry removed": (_remove, True),
    "a foreign file": (lambda full: full.runs.cache.foreign("http-v2/notes"), True),
    "a body, under its old time": (lambda full: rot(full.runs, full.wheel + ".body"), True),
    "a built wheel, under its old time": (lambda full: rot(full.runs, full.built), True),
    "a head": (_head, True),
    "an origin": (_origin, True),
    "an origin gone": (lambda full: full.runs.cache.real(full.built).parent.joinpath("origin.json").unlink(), True),
    "a page": (_page, True),
    "an empty directory": (lambda full: full.runs.cache.directory("wheels/0d"), True),
    "an empty directory gone": (lambda full: full.runs.cache.real("wheels/0a/0b/0c").rmdir(), True),
    "another index": (_index, True),
    "other pythons": (_context(tags=frozenset({"cp27-cp27m-win32"}), interpreters=("cp27",)), True),
    "other names of pythons": (_context(interpreters=("cp312",)), True),
    "other pips": (_context(pips=("22.3",)), True),
    "another grace period": (_context(min_age_s=30 * DAY_S), True),
    "a clock set back": (_context(now_s=NOW_S - 1), True),
    "a clock set back by ten days": (_context(now_s=NOW_S - 10 * DAY_S), True),
    "nothing": (lambda _full: None, False),
    "a second later": (_context(now_s=NOW_S + 1), False),
    "a year later": (_context(now_s=NOW_S + 365 * DAY_S), False),
}


@pytest.mark.parametrize(("change", "is_read"), CHANGES.values(), ids=CHANGES)
def test_a_change_ends_it_and_what_is_found_is_what_is_there(
    told: Full,
    change: Callable[[Full], object],
    is_read: bool,  # noqa: FBT001 - a row's value
) -> None:
    change(told)
    expected = told.runs.without()
    found = told.runs.with_ledger()
    assert (expected.told, is_read) == (found.told, found.has_read(told.page))
    assert expected.told == told.runs.with_ledger().told


@pytest.mark.parametrize("seconds", [0, 0.5, 1])
def test_a_page_is_told_to_be_expired_as_soon_as_it_is(full: Full, seconds: float) -> None:
    page(full.runs.cache, age_s=0)
    until_s = NOW_S + 600
    for now_s in (NOW_S, until_s, until_s + seconds):
        full.runs.context = replace(NOW, now_s=now_s)
        found = full.runs.with_ledger()
        assert found.told == full.runs.without().told
        assert (now_s > until_s) == any(
            finding.entry.id == full.page for one in found.judged for finding in one.findings
        )


def test_a_page_is_told_to_be_older_than_asked_for_as_soon_as_it_is(full: Full) -> None:
    page(full.runs.cache, age_s=0)
    for now_s in (NOW_S + 100, NOW_S + 400):
        full.runs.context = replace(NOW, now_s=now_s, stale_age_s=300)
        assert full.runs.with_ledger().told == full.runs.without().told


@pytest.mark.parametrize("age_s", [3599, 3600, 10 * 3600, DAY_S - 1])
def test_what_was_young_is_told_again_only_until_it_is_old(full: Full, age_s: int) -> None:
    full.runs.cache.http_v2(FILES + "young", b"x", has_body=False, age_s=age_s)
    full.runs.cache.build_directory(full.built, b"half", name="tmpyoung_12", age_s=age_s)
    full.runs.cache.directory("wheels/0f", age_s=age_s)
    for later_s in (0, 0, 1, 2, 3600, DAY_S):
        full.runs.context = replace(NOW, now_s=NOW_S + later_s)
        assert full.runs.with_ledger().told == full.runs.without().told


def test_another_version_of_ours_looks_for_itself(told: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "__version__", "99.0")
    assert told.runs.with_ledger().has_read(told.page)
    assert not told.runs.with_ledger().has_read(told.page)


def test_what_was_asked_for_by_name_is_neither_recorded_nor_told_again(told: Full) -> None:
    with told.runs.ledger() as ledger:
        before = ledger.recording
        found = _found(told.runs.what(only_findings=False), ledger)
        assert ledger.recording == before
    assert found.has_read(told.page)
    assert len(found.judged) > len(told.runs.without().judged)


def test_what_may_change_under_its_stamp_is_not_recorded(full: Full) -> None:
    newest_ns = max(file.ctime_ns for entry in full.runs.entries() for file in entry.files)
    for clock_ns, is_recorded in ((newest_ns + 10**9, False), (newest_ns + 3 * 10**9, True)):
        with Ledger(full.runs.state, str(full.runs.cache.path), clock_ns=clock_ns) as ledger:
            _found(full.runs.what(), ledger)
            assert bool(ledger.recording) is is_recorded


@contextmanager
def row(runs: Runs) -> Iterator[tuple[Callable[[bytes], object], bytes]]:
    """Give what stands in the ledger as the recording, and a way to put something else there."""
    import sqlite3  # noqa: PLC0415 - here only

    with closing(sqlite3.connect(runs.ledger().path, isolation_level=None)) as connection:
        ((value,),) = connection.execute("SELECT value FROM recording WHERE name = 'last'")
        yield lambda new: connection.execute("UPDATE recording SET value = ? WHERE name = 'last'", (new,)), value


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: value[:-20],
        lambda value: value[:8],
        lambda value: value[:5],
        lambda _value: b"",
        flipped,
        lambda value: flipped(value, 3),
        lambda value: value + b"x",
        lambda _value: "text",
    ],
)
def test_a_recording_that_is_not_as_it_was_written_is_not_believed(
    told: Full, damage: Callable[[bytes], bytes]
) -> None:
    with row(told.runs) as (put, value):
        put(damage(value))
    found = told.runs.with_ledger()
    assert found.has_read(told.page)
    assert found.told == told.runs.without().told
    assert not told.runs.with_ledger().has_read(told.page)


def packed(value: object) -> bytes:
    return zlib.compress(json.dumps(value).encode())


WRITTEN = ["question", 1.0, None, 5, [1, 2, 3], []]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no packed data",
        zlib.compress(b"no JSON"),
        packed(WRITTEN)[:-20],
        packed({}),
        packed(17),
        packed(WRITTEN[:-1]),
        packed([*WRITTEN, None]),
        packed([*WRITTEN[:4], [1, 2], []]),
        packed([*WRITTEN[:4], 17, []]),
        packed([*WRITTEN[:4], [1, 2, 3], None]),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b"\xff\xfe[]"),
    ],
)
def test_what_is_no_recording_of_this_form_is_none(data: bytes) -> None:
    assert Recording.from_bytes(data) is None


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(packed))
def test_reading_a_recording_never_raises(data: bytes) -> None:
    assert Recording.from_bytes(data) is None or isinstance(Recording.from_bytes(data), Recording)


@pytest.mark.parametrize(
    "made",
    [
        Recording(question="q", made_s=1.5, until_s=None, stamps=2**127, passed=Passed(1, 2, 3), told=()),
        Recording(
            question="q", made_s=0, until_s=7.25, stamps=0, passed=NOTHING_PASSED, told=(["\udcff", {}, [], True],)
        ),
    ],
)
def test_a_recording_is_read_as_it_was_written(made: Recording) -> None:
    assert Recording.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize(
    ("question", "now_s", "holds"),
    [("q", 10, True), ("q", 11, True), ("q", 9.9, False), ("q", 20, False), ("q", 19.9, True), ("r", 11, False)],
)
def test_a_recording_holds_for_one_question_and_a_span_of_time(question: str, now_s: float, holds: bool) -> None:  # noqa: FBT001 - a row's value
    made = Recording(question="q", made_s=10, until_s=20, stamps=0, passed=NOTHING_PASSED, told=())
    assert made.holds(question, now_s) is holds
    assert replace(made, until_s=None).holds(question, now_s) is (question == "q" and now_s >= 10)


def test_a_locked_ledger_is_done_without(told: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3  # noqa: PLC0415 - here only

    monkeypatch.setattr(ledger_module, "_TIMEOUT_S", 0.01)
    with closing(sqlite3.connect(told.runs.ledger().path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        found = told.runs.with_ledger()
    assert found.has_read(told.page)
    assert found.told == told.runs.without().told


def test_what_cannot_be_looked_at_is_neither_recorded_nor_hidden(told: Full) -> None:
    told.runs.cache.foreign("mine/" + "d/" * 80 + "notes.txt")
    for _ in range(3):
        found = told.runs.with_ledger()
        assert len(found.warned) == 1
        assert found.told == told.runs.without().told
        assert found.has_read(told.page)
    shutil.rmtree(told.runs.cache.real("mine"))
    assert not told.runs.with_ledger().warned


def test_what_depends_on_the_world_outside_is_judged_each_time(told: Full) -> None:
    def gone(found: Found) -> bool:
        return "selfcheck-orphaned" in found.checks

    assert gone(told.runs.with_ledger())
    told.runs.context = replace(NOW, has_path=lambda _path: True)
    found = told.runs.with_ledger()
    assert not gone(found)
    assert not found.has_read(told.page)
    assert found.told == told.runs.without().told


def test_what_was_published_broken_is_unpacked_once_no_page_says_so_any_more(full: Full) -> None:
    published = ("demo-3.0-py3-none-any.whl", _body(full, full.broken))
    for files in ([published], [], [(published[0], b"else")], [published]):
        page(full.runs.cache, *files, serial=len(files))
        found = [full.runs.with_ledger(), full.runs.with_ledger()]
        assert [one.told for one in found] == [full.runs.without().told] * 2
        assert ("archive-broken" in found[0].checks) is (files != [published])


class Rotten:
    """A way to change bytes and make the ledger take them for those that it knew: a stamp cannot be restored."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known = {}
        with runs.ledger() as ledger:
            self._known = {entry.id: ledger.known(entry) for entry in runs.entries()}
            packed_recording = ledger.recording
        assert packed_recording is not None
        recording = Recording.from_bytes(packed_recording)
        assert recording is not None
        self._recording = recording

    def deceive(self) -> None:
        """Put what was known of the old bytes under the stamps of the new ones."""
        with self._runs.ledger() as ledger:
            for entry in self._runs.entries():
                known = self._known[entry.id]
                if known is not None:
                    ledger.note(entry, known)
            tops = [top for tops in survey_module._divided(_parts(self._runs)) for top in tops]
            trace, _ = retrace(Task(self._runs.what(), tuple(tops)))
            ledger.record(replace(self._recording, stamps=trace.stamps).to_bytes())


def _parts(runs: Runs) -> list[str]:
    from pipcacheplus.scan import parts  # noqa: PLC0415 - here only

    with OpenCache(str(runs.cache.path)) as opened:
        return parts(opened)


def _behind(full: Full, path: str, mark: bytes) -> tuple[str, int]:
    return path, full.runs.cache.real(path).read_bytes().index(mark) + len(mark) + 1


ROTTEN: dict[str, Callable[[Full], tuple[str, int]]] = {
    "of published digest": lambda full: (full.wheel + ".body", -30),
    "of a digest as ETag": lambda full: (full.other + ".body", 60),
    "built wheel": lambda full: _behind(full, full.built, b"demo.py"),
    "page": lambda full: _behind(full, full.page + ".body", b'"sha256": "'),
    "head": lambda full: _behind(full, full.wheel, b"Content-Length"),
    "origin": lambda full: (full.built.rpartition("/")[0] + "/origin.json", 0),
}


@pytest.mark.parametrize("has_others", [False, True], ids=["alone", "in turn with other questions"])
@pytest.mark.parametrize("which", ROTTEN.values(), ids=ROTTEN)
def test_lost_bytes_under_an_unchanged_stamp_are_found_within_64_runs(
    told: Full,
    which: Callable[[Full], tuple[str, int]],
    has_others: bool,  # noqa: FBT001 - a row's value
) -> None:
    path, at = which(told)
    rotten = Rotten(told.runs)
    rewritten(told.runs, path, flipped(told.runs.cache.real(path).read_bytes(), at, bits=1))
    expected = told.runs.without().told
    rotten.deceive()
    runs = 0
    while told.runs.with_ledger().told != expected:
        runs += 1
        assert runs < 64
        if has_others:
            runs += 1
            with told.runs.ledger() as ledger:
                _found(told.runs.what(only_findings=False), ledger)
    assert [told.runs.with_ledger().told for _ in range(3)] == [expected] * 3


STEPS: dict[str, Callable[[Full, int], object]] = {
    "add": lambda full, n: full.runs.cache.http_v2(f"{FILES}{n}", b"new", has_body=n % 2 == 0),
    "old": lambda full, n: full.runs.cache.http(f"{FILES}old{n}", full.spare.read_bytes(), cc=1 + n % 2),
    "young": lambda full, n: full.runs.cache.http_v2(f"{FILES}y{n}", b"", has_body=False, age_s=n * 700),
    "remove": lambda full, n: _any_file(full, n).unlink(),
    "rot": lambda full, n: rot(full.runs, _relative(full, _any_file(full, n, min_size=40))),
    "cut": lambda full, n: rewritten(
        full.runs, path := _relative(full, _any_file(full, n)), full.runs.cache.real(path).read_bytes()[: n * 9]
    ),
    "published": lambda full, n: page(full.runs.cache, (NAME, _body(full, full.wheel)), serial=n, age_s=n),
    "published otherwise": lambda full, n: page(full.runs.cache, (NAME, b"else"), serial=n, age_s=n),
    "no digests": lambda full, n: page(full.runs.cache, serial=n, age_s=0),
    "of a broken one": lambda full, n: page(
        full.runs.cache, ("demo-3.0-py3-none-any.whl", _body(full, full.broken)), serial=n
    ),
    "directory": lambda full, n: full.runs.cache.directory(f"wheels/{n:02x}"),
    "origin": lambda full, n: full.runs.cache.write(
        full.built.rpartition("/")[0] + "/origin.json", b"{}" if n % 2 else b'{"url": "file:///x", "dir_info": {}}'
    ),
    "later": lambda full, n: _context(now_s=full.runs.context.now_s + 61 * n)(full),
    "earlier": lambda full, n: _context(now_s=full.runs.context.now_s - n * n)(full),
    "grace": lambda full, n: _context(min_age_s=1000.0 * n)(full),
    "tags": lambda full, n: _context(tags=frozenset({"py3-none-any"} if n % 2 else {"cp27-cp27m-win32"}))(full),
    "age": lambda full, n: _context(stale_age_s=60.0 * n if n % 2 else None)(full),
    "index": lambda full, n: setattr(full.runs, "indexes", (INDEX_URL,) if n % 2 else ()),
    "deep": lambda full, _n: full.runs.with_ledger(is_deep=True),
    "nothing": lambda _full, _n: None,
}


def _any_file(full: Full, number: int, *, min_size: int = 0) -> Path:
    root = full.runs.cache.path
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size >= min_size)
    return files[number * 7 % len(files)]


def _relative(full: Full, path: Path) -> str:
    return path.relative_to(full.runs.cache.path).as_posix()


def _body(full: Full, head: str) -> bytes:
    path = full.runs.cache.real(head + ".body")
    return path.read_bytes() if path.exists() else b""


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 15)), min_size=1, max_size=8))
def test_whatever_happens_to_a_cache_a_ledger_changes_nothing_of_what_is_found(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("one")
    full = fill(Cache(folder / "cache"), folder / "scratch")
    full.runs.with_ledger()
    for step, number in steps:
        STEPS[step](full, number)
        expected = full.runs.without().told
        assert expected == full.runs.with_ledger().told
        assert expected == full.runs.with_ledger().told


MAIN = """
import os, sys, time

later_ns, cache = 10**9 * int(sys.argv.pop(1)), sys.argv.pop(1)
time_ns = time.time_ns
time.time_ns = lambda: time_ns() + later_ns  # the change times of files cannot be set back
opened = set()


def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and not os.path.isabs(arguments[0]):
        if not arguments[2] & os.O_DIRECTORY:
            opened.add(arguments[0])


sys.addaudithook(watch)
sys.dont_write_bytecode = True
from pipcacheplus.__main__ import main
code = main(["--cache-dir", cache, *sys.argv[1:]])
sys.stderr.write("".join(f"opened {name}\\n" for name in sorted(opened)))
sys.exit(code)
"""


def verified(full: Full, *arguments: str, later_s: int = 60) -> tuple[int, str, set[str]]:
    """Run `verify` in a process of its own; return exit code, stdout, and the names of the files it opened."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"XDG_STATE_HOME": full.runs.state, "PIP_CONFIG_FILE": os.devnull}
    path = str(full.runs.cache.path)
    done = subprocess.run(
        [sys.executable, "-c", MAIN, str(later_s), path, "verify", "--index-url", INDEX_URL, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )
    lines = done.stderr.splitlines()
    assert all(line.startswith("opened ") for line in lines), done.stderr
    return done.returncode, done.stdout, {line.removeprefix("opened ") for line in lines}


@pytest.mark.parametrize("form", ["human", "json"])
def test_on_the_command_line_all_ways_tell_the_same(full: Full, form: str) -> None:
    asked = ("--format", form)
    code, said, opened = verified(full, *asked)
    again, told_again, opened_again = verified(full, *asked)
    assert (code, said) == (again, told_again)
    assert code == 3
    may_be_opened = set[str]()
    for entry in full.runs.entries():
        if entry.shape in LOOSE or stamp_of(entry)[0] % 64 == 1:
            may_be_opened |= names(entry)
    assert full.page.rpartition("/")[2] in opened
    assert opened_again <= may_be_opened
    for more in ("--no-ledger", "--deep"):
        assert verified(full, *asked, more)[:2] == (code, said)


def test_one_that_is_remembered_says_of_an_entry_what_reading_it_says(full: Full) -> None:
    verified(full)
    asked = ("--format", "json", "project-that-is-not-there", "kind:wheel")
    assert verified(full, *asked)[:2] == verified(full, *asked, "--no-ledger")[:2]


def test_stamps_of_parts_add_up_whatever_the_order(full: Full) -> None:
    traces = []
    for order in (1, -1):
        trace = Trace()
        for entry in full.runs.entries()[::order]:
            part = Trace()
            part.see(entry)
            trace.join(part)
        traces.append(trace)
    one, other = traces
    assert (one.stamps, one.newest_ns) == (other.stamps, other.newest_ns)
    assert {entry.shape for entry in one.loose} == {Shape.SELFCHECK, Shape.LOCK}


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_part_that_is_not_whole_makes_none_of_it_whole(is_whole: bool) -> None:  # noqa: FBT001 - a row's value
    trace = Trace(until_s=5)
    trace.join(Trace(until_s=7, is_whole=is_whole))
    trace.join(Trace(until_s=None, loose=[an_entry("selfcheck.json", shape=Shape.SELFCHECK)]))
    assert (trace.until_s, trace.is_whole, len(trace.loose)) == (5, is_whole, 1)
