"""A keep that fits nothing: a warning, or the end of the run before anything goes; in a dry run and in Python too."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from pipcacheplus.errors import MisspeltKeepError
from tests.support import artefacts
from tests.support.builders import INDEX_URL, Cache, file_headers, file_url, page_headers, tree


@pytest.fixture
def tiny(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with a download and the page of one project, a built wheel of another, and a half."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)
    wheel = artefacts.wheel(tmp_path, "demo-tiny", "1.0")
    content = wheel.read_bytes()
    headers = file_headers(content, project="demo-tiny", version="1.0")
    cache.http_v2(file_url(content, wheel.name), content, headers=headers)
    page = json.dumps({"name": "demo-tiny", "files": [], "meta": {"api-version": "1.0"}}).encode()
    cache.http_v2(INDEX_URL + "demo-tiny/", page, headers=page_headers(page))
    cache.built_wheel("whole_lib", "2.0")
    cache.http_v2("https://files.example/half", b"half", has_head=False)
    return cache


VERBS = {
    "prune": ("prune", "--stale=0"),
    "remove": ("remove", "demo-tiny"),
    "purge": ("purge", "--yes", "--exclusive"),
}
each_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)


@each_verb
@pytest.mark.parametrize("keep", ["demo_tyni", "DemoTiny", "demo-tniy<2", "demo-tiny-1.0"])
@pytest.mark.parametrize("dry", [(), ("-n",)], ids=["run", "dry run"])
def test_a_misspelt_keep_stops_the_run_with_2_before_anything_goes(
    tiny: Cache, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...], keep: str, dry: tuple[str, ...]
) -> None:
    before = tree(tiny.path)
    assert main([*verb, *dry, "--keep", keep, "--cache-dir", str(tiny.path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"ERROR: --keep '{keep}': it matches nothing, and demo-tiny would be removed; did you mean demo-tiny?"
        " If not, pass --keep-missing-ok\n"
    )
    assert tree(tiny.path) == before


@each_verb
def test_a_keep_of_what_is_not_cached_is_a_warning_that_names_it_and_the_run_goes_on(
    tiny: Cache, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    assert main([*verb, "--exclusive", "--keep", "numpy", "--keep", "whole-lib", "--cache-dir", str(tiny.path)]) == 0
    out, err = capsys.readouterr()
    assert err == 'WARNING: --keep "numpy" matches nothing in this cache\n'
    assert out.splitlines()[-1].startswith("Entries removed: ")
    assert not out.splitlines()[-1].startswith("Entries removed: 0")
    assert any("whole_lib" in path for path in tree(tiny.path))


def test_the_warning_is_in_the_document(tiny: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", "-n", "--keep", "numpy", "--format", "json", "--cache-dir", str(tiny.path)]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["warnings"], err) == (['--keep "numpy" matches nothing in this cache'], "")


@each_verb
@pytest.mark.parametrize("keep", ["demo_tyni", "numpy"])
def test_who_wants_neither_says_so(
    tiny: Cache, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...], keep: str
) -> None:
    assert main([*verb, "--exclusive", "--keep", keep, "--keep-missing-ok", "--cache-dir", str(tiny.path)]) == 0
    assert capsys.readouterr().err == ""


@each_verb
@pytest.mark.parametrize(
    ("keep", "problem"),
    [
        ("f70d85a8", "no entry has this id; list prints ids; if it may be missing,"),
        ("f70d85", "no entry has this id; an id has 8 digits or more; if it may be missing,"),
        ("sha256:00000000", "no entry has this hash; show prints hashes; if it may be missing,"),
        ("http-v2/5/5", "no entry has this path; list --format paths prints paths; if it may be missing,"),
        ("demo-tiny + 1.1.1", "no project has this name; did you mean 'demo-tiny==1.1.1'? If not,"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("-n",)], ids=["run", "dry run"])
def test_a_keep_that_names_one_entry_and_matches_none_stops_the_run_with_2(
    tiny: Cache,
    capsys: pytest.CaptureFixture[str],
    verb: tuple[str, ...],
    keep: str,
    problem: str,
    dry: tuple[str, ...],
) -> None:
    before = tree(tiny.path)
    words = [*verb, *dry, "--keep", keep, "--cache-dir", str(tiny.path)]
    assert main(words) == 2
    out, err = capsys.readouterr()
    wrong = keep.rpartition(" ")[2]
    assert (out, err) == ("", f"ERROR: --keep '{wrong}': {problem} pass --keep-missing-ok\n")
    assert tree(tiny.path) == before
    assert main([*words, "-n", "--keep-missing-ok"]) == 0
    assert capsys.readouterr().err == ""


def test_a_version_that_is_not_cached_of_a_cached_project_is_a_warning(
    tiny: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["purge", "-n", "--keep", "demo-tiny==1.17", "--cache-dir", str(tiny.path)]) == 0
    assert capsys.readouterr().err == 'WARNING: --keep "demo-tiny==1.17" matches nothing in this cache\n'


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("demo-tiny + not:1.1.1", "no project has this name; did you mean 'demo-tiny!=1.1.1'? If not,"),
        ("kind:wheel + not:1.1.1", "no project has this name; did you mean 'PROJECT!=1.1.1'? If not,"),
        ("demo-tiny + not:f70d85a8", "no entry has this id; list prints ids; if it may be missing,"),
    ],
)
def test_an_exception_that_names_one_version_or_entry_and_matches_none_stops_remove_with_2(
    tiny: Cache, capsys: pytest.CaptureFixture[str], what: str, problem: str
) -> None:
    before = tree(tiny.path)
    words = ["remove", "--exclusive", what, "--cache-dir", str(tiny.path)]
    assert main(words) == 2
    wrong = what.rpartition(" ")[2]
    assert capsys.readouterr().err == f"ERROR: '{wrong}': {problem} pass --keep-missing-ok\n"
    assert tree(tiny.path) == before
    assert main([*words, "-n", "--keep-missing-ok"]) == 0


def test_a_misspelt_keep_of_what_stays_anyway_is_a_warning(tiny: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", "--keep", "demo_tyni", "--cache-dir", str(tiny.path)]) == 0
    assert "matches nothing" in capsys.readouterr().err
    assert any(content == b"half" for content in tree(tiny.path).values()) is False


@pytest.mark.parametrize(
    "keep",
    [
        "demo-tiny",
        "Demo_Tiny<2",
        "demo_tiny-*",
        "kind:wheel",
        "kind:built-wheel",
        INDEX_URL + "demo-tiny/",
        "whole-lib",
    ],
)
def test_a_keep_that_fits_something_that_would_stay_anyway_is_no_warning(tiny: Cache, keep: str) -> None:
    opened = PipCache(tiny.path)
    assert opened.plan(partial=True, keep=[keep]).unmatched_keeps == ()
    assert opened.plan_purge(keep=[keep]).unmatched_keeps == ()


def test_an_entry_is_kept_by_its_path(tiny: Cache) -> None:
    opened = PipCache(tiny.path)
    for entry in opened.entries():
        plan = opened.plan_purge(keep=[entry.id])
        assert (plan.unmatched_keeps, [kept.id for kept in plan.kept]) == ((), [entry.id])


Plan = Callable[..., object]


@pytest.mark.parametrize(
    "ask",
    [
        lambda cache, **more: cache.plan(stale=0, **more),
        lambda cache, **more: cache.plan_removal("kind:wheel", **more),
        lambda cache, **more: cache.plan_purge(**more),
    ],
    ids=VERBS,
)
def test_python_is_told_the_same_in_its_own_words(tiny: Cache, ask: Plan) -> None:
    opened = PipCache(tiny.path)
    with pytest.raises(MisspeltKeepError) as caught:
        ask(opened, keep=["demo_tyni"])
    assert (caught.value.keep, caught.value.similar) == ("demo_tyni", "demo-tiny")
    assert str(caught.value) == (
        "`keep` 'demo_tyni': it matches nothing, and demo-tiny would be removed; did you mean demo-tiny?"
        " If not, pass `keep_missing_ok=True`"
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own
    with pytest.raises(MisspeltKeepError) as caught:
        ask(opened, keep=["f70d85a8"])
    assert (caught.value.keep, caught.value.similar) == ("f70d85a8", None)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own
    assert ask(opened, keep=["numpy"]).unmatched_keeps == ("numpy",)  # type: ignore[attr-defined]
    assert ask(opened, keep=["demo_tyni"], keep_missing_ok=True).unmatched_keeps == ()  # type: ignore[attr-defined]


def test_without_a_catalog_it_is_the_same(tiny: Cache) -> None:
    opened = PipCache(tiny.path)
    with pytest.raises(MisspeltKeepError):
        opened.plan(stale=0, keep=["demo_tyni"], remembers=False)
    assert opened.plan(stale=0, keep=["numpy", "demo-tiny"], remembers=False).unmatched_keeps == ("numpy",)
