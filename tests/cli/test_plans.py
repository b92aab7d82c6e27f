"""Plans that are saved, looked at, and carried out later: only what is still as it was judged goes."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from pipcacheplus.errors import BadRequestError
from pipcacheplus.plan.saved import parse_plan, plan_text
from tests.support import artefacts
from tests.support.builders import Cache, file_headers, tree


@pytest.fixture
def cache(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with three self-checks of environments that are gone, and a wheel."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)
    for prefix in ("/nonexistent/a", "/nonexistent/b", "/nonexistent/c"):
        cache.selfcheck(prefix)
    cache.built_wheel("demo")
    return cache


@pytest.fixture
def run(cache: Cache, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--cache-dir", str(cache.path)])
        return (code, *capsys.readouterr())

    return run


Run = Callable[..., tuple[int, str, str]]


def files(cache: Cache) -> dict[str, bytes | str]:
    return {path: content for path, content in tree(cache.path).items() if not path.endswith("/")}


def test_a_plan_is_saved_with_nothing_removed_and_carried_out_by_the_command_that_is_printed(
    cache: Cache, run: Run
) -> None:
    before = files(cache)
    code, out, err = run("prune", "--orphaned", "--exclusive", "--plan-out", "my plan.json")
    assert (code, files(cache)) == (0, before)
    assert "Entries to remove: 3" in out
    assert "Plan saved. To carry it out: " in err
    assert " apply 'my plan.json' --cache-dir " in err
    code, out, err = run("apply", "my plan.json", "--exclusive", "--dry-run")
    assert (code, files(cache), err) == (0, before, "")
    code, out, err = run("apply", "my plan.json", "--exclusive")
    assert (code, err) == (0, "")
    assert "orphaned" in out
    assert "Entries removed: 3" in out
    assert set(before) - set(files(cache)) == {path for path in before if path.startswith("selfcheck")}
    assert files(cache).items() <= before.items()


@pytest.mark.parametrize("verb", [("remove", "*"), ("purge",)], ids=lambda verb: verb[0])
def test_other_commands_save_plans_too_without_asking(cache: Cache, run: Run, verb: tuple[str, ...]) -> None:
    before = files(cache)
    code, _, _ = run(*verb, "--exclusive", "--plan-out", "plan.json")
    assert (code, files(cache)) == (0, before)
    assert run("apply", "plan.json", "--exclusive")[0] == 0
    assert not any(path.endswith(".whl") for path in files(cache))


def test_what_changed_since_stays_what_is_gone_is_counted_and_the_rest_goes(cache: Cache, run: Run) -> None:
    run("prune", "--orphaned", "--exclusive", "--plan-out", "plan.json")
    first, second, _ = sorted(path for path in files(cache) if path.startswith("selfcheck"))
    status = os.stat(cache.path / first)
    (cache.path / first).write_bytes((cache.path / first).read_bytes())
    os.utime(cache.path / first, ns=(status.st_atime_ns, status.st_mtime_ns))  # only its time of change differs
    (cache.path / second).unlink()
    code, out, err = run("apply", "plan.json", "--exclusive")
    assert code == 4
    assert f"{first}: changed since the plan was made, and stays" in err
    assert "No longer in the cache: 1 entry of the plan\n" in err
    assert "Entries removed: 1" in out
    assert {path for path in files(cache) if path.startswith("selfcheck")} == {first}


def test_a_file_that_came_to_share_what_should_go_keeps_it(cache: Cache, run: Run) -> None:
    run("remove", "demo", "--exclusive", "--plan-out", "plan.json")
    (wheel,) = (path for path in files(cache) if path.endswith(".whl"))
    other = wheel.replace("py3-none", "py2-none")
    shutil.copy(cache.path / wheel, cache.path / other)
    assert run("apply", "plan.json", "--exclusive")[0] == 0
    left = files(cache)
    assert wheel not in left
    assert {other, f"{os.path.dirname(wheel)}/origin.json"} <= set(left)


def edited(text: str, change: Callable[[dict[str, Any]], None]) -> str:
    document = json.loads(text)
    change(document)
    return json.dumps(document)


CHANGED, NONE = "was changed since it was made", "is not a plan, or was truncated"
BAD: dict[str, tuple[Callable[[str], str], str]] = {
    "an entry taken out": (
        lambda text: edited(text, lambda plan: plan["entries"].pop()),
        CHANGED,
    ),
    "another reason": (
        lambda text: edited(text, lambda plan: plan["entries"][0]["reasons"].append("x")),
        CHANGED,
    ),
    "no seal": (lambda text: edited(text, lambda plan: plan.pop("seal")), CHANGED),
    "a newer format": (
        lambda text: edited(text, lambda plan: plan.update(format=2)),
        "format 2, and this",
    ),
    "cut": (lambda text: text[: len(text) // 2], NONE),
    "empty": (lambda _text: "", NONE),
    "a list": (lambda _text: "[]", NONE),
    "not ASCII": (lambda text: text + "\u00e4", NONE),
    "deep": (lambda _text: "[" * 100_000, NONE),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("dry", [(), ("-n",)], ids=["run", "dry run"])
def test_a_plan_that_is_not_as_it_was_written_is_refused_with_one_sentence(
    cache: Cache, run: Run, tmp_path: Path, kind: str, dry: tuple[str, ...]
) -> None:
    run("prune", "--orphaned", "--exclusive", "--plan-out", "plan.json")
    before = files(cache)
    change, sentence = BAD[kind]
    (tmp_path / "plan.json").write_text(change((tmp_path / "plan.json").read_text()), encoding="utf-8")
    code, out, err = run("apply", "plan.json", "--exclusive", *dry)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert files(cache) == before


def test_a_plan_that_was_formatted_anew_is_the_same(cache: Cache, run: Run, tmp_path: Path) -> None:
    run("prune", "--orphaned", "--exclusive", "--plan-out", "plan.json")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()), indent=4, sort_keys=True))
    assert "Entries removed: 3" in run("apply", "plan.json", "--exclusive")[1]


@pytest.mark.parametrize("dry", [(), ("-n",)], ids=["run", "dry run"])
def test_a_plan_for_another_cache_is_refused(cache: Cache, run: Run, tmp_path: Path, dry: tuple[str, ...]) -> None:
    run("prune", "--orphaned", "--exclusive", "--plan-out", "plan.json")
    other = Cache(tmp_path / "other")
    other.selfcheck("/nonexistent/a")
    before = tree(other.path)
    assert main(["apply", "plan.json", "--exclusive", *dry, "--cache-dir", str(other.path)]) == 2
    assert tree(other.path) == before


def test_a_forged_plan_takes_nothing_that_no_pip_wrote(cache: Cache, run: Run, tmp_path: Path) -> None:
    cache.foreign("notes.txt")
    opened = PipCache(cache.path)
    (note,) = opened.scan("kind:foreign").entries
    forged = opened.plan(orphaned=True)
    action = forged.actions[0]
    text = plan_text(
        type(forged)(
            cache=forged.cache,
            actions=tuple(
                type(action)(entry=entry, reasons=("requested",), files=entry.files)
                for entry in (note, *(one.entry for one in forged.actions))
            ),
        ),
        made="2026-11-21T00:00:00Z",
        version="1",
    )
    (tmp_path / "plan.json").write_text(text)
    before = files(cache)
    assert run("apply", "plan.json", "--exclusive")[0] == 0
    assert "Entries removed: 0" in run("apply", "plan.json", "--exclusive")[1]
    assert files(cache)["notes.txt"] == before["notes.txt"]
    outside = text.replace("notes.txt", "../outside")
    with pytest.raises(BadRequestError, match="was changed"):
        parse_plan(outside, name="plan.json")


@pytest.mark.parametrize("there", ["file", "link", "directory", "nowhere"])
def test_a_plan_never_takes_the_place_of_anything(cache: Cache, run: Run, tmp_path: Path, there: str) -> None:
    plan = tmp_path / ("nowhere/plan.json" if there == "nowhere" else "plan.json")
    if there == "file":
        plan.write_text("mine")
    elif there == "link":
        plan.symlink_to(tmp_path / "target")
    elif there == "directory":
        plan.mkdir()
    before = files(cache)
    code, _, err = run("prune", "--orphaned", "--exclusive", "--plan-out", str(plan))
    assert (code, files(cache)) == (2, before)
    assert "name" in err
    assert not (tmp_path / "target").exists()
    assert there != "file" or plan.read_text() == "mine"


@pytest.mark.parametrize("there", ["nothing", "directory", "pipe"])
def test_what_is_no_file_is_no_plan(cache: Cache, run: Run, tmp_path: Path, there: str) -> None:
    plan = tmp_path / "plan.json"
    if there == "directory":
        plan.mkdir()
    elif there == "pipe":
        os.mkfifo(plan)
    before = files(cache)
    code, _, err = run("apply", str(plan), "--exclusive")
    assert (code, err.count("\n"), files(cache)) == (2, 1, before)


def test_what_was_to_go_because_of_something_that_is_gone_stays(cache: Cache, tmp_path: Path) -> None:
    content = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    for host in ("a", "b"):
        cache.http_v2(f"https://{host}.example/demo-1.0-py3-none-any.whl", content, headers=file_headers(content))
    opened = PipCache(cache.path)
    plan = opened.plan(duplicates=True)
    (action,) = plan.actions
    opened.save_plan(plan, str(tmp_path / "saved.json"))
    assert len(opened.load_plan(str(tmp_path / "saved.json")).actions) == 1
    opened.apply(opened.plan_removal(*action.because), exclusive=True)
    loaded = opened.load_plan(str(tmp_path / "saved.json"))
    assert not loaded.actions
    assert "the reason for its removal no longer exists" in loaded.warnings[0].message
