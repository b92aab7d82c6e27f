"""Bytes that were lost under an unchanged stamp are found all the same: each run reads one file in 64 again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipcacheplus.catalog import update as survey_module
from pipcacheplus.catalog.recording import Recording
from pipcacheplus.catalog.shard import Task, compare_stamps
from pipcacheplus.disk.open_cache import OpenCache
from tests.replay.caches import Full, Runs, flipped, rewritten, surveyed


class Rotten:
    """A way to change bytes and make the ledger take them for those that it knew: a stamp cannot be restored."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known = {}
        with runs.ledger() as ledger:
            self._known = {entry.id: ledger.known(entry) for entry in runs.entries()}
            packed_recording = ledger.recording
        assert packed_recording is not None
        recording = Recording.from_bytes(packed_recording)
        assert recording is not None
        self._recording = recording

    def deceive(self) -> None:
        """Put what was known of the old bytes under the stamps of the new ones."""
        with self._runs.ledger() as ledger:
            for entry in self._runs.entries():
                known = self._known[entry.id]
                if known is not None:
                    ledger.note(entry, known)
            tops = [top for tops in survey_module._divided(_parts(self._runs)) for top in tops]
            trace, _ = compare_stamps(Task(self._runs.what(), tuple(tops)))
            ledger.record(replace(self._recording, stamps=trace.stamps).to_bytes())


def _parts(runs: Runs) -> list[str]:
    from pipcacheplus.disk.walk import parts  # noqa: PLC0415 - here only

    with OpenCache(str(runs.cache.path)) as opened:
        return parts(opened)


def _behind(full: Full, path: str, mark: bytes) -> tuple[str, int]:
    return path, full.runs.cache.real(path).read_bytes().index(mark) + len(mark) + 1


ROTTEN: dict[str, Callable[[Full], tuple[str, int]]] = {
    "of published digest": lambda full: (full.wheel + ".body", -30),
    "of a digest as ETag": lambda full: (full.other + ".body", 60),
    "built wheel": lambda full: _behind(full, full.built, b"demo.py"),
    "page": lambda full: _behind(full, full.page + ".body", b'"sha256": "'),
    "head": lambda full: _behind(full, full.wheel, b"Content-Length"),
    "origin": lambda full: (full.built.rpartition("/")[0] + "/origin.json", 0),
}


@pytest.mark.parametrize("has_others", [False, True], ids=["alone", "in turn with other questions"])
@pytest.mark.parametrize("which", ROTTEN.values(), ids=ROTTEN)
def test_lost_bytes_under_an_unchanged_stamp_are_found_within_64_runs(
    told: Full,
    which: Callable[[Full], tuple[str, int]],
    has_others: bool,  # noqa: FBT001 - a row's value
) -> None:
    path, at = which(told)
    rotten = Rotten(told.runs)
    rewritten(told.runs, path, flipped(told.runs.cache.real(path).read_bytes(), at, bits=1))
    expected = told.runs.without().told
    rotten.deceive()
    runs = 0
    while told.runs.with_ledger().told != expected:
        runs += 1
        assert runs < 64
        if has_others:
            runs += 1
            with told.runs.ledger() as ledger:
                surveyed(told.runs.what(only_findings=False), ledger)
    assert [told.runs.with_ledger().told for _ in range(3)] == [expected] * 3
