"""What somebody planted in the place of a catalog is neither run, read nor written."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.catalog.store import open_store
from tests.support.owners import SOMEBODY, home_of_somebody, is_root
from tests.support.processes import started
from tests.support.stores import CACHE, SCHEMA, add, database, facts, file_of_catalog, filled, forged, one_run, run_as

posix = pytest.mark.skipif(os.name == "nt", reason="takes owners, links and modes of POSIX")
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
TABLE, INDEX = SCHEMA.tables.values()

PLANTED = {
    "a trigger that never ends": f"CREATE TRIGGER t AFTER INSERT ON fact BEGIN {ENDLESS}; END",
    "a view": "CREATE VIEW v AS SELECT * FROM fact",
    "another table": "CREATE TABLE other (a)",
    "another index": "CREATE INDEX other ON fact (value, name)",
    "a virtual table": "CREATE VIRTUAL TABLE v USING fts5(a)",
    "an index less": "DROP INDEX fact_value",
    "a table less": "DROP TABLE fact",
    "no meta": "DROP TABLE meta",
    "a view that never ends, for meta": f"DROP TABLE meta; CREATE VIEW meta AS SELECT 'cache' AS name, ({ENDLESS}) v",
    "another column": "ALTER TABLE fact ADD COLUMN more",
    "another space in a statement": f"DROP TABLE fact; {TABLE.replace(',', ' ,')}; {INDEX}",
    "statistics": "ANALYZE",
    "the path of another cache": "UPDATE meta SET value = CAST('/other' AS BLOB)",
    "a path that is text": "UPDATE meta SET value = CAST(value AS TEXT)",
    "no path": "DELETE FROM meta",
    "an older version": "PRAGMA user_version = 2",
    "a version below zero": "PRAGMA user_version = -1",
    "a log instead of a journal": "PRAGMA journal_mode = WAL",
    "hundreds of tables": "BEGIN;" + "".join(f"CREATE TABLE t{number} (a);" for number in range(500)) + "COMMIT",
}


@pytest.mark.parametrize("change", PLANTED.values(), ids=PLANTED)
def test_one_of_ours_that_is_not_exactly_ours_is_begun_anew(tmp_path: Path, change: str) -> None:
    with forged(filled(tmp_path, "a")) as connection:
        connection.executescript(change)
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)):
        pass  # a second run would have read it
    assert one_run(tmp_path, "b") == ([], None)
    assert one_run(tmp_path) == (["b"], None)


@pytest.mark.parametrize("change", PLANTED.values(), ids=PLANTED)
def test_a_run_that_only_reads_reads_nothing_of_it(tmp_path: Path, change: str) -> None:
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as first:
        add(first, "a")
        first.connection.close()
        with database(file_of_catalog(tmp_path)) as connection:
            connection.executescript(change)
        assert one_run(tmp_path, "b") == ([], "another run uses it")


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ("PRAGMA user_version = 4", "the file was written by a newer version"),
        ("PRAGMA user_version = 2147483647", "the file was written by a newer version"),
        ("PRAGMA application_id = 17", "the file is not a catalog"),
        ("PRAGMA application_id = 0", "the file is not a catalog"),
    ],
)
def test_one_of_a_newer_version_or_of_others_is_left_as_it_is(tmp_path: Path, change: str, trouble: str) -> None:
    path = filled(tmp_path, "a")
    with forged(path) as connection:
        connection.execute(change)
    before = path.read_bytes()
    assert one_run(tmp_path, "b") == ([], trouble)
    assert path.read_bytes() == before


def test_the_catalog_of_another_cache_under_our_name_is_not_ours(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    other = filled(tmp_path, "b", cache="/other")
    shutil.copy(other, path)
    assert one_run(tmp_path) == ([], None)
    assert one_run(tmp_path, cache="/other") == (["b"], None)


ENDINGS = [".sqlite3", ".sqlite3-journal", ".sqlite3-wal", ".sqlite3-shm", ".lock"]
PLACES: dict[str, Callable[[Path, Path], object]] = {
    "is a link": lambda path, target: path.symlink_to(target),
    "is not a regular file": lambda path, _target: path.mkdir(),
    "has a second name": lambda path, target: os.link(target, path),
    "can be written by others": lambda path, target: shutil.copy(target, path),
}


@posix
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("reason", PLACES)
def test_a_file_that_could_be_of_others_is_neither_followed_nor_written(
    tmp_path: Path, ending: str, reason: str
) -> None:
    state, target = tmp_path / "state", tmp_path / "target"
    target.write_text("dear diary\n" * 100)
    target.chmod(0o666)  # as its copy is
    path = filled(state, "a").with_suffix(ending)
    path.unlink(missing_ok=True)
    PLACES[reason](path, target)
    before = {path: path.lstat() for path in state.rglob("*")}
    assert one_run(state, "b") == ([], f"{path} {reason}")
    assert target.read_text() == "dear diary\n" * 100
    after = {path: path.lstat() for path in state.rglob("*")}
    assert [(p, s.st_ino, s.st_mode, s.st_size) for p, s in after.items()] == [
        (p, s.st_ino, s.st_mode, s.st_size) for p, s in before.items()
    ]


@posix
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_link_that_leads_nowhere_makes_no_file(tmp_path: Path, ending: str) -> None:
    """As root was made to make one where a link pointed."""
    state = tmp_path / "state"
    path = filled(state, "a").with_suffix(ending)
    path.unlink(missing_ok=True)
    path.symlink_to(tmp_path / "new")
    assert one_run(state, "b") == ([], f"{path} is a link")
    assert not (tmp_path / "new").exists()


@posix
@pytest.mark.parametrize("place", ["pipcacheplus", "pipcacheplus/catalogs"])
def test_a_directory_that_is_a_link_of_others_leads_nowhere(tmp_path: Path, place: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("takes root")
    (tmp_path / "target").mkdir()
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).symlink_to(tmp_path / "target")
    (found, trouble) = one_run(tmp_path / "pipcacheplus", "a")
    assert (found, trouble) == ([], f"{tmp_path / place} is a link, and root follows no link to its own state")
    assert list((tmp_path / "target").iterdir()) == []


_DIES = """
import os, sys
from pathlib import Path
from pipcacheplus.catalog.store import open_store
from tests.support.stores import *
with open_store(CACHE, SCHEMA, folder=sys.argv[1]) as store:
    store.connection.execute("PRAGMA cache_size = 1")
    store.connection.execute("BEGIN IMMEDIATE")
    for number in range(2000):
        store.connection.execute("INSERT INTO fact VALUES (?, randomblob(500))", (f"lost {number}",))
    os._exit(0)
"""


def with_a_hot_journal(folder: Path) -> Path:
    """Return a catalog of one fact, whose writer was killed in a transaction that had reached the file."""
    path = filled(folder, "a")
    with started([sys.executable, "-c", _DIES, str(folder)], cwd=Path(__file__).parents[2]) as process:
        process.communicate()
    journal = path.with_suffix(".sqlite3-journal")
    assert journal.stat().st_size > 512
    return journal


def test_a_journal_of_ours_takes_back_what_a_killed_run_had_begun(tmp_path: Path) -> None:
    journal = with_a_hot_journal(tmp_path)
    assert one_run(tmp_path, "b") == (["a"], None)
    assert not journal.exists()


@is_root
def test_a_journal_of_somebody_else_is_not_rolled_back(tmp_path: Path) -> None:
    journal = with_a_hot_journal(tmp_path)
    os.chown(journal, SOMEBODY, SOMEBODY)
    path = file_of_catalog(tmp_path)
    before = (path.read_bytes(), journal.read_bytes())
    assert one_run(tmp_path, "b") == ([], f"{journal} belongs to another user (uid {SOMEBODY}, not 0)")
    assert (path.read_bytes(), journal.read_bytes()) == before


def test_a_journal_without_its_database_is_not_rolled_back_into_a_new_one(tmp_path: Path) -> None:
    journal = with_a_hot_journal(tmp_path)
    file_of_catalog(tmp_path).unlink()
    assert one_run(tmp_path, "b") == ([], None)
    assert not journal.exists()
    assert one_run(tmp_path) == (["b"], None)


@is_root
@pytest.mark.parametrize("setting", ["HOME", "XDG_STATE_HOME"])
def test_root_with_the_home_of_a_user_keeps_nothing_there(setting: str) -> None:
    """As with `sudo -E`."""
    with home_of_somebody() as home:
        os.chown(home, SOMEBODY, SOMEBODY)
        env = {"HOME": "/root", "XDG_STATE_HOME": "", setting: str(home)}
        code = "result = one_run(Path(state.state_folder()), 'a')"
        assert run_as(0, code, env=env) == [[], f"{home} belongs to another user (uid {SOMEBODY}, not 0)"]
        assert list(home.iterdir()) == []


@is_root
def test_a_user_keeps_a_catalog_below_their_home_and_root_leaves_it_alone() -> None:
    with home_of_somebody() as home:
        os.chown(home, SOMEBODY, SOMEBODY)
        code = "result = one_run(Path(arguments[0]), *arguments[1:])"
        assert run_as(SOMEBODY, code, home / "state", "a") == [[], None]
        assert run_as(SOMEBODY, code, home / "state") == [["a"], None]
        before = file_of_catalog(home / "state").read_bytes()
        assert one_run(home / "state", "root")[0] == []
        assert file_of_catalog(home / "state").read_bytes() == before


@is_root
@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o500, 0o600), (0o700, 0o400), (0o500, 0o400)])
def test_a_catalog_that_may_only_be_read_is_read(folder_mode: int, file_mode: int) -> None:
    with home_of_somebody() as home:
        os.chown(home, SOMEBODY, SOMEBODY)
        code = "result = one_run(Path(arguments[0]), *arguments[1:])"
        run_as(SOMEBODY, code, home / "state", "a")
        file_of_catalog(home / "state").chmod(file_mode)
        (home / "state" / "catalogs").chmod(folder_mode)
        assert run_as(SOMEBODY, code, home / "state") == [["a"], "attempt to write a readonly database"]


@is_root
def test_a_catalog_beside_which_nothing_can_be_made_is_read() -> None:
    with home_of_somebody() as home:
        os.chown(home, SOMEBODY, SOMEBODY)
        code = "result = one_run(Path(arguments[0]), *arguments[1:])"
        run_as(SOMEBODY, code, home / "state", "a")
        for path in (home / "state" / "catalogs").glob("*.lock"):
            path.unlink()
        (home / "state" / "catalogs").chmod(0o500)
        assert run_as(SOMEBODY, code, home / "state") == [["a"], "Permission denied"]


def test_a_state_directory_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    for folder in (tmp_path / "state", tmp_path / "state" / "below"):
        found, trouble = one_run(folder, "a")
        assert (found, str(trouble)[-18:]) == ([], "is not a directory")
    assert (tmp_path / "state").read_text() == "a file"


def test_facts_that_would_never_end_are_not_reached(tmp_path: Path) -> None:
    """A trigger on what a run writes made it run for ever."""
    with forged(filled(tmp_path, "a")) as connection:
        connection.execute(PLANTED["a trigger that never ends"])
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as store:
        add(store, "b")
        assert facts(store) == ["b"]
