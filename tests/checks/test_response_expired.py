"""The check `response-expired`."""

from pathlib import Path

import pytest

from tests.checks.objections import told
from tests.support import artefacts
from tests.support.builders import Cache

URL = "https://files.example/demo"


DATE = {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"}  # the present of these tests
OLD = {"Date": "Wed, 31 Dec 2025 00:00:00 GMT"}
PAGE = b'{"meta": {"api-version": "1.0"}, "name": "demo", "files": []}'


@pytest.mark.parametrize(
    ("headers", "messages"),
    [
        (OLD | {"Cache-Control": "max-age=600"}, ["index page is past its freshness lifetime"]),
        (DATE | {"Cache-Control": "max-age=600"}, []),
        (OLD | {"Cache-Control": "max-age=864000"}, []),
        (OLD | {"Expires": "Wed, 31 Dec 2025 01:00:00 GMT"}, ["index page is past its freshness lifetime"]),
        ({"ETag": '"1"'}, []),
    ],
)
def test_a_page_is_told_once_its_lifetime_is_over(cache: Cache, headers: dict[str, str], messages: list[str]) -> None:
    cache.http_v2(URL, PAGE, headers=headers)
    assert messages == [message for message, _, _ in told("response-expired", cache)]


def test_a_page_past_its_lifetime_is_information_and_goes_if_it_is_requested(cache: Cache) -> None:
    cache.http_v2(URL, PAGE, headers=OLD | {"Cache-Control": "max-age=600"})
    assert [rest for _, *rest in told("response-expired", cache)] == [["info", "remove-if-asked"]]


def test_a_permanent_redirect_never_expires(cache: Cache) -> None:
    cache.http_v2(URL, status=301, headers=OLD | {"Location": "/x"})
    assert told("response-expired", cache) == []


def test_a_file_that_can_be_asked_for_by_its_etag_stays(cache: Cache, tmp_path: Path) -> None:
    content = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2(URL, content, headers=OLD | {"ETag": '"1"'})
    assert told("response-expired", cache) == []


def test_a_file_without_an_etag_is_dropped_by_pip_anyway(cache: Cache, tmp_path: Path) -> None:
    content = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2(URL, content, headers=OLD | {"Cache-Control": "max-age=600"})
    assert len(told("response-expired", cache)) == 1


@pytest.mark.parametrize(("age_s", "objections"), [(0, 1), (86_400, 1), (86_401, 0)])
def test_an_age_takes_pages_that_are_fresh(cache: Cache, age_s: float, objections: int) -> None:
    cache.http_v2(URL, PAGE, headers=OLD | {"Cache-Control": "max-age=864000"})
    assert objections == len(told("response-expired", cache, stale_age_s=age_s))
