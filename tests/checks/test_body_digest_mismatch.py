"""The check `body-digest-mismatch`."""

import hashlib

import pytest

from pipcacheplus.catalog.queries import run_query
from pipcacheplus.checks.base.check import checks
from pipcacheplus.model.values import Finding, Remedy, Severity
from tests.checks.objections import CONTEXT
from tests.support.builders import FILE_URL, Cache, file_headers, file_url
from tests.support.pages import link, page
from tests.support.requests import whole

URL = f"{FILE_URL}/demo-1.0.zip"
SOUND = b"sound content"
MD5 = hashlib.md5(SOUND, usedforsecurity=False).hexdigest()


def found(cache: Cache) -> list[Finding]:
    (check,) = [check for check in checks() if check.slug == "body-digest-mismatch"]
    what = whole(cache, checks=(check,), context=CONTEXT, index_urls=())
    return [finding for one in run_query(what, []) for finding in one.findings]


def evidence(cache: Cache) -> list[dict[str, object]]:
    return [dict(finding.evidence) for finding in found(cache)]


def published(cache: Cache, digest: str) -> None:
    page(cache, "https://index.example/simple/demo/", "demo", [link(URL, hashes={"sha256": digest})])


def test_content_that_the_index_published_is_fine(cache: Cache) -> None:
    cache.http_v2(URL, SOUND)
    published(cache, hashlib.sha256(SOUND).hexdigest())
    assert evidence(cache) == []


@pytest.mark.parametrize("cc", [0, 2, 4])
def test_content_that_the_index_did_not_publish_is_told_with_both_digests(cache: Cache, cc: int) -> None:
    if cc:
        cache.http(URL, b"other content", cc=cc)
    else:
        cache.http_v2(URL, b"other content")
    published(cache, hashlib.sha256(SOUND).hexdigest())
    assert evidence(cache) == [
        {
            "expected_sha256": hashlib.sha256(SOUND).hexdigest(),
            "actual_sha256": hashlib.sha256(b"other content").hexdigest(),
            "expected_from": "index-page",
            "effect": "pip from 23.3 on never reads it" if cc else "fails at every install until it is removed",
        }
    ]


@pytest.mark.parametrize(
    ("etag", "is_file_host", "objections"),
    [
        (f'"{MD5}"', True, 0),
        (f'"{"0" * 32}"', True, 1),
        (f'"{"0" * 32}"', False, 0),  # another server may make its ETags of anything
        (f'"{"0" * 32}-2"', True, 0),  # uploaded in parts
        (f'W/"{"0" * 32}"', True, 0),
    ],
)
def test_an_etag_counts_where_it_is_the_md5(cache: Cache, etag: str, is_file_host: bool, objections: int) -> None:  # noqa: FBT001
    cache.http_v2(URL, SOUND, headers=file_headers(SOUND, project="demo" if is_file_host else None) | {"ETag": etag})
    assert objections == len(evidence(cache))


def test_a_body_that_is_what_was_sent_is_not_damaged_although_the_page_has_changed(cache: Cache) -> None:
    cache.http_v2(URL, SOUND, headers=file_headers(SOUND, project="demo"))
    published(cache, "0" * 64)
    (told,) = found(cache)
    assert (told.severity, told.remedy) == (Severity.WARNING, Remedy.NONE)
    assert told.message == "content is what the server sent, but not what the index published"


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_body_whose_digest_its_address_is_made_of_is_not_damaged_whatever_a_page_says(
    cache: Cache, *, is_whole: bool
) -> None:
    url = file_url(SOUND, "demo-1.0.zip")
    cache.http_v2(url, SOUND if is_whole else SOUND[:-1], headers={"Content-Type": "application/octet-stream"})
    page(cache, "https://index.example/simple/demo/", "demo", [link(url, hashes={"sha256": "0" * 64})])
    expected = (Severity.WARNING, Remedy.NONE) if is_whole else (Severity.ERROR, Remedy.REMOVE_IF_ASKED)
    assert [(one.severity, one.remedy) for one in found(cache)] == [expected]


def test_one_of_several_digests_that_fits_is_enough_as_it_is_for_pip(cache: Cache) -> None:
    cache.http_v2(URL, SOUND)
    hashes = {"md5": "0" * 32, "sha256": hashlib.sha256(SOUND).hexdigest()}
    page(cache, "https://index.example/simple/demo/", "demo", [link(URL, hashes=hashes)])
    assert evidence(cache) == []


def test_content_that_no_page_publishes_is_told_though_pages_disagree(cache: Cache) -> None:
    cache.http_v2(URL, b"other content")
    published(cache, "0" * 64)
    page(cache, "https://other.example/demo/", "demo", [link(URL, hashes={"sha256": "1" * 64})])
    (told,) = evidence(cache)
    assert {told["page_1_sha256"], told["page_2_sha256"]} == {"0" * 64, "1" * 64}
    assert told["expected_sha256"] == told["page_1_sha256"]


def test_without_any_digest_nothing_is_said(cache: Cache) -> None:
    cache.http_v2(URL, SOUND, headers={"Content-Length": str(len(SOUND))})
    assert evidence(cache) == []
