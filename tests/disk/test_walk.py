"""Which files make an entry."""

import errno
import os
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from pipcacheplus.disk.open_cache import MAX_NAMES, OpenCache, file_of
from pipcacheplus.disk.walk import Seen, entry_of, parts, scan, walk
from pipcacheplus.model.values import Entry, NotJudged, Shape, Warned
from pipcacheplus.pips.layout import ORIGIN_NAME, Role, body_path, is_part, role_of
from tests.support.builders import Cache

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


def test_a_directory_with_more_names_than_are_looked_at_is_a_warning_and_not_the_end(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    full = cache.real(cache.directory("http-v2/f/f/f/f/f"))
    for number in range(MAX_NAMES):
        os.close(os.open(full / f"fffff{number:051x}", os.O_CREAT | os.O_WRONLY))
    with OpenCache(str(cache.path)) as opened:
        assert len([one for one in scan(opened) if isinstance(one, Entry)]) == MAX_NAMES + 1
    (full / "one more").touch()
    with OpenCache(str(cache.path)) as opened:
        found = list(scan(opened))
    assert [entry.id for entry in found if isinstance(entry, Entry)] == [head]
    (warned,) = (one for one in found if isinstance(one, Warned))
    assert warned == Warned(
        path="http-v2/f/f/f/f/f",
        message="more than 100,000 names in one directory: not entered",
        not_entered=NotJudged.LIMIT,
    )


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may list every directory")
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


@pytest.fixture
def full(cache: Cache) -> Cache:
    """Return a cache with something of every sort."""
    for number in range(30):
        cache.http_v2(f"{URL}{number}", b"x")
        cache.temporary(cache.http(f"{URL}{number}", b"x"))
        cache.built_wheel(f"demo{number}")
    cache.build_directory(cache.built_wheel("demo"), b"half")
    cache.lock_directory(cache.http(URL, b"x"), host="here", pid=5)
    cache.lock_file(cache.http(URL + "2", b"x"), host="here", pid=5)
    cache.selfcheck("/env")
    cache.old_selfcheck("/env")
    cache.directory("selfcheck.json.lock")
    cache.log()
    cache.foreign()
    cache.foreign("http-v2/0/notes")
    cache.foreign("http-v2/0/12/notes")
    cache.foreign("wheels/mine/deep/notes.txt")
    cache.directory("http-v2/0/0")
    cache.directory("http-v2/1")
    cache.directory("wheels/zz")
    return cache


def test_the_parts_and_what_lies_in_none_are_the_whole_cache(full: Cache) -> None:
    with OpenCache(str(full.path)) as opened:
        tops = parts(opened)
        whole = list(scan(opened))
        split = [*scan(opened, "", is_split=True)]
        for top in tops:
            split.extend(scan(opened, top))
    assert tops == sorted(set(tops))
    assert all(map(is_part, tops))
    assert len(tops) > 60
    assert sorted(split, key=str) == sorted(whole, key=str)


def test_what_is_walked_over_has_the_stamps_of_its_files(full: Cache) -> None:
    with OpenCache(str(full.path)) as opened:
        found = list(walk(opened))
        entries = [entry_of(seen) for seen in found if isinstance(seen, Seen)]
        assert entries == list(scan(opened))
    for entry in entries:
        assert list(entry.files) == [file_of(file.path, os.lstat(full.real(file.path))) for file in entry.files]
        for folder in entry.folders:
            status = os.lstat(full.real(folder.path))
            assert (folder.mtime_ns, folder.inode, folder.device) == (status.st_mtime_ns, status.st_ino, status.st_dev)


KEY = "01248" + "a" * 51
NAMES = (KEY, KEY + ".body", KEY[:-1] + "b", KEY.upper(), "11248" + KEY[5:], KEY + "bodyx")
"""A head, its body, another head, and names that no pip gives a file in `http-v2/0/1/2/4/8`."""


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("folder", ["http-v2/0/1/2/4/8", "http-v2/0/1/2/4", "http/0/1/2/4/8", "mine"])
def test_whatever_lies_together_a_pair_is_a_head_with_its_body(cache: Cache, folder: str, count: int) -> None:
    for number, names in enumerate(combinations(NAMES, count)):
        beside = Cache(cache.path / f"cache{number}")
        for name in names:
            beside.write(f"{folder}/{name}")
        roles = {name: role_of(folder, name) for name in names}
        heads = {f"{folder}/{name}" for name, role in roles.items() if role is Role.HEAD}
        bodies = {f"{folder}/{name}".removesuffix(".body") for name, role in roles.items() if role is Role.BODY}
        found = {shape: {path for path, its in shapes(beside).items() if its is shape} for shape in Shape}
        assert found[Shape.PAIR] == heads & bodies
        assert found[Shape.HEAD] == heads - bodies
        assert found[Shape.BODY] == {body_path(head) for head in bodies - heads}


@pytest.mark.parametrize("which", ["", ".body"])
@pytest.mark.parametrize("make", [lambda path: os.mkfifo(path), os.mkdir, lambda path: os.symlink("elsewhere", path)])  # noqa: PLW0108 - not there on Windows
def test_a_half_whose_other_half_is_no_file_is_no_pair(
    cache: Cache, which: str, make: Callable[[Path], object]
) -> None:
    head = cache.http_v2(URL, b"x", has_head=bool(which), has_body=not which)
    make(cache.real(head + which))
    assert Shape.PAIR not in shapes(cache).values()
    assert (head + ".body", Shape.BODY) in shapes(cache).items() or shapes(cache)[head] is Shape.HEAD


def test_an_entry_whose_directory_is_gone_when_its_turn_comes_is_left_out(cache: Cache) -> None:
    paths = sorted(cache.http_v2(f"{URL}{number}", b"x") for number in range(3))
    with OpenCache(str(cache.path)) as opened:
        found = walk(opened)
        first = next(found)
        shutil.rmtree(cache.real("http-v2"))
        assert [one.id for one in (first, *found) if isinstance(one, Seen)] == paths[:1]


def test_whoever_opens_something_else_in_between_walks_on(full: Cache) -> None:
    with OpenCache(str(full.path)) as opened:
        whole = list(walk(opened))
        found = []
        for number, seen in enumerate(walk(opened)):
            found.append(seen)
            opened.names(("", "wheels", "http-v2/0", "http")[number % 4])
    assert found == whole


def test_an_empty_cache_has_no_parts(cache: Cache) -> None:
    with OpenCache(str(cache.path)) as opened:
        assert (parts(opened), list(scan(opened, is_split=True))) == ([], [])


def test_a_part_that_is_a_link_or_a_file_is_none(cache: Cache, tmp_path: Path) -> None:
    cache.directory("http-v2/0")
    cache.real("http-v2/0/1").symlink_to(tmp_path)
    cache.write("wheels/18")
    with OpenCache(str(cache.path)) as opened:
        assert parts(opened) == []
    assert shapes(cache) == {"http-v2/0/1": Shape.FOREIGN, "wheels/18": Shape.FOREIGN}


def test_a_part_that_is_gone_has_nothing_in_it(cache: Cache) -> None:
    with OpenCache(str(cache.path)) as opened:
        assert list(scan(opened, "http-v2/0/1")) == []


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EIO])
def test_a_cache_directory_that_cannot_be_listed_is_an_error(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with OpenCache(str(cache.path)) as opened:

        def failing(_folder: object) -> None:  # no disk fails when it is asked to
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "scandir", failing)
        with pytest.raises(OSError, match=os.strerror(number)):
            list(scan(opened))


@pytest.mark.parametrize("area", ["http", "http-v2"])
def test_directories_that_cannot_be_entered_are_told_once(cache: Cache, area: str) -> None:
    cache.foreign(f"{area}/mine/" + "d/" * 80 + "notes.txt")
    with OpenCache(str(cache.path)) as opened:
        assert parts(opened) == []
        assert [type(one) for one in scan(opened, is_split=True)] == [Warned]


def test_a_lock_that_has_content_and_a_link_without_its_lock_are_told_apart(cache: Cache) -> None:
    single = cache.http(URL, b"x")
    cache.write(single + ".lock", b"content")
    folder = single.rpartition("/")[0]
    link = cache.write(f"{folder}/here-7f3a2740.5-4611686018427387")
    assert shapes(cache) == {single: Shape.SINGLE, single + ".lock": Shape.FOREIGN, link: Shape.LOCK}


@pytest.mark.parametrize(
    ("name", "found"),
    [("", {Shape.EMPTY_DIRECTORY}), ("here.-7f3a27405", {Shape.LOCK}), ("notes.txt", {Shape.FOREIGN})],
)
def test_the_directory_of_a_lock_is_one_entry_or_empty_or_somebody_elses(
    cache: Cache, name: str, found: set[Shape]
) -> None:
    folder = cache.directory(cache.http(URL, b"x") + ".lock")
    if name:
        cache.write(f"{folder}/{name}")
    assert set(shapes(cache).values()) == {Shape.SINGLE} | found


def test_a_build_directory_with_something_too_deep_in_it_is_told(cache: Cache) -> None:
    folder = cache.build_directory(cache.built_wheel("demo"))
    cache.directory(f"{folder}/" + "d/" * 70)
    with OpenCache(str(cache.path)) as opened:
        found = list(scan(opened))
    assert [type(one) for one in found] == [Entry, Warned]
