"""The JSON document keeps its contract."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.values import (
    Area,
    CacheDir,
    CountedFindings,
    Group,
    Kind,
    OriginFacts,
    Severity,
    Shape,
    Source,
    State,
    UrlSource,
)
from pipcacheplus.render.json import FORMAT
from pipcacheplus.render.summary import summarize_entries, summarize_findings, summarize_outcomes
from pipcacheplus.render.view import View
from tests.support.values import NUMPY, PAGE, SIX, a_file, a_finding, a_view, an_entry, an_outcome


def written(view: View) -> str:
    pieces: list[str] = []
    FORMAT.render(view, pieces.append, width=None, color=False)
    return "".join(pieces)


def document(view: View) -> Any:  # noqa: ANN401 - a JSON document
    return json.loads(written(view))


def test_an_empty_view_has_every_key_of_the_document() -> None:
    assert document(a_view("dir")) == {
        "format": 1,
        "tool": {"name": "pipcacheplus", "version": "1.2"},
        "command": "dir",
        "cache": {"dir": "/cache", "source": "default", "last_use": "atime"},
        "summary": {},
        "entries": [],
        "findings": [],
        "actions": [],
        "warnings": [],
        "error": None,
    }


def test_an_entry_has_every_key_and_null_for_what_is_unknown() -> None:
    [told] = document(a_view("list", entries=(PAGE,)))["entries"]
    assert told == {
        "id": "http-v2/0/1/2/3/4/01234",
        "area": "http-v2",
        "kind": "index-page",
        "project": "numpy",
        "version": None,
        "filename": None,
        "url": None,
        "url_shown": None,
        "url_source": None,
        "tags": [],
        "sha256": None,
        "origin": None,
        "location": None,
        "status": None,
        "interpreter": None,
        "fresh_until": None,
        "paths": ["http-v2/0/1/2/3/4/01234", "http-v2/0/1/2/3/4/01234.body"],
        "size": 2000,
        "disk_size": 8192,
        "written": "2026-11-21T00:00:00Z",
        "used": "2026-11-22T00:00:00Z",
    }


def test_what_is_known_of_an_entry_is_told() -> None:
    known = an_entry(
        "http-v2/1", url="https://host.test/a", url_source=UrlSource.FILE_HOST, fresh_until_s=0, tags=("py3-none-any",)
    )
    [told] = document(a_view("list", entries=(known,)))["entries"]
    assert (told["url"], told["url_shown"]) == ("https://host.test/a", "https://host.test/a")
    assert told["url_source"] == "file-host"
    assert (told["fresh_until"], told["tags"]) == ("1970-01-01T00:00:00Z", ["py3-none-any"])


def test_what_a_wheel_was_built_from_is_told_as_it_may_be_shown() -> None:
    origin = OriginFacts(
        url=None,
        url_shown="https://\u2026@host.test/a.git",
        is_directory=False,
        vcs="git",
        commit="c0ffee",
        requested_revision="main",
        subdirectory="s",
        source_sha256=None,
    )
    entry = an_entry("wheels/x", sha256="ab", origin=origin, url=None, url_shown=origin.url_shown)
    [told] = document(a_view("show", entries=(entry,)))["entries"]
    assert (told["url"], told["url_shown"], told["sha256"]) == (None, "https://\u2026@host.test/a.git", "ab")
    assert told["origin"] == {
        "url": None,
        "url_shown": "https://\u2026@host.test/a.git",
        "directory": False,
        "vcs": "git",
        "commit": "c0ffee",
        "requested_revision": "main",
        "subdirectory": "s",
        "source_sha256": None,
    }


def test_of_a_redirect_status_and_target_are_told() -> None:
    redirect = an_entry("http-v2/1", kind=Kind.REDIRECT, status=301, location='/a "b"')
    [told] = document(a_view("list", entries=(redirect,)))["entries"]
    assert (told["status"], told["location"]) == (301, '/a "b"')


def test_last_use_is_the_time_of_writing_where_access_times_are_not_kept() -> None:
    told = document(a_view("list", entries=(PAGE,), last_use="mtime"))
    assert told["cache"]["last_use"] == "mtime"
    assert told["entries"][0]["used"] == "2026-11-21T00:00:00Z"


def test_a_finding_has_every_key() -> None:
    finding = a_finding(SIX, evidence=(("expected_sha256", "ab"), ("is_cut", True), ("offset", None)))
    [told] = document(a_view("verify", findings=(finding,)))["findings"]
    assert told == {
        "check": "body-digest-mismatch",
        "group": "corrupt",
        "severity": "error",
        "id": SIX.id,
        "paths": list(SIX.paths),
        "message": "content is not what the index published",
        "evidence": {"expected_sha256": "ab", "is_cut": True, "offset": None},
        "remedy": "remove-if-asked",
    }


def test_times_in_the_evidence_are_rfc_3339_and_other_numbers_stay() -> None:
    evidence = (("fresh_until", 0), ("page_1_written", 1_795_219_200), ("page_2_written", None), ("pages", 2))
    [told] = document(a_view("verify", findings=(a_finding(SIX, evidence=evidence),)))["findings"]
    assert told["evidence"] == {
        "fresh_until": "1970-01-01T00:00:00Z",
        "page_1_written": "2026-11-21T00:00:00Z",
        "page_2_written": None,
        "pages": 2,
    }


def test_an_action_has_every_key() -> None:
    outcome = an_outcome(NUMPY, State.FAILED, "wheel-cut", error="Permission denied")
    [told] = document(a_view("prune", outcomes=(outcome,)))["actions"]
    assert told == {
        "id": NUMPY.id,
        "paths": list(NUMPY.paths),
        "reasons": ["wheel-cut"],
        "reason": None,
        "size": 16_402_000,
        "disk_size": 8192,
        "freed": 0,
        "freed_measure": "exact",
        "lower_layer": False,
        "outcome": "failed",
        "error": "Permission denied",
    }


def test_an_empty_directory_is_named_by_an_action_that_has_no_paths() -> None:
    empty = an_entry(id="wheels/ab", area=Area.WHEELS, shape=Shape.EMPTY_DIRECTORY, kind=Kind.LEFTOVER)
    [told] = document(a_view("prune", outcomes=(an_outcome(empty),)))["actions"]
    assert (told["id"], told["paths"], told["size"]) == ("wheels/ab", [], 0)


def test_a_removal_counts_what_went_by_reason_and_what_stayed() -> None:
    outcomes = (
        an_outcome(NUMPY, State.REMOVED, "a", "b"),
        an_outcome(SIX, State.CHANGED, "b"),
        an_outcome(PAGE, State.FAILED, "b", error="no"),
    )
    told = document(a_view("prune", summary=summarize_outcomes(outcomes, (PAGE,))))["summary"]
    went = {"entries": 1, "files": 2, "bytes": 16_402_000, "disk_bytes": 8192}
    went |= {"directories": 0, "directory_bytes": 0, "du_bytes": 8192}
    assert told == {
        **went,
        "by_reason": {"a": went, "b": went},
        "kept": {"entries": 2, "files": 4, "bytes": 13_203, "disk_bytes": 16_384},
        "failed": 1,
    }


def test_an_empty_directory_is_no_entry_and_counts_as_the_directory_that_it_is() -> None:
    empty = an_entry(shape=Shape.EMPTY_DIRECTORY, kind=Kind.LEFTOVER, id="http-v2/a/b")
    told = summarize_outcomes((an_outcome(empty, State.REMOVED, folders=2, folder_disk_size=8192),), (empty, PAGE))
    went = {"entries": 0, "files": 0, "bytes": 0, "disk_bytes": 0}
    went |= {"directories": 2, "directory_bytes": 8192, "du_bytes": 8192}
    kept = {"entries": 1, "files": 2, "bytes": 2000, "disk_bytes": 8192}
    assert told == {**went, "by_reason": {"requested": went}, "kept": kept, "failed": 0}


def test_half_of_an_entry_that_went_is_counted_by_its_files_only() -> None:
    half = an_outcome(NUMPY, State.FAILED, removed=NUMPY.files[1:], disk_size=4096, error="no")
    told = summarize_outcomes((half,), ())
    assert (told["entries"], told["files"], told["bytes"], told["failed"]) == (0, 1, 16_400_000, 1)


def test_a_shared_file_counts_once_in_a_summary() -> None:
    other = an_entry("wheels/ab/cd/ef/0/six-1.16.0-py3-none-any.whl", SIX.files[1], area=Area.WHEELS)
    told = summarize_entries((SIX, other))
    assert (told["entries"], told["files"], told["bytes"]) == (2, 3, 11_053 + 150 + 1000)


def test_entries_are_counted_by_area_and_kind() -> None:
    told = document(a_view("list", summary=summarize_entries((SIX, PAGE))))["summary"]
    assert list(told["by_area"]) == ["http-v2", "wheels"]
    assert {kind: part["entries"] for kind, part in told["by_kind"].items()} == {"index-page": 1, "built-wheel": 1}


def test_findings_are_counted_by_severity_and_group() -> None:
    told = summarize_findings((a_finding(SIX), a_finding(NUMPY)))
    assert told == {
        "findings": 2,
        "by_severity": {"error": 2, "warning": 0, "info": 0},
        "by_group": {"corrupt": 2},
        "by_check": {"body-digest-mismatch": 2},
    }


def test_findings_that_were_only_counted_are_in_the_sums_with_the_others() -> None:
    expired = CountedFindings("response-expired", Group.STALE, Severity.INFO, 40_000)
    told = summarize_findings((a_finding(SIX), a_finding(PAGE, severity=Severity.INFO, group=Group.STALE)), (expired,))
    assert told == {
        "findings": 40_002,
        "by_severity": {"error": 1, "warning": 0, "info": 40_001},
        "by_group": {"corrupt": 1, "stale": 40_001},
        "by_check": {"body-digest-mismatch": 2, "response-expired": 40_000},
    }


@given(st.lists(st.text(alphabet=st.characters()), max_size=5))
def test_any_name_survives_a_round_trip_in_plain_ascii(names: list[str]) -> None:
    entries = tuple(an_entry(a_file(name)) for name in names)
    text = written(a_view("list", entries=entries, warnings=tuple(names)))
    assert text.isascii()
    told = json.loads(text)
    assert [entry["id"] for entry in told["entries"]] == names
    assert told["warnings"] == names


def test_a_name_that_is_not_utf_8_is_escaped() -> None:
    assert '"id": "caf\\udce9"' in written(a_view("list", entries=(an_entry("caf\udce9"),)))


def test_the_source_of_the_directory_is_told() -> None:
    cache = CacheDir(path="/c", source=Source.ENVIRONMENT)
    assert document(a_view("dir", cache=cache))["cache"]["source"] == "environment"


def test_many_entries_are_written_piece_by_piece() -> None:
    pieces: list[str] = []
    FORMAT.render(a_view("list", entries=(PAGE,) * 1000), pieces.append, width=None, color=False)
    assert max(map(len, pieces)) < 1000


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_795_219_199, "2026-11-20T23:59:59Z"),
        (-(10**15), "0001-01-01T00:00:00Z"),
        (10**15, "9999-12-31T23:59:59Z"),
    ],
)
def test_no_time_is_too_odd_to_be_told(time_s: int, text: str) -> None:
    [told] = document(a_view("list", entries=(an_entry("http-v2/1", fresh_until_s=time_s),)))["entries"]
    assert told["fresh_until"] == text
