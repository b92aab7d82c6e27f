"""How the trash is emptied, after how long and of how much. Tests look at what is left."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.trash.undo import trashed as listed
from pipcacheplus.model.values import State
from tests.apply.doing import a_system, carried_out, left, machine, planned
from tests.apply.trashes import refusing, runs, the_trash, trashed, undone
from tests.support.builders import NOW_S, Cache, tree
from tests.support.owners import as_somebody

URL = "https://files.example/demo"
WEEK_S = 7 * 86_400


def a_trash(cache: Cache, *, ages_s: tuple[float, ...]) -> list[str]:
    """Make a run of each age."""
    made = []
    for number, age_s in enumerate(ages_s):
        cache.http(f"{URL}{number}", b"x" * 5000)
        made.append(str(trashed(cache, system=a_system(now_s=lambda age_s=age_s: NOW_S - age_s)).run))
    return made


def test_after_a_week_the_next_run_empties_it(cache: Cache) -> None:
    old, young = a_trash(cache, ages_s=(WEEK_S, WEEK_S - 1))
    assert [run.name for run in runs(cache)] == [old, young]
    report = carried_out(planned(cache))
    assert [run.name for run in runs(cache)] == [young]
    assert report.emptied_bytes == 8192
    assert report.freed_bytes == 0
    assert {outcome.state for outcome in undone(cache).outcomes} == {State.RESTORED}
    assert len([path for path in left(cache) if not path.endswith("/")]) == 1


@pytest.mark.parametrize(
    ("max_size", "stay"), [(None, [0, 1, 2]), (3 * 8192, [0, 1, 2]), (3 * 8192 - 1, [1, 2]), (8192, [2]), (0, [])]
)
def test_the_oldest_runs_go_if_there_is_too_much(cache: Cache, max_size: int | None, stay: list[int]) -> None:
    made = a_trash(cache, ages_s=(300, 200, 100))
    report = carried_out(planned(cache), trash_size=max_size)
    assert [run.name for run in runs(cache)] == [made[at] for at in stay]
    assert report.emptied_bytes == (3 - len(stay)) * 8192
    assert left(cache) == {"http/"}


def test_the_run_that_is_being_made_stays_whatever_the_limit(cache: Cache) -> None:
    a_trash(cache, ages_s=(300,))
    cache.http(URL, b"x" * 5000)
    report = trashed(cache, trash_size=0)
    assert [run.name for run in runs(cache)] == [report.run]
    assert left(cache) == {"http/"}


def test_emptying_removes_nothing_but_files_of_the_trash(cache: Cache, tmp_path: Path) -> None:
    a_trash(cache, ages_s=(2 * WEEK_S,))
    (run,) = runs(cache)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "0").write_bytes(b"mine")
    (run / "7").symlink_to(tmp_path / "outside" / "0")
    (run / "8").mkdir()
    (run / "notes").write_bytes(b"mine")
    (run.parent / "20200101T000001Z").symlink_to(tmp_path / "outside")
    (run.parent / "keep").mkdir()
    (run.parent / "20001399T000000Z").mkdir()
    carried_out(planned(cache))
    assert sorted(path.name for path in run.iterdir()) == ["7", "8", "manifest", "notes"]
    assert (tmp_path / "outside" / "0").read_bytes() == b"mine"
    assert sorted(path.name for path in run.parent.iterdir()) == [
        "20001399T000000Z",
        "20200101T000001Z",
        run.name,
        "keep",
    ]


def test_a_file_that_cannot_go_is_left_for_the_next_emptying(cache: Cache) -> None:
    a_trash(cache, ages_s=(2 * WEEK_S,))
    assert carried_out(planned(cache), system=a_system(unlink=refusing(errno.EIO))).emptied_bytes == 0
    assert len(runs(cache)) == 1
    assert carried_out(planned(cache)).emptied_bytes == 8192
    assert runs(cache) == []
    assert left(cache) == {"http/"}


def test_a_file_that_cannot_go_does_not_keep_the_runs_after_it(cache: Cache) -> None:
    stuck, free = a_trash(cache, ages_s=(WEEK_S + 2, WEEK_S + 1))
    inode = (the_trash(cache) / stuck / "0").stat().st_ino

    def unlink(name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.unlink` takes it
        if os.stat(name, **where).st_ino == inode:
            raise OSError(errno.EIO, os.strerror(errno.EIO), name)
        os.unlink(name, **where)

    assert carried_out(planned(cache), system=a_system(unlink=unlink)).emptied_bytes == 8192
    assert [run.name for run in runs(cache)] == [stuck]
    assert free > stuck


def test_a_run_that_is_swapped_for_a_link_meanwhile_leads_nowhere(cache: Cache, tmp_path: Path) -> None:
    first, second, third = (
        the_trash(cache) / name for name in a_trash(cache, ages_s=tuple(WEEK_S + s for s in (3, 2, 1)))
    )
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o700)
    (outside / "0").write_bytes(b"mine")

    def unlink(name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.unlink` takes it
        if not second.is_symlink():
            second.rename(tmp_path / "away")
            second.symlink_to(outside)
        os.unlink(name, **where)

    assert carried_out(planned(cache), system=a_system(unlink=unlink)).emptied_bytes == 2 * 8192
    assert (first.exists(), second.is_symlink(), third.exists()) == (False, True, False)
    assert (outside / "0").read_bytes() == b"mine"


def test_a_run_that_cannot_be_listed_is_left_out_and_left_alone(theirs: Cache) -> None:
    with as_somebody(theirs):
        stuck, free = a_trash(theirs, ages_s=(WEEK_S + 2, WEEK_S + 1))
        run = the_trash(theirs) / stuck
        run.chmod(0o300)
        for has_descriptors in (True, False):
            system = machine(has_descriptors=has_descriptors)
            assert [one.run for one in listed(str(theirs.path), system)] == [free]
        assert carried_out(planned(theirs), system=machine(has_descriptors=False)).emptied_bytes == 8192
        run.chmod(0o700)
        assert [one.run for one in listed(str(theirs.path), a_system())] == [stuck]


def test_bytes_that_another_name_holds_are_not_told_as_freed(cache: Cache, tmp_path: Path) -> None:
    a_trash(cache, ages_s=(2 * WEEK_S,))
    os.link(runs(cache)[0] / "0", tmp_path / "second")
    assert listed(str(cache.path), a_system())[0].disk_size == 0
    assert carried_out(planned(cache)).emptied_bytes == 0
    assert runs(cache) == []


def test_an_empty_trash_goes(cache: Cache) -> None:
    a_trash(cache, ages_s=(2 * WEEK_S,))
    trash = the_trash(cache)
    carried_out(planned(cache))
    assert not trash.exists()


def test_the_list_tells_how_much_and_how_long(cache: Cache) -> None:
    (made,) = a_trash(cache, ages_s=(100,))
    before = tree(cache.path.parent)
    (one,) = listed(str(cache.path), a_system())
    assert (one.run, one.files, one.disk_size, one.kept_until_s - one.started_s) == (made, 1, 8192, WEEK_S)
    assert one.path == str(the_trash(cache) / made)
    assert one.size > 5000
    assert one.started_s == int(NOW_S - 100)
    assert tree(cache.path.parent) == before
