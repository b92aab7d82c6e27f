"""A recording is believed as it was written, for one question and a span of time; a bad one costs time and no more."""

import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.catalog import database as ledger_module
from pipcacheplus.catalog.recording import Recording
from pipcacheplus.model.values import NONE_SOUND, SoundCount
from tests.replay.caches import Full, Runs, flipped


@contextmanager
def row(runs: Runs) -> Iterator[tuple[Callable[[bytes], object], bytes]]:
    """Give what stands in the ledger as the recording, and a way to put something else there."""
    import sqlite3  # noqa: PLC0415 - here only

    with closing(sqlite3.connect(runs.ledger().path, isolation_level=None)) as connection:
        ((value,),) = connection.execute("SELECT value FROM recording WHERE name = 'last'")
        yield lambda new: connection.execute("UPDATE recording SET value = ? WHERE name = 'last'", (new,)), value


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: value[:-20],
        lambda value: value[:8],
        lambda value: value[:5],
        lambda _value: b"",
        flipped,
        lambda value: flipped(value, 3),
        lambda value: value + b"x",
        lambda _value: "text",
    ],
)
def test_a_recording_that_is_not_as_it_was_written_is_not_believed(
    told: Full, damage: Callable[[bytes], bytes]
) -> None:
    with row(told.runs) as (put, value):
        put(damage(value))
    found = told.runs.with_ledger()
    assert found.has_read(told.page)
    assert found.told == told.runs.without().told
    assert not told.runs.with_ledger().has_read(told.page)


def packed(value: object) -> bytes:
    return zlib.compress(json.dumps(value).encode())


WRITTEN = ["question", 1.0, None, 5, [1, 2, 3], []]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no packed data",
        zlib.compress(b"no JSON"),
        packed(WRITTEN)[:-20],
        packed({}),
        packed(17),
        packed(WRITTEN[:-1]),
        packed([*WRITTEN, None]),
        packed([*WRITTEN[:4], [1, 2], []]),
        packed([*WRITTEN[:4], 17, []]),
        packed([*WRITTEN[:4], [1, 2, 3], None]),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b"\xff\xfe[]"),
    ],
)
def test_what_is_no_recording_of_this_form_is_none(data: bytes) -> None:
    assert Recording.from_bytes(data) is None


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(packed))
def test_reading_a_recording_never_raises(data: bytes) -> None:
    found = Recording.from_bytes(data)
    assert found is None or Recording.from_bytes(found.to_bytes()) == found


@pytest.mark.parametrize(
    "made",
    [
        Recording(question="q", made_s=1.5, until_s=None, stamps=2**127, passed=SoundCount(1, 2, 3), told=()),
        Recording(question="q", made_s=0, until_s=7.25, stamps=0, passed=NONE_SOUND, told=(["\udcff", {}, [], True],)),
    ],
)
def test_a_recording_is_read_as_it_was_written(made: Recording) -> None:
    assert Recording.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize(
    ("question", "now_s", "holds"),
    [("q", 10, True), ("q", 11, True), ("q", 9.9, False), ("q", 20, False), ("q", 19.9, True), ("r", 11, False)],
)
def test_a_recording_holds_for_one_question_and_a_span_of_time(question: str, now_s: float, holds: bool) -> None:  # noqa: FBT001 - a row's value
    made = Recording(question="q", made_s=10, until_s=20, stamps=0, passed=NONE_SOUND, told=())
    assert made.holds(question, now_s) is holds
    assert replace(made, until_s=None).holds(question, now_s) is (question == "q" and now_s >= 10)


def test_a_locked_ledger_is_done_without(told: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3  # noqa: PLC0415 - here only

    monkeypatch.setattr(ledger_module, "_TIMEOUT_S", 0.01)
    with closing(sqlite3.connect(told.runs.ledger().path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        found = told.runs.with_ledger()
    assert found.has_read(told.page)
    assert found.told == told.runs.without().told
