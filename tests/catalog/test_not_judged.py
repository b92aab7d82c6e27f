"""What cannot be judged is counted, with the reason, and whether a catalog tells it or not."""

from dataclasses import replace
from pathlib import Path

from pipcacheplus.apply.disarm import disarm
from pipcacheplus.catalog.queries import verification_of
from pipcacheplus.catalog.results import Verification
from pipcacheplus.checks.base.check import DAY_S
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.values import CacheDir, Count, Group, NotJudged, Remedy, Severity, Source
from pipcacheplus.plan.select import Selection
from tests.apply.doing import a_system
from tests.catalog.mixtures import SOUND, made, mixed, plain
from tests.replay.caches import Runs
from tests.support.builders import FILE_URL, Cache, file_headers
from tests.support.requests import NOW


def verified(runs: Runs, **more: object) -> Verification:
    """Return what `verify` returns."""
    return verification_of(CacheDir(path=str(runs.cache.path), source=Source.ARGUMENT), runs.query(**more))


def cut(cache: Cache, project: str, *, age_s: float) -> str:
    """Store half a wheel that pip built."""
    path = cache.built_wheel(project, has_origin=False)
    content = cache.real(path).read_bytes()
    return cache.write(path, content[: len(content) // 2], age_s=age_s)


def test_a_cache_of_sound_entries_has_nothing_that_is_not_judged(folder: Path) -> None:
    runs = Runs(mixed(folder, sorted(SOUND)), folder / "state")
    assert set(runs.without().not_judged) <= {NotJudged.FOREIGN}


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


def test_what_a_pip_may_be_at_work_on_is_counted_as_young_and_an_empty_directory_is_not(folder: Path) -> None:
    cache = Cache(folder / "cache")
    cache.http_v2(f"{FILE_URL}/head", b"x", has_body=False, age_s=60)
    cache.http_v2(f"{FILE_URL}/body", b"x", has_head=False, age_s=60)
    cache.temporary(cache.http_v2(f"{FILE_URL}/whole", b"x", headers=plain(b"x"), age_s=60), b"12345", age_s=60)
    cache.build_directory(cache.built_wheel("built", age_s=60), b"123", age_s=3 * 3600)
    cache.lock_directory(cache.http(FILE_URL, b"x", headers=plain(b"x"), age_s=60), host="elsewhere", pid=5, age_s=7200)
    cache.directory("http-v2/0/0", age_s=60)
    runs = Runs(cache, folder / "state")
    found = runs.without()
    assert {reason: count.entries for reason, count in found.not_judged.items()} == {NotJudged.YOUNG: 5}
    assert {finding.remedy for finding in found.findings if finding.group is Group.PARTIAL} == {Remedy.NONE}
    everything = runs.without(context=replace(NOW, min_age_s=0))
    assert everything.not_judged == {}
    gone = [finding for finding in everything.findings if finding.group is Group.PARTIAL]
    assert [finding.remedy for finding in gone] == [Remedy.REMOVE] * 6


def test_without_a_grace_period_what_is_dated_in_the_future_is_judged(folder: Path) -> None:
    cache = Cache(folder / "cache")
    cache.http_v2(f"{FILE_URL}/body", b"x", has_head=False, age_s=-DAY_S)
    runs = Runs(cache, folder / "state")
    assert list(runs.without(context=replace(NOW, min_age_s=0.001)).not_judged) == [NotJudged.YOUNG]
    assert runs.without(context=replace(NOW, min_age_s=0)).not_judged == {}


def test_youth_protects_nothing_that_is_complete(folder: Path) -> None:
    cache = Cache(folder / "cache")
    headers = file_headers(b"content", project="demo", version="1.0", age_s=1)
    cache.http_v2(f"{FILE_URL}/other.zip", b"CONTENT", headers=headers, age_s=1)
    cache.http(f"{FILE_URL}/single.zip", b"CONTENT", headers=headers, age_s=1)
    cache.built_wheel("garbage", content=b"no archive at all", age_s=1)
    runs = Runs(cache, folder / "state")
    found = runs.without()
    errors = [(one.check, one.remedy) for one in found.findings if one.severity is Severity.ERROR]
    errors.sort()
    assert errors == [
        ("body-digest-mismatch", Remedy.REMOVE_IF_ASKED),
        ("body-digest-mismatch", Remedy.REMOVE_IF_ASKED),
        ("built-wheel-broken", Remedy.REMOVE),
    ]
    assert found.not_judged == {}


def test_foreign_files_are_counted_and_named_and_those_that_are_not_wanted_are_neither(folder: Path) -> None:
    cache = Cache(folder / "cache")
    cache.foreign("notes.txt", b"mine")
    cache.foreign("wheels/notes.txt", b"mine too")
    cache.built_wheel("sound")
    runs = Runs(cache, folder / "state")
    for found in (verified(runs), verified(runs), verified(runs, remembers=False)):
        disk_bytes = sum(entry.disk_size for entry in found.foreign)
        assert found.not_judged == {NotJudged.FOREIGN: Count(2, 2, 12, disk_bytes)}
        assert [entry.id for entry in found.foreign] == ["notes.txt", "wheels/notes.txt"]
        assert found.findings == ()
        assert found.unverifiable == 0
    wanted = verified(runs, selection=Selection(["sound"]))
    assert (wanted.entries, wanted.not_judged, wanted.foreign) == (1, {}, ())


def test_what_a_broken_off_run_disarmed_is_counted_and_found(folder: Path) -> None:
    cache = Cache(folder / "cache")
    cache.http_v2(f"{FILE_URL}/demo.zip", b"x", headers=file_headers(b"x"))
    runs = Runs(cache, folder / "state")
    (entry,) = runs.entries()
    with OpenCache(str(cache.path)) as opened:
        disarm(opened, entry.files[0], a_system(), is_single=False, keeps_open=False)
    found = verified(runs)
    assert {reason: count.entries for reason, count in found.not_judged.items()} == {NotJudged.DISARMED: 1}
    assert [finding.check for finding in found.findings if finding.group is Group.PARTIAL] == ["response-disarmed"]
    assert found.unverifiable == 0


def test_directories_that_are_not_entered_are_counted_by_the_reason(folder: Path) -> None:
    cache = Cache(folder / "cache")
    cache.foreign("/".join(["deep"] * 70) + "/notes.txt")
    assert verified(Runs(cache, folder / "state")).not_entered == {NotJudged.UNREADABLE: 1}


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
