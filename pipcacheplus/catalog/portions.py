"""Contents of a large cache that other processes read: portions of the work and their results, as text.

A portion has the tasks of a run that brought the catalog up to date, so it needs no catalog. A result counts in a later
run for entries whose files are still those that were read. Text that is no portion or no result decides nothing.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from heapq import heapify, heapreplace
from typing import Any

from pipcacheplus.catalog.content_rows import Content
from pipcacheplus.catalog.entry_rows import stamp_of
from pipcacheplus.catalog.parallel import side_by_side
from pipcacheplus.catalog.shard import ContentRow, ContentTask, read_contents
from pipcacheplus.catalog.stored_facts import RowDamagedError, pack, unpack
from pipcacheplus.errors import BadRequestError

__all__ = [
    "MOST_PORTIONS",
    "MOST_TASKS",
    "PortionsError",
    "content_rows_of",
    "is_of_files",
    "portions_of",
    "read_portion",
]

MOST_PORTIONS = 64
"""Portions of one cache."""
MOST_TASKS = 20_000
"""Contents in all portions of a cache, the largest: a task takes about 600 characters. Others are read as before."""


class PortionsError(Exception):
    """A run has more contents to read than it was to read itself; it has read none. Never leaves the command line."""

    def __init__(self, portions: tuple[str, ...]) -> None:
        self.portions = portions
        super().__init__(portions)


def portions_of(tasks: Sequence[tuple[int, ContentTask]], hosts: tuple[str, ...], *, count: int) -> tuple[str, ...]:
    """Return portions that have about the same number of bytes.

    Args:
        tasks: With the sizes of the contents, the largest first.
        hosts: The file hosts that the run knows.
        count: Most portions.
    """
    shares: list[list[ContentTask]] = [[] for _ in range(min(count, len(tasks)))]
    smallest = [(0, number) for number in range(len(shares))]
    heapify(smallest)
    for size, task in tasks:
        held, number = smallest[0]
        shares[number].append(task)
        heapreplace(smallest, (held + size, number))
    return tuple(_as_text((hosts, [tuple(task) for task in share])) for share in shares)


def read_portion(path: str, portion: str) -> str:
    """Read the contents of a portion, and return the result; what cannot be read is left out.

    Args:
        path: Of the cache directory.
        portion: One of `portions_of`.

    Raises:
        BadRequestError: It is none.
        OSError: The cache directory cannot be opened.
    """
    try:
        hosts, rows = _of_text(portion)
        tasks = [_task(row) for row in rows]
        shared = (path, tuple(map(str, hosts)))
    except (RowDamagedError, ValueError, TypeError):
        step = "verify the cache without it"
        raise BadRequestError(
            what="`portion`", problem="is not one of this version of pipcacheplus", next_step=step
        ) from None
    stamps = {task.id: _stamp(task.files) for task in tasks}
    found = []
    for results in side_by_side(read_contents, shared, _batches(tasks), threads=True):
        found += [(one.id, stamps[one.id], one.columns) for _, one in results if isinstance(one, ContentRow)]
    return _as_text(found)


def content_rows_of(result: str) -> Iterator[tuple[bytes, bytes, Content]]:
    """Yield the ids of a result, the stamps of the files that were read, and the contents; nothing if it is none."""
    try:
        for id_, stamp, columns in _of_text(result):
            content = Content.of_row(columns)
            if isinstance(id_, bytes) and isinstance(stamp, bytes) and content is not None:
                yield id_, stamp, content
    except (RowDamagedError, ValueError, TypeError):
        return


def is_of_files(stamp: bytes, files: bytes) -> bool:
    """Return whether a result is of the files that an entry has now."""
    try:
        return stamp == _stamp(files)
    except (RowDamagedError, ValueError, TypeError):
        return False


def _task(row: Sequence[Any]) -> ContentTask:
    id_, shape, files, facts, published, wheel, in_path, known = row
    if not all(isinstance(one, bytes) for one in (id_, files, facts)):
        raise TypeError
    hashes = tuple((str(name), str(value)) for name, value in published)
    return ContentTask(id_, str(shape), files, facts, hashes, wheel, in_path, known)


def _batches(tasks: Iterable[ContentTask]) -> Iterator[list[ContentTask]]:
    for task in tasks:
        yield [task]


def _stamp(files: bytes) -> bytes:
    """Return a digest of what `is_same_stamp` compares."""
    return blake2b(repr(stamp_of(files)).encode("ascii", "backslashreplace"), digest_size=16).digest()


def _as_text(value: object) -> str:
    return b64encode(pack(value)).decode("ascii")


def _of_text(text: str) -> Any:  # noqa: ANN401 - plain values
    return unpack(b64decode(text, validate=True))
