"""Whatever bit of a catalog's file a disk has turned, the next run sees it and answers as if it knew nothing."""

import os
import random
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipcacheplus.catalog.checksum import Checksums
from pipcacheplus.catalog.store import open_store
from pipcacheplus.host.state import open_own_folder
from tests.catalog.mixtures import mixed
from tests.support.asking import Answer, Asker, question
from tests.support.drill import part_of
from tests.support.processes import run
from tests.support.stores import CACHE, SCHEMA, database, facts, file_of_catalog, filled, one_run

SOME = ("wheel, published", "wheel and metadata", "sdist", "built wheel of a link", "self-check", "response")
QUESTIONS = (question("scan"), question("verify"))
_WRITES = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], 0, isolation_level=None)
try:
    connection.execute("BEGIN EXCLUSIVE")
except sqlite3.OperationalError as error:
    print(error)
"""


def turn(path: Path, place: float) -> None:
    """Turn one bit, so far into a file."""
    with path.open("r+b") as file:
        bit = int(path.stat().st_size * 8 * place)
        file.seek(bit >> 3)
        (byte,) = file.read(1)
        file.seek(bit >> 3)
        file.write(bytes([byte ^ 1 << (bit & 7)]))


class Ground:
    """A cache, what is remembered of it, and what is answered."""

    def __init__(self, folder: Path) -> None:
        self._asker = Asker(mixed(folder, SOME).path, folder / "state")
        self._kept = folder / "kept"
        self.answers = self.ask()
        shutil.copytree(self._asker.state, self._kept)

    def ask(self) -> list[Answer]:
        """Ask by what is remembered."""
        return [self._asker.ask(one) for one in QUESTIONS]

    def restore(self) -> Path:
        """Put the catalog back as it was, and return its file."""
        shutil.rmtree(self._asker.state)
        shutil.copytree(self._kept, self._asker.state)
        return file_of_catalog(self._asker.state / "pipcacheplus")


@pytest.mark.parametrize("part", range(5))
def test_no_bit_that_is_turned_changes_an_answer(folder: Path, part: int) -> None:
    ground = Ground(folder)
    places = random.Random(part)  # noqa: S311 - any
    for place in part_of((places.random() for _ in range(300)), 50, lambda _: None):
        turn(ground.restore(), place)
        assert ground.ask() == ground.answers, place


def test_a_bit_of_a_digest_that_is_turned_makes_nothing_damaged(folder: Path) -> None:
    ground = Ground(folder)
    path = ground.restore()
    data = path.read_bytes()
    with database(path) as connection:
        digests = {digest for (digest,) in connection.execute("SELECT sha256 FROM link WHERE sha256 IS NOT NULL")}
    # In the row of what was read, and in that of the link.
    places = [found.start() for digest in digests for found in re.finditer(re.escape(digest), data)]
    assert len(places) >= 2 * len(digests) > 0
    for place in places:
        turn(ground.restore(), (place + 0.5) / len(data))
        assert ground.ask() == ground.answers


@pytest.mark.parametrize("place", [0.3, 0.6, 0.999])
def test_a_garbled_file_is_begun_anew(tmp_path: Path, place: float) -> None:
    turn(filled(tmp_path, "a"), place)
    assert one_run(tmp_path, "b") == ([], None)
    assert one_run(tmp_path) == (["b"], None)


def test_a_file_that_has_become_longer_or_shorter_is_begun_anew(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    for size in (path.stat().st_size + 4096, path.stat().st_size - 4096):
        os.truncate(path, size)
        assert one_run(tmp_path, "a") == ([], None)


def test_what_was_written_stays_where_the_checksum_is_missing(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    os.truncate(path.with_suffix(".lock"), 0)
    assert one_run(tmp_path) == (["a"], None)


def test_a_garbled_checksum_costs_what_was_written_and_no_more(tmp_path: Path) -> None:
    turn(filled(tmp_path, "a").with_suffix(".lock"), 0.99)
    assert one_run(tmp_path, "b") == ([], None)
    assert one_run(tmp_path) == (["b"], None)


def test_there_is_no_checksum_while_a_run_writes(tmp_path: Path) -> None:
    """If it is killed, the next run has to go on with what it wrote."""
    lock = filled(tmp_path, "a").with_suffix(".lock")
    before = lock.read_bytes()
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)) as store:
        assert facts(store) == ["a"]
        assert not lock.read_bytes().strip(b"\0")
    assert lock.read_bytes() == before


def test_a_run_that_cannot_have_the_lock_reads_no_garbled_file(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    lock = path.with_suffix(".lock")
    kept = lock.read_bytes()
    with open_store(CACHE, SCHEMA, folder=str(tmp_path)):
        lock.write_bytes(kept)
        assert one_run(tmp_path) == (["a"], "another run uses it")
        turn(path, 0.6)
        assert one_run(tmp_path) == ([], "another run uses it")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks differently")
def test_reading_for_a_checksum_loses_no_lock_of_this_process(tmp_path: Path) -> None:
    path = filled(tmp_path, "a")
    with open_own_folder(str(tmp_path), "catalogs") as own:
        one, other = Checksums(own, path.stem), Checksums(own, path.stem)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            assert connection.execute("SELECT count(*) FROM fact").fetchone() == (1,)
            assert not one.is_garbled()
            one.close()
            done = run([sys.executable, "-c", _WRITES, str(path)], is_checked=True)
            assert done.stdout.strip() == "database is locked"
        other.close()
    open_files = {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}
    assert str(path) not in open_files
