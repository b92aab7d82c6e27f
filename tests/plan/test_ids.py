"""Ids in little memory: each comes back as it was, and is found where it stands."""

from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import entry_path
from pipcacheplus.plan.ids import SortedIds

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
