"""The check `download-replaced`: what is old, and what is damaged."""

import hashlib
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.model.values import Finding
from tests.support.asking import Asker, question
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers, file_url, page_headers
from tests.support.stores import forged

NAME = "demo-1.0.zip"
URL = f"{FILE_URL}/{NAME}"
MIRROR = "https://mirror.example/simple/"
CONTENT = b"the file that is in the cache"
RIGHT, WRONG, OTHER = (hashlib.sha256(text).hexdigest() for text in (CONTENT, b"another", b"one more"))
SLUGS = {"body-digest-mismatch", "download-replaced"}


def publish(cache: Cache, index: str, digest: str, *, age_s: int | None, url: str = URL) -> None:
    """Store the page of an index."""
    body = f'<title>Links for demo</title><a href="{url}#sha256={digest}">demo</a>'.encode()
    headers = page_headers(body, content_type="text/html", age_s=age_s or 0)
    if age_s is None:
        del headers["Date"]
    cache.http_v2(f"{index}demo/", body, headers=headers)


def found(cache: Cache) -> list[Finding]:
    said = PipCache(cache.path, index_urls=[INDEX_URL]).verify(remembers=False)
    return [one for one in said.findings if one.check in SLUGS]


def told(cache: Cache) -> list[tuple[str, str, str, str]]:
    return [(one.check, one.group.value, one.severity.value, one.remedy.value) for one in found(cache)]


REPLACED = [("download-replaced", "stale", "error", "remove-if-asked")]
DAMAGED = [("body-digest-mismatch", "corrupt", "error", "remove-if-asked")]


def test_what_an_older_page_publishes_was_replaced(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, MIRROR, RIGHT, age_s=DAY_S)
    assert told(cache) == []
    publish(cache, INDEX_URL, WRONG, age_s=0)
    assert told(cache) == REPLACED
    (one,) = found(cache)
    evidence = dict(one.evidence)
    assert (evidence["expected_sha256"], evidence["actual_sha256"]) == (WRONG, RIGHT)
    assert (evidence["page_1_sha256"], evidence["page_2_sha256"]) == (WRONG, RIGHT)


@pytest.mark.parametrize("older", [None, WRONG, OTHER])
def test_what_no_older_page_publishes_is_damaged(cache: Cache, older: str | None) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, INDEX_URL, WRONG, age_s=0)
    if older is not None:
        publish(cache, MIRROR, older, age_s=DAY_S)
    assert told(cache) == DAMAGED


def test_what_is_damaged_and_was_replaced_as_well_is_damaged(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT[:-1] + b"?")
    publish(cache, MIRROR, RIGHT, age_s=DAY_S)
    publish(cache, INDEX_URL, WRONG, age_s=0)
    assert told(cache) == DAMAGED


@pytest.mark.parametrize(("newer", "older"), [(0, 0), (None, DAY_S), (0, None), (None, None)])
def test_where_no_page_is_certain_to_be_older_nothing_is_said(
    cache: Cache, newer: int | None, older: int | None
) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, MIRROR, RIGHT, age_s=older)
    publish(cache, INDEX_URL, WRONG, age_s=newer)
    assert told(cache) == []


def test_what_its_address_proves_is_neither(cache: Cache) -> None:
    url = file_url(CONTENT, NAME)
    cache.http_v2(url, CONTENT)
    publish(cache, MIRROR, RIGHT, age_s=DAY_S, url=url)
    publish(cache, INDEX_URL, WRONG, age_s=0, url=url)
    assert told(cache) == [("body-digest-mismatch", "corrupt", "warning", "none")]


def test_what_its_etag_proves_is_neither(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT, headers=file_headers(CONTENT, project="demo", version="1.0"))
    publish(cache, MIRROR, RIGHT, age_s=DAY_S)
    publish(cache, INDEX_URL, WRONG, age_s=0)
    assert told(cache) == [("body-digest-mismatch", "corrupt", "warning", "none")]


def test_prune_stale_alone_takes_it_and_reads_no_more_than_what_pages_dispute(cache: Cache, tmp_path: Path) -> None:
    path = cache.http_v2(URL, CONTENT)
    publish(cache, MIRROR, RIGHT, age_s=DAY_S)
    publish(cache, INDEX_URL, WRONG, age_s=0)
    large = b"x" * (1 << 20)
    cache.http_v2(f"{FILE_URL}/other-1.0.zip", b"PK" + large)
    asker = Asker(cache.path, tmp_path / "state")
    assert asker.ask(question("plan", corrupt=True)).reasons == {}
    for remembers in (False, True, True):
        reasons = asker.ask(question("plan", stale=True), remembers=remembers).reasons
        assert reasons[path] == ("download-replaced",)
    anew = Asker(cache.path, tmp_path / "anew")
    anew.ask(question("plan", stale=True))
    with forged(next((tmp_path / "anew").rglob("*.sqlite3"))) as database:
        read = database.execute("SELECT e.size FROM content c JOIN entry e USING (id)").fetchall()
    assert max(read) < (1 << 20,)
