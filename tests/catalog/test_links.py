"""What the pages of a cache say of its other entries."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.catalog.links import KeyFilter, LinkCollector, LinkIndex, PageLinks
from pipcacheplus.catalog.update import ReadRequest, read_entries
from pipcacheplus.checks.base.check import Context
from pipcacheplus.model.facts import Depth, Facts, Head, Link, Page
from pipcacheplus.model.values import Area, Checked, Entry, Kind, UrlSource
from pipcacheplus.pips.layout import entry_path, page_key
from pipcacheplus.pips.urls import spellings
from pipcacheplus.pips.wheel_keys import SdistLink
from tests.support.builders import FILE_URL, INDEX_URL, NOW_S, Cache, file_url, page_headers
from tests.support.pages import link, page
from tests.support.values import an_entry


def named(cache: Cache, *indexes: str, depth: Depth = Depth.ENDS) -> dict[str, Entry]:
    """Return all entries by id, with all that the cache tells of them."""
    what = ReadRequest(path=str(cache.path), depth=depth, checks=(), context=Context(now_s=NOW_S), indexes=indexes)
    return {one.entry.id: one.entry for one in read_entries(what) if isinstance(one, Checked)}


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
        what = ReadRequest(path=str(cache.path), depth=Depth.WHOLE, checks=(), context=context, indexes=(), hosts=hosts)
        assert [one.entry.url for one in read_entries(what) if isinstance(one, Checked) and one.entry.id == wheel] == [
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


def page_html(cache: Cache, url: str, body: str) -> str:
    content = f'<!DOCTYPE html><meta name="pypi:repository-version" content="1.0">{body}'.encode()
    return cache.http_v2(url, content, headers=page_headers(content, content_type="text/html"))


@pytest.mark.parametrize(
    ("base", "href", "url"),
    [
        ("", "demo-1.0.zip", "https://index.example/simple/demo/demo-1.0.zip"),
        ("", "../../packages/demo-1.0.zip", "https://index.example/packages/demo-1.0.zip"),
        ("", "/packages/demo-1.0.zip#sha256=00", "https://index.example/packages/demo-1.0.zip"),
        ("", "//cdn.example/demo-1.0.zip", "https://cdn.example/demo-1.0.zip"),
        ("", "demo-1.0+a%20b.zip", "https://index.example/simple/demo/demo-1.0%2Ba%20b.zip"),
        ("/packages/", "demo-1.0.zip", "https://index.example/packages/demo-1.0.zip"),
        ("https://cdn.example/d/", "demo-1.0.zip", "https://cdn.example/d/demo-1.0.zip"),
        ("https://cdn.example/d/", "https://e.example/demo-1.0.zip", "https://e.example/demo-1.0.zip"),
    ],
)
def test_a_link_is_resolved_against_its_page_and_its_base(cache: Cache, base: str, href: str, url: str) -> None:
    wheel = cache.http_v2(url, b"x")
    mark = f'<base href="{base}">' if base else ""
    page_html(cache, INDEX_URL + "demo/", f'<title>Links for demo</title>{mark}<a href="{href}">demo</a>')
    found = named(cache, INDEX_URL)[wheel]
    assert (found.url, found.url_source) == (url, UrlSource.LINKS)


def test_an_absolute_base_resolves_the_links_of_a_page_that_nobody_knows(cache: Cache) -> None:
    wheel = cache.http_v2("https://cdn.example/d/demo-1.0.zip", b"x")
    page_html(cache, "https://no.example/", '<base href="https://cdn.example/d/"><a href="demo-1.0.zip">demo</a>')
    assert named(cache)[wheel].url == "https://cdn.example/d/demo-1.0.zip"


@pytest.mark.parametrize("base", ["//[", "http://[::1/"])
def test_a_base_that_is_no_url_resolves_nothing(cache: Cache, base: str) -> None:
    wheel = cache.http_v2("https://index.example/simple/demo/demo-1.0.zip", b"x")
    page_html(
        cache, INDEX_URL + "demo/", f'<title>Links for demo</title><base href="{base}"><a href="demo-1.0.zip">d</a>'
    )
    assert named(cache, INDEX_URL)[wheel].url is None


def test_a_relative_link_names_its_metadata_too(cache: Cache) -> None:
    url = INDEX_URL + "demo/demo-1.0-py3-none-any.whl"
    metadata = cache.http_v2(url + ".metadata", b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    relative = "demo-1.0-py3-none-any.whl"
    page(cache, INDEX_URL + "demo/", "demo", [link(relative, **{"core-metadata": True})])
    assert named(cache, INDEX_URL)[metadata].url == url + ".metadata"


def test_a_redirect_that_leads_nowhere_is_no_more_than_that(cache: Cache) -> None:
    moved = cache.http_v2(INDEX_URL + "demo/", status=301, headers={"Location": "http://["})
    gone = cache.http_v2(INDEX_URL + "other/", status=308, headers={"Location": "https://gone.example/"})
    cache.built_wheel("demo")
    cache.built_wheel("other")
    found = named(cache, INDEX_URL)
    assert (found[moved].url, found[gone].url) == (INDEX_URL + "demo/", INDEX_URL + "other/")


@pytest.mark.parametrize(
    ("project", "version", "sdist"),
    [
        ("demo", "1.0", "demo-1.0.tar.gz"),
        ("demo_lib", "1.0", "demo-lib-1.0.tar.gz"),
        ("demo_lib", "1.0", "demo_lib-1.0.zip"),
        ("demo_lib", "1.0", "Demo.Lib-1.0.TAR.GZ"),
        ("demo.lib", "1.0", "demo.lib-1.0.tar.bz2"),
        ("demo", "1.0.post1", "demo-1.0.post1.tar.gz"),
        ("demo_1", "1.0", "demo-1-1.0.tar.gz"),
        ("demo", "1!2.0+local.1", "demo-1!2.0+local.1.tar.gz"),
        ("a_b_c_d", "0.1.dev0", "a-b_c.d-0.1.dev0.tgz"),
    ],
)
@pytest.mark.parametrize("is_relative", [False, True])
def test_the_source_of_a_built_wheel_is_found_however_its_name_is_spelt(
    cache: Cache,
    project: str,
    version: str,
    sdist: str,
    is_relative: bool,  # noqa: FBT001 - a row's value
) -> None:
    url = f"{INDEX_URL}demo/{sdist}" if is_relative else f"{FILE_URL}/packages/{sdist}"
    quoted = spellings(url)[-1]
    built = cache.built_wheel(project, version, url=quoted, interpreter="310", has_origin=False)
    files = [link(sdist if is_relative else url), link(f"{FILE_URL}/other-1.0.tar.gz")]
    page(cache, INDEX_URL + "demo/", "demo", files)
    assert named(cache, INDEX_URL)[built].interpreter == "cp310"


@pytest.mark.parametrize("name", ["demo-1.0.whl", "other-1.0.tar.gz", "demo-2.0.tar.gz", "demo.tar.gz", ".zip", ""])
def test_what_a_built_wheel_cannot_come_from_is_not_kept(name: str) -> None:
    sieve = LinkCollector(KeyFilter(()), frozenset({("demo", "1.0")}), (), {})
    assert not sieve.keeps(f"https://files.example/{name}", False)  # noqa: FBT003 - as readers.page has it


urls = st.builds(
    "https://{}/{}".format, st.sampled_from(["host.example", "Host.Example", "h:8080"]), st.text(max_size=20)
) | st.text(max_size=20)


def key(url: str) -> str:
    return hashlib.sha224(url.encode("utf-8", "surrogateescape")).hexdigest()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True))
def test_a_key_that_is_there_is_always_found(found: list[str]) -> None:
    keys = KeyFilter({key(url) for url in found})
    assert all(map(keys.may_have, found))


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 5000, 100_000])
def test_of_keys_that_are_not_there_few_are_let_through(count: int) -> None:
    keys = KeyFilter({page_key(f"{FILE_URL}/{number}") for number in range(count)})
    assert all(keys.may_have(f"{FILE_URL}/{number}") for number in range(min(count, 5000)))
    wrong = sum(keys.may_have(f"{FILE_URL}/no/{number}") for number in range(5000))
    assert wrong <= 5000 * 0.08
    assert count or not wrong


@given(
    links=st.lists(st.tuples(urls, st.booleans()), max_size=6),
    others=st.lists(urls, max_size=3),
    data=st.data(),
)
def test_what_a_sieve_drops_is_of_no_use_and_what_it_keeps_is_told(
    links: list[tuple[str, bool]], others: list[str], data: st.DataObject
) -> None:
    spelt = [s for url, has in links for s in spellings(url) + (spellings(url + ".metadata") if has else ())]
    cached = data.draw(st.lists(st.sampled_from(spelt), max_size=4)) if spelt else []
    keys = {page_key(url) for url in (*cached, *(s for url in others for s in spellings(url)))}
    sieve = LinkCollector(KeyFilter(keys), frozenset(), (), {})
    kept = tuple(
        Link(url=url, filename="f", metadata_hashes=() if has else None) for url, has in links if sieve.keeps(url, has)
    )
    entry = an_entry(entry_path(Area.HTTP_V2, "0" * 56), kind=Kind.INDEX_PAGE)
    here = Page(name=None, format="json", is_index=False, links=kept)
    sieve.add(entry, Facts(head=Head(cc=4, status=200, headers=()), payload=here))
    gathering = LinkIndex(keys, ())
    gathering.add(sieve.links)
    assert {page_key(url) for url in cached} <= gathering.finish().by_key.keys() <= keys


def test_what_is_no_response_says_only_whose_it_is() -> None:
    sieve = LinkCollector(KeyFilter(()), frozenset(), (), {})
    sieve.add(an_entry("wheels/18/ac/23/x/demo-1.0-py3-none-any.whl", area=Area.WHEELS, project="demo"), Facts())
    sieve.add(an_entry(entry_path(Area.HTTP_V2, "0" * 56), project=None), Facts())
    head = Head(cc=4, status=301, headers=())
    sieve.add(an_entry(entry_path(Area.HTTP_V2, "1" * 56), kind=Kind.REDIRECT), Facts(head=head))
    sieve.add(an_entry(entry_path(Area.HTTP_V2, "2" * 56)), Facts(head=head))
    assert sieve.links == PageLinks(names={"demo"}, redirects={"1" * 56: ""})


def test_what_is_said_twice_is_told_once_and_contradictions_not_at_all(cache: Cache) -> None:
    urls = [f"{FILE_URL}/{name}-1.0-py3-none-any.whl" for name in ("same", "more", "other")]
    for url in urls:
        cache.http_v2(url, b"x")
    digests: dict[str, list[dict[str, str]]] = {
        urls[0]: [{"sha256": "a" * 64}, {"sha256": "a" * 64}],
        urls[1]: [{"sha256": "a" * 64}, {"md5": "b" * 32}],
        urls[2]: [{"sha256": "a" * 64, "md5": "b" * 32}, {"sha256": "c" * 64}],
    }
    gathering = LinkIndex({page_key(url) for url in urls}, [INDEX_URL])
    for number in range(2):
        sieve = LinkCollector(KeyFilter([page_key(url) for url in urls]), frozenset(), (), {})
        links = tuple(Link(url=url, filename="f", hashes=tuple(digests[url][number].items())) for url in urls)
        here = Page(name="demo", format="json", is_index=True, links=links)
        sieve.add(
            an_entry(entry_path(Area.HTTP_V2, "0" * 56)), Facts(head=Head(cc=4, status=200, headers=()), payload=here)
        )
        gathering.add(sieve.links)
    found = gathering.finish().by_key
    assert [dict(found[page_key(url)].hashes) for url in urls] == [
        {"sha256": "a" * 64},
        {"sha256": "a" * 64, "md5": "b" * 32},
        {},
    ]


def test_a_source_that_many_pages_link_to_is_one() -> None:
    gathering = LinkIndex((), ())
    source = SdistLink(url="https://files.example/demo-1.0.zip", hashes=())
    for _ in range(3):
        gathering.add(PageLinks(sources=[("demo", source)]))
    assert gathering.finish().sources == {"demo": (source,)}
