"""Compromised files: is one of them in any of the caches?"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from pipcacheplus.cli.base.advisories import _spans, selections_in
from tests.fleet.caches import Ran, demo_wheel, digest, options_for
from tests.support.builders import Cache, tree

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")
Run = Callable[..., Ran]
NOWHERE = hashlib.sha256(b"in no cache").hexdigest()


@pytest.fixture
def two(caches: list[Cache], tmp_path: Path) -> list[Cache]:
    """Return three caches, the last one without the shared wheel."""
    last = Cache(tmp_path / "clean")
    last.built_wheel("other")
    return [*caches[:2], last]


def found_in(ran: Ran) -> dict[str, list[str]]:
    """Return the projects that were found, by cache."""
    return {line["path"]: [entry["project"] for entry in line["entries"]] for line in ran.lines}


@pytest.mark.parametrize("word", ["sha256", "demo-app==1.0", "host:files.example"])
def test_a_selection_names_each_cache_that_has_it_with_owner_entry_and_last_use(
    two: list[Cache], run: Run, tmp_path: Path, word: str
) -> None:
    selection = f"sha256:{digest(demo_wheel(tmp_path))}" if word == "sha256" else word
    ran = run("list", selection, *options_for(two), "--fail-if-found", "--format", "jsonl")
    assert ran.code == 3
    if word.startswith("host"):
        assert all(found_in(ran).values()), "built wheels have a URL of that host"
    else:
        assert found_in(ran) == {str(one.path): ["demo-app"] * has for one, has in zip(two, (1, 1, 0), strict=True)}
    assert all(line["uid"] == os.geteuid() for line in ran.lines)
    text = run("list", selection, *options_for(two), "--fail-if-found")
    assert text.code == 3
    assert all(word in text.out for word in ("owner", "used", "2025-12-2"))


def test_without_a_match_the_exit_code_is_0(two: list[Cache], run: Run) -> None:
    for word in (f"sha256:{NOWHERE}", "demo-app==2.0", "host:evil.example"):
        ran = run("list", word, *options_for(two), "--fail-if-found", "--format", "jsonl")
        assert (ran.code, found_in(ran)) == (0, {str(one.path): [] for one in two})


def test_without_the_option_a_match_is_exit_code_0(two: list[Cache], run: Run) -> None:
    assert run("list", "demo-app==1.0", *options_for(two), "--format", "jsonl").code == 0


def test_a_cache_that_could_not_be_searched_outranks_no_match(two: list[Cache], run: Run, tmp_path: Path) -> None:
    missing = ["--cache-dir", tmp_path / "missing"]
    assert run("list", "demo-app==9", *options_for(two), *missing, "--fail-if-found", "--format", "jsonl").code == 4


def reports(wheel: str) -> dict[str, str]:
    """Return files that name a wheel, or its release."""
    audit: Any = {
        "dependencies": [
            {"name": "demo-app", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]},
            {"name": "own-0", "version": "1.0", "vulns": []},
            {"name": "skipped", "skip_reason": "not found"},
        ],
        "fixes": [],
    }
    osv: Any = {
        "id": "MAL-2026-1",
        "affected": [
            {"package": {"ecosystem": "PyPI", "name": "demo-app"}, "versions": ["0.9", "1.0"]},
            {"package": {"ecosystem": "npm", "name": "own-0"}, "versions": ["1.0"]},
        ],
    }
    events = [{"fixed": "1.0.1"}, {"introduced": "0.5"}, {"introduced": "7"}]
    package = {"ecosystem": "PyPI", "name": "demo-app"}
    git = {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "c43455749b914feef56b178b256f29b3016146eb"}]}
    ranges = {"id": "X", "affected": [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}, git]}]}
    digests = {"id": "MAL-2026-2", "database_specific": {"malicious": [{"sha256": [wheel]}, {"sha256": "short"}]}}
    return {
        "a digest a line": f"# of an advisory\n\n{NOWHERE}\n{wheel.upper()}  demo_app-1.0.whl\nsha256:{wheel}\n",
        "as pip writes hashes": f"sha256={wheel} # pip hash\n",
        "pip-audit": json.dumps(audit),
        "an entry of OSV": json.dumps(osv),
        "a list of OSV": json.dumps(
            [osv, {"id": "x"}, {**osv, "id": "MAL-2026-3", "withdrawn": "2026-01-01T00:00:00Z"}]
        ),
        "pip-audit before 2.0": json.dumps(audit["dependencies"]),
        "ranges of OSV": json.dumps(ranges),
        "digests of OSV": json.dumps(digests),
    }


@pytest.mark.parametrize("kind", reports(NOWHERE))
def test_a_file_of_digests_and_reports_finds_the_wheel_alone(
    two: list[Cache], run: Run, tmp_path: Path, kind: str
) -> None:
    listed = tmp_path / "advisory"
    listed.write_text(reports(digest(demo_wheel(tmp_path)))[kind])
    before = [tree(one.path) for one in two]
    ran = run("list", "--hashes", listed, *options_for(two), "--fail-if-found", "--format", "jsonl")
    assert found_in(ran) == {str(one.path): ["demo-app"] * has for one, has in zip(two, (1, 1, 0), strict=True)}
    assert (ran.code, ran.err) == (3, "")
    assert [tree(one.path) for one in two] == before
    one = run("list", "--hashes", listed, "--cache-dir", two[0].path, "--fail-if-found", "--json")
    assert (one.code, [entry["project"] for entry in json.loads(one.out)["entries"]]) == (3, ["demo-app"])


def test_a_file_without_a_match_is_exit_code_0(two: list[Cache], run: Run, tmp_path: Path) -> None:
    (tmp_path / "advisory").write_text(NOWHERE)
    for options in (options_for(two), options_for(two[:1])):
        ran = run("list", "--hashes", tmp_path / "advisory", *options, "--fail-if-found", "--format", "jsonl")
        assert (ran.code, ran.err) == (0, "")


def osv_of(name: str, **parts: Any) -> str:  # noqa: ANN401 - of JSON
    """Return an entry of OSV about a project of PyPI."""
    return json.dumps({"id": "X", "affected": [{"package": {"ecosystem": "PyPI", "name": name}, **parts}]})


_REFUSED = {
    "a line that is no digest": (f"{NOWHERE}\nnonsense\n", "line 2 begins with no SHA-256"),
    "a digest that is too short": (NOWHERE[:-1], "line 1 begins with no SHA-256"),
    "a digest of MD5": ("md5:" + "0" * 32, "line 1 begins with no SHA-256"),
    "nothing": ("", "names no digest and no release"),
    "comments alone": ("# none yet\n", "names no digest and no release"),
    "half of a report": ('{"dependencies": [', "is no JSON"),
    "deep JSON": ("[" * 200_000, "is no JSON"),
    "another report": ('{"results": []}', "names no digest and no release"),
    "an empty object": ("{}", "names no digest and no release"),
    "a list of numbers": ("[7]", "has a list with more than objects"),
    "types that are others": ('{"dependencies": 5, "affected": {"package": 3}}', "names no digest and no release"),
    "versions of a wrong type": (
        '{"id": "X", "affected": [{"package": {"ecosystem": "PyPI", "name": "demo-app"}, "versions": 5}]}',
        "X names no release and no digest",
    ),
    "commits alone": (
        osv_of("demo-app", ranges=[{"type": "GIT", "events": [{"introduced": "0"}]}]),
        "X names no release and no digest",
    ),
    "a range that is none of Python": (
        osv_of("demo-app", ranges=[{"events": [{"introduced": "x.y"}]}]),
        "has a range of demo-app that cannot be used",
    ),
    "a name of OSV with an option": (
        '{"id": "X", "affected": [{"package": {"ecosystem": "PyPI", "name": "--all"}, "versions": ["1"]}]}',
        "has a release that cannot be used: '--all', '1'",
    ),
    "a name with an option": (
        '{"dependencies": [{"name": "--all", "version": "1", "vulns": [1]}]}',
        "has a release that cannot be used: '--all', '1'",
    ),
    "a version that is a range": (
        '{"dependencies": [{"name": "demo-app", "version": "1.0,<9", "vulns": [1]}]}',
        "has a release that cannot be used",
    ),
    "a dependency that is a number": ('{"dependencies": [7]}', "has a dependency that is none of pip-audit"),
    "bytes": ("\x00\x01\x02", "line 1 begins with no SHA-256"),
    "too many": ("\n".join(f"{number:064x}" for number in range(20_001)), "has 20,001 selections, more than 20,000"),
}


@pytest.mark.parametrize("kind", _REFUSED)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused_as_a_whole(
    two: list[Cache], run: Run, tmp_path: Path, kind: str
) -> None:
    content, problem = _REFUSED[kind]
    (tmp_path / "advisory").write_text(content)
    for options in (options_for(two), options_for(two[:1])):
        ran = run("list", "--hashes", tmp_path / "advisory", *options, "--fail-if-found")
        assert (ran.code, ran.out) == (2, "")
        assert problem in ran.err
        assert ran.err.count("\n") == 1


_CLEAN = {
    "pip-audit": {
        "dependencies": [
            {"name": "demo-app", "version": "1.0", "vulns": []},
            {"name": "own-0", "skip_reason": "not found"},
        ],
        "fixes": [],
    },
    "pip-audit of an empty environment": {"dependencies": [], "fixes": []},
    "pip-audit before 2.0": [{"name": "demo-app", "version": "1.0", "vulns": []}],
    "no entry": [],
    "OSV of another ecosystem": {
        "id": "GHSA-1",
        "affected": [{"package": {"ecosystem": "npm", "name": "demo-app"}, "versions": ["1.0"]}],
    },
    "OSV that was withdrawn": {
        "id": "PYSEC-1",
        "withdrawn": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "demo-app"}, "versions": ["1.0"]}],
    },
}


@pytest.mark.parametrize("kind", _CLEAN)
@pytest.mark.parametrize("form", [(), ("--json",), ("--format", "jsonl")], ids=" ".join)
def test_a_clean_report_finds_nothing_and_one_sentence_says_so(
    two: list[Cache], run: Run, tmp_path: Path, kind: str, form: tuple[str, ...]
) -> None:
    listed = tmp_path / "advisory"
    listed.write_text(json.dumps(_CLEAN[kind]))
    sentence = f"{listed} names no vulnerable release and no digest, so nothing is searched for"
    missing = ("--cache-dir", tmp_path / "missing")
    for options in ((*options_for(two), *missing), tuple(options_for(two[:1]))):
        ran = run("list", "--hashes", listed, *options, "--fail-if-found", *form)
        assert ran.code == 0
        assert sentence in json.loads(ran.out)["warnings"] if ran.out and form else ran.err == f"WARNING: {sentence}\n"
        assert "demo-app" not in ran.out


def test_a_selection_beside_a_clean_report_is_searched_for(two: list[Cache], run: Run, tmp_path: Path) -> None:
    (tmp_path / "advisory").write_text(json.dumps(_CLEAN["no entry"]))
    for options in (options_for(two), options_for(two[:1])):
        ran = run("list", "demo-app", "--hashes", tmp_path / "advisory", *options, "--fail-if-found")
        assert (ran.code, "nothing is searched for" in ran.err, "demo-app" in ran.out) == (3, True, True)


def test_a_version_of_a_time_before_pep_440_is_a_release(run: Run, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "old")
    cache.built_wheel("pytz", "2004d")
    cache.built_wheel("pytz", "2004")
    package = {"ecosystem": "PyPI", "name": "pytz"}
    (tmp_path / "advisory").write_text(
        json.dumps({"id": "X", "affected": [{"package": package, "versions": ["2004d"]}]})
    )
    assert selections_in(str(tmp_path / "advisory")) == ("pytz===2004d",)
    ran = run("list", "--hashes", tmp_path / "advisory", *options_for([cache]), "--fail-if-found", "--json")
    assert (ran.code, ran.err) == (3, "")
    assert [entry["version"] for entry in json.loads(ran.out)["entries"]] == ["2004d"]


_VERSIONS = [
    *(
        "0.dev1",
        "0.9",
        "1.0.dev0",
        "1.0a1",
        "1.0rc1",
        "1.0",
        "1.0+cpu",
        "1.0.post1",
        "1.1",
        "2.0rc2",
        "2.0",
        "2.0.post0",
    ),
    *("3.0", "10.0"),
]
_EVENTS = st.tuples(
    st.sampled_from(["introduced", "fixed", "last_affected"]),
    st.sampled_from(["0", "1.0", "1.0rc1", "1.1", "2.0", "3"]),
)


_RANK = ("fixed", "introduced", "last_affected")
"""Events of one version, which the schema leaves open, in the order in which no affected version is lost."""


def is_vulnerable(version: str, events: list[tuple[str, str]]) -> bool:
    """Evaluate a range as the schema of OSV says."""
    vulnerable = False
    for key, at in sorted(events, key=lambda event: (Version(event[1]), _RANK.index(event[0]))):
        if key == "introduced" and (at == "0" or Version(version) >= Version(at)):
            vulnerable = True
        elif (key == "fixed" and Version(version) >= Version(at)) or (
            # A local version is the same release, built in another way.
            key == "last_affected" and Version(Version(version).public) > Version(at)
        ):
            vulnerable = False
    return vulnerable


@given(st.lists(_EVENTS, min_size=1, max_size=6, unique=True))
def test_ranges_select_the_versions_that_the_schema_of_osv_calls_vulnerable(events: list[tuple[str, str]]) -> None:
    document = [{key: version} for key, version in events]
    selections = [Requirement(one).specifier for one in _spans("demo", document)]
    found = [version for version in _VERSIONS if any(one.contains(version, prereleases=True) for one in selections)]
    assert found == [version for version in _VERSIONS if is_vulnerable(version, events)]


def test_a_file_that_is_not_there_is_refused(two: list[Cache], run: Run, tmp_path: Path) -> None:
    ran = run("list", "--hashes", tmp_path / "none", *options_for(two))
    assert ran.code == 2
    assert "cannot be read (No such file or directory)" in ran.err


def test_20_000_digests_are_one_request(two: list[Cache], run: Run, tmp_path: Path) -> None:
    wheel = digest(demo_wheel(tmp_path))
    (tmp_path / "advisory").write_text("\n".join([*(f"{number:064x}" for number in range(19_999)), wheel]))
    ran = run("list", "--hashes", tmp_path / "advisory", *options_for(two), "--fail-if-found", "--format", "jsonl")
    assert (ran.code, [len(found) for found in found_in(ran).values()].count(1)) == (3, 2)
