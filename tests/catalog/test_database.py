"""What was verified once is known again, and only as long as nothing changed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.rows import ReadResult, ShardRows, entry_stamp, sealed
from pipcacheplus.model.values import Entry
from tests.support.ledgers import BODY, BROKEN, HEAD, PAIR, UNKNOWN, WHOLE, entry, noted, recalled
from tests.support.values import a_file, an_entry


@pytest.mark.parametrize("verified", [WHOLE, BROKEN, UNKNOWN, replace(BROKEN, damage="a \udcff name")])
def test_what_was_noted_is_known_in_the_same_run_and_the_next(tmp_path: Path, verified: ReadResult) -> None:
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
def test_the_files_in_their_order_decide_and_nothing_else(
    tmp_path: Path, other: Entry, known: ReadResult | None
) -> None:
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
        ReadResult,
        sha256=texts,
        blake2b=texts,
        md5=texts,
        metadata_sha256=texts,
        damage=texts,
        is_unknown=st.booleans(),
    ),
)
def test_names_and_stamps_of_any_kind_are_known_again(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], verified: ReadResult
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
    tmp_path: Path, mtime_ns: int, ctime_ns: int, known: ReadResult | None
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
def test_what_has_no_stamp_or_no_bounds_is_not_remembered(tmp_path: Path, one: Entry, verified: ReadResult) -> None:
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
                assert {entry_stamp(entries[path]) for path in paths} <= memory.told.keys()
                assert {p for p, e in entries.items() if memory.known(entry_stamp(e)) == WHOLE} <= {
                    *paths,
                    "http-v2/a/b",
                }
        assert ledger.memory_of(["wheels/19"], lambda _stamp: True).told == {}
        assert ledger.memory_of([*PARTS], lambda _stamp: False).told == {}
        everything = ledger.memory_of([*PARTS], lambda _stamp: True).told
        assert len(everything) == len(entries)


def test_what_a_worker_brings_back_is_remembered_and_the_rest_forgotten(tmp_path: Path) -> None:
    kept, renewed, gone, new = (entry(name) for name in ("kept", "renewed", "gone", "new"))
    noted(tmp_path, kept, renewed, gone)
    with Ledger(str(tmp_path), "/cache") as ledger:
        memory = ShardRows(kept=[entry_stamp(kept)], noted=[(renewed, BROKEN), (new, UNKNOWN)])
        ledger.take(memory)
        ledger.forget_others()
    assert recalled(tmp_path, kept, renewed, gone, new) == [WHOLE, BROKEN, None, UNKNOWN]


def test_a_memory_knows_what_it_was_given_and_only_under_its_stamp() -> None:
    stamp = entry_stamp(PAIR)
    other = replace(PAIR, files=(HEAD, replace(BODY, size=1)))
    assert ShardRows().known(stamp) is None
    assert ShardRows(told={stamp: sealed(stamp, BROKEN)}).known(stamp) == BROKEN
    assert ShardRows(told={stamp: sealed(stamp, BROKEN)}).known(entry_stamp(other)) is None
    assert ShardRows(told={stamp: sealed(entry_stamp(other), BROKEN)}).known(stamp) is None


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
