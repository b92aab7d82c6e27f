"""How many bytes of each kind lie in a cache: with pandas, with polars, or without either.

python data_frame.py
"""

from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pipcacheplus import PipCache


def sums(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return the bytes on the disk by kind, by whichever library is installed."""
    if find_spec("pandas"):
        frame = import_module("pandas").DataFrame(rows)
        found: dict[str, int] = frame.groupby("kind")["disk_size"].sum().to_dict()
        return found
    if find_spec("polars"):
        frame = import_module("polars").DataFrame(rows)
        return dict(frame.group_by("kind").agg(import_module("polars").col("disk_size").sum()).iter_rows())
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row["kind"]] += row["disk_size"]
    return counted


def main() -> None:
    """Print a line for each kind, the largest first."""
    found = sums(PipCache.locate().scan().to_rows())
    for kind, size in sorted(found.items(), key=lambda one: -one[1]):
        print(f"{size / 1e6:10.1f} MB  {kind}")


if __name__ == "__main__":
    main()
