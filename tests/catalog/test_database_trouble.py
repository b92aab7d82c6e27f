"""A ledger that cannot be used, or is used by others, costs time and no more."""

import os
import sys
from pathlib import Path

import pytest

from pipcacheplus.catalog import database as module
from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.rows import ShardRows
from tests.support.ledgers import BROKEN, PAIR, WHOLE, database, entry, noted, recalled


def test_a_ledger_that_was_never_entered_knows_and_writes_nothing(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "state"), "/cache")
    ledger.note(PAIR, WHOLE)
    ledger.forget_others()
    assert ledger.known(PAIR) is None
    assert os.listdir(tmp_path) == []


def in_vain(folder: Path) -> Ledger:
    """Use a ledger that cannot be used, in every way."""
    with Ledger(str(folder), "/cache") as ledger:
        ledger.known(PAIR)
        ledger.note(PAIR, BROKEN)
        ledger.forget_others()
    assert ledger.trouble
    return ledger


def test_a_folder_that_cannot_be_made_is_told_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    in_vain(tmp_path / "state")
    in_vain(tmp_path / "state" / "below")
    assert (tmp_path / "state").read_text() == "a file"


def test_a_directory_in_the_place_of_the_file_is_told_and_no_more(tmp_path: Path) -> None:
    os.mkdir(Ledger(str(tmp_path), "/cache").path)
    in_vain(tmp_path)


def test_garbage_behind_a_link_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary\n" * 100)
    os.symlink("diary", Ledger(str(tmp_path), "/cache").path)
    in_vain(tmp_path)
    assert (tmp_path / "diary").read_text() == "dear diary\n" * 100


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_ledger_that_may_only_be_read_is_still_known(tmp_path: Path) -> None:
    os.chmod(noted(tmp_path, PAIR), 0o400)
    tmp_path.chmod(0o500)
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.known(PAIR) == WHOLE
        ledger.note(entry("other"), WHOLE)
    tmp_path.chmod(0o700)
    assert ledger.trouble


def test_a_locked_ledger_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.01)
    with database(noted(tmp_path, PAIR)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert in_vain(tmp_path).trouble == "database is locked"
        connection.execute("ROLLBACK")
    assert recalled(tmp_path, PAIR) == [WHOLE]


def test_a_ledger_that_is_locked_later_still_tells_what_it_knew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.01)
    with database(noted(tmp_path, PAIR)) as connection, Ledger(str(tmp_path), "/cache") as ledger:
        connection.execute("BEGIN EXCLUSIVE")
        for number in range(1500):
            ledger.note(entry(str(number)), WHOLE)
        assert ledger.trouble == "database is locked"
        assert ledger.known(PAIR) == WHOLE
    assert recalled(tmp_path, PAIR, entry("0")) == [WHOLE, None]


def test_two_runs_at_once_both_remember(tmp_path: Path) -> None:
    entries = [entry(str(number)) for number in range(1400)]
    with Ledger(str(tmp_path), "/cache") as one, Ledger(str(tmp_path), "/cache") as other:
        for number, which in enumerate(entries):
            (one if number % 2 else other).note(which, WHOLE)
    assert (one.trouble, other.trouble) == (None, None)
    assert recalled(tmp_path, *entries) == [WHOLE] * 1400


def test_a_full_disk_keeps_what_was_written_before(tmp_path: Path) -> None:
    entries = [entry(str(number)) for number in range(3000)]
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger._connection is not None
        ledger._connection.execute("PRAGMA max_page_count = 100")
        for one in entries:
            ledger.note(one, WHOLE)
        ledger.forget_others()
    assert ledger.trouble == "database or disk is full"
    assert recalled(tmp_path, entries[0], entries[-1]) == [WHOLE, None]


def test_a_ledger_that_was_never_entered_counts_and_records_nothing(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "state"), "/cache")
    ledger.record(b"x")
    assert (ledger.recording, ledger.count_run(), ledger.count_run()) == (None, 0, 0)
    assert ledger.memory_of(["", "http-v2/a/b"], lambda _stamp: True) == ShardRows()
    assert os.listdir(tmp_path) == []


def test_a_ledger_that_is_locked_meanwhile_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.01)
    with database(noted(tmp_path, PAIR)) as connection, Ledger(str(tmp_path), "/cache") as ledger:
        connection.execute("BEGIN EXCLUSIVE")
        assert ledger.count_run() == 0
        ledger.record(b"x")
        assert (ledger.recording, ledger.known(PAIR)) == (None, WHOLE)
    assert ledger.trouble == "database is locked"


def test_a_python_without_sqlite_does_without_a_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with Ledger(str(tmp_path / "state"), "/cache") as ledger:
        ledger.note(PAIR, WHOLE)
        assert (ledger.known(PAIR), ledger.count_run(), ledger.recording) == (None, 0, None)
    assert ledger.trouble
    assert os.listdir(tmp_path) == []


def test_an_interruption_on_entering_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted(tmp_path, PAIR)

    def interrupted(_name: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_part_of", interrupted)
    ledger = Ledger(str(tmp_path), "/cache")
    with pytest.raises(KeyboardInterrupt):
        ledger.__enter__()
    assert ledger._connection is None
