"""A number of bytes of a file, however few it hands over at a time."""

import io

from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.disk.file_content import read_at, read_up_to


class Scanty(io.BytesIO):
    """A file that hands over at most three bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read less than was asked for."""
        return super().read(3 if size is None or size < 0 else min(size, 3))


@given(st.binary(max_size=20), st.integers(0, 25), st.integers(0, 25))
def test_so_many_bytes_come_or_all_there_are(content: bytes, offset: int, count: int) -> None:
    file = Scanty(content)
    assert content[offset : offset + count] == read_at(file, offset, count)
    rest = content[offset + count :]
    assert rest == (read_up_to(file, 99) if offset + count <= len(content) else b"")


def test_more_than_is_asked_for_at_once_comes_whole() -> None:
    content = bytes(range(256)) * (3 << 12)
    assert content == read_up_to(io.BytesIO(content + b"more"), len(content))
