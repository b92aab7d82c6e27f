"""The check `body-length-mismatch`."""

import pytest

from tests.checks.objections import told
from tests.support.builders import Cache, file_headers

URL = "https://files.example/demo"


def test_a_body_of_another_length_is_told(cache: Cache) -> None:
    head = cache.http_v2(URL, b"12345")
    cache.write(head + ".body", b"1234")
    assert [message for message, _, _ in told("body-length-mismatch", cache)] == [
        "content has 4 bytes, its headers say 5"
    ]


@pytest.mark.parametrize("cc", [2, 4])
def test_a_body_in_one_file_is_measured_too(cache: Cache, cc: int) -> None:
    cache.http(URL, b"1234", cc=cc, headers=file_headers(b"12345"))
    assert len(told("body-length-mismatch", cache)) == 1


def test_a_body_of_the_right_length_is_fine(cache: Cache) -> None:
    cache.http_v2(URL, b"12345")
    cache.http(URL, b"12345", cc=2)
    assert told("body-length-mismatch", cache) == []


def test_without_a_stated_length_nothing_is_said(cache: Cache) -> None:
    cache.http_v2(URL, b"12345", headers={"Date": "Fri, 20 Nov 2026 12:00:00 GMT"})
    assert told("body-length-mismatch", cache) == []


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "five", "\u0665", ""])
def test_a_stated_length_that_is_none_says_nothing(cache: Cache, length: str) -> None:
    cache.http_v2(URL, b"1234", headers={"Content-Length": length})
    assert told("body-length-mismatch", cache) == []


def test_a_permanent_redirect_is_kept_without_its_body(cache: Cache) -> None:
    cache.http_v2(URL, b"", status=301, headers={"Location": "/x", "Content-Length": "17"})
    assert told("body-length-mismatch", cache) == []
