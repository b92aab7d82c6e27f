"""Which files make an entry."""

import os
from pathlib import Path

import pytest

from pipcacheplus.layout import ORIGIN_NAME
from pipcacheplus.model import Entry, Shape, Warned
from pipcacheplus.opening import OpenCache
from pipcacheplus.scan import scan
from tests.builders import Cache

URL = "https://files.example/demo"


def scanned(cache: Cache) -> list[Entry]:
    with OpenCache(str(cache.path)) as opened:
        found = list(scan(opened))
    return [entry for entry in found if isinstance(entry, Entry)]


def shapes(cache: Cache) -> dict[str, Shape]:
    return {entry.id: entry.shape for entry in scanned(cache)}


def test_head_and_body_are_one_entry(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    (entry,) = scanned(cache)
    assert (Shape.PAIR, (head, head + ".body")) == (entry.shape, entry.paths)
    assert entry.size == sum(os.path.getsize(cache.real(path)) for path in entry.paths)


def test_halves_are_told_apart(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", has_body=False)
    body = cache.http_v2(URL + "2", b"x", has_head=False) + ".body"
    assert shapes(cache) == {head: Shape.HEAD, body: Shape.BODY}


def test_a_pair_with_a_leftover_beside_it_stays_a_pair(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    temporary = cache.temporary(head)
    assert shapes(cache) == {head: Shape.PAIR, temporary: Shape.TEMPORARY}


def test_an_origin_belongs_to_every_wheel_beside_it(cache: Cache) -> None:
    one = cache.built_wheel("demo", tag="py2-none-any")
    other = cache.built_wheel("demo", tag="py3-none-any")
    origin = f"{one.rpartition('/')[0]}/{ORIGIN_NAME}"
    assert [entry.paths for entry in scanned(cache)] == [(one, origin), (other, origin)]


def test_the_two_names_of_an_old_lock_are_one_entry(cache: Cache) -> None:
    lock = cache.lock_file(cache.http(URL, b"x"), host="here", pid=5)
    (entry,) = [entry for entry in scanned(cache) if entry.shape is Shape.LOCK]
    assert (lock, 2) == (entry.id, len(entry.files))


def test_a_build_directory_is_one_entry_with_its_directories(cache: Cache) -> None:
    folder = cache.build_directory(cache.built_wheel("demo"), b"half")
    cache.write(f"{folder}/.tmp-inner/more", b"x")
    (entry,) = [entry for entry in scanned(cache) if entry.shape is Shape.BUILD]
    assert len(entry.files) == 2
    assert [below.path for below in entry.folders] == [f"{folder}/.tmp-inner", folder]


def test_every_file_is_in_one_entry(cache: Cache) -> None:
    wheel = cache.built_wheel("demo")
    cache.build_directory(wheel, b"half")
    cache.lock_directory(cache.http(URL, b"x"), host="here", pid=5)
    cache.temporary(cache.http_v2(URL, b"x"))
    cache.selfcheck("/env")
    cache.old_selfcheck("/env")
    cache.log()
    cache.foreign()
    cache.foreign("wheels/mine/deep/notes.txt")
    cache.foreign("http-v2/notes")
    there = sorted(str(path.relative_to(cache.path)) for path in cache.path.rglob("*") if path.is_file())
    assert there == sorted(path for entry in scanned(cache) for path in entry.paths)


@pytest.mark.parametrize("name", ["http-v2/0/1/2/4/8/" + "01248" + "a" * 51, "selfcheck/" + "a" * 56])
def test_a_link_or_a_pipe_under_pips_name_is_foreign(cache: Cache, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").write_bytes(b"mine")
    cache.directory(name.rpartition("/")[0])
    cache.real(name).symlink_to(tmp_path / "outside")
    os.mkfifo(cache.real(name + ".fifo"))
    assert shapes(cache) == {name: Shape.FOREIGN, name + ".fifo": Shape.FOREIGN}


def test_a_link_to_a_directory_is_not_entered(cache: Cache, tmp_path: Path) -> None:
    other = Cache(tmp_path / "other")
    other.http_v2(URL, b"x")
    cache.real("http-v2").symlink_to(other.real("http-v2"))
    assert shapes(cache) == {"http-v2": Shape.FOREIGN}


def test_only_empty_directories_of_pips_own_are_told(cache: Cache) -> None:
    cache.directory("http-v2/0/1/2/4/8")
    cache.directory("wheels")
    cache.directory("mine")
    assert shapes(cache) == {"http-v2/0/1/2/4/8": Shape.EMPTY_DIRECTORY}


def test_a_lock_directory_with_something_else_in_it_is_not_empty(cache: Cache) -> None:
    path = cache.foreign(cache.http(URL, b"x") + ".lock/notes.txt")
    assert shapes(cache)[path] is Shape.FOREIGN
    assert Shape.EMPTY_DIRECTORY not in shapes(cache).values()


def test_a_directory_too_deep_is_a_warning_and_not_the_end(cache: Cache) -> None:
    cache.foreign("mine/" + "d/" * 80 + "notes.txt")
    head = cache.http_v2(URL, b"x")
    with OpenCache(str(cache.path)) as opened:
        found = list(scan(opened))
    assert [entry.id for entry in found if isinstance(entry, Entry)] == [head]
    assert len([warned for warned in found if isinstance(warned, Warned)]) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every directory")
def test_a_directory_that_cannot_be_listed_is_a_warning(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    folder = cache.real(cache.directory("wheels/18"))
    folder.chmod(0)
    try:
        with OpenCache(str(cache.path)) as opened:
            found = list(scan(opened))
    finally:
        folder.chmod(0o755)
    assert [getattr(one, "id", None) or getattr(one, "path", None) for one in found] == [head, "wheels/18"]


def test_scanning_moves_no_access_time(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.built_wheel("demo")
    folders = sorted({path.parent for path in cache.path.rglob("*")})
    for folder in folders:
        os.utime(folder, (1, 1))  # listing them here moved theirs
    scanned(cache)
    assert {folder.stat().st_atime for folder in folders} == {1}
