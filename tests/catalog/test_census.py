"""A count believes what runs have read of entries that have not changed since, reads nothing itself, and adds up."""

import hashlib
import os
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.census import CacheCounts, checks_of_columns
from pipcacheplus.checks.base.check import told_checks
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import UNFINISHED, Count, Kind, Shape
from tests.support import artefacts
from tests.support.asking import PRESENT_S, at, with_state
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers, page_headers
from tests.support.pages import link, page

STALE, CORRUPT, PARTIAL = "stale", "corrupt", "partial"
_opened: list[str] = []
"""Names of the files that this process has opened since a count began."""


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        _opened.append(os.path.basename(arguments[0]))


sys.addaudithook(_note)  # it can never be removed: so there is one, and it does next to nothing


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache of a wheel, its page, an old page, two built wheels, a half, and a file that is not pip's."""
    wheel = artefacts.wheel(tmp_path, "demo", "1.0")
    content = wheel.read_bytes()
    url = f"{FILE_URL}/{wheel.name}"
    cache.http_v2(url, content, headers=file_headers(content))
    digest = hashlib.sha256(content).hexdigest()
    page(cache, INDEX_URL + "demo/", "demo", [link(url, hashes={"sha256": digest})])
    cache.built_wheel("built", "1.0", content=artefacts.wheel(tmp_path, "built", "1.0").read_bytes())
    cache.built_wheel("broken", "1.0", content=b"no archive")
    cache.http_v2(f"{FILE_URL}/half", b"half", has_head=False, age_s=9 * DAY_S)
    cache.selfcheck("/nonexistent")
    cache.foreign()
    return cache


Ask = Callable[..., CacheCounts]


@pytest.fixture
def ask(full: Cache, tmp_path: Path) -> Ask:
    """Return a function that counts, in this process alone, at a time when all files have lain there for a while."""

    def ask(**more: object) -> CacheCounts:
        with with_state(tmp_path / "state"), at(PRESENT_S):
            cache = PipCache(full.path, index_urls=(INDEX_URL,))
            _opened.clear()  # to see whether reading moves access times, a byte of a file is read before
            return cache.count(pythons="current", **more)  # type: ignore[arg-type]

    return ask


def verify(full: Cache, tmp_path: Path) -> None:
    with with_state(tmp_path / "state"), at(PRESENT_S):
        PipCache(full.path, index_urls=(INDEX_URL,)).verify(pythons="current")


def kinds(census: CacheCounts) -> dict[Kind, int]:
    return {kind: count.entries for (_, kind), count in census.counts.totals.items()}


def whole(census: CacheCounts) -> Count:
    return reduce(Count.plus, census.counts.totals.values())


def going(census: CacheCounts) -> dict[tuple[Kind, str], int]:
    return {key: count.entries for key, count in census.counts.reclaimable.items()}


def test_a_first_count_reads_nothing_keeps_nothing_and_says_what_it_has_not_read(ask: Ask, tmp_path: Path) -> None:
    census = ask()
    assert kinds(census)[Kind.RESPONSE] == 2
    assert {kind: count.entries for kind, count in census.unread.items()} == {
        Kind.RESPONSE: 2,
        Kind.BUILT_WHEEL: 2,
        Kind.SELFCHECK: 1,
    }
    assert census.lacking_end.entries == 4
    assert (census.projects, census.pages_without_url) == ((), None)
    assert going(census) == {(Kind.LEFTOVER, PARTIAL): 1}
    assert not (tmp_path / "state" / "pipcacheplus" / "catalogs").exists()


def test_a_count_after_a_run_that_read_is_that_of_the_run_and_opens_no_file_of_the_cache(ask: Ask, full: Cache) -> None:
    first, read = ask(), ask(reads=True)
    names = {path.name for path in full.path.rglob("*") if path.is_file()}
    assert names & {*_opened}
    again = ask()
    assert not names & {*_opened}
    assert again == read
    assert whole(again) == whole(first)
    assert kinds(again) == {
        Kind.WHEEL: 1,
        Kind.INDEX_PAGE: 1,
        Kind.BUILT_WHEEL: 2,
        Kind.SELFCHECK: 1,
        Kind.LEFTOVER: 1,
        Kind.FOREIGN: 1,
    }
    assert {name for name, _ in again.projects} == {"demo", "built", "broken"}
    assert again.unread == {}
    assert going(again)[Kind.INDEX_PAGE, STALE] == 1
    assert going(again)[Kind.BUILT_WHEEL, CORRUPT] == 1


def test_an_entry_that_has_changed_since_it_was_read_counts_as_unread(ask: Ask, full: Cache) -> None:
    ask(reads=True)
    (head,) = [path for path in full.path.glob("http-v2/**/*.body") if path.read_bytes().startswith(b"PK")]
    with head.open("ab") as file:
        file.write(b"x")
    census = ask()
    assert kinds(census)[Kind.RESPONSE] == 1
    assert census.unread[Kind.RESPONSE].entries == 1
    assert Kind.WHEEL not in kinds(census)
    assert ask(reads=True).unread == {}


def test_what_verify_has_read_to_its_end_does_not_lack_that_and_its_errors_count(
    ask: Ask, full: Cache, tmp_path: Path
) -> None:
    ask(reads=True)
    (body,) = [path for path in full.path.glob("http-v2/**/*.body") if path.read_bytes().startswith(b"PK")]
    content = bytearray(body.read_bytes())
    content[-30] ^= 1
    body.write_bytes(content)
    lacking = ask(reads=True)
    assert lacking.lacking_end.entries == 2  # the wheel, and the built one that is an archive
    before = lacking.counts.errors
    verify(full, tmp_path)
    census = ask()
    assert census.lacking_end.entries == 0
    assert census.counts.errors == before + 1
    assert going(census)[Kind.WHEEL, CORRUPT] == 1
    assert census.counts.by_check["body-digest-mismatch"] == 1


REMOVALS: dict[str, Callable[[PipCache], object]] = {
    "remove": lambda cache: cache.plan_removal("demo"),
    "remove, built": lambda cache: cache.plan_removal("built"),
    "purge": lambda cache: cache.plan_purge(),
    "purge --keep": lambda cache: cache.plan_purge(keep=["built"]),
    "prune --stale": lambda cache: cache.plan(stale=True),
    "prune --outdated-builds": lambda cache: cache.plan(outdated_builds=True),
    "why": lambda cache: cache.why("demo"),
}


@pytest.mark.parametrize("request_", REMOVALS.values(), ids=REMOVALS)
def test_a_removal_that_is_only_planned_leaves_all_that_verify_has_found(
    ask: Ask, full: Cache, tmp_path: Path, request_: Callable[[PipCache], object]
) -> None:
    (body,) = [path for path in full.path.glob("http-v2/**/*.body") if path.read_bytes().startswith(b"PK")]
    content = bytearray(body.read_bytes())
    content[-30] ^= 1
    body.write_bytes(content)
    verify(full, tmp_path)
    before = ask()
    assert before.counts.by_check["body-digest-mismatch"] == 1
    with with_state(tmp_path / "state"), at(PRESENT_S):
        request_(PipCache(full.path, index_urls=(INDEX_URL,)))
    census = ask()
    assert census.lacking_end.entries == before.lacking_end.entries == 0
    assert census.counts.by_check == before.counts.by_check
    assert (census.counts.errors, going(census)) == (before.counts.errors, going(before))
    body.write_bytes(bytes(content) + b"more")
    assert ask().lacking_end.entries == 1
    verify(full, tmp_path)
    assert ask().counts.by_check["body-length-mismatch"] == 1


def test_an_entry_that_goes_for_two_reasons_counts_once_at_all(ask: Ask, full: Cache) -> None:
    old = b"cc=1," + b"x" * 50
    full.http_v2(f"{INDEX_URL}old/", old, headers=page_headers(old), age_s=9 * DAY_S)
    full.http(f"{INDEX_URL}old/", b"x", cc=1, headers=page_headers(b"x"), age_s=9 * DAY_S)
    census = ask(reads=True)
    by_kind = census.counts.reclaimable_at_all
    for kind, count in by_kind.items():
        reasons = [part.entries for (own, _), part in census.counts.reclaimable.items() if own is kind]
        assert max(reasons) <= count.entries <= sum(reasons)
    twice = sum(going(census).values()) - sum(count.entries for count in by_kind.values())
    assert twice >= 1  # more where no pip of the interpreters here reads `http`
    assert ask().counts == census.counts


def test_no_entry_is_judged_by_names_and_by_what_was_read_too() -> None:
    by_names = {shape for check in told_checks() if check.depth <= Depth.NAMES for shape in check.shapes}
    by_facts = {shape for check in checks_of_columns() for shape in check.shapes}
    assert by_names == UNFINISHED | {Shape.ORIGIN}
    assert not by_names & by_facts


def test_without_remembering_nothing_of_earlier_runs_counts(ask: Ask) -> None:
    ask(reads=True)
    census = ask(remembers=False)
    assert census.counts.totals == ask(remembers=False).counts.totals
    assert kinds(census)[Kind.RESPONSE] == 2


def test_entries_that_were_read_within_2_s_of_a_change_count_as_unread(full: Cache, tmp_path: Path) -> None:
    written_s = max(path.lstat().st_ctime for path in full.path.rglob("*"))
    counts = []
    for now_s in (written_s + 1, written_s + 3):
        with with_state(tmp_path / "state"), at(now_s):
            cache = PipCache(full.path, index_urls=(INDEX_URL,))
            cache.verify(pythons="current")
            counts.append(cache.count(pythons="current").lacking_end.entries)
    assert counts[0] > 0 == counts[1]
