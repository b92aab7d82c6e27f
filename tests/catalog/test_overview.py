"""An overview hands its entries on as they go by, if somebody takes them, and then holds none."""

import tracemalloc
from collections.abc import Sequence

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.checks.base.check import is_listed
from pipcacheplus.model.values import Entry, Finding
from tests.support.builders import Cache, page_headers

URL = "https://index.example/simple/demo-"


@pytest.mark.parametrize("reads", [False, True])
def test_what_is_handed_on_is_what_would_be_held(cache: Cache, *, reads: bool) -> None:
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    cache.built_wheel("demo")
    cache.temporary(cache.http(URL, b"y"))
    cache.directory("http-v2/0/1")
    cache.foreign()
    held = PipCache(cache.path).overview(reads=reads)
    handed: list[tuple[Entry, Sequence[Finding]]] = []
    rest = PipCache(cache.path).overview(reads=reads, each=lambda entry, findings: handed.append((entry, findings)))
    assert tuple(entry for entry, _ in handed if is_listed(entry)) == held.entries
    assert [finding.check for _, found in handed for finding in found] == [one.check for one in held.findings]
    assert {"empty-directory", "temporary"} <= {finding.entry.shape.value for _, found in handed for finding in found}
    assert (rest.entries, rest.findings) == ((), ())
    assert rest.warnings == held.warnings


def test_what_is_handed_on_is_not_held(cache: Cache) -> None:
    for number in range(400):
        cache.http(f"{URL}{number}", b"x")

    def memory(*, is_held: bool) -> int:
        tracemalloc.start()
        try:
            PipCache(cache.path).overview(each=None if is_held else lambda _entry, _findings: None)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    memory(is_held=True)  # what is imported on the way stays
    assert memory(is_held=False) < memory(is_held=True) / 2


def test_what_an_overview_has_read_is_made_when_it_is_looked_at(cache: Cache) -> None:
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    found = PipCache(cache.path).overview(reads=True)
    assert (found.entries[0] is found.entries[0], found.findings[0] is found.findings[0]) == (False, False)
    assert (found.entries[0], found.findings[0]) == (found.entries[0], found.findings[0])
