"""How long pip serves a response unasked."""

import pytest

from pipcacheplus.model.facts import Head
from pipcacheplus.pips.freshness import fresh_until, is_usable, written_at

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"
DATE_S = 1795176000


def head(status: int = 200, **headers: str) -> Head:
    return Head(cc=4, status=status, headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))


@pytest.mark.parametrize(
    ("response", "until"),
    [
        (head(date=DATE, cache_control="max-age=600, public"), DATE_S + 600),
        (head(date=DATE, cache_control='public, Max-Age="600"'), DATE_S + 600),
        (head(date=DATE, cache_control="s-maxage=600"), DATE_S),
        (head(date=DATE, expires="Fri, 20 Nov 2026 12:10:00 GMT"), DATE_S + 600),
        (head(date=DATE, expires="Fri, 20 Nov 2026 12:10:00 GMT", cache_control="max-age=5"), DATE_S + 5),
        (head(date=DATE, expires="0"), DATE_S),
        (head(date=DATE), DATE_S),
        (head(date=DATE, status=301), None),
        (head(cache_control="max-age=600"), None),
        (head(date="yesterday", cache_control="max-age=600"), None),
        (head(date="Fri, 20 Nov 99999999 12:00:00 GMT"), None),
    ],
)
def test_a_lifetime_counts_from_the_date_of_the_response(response: Head, until: int | None) -> None:
    assert until == fresh_until(response, written_at(response))


def test_the_date_is_read_as_utc() -> None:
    assert written_at(head(date=DATE)) == DATE_S


@pytest.mark.parametrize(
    ("response", "usable"),
    [(head(date=DATE), True), (head(etag='"1"'), True), (head(), False), (head(status=308), True)],
)
def test_a_response_without_date_and_etag_is_of_no_use(response: Head, usable: bool) -> None:  # noqa: FBT001
    assert usable is is_usable(response)
