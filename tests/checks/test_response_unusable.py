"""The check `response-unusable`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_a_response_without_date_and_etag_is_told(cache: Cache) -> None:
    cache.http_v2(URL, b"x", headers={"Content-Length": "1"})
    assert len(told("response-unusable", cache)) == 1


def test_a_date_or_an_etag_is_enough(cache: Cache) -> None:
    cache.http_v2(URL, b"x", headers={"ETag": '"1"'})
    cache.http(URL, b"x", headers={"Date": "Fri, 20 Nov 2026 12:00:00 GMT"})
    assert told("response-unusable", cache) == []


def test_a_permanent_redirect_needs_neither(cache: Cache) -> None:
    cache.http_v2(URL, status=308, headers={"Location": "/x"})
    assert told("response-unusable", cache) == []
