"""Which directories are refused."""

import os
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.disk.refusal import check_named, check_owner, check_readable, check_writable
from pipcacheplus.errors import BadRequestError, NotACacheError, OtherOwnerError
from tests.support.builders import Cache, tree

URL = "https://files.example/demo"


def test_a_cache_is_let_through(cache: Cache, tmp_path: Path) -> None:
    cache.http_v2(URL, b"x")
    cache.foreign()
    check_readable(str(cache.path), home=str(tmp_path / "home"))
    check_writable(str(cache.path), home="/nonexistent", cwd=str(tmp_path), uid=os.geteuid())


@pytest.mark.parametrize("name", ["http", "http-v2", "wheels", "selfcheck"])
def test_one_of_pips_directories_is_enough(cache: Cache, name: str) -> None:
    cache.directory(name)
    check_readable(str(cache.path), home="/nonexistent")


def test_an_empty_directory_is_how_a_cache_begins(cache: Cache) -> None:
    check_readable(str(cache.path), home="/nonexistent")


def test_a_directory_with_other_content_is_refused(cache: Cache) -> None:
    cache.foreign()
    with pytest.raises(NotACacheError, match="none of pip's"):
        check_readable(str(cache.path), home="/nonexistent")


def test_the_root_of_the_file_system_is_refused() -> None:
    with pytest.raises(NotACacheError, match="root"):
        check_readable(os.path.abspath(os.sep), home="/nonexistent")


@pytest.mark.parametrize("home", ["", "/below"])
def test_the_home_directory_and_what_holds_it_are_refused(cache: Cache, home: str) -> None:
    cache.directory("http")
    cache.directory("below")
    with pytest.raises(NotACacheError, match="home"):
        check_readable(str(cache.path), home=str(cache.path) + home)


def test_a_link_to_the_home_directory_is_refused(cache: Cache, tmp_path: Path) -> None:
    cache.directory("http")
    (tmp_path / "link").symlink_to(cache.path)
    with pytest.raises(NotACacheError, match="home"):
        check_readable(str(tmp_path / "link"), home=str(cache.path))


def test_nothing_is_removed_from_around_the_current_directory(cache: Cache) -> None:
    inner = cache.real(cache.directory("http/0"))
    with pytest.raises(NotACacheError, match="current directory"):
        check_writable(str(cache.path), home="/nonexistent", cwd=str(inner), uid=os.geteuid())


def test_nothing_is_removed_from_another_users_cache(cache: Cache, tmp_path: Path) -> None:
    with pytest.raises(NotACacheError, match="another user"):
        check_writable(str(cache.path), home="/nonexistent", cwd=str(tmp_path), uid=os.geteuid() + 1)


@pytest.mark.parametrize("path", ["", ".", "cache", "./cache", "../cache"])
def test_a_path_that_is_not_absolute_is_refused(cache: Cache, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    cache.directory("http")
    monkeypatch.chdir(cache.path.parent)
    for refuse in (
        lambda: check_named(path),
        lambda: check_readable(path, home="/nonexistent"),
        lambda: check_writable(path, home="/nonexistent", cwd="/", uid=os.geteuid()),
        lambda: PipCache(path),
    ):
        with pytest.raises(NotACacheError, match="relative or empty"):
            refuse()


def test_what_may_not_be_read_may_not_be_changed(cache: Cache) -> None:
    cache.foreign()
    with pytest.raises(NotACacheError, match="none of pip's"):
        check_writable(str(cache.path), home="/nonexistent", cwd="/nonexistent", uid=os.geteuid())
    cache.directory("http")
    with pytest.raises(NotACacheError, match="home"):
        check_writable(str(cache.path), home=str(cache.path), cwd="/nonexistent", uid=os.geteuid())


def test_another_users_cache_names_the_way(cache: Cache) -> None:
    with pytest.raises(OtherOwnerError, match="run this as that user"):
        check_owner(str(cache.path), os.stat(cache.path), uid=os.geteuid() + 1)
    check_owner(str(cache.path), os.stat(cache.path), uid=os.geteuid())
    check_owner(str(cache.path), os.stat(cache.path), uid=None)


def test_a_plan_of_another_cache_is_refused(cache: Cache, tmp_path: Path) -> None:
    other = Cache(tmp_path / "other")
    head = other.http_v2(URL, b"x")
    plan = PipCache(other.path).plan_purge(min_age_s=0)
    with pytest.raises(BadRequestError, match="not for"):
        PipCache(cache.path).apply(plan)
    assert set(tree(other.path)) == {head, head + ".body"}
