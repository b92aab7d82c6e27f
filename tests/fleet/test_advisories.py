"""Compromised files: is one of them in any of the caches?"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
    digests = {"id": "MAL-2026-2", "database_specific": {"malicious": [{"sha256": [wheel]}, {"sha256": "short"}]}}
    return {
        "a digest a line": f"# of an advisory\n\n{NOWHERE}\n{wheel.upper()}  demo_app-1.0.whl\nsha256:{wheel}\n",
        "as pip writes hashes": f"sha256={wheel} # pip hash\n",
        "pip-audit": json.dumps(audit),
        "an entry of OSV": json.dumps(osv),
        "a list of OSV": json.dumps([osv, {"id": "x"}, 7]),
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


_REFUSED = {
    "a line that is no digest": (f"{NOWHERE}\nnonsense\n", "line 2 begins with no SHA-256"),
    "a digest that is too short": (NOWHERE[:-1], "line 1 begins with no SHA-256"),
    "a digest of MD5": ("md5:" + "0" * 32, "line 1 begins with no SHA-256"),
    "nothing": ("", "names no digest and no release"),
    "comments alone": ("# none yet\n", "names no digest and no release"),
    "half of a report": ('{"dependencies": [', "is no JSON"),
    "deep JSON": ("[" * 200_000, "is no JSON"),
    "a report without findings": ('{"dependencies": []}', "names no digest and no release"),
    "types that are others": ('{"dependencies": 5, "affected": {"package": 3}}', "names no digest and no release"),
    "versions of a wrong type": (
        '{"affected": [{"package": {"ecosystem": "PyPI", "name": "demo-app"}, "versions": 5}]}',
        "names no release and no digest",
    ),
    "a name with an option": ('{"dependencies": [{"name": "--all", "version": "1", "vulns": [1]}]}', "names no digest"),
    "a version that is a range": (
        '{"dependencies": [{"name": "demo-app", "version": "1.0,<9", "vulns": [1]}]}',
        "names no digest",
    ),
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


def test_a_file_that_is_not_there_is_refused(two: list[Cache], run: Run, tmp_path: Path) -> None:
    ran = run("list", "--hashes", tmp_path / "none", *options_for(two))
    assert ran.code == 2
    assert "cannot be read (No such file or directory)" in ran.err


def test_20_000_digests_are_one_request(two: list[Cache], run: Run, tmp_path: Path) -> None:
    wheel = digest(demo_wheel(tmp_path))
    (tmp_path / "advisory").write_text("\n".join([*(f"{number:064x}" for number in range(19_999)), wheel]))
    ran = run("list", "--hashes", tmp_path / "advisory", *options_for(two), "--fail-if-found", "--format", "jsonl")
    assert (ran.code, [len(found) for found in found_in(ran).values()].count(1)) == (3, 2)
