"""Rows come in the order of their keys, however many they are."""

import tempfile
from random import Random

import pytest

from pipcacheplus.render.text.sorting import SortedRows


@pytest.mark.parametrize("count", [0, 1, 8191, 8192, 20_000])
def test_rows_come_in_the_order_of_their_keys_with_the_widths_of_their_columns(count: int) -> None:
    keys = list(range(count))
    Random(count).shuffle(keys)  # noqa: S311 - no secret
    rows = SortedRows()
    for key in keys:
        rows.add((key,), (str(key), "x" * (key % 7)))
    assert len(rows) == count
    assert rows.widths == ([max(map(len, map(str, keys))), min(count - 1, 6)] if count else [])
    assert [int(number) for number, _ in rows] == sorted(keys)


def test_without_room_for_a_file_all_rows_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    rows = SortedRows()
    for key in range(20_000, 0, -1):
        rows.add(key, (str(key),))
    assert [int(number) for (number,) in rows] == list(range(1, 20_001))
