"""Entries and findings of many caches as Parquet files, with pyarrow from the extra `parquet`."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from itertools import islice
from typing import Any

from pipcacheplus.errors import BadRequestError

__all__ = ["require_pyarrow", "write_parquet"]

_AT_ONCE = 20_000
_NUMBERS = frozenset({"size", "disk_size"})


def require_pyarrow(path: str) -> None:
    """Examine whether pyarrow is installed, without importing it.

    Raises:
        BadRequestError: It is not.
    """
    if find_spec("pyarrow") is None:
        step = "run: python -m pip install 'pipcacheplus[parquet]', or use a name that ends with .sqlite"
        raise BadRequestError(path, "needs pyarrow, which is not installed", step)


def write_parquet(path: str, rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> int:
    """Write rows to a new file, in groups of 20,000, and return how many there were.

    Args:
        path: Of the file.
        rows: Their keys are `cache`, `owner`, and the columns.
        columns: Names. Sizes are 64-bit integers, all others are strings.

    Raises:
        OSError: The file cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415 - needs the extra
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    names = ("cache", "owner", *columns)
    schema = pa.schema([(name, pa.int64() if name in _NUMBERS else pa.string()) for name in names])
    count = 0
    with open(path, "xb") as file, pq.ParquetWriter(file, schema) as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(rows)
    while group := [*islice(left, _AT_ONCE)]:
        yield group
