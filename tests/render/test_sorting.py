"""Rows come in their own order, however many they are."""

import tempfile
from random import Random
from typing import Any

import pytest

from pipcacheplus.render.text.sorting import SortedRows


@pytest.mark.parametrize("count", [0, 1, 8191, 8192, 20_000])
def test_rows_come_in_their_order(count: int) -> None:
    keys = list(range(count))
    Random(count).shuffle(keys)  # noqa: S311 - no secret
    rows = SortedRows[tuple[Any, ...]]()
    for at in range(0, count, 100):
        rows.extend([(key, str(key), None) for key in keys[at : at + 100]])
    assert len(rows) == count
    assert list(rows) == [(key, str(key), None) for key in range(count)]


def test_text_is_sorted_as_it_is_whatever_it_holds() -> None:
    texts = [f"{number:05}\udcff\n\0{'x' * (number % 7)}" for number in range(20_000)]
    rows = SortedRows[str]()
    for text in reversed(texts):
        rows.extend([text])
    assert list(rows) == texts


def test_without_room_for_a_file_all_rows_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    rows = SortedRows[str]()
    for key in range(20_000, 0, -1):
        rows.extend([f"{key:05}"])
    assert [int(number) for number in rows] == list(range(1, 20_001))
