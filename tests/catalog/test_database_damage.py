"""A ledger that is damaged, or of others, never lies: it is told, and begun anew or left as it is."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.catalog import database as module
from pipcacheplus.catalog.database import Ledger
from tests.support.ledgers import BROKEN, HEAD, PAIR, WHOLE, database, entry, noted, recalled

GARBAGE = [b"no database at all, but rather long\n" * 200, b"SQLite format 3\0" + b"\xff" * 5000]


@pytest.mark.parametrize("garbage", GARBAGE, ids=["text", "a first line only"])
def test_a_file_that_is_no_database_is_told_and_begun_anew(tmp_path: Path, garbage: bytes) -> None:
    path = noted(tmp_path)
    Path(path).write_bytes(garbage)
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.known(PAIR) is None
        ledger.note(PAIR, WHOLE)
    assert ledger.trouble
    assert recalled(tmp_path, PAIR) == [WHOLE]


def test_text_in_the_schema_that_is_not_utf_8_is_damage_too(tmp_path: Path) -> None:
    path = Path(noted(tmp_path, PAIR))
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE", b"CREATE\x80TABLE"))
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.known(PAIR) is None
    assert ledger.trouble
    noted(tmp_path, PAIR)
    assert recalled(tmp_path, PAIR) == [WHOLE]


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_file_of_hardly_a_byte_is_a_new_ledger(tmp_path: Path, content: bytes) -> None:
    Path(noted(tmp_path, PAIR)).write_bytes(content)
    assert recalled(tmp_path, PAIR) == [None]
    noted(tmp_path, PAIR)
    assert recalled(tmp_path, PAIR) == [WHOLE]


@pytest.mark.parametrize("size", [1, 15, 16, 17, 50, 99, 100, 101, 512, 4095, 4096, 4097, 8192, 10_000, 20_480, 40_001])
def test_a_cut_database_never_lies_and_is_whole_again_in_the_next_run(tmp_path: Path, size: int) -> None:
    entries = [entry(str(number)) for number in range(200)]
    path = Path(noted(tmp_path, *entries))
    content = path.read_bytes()
    assert len(content) > size
    path.write_bytes(content[:size])
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert all(ledger.known(one) in {None, WHOLE} for one in entries)
        for one in entries:
            ledger.note(one, WHOLE)
    noted(tmp_path, *entries)
    assert recalled(tmp_path, *entries) == [WHOLE] * 200


@given(where=st.integers(min_value=0, max_value=20_000), new=st.binary(min_size=1, max_size=60))
def test_a_ledger_with_other_bytes_in_it_never_raises_and_never_lies(
    tmp_path_factory: pytest.TempPathFactory, where: int, new: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    entries = [entry(str(number)) for number in range(40)]
    path = Path(noted(folder, *entries))
    content = bytearray(path.read_bytes())
    where %= len(content)
    content[where : where + len(new)] = new
    path.write_bytes(content)
    with Ledger(str(folder), "/cache") as ledger:
        assert all(ledger.known(one) in {None, WHOLE} for one in entries)
        ledger.note(entries[0], BROKEN)
        ledger.forget_others()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE verified SET told = substr(told, 1, 8) || '[null,null,null,null,null,false]'",
        "UPDATE verified SET told = 'text'",
        "UPDATE verified SET told = 17",
        "UPDATE verified SET told = zeroblob(100000)",
        "UPDATE verified SET stamp = 'text'",
    ],
)
def test_a_row_that_is_not_as_it_was_written_is_as_good_as_not_there(tmp_path: Path, change: str) -> None:
    with database(noted(tmp_path, PAIR, verified=BROKEN)) as connection:
        connection.execute(change)
    assert recalled(tmp_path, PAIR) == [None]


def test_results_under_each_others_stamp_are_not_believed(tmp_path: Path) -> None:
    noted(tmp_path, entry("one"))
    with database(noted(tmp_path, entry("two"), verified=BROKEN)) as connection:
        told = [row[0] for row in connection.execute("SELECT told FROM verified ORDER BY id")]
        connection.execute("UPDATE verified SET told = CASE told WHEN ? THEN ? ELSE ? END", (told[0], told[1], told[0]))
    assert recalled(tmp_path, entry("one"), entry("two")) == [None, None]


@pytest.mark.parametrize(
    "change",
    [
        f"PRAGMA user_version = {module._VERSION + 1}",
        "PRAGMA user_version = 2147483647",
        "PRAGMA application_id = 17",
        "PRAGMA application_id = 0",
    ],
)
def test_a_ledger_of_a_newer_version_or_of_others_is_left_as_it_is(tmp_path: Path, change: str) -> None:
    path = noted(tmp_path, PAIR)
    with database(path) as connection:
        connection.execute(change)
    before = Path(path).read_bytes()
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.known(PAIR) is None
        ledger.note(entry("other"), WHOLE)
        ledger.forget_others()
    assert ledger.trouble in {"not ours", "written by a newer version"}
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("version", [module._VERSION, module._VERSION - 1, 0, -1])
def test_a_ledger_of_an_older_version_or_with_another_table_is_replaced(tmp_path: Path, version: int) -> None:
    with database(noted(tmp_path, PAIR)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("ALTER TABLE verified RENAME COLUMN told TO said")
    assert recalled(tmp_path, PAIR) == [None]
    noted(tmp_path, PAIR)
    assert recalled(tmp_path, PAIR) == [WHOLE]


def test_the_form_of_a_row_belongs_to_the_version(tmp_path: Path) -> None:
    with database(noted(tmp_path, PAIR)) as connection:
        ((name, stamp, told),) = connection.execute("SELECT id, stamp, told FROM verified")
    assert (module._VERSION, name, stamp.hex()) == (196610, HEAD.path.encode(), "9a46293890c51a9639c1b839f3e21295")
    assert json.loads(told[8:]) == [
        WHOLE.sha256,
        WHOLE.blake2b,
        WHOLE.md5,
        WHOLE.metadata_sha256,
        None,
        False,
    ]


def test_a_ledger_without_the_table_of_recordings_is_replaced(tmp_path: Path) -> None:
    with database(noted(tmp_path, PAIR)) as connection:
        connection.execute("DROP TABLE recording")
    assert recalled(tmp_path, PAIR) == [None]
    with Ledger(str(tmp_path), "/cache") as ledger:
        ledger.record(b"x")
        assert ledger.recording == b"x"
