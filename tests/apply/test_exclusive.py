"""Removing exactly what was judged while no pip is at work: every test looks at what is left."""

import os
from pathlib import Path

import pytest

from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.errors import CacheBusyError
from pipcacheplus.model.values import Entry, Shape, State
from tests.apply.doing import a_system, carried_out, left, planned, states
from tests.support.builders import Cache, tree
from tests.support.holding import held

URL = "https://files.example/demo"
NEAR_IT = URL + "257"
"""Its key begins with the same three digits."""


def test_what_is_planned_goes_and_all_else_stays_byte_for_byte(cache: Cache) -> None:
    gone = cache.http_v2(URL, b"x")
    cache.http_v2(URL + "2", b"y")
    cache.built_wheel("demo")
    cache.foreign()
    before = tree(cache.path)
    report = carried_out(planned(cache, gone), is_exclusive=True)
    assert tree(cache.path) == {path: seen for path, seen in before.items() if not path.startswith(gone)}
    assert [outcome.state for outcome in report.outcomes] == [State.REMOVED]
    assert report.freed_bytes == len(before[gone]) + len(before[gone + ".body"])


def test_directories_left_empty_go_up_to_the_area(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.built_wheel("demo")
    carried_out(planned(cache), is_exclusive=True)
    assert left(cache) == {"http-v2/", "wheels/"}


@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
@pytest.mark.parametrize("others", [(), ("head", "body"), ("head", "body", "leaf")], ids=len)
def test_directories_that_two_entries_lie_in_go_whether_or_not_the_second_is_gone_already(
    cache: Cache, others: tuple[str, ...], *, is_exclusive: bool
) -> None:
    first, second = cache.http_v2(URL, b"x"), cache.http_v2(NEAR_IT, b"x")
    assert os.path.commonpath([first, second]) == "http-v2/9/f/6"
    leaf = cache.real(second).parent
    steps = {"head": cache.real(second).unlink, "body": cache.real(second + ".body").unlink, "leaf": leaf.rmdir}

    def progress(done: int, _total: int | None) -> None:
        if done == 1 and leaf.exists() and any(leaf.iterdir()):
            for step in others:
                steps[step]()

    report = carried_out(planned(cache), is_exclusive=is_exclusive, progress=progress)
    assert states(report) == {first: State.REMOVED, second: State.GONE if others else State.REMOVED}
    assert left(cache) == {"http-v2/"}


@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
@pytest.mark.parametrize("cc", [4, 2])
def test_a_directory_is_tried_once_and_when_the_last_entry_in_it_has_gone(
    cache: Cache, cc: int, *, is_exclusive: bool
) -> None:
    for url in (URL, NEAR_IT):
        cache.http(url, b"x", cc=cc)
    folders = sum(path.is_dir() for path in cache.path.rglob("*"))
    tried: list[str] = []

    def rmdir(name: str, **where: int) -> None:
        tried.append(name)
        os.rmdir(name, **where)

    carried_out(planned(cache), system=a_system(rmdir=rmdir), is_exclusive=is_exclusive)
    assert left(cache) == {"http/"}
    assert len(tried) == folders - 1


def test_directories_that_an_entry_which_stays_lies_in_stay(cache: Cache) -> None:
    first, second = cache.http_v2(URL, b"x"), cache.http_v2(NEAR_IT, b"x")
    plan = planned(cache)
    cache.write(second, b"cc=4,renewed", age_s=5)
    report = carried_out(plan, is_exclusive=True)
    assert states(report) == {first: State.REMOVED, second: State.CHANGED}
    assert left(cache) == {second, second + ".body"}


def test_below_wheels_an_emptied_directory_stays_while_a_pip_may_build(cache: Cache) -> None:
    head, wheel = cache.http_v2(URL, b"x"), cache.built_wheel("demo")
    carried_out(planned(cache, head, wheel))
    assert left(cache) == {"http-v2/", wheel.rpartition("/")[0] + "/"}


def test_what_pip_did_not_write_stays_even_in_a_purge(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"mine")
    cache.http_v2(URL, b"x")
    notes = cache.foreign("http-v2/notes.txt")
    cache.real("wheels").symlink_to(tmp_path)
    carried_out(planned(cache), is_exclusive=True)
    assert left(cache) == {notes, "wheels"}
    assert (tmp_path / "outside").read_bytes() == b"mine"


def test_a_file_that_changed_since_the_scan_is_kept(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    plan = planned(cache)
    cache.write(head, b"cc=4,renewed", age_s=5)
    report = carried_out(plan, is_exclusive=True)
    assert left(cache) == {head, head + ".body"}
    assert [(o.state, o.removed) for o in report.outcomes] == [(State.CHANGED, ())]


def test_a_file_replaced_by_a_link_is_kept(cache: Cache, tmp_path: Path) -> None:
    head = cache.http(URL, b"x")
    plan = planned(cache)
    (tmp_path / "outside").write_bytes(b"mine")
    cache.real(head).unlink()
    cache.real(head).symlink_to(tmp_path / "outside")
    report = carried_out(plan, is_exclusive=True)
    assert report.outcomes[0].state is State.CHANGED
    assert left(cache) == {head}
    assert (tmp_path / "outside").read_bytes() == b"mine"


def test_a_directory_swapped_for_a_link_leads_nowhere(cache: Cache, tmp_path: Path) -> None:
    head = cache.http(URL, b"x")
    plan = planned(cache)
    (tmp_path / "outside").mkdir()
    cache.real("http").rename(tmp_path / "outside" / "http")
    cache.real("http").symlink_to(tmp_path / "outside" / "http")
    report = carried_out(plan, is_exclusive=True)
    assert report.outcomes[0].state is State.CHANGED
    assert (tmp_path / "outside" / head).exists()


def test_what_is_gone_already_is_no_failure(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    plan = planned(cache)
    cache.real(head).unlink()
    cache.real(head + ".body").unlink()
    cache.real(head).parent.rmdir()
    report = carried_out(plan)
    assert (report.freed_bytes, report.failed) == (0, ())


def test_a_head_whose_body_is_gone_goes(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    plan = planned(cache)
    cache.real(head + ".body").unlink()
    report = carried_out(plan, is_exclusive=True)
    assert [file.path for file in report.outcomes[0].removed] == [head]
    assert left(cache) == {"http-v2/"}


def test_bytes_that_another_name_holds_do_not_count_as_given_back(cache: Cache, tmp_path: Path) -> None:
    head = cache.http(URL, b"x" * 5000)
    os.link(cache.real(head), tmp_path / "second")
    report = carried_out(planned(cache), is_exclusive=True)
    assert (report.outcomes[0].disk_size, report.freed_bytes > 5000) == (0, True)
    assert (tmp_path / "second").exists()


def test_bytes_count_by_blocks(cache: Cache) -> None:
    path = cache.real(cache.http(URL, b"x" * 5000))
    blocks = path.stat().st_blocks
    assert carried_out(planned(cache), is_exclusive=True).outcomes[0].disk_size == blocks * 512


def test_a_build_directory_goes_as_a_whole(cache: Cache) -> None:
    wheel = cache.built_wheel("demo")
    folder = cache.build_directory(wheel, b"half")
    cache.write(f"{folder}/.tmp-inner/more", b"x")
    before = {path for path in left(cache) if not path.startswith(folder)}
    with OpenCache(str(cache.path)) as opened:
        (build,) = [e for e in scan(opened) if isinstance(e, Entry) and e.shape is Shape.BUILD]
    carried_out(planned(cache, build.id), is_exclusive=True)
    assert left(cache) == before


def test_what_held_a_lock_or_a_build_goes_with_it(cache: Cache) -> None:
    lock = cache.lock_directory("http/0/1/2/4/8/01248" + "a" * 51, host="here", pid=5)
    build = cache.build_directory("wheels/18/ac/23/" + "5" * 50 + "/demo-1.0-py3-none-any.whl", b"half")
    assert cache.real(lock).is_dir()
    assert cache.real(build).is_dir()
    carried_out(planned(cache), is_exclusive=True)
    assert left(cache) == {"http/", "wheels/"}


def test_an_empty_directory_that_was_used_meanwhile_stays(cache: Cache) -> None:
    folder = cache.directory("wheels/18/ac/23/" + "5" * 50)
    plan = planned(cache)
    cache.write(f"{folder}/x", b"")
    cache.real(f"{folder}/x").unlink()
    report = carried_out(plan, is_exclusive=True)
    assert (cache.real(folder).is_dir(), report.outcomes[0].state) == (True, State.GONE)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may remove from every directory")
def test_one_failure_does_not_stop_the_rest(cache: Cache) -> None:
    stuck, free = cache.http(URL, b"x"), cache.http(URL + "2", b"y")
    folder = cache.real(stuck).parent
    folder.chmod(0o500)
    try:
        report = carried_out(planned(cache, stuck, free), is_exclusive=True)
    finally:
        folder.chmod(0o700)
    assert {outcome.action.entry.id: outcome.state for outcome in report.outcomes} == {
        stuck: State.FAILED,
        free: State.REMOVED,
    }
    assert left(cache) == {stuck}


def test_two_at_once_do_not_work_on_one_cache(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    with held(cache.path), pytest.raises(CacheBusyError):
        carried_out(planned(cache), is_exclusive=True)
    assert left(cache) == {head, head + ".body"}


def test_nothing_is_left_behind_by_the_lock(cache: Cache) -> None:
    cache.foreign()
    carried_out(planned(cache), is_exclusive=True)
    assert left(cache) == {"notes.txt"}


def test_progress_ends_with_all_done(cache: Cache) -> None:
    cache.http(URL, b"x")
    cache.http(URL + "2", b"y")
    seen: list[tuple[int, int | None]] = []
    carried_out(planned(cache), is_exclusive=True, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]
