"""What was found last is recorded beside what is known, and runs are counted."""

from pathlib import Path

import pytest

from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.rows import ReadResult
from tests.support.ledgers import BROKEN, PAIR, WHOLE, database, entry, noted


def test_what_was_recorded_last_is_there_in_the_same_run_and_the_next(tmp_path: Path) -> None:
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.recording is None
        for value in (b"first", b"", b"x" * 100_000):
            ledger.record(value)
            assert ledger.recording == value
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.recording == b"x" * 100_000
    with Ledger(str(tmp_path), "/other") as ledger:
        assert ledger.recording is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE recording SET value = substr(value, 1, 11)",
        "UPDATE recording SET value = substr(value, 2)",
        "UPDATE recording SET value = zeroblob(0)",
        "UPDATE recording SET value = 'text'",
        "UPDATE recording SET value = 17",
        "DELETE FROM recording",
    ],
)
def test_a_recording_that_is_not_as_it_was_written_is_as_good_as_not_there(tmp_path: Path, change: str) -> None:
    with Ledger(str(tmp_path), "/cache") as ledger:
        ledger.record(b"what was found")
    with database(ledger.path) as connection:
        connection.execute(change)
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.recording is None
    assert ledger.trouble is None


@pytest.mark.parametrize(("verified", "is_kept"), [(WHOLE, True), (BROKEN, False)])
def test_what_shows_something_else_than_before_makes_the_recording_void(
    tmp_path: Path,
    verified: ReadResult,
    is_kept: bool,  # noqa: FBT001 - a row's value
) -> None:
    noted(tmp_path, PAIR)
    with Ledger(str(tmp_path), "/cache") as ledger:
        ledger.record(b"what was found")
    noted(tmp_path, PAIR, entry("new"), verified=verified)
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.recording == (b"what was found" if is_kept else b"")
        ledger.record(b"what is found now")
        assert ledger.recording == b"what is found now"


def test_runs_are_counted_from_nought(tmp_path: Path) -> None:
    counts = []
    for _ in range(3):
        with Ledger(str(tmp_path), "/cache") as ledger:
            counts += [ledger.count_run(), ledger.count_run()]
    assert counts == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        (b"64", [64, 65]),
        ("64", [64, 65]),
        (b"\xff", [0, 1]),
        (-3, [0, 1]),
        (b"", [0, 1]),
        (b"1073741823", [2**30 - 1, 0]),
    ],
)
def test_a_count_that_is_none_begins_anew(tmp_path: Path, value: bytes | str | int, counts: list[int]) -> None:
    with Ledger(str(tmp_path), "/cache") as ledger:
        ledger.count_run()
    with database(ledger.path) as connection:
        connection.execute("UPDATE recording SET value = ? WHERE name = 'runs'", (value,))
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert [ledger.count_run(), ledger.count_run()] == counts
    assert ledger.trouble is None
