"""The text of `info`: what a person reads on 80 columns, and what a program can copy."""

import re

import pytest

from pipcacheplus.catalog.census import CacheCounts
from pipcacheplus.catalog.counts import Counts, PipCount
from pipcacheplus.model.values import Area, Count, Kind, Survey
from pipcacheplus.render.human import lines_of
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.view import View
from tests.render.censuses import BUILT, CACHE, PROGRAM, a_view_of, census, counts


def text(view: View, width: int | None = 80, *, color: bool = False) -> list[str]:
    return list(lines_of(view, Layout(width=width, color=color)))


def table(view: View) -> list[list[str]]:
    found = text(view)
    return [re.split(r" {2,}", line) for line in found[: found.index("")]]


def test_the_table_has_a_row_for_each_kind_and_adds_up() -> None:
    assert table(a_view_of(census())) == [
        ["TYPE", "ENTRIES", "SIZE ON DISK", "RECLAIMABLE", "COMMAND"],
        ["wheel", "9", "240 kB", "0 bytes (0%)"],
        ["index page", "15", "120 kB", "120 kB (100%)", "prune --stale"],
        ["built wheel", "18", "300 kB", "30 kB (10%)", "prune --corrupt"],
        ["", "45 kB (15%)", "prune --incompatible"],
        ["10 directories", "40 kB", "2 empty", "prune --partial"],
        ["total", "42", "700 kB", "180 kB (25%)"],
        ["1 entry (15 kB) is listed under a further reason, and counted once in the total."],
    ]


def test_nothing_of_a_command_or_a_path_is_cut_however_narrow_the_terminal() -> None:
    found = text(a_view_of(census()), 40)
    for option in ("stale", "corrupt", "incompatible", "partial"):
        (line,) = [line for line in found if f"pipcacheplus prune --{option}" in line]
        assert line.endswith(f"{PROGRAM} prune --{option} --cache-dir '{CACHE.path}'")
    assert any(line.endswith(f"{PROGRAM} verify --cache-dir '{CACHE.path}'") for line in found)


def test_the_table_fits_80_columns() -> None:
    assert max(map(len, text(a_view_of(census()))[:8])) <= 80


def test_the_commands_that_reclaim_most_come_first() -> None:
    found = text(a_view_of(census()))
    begin = found.index("To reclaim") + 1
    assert [line.split()[:2] for line in found[begin : begin + 4]] == [
        ["120", "kB"],
        ["45", "kB"],
        ["30", "kB"],
        ["2", "empty"],
    ]


def test_that_the_sizes_to_reclaim_are_those_of_files_is_said_unless_only_directories_could_go() -> None:
    said = "  Sizes are those of files; directories that become empty go as well: prune -n counts them."
    assert said in text(a_view_of(census()), None)
    only_folders = counts(reclaimable={}, reclaimable_at_all={})
    found = text(a_view_of(census(counts=only_folders)), None)
    assert "To reclaim" in found
    assert said not in found


def test_what_was_not_read_is_said_with_the_command_that_reads_it() -> None:
    totals = {(Area.HTTP_V2, Kind.RESPONSE): Count(40, 80, 1, 1), (Area.WHEELS, Kind.BUILT_WHEEL): BUILT}
    unread = {Kind.RESPONSE: Count(39, 78, 1, 1), Kind.BUILT_WHEEL: BUILT}
    of_kinds = counts(totals=totals, reclaimable={}, reclaimable_at_all={}, empty_directories={})
    found = text(a_view_of(census(counts=of_kinds, unread=unread)), None)
    assert [line.split()[:5] for line in found if "response" in line][:2] == [
        ["response,", "not", "read", "yet", "39"],
        ["other", "response", "1", "0", "bytes"],
    ]
    at = found.index("Not looked into")
    assert found[at + 1] == (
        "  39 responses and 18 built wheels not read yet: their kind, project and reclaimable size are unknown."
    )
    assert found[at + 2].startswith(f"  To do that:  {PROGRAM} info --read ")
    assert "LARGEST PROJECTS, of what was read" in "\n".join(found)


def test_comparisons_that_were_not_made_are_said_unless_they_were() -> None:
    view = a_view_of(census())
    assert "  Not compared: " in "\n".join(text(view, None))
    read = view._replace(summary={**view.summary, "read": True})
    assert "Not looked into" not in text(read)


@pytest.mark.parametrize(
    ("errors", "lacking", "said"),
    [
        (0, 0, "No problem found; every file has been read to its end."),
        (0, 39, "No problem found among what was read; 39 files were not read to their end since their last change."),
        (0, 1, "No problem found among what was read; 1 file was not read to its end since its last change."),
        (
            2,
            3,
            "2 entries with a problem among what was read; 3 files were not read to their end since their last change.",
        ),
        (1, 0, "1 entry with a problem; every file has been read to its end."),
    ],
)
def test_health_is_said_in_a_sentence(errors: int, lacking: int, said: str) -> None:
    view = a_view_of(census(counts=counts(errors=errors), lacking_end=Count(lacking)))
    assert f"  {said}" in text(view, None)
    assert any(" verify --cache-dir" in line for line in text(view)) is bool(errors or lacking)


def test_where_nothing_was_read_no_health_is_claimed() -> None:
    totals = {(Area.WHEELS, Kind.BUILT_WHEEL): BUILT}
    unread = census(counts=counts(totals=totals, errors=0), unread={Kind.BUILT_WHEEL: BUILT}, lacking_end=BUILT)
    said = (
        "  No entry has been read since its last change (reading within 2 seconds of it does not count):"
        " whether any is damaged is unknown; 18 files to read."
    )
    assert said in text(a_view_of(unread), None)


def test_the_times_of_last_use_are_five_and_all_entries_are_in_one() -> None:
    found = text(a_view_of(census()))
    begin = next(at for at, line in enumerate(found) if line.startswith("LAST USED"))
    assert [re.split(r" {2,}", line)[:2] for line in found[begin + 1 : begin + 4]] == [
        ["within 1 day", "15"],
        ["within 3 months", "9"],
        ["longer ago", "26"],
    ]


def test_pages_of_unknown_indexes_are_said_with_the_option_that_helps() -> None:
    found = " ".join(text(a_view_of(census(pages_without_url=3)), None))
    assert "The index of 3 of 15 pages is unknown" in found
    assert "--index-url" in found
    assert "The index of" not in " ".join(text(a_view_of(census()), None))


def test_pips_own_lines_come_last_and_alone_if_little_is_wanted() -> None:
    found = text(a_view_of(census()))
    at = found.index("As pip counts it")
    assert found[at + 1] == f"Package index page cache location (pip v23.3+): {CACHE.path}/http-v2"
    assert len(found) == at + 8
    assert text(a_view_of(census(), verbosity=-1)) == found[at + 1 :]


def test_names_of_projects_are_escaped_and_colours_change_no_word() -> None:
    plain = "\n".join(text(a_view_of(census())))
    assert "\x1b" not in plain
    assert "x\\x1b[2J" in plain
    colored = "\n".join(text(a_view_of(census()), color=True))
    assert re.sub(r"\x1b\[\d+m", "", colored) == plain
    assert "\x1b[31m  2 entries with a problem" in colored


def test_an_empty_cache_is_said_to_be_empty() -> None:
    nothing = CacheCounts(Counts({}, {}, {}, {}, {}, PipCount()), Survey(1, 4096), (), unread={}, lacking_end=Count())
    found = text(a_view_of(nothing))
    assert [re.split(r" {2,}", line) for line in found[1:3]] == [
        ["1 directory", "4.1 kB", "0 bytes (0%)"],
        ["total", "0", "4.1 kB", "0 bytes (0%)"],
    ]
    assert "  The cache is empty." in found
    assert "Not looked into" not in found


def test_what_could_go_of_kinds_that_nobody_has_read_is_unknown_and_the_total_a_lower_bound() -> None:
    totals = {(Area.WHEELS, Kind.BUILT_WHEEL): BUILT, (Area.OTHER, Kind.FOREIGN): Count(1, 1, 1, 1)}
    of_kinds = counts(totals=totals, reclaimable={}, reclaimable_at_all={}, empty_directories={})
    for unread, said, bound in ((BUILT, ["unknown"], ["at least"]), (Count(4), ["0 bytes (0%)"], ["at least"])):
        rows = {row[0]: row[3:] for row in table(a_view_of(census(counts=of_kinds, unread={Kind.BUILT_WHEEL: unread})))}
        assert rows["built wheel"] == said
        assert rows["foreign files"] == ["0 bytes (0%)"]
        assert rows["total"][1:] == bound


@pytest.mark.parametrize(("lacking", "bound"), [(Count(), []), (Count(1), ["at least"])])
def test_the_total_is_a_lower_bound_if_a_file_was_never_read_to_its_end(lacking: Count, bound: list[str]) -> None:
    total = table(a_view_of(census(lacking_end=lacking)))[-2]
    assert total[0] == "total"
    assert total[4:] == bound
