"""A catalog keeps what a run wrote for the next one, and is done without wherever that cannot be."""

import os
import sqlite3
import stat
import sys
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipcacheplus.catalog import store as module
from pipcacheplus.catalog.store import Store, is_damage, open_store
from pipcacheplus.errors import BadRequestError
from tests.support.stores import CACHE, SCHEMA, add, database, facts, file_of_catalog, filled, one_run


def test_what_a_run_wrote_is_there_in_the_next(tmp_path: Path) -> None:
    assert one_run(tmp_path / "state", "a", "b") == ([], None)
    assert one_run(tmp_path / "state", "c") == (["a", "b"], None)
    assert one_run(tmp_path / "state") == (["a", "b", "c"], None)


def test_without_a_folder_nothing_is_kept_and_nothing_written_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    assert one_run(None, "a") == ([], None)
    assert one_run(None) == ([], None)
    assert list(tmp_path.iterdir()) == []


def test_each_cache_has_a_catalog_of_its_own_whatever_links_lead_to_it(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "link").symlink_to("cache")
    state = tmp_path / "state"
    one_run(state, "a", cache=str(tmp_path / "cache"))
    assert one_run(state, cache=str(tmp_path / "link")) == (["a"], None)
    assert one_run(state, cache=str(tmp_path / "other")) == ([], None)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_cache_of_any_name_has_a_catalog(tmp_path: Path) -> None:
    cache = os.fsdecode(os.fsencode(tmp_path) + b"/na\xffme ?%20#")
    one_run(tmp_path / "sta%20te?#", "a", cache=cache)
    assert one_run(tmp_path / "sta%20te?#", cache=cache) == (["a"], None)


@pytest.mark.skipif(os.name == "nt", reason="takes modes of POSIX")
@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_what_is_made_is_for_this_user_alone(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        one_run(tmp_path / "above" / "state", "a")
    finally:
        os.umask(before)
    made = [tmp_path / "above", *(tmp_path / "above").rglob("*")]
    assert len(made) == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o600}


def test_a_second_run_reads_what_is_there_and_writes_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as first:
        add(first, "b")
        before = path.read_bytes()
        assert one_run(tmp_path, "second") == (["a", "b"], "another run uses it")
        assert path.read_bytes() == before
        with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as second:
            add(first, "c")
            assert facts(second) == ["a", "b"]
    assert one_run(tmp_path) == (["a", "b", "c"], None)


def test_a_second_run_sees_nothing_of_a_transaction_that_is_not_over(tmp_path: Path) -> None:
    filled(tmp_path, "a")
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as first:
        first.connection.execute("BEGIN IMMEDIATE")
        first.connection.execute("INSERT INTO fact VALUES ('b', NULL)")
        assert one_run(tmp_path) == (["a"], "another run uses it")
        first.connection.execute("COMMIT")
    assert one_run(tmp_path) == (["a", "b"], None)


def test_a_second_run_begins_with_nothing_while_the_first_has_nothing(tmp_path: Path) -> None:
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)):
        file_of_catalog(tmp_path).unlink()
        assert one_run(tmp_path, "a") == ([], "another run uses it")


def test_what_is_too_large_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = filled(tmp_path, "a").stat().st_size
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)):
        monkeypatch.setattr(module, "MAX_COPY_BYTES", size)
        assert one_run(tmp_path) == (["a"], "another run uses it")
        monkeypatch.setattr(module, "MAX_COPY_BYTES", size - 1)
        assert one_run(tmp_path) == ([], "another run uses it")


@pytest.mark.parametrize(("step_s", "found"), [(0.0, ["a"]), (10.0, [])])
def test_what_takes_too_long_is_not_copied(tmp_path: Path, step_s: float, found: list[str]) -> None:
    filled(tmp_path, "a")
    clock = (tick * step_s for tick in count())
    with (
        open_store(CACHE, SCHEMA, folder=str(tmp_path)),
        open_store(CACHE, SCHEMA, folder=str(tmp_path), clock_s=lambda: next(clock)) as second,
    ):
        assert facts(second) == found


def test_a_file_that_another_program_locks_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WRITER_WAITS_S", 0.01)
    monkeypatch.setattr(module, "_READER_WAITS_S", 0.01)
    with database(filled(tmp_path, "a")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert one_run(tmp_path, "b") == ([], "database is locked")
        connection.execute("ROLLBACK")
    assert one_run(tmp_path) == (["a"], None)


def test_a_lock_that_is_removed_while_it_is_held_keeps_nobody_out(tmp_path: Path) -> None:
    filled(tmp_path, "a")
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)):
        for path in tmp_path.glob("catalogs/*.lock"):
            path.unlink()
    assert one_run(tmp_path) == (["a"], None)


def fill_up(store: Store) -> sqlite3.Error:
    """Write until the database may not grow any more."""
    add(store, "first")
    try:
        for number in range(10_000):
            add(store, f"{number:05}")
    except sqlite3.Error as error:
        return error
    raise AssertionError


def test_on_a_full_disk_the_run_goes_on_with_all_that_it_had(tmp_path: Path) -> None:
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as store:
        store.connection.execute("PRAGMA max_page_count = 20")
        error = fill_up(store)
        store.connection.execute("PRAGMA max_page_count = 1000000")
        kept = facts(store)
        store.leave(error)
        assert (store.is_file, store.trouble) == (False, "database or disk is full")
        assert facts(store) == kept != []
        add(store, "in memory")
    assert one_run(tmp_path) == (kept, None)


@pytest.mark.skipif(os.name == "nt", reason="takes limits of POSIX")
def test_an_error_of_the_disk_leaves_the_file_whole(tmp_path: Path) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    filled(tmp_path, "a")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, limits[1]))
        try:
            error = fill_up(store)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        store.leave(error)
        assert (store.is_file, store.trouble) == (False, "disk I/O error")
        kept = facts(store)
        assert {"a", "first"} < set(kept)
    assert one_run(tmp_path) == (kept, None)


def test_what_is_damaged_in_the_middle_is_begun_anew_by_the_next_run(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as store:
        store.leave(sqlite3.DatabaseError("database disk image is malformed"))
        assert (store.is_file, store.trouble) == (False, "the file was damaged, and is replaced by a new one")
        assert facts(store) == []
        add(store, "in memory")
        assert not path.exists()
        store.drop()
        assert facts(store) == []
    assert one_run(tmp_path, "b") == ([], None)
    assert one_run(tmp_path) == (["b"], None)


def test_a_copy_that_is_dropped_leaves_the_file_to_the_run_that_has_it(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    with (
        open_store(CACHE, SCHEMA, folder=str(tmp_path)),
        open_store(CACHE, SCHEMA, folder=str(tmp_path)) as second,
    ):
        second.drop()
        assert (facts(second), second.trouble) == ([], "another run uses it")
        assert path.exists()


def test_an_error_in_memory_is_raised(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    with open_store(CACHE, SCHEMA, folder=None) as store, pytest.raises(sqlite3.OperationalError):
        store.leave(error)


@pytest.mark.parametrize(
    ("error", "says_damaged"),
    [
        (sqlite3.DatabaseError("database disk image is malformed"), True),
        (sqlite3.DatabaseError("file is not a database"), True),
        (sqlite3.OperationalError("Could not decode to UTF-8 column 'name' with text 'x'"), True),
        (sqlite3.IntegrityError("UNIQUE constraint failed: fact.name"), True),
        (sqlite3.OperationalError("disk I/O error"), False),
        (sqlite3.OperationalError("database is locked"), False),
        (sqlite3.DataError("string or blob too big"), False),
    ],
)
def test_damage_is_told_from_trouble_with_the_disk(
    error: Exception,
    says_damaged: bool,  # noqa: FBT001 - a row's value
) -> None:
    assert is_damage(error) is says_damaged


def test_a_python_without_sqlite_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(BadRequestError, match="no SQLite"), open_store(CACHE, SCHEMA, folder=str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_transaction_that_is_not_ended_is_not_kept(tmp_path: Path) -> None:
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as store:
        store.connection.execute("BEGIN IMMEDIATE")
        store.connection.execute("INSERT INTO fact VALUES ('a', NULL)")
    assert one_run(tmp_path) == ([], None)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, GeneratorExit])
def test_an_interruption_gives_the_lock_back(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), open_store(CACHE, SCHEMA, folder=str(tmp_path)) as store:  # noqa: PT012 - the block counts
        add(store, "a")
        raise error
    assert one_run(tmp_path) == (["a"], None)


GARBAGE = {
    "text": b"no database at all, but rather long\n" * 200,
    "a first line only": b"SQLite format 3\0" + b"\xff" * 5000,
    "nothing": b"",
    "one byte": b"x",
    "zeros": bytes(8192),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_a_file_that_is_no_database_is_begun_anew(tmp_path: Path, garbage: bytes) -> None:
    filled(tmp_path, "a").write_bytes(garbage)
    assert one_run(tmp_path, "b") == ([], None)
    assert one_run(tmp_path) == (["b"], None)


def test_text_in_the_schema_that_is_not_utf_8_is_damage_too(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE fact", b"CREATE\x80TABLE fact"))
    assert one_run(tmp_path, "b") == ([], None)
    assert one_run(tmp_path) == (["b"], None)


def survives(folder: Path, names: list[str]) -> None:
    """Use a catalog in all ways: what is wrong with it costs facts, and is over in the run after the next."""
    with open_store(CACHE, SCHEMA, folder=str(folder)) as store:
        try:
            assert set(facts(store)) <= set(names)
            add(store, "new")
            store.connection.execute("DELETE FROM fact WHERE name <> 'new'")
        except (sqlite3.Error, UnicodeError) as error:
            store.leave(error)
            store.connection.execute("DELETE FROM fact")
            add(store, "new")
        assert facts(store) == ["new"]


@pytest.mark.parametrize("size", [1, 15, 16, 50, 99, 100, 101, 512, 4095, 4096, 4097, 8192, 10_000, 20_480, 40_001])
def test_a_cut_file_never_lies_and_is_whole_again(tmp_path: Path, size: int) -> None:
    names = [f"{number:05}" for number in range(300)]
    path = filled(tmp_path, *names)
    content = path.read_bytes()
    assert len(content) > size
    path.write_bytes(content[:size])
    survives(tmp_path, names)
    one_run(tmp_path)
    assert one_run(tmp_path)[1] is None


@settings(deadline=None, max_examples=60)
@given(where=st.integers(min_value=0, max_value=60_000), new=st.binary(min_size=1, max_size=60))
def test_a_file_with_other_bytes_in_it_never_stops_a_run(
    tmp_path_factory: pytest.TempPathFactory, where: int, new: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    path = filled(folder, *(f"{number:05}" for number in range(100)))
    content = bytearray(path.read_bytes())
    where %= len(content)
    content[where : where + len(new)] = new
    path.write_bytes(content)
    with open_store(CACHE, SCHEMA, folder=str(folder)) as store:
        try:
            facts(store)
            store.connection.execute("DELETE FROM fact")
            add(store, "new")
        except (sqlite3.Error, UnicodeError) as error:
            store.leave(error)
            store.connection.execute("DELETE FROM fact")
        add(store, "newer")


def test_a_copy_of_what_is_damaged_is_given_up_and_the_file_left_to_the_run_that_has_it(tmp_path: Path) -> None:
    path = filled(tmp_path, *(f"{number:05}" for number in range(300)))
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)):
        content = path.read_bytes()
        path.write_bytes(content[:20_480] + b"\xff" * (len(content) - 20_480))
        with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as second:
            with pytest.raises(sqlite3.DatabaseError) as caught:
                facts(second)
            second.leave(caught.value)
            assert (facts(second), second.is_file, second.trouble) == ([], False, "another run uses it")
            with pytest.raises(sqlite3.DatabaseError):
                second.leave(caught.value)
        assert path.exists()
