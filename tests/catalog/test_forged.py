"""Whatever is written into what is remembered: nothing sound goes, nothing hangs, and `--deep` finds what is there.

The forger knows no table and no column by name: he takes what SQLite lists. He makes good the checksums of the rows, as
far as they are CRC-32 of packed columns, so that what he writes is believed.
"""

import random
import shutil
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgpack
import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.errors import PipCachePlusError
from pipcacheplus.model.values import Finding
from tests.catalog.forged_values import VALUES
from tests.catalog.mixtures import mixed
from tests.support.asking import KEPT, Asker, at, question, with_state
from tests.support.builders import INDEX_URL
from tests.support.drill import IS_DRILL, part_of
from tests.support.stores import forged

BUILDS = (
    "wheel, published",
    "wheel, relative link",
    "wheel at the file host",
    "wheel and metadata",
    "wheel in one file",
    "sdist",
    "built wheel of a link",
    "self-check",
    "response",
    "built wheel beside a broken one",
    "built wheel, incompatible",
    "built wheel and its source",
    "built wheel and its source, published",
    "wheels, source replaced",
    "wheels, source published anew",
    "wheels, of another interpreter",
    "wheels, of another interpreter, by a relative link",
    "wheel, published otherwise",
    "wheel and other metadata",
    "http-v2, byte flipped",
    "http, cc=4, garbage",
    "http-v2, temporary",
    "http-v2, page cut in half",
    "wheels, outdated",
    "wheels, of too old a C library",
    "pages that disagree",
    "pages that disagree, the newer one is wrong",
    "redirects that lead to a circle",
    "wheel, behind redirects of files, published",
    "wheel, behind redirects of files, published otherwise",
)
PRUNES: dict[str, dict[str, object]] = {
    "corrupt": {"corrupt": True},
    "incompatible": {"incompatible": True},
    "stale": {"stale": True},
    "outdated": {"outdated_builds": True},
    "bare": {},
}

ROWS = ("those of the next row", "those of the last row", "NULL but in the first", "in another order")
"""What takes the place of all values of a column, by names; see `_column`."""


class Table(NamedTuple):
    """A table, with all that is in it."""

    name: str
    columns: tuple[str, ...]
    is_key: tuple[bool, ...]
    rows: list[tuple[Any, ...]]
    seals: dict[int, int]
    """From a column that is a checksum to the first of those that it covers, which end before it."""


class Forgery(NamedTuple):
    """What is to be written."""

    table: str
    column: str
    """`*` for all that are no key."""
    how: str
    is_sealed: bool
    """Whether the checksums are made good."""

    def __str__(self) -> str:
        """Name it."""
        return f"{self.table}.{self.column}: {self.how}, {'sealed' if self.is_sealed else 'as it is'}"


def catalog_of(state: Path) -> Path:
    """Return the file in which a cache is remembered."""
    (found,) = (path for name in KEPT for path in (state / "pipcacheplus" / name).glob("*.sqlite3"))
    return found


def tables_of(path: Path) -> list[Table]:
    """Return all tables with their rows."""
    with closing(sqlite3.connect(path)) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if not name.startswith("sqlite_")
        ]
        return [_table(connection, name) for name in names]


def _table(connection: sqlite3.Connection, name: str) -> Table:
    info = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
    rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - SQLite's own word
    columns = range(len(info))
    seals = {end: start for end in columns for start in range(end) if _are_seals(rows, start, end)}
    return Table(name, tuple(one[1] for one in info), tuple(bool(one[5]) for one in info), rows, seals)


def _are_seals(rows: list[tuple[Any, ...]], start: int, end: int) -> bool:
    """Return whether a column is the checksum of those before it, wherever it is not NULL."""
    sealed = [row for row in rows if row[end] is not None]
    return bool(sealed) and all(type(row[end]) is int and row[end] == _checksum(row[start:end]) for row in sealed)


def _checksum(values: Sequence[object]) -> int:
    return zlib.crc32(msgpack.packb(tuple(values), unicode_errors="surrogatepass"))


def forge(path: Path, table: Table, forgery: Forgery) -> None:
    """Write it into all rows of a table."""
    rows = [list(row) for row in table.rows]
    for number, name in enumerate(table.columns):
        if forgery.column in {name, "*"} and not (forgery.column == "*" and table.is_key[number]):
            for row, value in zip(rows, _column([row[number] for row in table.rows], forgery.how), strict=True):
                row[number] = value
    if forgery.is_sealed:
        for row in rows:
            for end, start in sorted(table.seals.items()):
                if table.columns[end] != forgery.column and row[end] is not None:
                    row[end] = _checksum(row[start:end])
    marks = ", ".join("?" for _ in table.columns)
    with forged(path) as connection, connection:
        connection.execute("BEGIN")
        connection.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - as above
        statement = f'INSERT OR IGNORE INTO "{table.name}" VALUES ({marks})'  # noqa: S608 - as above
        for row in rows:
            with suppress(sqlite3.Error):  # the table may not take it
                connection.execute(statement, row)


def _column(values: list[Any], how: str) -> Iterable[object]:
    match how:
        case "those of the next row":
            return [*values[1:], *values[:1]]
        case "those of the last row":
            return [values[-1]] * len(values) if values else []
        case "NULL but in the first":
            return [value if at == 0 else None for at, value in enumerate(values)]
        case "in another order":
            return random.Random(1).sample(values, len(values))  # noqa: S311 - any order
    return map(VALUES[how], values)


def forgeries(tables: Iterable[Table]) -> Iterator[Forgery]:
    """Yield what may be written: anything into any column."""
    for table in tables:
        for column in (*table.columns, "*"):
            for how in (*ROWS, *(() if column == "*" else VALUES)):
                yield Forgery(table.name, column, how, is_sealed=True)
                if table.seals:
                    yield Forgery(table.name, column, how, is_sealed=False)


def verdicts(findings: Iterable[Finding]) -> frozenset[tuple[object, ...]]:
    """Return what is found, without the stamps of files that were restored."""
    return frozenset((one.entry.id, one.check, one.message, one.evidence, one.entry.url) for one in findings)


class Ground:
    """A cache, what is remembered of it, and a copy from which it is restored."""

    def __init__(self, folder: Path) -> None:
        self.cache = mixed(folder, BUILDS)
        self.asker = Asker(self.cache.path, folder / "state")
        self._copy = folder / "copy"
        self._true: dict[frozenset[str], frozenset[tuple[object, ...]]] = {}
        shutil.copytree(self.cache.path, self._copy, symlinks=True)
        self.may_go = {name: self.prune(name, remembers=False) for name in PRUNES}

    def remember(self) -> Path:
        """Restore what went, and let it be remembered; return the file."""
        self._restore()
        for name in KEPT:
            shutil.rmtree(self.asker.state / "pipcacheplus" / name, ignore_errors=True)
        self.asker.ask(question("verify"))
        return catalog_of(self.asker.state)

    def _restore(self) -> None:
        for path in self._paths(self._copy):
            real = self.cache.real(path)
            if not real.exists():
                real.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._copy / path, real)

    def prune(self, name: str, *, remembers: bool) -> frozenset[str]:
        """Remove really, and return the files that went."""
        self._restore()
        before = self._paths(self.cache.path)
        with with_state(self.asker.state), at(self.asker.now_s):
            cache = PipCache(self.cache.path, index_urls=[INDEX_URL])
            plan = cache.plan(remembers=remembers, **PRUNES[name])  # type: ignore[arg-type] # any reasons
            report = cache.apply(plan, exclusive=True)
        gone = before - self._paths(self.cache.path)
        assert gone == {file.path for outcome in report.outcomes for file in outcome.removed}
        return gone

    def true_after(self, gone: frozenset[str]) -> frozenset[tuple[object, ...]]:
        """Return what a run that remembers nothing finds when these files are gone."""
        if gone not in self._true:
            self._true[gone] = verdicts(self.asker.ask_anew(question("verify")).findings)
        return self._true[gone]

    @staticmethod
    def _paths(root: Path) -> frozenset[str]:
        return frozenset(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


@pytest.fixture
def ground(folder: Path) -> Ground:
    return Ground(folder)


def test_the_cache_of_these_tests_has_what_goes_and_what_stays(ground: Ground) -> None:
    everything = ground._paths(ground._copy)
    assert all(ground.may_go.values())
    assert len(everything - frozenset[str]().union(*ground.may_go.values())) > 15
    tables = tables_of(ground.remember())
    assert sum(len(table.rows) for table in tables) > len(BUILDS)


def complaint(ground: Ground, forgery: Forgery, prunes: Iterable[str]) -> Iterator[str]:
    """Forge, remove, and yield what is wrong."""
    for name in prunes:
        path = ground.remember()
        (table,) = (one for one in tables_of(path) if one.name == forgery.table)
        forge(path, table, forgery)
        try:
            gone = ground.prune(name, remembers=True)
            found = ground.asker.ask(question("verify", deep=True)).findings
        except (PipCachePlusError, Exception) as error:  # noqa: BLE001 - whatever leaves it
            yield f"{name}: {type(error).__name__}: {error}"
            continue
        if gone - ground.may_go[name]:
            yield f"{name}: removed what is sound: {sorted(gone - ground.may_go[name])}"
        true = ground.true_after(gone)
        if verdicts(found) != true:
            yield f"{name}: a deep look finds {verdicts(found) - true} too much, {true - verdicts(found)} too little"


TELLING = frozenset({"those of the next row", "NULL", "0", "a text", "a digest of another thing"})
"""What every column gets in every run."""


def kind_of(forgery: Forgery) -> tuple[str, str, str]:
    """Return what no run goes without."""
    # By its shape a row is read anew before anything is made of it.
    is_telling = forgery.is_sealed and (forgery.how in TELLING or forgery.column == "shape")
    return forgery.table, forgery.column, forgery.how if is_telling else ""


SHARES = 16 if IS_DRILL else 1
"""How many tests share the forgeries, so that they can run side by side."""


@pytest.mark.timeout(7200 if IS_DRILL else 900)
@pytest.mark.parametrize("share", range(SHARES))
def test_nothing_sound_goes_on_what_somebody_wrote_into_our_memory(ground: Ground, share: int) -> None:
    kinds = part_of(forgeries(tables_of(ground.remember())), 60, kind_of)[share::SHARES]
    complaints = []
    for number, forgery in enumerate(kinds):
        some = ["corrupt"] if kind_of(forgery)[2] else [list(PRUNES)[number % len(PRUNES)]]
        found = complaint(ground, forgery, PRUNES if IS_DRILL else some)
        complaints += [f"{forgery}: {problem}" for problem in found]
    if complaints:
        pytest.fail(f"{len(complaints)} of {len(kinds)}:\n" + "\n".join(complaints[:40]), pytrace=False)


def test_what_is_forged_is_believed_until_it_is_read(ground: Ground) -> None:
    # Else the test above would show nothing: each of its forgeries would be thrown away at once.
    true = ground.asker.ask_anew(question("verify")).findings
    tables = {table.name: table for table in tables_of(ground.remember())}
    for forgery in forgeries(tables.values()):
        if forgery.how not in {"NULL", "packed reason", "those of the next row", "a digest of another thing"}:
            continue
        path = ground.remember()
        (table,) = (one for one in tables_of(path) if one.name == forgery.table)
        forge(path, table, forgery)
        if ground.asker.ask(question("verify")).findings != true:
            return
    pytest.fail("nothing that was forged made a difference")
