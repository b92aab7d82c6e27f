"""The pips and the caches that tests get: they are real, they are the ones asked for, and they ask nobody else."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.pips.layout import Role, role_of
from tests.support.builders import Cache
from tests.support.filled import Filled
from tests.support.pips import NEWEST, Pip, UnavailableError, pip_environment, set_back
from tests.support.pythons import find_python
from tests.support.server import IndexServer
from tests.support.stored import DAY_S

FillCache = Callable[[str], Filled]


def roles(cache: Path) -> dict[Role, int]:
    counts: dict[Role, int] = {}
    for parent, _, names in os.walk(cache):
        folder = os.path.relpath(parent, cache).replace(os.sep, "/")
        for name in names:
            role = role_of("" if folder == "." else folder, name)
            counts[role] = counts.get(role, 0) + 1
    return counts


@pytest.mark.parametrize(
    ("generation", "areas"),
    [
        ("http-html", {"http", "wheels", "selfcheck"}),
        ("http-json", {"http", "wheels", "selfcheck"}),
        ("http-v2", {"http-v2", "wheels", "selfcheck"}),
        ("newest", {"http-v2", "wheels", "selfcheck"}),
    ],
)
def test_each_generation_fills_the_areas_that_its_pips_use(
    filled_cache: FillCache, generation: str, areas: set[str]
) -> None:
    filled = filled_cache(generation)
    found = roles(filled.path)
    assert areas == set(os.listdir(filled.path))
    assert Role.FOREIGN not in found
    assert len(filled.pips) * (1 + filled.has_extension) == found[Role.WHEEL]
    assert len(filled.pips) == found[Role.SELFCHECK]
    assert found.get(Role.HEAD) == found.get(Role.BODY)


def test_a_generation_of_two_pips_has_both_kinds_of_pages_and_both_interpreters(filled_cache: FillCache) -> None:
    filled = filled_cache("http")
    wheels = {path.name for path in filled.path.rglob("*.whl")}
    assert [pip.version for pip in filled.pips] == ["21.3.1", "23.2.1"]
    assert len(list(filled.path.rglob("demo_source-*.whl"))) == 2
    assert not filled.has_extension or len(wheels) == 3


def test_a_filled_cache_is_three_days_old_down_to_its_directories(filled_cache: FillCache) -> None:
    filled = filled_cache("http-v2")
    age_s = [os.stat(filled.path).st_ctime - os.lstat(path).st_mtime for path in (filled.path, *filled.path.rglob("*"))]
    assert min(age_s) > 2.9 * DAY_S


def test_a_second_run_from_a_copy_downloads_nothing(filled_cache: FillCache, tmp_path: Path) -> None:
    filled = filled_cache("newest")
    target = str(tmp_path / "target")
    run = filled.pips[0].run
    run("install", "--target", target, "demo-app", cache_dir=filled.path, index=filled.index.index_url)
    assert (tmp_path / "target" / "demo_app.py").exists()
    assert [one for one in filled.index.requests if one.path.startswith("/packages/")] == []


def test_two_copies_do_not_share_their_files(filled_cache: FillCache, tmp_path: Path) -> None:
    filled = filled_cache("http-json")
    links = {os.stat(path).st_nlink for path in filled.path.rglob("*") if path.is_file()}
    assert {1} == links
    assert tmp_path in filled.path.parents


def test_a_pip_is_the_one_asked_for_and_sees_no_setting(
    pip_of: Callable[[str, str], Pip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    pip = pip_of("24.0", "3.12")
    assert pip.run("--version", cache_dir=tmp_path).stdout.startswith("pip 24.0 ")
    assert str(tmp_path) == pip.run("cache", "dir", cache_dir=tmp_path).stdout.strip()
    assert pip.run("config", "list", cache_dir=tmp_path).stdout == ""


def test_without_an_index_pip_asks_nobody(pip_of: Callable[[str, str], Pip], tmp_path: Path) -> None:
    done = pip_of("24.0", "3.12").run("download", "demo-app", cache_dir=tmp_path, is_checked=False)
    assert done.returncode == 1
    assert "No matching distribution found" in done.stderr


def test_a_pip_that_fails_says_why(pip_of: Callable[[str, str], Pip], tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="unknown command"):
        pip_of("24.0", "3.12").run("no-such-command", cache_dir=tmp_path)


def test_an_environment_is_made_once(pip_of: Callable[[str, str], Pip], monkeypatch: pytest.MonkeyPatch) -> None:
    first = pip_of(NEWEST, "3.11")
    before = os.stat(first.python, follow_symlinks=False).st_ctime_ns
    assert first == pip_of(NEWEST, "3.11")
    assert before == os.stat(first.python, follow_symlinks=False).st_ctime_ns


def test_a_python_that_is_not_there_makes_the_pip_unavailable(tmp_path: Path) -> None:
    assert find_python("3.99") is None
    with pytest.raises(UnavailableError, match=r"cannot run Python 3\.99"):
        pip_environment(NEWEST, "3.99", tmp_path)


def test_a_pip_finishes_what_the_server_broke_off(
    pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path
) -> None:
    path = index.path_of("demo_tool-0.5-py3-none-any.whl")
    index.break_off(path, 100, times=1)
    cache = tmp_path / "cache"
    pip_of(NEWEST, "3.11").run("download", "demo-tool", cache_dir=cache, index=index.index_url, cwd=tmp_path)
    files = [(one.status, one.range) for one in index.requests if one.path == path]
    assert files == [(200, None), (206, "bytes=100-")]
    assert (tmp_path / "demo_tool-0.5-py3-none-any.whl").exists()


def test_setting_back_moves_links_and_not_what_they_point_to(tmp_path: Path, cache: Cache) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"")
    cache.real("link").symlink_to(outside)
    before = os.stat(outside).st_mtime_ns
    moved = os.lstat(cache.real("link")).st_mtime_ns
    set_back(cache.path, DAY_S)
    assert before == os.stat(outside).st_mtime_ns
    assert moved - DAY_S * 10**9 == os.lstat(cache.real("link")).st_mtime_ns
    assert stat.S_ISLNK(os.lstat(cache.real("link")).st_mode)
