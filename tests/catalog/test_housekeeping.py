"""What nobody needs any more leaves our state directory, and nothing else does."""

import os
from pathlib import Path

import pytest

from pipcacheplus.catalog import files, housekeeping, store
from pipcacheplus.catalog.store import open_store
from pipcacheplus.host import filesystems
from tests.support.stores import CACHE, SCHEMA, filled, one_run

DAY_NS = 86_400 * 10**9


def later(folder: Path, days: float) -> None:
    """Set back the times of all files: so many days go by."""
    for path in folder.rglob("*"):
        status = path.lstat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - round(days * DAY_NS)))


def kept(folder: Path, *paths: Path) -> list[bool]:
    """Return which catalogs are there, with their locks."""
    for path in paths:
        assert path.exists() == path.with_suffix(".lock").exists()
    assert len(list((folder / "catalogs").iterdir())) == 2 * sum(path.exists() for path in paths) + 1
    return [path.exists() for path in paths]


@pytest.fixture
def caches(tmp_path: Path) -> tuple[Path, ...]:
    """Make three directories for caches."""
    made = tuple(tmp_path / name for name in ("one", "two", "three"))
    for path in made:
        path.mkdir()
    return made


def test_the_catalog_of_a_cache_that_is_gone_goes_a_day_later(tmp_path: Path, caches: tuple[Path, ...]) -> None:
    state = tmp_path / "state"
    one, two, three = (filled(state, "a", cache=str(cache)) for cache in caches)
    caches[0].rmdir()
    later(state, 0.9)
    one_run(state, cache=str(caches[1]))
    assert kept(state, one, two, three) == [True, True, True]
    later(state, 0.2)
    one_run(state, cache=str(caches[1]))
    assert kept(state, one, two, three) == [False, True, True]


def test_a_catalog_that_was_not_used_for_90_days_goes(tmp_path: Path, caches: tuple[Path, ...]) -> None:
    state = tmp_path / "state"
    one, two, three = (filled(state, "a", cache=str(cache)) for cache in caches)
    later(state, 45)
    assert one_run(state, cache=str(caches[1])) == (["a"], None)  # to read is to use
    later(state, 46)
    assert one_run(state, cache=str(caches[2])) == (["a"], None)  # its own is held
    assert kept(state, one, two, three) == [False, True, True]


def test_the_least_recently_used_go_if_all_are_too_large(
    tmp_path: Path, caches: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    paths = []
    for cache in caches:
        later(state, 1)
        paths.append(filled(state, *(f"{number}" for number in range(1000)), cache=str(cache)))
    later(state, 2)
    size = paths[0].stat().st_size
    monkeypatch.setattr(housekeeping, "MAX_TOTAL_BYTES", 2 * size + size // 2)
    one_run(state, cache=str(caches[0]))
    assert kept(state, *paths) == [True, False, True]


def test_a_catalog_that_another_run_has_stays(tmp_path: Path, caches: tuple[Path, ...]) -> None:
    state = tmp_path / "state"
    one, two, _ = (filled(state, "a", cache=str(cache)) for cache in caches)
    caches[0].rmdir()
    with open_store(str(caches[0]), SCHEMA, folder=str(state)):
        later(state, 91)
        one_run(state, cache=str(caches[1]))
        assert (one.exists(), two.exists()) == (True, True)
    later(state, 2)
    one_run(state, cache=str(caches[1]))
    assert (one.exists(), two.exists()) == (False, True)


def test_what_has_no_name_of_ours_stays(tmp_path: Path) -> None:
    filled(tmp_path, "a")
    others = ["notes", "0" * 63 + ".sqlite3", "0" * 64 + ".sqlite", "x" + "0" * 64 + ".lock", "0" * 64 + "..%.lock"]
    for name in others:
        (tmp_path / "catalogs" / name).write_text("theirs")
    later(tmp_path, 91)
    one_run(tmp_path)
    assert {name for name in others if (tmp_path / "catalogs" / name).exists()} == set(others)


def test_what_is_left_of_a_catalog_goes_too(tmp_path: Path) -> None:
    filled(tmp_path, "a")
    left = [tmp_path / "catalogs" / ("0" * 64 + ending) for ending in (".lock", ".sqlite3-journal")]
    for path in left:
        path.touch(0o600)
    later(tmp_path, 91)
    one_run(tmp_path)
    assert [path.exists() for path in left] == [False, False]


def test_a_clock_that_was_set_back_does_not_end_housekeeping(tmp_path: Path, caches: tuple[Path, ...]) -> None:
    state = tmp_path / "state"
    one, two, _ = (filled(state, "a", cache=str(cache)) for cache in caches)
    caches[0].rmdir()
    later(state, -1000)
    one_run(state, cache=str(caches[1]))
    assert (one.exists(), two.exists()) == (False, True)


@pytest.mark.skipif(os.name == "nt", reason="takes a table of mounts of Linux")
def test_where_other_machines_mount_the_state_each_has_its_own_and_judges_no_other(
    tmp_path: Path, caches: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    here = filled(state, "here", cache=str(caches[0]))
    device = caches[0].stat().st_dev
    (tmp_path / "mounts").write_text(f"1 1 {os.major(device)}:{os.minor(device)} / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(filesystems, "_MOUNT_TABLE", str(tmp_path / "mounts"))
    monkeypatch.setattr(files, "this_host", lambda: "one/\u00e9" + "x" * 100)
    one = filled(state, "one", cache=str(caches[0]))
    monkeypatch.setattr(files, "this_host", lambda: "two")
    two = filled(state, "two", cache=str(caches[0]))
    assert (one.name, two.name) == (f"{here.stem}.one__{'x' * 59}.sqlite3", f"{here.stem}.two.sqlite3")
    assert one_run(state, cache=str(caches[0])) == (["two"], None)
    caches[0].rmdir()
    later(state, 2)
    one_run(state, cache=str(caches[1]))
    assert (one.exists(), two.exists()) == (True, False)  # whether the cache is gone over there, nobody knows here
    later(state, 90)
    one_run(state, cache=str(caches[1]))
    assert one.exists() is False


def test_the_pages_say_what_the_code_has() -> None:
    pages = Path(__file__).parents[2] / "docs"
    told = (pages / "reference" / "cli.md").read_text(encoding="utf-8")
    assert f"{housekeeping.UNUSED_S // 86_400} days" in told
    assert f"{housekeeping.MAX_TOTAL_BYTES >> 30} GiB" in told
    copied = f"up to {store.MAX_COPY_BYTES >> 20} MiB and for {store.MAX_COPY_S:g} seconds"
    assert copied in (pages / "explanation" / "safety.md").read_text(encoding="utf-8")


def test_what_earlier_versions_kept_goes_with_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "ledgers").mkdir(mode=0o700)
    for ending in (".sqlite3", ".sqlite3-journal"):
        (tmp_path / "ledgers" / ("a" * 64 + ending)).touch(0o600)
    one_run(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["catalogs"]


@pytest.mark.skipif(os.name == "nt", reason="takes links of POSIX")
def test_what_earlier_versions_did_not_write_stays(tmp_path: Path) -> None:
    (tmp_path / "state" / "ledgers").mkdir(parents=True)
    (tmp_path / "state" / "ledgers" / "notes").touch()
    one_run(tmp_path / "state")
    assert (tmp_path / "state" / "ledgers" / "notes").exists()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / ("a" * 64 + ".sqlite3")).touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ledgers").symlink_to(tmp_path / "target")
    one_run(tmp_path / "other", cache=CACHE)
    if os.geteuid() == 0:
        assert len(list((tmp_path / "target").iterdir())) == 1
