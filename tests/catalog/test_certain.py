"""What a check objects to for certain is found as if it had been put to the entry, and made when it is looked at."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from pipcacheplus.catalog.entry_rows import Names, check_entry, entry_of_row, seal_of
from pipcacheplus.catalog.queries import Run, answered, verification_of
from pipcacheplus.catalog.schema import FACTS
from pipcacheplus.catalog.stored_facts import RowDamagedError
from pipcacheplus.checks.base.check import Check, Context, Verdict, checks, told_checks
from pipcacheplus.model.facts import Facts
from pipcacheplus.model.values import CacheDir, Checked, Entry, Finding, NotJudged, Remedy, Severity, Source
from tests.catalog.forged_values import VALUES
from tests.catalog.mixtures import BUILDS, mixed
from tests.replay.caches import Runs
from tests.support.builders import Cache
from tests.support.requests import NOW, whole

CACHE = CacheDir(path="/cache", source=Source.ARGUMENT)
CERTAIN = tuple(check for check in checks() if check.certain != "0")
OLD = replace(NOW, now_s=2 * NOW.now_s, stale_age_s=0.0, tags=frozenset({"py27-none-any"}), is_http_read=False)
"""A time when all pages are old, for an interpreter that can use nothing, and whose pip reads no `http`."""


def told(judged: Iterable[Checked]) -> list[Finding]:
    return [finding for one in judged for finding in one.findings]


def three_ways(cache: Cache, put: tuple[Check, ...], context: Context) -> tuple[list[Finding], ...]:
    """Return what is found with certain findings made later, with none made later, and with all checks on all rows."""

    def answer(run: Run) -> tuple[list[Finding], ...]:
        return list(run.findings()[0]), told(run.objections()), told(run.checked())

    return answered(whole(cache, checks=put, context=context), answer, [])


@pytest.mark.parametrize("put", [(check,) for check in CERTAIN] + [checks()], ids=lambda put: put[-1].slug)
@pytest.mark.parametrize("build", sorted(BUILDS))
def test_a_check_says_the_same_whether_it_is_certain_or_has_looked(
    tmp_path: Path, build: str, put: tuple[Check, ...]
) -> None:
    cache = mixed(tmp_path, [build])
    for context in (NOW, OLD, replace(OLD, unasked=("/opt/python",))):
        later, chosen, everything = three_ways(cache, put, context)
        assert later == chosen == everything


def counted(check: Check, calls: list[str]) -> Check:
    """Return the same check, which notes what it is put to."""

    def run(entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
        calls.append(entry.id)
        yield from check.run(entry, facts, context)

    return replace(check, run=run)


@pytest.mark.parametrize("check", CERTAIN, ids=lambda check: check.slug)
def test_a_certain_finding_is_made_when_it_is_looked_at_and_counted_before(tmp_path: Path, check: Check) -> None:
    cache = mixed(tmp_path, ["built wheel, incompatible", "page, expired", "pages that disagree", "wheel in one file"])
    calls = list[str]()
    query = whole(cache, checks=(counted(check, calls),), context=replace(NOW, now_s=OLD.now_s, is_http_read=False))
    found, _ = answered(query, lambda run: run.findings(), [])
    heads = [head[:2] for head in found.heads()]
    # A file that is not certain to be stale is put to the check at once, which says nothing of it.
    at_once = set(calls)
    assert at_once.isdisjoint([finding.entry.id for finding in found])
    assert heads == [(one.group, one.severity) for one in found] == [(check.group, check.severity)] * len(found)
    assert len(found) > 0


@pytest.mark.parametrize("unasked", [(), ("/opt/python",)])
def test_what_is_counted_of_a_finding_is_what_it_says(tmp_path: Path, unasked: tuple[str, ...]) -> None:
    cache = mixed(tmp_path, ["built wheel, incompatible", "page, expired"])
    query = whole(cache, context=replace(OLD, unasked=unasked))
    found, _ = answered(query, lambda run: run.findings(), [])
    goes = [finding.remedy is not Remedy.NONE for finding in found]
    assert [head.goes for head in found.heads()] == goes
    assert all(goes) == (not unasked)


def test_findings_that_are_only_counted_are_as_many_as_those_that_are_made_and_no_others_are_missing(
    tmp_path: Path,
) -> None:
    cache = mixed(tmp_path, sorted(BUILDS))
    listed = verification_of(CACHE, whole(cache, checks=told_checks(), context=OLD))
    counted = verification_of(CACHE, whole(cache, checks=told_checks(), context=OLD, only_counts_normal=True))
    left_out = Counter((one.check, one.group, one.severity) for one in listed.findings if one not in counted.findings)
    assert left_out == {(one.check, one.group, one.severity): one.number for one in counted.counted}
    assert {severity for _, _, severity in left_out} == {Severity.INFO}
    assert [one for one in listed.findings if one in counted.findings] == list(counted.findings)
    assert (listed.counted, listed.not_judged, listed.files) == ((), counted.not_judged, counted.files)


@pytest.mark.parametrize("change", ["seal = seal + 1", "files = CAST(files || 'x' AS BLOB)", "project = 'other'"])
@pytest.mark.parametrize("kind", ["index-page", "built-wheel"])
def test_a_row_that_was_garbled_is_read_again_before_a_certain_finding_is_told(
    folder: Path, kind: str, change: str
) -> None:
    cache = mixed(folder, ["page, expired", "built wheel, incompatible"])
    runs = Runs(cache, folder / "state")
    runs.with_catalog()
    with runs.database() as database:
        changed = database.execute(f"UPDATE entry SET {change} WHERE kind = ?", (kind,))  # noqa: S608 - as above
        assert changed.rowcount == 1
    found, _ = answered(runs.query(checks=CERTAIN, context=OLD), lambda run: run.findings(), [])
    assert list(found) == list(runs.without(checks=CERTAIN, context=OLD).findings)
    assert kind in {finding.entry.kind for finding in found}


def test_a_forged_row_without_tags_is_not_certain_to_be_incompatible(folder: Path) -> None:
    runs = Runs(mixed(folder, ["built wheel, incompatible"]), folder / "state")
    runs.with_catalog()
    with runs.database() as database:
        database.execute("UPDATE entry SET tags = ''")
        (columns,) = database.execute(f"SELECT {', '.join(FACTS)} FROM entry")  # noqa: S608 - our own words
        database.execute("UPDATE entry SET seal = ?", (seal_of(columns[:-1]),))
    found, _ = answered(runs.query(checks=CERTAIN, context=OLD), lambda run: run.findings(), [])
    assert list(found) == []


def is_refused(make: object, *columns: object) -> bool:
    assert callable(make)
    try:
        make(*columns, 7)
    except RowDamagedError:
        return True
    return False


def test_what_is_seen_to_make_an_entry_makes_one_and_all_else_is_refused(tmp_path: Path) -> None:
    cache = mixed(tmp_path, ["page, expired", "built wheel, incompatible", "built wheel beside a broken one"])
    runs = Runs(cache, tmp_path / "state")
    runs.with_catalog()
    with runs.database() as database:
        rows = database.execute("SELECT id, shape, files, kind, tags FROM entry").fetchall()
    refused = list[bool]()
    for *columns, kind, tags in rows:
        names = Names(kind, None, None, None, tags, None, None, None, None)
        assert not is_refused(check_entry, *columns, names)
        for at, forge in product(range(3), VALUES.values()):
            forged = [*columns[:at], forge(columns[at]), *columns[at + 1 :]]
            refused.append(is_refused(entry_of_row, *forged, names))
            assert is_refused(check_entry, *forged, names) == refused[-1]
    assert set(refused) == {False, True}
