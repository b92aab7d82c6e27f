"""Records are what was added, in memory or in a file."""

import pytest

from pipcacheplus.catalog import records as module
from pipcacheplus.catalog.records import Records, Rows


@pytest.mark.parametrize("may_spill", [True, False])
def test_records_are_what_was_added_wherever_they_lie(may_spill: bool) -> None:  # noqa: FBT001 - a row's value
    records = Records(may_spill=may_spill)
    added = [b"%d" % number * (number % 50) for number in range(60_000)]
    for record in added:
        records.append(record)
    assert list(records) == added
    assert [records[at] for at in (59_999, 0, 30_000)] == [added[-1], added[0], added[30_000]]


def test_without_room_for_a_file_all_records_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "TemporaryFile", full)
    records = Records(may_spill=True)
    for number in range(600):
        records.append(b"x" * (10_000 + number))
    assert [len(record) for record in records] == [10_000 + number for number in range(600)]


@pytest.mark.parametrize("count", [0, 1, 600])
def test_rows_are_what_was_added_one_by_one_and_all_together(count: int) -> None:
    rows = Rows(may_spill=True)
    added = [[(number, at, "\udcff" * at, b"x" * 10_000) for at in range(number % 3)] for number in range(count)]
    for some in added:
        rows.extend(some)
    together = [row for some in added for row in some]
    assert len(rows) == len(together)
    assert list(rows) == together
    assert [rows[at] for at in range(len(rows))] == together
