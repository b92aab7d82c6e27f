"""Counts by names and times alone are those of the entries and findings, however the cache is divided."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipcacheplus.catalog import parallel
from pipcacheplus.catalog.counts import Counter, CountRequest, Counts, PipCount, count_entries
from pipcacheplus.catalog.names import identify
from pipcacheplus.checks.base.check import checks, findings
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import parts, scan, walk
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Area, Count, Entry, Finding, Group, Kind, Remedy, Shape, Warned
from pipcacheplus.pips.layout import ORIGIN_NAME, body_path
from tests.support.builders import DAY_S, NOW_S, Cache
from tests.support.requests import NOW

URL = "https://files.example/demo"


def request_for(cache: Cache) -> CountRequest:
    return CountRequest(
        path=str(cache.path),
        context=NOW,
        checks=checks(),
        last_use="mtime",
        spans_s=(DAY_S, 7 * DAY_S, 30 * DAY_S),
        now_s=NOW_S,
    )


def use(cache: Cache, path: str, days: float) -> None:
    os.utime(cache.real(path), (NOW_S - days * DAY_S,) * 2, follow_symlinks=False)


@pytest.fixture
def full(cache: Cache) -> Cache:
    """Return a cache with something of every shape, in more parts than are worth a process, used at all times."""
    for number in range(200):
        head = cache.http_v2(f"{URL}{number}", b"x" * number)
        use(cache, head, number / 5)
        use(cache, body_path(head), number / 4)
    for number in range(30):
        cache.temporary(cache.http(f"{URL}{number}", b"x"))
        cache.built_wheel(f"demo{number}")
    cache.http_v2(f"{URL}/a", b"x", has_body=False)
    cache.http_v2(f"{URL}/b", b"x", has_head=False)
    cache.build_directory(cache.built_wheel("demo"), b"half")
    cache.lock_directory(cache.http(URL, b"x"), host="here", pid=5)
    cache.lock_file(cache.http(URL + "2", b"x"), host="here", pid=5)
    cache.selfcheck("/env")
    cache.old_selfcheck("/env")
    cache.log()
    cache.foreign()
    cache.foreign("http-v2/0/notes")
    cache.foreign("wheels/mine/not-a-wheel.whl", b"x" * 99)
    cache.directory("http-v2/0/0")
    cache.directory("wheels/00/11")
    cache.write(f"{cache.built_wheel('alone').rpartition('/')[0]}/notes.txt", b"x")
    return cache


def checked(cache: Cache) -> Iterator[tuple[Entry, list[Finding]]]:
    """Yield every entry with all that its names and times are found wrong with."""
    put = [check for check in checks() if check.depth <= Depth.NAMES]
    with OpenCache(str(cache.path)) as opened:
        for seen in scan(opened):
            assert isinstance(seen, Entry)
            entry = identify(seen, Facts())
            yield entry, list(findings(entry, Facts(), NOW, put))


def counted_one_by_one(cache: Cache) -> Counts:
    counter = Counter(request_for(cache))
    for entry, found in checked(cache):
        counter.add(entry.area, entry.kind, entry.shape, entry.files, found)
    return counter.counts


def test_what_the_parts_add_up_to_is_what_the_entries_do(full: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenCache(str(full.path)) as opened:
        assert len(parts(opened)) > parallel._FEW_PARTS
        shapes = {seen.shape for seen in walk(opened) if not isinstance(seen, Warned)}
    assert shapes == set(Shape) - {Shape.ORIGIN}
    by_processes = count_entries(request_for(full))
    assert by_processes[::2] == (counted_one_by_one(full), ())
    assert sum(count.entries for count in by_processes[0].by_last_use.values()) > 290
    assert len(by_processes[0].by_last_use) == 4
    monkeypatch.setattr(parallel, "_FEW_PARTS", 10_000)
    assert count_entries(request_for(full)) == by_processes


def test_what_no_check_of_names_objects_to_cannot_be_reclaimed_and_all_else_can(full: Cache) -> None:
    expected: dict[Group, set[str]] = {}
    for entry, found in checked(full):
        for finding in found:
            if finding.remedy is not Remedy.NONE and entry.shape is not Shape.EMPTY_DIRECTORY:
                expected.setdefault(finding.group, set()).add(entry.id)
    counts, *_ = count_entries(request_for(full))
    by_reason = dict[str, int]()
    for (_, reason), count in counts.reclaimable.items():
        by_reason[reason] = by_reason.get(reason, 0) + count.entries
    assert by_reason == {group.value: len(ids) for group, ids in expected.items()}
    assert by_reason[Group.PARTIAL.value] > 30
    assert {kind: count.entries for kind, count in counts.reclaimable_at_all.items()} == {
        Kind.LEFTOVER: len(set().union(*expected.values()))
    }
    assert counts.empty_directories == {Group.PARTIAL: 1}


def test_a_file_that_two_wheels_share_counts_once_whenever_they_were_used(cache: Cache) -> None:
    one = cache.built_wheel("demo", tag="py2-none-any")
    other = cache.built_wheel("demo", tag="py3-none-any")
    origin = f"{one.rpartition('/')[0]}/{ORIGIN_NAME}"
    sizes = [os.path.getsize(cache.real(path)) for path in (one, other, origin)]
    use(cache, origin, 60)
    use(cache, one, 0.5)
    use(cache, other, 3)
    counts, *_ = count_entries(request_for(cache))
    whole = counts.totals[Area.WHEELS, Kind.BUILT_WHEEL]
    assert (whole.entries, whole.files, whole.bytes) == (2, 3, sum(sizes))
    assert [count._replace(disk_bytes=0) for _, count in sorted(counts.by_last_use.items())] == [
        Count(1, 2, sizes[0] + sizes[2]),
        Count(1, 1, sizes[1]),
    ]
    assert counts.pip == (0, 0, 2, sum(sizes))


@pytest.mark.parametrize("area", ["http", "http-v2"])
def test_links_count_as_pip_counts_them(cache: Cache, tmp_path: Path, area: str) -> None:
    (tmp_path / "outside").mkdir()
    cache.foreign("notes.txt", b"mine")
    cache.foreign(f"{area}/notes.txt", b"12345")
    for name, target in (("broken", "nowhere"), ("file", cache.real("notes.txt")), ("folder", tmp_path / "outside")):
        cache.real(f"{area}/{name}").symlink_to(target)
    cache.directory("wheels")
    cache.real("wheels/a-1.whl").symlink_to(cache.real("notes.txt"))
    cache.real("wheels/b-1.whl").symlink_to(tmp_path / "outside")
    counts, *_ = count_entries(request_for(cache))
    assert counts.pip == (3, 5, 1, 0)
    assert sum(count.entries for count in counts.totals.values()) == 7


def test_what_cannot_be_looked_at_is_told_in_order_of_the_walk(full: Cache) -> None:
    for folder in ("http", "http-v2/0/1/mine", "http-v2/0/mine", "http-v2/1/0/mine", "wheels/00", "a", "z"):
        full.foreign(f"{folder}/" + "d/" * 80 + "notes.txt")
    with OpenCache(str(full.path)) as opened:
        warnings = tuple(one for one in walk(opened) if isinstance(one, Warned))
    assert len(warnings) == 7
    assert count_entries(request_for(full))[2] == warnings


def test_the_entries_that_are_done_are_told(full: Cache) -> None:
    done: list[int] = []
    counts, *_ = count_entries(request_for(full), lambda count, _total: done.append(count))
    assert done == sorted(done)
    assert done[-1] == sum(count.entries for count in counts.totals.values())


def test_an_empty_cache_has_counts_of_nothing(cache: Cache) -> None:
    assert count_entries(request_for(cache))[::2] == (Counts({}, {}, {}, {}, {}, PipCount()), ())
