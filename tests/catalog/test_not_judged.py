"""What cannot be judged is counted, with the reason, and whether a catalog tells it or not."""

from dataclasses import replace
from pathlib import Path

from pipcacheplus.checks.base.check import DAY_S
from pipcacheplus.model.values import Count, NotJudged
from tests.catalog.mixtures import SOUND, made, mixed, plain
from tests.replay.caches import Runs
from tests.support.builders import FILE_URL, Cache
from tests.support.requests import NOW


def cut(cache: Cache, project: str, *, age_s: float) -> str:
    """Store half a wheel that pip built."""
    path = cache.built_wheel(project, has_origin=False)
    content = cache.real(path).read_bytes()
    return cache.write(path, content[: len(content) // 2], age_s=age_s)


def test_a_cache_of_sound_entries_has_nothing_that_is_not_judged(folder: Path) -> None:
    runs = Runs(mixed(folder, sorted(SOUND)), folder / "state")
    assert runs.without().not_judged == {}


def test_what_is_not_judged_is_counted_by_the_reason(folder: Path) -> None:
    cache = Cache(folder / "cache")
    young = cut(cache, "young", age_s=60)
    cut(cache, "broken", age_s=7 * DAY_S)
    cache.write(cache.http(f"{FILE_URL}/young"), b"", age_s=60)
    odd = made(cache, "odd") + b"behind"
    cache.http_v2(f"{FILE_URL}/odd-1.0-py3-none-any.whl", odd, headers=plain(odd))
    runs = Runs(cache, folder / "state")
    found = runs.with_catalog()
    counts = {reason: (count.entries, count.files) for reason, count in found.not_judged.items()}
    assert counts == {NotJudged.LIMIT: (1, 2), NotJudged.YOUNG: (2, 2)}
    assert found.not_judged[NotJudged.YOUNG].bytes == cache.real(young).stat().st_size
    assert [finding.entry.project for finding in found.findings] == ["broken"]
    assert runs.with_catalog().not_judged == runs.without().not_judged == found.not_judged


def test_a_young_entry_is_judged_once_it_is_as_old_as_asked_for(folder: Path) -> None:
    cache = Cache(folder / "cache")
    cut(cache, "young", age_s=60)
    runs = Runs(cache, folder / "state")
    for min_age_s, reasons, objections in ((61.0, [NotJudged.YOUNG], 0), (59.0, [], 1)):
        found = runs.with_catalog(context=replace(NOW, min_age_s=min_age_s))
        assert (list(found.not_judged), len(found.findings)) == (reasons, objections)


def test_a_count_is_the_sum_of_what_it_counts(folder: Path) -> None:
    cache = Cache(folder / "cache")
    for name in ("a", "b", "c"):
        cut(cache, name, age_s=60)
    found = Runs(cache, folder / "state").without()
    entries = [one.entry for one in found.entries if one.not_judged is not None]
    total = Count(3, 3, sum(one.size for one in entries), sum(one.disk_size for one in entries))
    assert found.not_judged == {NotJudged.YOUNG: total}
