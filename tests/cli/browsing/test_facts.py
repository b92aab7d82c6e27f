"""The facts that the terminal view keeps of each entry are those that `list`, `info` and `verify` tell."""

from argparse import ArgumentParser
from pathlib import Path

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family
from pipcacheplus.cli.browsing.facts import REASONS, BrowsedEntries, Reading, read_entries
from pipcacheplus.cli.browsing.groups import By, Order, group_title, groups_of, places_in_order
from pipcacheplus.cli.browsing.walk import Walk
from pipcacheplus.model.values import Finding
from tests.support import artefacts
from tests.support.asking import PRESENT_S, at
from tests.support.builders import DAY_S, Cache, file_headers, page_headers

HOW = Reading(pythons="current", remembers=False)


def read(cache: Cache) -> BrowsedEntries:
    with at(PRESENT_S):
        return read_entries(PipCache(cache.path), HOW, None)


def fill(cache: Cache, folder: Path) -> None:
    """Put entries into a cache that could go for several reasons, and names whose order as text is not that of ids."""
    for version in ("1.9", "1.10"):
        content = artefacts.wheel(folder, "demo", version).read_bytes()
        cache.http_v2(f"https://h.example/{version}", content, headers=file_headers(content), age_s=3 * DAY_S)
    built = cache.built_wheel("built", tag="cp27-cp27m-win32", url="https://h.example/built.tar.gz")
    other = built.rpartition("/")[0] + "/built-1.0-py3-none-any.whl"
    cache.write(other, cache.real(built).read_bytes())
    cache.http_v2("https://h.example/page", b"x", headers=page_headers(b"x"), age_s=40 * DAY_S)
    cache.http_v2("https://h.example/half", b"x", has_head=False)
    for name in ("\U0001f40d", "\ufb01", "\udcff", "a"):
        cache.foreign(name)


def test_reasons_are_those_of_the_findings_whatever_the_names_are(cache: Cache, tmp_path: Path) -> None:
    fill(cache, tmp_path)
    facts = read(cache)
    with at(PRESENT_S):
        found = PipCache(cache.path).overview(reads=True, pythons="current", remembers=False)
    expected = {(one.entry.id, one.group.option) for one in found.findings if one.remedy.value != "none"}
    expected |= {(id_, "superseded") for id_ in found.redundant.get("superseded", ())}
    told = {(facts.entry(place).id, why) for place in range(len(facts)) for why in facts.reasons_of(place)}
    assert told == expected
    assert {why for _, why in told} >= {"stale", "partial", "incompatible", "superseded"}


def test_findings_that_are_held_give_the_same_reasons_as_those_that_are_not(cache: Cache, tmp_path: Path) -> None:
    fill(cache, tmp_path)
    facts = read(cache)
    lazy = facts.reasons[:]
    with at(PRESENT_S):
        found = PipCache(cache.path).overview(reads=True, pythons="current", remembers=False)
    held: tuple[Finding, ...] = tuple(found.findings)
    facts.give_reasons(held, found.redundant)
    assert facts.reasons == lazy
    assert any(lazy)


def test_a_file_that_two_wheels_share_counts_once(cache: Cache, tmp_path: Path) -> None:
    fill(cache, tmp_path)
    facts = read(cache)
    with at(PRESENT_S):
        entries = PipCache(cache.path).scan().entries
    files = {file.path: file.disk_size for entry in entries for file in entry.files}
    assert sum(len(entry.files) for entry in entries) == len(files) + 1
    assert sum(facts.sizes) == sum(files.values())


def test_every_group_of_a_cache_has_a_title_and_all_entries_are_in_one(cache: Cache, tmp_path: Path) -> None:
    fill(cache, tmp_path)
    facts = read(cache)
    everything = range(len(facts))
    for by in By:
        groups = groups_of(facts, everything, by, PRESENT_S)
        assert {place for group in groups for place in group.places} == {*everything}
        assert all(group.title and group.title.isprintable() for group in groups)
        assert len({group.title for group in groups}) == len(groups)


def test_every_reason_is_an_option_of_prune_and_says_what_it_means() -> None:
    parser = ArgumentParser()
    Family("pipcacheplus.cli", "COMMAND", Command)["prune"].declare(parser)
    options = {option.removeprefix("--") for action in parser._actions for option in action.option_strings}
    assert {*REASONS} <= options
    for number, reason in enumerate(REASONS):
        assert group_title(By.REASON, number, "atime").startswith(f"{reason}: ")


def test_versions_are_in_the_order_of_numbers(cache: Cache, tmp_path: Path) -> None:
    fill(cache, tmp_path)
    facts = read(cache)
    walk = Walk(facts, PRESENT_S)
    demo = next(group.places for group in walk.level.groups if group.title == "demo")
    named = [facts.brief(place).version for place in places_in_order(facts, demo, Order.NAME)]
    assert named == ["1.9", "1.10"]


def test_a_cache_without_entries_has_no_groups(cache: Cache) -> None:
    facts = read(cache)
    assert [groups_of(facts, (), by, PRESENT_S) for by in By] == [[], [], [], []]
    assert (len(Walk(facts, PRESENT_S)), list(facts.name_ranks)) == (0, [])
