"""The check `http-unread`, and when `http` is read by nobody."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipcacheplus.catalog.queries import Query, run_query
from pipcacheplus.checks.base.check import checks, told_checks
from pipcacheplus.checks.base.looked_for import is_http_read
from pipcacheplus.host.pythons import python_of
from pipcacheplus.model.pythons import FoundPython, Interpreter
from tests.checks.objections import CONTEXT, told
from tests.support.builders import FILE_URL, Cache
from tests.support.interpreters import interpreter
from tests.support.processes import PIPCACHEPLUS, run
from tests.support.pythons import find_python
from tests.support.requests import whole

SLUG = "http-unread"


def test_what_lies_in_http_is_told_if_nobody_reads_it(cache: Cache) -> None:
    cache.http(f"{FILE_URL}/a.whl", b"x")
    cache.http_v2(f"{FILE_URL}/b.whl", b"x")
    cache.built_wheel("demo")
    assert told(SLUG, cache) == []
    assert told(SLUG, cache, is_http_read=False) == [("no pip considered reads http", "warning", "remove-if-asked")]


def test_verify_and_show_never_tell_it(cache: Cache) -> None:
    assert SLUG in {check.slug for check in checks()} - {check.slug for check in told_checks()}
    cache.http(f"{FILE_URL}/a.whl", b"x")
    query: Query = whole(cache, checks=told_checks(), context=replace(CONTEXT, is_http_read=False))
    assert SLUG not in {finding.check for one in run_query(query, []) for finding in one.findings}


READERS = [
    # versions of the pips considered; is any interpreter left out; directories with pip-audit; is `http` read
    (["26.3"], False, (), False),
    (["23.3"], False, (), False),
    (["23.2.1"], False, (), True),
    (["26.3", "9.0.3"], False, (), True),
    (["26.3", None], False, (), False),
    ([None], False, (), True),
    ([], False, (), True),
    (["26.3"], True, (), True),
    (["26.3"], False, ("/lib/site-packages/pip_audit",), True),
    (["26.3"], False, ("/lib/site-packages/pip_audit-2.0.dist-info",), False),
]


@pytest.mark.parametrize(("pips", "is_unasked", "paths", "expected"), READERS)
def test_http_is_read_by_pips_before_23_3_and_by_pip_audit(
    pips: Sequence[str | None], paths: Sequence[str], *, is_unasked: bool, expected: bool
) -> None:
    considered: list[Interpreter] = [replace(interpreter(pip=pip), search_path=("/lib/site-packages",)) for pip in pips]
    found = [python_of(one, ("PATH",)) for one in considered]
    found += [FoundPython(path="/opt/python", sources=("PATH",))] if is_unasked else []
    has_path = frozenset(paths).__contains__
    assert is_http_read(found, has_path=has_path) is expected


def pip_26_3(lib: Path) -> Path:
    """Make a directory of packages that has nothing in it but a pip 26.3, for all that its files say."""
    for name, content in (("pip/__init__.py", '__version__ = "26.3"\n'), ("pip-26.3.dist-info/METADATA", "")):
        (lib / name).parent.mkdir(exist_ok=True, parents=True)
        (lib / name).write_text(content)
    return lib


@pytest.fixture
def newest(tmp_path: Path) -> Path:
    """Return the Python of an environment with a pip 26.3 in it."""
    python = find_python("3.11")
    if python is None:
        pytest.skip("there is no Python 3.11")
    run([python, "-m", "venv", "--without-pip", str(tmp_path / "venv")], is_checked=True)
    pip_26_3(next((tmp_path / "venv").glob("lib/*/site-packages")))
    return tmp_path / "venv" / "bin" / "python"


def test_prune_incompatible_takes_http_and_says_so_before(cache: Cache, newest: Path) -> None:
    page = cache.http(f"{FILE_URL}/a.whl", b"x")
    kept = cache.http_v2(f"{FILE_URL}/b.whl", b"x")
    foreign = cache.foreign("http/notes.txt")
    prune = (*PIPCACHEPLUS, "prune", "--incompatible", "--cache-dir", str(cache.path), "--python", str(newest))
    (lib,) = newest.parents[1].glob("lib/*/site-packages")
    (lib / "pip_audit").mkdir()
    assert "http" not in run([*prune, "--exclusive"], is_checked=True).stderr
    (lib / "pip_audit").rmdir()
    dry = json.loads(run([*prune, "--dry-run", "--format", "json"], is_checked=True).stdout)
    assert [(action["id"], action["reasons"]) for action in dry["actions"]] == [(page, [SLUG])]
    done = run([*prune, "--exclusive"], is_checked=True)
    assert (
        "http is removed as well: every pip considered is 23.3 or later, and never reads it"
        in done.stdout + done.stderr
    )
    assert [cache.real(path).exists() for path in (page, kept, foreign)] == [False, True, True]


def test_a_bare_prune_leaves_http_alone(cache: Cache, newest: Path) -> None:
    page = cache.http(f"{FILE_URL}/a.whl", b"x")
    for reason in ((), ("--stale",), ("--partial",)):
        run(
            (*PIPCACHEPLUS, "prune", *reason, "--cache-dir", str(cache.path), "--python", str(newest), "--exclusive"),
            is_checked=True,
        )
    assert cache.real(page).exists()


def test_info_tells_how_much_it_is(cache: Cache, tmp_path: Path) -> None:
    cache.http(f"{FILE_URL}/a.whl", b"x" * 10_000)
    cache.http_v2(f"{FILE_URL}/b.whl", b"x")
    cache.temporary(cache.http(f"{FILE_URL}/c.whl", b"x"))
    cache.foreign("http/notes.txt")
    info = (*PIPCACHEPLUS, "info", "--cache-dir", str(cache.path), "--python", "current")
    lib = pip_26_3(tmp_path / "lib")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(lib), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]),
    }
    said = run(info, env=environment, is_checked=True).stdout
    assert re.search(r"^response +3 .* prune --incompatible$", said, re.MULTILINE)
    told = json.loads(run((*info, "--format", "json"), env=environment, is_checked=True).stdout)
    counts = told["summary"]["http_unread"]
    assert told["summary"]["reclaimable"]["incompatible"] == {
        **counts,
        "empty_directories": 0,
        "option": "incompatible",
    }
    assert (counts["entries"], counts["files"]) == (2, 2)
    assert counts["bytes"] > 10_000
    for words in (("--read",), ()):  # the second time, the catalog has read them
        told = json.loads(run((*info, *words, "--format", "json"), env=environment, is_checked=True).stdout)
        assert told["summary"]["reclaimable"]["incompatible"]["entries"] == 2
    (lib / "pip-26.3.dist-info").rename(lib / "pip-23.2.1.dist-info")
    (lib / "pip" / "__init__.py").write_text('__version__ = "23.2.1"')
    assert "prune --incompatible" not in run(info, env=environment, is_checked=True).stdout
