"""What is known of a cache without reading contents: nothing that `verify` does not say, and all of it afterwards."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from pipcacheplus import CacheFacts, PipCache
from pipcacheplus.model.values import Finding
from tests.catalog.mixtures import BUILDS, mixed
from tests.checks.damages import URL, built_from, sources
from tests.support.asking import Asker, at, question, with_state
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers
from tests.support.pages import link, page

SHARE = 12


def known(asker: Asker, *, remembers: bool = True) -> CacheFacts:
    with with_state(asker.state), at(asker.now_s):
        cache = PipCache(asker.cache, index_urls=asker.index_urls)
        return cache.report(pythons="current", remembers=remembers)


def told(findings: Iterable[Finding]) -> set[tuple[str, str, str]]:
    return {(one.entry.id, one.check, one.message) for one in findings}


@pytest.mark.parametrize("first", range(0, len(BUILDS), SHARE))
def test_nothing_is_said_before_verification_that_it_does_not_say_and_all_of_it_after(folder: Path, first: int) -> None:
    cache = mixed(folder, [*BUILDS][first : first + SHARE])
    asker = Asker(cache.path, folder / "state")
    true = told(asker.ask_anew(question("verify")).findings)
    before = known(asker)
    assert told(before.findings) <= true
    assert told(asker.ask(question("verify")).findings) == true
    after = known(asker)
    assert told(after.findings) == true
    assert after.not_read_to_end.entries <= before.not_read_to_end.entries
    assert told(known(asker, remembers=False).findings) <= true
    assert len(after.entries) == len(before.entries) == len(asker.ask(question("scan")).entries)


def agrees(cache: Cache, folder: Path) -> None:
    """Fail if anything is said of a cache that was not verified which `verify` does not say."""
    asker = Asker(cache.path, folder / "state")
    true = told(asker.ask_anew(question("verify")).findings)
    before = known(asker)
    assert before.not_read_to_end.entries
    assert told(before.findings) <= true


def test_metadata_that_a_page_may_prove_is_not_called_wrong(folder: Path) -> None:
    cache = Cache(folder / "cache")
    content = b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"
    digest = {"sha256": hashlib.sha256(content).hexdigest()}
    page(cache, f"{INDEX_URL}demo/", "demo", [link(URL, **{"core-metadata": digest})])
    cache.http_v2(f"{URL}.metadata", content)
    agrees(cache, folder)


def test_a_source_that_may_be_there_unchanged_is_not_called_replaced(folder: Path) -> None:
    cache = Cache(folder / "cache")
    old, new = sources(cache)
    url = f"{FILE_URL}/demo-1.0.tar.gz"
    built_from(cache, old, url)
    cache.http(url, new, headers=unproven(new, age_s=5 * DAY_S), age_s=5 * DAY_S)
    for age_s in (2 * DAY_S, DAY_S):  # the second time, the wheel is known and its newest source is not
        cache.http_v2(url, old, headers=unproven(old, age_s=age_s), age_s=age_s)
        agrees(cache, folder)
        Asker(cache.path, folder / "state").ask(question("verify"))


def unproven(body: bytes, *, age_s: float) -> dict[str, str]:
    """Return headers that say nothing of the content."""
    return file_headers(body, age_s=age_s) | {"ETag": 'W/"x"'}
