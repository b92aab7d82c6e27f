"""What the builders write must be what pips write, or the tests built on them prove nothing."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgpack
import pytest

from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import Place, Role, body_path, entry_path, page_key, place_of, role_of
from tests.support.builders import DAY_S, INDEX_URL, NOW_S, Cache, file_headers, leaf, page_headers, response, tree
from tests.support.filled import Filled

URL = "https://files.example/demo.whl"


def roles(cache: Cache) -> list[Role]:
    return sorted((role_of(*path.rpartition("/")[::2]) for path in tree(cache.path)), key=lambda role: role.value)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda cache: cache.http_v2(URL, b"x"), [Role.BODY, Role.HEAD]),
        (lambda cache: cache.http_v2(URL, b"x", has_head=False), [Role.BODY]),
        (lambda cache: cache.http_v2(URL, b"x", has_body=False), [Role.HEAD]),
        (lambda cache: cache.http(URL, b"x"), [Role.SINGLE]),
        (lambda cache: cache.http(URL, b"x", cc=2), [Role.SINGLE]),
        (lambda cache: cache.http(URL, b"x", cc=1), [Role.SINGLE]),
        (lambda cache: cache.built_wheel("demo"), [Role.ORIGIN, Role.WHEEL]),
        (lambda cache: cache.built_wheel("demo", has_origin=False), [Role.WHEEL]),
        (lambda cache: cache.selfcheck("/env"), [Role.SELFCHECK]),
        (lambda cache: cache.old_selfcheck("/env", "/other"), [Role.SELFCHECK]),
        (lambda cache: cache.temporary(entry_path(Area.HTTP, page_key(URL))), [Role.TEMPORARY]),
        (lambda cache: cache.temporary(body_path(entry_path(Area.HTTP_V2, page_key(URL)))), [Role.TEMPORARY]),
        (lambda cache: cache.lock_directory(entry_path(Area.HTTP, page_key(URL)), host="h", pid=123), [Role.LOCK]),
        (
            lambda cache: cache.lock_file(entry_path(Area.HTTP, page_key(URL)), host="h", pid=123),
            [Role.LOCK, Role.LOCK_LINK],
        ),
        (lambda cache: cache.build_directory(f"{leaf(URL)}/demo-1.0-py3-none-any.whl", b"x"), [Role.BUILD]),
        (lambda cache: cache.log(), [Role.LOG]),
        (lambda cache: cache.foreign(), [Role.FOREIGN]),
        (lambda cache: cache.foreign("wheels/notes.txt"), [Role.FOREIGN]),
    ],
)
def test_every_builder_writes_names_that_mean_what_it_says(
    cache: Cache, build: Callable[[Cache], str], expected: list[Role]
) -> None:
    path = build(cache)
    assert expected == roles(cache)
    assert not path.startswith("/")


def test_an_empty_build_directory_is_one(cache: Cache) -> None:
    path = cache.build_directory(cache.built_wheel("demo"))
    assert tree(cache.path)[f"{path}/"] == "directory"
    assert Place.BUILD is place_of(path)


@pytest.mark.parametrize("age_s", [0, DAY_S, 7 * DAY_S, 400 * DAY_S])
def test_everything_is_as_old_as_asked_for(cache: Cache, age_s: float) -> None:
    cache.http_v2(URL, b"x", age_s=age_s)
    cache.built_wheel("demo", age_s=age_s)
    cache.lock_file(entry_path(Area.HTTP, page_key(URL)), host="h", pid=1, age_s=age_s)
    times = {os.lstat(path).st_mtime for path in (cache.path, *cache.path.rglob("*"))}
    assert {NOW_S - age_s} == times


def test_the_same_calls_give_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for name in ("one", "two"):
        cache = Cache(tmp_path / name)
        cache.http_v2(URL, b"x")
        cache.http(URL, b"x", cc=2)
        cache.built_wheel("demo")
        trees.append(tree(cache.path))
    assert trees[0] == trees[1]


def test_a_tree_tells_links_and_special_files_from_files(cache: Cache) -> None:
    cache.foreign("a", b"mine")
    cache.directory("empty/below")
    cache.real("link").symlink_to("a")
    cache.real("folder").symlink_to("empty")
    expected = {"a": b"mine", "empty/below/": "directory", "folder": "link to empty", "link": "link to a"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(cache.real("pipe"))
        expected["pipe"] = "special"
    assert expected == tree(cache.path)


def test_a_built_wheel_is_a_sound_wheel_unless_it_is_to_be_broken(cache: Cache) -> None:
    with zipfile.ZipFile(cache.real(cache.built_wheel("Demo-Lib", "2.0"))) as wheel:
        assert wheel.testzip() is None
        assert b"Name: Demo-Lib" in wheel.read("demo_lib-2.0.dist-info/METADATA")
    assert cache.real(cache.built_wheel("demo", content=b"cut")).read_bytes() == b"cut"


def test_built_wheels_lie_where_real_pips_put_them(filled_cache: Callable[[str], Filled]) -> None:
    filled = filled_cache("newest")
    put = {path.parent.relative_to(filled.path).as_posix() for path in filled.path.rglob("*.whl")}
    origins = [json.loads(path.read_bytes()) for path in filled.path.rglob("origin.json")]
    expected = {
        leaf(origin["url"], sha256=origin["archive_info"]["hashes"]["sha256"], interpreter=interpreter)
        for origin in origins
        for interpreter in ("311", "313")
    }
    assert expected == put


@pytest.mark.parametrize(
    ("generation", "area", "has_strict"),
    [("http-json", Area.HTTP, True), ("http-v2", Area.HTTP_V2, False), ("newest", Area.HTTP_V2, False)],
)
def test_responses_have_the_parts_that_real_pips_store(
    filled_cache: Callable[[str], Filled], *, generation: str, area: Area, has_strict: bool
) -> None:
    filled = filled_cache(generation)
    ours = msgpack.unpackb(response(b"", file_headers(b""), has_strict=has_strict)[5:])
    page = filled.path / entry_path(area, page_key(filled.index.page_url("demo-lib")))
    theirs = msgpack.unpackb(page.read_bytes()[5:])
    assert ours.keys() == theirs.keys()
    assert ours["response"].keys() == theirs["response"].keys()
    assert page_headers(b"").keys() <= theirs["response"]["headers"].keys()
    assert {"Accept", "Accept-Encoding"} == theirs["vary"].keys()


def test_a_page_and_a_file_have_the_time_of_their_entry(cache: Cache) -> None:
    assert page_headers(b"", age_s=0)["Date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    path = cache.http_v2(f"{INDEX_URL}demo/", b"x", age_s=DAY_S)
    assert b"Wed, 31 Dec 2025 00:00:00 GMT" in cache.real(path).read_bytes()
