"""The environments that a cache names are read from its self-checks, of both forms, with limits."""

import os

import pytest

from pipcacheplus.catalog.environments import environments_in
from pipcacheplus.host.python_candidates import MAX_ENVIRONMENTS
from tests.support.builders import Cache, tree


def test_self_checks_of_both_forms_name_environments_each_once(cache: Cache) -> None:
    cache.selfcheck("/home/u/venv")
    cache.selfcheck("/usr")
    cache.old_selfcheck("/usr", "/opt/old")
    assert sorted(environments_in(str(cache.path))) == ["/home/u/venv", "/opt/old", "/usr"]


def test_what_is_no_self_check_names_none(cache: Cache) -> None:
    cache.write(cache.selfcheck("/a"), b'{"key": "/cut')
    cache.write(cache.selfcheck("/b"), b"[" * 100_000)
    cache.write(cache.selfcheck("/c"), b'{"key": 7}')
    cache.foreign("selfcheck/notes.txt", b'{"key": "/foreign"}')
    assert environments_in(str(cache.path)) == ()


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_no_link_is_followed_to_a_self_check(cache: Cache) -> None:
    path = cache.real(cache.selfcheck("/a"))
    outside = cache.path.parent / "outside"
    path.rename(outside)
    path.symlink_to(outside)
    assert environments_in(str(cache.path)) == ()
    outside.unlink()
    os.mkfifo(path.with_name("0" * 56))
    assert environments_in(str(cache.path)) == ()


def test_of_very_many_one_more_than_the_limit_is_returned_and_stands_for_the_rest(cache: Cache) -> None:
    cache.old_selfcheck(*(f"/{at}" for at in range(MAX_ENVIRONMENTS + 10)))
    assert len(environments_in(str(cache.path))) == MAX_ENVIRONMENTS + 1


def test_without_a_cache_there_are_none_and_reading_leaves_no_trace(cache: Cache) -> None:
    assert environments_in(str(cache.path / "nowhere")) == ()
    cache.selfcheck("/a")
    before = tree(cache.path)
    environments_in(str(cache.path))
    assert tree(cache.path) == before
