"""The check `pages-disagree`, and which page decides whether a file is damaged."""

import hashlib
from dataclasses import replace

import pytest

from pipcacheplus.catalog.queries import Query, verification_of
from pipcacheplus.checks.base.check import checks
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.values import Finding, NotJudged, Remedy, Severity, Source
from tests.checks.objections import CONTEXT
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers, file_url, page_headers
from tests.support.requests import whole

NAME = "demo-1.0.zip"
URL = f"{FILE_URL}/{NAME}"
MIRROR = "https://mirror.example/simple/"
CONTENT = b"the file that is in the cache"
RIGHT, WRONG, OTHER = (hashlib.sha256(text).hexdigest() for text in (CONTENT, b"another", b"one more"))
SLUGS = {"pages-disagree", "body-digest-mismatch", "download-replaced"}


def publish(cache: Cache, index: str, digest: str, *, age_s: int | None, is_old: bool = False, url: str = URL) -> str:
    """Store the page of an index."""
    named = digest if "=" in digest else f"sha256={digest}"
    body = f'<title>Links for demo</title><a href="{url}#{named}">demo</a>'.encode()
    headers = page_headers(body, content_type="text/html", age_s=age_s or 0)
    if age_s is None:
        del headers["Date"]
    return (cache.http if is_old else cache.http_v2)(f"{index}demo/", body, headers=headers)


def asked(cache: Cache, *pips: str) -> tuple[dict[str, Finding], dict[NotJudged, int]]:
    """Return what is found, by slug, and how many entries were not judged."""
    put = tuple(check for check in checks() if check.slug in SLUGS)
    query: Query = whole(cache, checks=put, context=replace(CONTEXT, pips=pips))
    said = verification_of(CacheDir(path=str(cache.path), source=Source.ARGUMENT, detail=""), query)
    return {one.check: one for one in said.findings}, {why: count.entries for why, count in said.not_judged.items()}


def test_pages_that_publish_the_same_do_not_disagree(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, INDEX_URL, RIGHT, age_s=0)
    publish(cache, MIRROR, RIGHT, age_s=0)
    assert asked(cache) == ({}, {})


def test_the_newer_page_decides_and_both_are_named(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, INDEX_URL, WRONG, age_s=0)
    mirror = publish(cache, MIRROR, RIGHT, age_s=DAY_S)
    found, not_judged = asked(cache)
    assert not_judged == {}
    replaced, disagree = found["download-replaced"], found["pages-disagree"]
    assert (replaced.severity, replaced.remedy) == (Severity.ERROR, Remedy.REMOVE_IF_ASKED)
    assert (disagree.severity, disagree.remedy) == (Severity.WARNING, Remedy.NONE)
    for one in (replaced, disagree):
        evidence = dict(one.evidence)
        assert evidence["actual_sha256"] == RIGHT
        assert (evidence["page_1"], evidence["page_1_sha256"]) == (f"{INDEX_URL}demo/", WRONG)
        assert (evidence["page_2"], evidence["page_2_sha256"]) == (mirror, RIGHT)  # nothing tells its URL
        assert evidence["pages"] == len(("index", "mirror"))
    assert dict(replaced.evidence)["expected_sha256"] == WRONG


def test_a_file_that_the_newer_page_publishes_is_sound_and_the_older_page_is_told(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, INDEX_URL, RIGHT, age_s=0)
    publish(cache, MIRROR, WRONG, age_s=DAY_S)
    found, not_judged = asked(cache)
    assert (set(found), not_judged) == ({"pages-disagree"}, {})


@pytest.mark.parametrize("ages", [(0, 0), (None, None), (0, None)])
def test_where_no_page_is_the_newest_it_cannot_be_told_and_is_counted(
    cache: Cache, ages: tuple[int | None, int | None]
) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, INDEX_URL, RIGHT, age_s=ages[0])
    publish(cache, MIRROR, WRONG, age_s=ages[1])
    found, not_judged = asked(cache)
    assert (set(found), not_judged) == ({"pages-disagree"}, {NotJudged.CONTRADICTORY: 1})


def test_a_file_that_fits_no_page_is_damaged_whichever_is_the_newest(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, INDEX_URL, OTHER, age_s=0)
    publish(cache, MIRROR, WRONG, age_s=0)
    found, not_judged = asked(cache)
    assert (set(found), not_judged) == ({"pages-disagree", "body-digest-mismatch"}, {})


def test_pages_disagree_though_each_publishes_another_sort_of_digest(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT)
    publish(cache, INDEX_URL, f"md5={'0' * 32}", age_s=DAY_S)
    publish(cache, MIRROR, RIGHT, age_s=0)
    found, not_judged = asked(cache)
    assert (set(found), not_judged) == ({"pages-disagree"}, {})
    assert dict(found["pages-disagree"].evidence)["page_2_md5"] == "0" * 32


@pytest.mark.parametrize("is_whole", [True, False])
def test_no_page_speaks_against_a_file_whose_etag_is_its_digest(cache: Cache, *, is_whole: bool) -> None:
    cache.http_v2(URL, CONTENT if is_whole else CONTENT[1:], headers=file_headers(CONTENT, project="demo"))
    publish(cache, INDEX_URL, WRONG, age_s=0)
    publish(cache, MIRROR, RIGHT, age_s=DAY_S)
    found, _ = asked(cache)
    expected = (Severity.WARNING, Remedy.NONE) if is_whole else (Severity.ERROR, Remedy.REMOVE_IF_ASKED)
    damaged = found["body-digest-mismatch"]
    assert (damaged.severity, damaged.remedy) == expected


@pytest.mark.parametrize("ages", [(0, DAY_S), (0, 0)])
def test_no_page_speaks_against_a_file_that_its_address_proves(cache: Cache, ages: tuple[int, int]) -> None:
    url = file_url(CONTENT, NAME)
    cache.http_v2(url, CONTENT, headers={"Content-Type": "application/zip"})
    publish(cache, INDEX_URL, WRONG, age_s=ages[0], url=url)
    publish(cache, MIRROR, RIGHT, age_s=ages[1], url=url)
    found, not_judged = asked(cache)
    assert {(one.severity, one.remedy) for one in found.values()} == {(Severity.WARNING, Remedy.NONE)}
    assert not_judged == {}


AREAS = [
    # the area of the file; of the page that it fits, and its age; of the other one, and its age; what is wrong
    ("http-v2", "http-v2", DAY_S, "http", 0, None),
    ("http-v2", "http", DAY_S, "http", 0, "download-replaced"),
    ("http-v2", "http", 0, "http-v2", DAY_S, "body-digest-mismatch"),
    ("http", "http", DAY_S, "http-v2", 0, None),
    ("http", "http-v2", DAY_S, "http-v2", 0, "download-replaced"),
    ("http", "http-v2", 0, "http-v2", DAY_S, None),
]


@pytest.mark.parametrize("pips", [(), ("26.3",), ("22.3.1",), ("9.0.3", "26.3")])
@pytest.mark.parametrize(("area", "fitting", "fitting_age_s", "other", "other_age_s", "expected"), AREAS)
def test_the_newest_of_the_pages_decides_that_the_pips_read_which_read_the_file_whichever_are_found(
    cache: Cache,
    area: str,
    fitting: str,
    fitting_age_s: int,
    other: str,
    other_age_s: int,
    pips: tuple[str, ...],
    expected: str | None,
) -> None:
    (cache.http if area == "http" else cache.http_v2)(URL, CONTENT)
    publish(cache, INDEX_URL, RIGHT, age_s=fitting_age_s, is_old=fitting == "http")
    publish(cache, MIRROR, WRONG, age_s=other_age_s, is_old=other == "http")
    found, _ = asked(cache, *pips)
    assert set(found) == {"pages-disagree", expected} - {None}


def test_of_hundreds_of_pages_that_disagree_a_few_are_named_and_all_are_counted(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT)
    count = 300
    for number in range(count):
        publish(cache, f"https://mirror-{number}.example/", f"{number:064x}", age_s=number)
    found, _ = asked(cache)
    evidence = dict(found["body-digest-mismatch"].evidence)
    assert (evidence["pages"], evidence["expected_sha256"]) == (count, "0" * 64)
    assert sum(key.endswith("_written") for key in evidence) == 8


def test_an_index_that_publishes_digests_of_two_contents_is_told(cache: Cache) -> None:
    cache.http_v2(URL, CONTENT)
    body = f'{{"name": "demo", "files": [{{"url": "{URL}", "hashes": {{"md5": "{"0" * 32}", "sha256": "{RIGHT}"}}}}]}}'
    cache.http_v2(f"{INDEX_URL}demo/", body.encode(), headers=page_headers(body.encode()))
    found, _ = asked(cache)
    assert set(found) == {"pages-disagree"}
    assert found["pages-disagree"].message == "index publishes digests of different contents"
