"""What the pages of a cache say of its other entries."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.catalog.page_links import KeyFilter, LinkCollector
from pipcacheplus.catalog.queries import Query, run_query
from pipcacheplus.checks.base.check import Context
from pipcacheplus.checks.base.context import default_index_of_pip
from pipcacheplus.model.facts import Depth, Link, Page
from pipcacheplus.model.values import Entry, UrlSource
from pipcacheplus.pips.urls import is_absolute, join_url, spellings
from tests.support.asking import Asker, question
from tests.support.builders import FILE_URL, INDEX_URL, NOW_S, Cache, file_url, page_headers
from tests.support.pages import link, page
from tests.support.requests import whole
from tests.support.stores import forged

HOST = "https://index.example"
"""Of `INDEX_URL`."""


def named(
    cache: Cache,
    *indexes: str,
    depth: Depth = Depth.ENDS,
    state: Path | None = None,
) -> dict[str, Entry]:
    """Return all entries by id, with all that the cache tells of them.

    Args:
        cache: The cache.
        indexes: URLs of indexes that are known.
        depth: How far entries are read.
        state: Where facts are kept, if they are.
    """
    query = Query(
        path=str(cache.path),
        depth=depth,
        context=Context(now_s=NOW_S),
        index_urls=indexes,
        needs_urls=True,
        remembers=state is not None,
        folder=None if state is None else str(state),
        clock_ns=1 << 62,
    )
    return {one.entry.id: one.entry for one in run_query(query, [])}


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


def test_the_file_hosts_of_this_pip_are_known_without_any_page(cache: Cache) -> None:
    pytest.importorskip("pip")
    _, hosts = default_index_of_pip()
    content = cache.real(cache.built_wheel("demo")).read_bytes()
    path = file_url(content, "demo-1.0-py3-none-any.whl").partition("/packages/")[2]
    urls = [f"{host}/packages/{path}" for host in (hosts[0], "https://unknown.example")]
    ids = [cache.http_v2(url, content) for url in urls]
    found = named(cache, depth=Depth.WHOLE)
    assert [found[id_].url for id_ in ids] == [urls[0], None]


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
    collector = LinkCollector(KeyFilter((), 0), {"demo": {"1.0"}}, None)
    assert not collector.filter()(f"https://files.example/{name}", False)  # noqa: FBT003 - as readers.page has it


def _absolute(cache: Cache) -> str:
    page(cache, "https://elsewhere.example/demo/", "demo", [link(f"{FILE_URL}/demo-1.0.zip")])
    return f"{FILE_URL}/demo-1.0.zip"


def _metadata(cache: Cache) -> str:
    url = f"{FILE_URL}/demo-1.0-py3-none-any.whl"
    page(cache, "https://elsewhere.example/demo/", "demo", [link(url, **{"core-metadata": {"sha256": "0" * 64}})])
    return url + ".metadata"


def _relative(cache: Cache) -> str:
    page(cache, INDEX_URL + "demo/", "demo", [link("../../demo-1.0.zip")])
    return f"{HOST}/demo-1.0.zip"


def _relative_metadata(cache: Cache) -> str:
    page(cache, INDEX_URL + "demo/", "demo", [link("demo-1.0-py3-none-any.whl", **{"core-metadata": True})])
    return f"{INDEX_URL}demo/demo-1.0-py3-none-any.whl.metadata"


def _with_base(cache: Cache) -> str:
    page_html(cache, "https://no.example/", '<base href="https://cdn.example/d/"><a href="demo-1.0.zip">demo</a>')
    return "https://cdn.example/d/demo-1.0.zip"


def _redirected(cache: Cache) -> str:
    cache.http_v2(INDEX_URL + "demo/", status=301, headers={"Location": "https://new.example/simple/demo/"})
    page(cache, "https://new.example/simple/demo/", "demo", [link("../../demo-1.0.zip")])
    return "https://new.example/demo-1.0.zip"


def _quoted(cache: Cache) -> str:
    page(cache, INDEX_URL + "demo/", "demo", [link("../../demo-1.0+a%20b.zip")])
    return f"{HOST}/demo-1.0%2Ba%20b.zip"


@pytest.mark.parametrize(
    "publish", [_absolute, _metadata, _relative, _relative_metadata, _with_base, _redirected, _quoted]
)
def test_what_comes_after_its_page_is_named_by_it(
    cache: Cache, tmp_path: Path, publish: Callable[[Cache], str]
) -> None:
    url = publish(cache)
    state = tmp_path / "state"
    named(cache, INDEX_URL, state=state)
    late = cache.http_v2(url, b"x")
    cache.http_v2(INDEX_URL + "other/", b"x")
    assert named(cache, INDEX_URL, state=state)[late].url == url
    assert named(cache, INDEX_URL, state=state) == named(cache, INDEX_URL)


@pytest.mark.parametrize("sdist", ["demo_lib-1.0.tar.gz", "Demo.Lib-1.0.TAR.GZ", "../../packages/demo-lib-1.0.zip"])
def test_a_wheel_that_is_built_after_its_page_came_is_known_by_its_source(
    cache: Cache, tmp_path: Path, sdist: str
) -> None:
    state = tmp_path / "state"
    page(cache, INDEX_URL + "demo-lib/", "demo-lib", [link(sdist)])
    named(cache, INDEX_URL, state=state)
    url = join_url(INDEX_URL + "demo-lib/", sdist)
    built = cache.built_wheel("demo_lib", url=url, interpreter="310", has_origin=False)
    assert named(cache, INDEX_URL, state=state)[built].interpreter == "cp310"


def test_a_run_that_knows_an_index_leaves_nothing_behind_for_one_that_does_not(cache: Cache, tmp_path: Path) -> None:
    urls = [_relative(cache), _redirected(cache), _absolute(cache)]
    for url in urls:
        cache.http_v2(url, b"x")
    state = tmp_path / "state"
    for indexes in ([INDEX_URL], [], [INDEX_URL], ["https://other.example/simple/"], []):
        assert named(cache, *indexes, state=state) == named(cache, *indexes)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@files.example/demo-1.0.zip",
        "https://files.example/demo-1.0.zip?X-Amz-Signature=hunter2",
        "https://files.example/demo-1.0.zip?a=b&access_token=hunter2",
        "//user:hunter2@files.example/demo-1.0.zip",
    ],
)
def test_a_url_with_credentials_is_neither_shown_nor_stored(cache: Cache, tmp_path: Path, url: str) -> None:
    whole_url = url if is_absolute(url) else "https:" + url
    wheel = cache.http_v2(whole_url, b"x")
    cache.built_wheel("demo", url=whole_url, interpreter="310", has_origin=False)
    page(cache, INDEX_URL + "demo/", "demo", [{**link(url), "filename": "demo-1.0.zip"}])
    found = named(cache, INDEX_URL, state=tmp_path / "state")[wheel]
    assert (found.url, found.filename) == (None, "demo-1.0.zip")
    (catalog,) = (tmp_path / "state").rglob("*.sqlite3")
    assert b"hunter2" not in catalog.read_bytes()


def test_the_password_of_an_index_is_not_stored_and_its_pages_are_found(cache: Cache, tmp_path: Path) -> None:
    wheel = cache.http_v2(_relative(cache), b"x")
    index = "https://me:hunter2@index.example/simple/"
    assert named(cache, index, state=tmp_path / "state")[wheel].url == f"{HOST}/demo-1.0.zip"
    (catalog,) = (tmp_path / "state").rglob("*.sqlite3")
    assert b"hunter2" not in catalog.read_bytes()


def test_where_a_redirect_leads_with_a_token_is_not_stored(cache: Cache, tmp_path: Path) -> None:
    moved = cache.http_v2(
        INDEX_URL + "demo/", status=301, headers={"Location": "https://new.example/demo/?X-Amz-Signature=hunter2"}
    )
    cache.built_wheel("demo")
    assert named(cache, INDEX_URL, state=tmp_path / "state")[moved].url == INDEX_URL + "demo/"
    (catalog,) = (tmp_path / "state").rglob("*.sqlite3")
    assert b"hunter2" not in catalog.read_bytes()


def test_the_token_in_an_origin_is_neither_shown_nor_stored(cache: Cache, tmp_path: Path) -> None:
    built = cache.built_wheel("demo", url=f"{HOST}/demo-1.0.zip?access_token=hunter2", interpreter="310")
    found = named(cache, state=tmp_path / "state")[built]
    assert (found.url, found.interpreter) == (None, "cp310")
    (catalog,) = (tmp_path / "state").rglob("*.sqlite3")
    assert b"hunter2" not in catalog.read_bytes()


def test_a_wheel_is_held_against_the_sdists_of_its_own_version(cache: Cache) -> None:
    url = f"{HOST}/demo-2.0%2Blocal.zip"
    built = cache.built_wheel("demo", "2.0+local", url=url, interpreter="310", has_origin=False)
    others = [link(f"{HOST}/demo-1.{number}.zip") for number in range(3)]
    page(cache, INDEX_URL + "demo/", "demo", [*others, {**link(url), "filename": "demo-2.0+local.zip"}])
    assert named(cache, INDEX_URL)[built].interpreter == "cp310"


@contextmanager
def catalog_of(state: Path) -> Iterator[sqlite3.Connection]:
    """Open the catalog below a state directory to change it."""
    (path,) = state.rglob("*.sqlite3")
    with forged(path) as connection:
        yield connection


def test_a_link_that_somebody_wrote_for_no_page_makes_nothing_go(cache: Cache, tmp_path: Path) -> None:
    wheel = cache.http_v2(f"{FILE_URL}/demo-1.0.zip", b"x" * 99)
    asker, asked = Asker(cache.path, tmp_path / "state"), question("plan", corrupt=True)
    assert asker.ask(asked).reasons == {}
    for id_ in (b"", b"http-v2/none"):  # of no page at all; of one that is none of the entries
        with catalog_of(asker.state) as connection:
            connection.execute("DELETE FROM page")
            connection.execute("INSERT INTO page VALUES (7777, ?, x'00', 0, NULL, NULL, NULL, NULL, NULL)", (id_,))
            connection.execute("DELETE FROM page WHERE id = x''")
            connection.execute("DELETE FROM whole")  # else the digest that it asks for would not be made
            connection.execute(
                "INSERT INTO link SELECT key, 7777, 0, 0, 'https://x/', 'x', ?, NULL, NULL FROM entry WHERE id = ?",
                (b"x" * 32, wheel.encode()),
            )
        assert asker.ask(asked).reasons == {}


def test_a_url_that_somebody_wrote_for_a_page_is_not_believed(cache: Cache, tmp_path: Path) -> None:
    cache.http_v2("https://other.example/packages/demo-1.0.zip", b"x" * 99)
    page(cache, INDEX_URL + "demo/", "demo", [link("demo-1.0.zip", hashes={"sha256": "0" * 64})])
    asker, asked = Asker(cache.path, tmp_path / "state"), question("verify")
    before = asker.ask(asked)
    with catalog_of(asker.state) as connection:
        connection.execute("UPDATE guess SET url = 'https://other.example/packages/'")
        assert connection.execute("SELECT changes()").fetchone() == (1,)
    assert asker.ask(asked) == before
    assert asker.ask(question("plan", corrupt=True)).reasons == {}


urls = st.builds(
    "https://{}/{}".format, st.sampled_from(["host.example", "Host.Example", "h:8080"]), st.text(max_size=20)
) | st.text(max_size=20)


def key(url: str) -> bytes:
    return hashlib.sha224(url.encode("utf-8", "surrogatepass")).digest()


def mark(key: bytes) -> int:
    return int.from_bytes(key[:4], "big")


@given(st.lists(st.binary(min_size=28, max_size=28), unique=True))
def test_a_key_that_is_there_is_always_found(keys: list[bytes]) -> None:
    found = KeyFilter(keys, len(keys))
    assert all(found.may_have(mark(key)) for key in keys)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 5000, 100_000])
def test_of_keys_that_are_not_there_few_are_let_through(count: int) -> None:
    keys = KeyFilter((key(f"{FILE_URL}/{number}") for number in range(count)), count)
    assert all(keys.may_have(mark(key(f"{FILE_URL}/{number}"))) for number in range(min(count, 5000)))
    wrong = sum(keys.may_have(mark(key(f"{FILE_URL}/no/{number}"))) for number in range(5000))
    assert wrong <= 5000 * 0.08
    assert count or not wrong


@given(
    links=st.lists(st.tuples(urls, st.booleans()), max_size=6),
    others=st.lists(urls, max_size=3),
    base=st.sampled_from([None, "https://host.example/simple/demo/"]),
    data=st.data(),
)
def test_what_is_dropped_of_a_page_is_of_no_use_and_what_is_kept_is_told(
    links: list[tuple[str, bool]], others: list[str], base: str | None, data: st.DataObject
) -> None:
    joined = [(url if is_absolute(url) else join_url(base, url) if base else None, has) for url, has in links]
    spelt = [
        spelling + suffix
        for url, has in joined
        for spelling in spellings(url or "")
        for suffix in ("", *([".metadata"] if has else ()))
    ]
    cached = data.draw(st.lists(st.sampled_from(spelt), max_size=4)) if spelt else []
    keys = {key(url) for url in (*cached, *(s for url in others for s in spellings(url)))}
    filter_ = KeyFilter(keys, len(keys))
    collector = LinkCollector(filter_, {}, base)
    keeps = collector.filter()
    kept = tuple(
        Link(url=url, filename="f", metadata_hashes=() if has else None) for url, has in links if keeps(url, has)
    )
    row = collector.row_of(Page(name=None, format="json", is_index=False, links=kept))
    told = {one.key for one in row.links}
    assert {key(url) for url in cached} <= told
    assert all(filter_.may_have(mark(one)) for one in told)
    marks = {row.marks[at : at + 4] for at in range(0, len(row.marks), 4)}
    assert {key(url)[:4] for url in spelt} <= marks


def test_what_is_said_twice_is_told_once_and_a_contradiction_page_by_page(cache: Cache) -> None:
    digests: dict[str, list[dict[str, str]]] = {
        "same": [{"sha256": "a" * 64}, {"sha256": "a" * 64}],
        "more": [{"sha256": "a" * 64}, {"md5": "b" * 32}],
        "other": [{"sha256": "a" * 64, "md5": "b" * 32}, {"sha256": "c" * 64}],
        "none": [{}, {}],
    }
    ids = {cache.http_v2(f"{FILE_URL}/{name}.zip", b"x"): name for name in digests}
    for number in range(2):
        links = [link(f"{FILE_URL}/{name}.zip", hashes=both[number]) for name, both in digests.items()]
        page(cache, f"{INDEX_URL}{number}/", "demo", links)
    query = whole(cache, wants_evidence=True)
    evidence = {one.entry.id: dict(one.evidence) for one in run_query(query, [])}
    told = {
        ids[id_]: {k: v for k, v in e.items() if k.startswith("published_")}
        for id_, e in evidence.items()
        if id_ in ids
    }
    assert told == {
        "same": {"published_sha256": "a" * 64},
        "more": {"published_sha256": "a" * 64, "published_md5": "b" * 32},
        "other": {},
        "none": {},
    }
    contradicted = next(evidence[id_] for id_, name in ids.items() if name == "other")
    assert contradicted["pages"] == len(digests["other"])
    assert {contradicted["page_1_sha256"], contradicted["page_2_sha256"]} == {"a" * 64, "c" * 64}


def test_pages_behind_urls_with_credentials_are_followed_in_each_run(cache: Cache, tmp_path: Path) -> None:
    there = "https://me:hunter2@new.example/simple/demo/"
    cache.http_v2(INDEX_URL + "demo/", status=301, headers={"Location": there})
    page(cache, there, "demo", [link("../../files/demo-1.0.zip")])
    behind = cache.http_v2("https://new.example/files/demo-1.0.zip", b"x")
    index = "https://d.example/Hunter2Hunter2Hu/owner/repository/python/simple/"
    page(cache, index + "other/", "other", [link("../../other-1.0.zip")])
    other = cache.http_v2(f"{index.removesuffix('simple/')}other-1.0.zip", b"x")
    state = tmp_path / "state"
    for indexes in ([INDEX_URL, index], [INDEX_URL, index], [INDEX_URL], [], [index], [INDEX_URL, index]):
        found = named(cache, *indexes, state=state)
        assert found == named(cache, *indexes)
        assert (found[behind].url is not None) == (INDEX_URL in indexes)
        assert (found[other].url_shown is not None) == (index in indexes)
        assert found[other].url is None
        (catalog,) = state.rglob("*.sqlite3")
        assert b"hunter2" not in catalog.read_bytes().lower()
