"""What pip does with an entry is told for the pips that were found."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.checks.base.check import checks
from pipcacheplus.model.facts import Facts, Head
from pipcacheplus.model.values import Area, Entry, Kind, Shape
from pipcacheplus.pips.effects import NEVER_READS, READERS, READS, Effect, clause, combine, for_entry, release_of
from pipcacheplus.pips.layout import HTTP_AREAS
from pipcacheplus.pips.wheel_keys import LEGACY

SHORT = (Effect("never reads it", below="23.3"), Effect("fails", below="25.2"), Effect("fetches what is missing"))

TABLES = [
    *((f"{area.value} {key}", table) for (area, key), table in READERS.items()),
    *((check.slug, effects.rows) for check in checks() for effects in check.effects),
]


@pytest.mark.parametrize(
    ("pips", "told"),
    [
        (["26.3"], "fetches what is missing"),
        (["25.2.dev0"], "fetches what is missing"),
        (["25.1.1"], "fails"),
        (["24.0", "23.3"], "fails"),
        (["24.0", "26.3"], "pip 24.0 fails, pip 26.3 fetches what is missing"),
        (["26.3", "24.0", "26.3"], "pip 24.0 fails, pip 26.3 fetches what is missing"),
        (
            ["26.3", "24.0", "9.0.3", "23.3"],
            "pip 9.0.3 never reads it, pip 23.3 or 24.0 fails, pip 26.3 fetches what is missing",
        ),
        (["26.3", "26.1", "25.3", "24.0"], "pip 24.0 fails, pip 25.3, 26.1 or 26.3 fetches what is missing"),
        ([], "pip from 25.2 on fetches what is missing"),
    ],
)
def test_versions_are_told_where_the_pips_found_do_different_things(pips: list[str], told: str) -> None:
    assert told == clause(SHORT, pips)


OLD = (
    Effect(NEVER_READS, below="6.0"),
    Effect("fails", below="22.3"),
    Effect("takes it", below="23.3"),
    Effect(NEVER_READS),
)


@pytest.mark.parametrize(
    ("table", "pips", "told"),
    [
        (
            SHORT[:1] + SHORT[2:],
            ["23.2.1"],
            "pip 23.3 and later fetches what is missing; pip 23.2.1, the only one found here, does not read it",
        ),
        (
            OLD,
            ["26.3", "25.3"],
            "pip from 22.3 on and before 23.3 takes it; pip 25.3 and 26.3, the only ones found here, do not read it",
        ),
        (
            OLD,
            ["26.3"],
            "pip from 22.3 on and before 23.3 takes it; pip 26.3, the only one found here, does not read it",
        ),
        ((Effect(NEVER_READS),), ["26.3"], NEVER_READS),
    ],
)
def test_where_no_pip_that_was_found_reads_an_entry_those_that_do_come_first(
    table: tuple[Effect, ...], pips: list[str], told: str
) -> None:
    assert clause(table, pips) == told


@pytest.mark.parametrize(
    ("pips", "proved", "told"),
    [
        (["24.0"], [">=23.3"], "fails"),
        (
            ["9.0.3", "26.3"],
            [">=6.0,<7.0"],
            "pip 9.0.3 or from 6.0 on and before 7.0 fails, pip 26.3 never reads it",
        ),
        ([], [">=23.3"], "pip from 25.2 on fetches what is missing"),
    ],
)
def test_pips_that_the_cache_proves_are_told_of_unless_one_of_them_was_found(
    pips: list[str], proved: list[str], told: str
) -> None:
    table = OLD if len(pips) > 1 else SHORT
    assert clause(table, pips, proved=proved) == told


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ([Effect("ignores it")], "ignores it"),
        ([Effect(NEVER_READS, below="23.3"), Effect("ignores it")], "ignores it"),
        ([Effect(NEVER_READS, below="6.0"), Effect("fails", below="23.3"), Effect(NEVER_READS)], "23.3"),
    ],
)
def test_without_any_pip_the_newest_are_told_of(table: list[Effect], told: str) -> None:
    assert clause(table, []) == (f"pip from {told} on never reads it" if told == "23.3" else told)


@pytest.mark.parametrize(("name", "table"), TABLES, ids=[name for name, _ in TABLES])
def test_every_table_tells_of_all_pips_from_the_first_to_the_newest(name: str, table: tuple[Effect, ...]) -> None:
    *ends, last = [row.below for row in table]
    releases = [release_of(end or "") for end in ends]
    assert (last, name) == (None, name)
    assert all(releases), "a row without an end is the last one"
    assert sorted(set(releases)) == releases


def test_a_check_that_has_several_tables_says_when_each_of_them_holds() -> None:
    several = [check for check in checks() if len(check.effects) > 1]
    assert several
    for check in several:
        assert len({effects.when for effects in check.effects} - {""}) == len(check.effects), check.slug


def test_releases_are_in_order() -> None:
    order = ["", "6.0", "6.0.7", "9.0.3", "10.0.0b2", "22.3", "22.3.1", "23.3.0", "23.3.1", "26.3+dfsg"]
    releases = [release_of(version) for version in order]
    assert sorted(set(releases)) == releases
    assert release_of("10.0.0b2") == release_of("10") == release_of("10.0")


VERSIONS = st.tuples(st.integers(5, 30), st.integers(0, 3), st.integers(0, 3)).map(lambda v: ".".join(map(str, v)))


def tables(texts: list[str]) -> st.SearchStrategy[tuple[Effect, ...]]:
    def table(ends: set[str]) -> st.SearchStrategy[tuple[Effect, ...]]:
        belows = [*sorted({release_of(end): end for end in ends}.values(), key=release_of), None]
        told = st.lists(st.sampled_from(texts), min_size=len(belows), max_size=len(belows))
        return told.map(lambda told: tuple(Effect(text, below) for text, below in zip(told, belows, strict=True)))

    return st.sets(VERSIONS, max_size=4).flatmap(table)


def does(table: tuple[Effect, ...], version: str) -> str:
    """Return what one pip does, whatever others do."""
    told = clause(table, [version])
    return NEVER_READS if told.endswith(f"; pip {version}, the only one found here, does not read it") else told


@given(tables([READS, NEVER_READS, "downloads it again"]), tables(["fails", "ignores it"]), VERSIONS)
def test_a_pip_that_reads_an_entry_does_what_the_check_says_and_no_other_does(
    readers: tuple[Effect, ...], rows: tuple[Effect, ...], version: str
) -> None:
    reader = does(readers, version)
    both = combine(readers, rows)
    assert does(both, version) == (does(rows, version) if reader == READS else reader)
    assert all(one.text != other.text for one, other in pairwise(both))


def entry(area: Area, interpreter: str | None = None) -> Entry:
    return Entry(id="x", area=area, shape=Shape.FOREIGN, kind=Kind.FOREIGN, files=(), interpreter=interpreter)


@pytest.mark.parametrize(
    ("area", "cc", "interpreter", "readers"),
    [
        (Area.HTTP, 1, None, "6.0 6.0.7 7.0 10.0 19.3.1 20.0.2 20.3.4 21.0 23.2.1"),
        (Area.HTTP, 2, None, "6.0.7 7.0 10.0 19.3.1 20.0.2 20.3.4 21.0 23.2.1"),
        (Area.HTTP, 4, None, "10.0 19.3.1 20.0.2 20.3.4 21.0 23.2.1"),
        (Area.HTTP, None, None, "6.0 6.0.7 7.0 10.0 19.3.1 20.0.2 20.3.4 21.0 23.2.1"),
        (Area.HTTP_V2, 1, None, ""),
        (Area.HTTP_V2, 2, None, ""),
        (Area.HTTP_V2, 4, None, "23.3 26.3"),
        (Area.HTTP_V2, None, None, "23.3 26.3"),
        (Area.WHEELS, None, None, "7.0 10.0 19.3.1 20.0.2 20.3.4 21.0 23.2.1 23.3 26.3"),
        (Area.WHEELS, None, LEGACY, "7.0 10.0 19.3.1 20.0.2 20.3.4"),
        (Area.WHEELS, None, "cp311", "20.0.2 20.3.4 21.0 23.2.1 23.3 26.3"),
        (Area.WHEELS, None, "pp37", "20.0.2 20.3.4 21.0 23.2.1 23.3 26.3"),
    ],
)
def test_who_reads_an_entry_follows_from_its_place_and_its_format(
    area: Area, cc: int | None, interpreter: str | None, readers: str
) -> None:
    pips = ["1.5.6", "6.0", "6.0.7", "7.0", "10.0", "19.3.1", "20.0.2", "20.3.4", "21.0", "23.2.1", "23.3", "26.3"]
    facts = Facts(head=None if cc is None else Head(cc=cc, status=200, headers=()))
    (effects,) = [check.effects[0] for check in checks() if check.slug == "temporary-left"]
    table = for_entry(effects, entry(area, interpreter), facts)
    assert [pip for pip in pips if clause(table, [pip]) == "ignores it"] == readers.split()


def test_every_area_that_pips_read_says_which_pips_do() -> None:
    # What has no row counts as read by every pip.
    assert {*HTTP_AREAS, Area.WHEELS} == {area for area, key in READERS if key is None}
    assert {(area, cc) for area in HTTP_AREAS for cc in (1, 2, 4)} <= set(READERS)
