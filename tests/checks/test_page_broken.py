"""The check `page-broken`."""

import gzip
import json

import pytest

from tests.checks.objections import told
from tests.support.builders import Cache, page_headers

URL = "https://files.example/demo"


PAGE = gzip.compress(json.dumps({"meta": {"api-version": "1.0"}, "name": "demo", "files": []}).encode(), mtime=0)


@pytest.mark.parametrize(
    ("body", "objections"), [(PAGE, 0), (PAGE[:-9], 1), (gzip.compress(b'{"name": "demo"', mtime=0), 1), (b"", 0)]
)
def test_a_page_that_cannot_be_read_is_told(cache: Cache, body: bytes, objections: int) -> None:
    cache.http_v2(URL, body, headers=page_headers(body) | {"Content-Encoding": "gzip"})
    assert objections == len(told("page-broken", cache))


def test_metadata_that_names_nothing_is_told(cache: Cache) -> None:
    cache.http_v2(URL, b"Metadata-Version: 2.1\nName: demo\n\n")
    assert len(told("page-broken", cache)) == 1


def test_metadata_that_is_whole_is_fine(cache: Cache) -> None:
    cache.http_v2(URL, b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n\n")
    assert told("page-broken", cache) == []
