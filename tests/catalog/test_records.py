"""Records are what was added, in memory or in a file."""

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.records import Findings, Records, Rows
from tests.catalog.mixtures import BUILDS, mixed


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

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
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


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
def test_rows_that_are_added_singly_are_there_whenever_they_are_looked_at(count: int) -> None:
    rows = Rows(may_spill=False)
    for number in range(count):
        rows.append((number, "a"))
        assert len(rows) == number + 1
        if number % 100 == 99:  # not only at the end
            assert rows[number - 50] == (number - 50, "a")
    rows.extend([(count, "b"), (count + 1, "b")])
    assert [number for number, _ in rows] == [*range(count + 2)]
    assert [rows[at] for at in range(count + 2)] == list(rows)


def test_heads_say_which_findings_are_of_one_entry(folder: Path) -> None:
    found = PipCache(mixed(folder, sorted(BUILDS)).path).verify(remembers=False).findings
    assert isinstance(found, Findings)
    numbers = [head.entry for head in found.heads()]
    ids = [one.entry.id for one in found]
    assert len(set(numbers)) == len(set(ids)) < len(ids)
    assert [a == b for a, b in pairwise(numbers)] == [a == b for a, b in pairwise(ids)]
