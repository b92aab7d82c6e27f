"""A dry run and a run differ in nothing but the deed: refusals, outcomes, counts."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.errors import BadRequestError, CacheBusyError, NotACacheError
from pipcacheplus.model.values import Action, Plan, Report, State
from pipcacheplus.render.summary import summarize_report
from tests.apply.doing import MACHINES, carried_out, machine, only, planned, states
from tests.apply.trashes import everything, seen
from tests.deletion.caches import make_cache
from tests.support.builders import Cache, page_headers, tree
from tests.support.holding import held
from tests.support.owners import given_away, is_root
from tests.support.processes import PIPCACHEPLUS, run

URL = "https://files.example/demo"
BEFORE = {State.REMOVED: State.PLANNED, State.TRASHED: State.PLANNED}


def both(plan: Plan, cache: Cache, **more: Any) -> tuple[Report, Report]:  # noqa: ANN401 - any argument
    """Return the report of a dry run, which touches nothing, and that of a run after it."""
    before = seen(cache.path.parent)
    dry = carried_out(plan, is_planned=True, **more)
    assert seen(cache.path.parent) == before
    return dry, carried_out(plan, **more)


def assert_same(dry: Report, done: Report) -> None:
    """Hold every outcome and every count of a dry run against those of the run."""
    assert {id_: BEFORE.get(state, state) for id_, state in states(done).items()} == states(dry)
    assert [outcome.error for outcome in dry.outcomes] == [outcome.error for outcome in done.outcomes]
    for one, other in zip(dry.outcomes, done.outcomes, strict=True):
        assert (one.removed, one.moved, one.disk_size) == (other.removed, other.moved, other.disk_size), one
    counts, run_counts = summarize_report(dry), summarize_report(done)
    assert {**counts, "run": None} == {**run_counts, "run": None}


@MACHINES
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
@pytest.mark.parametrize("trash", [False, True], ids=["gone", "trash"])
def test_every_shape_of_entry_fares_the_same(
    cache: Cache,
    is_exclusive: bool,  # noqa: FBT001 - a row's value
    trash: bool,  # noqa: FBT001 - as above
    has_descriptors: bool,  # noqa: FBT001 - as above
) -> None:
    everything(cache)
    used = cache.built_wheel("used")
    os.utime(cache.real(used))
    system = machine(has_descriptors=has_descriptors)
    dry, done = both(planned(cache), cache, is_exclusive=is_exclusive, trash=trash, system=system)
    assert_same(dry, done)
    assert State.PLANNED in states(dry).values()


def test_what_changed_since_it_was_judged_is_told_to_stay(cache: Cache) -> None:
    changed, gone = cache.http_v2(URL, b"x", headers=page_headers(b"x")), cache.http(URL, b"y")
    link = cache.http("https://files.example/link", b"z")
    plan = planned(cache)
    cache.http_v2(URL, b"other", headers=page_headers(b"other"), age_s=0)
    cache.real(gone).unlink()
    cache.real(link).unlink()
    cache.real(link).symlink_to(cache.real(changed))
    dry, done = both(plan, cache)
    assert_same(dry, done)
    assert states(dry) == {changed: State.CHANGED, gone: State.GONE, link: State.CHANGED}


def test_a_plan_of_what_is_not_pips_is_told_to_change_nothing(cache: Cache) -> None:
    notes = cache.foreign("http-v2/notes.txt")
    plan = planned(cache, cache.http(URL, b"x"))
    (action,) = plan.actions
    entry = replace(action.entry, id=notes, files=(action.files[0]._replace(path=notes),))
    forged = replace(plan, actions=(Action(entry=entry, reasons=("requested",), files=entry.files),))
    dry, done = both(forged, cache)
    assert_same(dry, done)
    assert only(dry).state is State.CHANGED


def test_an_origin_is_counted_with_the_last_wheel_and_stays_with_one_that_stays(cache: Cache) -> None:
    url = "https://files.example/demo-2.0.tar.gz"
    cache.built_wheel("demo", "2.0", url=url)
    cache.built_wheel("demo", "2.0", tag="cp27-cp27m-win32", url=url)
    dry, done = both(planned(cache), cache, is_exclusive=True)
    assert_same(dry, done)
    assert sum(len(outcome.removed) for outcome in dry.outcomes) == 3
    first = cache.built_wheel("demo", "2.0", url=url)
    second = cache.built_wheel("demo", "2.0", tag="cp27-cp27m-win32", url=url)
    os.utime(cache.real(second))
    dry, done = both(planned(cache), cache, is_exclusive=False)
    assert_same(dry, done)
    assert states(dry) == {first: State.PLANNED, second: State.BUSY}


def test_bytes_that_another_name_holds_are_not_counted(cache: Cache, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        cache.http(f"{URL}{name}", b"x" * 5000)
    one, two, three = (outcome.action.entry.id for outcome in carried_out(planned(cache), is_planned=True).outcomes)
    cache.real(two).unlink()
    os.link(cache.real(one), cache.real(two))
    os.link(cache.real(three), tmp_path / "outside")
    dry, done = both(planned(cache), cache, is_exclusive=True)
    assert_same(dry, done)
    assert sorted(bool(outcome.disk_size) for outcome in dry.outcomes) == [False, False, True]


def test_names_of_different_files_are_counted_apart(cache: Cache, tmp_path: Path) -> None:
    for name in ("a", "b"):
        os.link(cache.real(cache.http(f"{URL}{name}", b"x" * 5000)), tmp_path / name)
    dry, done = both(planned(cache), cache, is_exclusive=True)
    assert_same(dry, done)
    assert [outcome.disk_size for outcome in dry.outcomes] == [0, 0]


def put_into(folder: Path) -> None:
    (folder / "notes").write_bytes(b"mine")


def use(folder: Path) -> None:
    (folder / "x").touch()
    (folder / "x").unlink()


@MACHINES
@pytest.mark.parametrize(
    ("meanwhile", "counts"),
    [(lambda _folder: None, (6, 4)), (put_into, (0, 0)), (use, (6, 0)), (shutil.rmtree, (5, 3))],
    ids=["as it was", "not empty", "used", "gone"],
)
def test_a_directory_is_counted_only_if_it_is_still_empty_and_the_one_that_was_judged(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    meanwhile: Callable[[Path], None],
    counts: tuple[int, int],
) -> None:
    """One with a file that goes with it, and one that was judged by itself; those above count too."""
    lock = cache.lock_directory("http/0/1/2/4/8/01248" + "a" * 51, host="here", pid=5)
    empty = cache.directory("http-v2/0/1/2/3")
    plan = planned(cache)
    for folder in (lock, empty):
        meanwhile(cache.real(folder))
    dry, done = both(plan, cache, is_exclusive=True, system=machine(has_descriptors=has_descriptors))
    assert_same(dry, done)
    assert tuple(outcome.folders for outcome in dry.outcomes) == counts


def test_a_directory_that_another_entry_lies_in_is_not_counted_with_one_that_is_gone(cache: Cache) -> None:
    near = URL + "257"  # its key begins with the same three digits
    head, other = cache.http_v2(URL, b"x"), cache.http_v2(near, b"x")
    assert os.path.commonpath([head, other]) == "http-v2/9/f/6"
    plan = planned(cache, head)
    shutil.rmtree(cache.real(head).parents[1])
    dry, done = both(plan, cache, is_exclusive=True)
    assert_same(dry, done)
    assert (only(dry).state, only(dry).folders) == (State.GONE, 0)


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_what_may_not_be_written_is_told_to_fail(theirs: Cache, is_exclusive: bool) -> None:  # noqa: FBT001 - a row's value
    head = theirs.http_v2(URL, b"x", headers=page_headers(b"x"))
    wheel = theirs.built_wheel("demo")
    goes = theirs.http("https://files.example/goes", b"x")
    given_away_if_root(theirs)
    for path in (head, wheel):
        theirs.real(path).parent.chmod(0o500)
    words = ["purge", "--yes", "--exclusive" if is_exclusive else "--shared", "--format", "json"]
    try:
        dry, done = (as_owner([*words, *more], theirs) for more in (["-n"], []))
    finally:
        for path in (head, wheel):
            theirs.real(path).parent.chmod(0o700)
    assert (dry.returncode, done.returncode) == (4, 4), dry.stderr
    documents = [json.loads(one.stdout) for one in (dry, done)]
    outcomes = [{action["id"]: action["outcome"] for action in document["actions"]} for document in documents]
    assert outcomes[0] == {head: "failed", wheel: "failed", goes: "planned"}
    assert outcomes[1] == {head: "failed", wheel: "failed", goes: "removed"}
    assert documents[0]["summary"] == documents[1]["summary"]
    assert [action["error"] for action in documents[0]["actions"] if action["error"]] == ["Permission denied"] * 2


def given_away_if_root(cache: Cache) -> None:
    if os.geteuid() == 0:
        given_away(cache)


def as_owner(words: list[str], cache: Cache) -> "subprocess.CompletedProcess[str]":
    """Run a command as somebody who is not root: whom nothing stops."""
    more = ["--as-owner"] if os.geteuid() == 0 else []
    return run([*PIPCACHEPLUS, *words, *more, "--cache-dir", str(cache.path)], cwd="/")


def test_the_plan_of_another_cache_is_refused(cache: Cache, tmp_path: Path) -> None:
    cache.http(URL, b"x")
    other = Cache(tmp_path / "other")
    other.http(URL, b"x")
    plan = PipCache(other.path).plan_purge()
    with pytest.raises(BadRequestError, match="is for"):
        PipCache(cache.path).apply(plan, dry_run=True)


def test_a_cache_that_holds_the_current_directory_is_refused(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.http(URL, b"x")
    monkeypatch.chdir(cache.path / "http")
    opened = PipCache(cache.path)
    for dry_run in (True, False):
        with pytest.raises(NotACacheError, match="current directory"):
            opened.apply(opened.plan_purge(), dry_run=dry_run)


@is_root
@pytest.mark.parametrize("words", [("prune",), ("prune", "--exit-code"), ("remove", "demo"), ("purge", "--yes")])
def test_root_is_refused_the_cache_of_another_user(theirs: Cache, words: tuple[str, ...]) -> None:
    theirs.temporary(theirs.http_v2(URL, b"x"))
    given_away(theirs)
    command = [*PIPCACHEPLUS, *words, "--cache-dir", str(theirs.path)]
    dry = run([*command, "-n"], cwd="/")
    assert (dry.returncode, dry.stdout) == (2, "")
    done = run([word for word in command if word != "--exit-code"], cwd="/")
    assert (done.returncode, done.stderr) == (2, dry.stderr)
    assert "pip cache dir" not in dry.stderr  # where pip itself prints nothing, that would lead nowhere
    assert run([*command, "-n", "--as-owner"], cwd="/").returncode == (3 if "--exit-code" in words else 0)


def test_another_one_at_work_is_exit_5_and_a_dry_run_holds_nobody_up(cache: Cache) -> None:
    cache.temporary(cache.http_v2(URL, b"x"))
    opened = PipCache(cache.path)
    with held(cache.path), pytest.raises(CacheBusyError):
        opened.apply(opened.plan(), dry_run=True)

    def meanwhile(_done: int, _total: int | None) -> None:
        with held(cache.path):
            pass

    assert only(opened.apply(opened.plan(), dry_run=True, progress=meanwhile)).state is State.PLANNED


@contextmanager
def bound(path: Path, place: Path) -> Iterator[None]:
    """Mount a directory in a second place."""
    place.mkdir()
    if run(["mount", "--bind", str(path), str(place)]).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        run(["umount", "--lazy", str(place)])


@is_root
def test_a_dry_run_says_so_too_if_the_cache_is_mounted_in_a_place_of_its_own(cache: Cache, tmp_path: Path) -> None:
    cache.http(URL, b"x")
    elsewhere = tmp_path / "mounted"
    with bound(cache.path, elsewhere):
        opened = PipCache(elsewhere)
        for dry_run in (True, False):
            with pytest.raises(BadRequestError, match="cannot take files of the cache"):
                opened.apply(opened.plan_purge(), trash=True, dry_run=dry_run)
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".pipcache")] == []
    assert len(tree(cache.path)) > 0


def test_where_there_can_be_no_trash_a_dry_run_says_so(cache: Cache) -> None:
    cache.http(URL, b"x")
    (trash,) = trash_of(cache)
    trash.write_text("in its place")
    before = tree(cache.path)
    for is_planned in (True, False):
        with pytest.raises(BadRequestError, match="trash"):
            carried_out(planned(cache), trash=True, is_planned=is_planned)
    assert tree(cache.path) == before


def trash_of(cache: Cache) -> list[Path]:
    """Return where the trash of a cache lies, which is not there any more."""
    spare = cache.http("https://files.example/spare", b"x")
    before = set(cache.path.parent.iterdir())
    carried_out(planned(cache, spare), trash=True, is_exclusive=True)
    made = list(set(cache.path.parent.iterdir()) - before)
    for path in made:
        shutil.rmtree(path)
    return made


def test_what_emptying_the_trash_would_free_is_counted(cache: Cache) -> None:
    for number in range(3):
        one = cache.http(f"{URL}{number}", b"x" * 9000)
        carried_out(planned(cache, one), trash=True, is_exclusive=True)
    last = cache.http(URL, b"x" * 9000)
    size = cache.real(last).stat().st_blocks * 512
    dry, done = both(planned(cache), cache, trash=True, trash_size=3 * size, is_exclusive=True)
    assert_same(dry, done)
    assert dry.emptied_bytes == size


def test_a_request_to_stop_ends_a_dry_run(cache: Cache) -> None:
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x", headers=page_headers(b"x"))
    asked = iter(range(10))
    report = carried_out(planned(cache), is_planned=True, stop=lambda: next(asked) == 5)
    assert report.is_interrupted
    assert {outcome.state for outcome in report.outcomes} <= {State.PLANNED}


@pytest.mark.parametrize(
    "verb", [("prune", "--partial", "--stale", "--unsafe"), ("remove", "demo"), ("purge", "--yes")]
)
def test_a_command_ends_and_counts_as_its_dry_run_said(tmp_path: Path, verb: tuple[str, ...]) -> None:
    cache = make_cache(tmp_path)
    words = [*PIPCACHEPLUS, *verb, "--exclusive", "--format", "json", "--cache-dir", str(cache.path)]
    dry, done = run([*words, "-n"]), run(words)
    assert dry.returncode == done.returncode
    assert json.loads(dry.stdout)["summary"] == json.loads(done.stdout)["summary"]
