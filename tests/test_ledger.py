"""What was verified once is known again, and only as long as nothing changed; a bad ledger costs time and no more."""

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus import ledger as module
from pipcacheplus.ledger import Ledger
from pipcacheplus.model import Entry
from pipcacheplus.verified import Memory, Verified, sealed, stamp_of
from tests.values import a_file, an_entry

WHOLE = Verified(
    sha256="a1" * 32,
    blake2b="b2" * 32,
    md5="c3" * 16,
    metadata_sha256="d4" * 32,
    damage=None,
    is_unknown=False,
)
BROKEN = Verified(
    sha256=None,
    blake2b=None,
    md5=None,
    metadata_sha256=None,
    damage="ends inside the central directory",
    is_unknown=False,
)
UNKNOWN = replace(BROKEN, damage=None, is_unknown=True)

HEAD = a_file("http-v2/a/b/c/d/e/abcde", size=300)
BODY = a_file("http-v2/a/b/c/d/e/abcde.body", size=5000)
PAIR = an_entry(HEAD, BODY)


def entry(name: str) -> Entry:
    return an_entry(f"http-v2/{name}", f"http-v2/{name}.body")


def noted(folder: Path, *entries: Entry, verified: Verified = WHOLE) -> str:
    """Write a ledger of these entries, and return its path."""
    with Ledger(str(folder), "/cache") as ledger:
        for one in entries:
            ledger.note(one, verified)
    assert ledger.trouble is None
    return ledger.path


def recalled(folder: Path, *entries: Entry) -> list[Verified | None]:
    with Ledger(str(folder), "/cache") as ledger:
        found = [ledger.known(one) for one in entries]
    assert ledger.trouble is None
    return found


@contextmanager
def database(path: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@pytest.mark.parametrize("verified", [WHOLE, BROKEN, UNKNOWN, replace(BROKEN, damage="a \udcff name")])
def test_what_was_noted_is_known_in_the_same_run_and_the_next(tmp_path: Path, verified: Verified) -> None:
    with Ledger(str(tmp_path), "/cache") as ledger:
        assert ledger.known(PAIR) is None
        ledger.note(PAIR, verified)
        assert ledger.known(PAIR) == verified
    assert recalled(tmp_path, PAIR) == [verified]


def test_what_is_noted_again_takes_the_place_of_the_former(tmp_path: Path) -> None:
    renewed = replace(PAIR, files=(HEAD, replace(BODY, inode=7)))
    noted(tmp_path, PAIR)
    noted(tmp_path, renewed, verified=BROKEN)
    assert recalled(tmp_path, PAIR, renewed) == [None, BROKEN]


def test_each_cache_has_its_own_ledger_whatever_links_lead_to_it(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "link").symlink_to("cache")
    paths = [Ledger("/state", str(tmp_path / name)).path for name in ("cache", "link", "other")]
    assert paths[0] == paths[1] != paths[2]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("component", ["path", "device", "inode", "size", "mtime_ns", "ctime_ns"])
def test_any_other_stamp_of_any_file_makes_an_entry_unknown(tmp_path: Path, which: int, component: str) -> None:
    noted(tmp_path, PAIR)
    files = list(PAIR.files)
    was = getattr(files[which], component)
    files[which] = replace(files[which], **{component: was + ("x" if component == "path" else 1)})
    assert recalled(tmp_path, replace(PAIR, files=tuple(files)), PAIR) == [None, WHOLE]


@pytest.mark.parametrize(
    ("other", "known"),
    [
        (replace(PAIR, files=(BODY, HEAD)), None),
        (replace(PAIR, files=(HEAD,)), None),
        (replace(PAIR, files=(HEAD, BODY, a_file("more"))), None),
        (replace(PAIR, id=BODY.path), None),
        (replace(PAIR, files=(replace(HEAD, atime_ns=1, links=2, disk_size=0), BODY)), WHOLE),
        (replace(PAIR, project="demo", filename="demo-1.0.tar.gz"), WHOLE),
    ],
    ids=["other order", "one less", "one more", "other id", "read and linked since", "named since"],
)
def test_the_files_in_their_order_decide_and_nothing_else(tmp_path: Path, other: Entry, known: Verified | None) -> None:
    noted(tmp_path, PAIR)
    assert recalled(tmp_path, other) == [known]


numbers = st.integers(min_value=-(2**70), max_value=2**130)
names = st.text(min_size=1) | st.binary(min_size=1).map(lambda name: name.decode("utf-8", "surrogateescape"))
stamped = st.builds(
    lambda path, size, mtime_ns, inode, device: replace(
        a_file(path, size, mtime_ns=mtime_ns), inode=inode, device=device
    ),
    names,
    numbers,
    numbers,
    numbers,
    numbers,
)
texts = st.none() | st.text(max_size=40)


@given(
    entries=st.lists(
        st.lists(stamped, min_size=1, max_size=3).map(lambda files: an_entry(*files)), unique_by=lambda e: e.id
    ),
    verified=st.builds(
        Verified,
        sha256=texts,
        blake2b=texts,
        md5=texts,
        metadata_sha256=texts,
        damage=texts,
        is_unknown=st.booleans(),
    ),
)
def test_names_and_stamps_of_any_kind_are_known_again(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], verified: Verified
) -> None:
    folder = tmp_path_factory.mktemp("state")
    noted(folder, *entries, verified=verified)
    assert recalled(folder, *entries) == [verified] * len(entries)


@pytest.mark.parametrize(
    ("mtime_ns", "ctime_ns", "known"),
    [
        (5 * 10**9, 7 * 10**9, WHOLE),
        (5 * 10**9, 9 * 10**9, None),
        (9 * 10**9, 5 * 10**9, None),
        (99 * 10**9, 5 * 10**9, None),
    ],
    ids=["settled", "changed just now", "written just now", "dated in the future"],
)
def test_what_could_change_again_under_its_stamp_is_not_remembered(
    tmp_path: Path, mtime_ns: int, ctime_ns: int, known: Verified | None
) -> None:
    one = an_entry(HEAD, replace(BODY, mtime_ns=mtime_ns, ctime_ns=ctime_ns))
    one = replace(one, files=(replace(HEAD, mtime_ns=0), one.files[1]))
    with Ledger(str(tmp_path), "/cache", clock_ns=10 * 10**9) as ledger:
        ledger.note(one, WHOLE)
    assert recalled(tmp_path, one) == [known]


@pytest.mark.parametrize(
    ("one", "verified"),
    [(an_entry(), WHOLE), (PAIR, replace(WHOLE, damage="x" * 9000))],
    ids=["no files", "too long"],
)
def test_what_has_no_stamp_or_no_bounds_is_not_remembered(tmp_path: Path, one: Entry, verified: Verified) -> None:
    noted(tmp_path, one, verified=verified)
    assert recalled(tmp_path, one) == [None]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, GeneratorExit])
@pytest.mark.parametrize("count", [1, 499, 500, 1203])
def test_an_interruption_loses_nothing_that_was_noted(tmp_path: Path, error: type[BaseException], count: int) -> None:
    entries = [entry(str(number)) for number in range(count)]
    with pytest.raises(error), Ledger(str(tmp_path), "/cache") as ledger:  # noqa: PT012 - it is the block that counts
        for one in entries:
            ledger.note(one, WHOLE)
        raise error
    assert recalled(tmp_path, *entries) == [WHOLE] * count


class InterruptedOnce(list[tuple[bytes, bytes, bytes]]):
    """Rows that are interrupted, the first time they are gone through, behind the hundredth."""

    is_interrupted = False

    def __iter__(self) -> Iterator[tuple[bytes, bytes, bytes]]:
        for number, row in enumerate(super().__iter__()):
            if number == 100 and not self.is_interrupted:
                self.is_interrupted = True
                raise KeyboardInterrupt
            yield row


def test_an_interruption_amid_writing_loses_nothing_that_was_noted(tmp_path: Path) -> None:
    entries = [entry(str(number)) for number in range(500)]
    rows = InterruptedOnce()
    with pytest.raises(KeyboardInterrupt), Ledger(str(tmp_path), "/cache") as ledger:  # noqa: PT012 - as above
        ledger._pending = rows
        for one in entries:
            ledger.note(one, WHOLE)
    assert rows.is_interrupted
    assert recalled(tmp_path, *entries) == [WHOLE] * 500


def test_others_are_forgotten_and_what_was_told_or_noted_stays(tmp_path: Path) -> None:
    told, renewed, gone, new = (entry(name) for name in ("told", "renewed", "gone", "new"))
    noted(tmp_path, told, renewed, gone)
    with Ledger(str(tmp_path), "/cache") as ledger:
        ledger.known(told)
        ledger.note(renewed, BROKEN)
        ledger.note(new, WHOLE)
        ledger.forget_others()
        assert ledger.known(gone) is None
    assert ledger.trouble is None
    assert recalled(tmp_path, told, renewed, gone, new) == [WHOLE, BROKEN, None, WHOLE]


def test_nothing_is_forgotten_unasked(tmp_path: Path) -> None:
    noted(tmp_path, PAIR)
    assert recalled(tmp_path) == []
    assert recalled(tmp_path, PAIR) == [WHOLE]


def test_what_another_run_wrote_meanwhile_is_not_forgotten(tmp_path: Path) -> None:
    mine, theirs = entry("mine"), entry("theirs")
    with Ledger(str(tmp_path), "/cache") as ledger:
        noted(tmp_path, theirs)
        ledger.note(mine, WHOLE)
        ledger.forget_others()
    assert recalled(tmp_path, mine, theirs) == [WHOLE, WHOLE]


def test_a_ledger_that_was_never_entered_knows_and_writes_nothing(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "state"), "/cache")
    ledger.note(PAIR, WHOLE)
    ledger.forget_others()
    assert ledger.known(PAIR) is None
    assert os.listdir(tmp_path) == []


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
    assert (module._VERSION, name, stamp.hex()) == (196609, HEAD.path.encode(), "9a46293890c51a9639c1b839f3e21295")
    assert json.loads(told[8:]) == [
        WHOLE.sha256,
        WHOLE.blake2b,
        WHOLE.md5,
        WHOLE.metadata_sha256,
        None,
        False,
    ]


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


PARTS = {
    "http-v2/a/b": ["http-v2/a/b/c/d/e/abcde1", "http-v2/a/b/c/d/f/abcdf1"],
    "http-v2/a/c": ["http-v2/a/c/c/d/e/accde1"],
    "http/a/b": ["http/a/b/c/d/e/abcde1"],
    "wheels/18": ["wheels/18/ac/23/x/demo-1.0-py3-none-any.whl"],
    "": ["notes.txt", "selfcheck/abc", "http-v2/notes", "wheels/mine/x.whl", "http-v2/a/bc/notes", "http-v2/a/b"],
}


def test_a_worker_takes_along_what_is_known_of_its_parts_and_no_more(tmp_path: Path) -> None:
    entries = {path: an_entry(path) for paths in PARTS.values() for path in paths}
    noted(tmp_path, *entries.values())
    with Ledger(str(tmp_path), "/cache") as ledger:
        for part, paths in PARTS.items():
            if part == "":
                paths = [path for path in paths if path != "http-v2/a/b"]  # noqa: PLW2901 - it has the name of a part
            for asked in ([part], paths, [part, *paths]):
                memory = ledger.memory_of(asked, lambda _stamp: True)
                assert {stamp_of(entries[path]) for path in paths} <= memory.told.keys()
                assert {p for p, e in entries.items() if memory.known(stamp_of(e)) == WHOLE} <= {*paths, "http-v2/a/b"}
        assert ledger.memory_of(["wheels/19"], lambda _stamp: True).told == {}
        assert ledger.memory_of([*PARTS], lambda _stamp: False).told == {}
        everything = ledger.memory_of([*PARTS], lambda _stamp: True).told
        assert len(everything) == len(entries)


def test_what_a_worker_brings_back_is_remembered_and_the_rest_forgotten(tmp_path: Path) -> None:
    kept, renewed, gone, new = (entry(name) for name in ("kept", "renewed", "gone", "new"))
    noted(tmp_path, kept, renewed, gone)
    with Ledger(str(tmp_path), "/cache") as ledger:
        memory = Memory(kept=[stamp_of(kept)], noted=[(renewed, BROKEN), (new, UNKNOWN)])
        ledger.take(memory)
        ledger.forget_others()
    assert recalled(tmp_path, kept, renewed, gone, new) == [WHOLE, BROKEN, None, UNKNOWN]


def test_a_memory_knows_what_it_was_given_and_only_under_its_stamp() -> None:
    stamp = stamp_of(PAIR)
    other = replace(PAIR, files=(HEAD, replace(BODY, size=1)))
    assert Memory().known(stamp) is None
    assert Memory(told={stamp: sealed(stamp, BROKEN)}).known(stamp) == BROKEN
    assert Memory(told={stamp: sealed(stamp, BROKEN)}).known(stamp_of(other)) is None
    assert Memory(told={stamp: sealed(stamp_of(other), BROKEN)}).known(stamp) is None


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
    verified: Verified,
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


def test_a_ledger_that_was_never_entered_counts_and_records_nothing(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "state"), "/cache")
    ledger.record(b"x")
    assert (ledger.recording, ledger.count_run(), ledger.count_run()) == (None, 0, 0)
    assert ledger.memory_of(["", "http-v2/a/b"], lambda _stamp: True) == Memory()
    assert os.listdir(tmp_path) == []


def test_a_ledger_that_is_locked_meanwhile_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.01)
    with database(noted(tmp_path, PAIR)) as connection, Ledger(str(tmp_path), "/cache") as ledger:
        connection.execute("BEGIN EXCLUSIVE")
        assert ledger.count_run() == 0
        ledger.record(b"x")
        assert (ledger.recording, ledger.known(PAIR)) == (None, WHOLE)
    assert ledger.trouble == "database is locked"


@pytest.mark.parametrize(
    ("clock_ns", "newest_ns", "is_settled"),
    [
        (None, 2**70, True),
        (10**10, 10**10 - 2 * 10**9 - 1, True),
        (10**10, 10**10 - 2 * 10**9, False),
        (10**10, 10**11, False),
    ],
)
def test_what_was_changed_two_seconds_ago_or_later_may_change_again(
    tmp_path: Path,
    clock_ns: int | None,
    newest_ns: int,
    is_settled: bool,  # noqa: FBT001 - a row's value
) -> None:
    assert Ledger(str(tmp_path), "/cache", clock_ns=clock_ns).is_settled(newest_ns) is is_settled


def test_a_ledger_without_the_table_of_recordings_is_replaced(tmp_path: Path) -> None:
    with database(noted(tmp_path, PAIR)) as connection:
        connection.execute("DROP TABLE recording")
    assert recalled(tmp_path, PAIR) == [None]
    with Ledger(str(tmp_path), "/cache") as ledger:
        ledger.record(b"x")
        assert ledger.recording == b"x"


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
