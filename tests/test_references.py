"""What the pages of a cache say of its other entries."""

import json
from collections.abc import Iterable

from pipcacheplus.facts import Depth
from pipcacheplus.judging import Context, Judged
from pipcacheplus.model import Entry, UrlSource
from pipcacheplus.survey import Survey, survey
from tests.builders import FILE_URL, INDEX_URL, NOW_S, Cache, file_url, page_headers

JSON = "application/vnd.pypi.simple.v1+json"


def named(cache: Cache, *indexes: str, depth: Depth = Depth.ENDS) -> dict[str, Entry]:
    """Return all entries by id, with all that the cache tells of them."""
    what = Survey(path=str(cache.path), depth=depth, checks=(), context=Context(now_s=NOW_S), indexes=indexes)
    return {one.entry.id: one.entry for one in survey(what) if isinstance(one, Judged)}


def page(cache: Cache, url: str, name: str, links: Iterable[dict[str, object]]) -> str:
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": list(links)}).encode()
    return cache.http_v2(url, body, headers=page_headers(body, content_type=JSON))


def link(url: str, **more: object) -> dict[str, object]:
    return {"filename": url.rpartition("/")[2], "url": url, "hashes": {}, **more}


def test_an_absolute_link_names_its_file_and_its_metadata(cache: Cache) -> None:
    url = f"{FILE_URL}/demo-1.0-py3-none-any.whl"
    wheel, metadata = cache.http_v2(url, b"x"), cache.http_v2(url + ".metadata", b"y")
    page(cache, "https://elsewhere.example/demo/", "demo", [link(url, **{"core-metadata": {"sha256": "0" * 64}})])
    found = named(cache)
    assert (found[wheel].url, found[wheel].filename) == (url, "demo-1.0-py3-none-any.whl")
    assert (found[metadata].url, found[metadata].filename) == (url + ".metadata", "demo-1.0-py3-none-any.whl.metadata")
    assert {found[wheel].url_source, found[metadata].url_source} == {UrlSource.LINKS}


def test_a_relative_link_needs_the_index(cache: Cache) -> None:
    wheel = cache.http_v2("https://index.example/packages/demo-1.0.zip", b"x")
    here = page(cache, INDEX_URL + "demo/", "Demo", [link("../../packages/demo-1.0.zip")])
    assert (named(cache)[wheel].url, named(cache)[here].url) == (None, None)
    found = named(cache, INDEX_URL)
    assert found[wheel].url == "https://index.example/packages/demo-1.0.zip"
    assert (found[here].url, found[here].url_source) == (INDEX_URL + "demo/", UrlSource.INDEX_GUESS)


def test_an_index_that_redirects_leads_to_the_page_that_is_meant(cache: Cache) -> None:
    moved = cache.http_v2(INDEX_URL + "demo/", status=301, headers={"Location": "https://new.example/simple/demo/"})
    wheel = cache.http_v2("https://new.example/demo-1.0.zip", b"x")
    page(cache, "https://new.example/simple/demo/", "demo", [link("../../demo-1.0.zip")])
    found = named(cache, INDEX_URL)
    assert found[wheel].url == "https://new.example/demo-1.0.zip"
    assert (found[moved].url, found[moved].project) == (INDEX_URL + "demo/", "demo")


def test_redirects_in_a_circle_end(cache: Cache) -> None:
    one, other = INDEX_URL + "demo/", "https://new.example/simple/demo/"
    first = cache.http_v2(one, status=301, headers={"Location": other})
    second = cache.http_v2(other, status=301, headers={"Location": one})
    cache.built_wheel("demo")
    found = named(cache, INDEX_URL)
    assert (found[first].url, found[second].url) == (one, other)


def test_a_link_to_what_is_not_cached_names_nothing(cache: Cache) -> None:
    wheel = cache.http_v2(f"{FILE_URL}/other.whl", b"x")
    page(cache, INDEX_URL + "demo/", "demo", [link(f"{FILE_URL}/demo-1.0-py3-none-any.whl")])
    assert named(cache, INDEX_URL)[wheel].url is None


def test_a_file_host_may_be_known_without_any_page(cache: Cache) -> None:
    content = cache.real(cache.built_wheel("demo")).read_bytes()
    url = file_url(content, "demo-1.0-py3-none-any.whl")
    wheel = cache.http_v2(url, content)
    host = url.partition("/packages/")[0]
    for hosts, expected in (((), None), ((host,), url)):
        context = Context(now_s=NOW_S)
        what = Survey(path=str(cache.path), depth=Depth.WHOLE, checks=(), context=context, indexes=(), hosts=hosts)
        assert [one.entry.url for one in survey(what) if isinstance(one, Judged) and one.entry.id == wheel] == [
            expected
        ]


def test_the_file_hosts_path_proves_url_and_content(cache: Cache) -> None:
    built = cache.built_wheel("demo")  # a sound wheel
    content = cache.real(built).read_bytes()
    url = file_url(content, "demo-1.0-py3-none-any.whl")
    wheel = cache.http_v2(url, content)
    page(cache, INDEX_URL + "other/", "other", [link(file_url(b"other", "other-1.0.zip"))])  # tells the host
    assert named(cache)[wheel].url is None  # it takes reading the whole file
    found = named(cache, depth=Depth.WHOLE)[wheel]
    assert (found.url, found.url_source) == (url, UrlSource.FILE_HOST)
