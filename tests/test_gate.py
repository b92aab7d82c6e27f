"""Which directories are refused."""

import os
from pathlib import Path

import pytest

from pipcacheplus.errors import NotACacheError
from pipcacheplus.gate import check_readable, check_writable
from tests.builders import Cache

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
