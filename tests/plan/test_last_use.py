"""When an entry was used, by the times of its files: never later than is known, and never surer."""

import pytest

from pipcacheplus.model.values import Brief, Kind, Shape, Survey
from pipcacheplus.plan.last_use import LastUse
from pipcacheplus.plan.unused import Unused

DAY = 86_400
WRITTEN, READ = 10 * DAY, 20 * DAY


def brief(written_s: int = WRITTEN, read_s: int = READ, changed_s: int = WRITTEN) -> Brief:
    times = (written_s * 10**9, read_s * 10**9, changed_s * 10**9)
    return Brief("a", Shape.PAIR, Kind.WHEEL, None, None, None, None, None, (), None, 1, 1, *times, 2)


def test_a_use_is_never_before_the_writing() -> None:
    assert LastUse(has_access_times=True).used_ns(brief(read_s=1)) == WRITTEN * 10**9


def test_without_access_times_only_the_writing_is_known() -> None:
    assert LastUse(has_access_times=False).used_ns(brief()) == WRITTEN * 10**9


def test_a_reading_hides_those_of_the_next_day() -> None:
    assert LastUse(has_access_times=True).may_be_used_until_ns(brief()) == (READ + DAY) * 10**9
    assert LastUse(has_access_times=True, is_exact=True).may_be_used_until_ns(brief()) == READ * 10**9


@pytest.mark.parametrize(("changed_s", "until_s"), [(READ, READ), (READ + 5, READ + 5), (READ + 9 * DAY, READ + DAY)])
def test_a_change_ends_what_a_reading_hides(changed_s: int, until_s: int) -> None:
    found = LastUse(has_access_times=True).may_be_used_until_ns(brief(changed_s=changed_s))
    assert found == until_s * 10**9


def test_times_of_a_restoring_are_no_use() -> None:
    survey = Survey(restored_s=READ + 60, are_reads_of_restoring=True)
    restored = LastUse.of(survey, has_access_times=True, is_exact=False)
    assert restored.used_ns(brief(changed_s=READ + 1)) == WRITTEN * 10**9
    assert restored.used_ns(brief(read_s=READ + 30, changed_s=READ + 1)) == (READ + 30) * 10**9
    assert restored.used_ns(brief(read_s=READ + 3600)) == (READ + 3600) * 10**9
    assert not restored.knows_since((READ - DAY) * 10**9)
    assert restored.knows_since((READ + 120) * 10**9)


def test_access_times_from_before_a_restoring_are_those_of_uses() -> None:
    survey = Survey(restored_s=READ + 60, are_reads_of_restoring=False)
    restored = LastUse.of(survey, has_access_times=True, is_exact=False)
    assert restored.used_ns(brief()) == READ * 10**9


def unused(since_s: int, one: Brief, last_use: LastUse, *, recorded_until_s: float = 0) -> Unused:
    found = Unused(since_s, last_use, recorded_until_s=recorded_until_s)
    found.see(one)
    return found


@pytest.mark.parametrize(
    ("since_s", "goes", "uncertain"),
    [(READ, False, 0), (READ + 1, False, 1), (READ + DAY - 1, False, 1), (READ + DAY, True, 0)],
)
def test_what_may_have_been_used_without_a_trace_stays_and_is_counted(
    since_s: int,
    goes: bool,  # noqa: FBT001 - a parameter of the test
    uncertain: int,
) -> None:
    found = unused(since_s, brief(), LastUse(has_access_times=True))
    assert bool(found.chosen(())) is goes
    assert found.uncertain == uncertain


def test_without_access_times_nothing_goes_unless_a_record_says_what_was_used() -> None:
    last_use = LastUse(has_access_times=False)
    found = unused(READ, brief(), last_use)
    assert not found.chosen(())
    assert found.trouble == "the file system keeps no access times, and there is no record of use"
    recorded = unused(READ, brief(), last_use, recorded_until_s=READ + 1)
    assert set(recorded.chosen(())) == {"a"}
    assert recorded.trouble is None


def test_what_a_record_names_was_used() -> None:
    last_use = LastUse(has_access_times=False, recorded=lambda _brief: (READ + 1) * 10**9)
    assert not unused(READ, brief(), last_use, recorded_until_s=READ + 1).chosen(())


def test_an_older_record_says_nothing() -> None:
    assert unused(READ, brief(), LastUse(has_access_times=False), recorded_until_s=READ - 1).trouble is not None
