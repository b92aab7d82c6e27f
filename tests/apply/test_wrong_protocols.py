"""Removing in ways that are wrong, each planted into the real code: a test of the right way notices."""

import os
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply import disarm, entries, files, folders, run, system
from pipcacheplus.apply.disarm_bytes import Use
from pipcacheplus.disk import open_cache
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.values import State
from pipcacheplus.plan import plan as planning
from tests.apply import test_exclusive, test_files, test_interrupted, test_shared, test_shared_guarded, test_trash
from tests.apply.doing import carried_out, left, only, planned
from tests.support.builders import Cache, page_headers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="descriptors of directories are what most of it is about")

HOUR_S = 3600
URL = "https://files.example/demo"
Check = Callable[[Cache, Path], object]


def always(value: object) -> Callable[..., object]:
    return lambda *_arguments, **_named: value


def alone(test: Callable[..., object], *arguments: Any) -> Check:  # noqa: ANN401 - a row's values
    """Return a test as a check that gets a cache and a folder."""
    return lambda cache, _folder: test(cache, *arguments)


def of_another(component: str) -> Check:
    """Return the check that a file which differs in one component of its stamp stays."""

    def check(cache: Cache, _folder: Path) -> None:
        head = cache.http(URL, b"x")
        plan = planned(cache)
        (action,) = plan.actions
        (file,) = action.files
        other = file._replace(**{component: getattr(file, component) + 1})
        entry = replace(action.entry, files=(other,))
        plan = replace(plan, actions=(replace(action, entry=entry, files=(other,)),))
        assert only(carried_out(plan, is_exclusive=True)).state is State.CHANGED
        assert left(cache) == {head}

    return check


def without(component: str) -> Callable[..., bool]:
    """Return the comparison of stamps that leaves one component out."""
    names = {"device": "st_dev", "inode": "st_ino", "size": "st_size", "mtime_ns": "st_mtime_ns"}
    kept = {name: their for name, their in names.items() if name != component}
    return lambda file, status: all(getattr(file, name) == getattr(status, their) for name, their in kept.items())


def a_file_led_to_by_a_link_stays(cache: Cache, folder: Path) -> None:
    """What the link leads to is the very file that was judged."""
    head = cache.http(URL, b"x")
    plan = planned(cache)
    cache.real(head).rename(folder / "outside")
    cache.real(head).symlink_to(folder / "outside")
    assert only(carried_out(plan, is_exclusive=True)).state is State.CHANGED
    assert left(cache) == {head}


def what_a_pip_renewed_stays(cache: Cache, _folder: Path) -> None:
    """What a pip has written since is as good as what was judged."""
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    plan = planned(cache)
    renewed = Cache(cache.path.with_name("renewed"))
    renewed.http_v2(URL, b"x", headers=page_headers(b"another"), age_s=5)
    shutil.copy(renewed.real(head), cache.real(head))
    before = cache.real(head).read_bytes()
    assert only(carried_out(plan)).state is State.CHANGED
    assert cache.real(head).read_bytes() == before


def what_lies_beside_stays(cache: Cache, _folder: Path) -> None:
    head = cache.http_v2(URL, b"x")
    notes = cache.write(head.rpartition("/")[0] + "/notes.txt", b"mine")
    carried_out(planned(cache), is_exclusive=True)
    assert left(cache) == {notes}


def whole_tree(cache: OpenCache, path: str, _system: object, _removed: object, *, must: bool, note: object) -> bool:
    del must, note
    shutil.rmtree(f"{cache.path}/{path}", ignore_errors=True)
    return True


def at_once(itself: Any, _at: int, action: Any) -> object:  # noqa: ANN401 - classes of the package's own
    return itself.remover.remove(action)


def after_a_wait_of_its_own(itself: Any, at: int, action: Any) -> object:  # noqa: ANN401 - as above
    itself.remover.system.sleep(20)
    return at_once(itself, at, action)


def first_failure_ends(real: Callable[..., Any]) -> Callable[..., Any]:
    def remove(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as given
        outcome = real(*arguments, **named)
        assert outcome.state is not State.FAILED, "gave up"
        return outcome

    return remove


WRONGS: dict[str, tuple[object, str, object, Check]] = {
    "the head goes first": (
        *(planning, "_in_order", lambda entry: entry.files),
        alone(test_trash.test_the_body_goes_before_the_head_and_the_wheel_before_its_origin),
    ),
    "nothing is waited for": (
        *(run._Run, "_wait", always(None)),
        alone(test_shared.test_a_response_goes_after_the_wait_and_not_before),
    ),
    "each is waited for": (
        *(run._Run, "_disarmed", after_a_wait_of_its_own),
        alone(test_shared.test_one_wait_does_for_all),
    ),
    "nothing is disarmed": (
        *(disarm, "_write_all", always(None)),
        alone(test_shared.test_during_the_wait_no_pip_relies_on_what_goes),
    ),
    "what cannot be disarmed is not guarded": (
        *(disarm, "study", always((Use.NONE, None))),
        alone(test_shared_guarded.test_what_cannot_be_disarmed_goes_only_if_it_lay_still, 1, HOUR_S, State.BUSY),
    ),
    "what others have written is disarmed": (
        *(disarm, "is_same", always(value=True)),
        what_a_pip_renewed_stays,
    ),
    "what a pip wrote during the wait goes": (
        *(run._Run, "_is_as_left", always(value=True)),
        alone(test_shared.test_a_file_that_only_looks_as_we_left_it_stays),
    ),
    "a link to a file is followed": (
        *(files, "_HOLD_FLAGS", os.O_PATH if hasattr(os, "O_PATH") else os.O_RDONLY),
        a_file_led_to_by_a_link_stays,
    ),
    "a link to a directory is followed": (
        *(open_cache, "_FOLDER_FLAGS", os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)),
        test_exclusive.test_a_directory_swapped_for_a_link_leads_nowhere,
    ),
    "nothing is looked at right before it goes": (
        *(files, "compared", always(State.REMOVED)),
        alone(test_exclusive.test_a_file_that_changed_since_the_scan_is_kept),
    ),
    **{
        f"the {component} of a file does not count": (files, "is_same", without(component), of_another(component))
        for component in ("device", "inode", "size", "mtime_ns")
    },
    "built wheels are not guarded": (
        *(entries, "why_busy", always(None)),
        alone(
            test_shared_guarded.test_a_built_wheel_goes_only_if_it_lay_still_for_a_day, HOUR_S, 90 * HOUR_S, State.BUSY
        ),
    ),
    "directories that a build may use go": (
        *(entries, "is_in_use", always(value=False)),
        alone(
            test_shared_guarded.test_an_empty_directory_below_wheels_goes_only_if_it_lay_still_for_a_day,
            *(HOUR_S, 90 * HOUR_S, State.BUSY),
        ),
    ),
    "a directory that was used meanwhile goes": (
        *(folders, "is_unchanged", always(value=True)),
        alone(test_exclusive.test_an_empty_directory_that_was_used_meanwhile_stays),
    ),
    "the origin goes before its time": (
        *(entries.Remover, "_needed_by_others", always(())),
        alone(test_shared_guarded.test_an_origin_beside_which_a_wheel_was_built_stays),
    ),
    "directories go as a whole": (
        *(folders, "_remove_folder", whole_tree),
        what_lies_beside_stays,
    ),
    "a plan is believed every name": (
        *(run, "is_pips", always(value=True)),
        alone(test_files.test_a_plan_with_names_that_are_none_changes_nothing, ""),
    ),
    "the cache of another user is taken": (
        *(run, "owned_root", lambda cache, _system: cache.folder("")),
        alone(test_files.test_a_cache_of_another_user_is_refused_by_what_is_open),
    ),
    "nobody holds the lock": (
        *(run, "locked", lambda *_arguments, **_named: nullcontext()),
        alone(test_exclusive.test_two_at_once_do_not_work_on_one_cache),
    ),
    "the first failure ends it all": (
        *(entries.Remover, "remove", first_failure_ends(entries.Remover.remove)),
        alone(test_shared.test_a_failure_is_told_and_the_rest_goes, 5),
    ),
    "nobody hears that it is to stop": (
        *(system.Latch, "poll", always(value=False)),
        alone(test_interrupted.test_nothing_is_begun_after_a_request_to_stop, 1, True),  # noqa: FBT003 - a row's value
    ),
}
"""What is patched, with what, and the check that fails then."""


@pytest.mark.parametrize("wrong", WRONGS)
def test_a_wrong_way_to_remove_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: str) -> None:
    where, name, planted, check = WRONGS[wrong]
    for part in ("right", "wrong"):
        (tmp_path / part).mkdir()
    check(Cache(tmp_path / "right" / "cache"), tmp_path / "right")
    monkeypatch.setattr(where, name, planted)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(Cache(tmp_path / "wrong" / "cache"), tmp_path / "wrong")
