"""Digests of a payload, in one pass."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken
from pipcacheplus.readers.digests import digest


@given(st.binary(max_size=2000), st.integers(0, 1500))
def test_digests_are_those_of_hashlib_however_the_stream_hands_it_over(content: bytes, start: int) -> None:
    stream = io.BytesIO(content)
    stream.seek(start)
    found = digest(stream, len(content), algorithms=frozenset({"sha256", "md5", "blake2b", "sha3_256"}))
    assert found == {
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "blake2b": hashlib.blake2b(content, digest_size=32).hexdigest(),
        "sha3_256": hashlib.sha3_256(content).hexdigest(),
    }


def test_more_than_one_block_is_read_and_nothing_behind_the_end() -> None:
    content = bytes(range(256)) * 3000
    found = digest(io.BytesIO(content + b"more"), len(content), algorithms=frozenset({"sha256"}))
    assert found == {"sha256": hashlib.sha256(content).hexdigest()}


def test_a_payload_that_ends_early_is_cut() -> None:
    found = digest(io.BytesIO(b"abc"), 5, algorithms=frozenset({"sha256"}))
    assert isinstance(found, Broken)
    assert (found.offset, found.is_cut) == (3, True)


@given(st.sets(st.text(max_size=12) | st.sampled_from(sorted(hashlib.algorithms_available))))
def test_no_name_of_an_algorithm_makes_it_raise(names: set[str]) -> None:
    found = digest(io.BytesIO(b"abc"), 3, algorithms=frozenset(names))
    assert not isinstance(found, Broken)
    assert found.keys() <= names


@pytest.mark.parametrize("name", ["crc0", "shake_128", "shake_256", "", "md5\0", "\ud800"])
def test_an_algorithm_that_nobody_knows_or_that_has_no_length_is_left_out(name: str) -> None:
    assert digest(io.BytesIO(b""), 0, algorithms=frozenset({name, "md5"})) == {
        "md5": hashlib.md5(b"", usedforsecurity=False).hexdigest()
    }
