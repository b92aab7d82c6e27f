"""Ids in little memory: each comes back as it was, is found where it stands, and has a short form that means it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.values import Area, Kind, Shape
from pipcacheplus.pips.layout import entry_path
from pipcacheplus.plan.ids import ShortIds, SortedIds, digits_of_path, key_in_path
from pipcacheplus.plan.select import Selection
from tests.support.values import an_entry

KEYS = st.binary(min_size=28, max_size=28).map(bytes.hex)
IDS = st.one_of(
    KEYS.map(lambda key: entry_path(Area.HTTP_V2, key)),
    KEYS.map(lambda key: entry_path(Area.HTTP, key)),
    KEYS.map(lambda key: f"http/{key}"),
    st.text(min_size=1, max_size=20),
    st.sampled_from(["wheels/\udcff/a.whl", "http-v2/0/0/0/0/0/" + "0" * 55, "HTTP/0"]),
)


@given(st.sets(IDS).map(sorted), IDS)
def test_ids_come_back_and_are_found(ids: list[str], other: str) -> None:
    found = SortedIds()
    for id_ in ids:
        found.append(id_)
    assert list(found) == ids
    assert found[:2] == ids[:2]
    assert [found.place(id_) for id_ in ids] == list(range(len(ids)))
    assert found.place(other) == (ids.index(other) if other in ids else None)


HASHED = st.sampled_from(["deadbeef", "deadbee0", "deadbeef00"]).flatmap(
    lambda start: st.sampled_from(["0", "1", "ab", "abcdef01"]).map(lambda end: (start + end).ljust(56, "0"))
)
"""Keys of which many begin alike."""
ALIKE = st.one_of(
    HASHED.map(lambda key: entry_path(Area.HTTP_V2, key)),
    HASHED.map(lambda key: entry_path(Area.HTTP, key)),
    HASHED.map(lambda key: entry_path(Area.HTTP_V2, key) + ".body"),
    HASHED.map(lambda key: entry_path(Area.HTTP_V2, key) + "abcdefgh.tmp"),
    HASHED.map(lambda key: f"wheels/{key[:2]}/{key[2:4]}/{key[4:6]}/{key[6:]}/a-1-py3-none-any.whl"),
    HASHED.map(lambda key: f"wheels/{key[:2]}/{key[2:4]}/{key[4:6]}/{key[6:]}/a-2-py3-none-any.whl"),
    IDS,
)


@given(st.sets(ALIKE, min_size=1))
def test_a_short_id_selects_the_entry_that_it_is_of_and_no_other(ids: set[str]) -> None:
    short = ShortIds(ids)
    entries = [an_entry(id_, kind=Kind.RESPONSE) for id_ in ids]
    for id_ in ids:
        selection = Selection((short.of(id_),))
        assert [entry.id for entry in entries if selection.is_wanted(entry)] == [id_]
        selection.refuse_ambiguous()


@given(st.sets(IDS, min_size=1))
def test_a_short_id_is_no_longer_than_it_has_to_be(ids: set[str]) -> None:
    short = ShortIds(ids)
    found = [short.of(id_) for id_ in ids]
    assert all(re.fullmatch(r"[0-9a-f]{8,16}", one) for one in found)
    hashes = [digits for id_ in ids for digits in (digits_of_path(id_), key_in_path(id_)) if digits is not None]
    for one in found:
        assert len(one) == 8 or sum(digits.startswith(one[:-1]) for digits in hashes) > 1


def test_who_makes_paths_to_hinder_short_ids_gets_whole_ones() -> None:
    mine = entry_path(Area.HTTP_V2, "0" * 56)
    others = [entry_path(Area.HTTP, "0" * 56), entry_path(Area.HTTP, digits_of_path(mine))]
    assert ShortIds([mine, *others]).of(mine) == mine


def test_the_digits_of_a_foreign_file_do_not_mean_what_it_lies_beside() -> None:
    wheel = an_entry(f"wheels/de/ad/be/ef{48 * '0'}/a-1-py3-none-any.whl", kind=Kind.BUILT_WHEEL, project="a")
    foreign = an_entry(f"wheels/de/ad/be/ef{48 * '0'}/a.txt", shape=Shape.FOREIGN, kind=Kind.FOREIGN)
    for what, meant in (("deadbeef", wheel), (digits_of_path(foreign.id)[:8], foreign)):
        selection = Selection((what,))
        assert [entry for entry in (wheel, foreign) if selection.is_wanted(entry)] == [meant]
