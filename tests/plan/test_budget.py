"""Which entries go for a limit: as few as are needed, the least recently used first, whatever lies beside them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.values import Brief, Kind, Shape, Stays, Survey
from pipcacheplus.plan.budget import CacheBudget, Free
from pipcacheplus.plan.last_use import LastUse
from pipcacheplus.plan.limits import Limit, LimitOn

NOW_S = 1_000_000_000
USE = LastUse(has_access_times=True)
FOLDER = 4096


def brief(id_: str, *, used_s: int = 0, size: int = 10, kind: Kind = Kind.WHEEL, files: int = 1) -> Brief:
    times = used_s * 10**9
    return Brief(
        id_, Shape.PAIR, kind, None, None, None, None, None, (), None, size, size, 0, times, times, file_count=files
    )


def survey_of(briefs: list[Brief], folder: int = FOLDER) -> Survey:
    count = len(folders_of(briefs)) + 1
    return Survey(directories=count, directory_bytes=count * folder)


def folders_of(briefs: list[Brief]) -> set[str]:
    paths = [one.id.split("/")[:-1] for one in briefs]
    return {"/".join(path[: end + 1]) for path in paths for end in range(len(path))}


def budget_of(briefs: list[Brief], *limits: Limit, stays: dict[str, Stays] | None = None) -> CacheBudget:
    made = CacheBudget(limits, USE, survey_of(briefs), Free(100, 100), NOW_S)
    for one in sorted(briefs, key=lambda one: one.id):
        made.see(one, (stays or {}).get(one.id))
    return made


def limit(on: LimitOn, amount: float, kind: Kind | None = None) -> Limit:
    return Limit(on, amount, kind, "it")


ENTRIES = st.lists(
    st.builds(
        brief,
        st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join),
        used_s=st.integers(0, 3),
        size=st.integers(0, 9000),
        kind=st.sampled_from([Kind.WHEEL, Kind.INDEX_PAGE, Kind.BUILT_WHEEL]),
        files=st.integers(1, 3),
    ),
    # A name is either a file or a directory.
    unique_by=lambda one: one.id,
    max_size=12,
).map(lambda found: [one for one in found if one.id not in folders_of(found)])


def taken_on_disk(briefs: list[Brief]) -> int:
    return sum(one.disk_size for one in briefs) + (len(folders_of(briefs)) + 1) * FOLDER


@given(ENTRIES, st.integers(0, 60_000))
def test_what_stays_keeps_the_limit_with_its_directories_and_one_more_would_not(briefs: list[Brief], most: int) -> None:
    chosen, (cut,) = budget_of(briefs, limit(LimitOn.SIZE, most)).chosen(())
    left = [one for one in briefs if one.id not in chosen]
    assert not left or taken_on_disk(left) <= most
    assert not cut.over or not left
    assert cut.disk_bytes == taken_on_disk(briefs) - taken_on_disk(left)
    order = sorted((one for one in briefs if one.id in chosen), key=key)
    if order:
        assert taken_on_disk([*left, order[-1]]) > most
        assert all(key(order[-1]) <= key(one) for one in left)


def key(one: Brief) -> tuple[int, int, int, str]:
    cost = {Kind.INDEX_PAGE: 1, Kind.WHEEL: 2, Kind.BUILT_WHEEL: 3}[one.kind]
    return (one.atime_ns or 0) // 10**9, cost, -one.disk_size, one.id


@given(ENTRIES, st.integers(0, 20))
def test_no_more_files_stay_than_a_limit_allows(briefs: list[Brief], most: int) -> None:
    chosen, _ = budget_of(briefs, limit(LimitOn.FILES, most)).chosen(())
    assert sum(one.file_count for one in briefs if one.id not in chosen) <= most


@given(ENTRIES, st.integers(0, 60_000))
def test_a_limit_of_one_kind_takes_that_kind_alone(briefs: list[Brief], most: int) -> None:
    chosen, _ = budget_of(briefs, limit(LimitOn.SIZE, most, Kind.WHEEL)).chosen(())
    assert {one.kind for one in briefs if one.id in chosen} <= {Kind.WHEEL}
    assert sum(one.disk_size for one in briefs if one.kind is Kind.WHEEL and one.id not in chosen) <= most


@given(ENTRIES, st.data())
def test_what_is_to_stay_stays_and_is_counted_if_the_limit_cannot_be_kept(
    briefs: list[Brief], data: st.DataObject
) -> None:
    ids = [one.id for one in briefs]
    stays = {id_: data.draw(st.sampled_from(Stays)) for id_ in ids if data.draw(st.booleans())}
    chosen, (cut,) = budget_of(briefs, limit(LimitOn.FILES, 0), stays=stays).chosen(())
    assert set(chosen) == set(ids) - set(stays)
    counts = Counter[Stays]()
    for one in briefs:
        if one.id in stays:
            counts[stays[one.id]] += one.file_count
    assert dict(cut.staying) == dict(counts)
    assert cut.over == sum(counts.values())


@given(ENTRIES, st.data())
def test_what_goes_for_another_reason_counts_first(briefs: list[Brief], data: st.DataObject) -> None:
    gone = {one.id for one in briefs if data.draw(st.booleans())}
    left = [one for one in briefs if one.id not in gone]
    most = taken_on_disk(left)
    chosen, (cut,) = budget_of(briefs, limit(LimitOn.SIZE, most)).chosen(gone)
    assert not chosen
    assert not cut.over


def test_what_is_old_goes_for_its_age_however_lately_it_was_used() -> None:
    old = brief("a", used_s=NOW_S)
    chosen, _ = budget_of([old], limit(LimitOn.AGE, NOW_S - 1)).chosen(())
    assert chosen["a"].reason == "over-age"
    assert not budget_of([old], limit(LimitOn.AGE, NOW_S)).chosen(())[0]


def test_what_is_old_and_stays_is_counted_unless_it_is_not_pips() -> None:
    stays = {"a": Stays.KEPT, "b": Stays.FOREIGN}
    chosen, (cut,) = budget_of([brief("a", files=2), brief("b")], limit(LimitOn.AGE, 1), stays=stays).chosen(())
    assert not chosen
    assert cut.over == 2
    assert cut.staying == {Stays.KEPT: 2}


def test_what_is_free_already_counts() -> None:
    briefs = [brief("a/x", used_s=1, size=50), brief("b/x", used_s=2, size=50)]
    assert set(budget_of(briefs, limit(LimitOn.FREE, 100)).chosen(())[0]) == set()
    assert set(budget_of(briefs, limit(LimitOn.FREE, 101)).chosen(())[0]) == {"a/x"}
    assert set(budget_of(briefs, limit(LimitOn.FREE_INODES, 102)).chosen(())[0]) == {"a/x"}
    assert set(budget_of(briefs, limit(LimitOn.FREE_INODES, 103)).chosen(())[0]) == {"a/x", "b/x"}


def test_nothing_goes_for_what_nobody_knows() -> None:
    made = CacheBudget([limit(LimitOn.FREE, 1)], USE, Survey(), Free(None, None), NOW_S)
    made.see(brief("a"), None)
    chosen, (cut,) = made.chosen(())
    assert not chosen
    assert cut.is_unknown
