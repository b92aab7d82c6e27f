"""The rows of an inventory, as data frames take them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import Inventory, PipCache
from tests.support import artefacts
from tests.support.builders import FILE_URL, Cache, file_headers


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with a wheel, a built wheel and half a response."""
    wheel = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2(f"{FILE_URL}/demo-1.0-py3-none-any.whl", wheel, headers=file_headers(wheel))
    cache.built_wheel("built", "3.0")
    cache.http_v2(f"{FILE_URL}/half", b"half", has_head=False)
    return cache


COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("id", "area", "kind"), str),
    **dict.fromkeys(
        ("project", "version", "filename", "url", "host", "tags", "interpreter", "sha256"), (str, type(None))
    ),
    **dict.fromkeys(("size", "disk_size", "files"), int),
    **dict.fromkeys(("written", "used", "fresh_until"), (datetime, type(None))),
}


def test_the_rows_of_an_inventory_have_the_columns_that_are_promised(full: Cache) -> None:
    inventory = PipCache(full.path).scan()
    rows = list(inventory.to_rows())
    assert len(rows) == len(inventory.entries) == 3
    for row, entry in zip(rows, inventory.entries, strict=True):
        assert list(row) == list(COLUMNS)
        assert all(isinstance(row[name], types) for name, types in COLUMNS.items())
        assert (row["id"], row["size"], row["used"]) == (entry.id, entry.size, entry.used)
    built = next(row for row in rows if row["kind"] == "built-wheel")
    assert (built["host"], built["tags"]) == ("files.example", "py3-none-any")


def test_the_columns_are_named_where_users_look_for_them() -> None:
    doc = Inventory.to_rows.__doc__ or ""
    assert all(f"`{name}`" in doc for name in COLUMNS)


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_rows_become_a_data_frame(full: Cache, name: str) -> None:
    frames = pytest.importorskip(name)
    frame = frames.DataFrame(PipCache(full.path).scan().to_rows())
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == 3
