"""Indexes that nobody names are found by what the cache holds of their servers."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog import guesses
from pipcacheplus.model.values import Kind, UrlSource
from pipcacheplus.pips.index_layouts import MAX_BASES, bases, file_place
from tests.support import artefacts
from tests.support.asking import Asker, question
from tests.support.builders import FILE_URL, INDEX_URL, Cache, page_headers
from tests.support.layouts import LAYOUTS, Layout, fill_from
from tests.support.pages import link, page
from tests.support.processes import PIPCACHEPLUS, run


def html(cache: Cache, url: str, body: str) -> str:
    content = f"<!DOCTYPE html>{body}".encode()
    return cache.http_v2(url, content, headers=page_headers(content, content_type="text/html"))


def located(cache: Cache, folder: Path, settings: str = "") -> PipCache:
    """Return the cache as a user has it whose pip is configured like this."""
    config = folder / "pip.conf"
    config.write_text(f"[global]\n{settings}\n", encoding="utf-8")
    return PipCache.locate(cache_dir=str(cache.path), environ={"PIP_CONFIG_FILE": str(config), "HOME": str(folder)})


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_url_is_known_of_a_cache_that_a_server_of_this_kind_filled(
    cache: Cache, folder: Path, layout: Layout
) -> None:
    fill_from(layout, cache, folder / "made")
    found = located(cache, folder, layout.setting).scan(remembers=False)
    unknown = [(entry.kind, entry.project, entry.id) for entry in found.entries if entry.url is None]
    assert (len(found.entries) > 5, unknown, found.pages_without_url) == (True, [], 0)
    pages = [entry for entry in found.entries if entry.kind in {Kind.INDEX_PAGE, Kind.LINKS_PAGE}]
    named = {entry.project for entry in pages}
    assert named == ({"demo-tool", "demo-lib", "alone", "unwanted"} if "{name}" in layout.page else {None})
    assert {entry.url_source for entry in pages} == {UrlSource.INDEX_GUESS}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_what_such_an_index_published_is_what_its_files_are_held_against(
    cache: Cache, folder: Path, layout: Layout
) -> None:
    fill_from(layout, cache, folder / "made")
    told = located(cache, folder, layout.setting).inspect("kind:wheel", remembers=False)
    assert [evidence["proof"] for evidence in told.evidence.values()] == ["index-page"] * 3
    assert told.findings == ()


BARE = '<a href="../../files/demo-1.0-py3-none-any.whl#sha256=00">demo</a>'


def _origin(cache: Cache) -> object:
    return cache.built_wheel("other", url="https://index.example/files/other-1.0.tar.gz")


def _absolute_link(cache: Cache) -> object:
    return page(cache, "https://no.example/x", "x", [link("https://index.example/files/other-1.0.zip")])


def _base(cache: Cache) -> object:
    head = '<base href="https://index.example/files/">'
    return html(cache, "https://no.example/y", f'{head}<a href="other-1.0.zip">o</a>')


def _target(cache: Cache) -> object:
    where = {"Location": "https://index.example/simple/other/"}
    return cache.http_v2("https://no.example/z", status=301, headers=where)


def _redirected_page(cache: Cache) -> object:
    where = {"Location": "https://index.example/simple/demo/"}
    return cache.http_v2("https://no.example/z", status=308, headers=where)


def _link_with_a_password(cache: Cache) -> object:
    link_ = link("https://me:hunter2@index.example/files/other-1.0.zip")
    return page(cache, "https://no.example/x", "x", [link_])


TELLING: dict[str, Callable[[Cache], object]] = {
    "the source of a built wheel": _origin,
    "a link to a file that is not here": _absolute_link,
    "a link with a password": _link_with_a_password,
    "a base": _base,
    "the target of a redirect": _target,
    "the target of a redirect, the page itself": _redirected_page,
}


@pytest.mark.parametrize("tell", TELLING.values(), ids=TELLING)
def test_a_page_that_names_nothing_is_known_by_whatever_tells_of_its_host(
    cache: Cache, folder: Path, tell: Callable[[Cache], object]
) -> None:
    here = html(cache, INDEX_URL + "demo/", BARE)
    wheel = cache.http_v2("https://index.example/files/demo-1.0-py3-none-any.whl", b"x")
    known = PipCache(cache.path).scan(remembers=False)
    assert ([entry.url for entry in known.entries], known.pages_without_url) == ([None, None], 1)
    tell(cache)
    found = PipCache(cache.path).scan(remembers=False)
    urls = {entry.id: (entry.url, entry.project) for entry in found.entries}
    assert urls[here] == (INDEX_URL + "demo/", "demo")
    assert urls[wheel][0] == "https://index.example/files/demo-1.0-py3-none-any.whl"
    assert found.pages_without_url == 0


@pytest.mark.parametrize("tell", TELLING.values(), ids=TELLING)
def test_what_tells_of_a_host_takes_its_pages_with_it(
    cache: Cache, folder: Path, tell: Callable[[Cache], object]
) -> None:
    html(cache, INDEX_URL + "demo/", BARE)
    cache.http_v2("https://index.example/files/demo-1.0-py3-none-any.whl", b"x")
    asker = Asker(cache.path, folder / "state", index_urls=())
    for _ in range(2):
        before = set(cache.path.rglob("*"))
        said = [asker.ask(question("scan"))]
        tell(cache)
        said.append(asker.ask(question("scan")))
        for path in sorted(set(cache.path.rglob("*")) - before, reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        said.append(asker.ask(question("scan")))
        assert [sum(entry.url is not None for entry in one.entries) >= 2 for one in said] == [False, True, False]
        assert said[2] == asker.ask_anew(question("scan"))


def test_a_run_that_was_given_an_index_leaves_none_of_its_neighbours_behind(cache: Cache, folder: Path) -> None:
    html(cache, INDEX_URL + "demo/", BARE)
    html(cache, "https://index.example/pypi/simple/demo/", BARE)
    asker = Asker(cache.path, folder / "state")
    neighbour = ("https://index.example/files/",)
    for given, known in (((INDEX_URL,), 2), ((), 0), (neighbour, 2), ((), 0), ((INDEX_URL,), 2)):
        asker.index_urls = given
        said = asker.ask(question("scan"))
        assert (given, sum(entry.url is not None for entry in said.entries)) == (given, known)
        assert said == asker.ask_anew(question("scan"))


def test_a_listing_is_the_page_of_no_project(cache: Cache, folder: Path) -> None:
    here = html(cache, "https://index.example/simple/", '<a href="demo/">demo</a><a href="other/">other</a>')
    page(cache, INDEX_URL + "demo/", "demo", [link("../../simple-1.0.zip")])
    cache.built_wheel("simple", url="https://index.example/simple-1.0.tar.gz")
    found = {
        entry.id: entry
        for entry in PipCache(cache.path, index_urls=["https://index.example/"]).scan(remembers=False).entries
    }
    assert (found[here].url, found[here].project) == ("https://index.example/simple/", None)


def test_the_projects_that_a_listing_names_are_tried(cache: Cache, folder: Path) -> None:
    html(cache, "https://index.example/simple/", '<a href="demo/">demo</a><a href="other/">other</a>')
    here = html(cache, INDEX_URL + "other/", '<a href="sub/">more</a>')
    _origin(cache)
    found = {entry.id: entry for entry in PipCache(cache.path).scan(remembers=False).entries}
    assert (found[here].url, found[here].project) == (INDEX_URL + "other/", "other")


def test_a_name_that_an_old_pip_asked_for_leads_to_its_redirect(cache: Cache) -> None:
    _origin(cache)
    page(cache, INDEX_URL + "demo-lib/", "demo-lib", [link("../../files/demo.lib-1.0.zip")])
    old = cache.http(INDEX_URL + "demo.lib/", cc=2, status=301, headers={"Location": "../demo-lib/"})
    found = {entry.id: entry for entry in PipCache(cache.path).scan(remembers=False).entries}
    assert (found[old].url, found[old].project) == (INDEX_URL + "demo.lib/", "demo-lib")


def test_an_sdist_whose_page_is_gone_is_known_by_what_was_built_from_it(cache: Cache) -> None:
    url = f"{FILE_URL}/demo-1.0.tar.gz"
    content = b"not looked at"
    cache.http_v2(url, content, headers={"Content-Type": "text/plain"})
    built = cache.built_wheel("demo", url=url)
    found = {entry.id: entry.url for entry in PipCache(cache.path).scan(remembers=False).entries}
    assert set(found.values()) == {url}
    cache.real(built).with_name("origin.json").unlink()
    found = {entry.id: entry.url for entry in PipCache(cache.path).scan(remembers=False).entries}
    assert set(found.values()) == {None}


def test_files_in_a_directory_whose_page_is_gone_are_known_by_one_of_them(cache: Cache, folder: Path) -> None:
    content = artefacts.wheel(folder / "made", "demo").read_bytes()
    urls = [
        f"https://files.example/{path}/demo-1.0-py3-none-any.whl"
        for path in ("direct", "direct/demo", "direct/packages/demo/1.0")
    ]
    wheels = {cache.http_v2(url, content): url for url in urls}
    beside = cache.http_v2(urls[0] + ".metadata", b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    asker = Asker(cache.path, folder / "state", index_urls=())
    assert {entry.url for entry in asker.ask(question("scan")).entries} == {None}
    built = cache.built_wheel("other", url="https://files.example/direct/other-1.0.tar.gz")
    said = asker.ask(question("scan"))
    assert {entry.id: entry.url for entry in said.entries if entry.id != built} == wheels | {
        beside: urls[0] + ".metadata"
    }
    cache.real(built).with_name("origin.json").unlink()
    assert {entry.url for entry in asker.ask(question("scan")).entries} == {None}


def test_what_a_given_index_told_of_a_file_is_nothing_to_who_does_not_know_it(cache: Cache, folder: Path) -> None:
    content = artefacts.wheel(folder / "made", "demo").read_bytes()
    index = "https://index.example/of/nobody/knows/"
    html(cache, index + "demo/", f'<a href="../../../../files/demo-1.0-py3-none-any.whl#sha256={"0" * 64}">demo</a>')
    wheel = cache.http_v2("https://index.example/files/demo-1.0-py3-none-any.whl", content)
    _origin(cache)
    asker = Asker(cache.path, folder / "state")
    for given, source in ((index, UrlSource.LINKS), ("", UrlSource.INDEX_GUESS)) * 2:
        asker.index_urls = (given,) if given else ()
        said = asker.ask(question("scan"))
        assert {entry.id: entry.url_source for entry in said.entries}[wheel] is source
        cache.http_v2(f"https://index.example/{given}", b"x")  # so that all is guessed anew
        assert asker.ask(question("scan")) == asker.ask_anew(question("scan"))


# Settings


def test_the_settings_of_the_interpreters_that_are_asked_count(cache: Cache, folder: Path) -> None:
    html(cache, INDEX_URL + "demo/", BARE)
    cache.http_v2("https://index.example/files/demo-1.0-py3-none-any.whl", b"x")
    own = located(cache, folder)
    assert own.verify(pythons=[sys.executable], remembers=False).pages_without_url == 1
    other = folder / "venv"
    (other / "bin").mkdir(parents=True)
    (other / "bin" / "python").symlink_to(sys.executable)
    (other / "pip.conf").write_text(f"[install]\nextra-index-url = {INDEX_URL}\n", encoding="utf-8")
    assert own.verify(pythons=[str(other / "bin" / "python")], remembers=False).pages_without_url == 0
    assert own.verify(pythons=["current"], remembers=False).pages_without_url == 1


BROKEN: dict[str, Callable[[Path], object]] = {
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "huge": lambda path: path.write_bytes(b"[global]\n" + b"# more\n" * 1_000_000),
    "no settings": lambda path: path.write_text("index-url = https://index.example/\n", encoding="utf-8"),
    "a line of a million characters": lambda path: path.write_text("[" + "x" * 1_000_000, encoding="utf-8"),
    "a pipe": lambda path: os.mkfifo(path),  # noqa: PLW0108 - not there on Windows
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN)
def test_settings_that_pip_would_refuse_are_told_and_cost_nothing_but_their_indexes(
    cache: Cache, folder: Path, spoil: Callable[[Path], object]
) -> None:
    here = html(cache, INDEX_URL + "demo/", BARE)
    _origin(cache)
    spoil(folder / "broken.conf")
    environment = os.environ | {"XDG_STATE_HOME": str(folder), "PIP_CONFIG_FILE": str(folder / "broken.conf")}
    ran = run((*PIPCACHEPLUS, "list", "--format", "json", "--cache-dir", str(cache.path)), env=environment)
    said = json.loads(ran.stdout)
    assert (ran.returncode, [text for text in said["warnings"] if "broken.conf" in text] != []) == (0, True)
    assert {entry["id"]: entry["url"] for entry in said["entries"]}[here] == INDEX_URL + "demo/"


@pytest.mark.parametrize("how", ["unreadable", "a directory", "of nobody", "empty", "many settings"])
def test_settings_that_pip_passes_over_tell_nothing(cache: Cache, folder: Path, how: str) -> None:
    path = folder / "passed.conf"
    if how == "a directory":
        path.mkdir()
    elif how != "of nobody":
        hosts = " ".join(f"https://h{number}.example/" for number in range(20_000))
        path.write_text(f"[global]\nextra-index-url = {hosts}\n" if how == "many settings" else "", encoding="utf-8")
        path.chmod(0o000 if how == "unreadable" else 0o600)
    here = html(cache, INDEX_URL + "demo/", BARE)
    _origin(cache)
    found = PipCache.locate(cache_dir=str(cache.path), environ={"PIP_CONFIG_FILE": str(path), "HOME": str(folder)})
    assert (found.settings_trouble is not None) is (how == "many settings")
    assert {entry.id: entry.url for entry in found.scan(remembers=False).entries}[here] == INDEX_URL + "demo/"


# Bad input


HOSTILE = {
    "a million characters": lambda: "https://index.example/" + "a" * 1_000_000,
    "a million folders": lambda: "https://index.example/" + "a/" * 500_000,
    "a script": lambda: "javascript:alert(1)//index.example/simple/",
    "a file": lambda: "file:///index.example/files/other-1.0.zip",
    "data": lambda: "data:text/html,https://index.example/",
    "control characters": lambda: "https://index.example\r\nX: y\0/files/other-1.0.zip",
    "half a surrogate pair": lambda: "https://index\udcff.example/files/other-1.0.zip",
    "no host": lambda: "https:///files/other-1.0.zip",
    "half a bracket": lambda: "https://[::1/files/other-1.0.zip",
    "a port of words": lambda: "https://index.example:port/files/other-1.0.zip",
    "a label that is too long for IDNA": lambda: f"https://{'ü' * 80}.example/files/other-1.0.zip",
    "a million labels": lambda: f"https://{'ü.' * 100_000}example/files/other-1.0.zip",
    "an @": lambda: "https://me:hunter2@index.invalid/files/other-1.0.zip",
}


@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("where", ["a link", "a base", "a target", "an origin"])
def test_a_hostile_url_costs_no_more_than_itself_and_hides_nothing(
    cache: Cache, folder: Path, url: Callable[[], str], where: str
) -> None:
    here = html(cache, INDEX_URL + "demo/", BARE)
    _origin(cache)
    text = url()
    match where:
        case "a link":
            page(cache, "https://no.example/x", "x", [link(text.encode("utf-8", "replace").decode())])
        case "a base":
            html(cache, "https://no.example/y", f'<base href="{text.encode("utf-8", "replace").decode()}"><a href="o">')
        case "a target":
            header = text.encode("utf-8", "replace").decode()
            cache.http_v2("https://no.example/z", status=301, headers={"Location": header})
        case "an origin":
            cache.built_wheel("more", url="https://x.example/", origin={"url": text, "archive_info": {}})
    asker = Asker(cache.path, folder / "state", index_urls=())
    said = asker.ask(question("scan"))
    assert {entry.id: entry.url for entry in said.entries}[here] == INDEX_URL + "demo/"
    assert said == asker.ask(question("scan")) == asker.ask_anew(question("scan"))
    assert all(b"hunter2" not in path.read_bytes() for path in (folder / "state").rglob("*.sqlite3*"))


def test_a_million_hosts_in_a_page_are_looked_at_in_part(cache: Cache) -> None:
    here = html(cache, INDEX_URL + "demo/", BARE)
    many = "".join(f'<a href="https://h{number}.example/x-1.zip">x</a>' for number in range(200_000))
    html(cache, "https://no.example/", many)
    _origin(cache)
    found = {entry.id: entry.url for entry in PipCache(cache.path).scan(remembers=False).entries}
    assert found[here] == INDEX_URL + "demo/"


def test_of_thousands_of_pages_on_hosts_of_their_own_as_many_are_tried_as_the_limit_allows(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "MAX_PROBES", 2000)
    for number in range(300):
        html(cache, f"https://no{number}.example/", f'<a href="https://h{number}.example/x{number}-1.zip">x</a>')
    found = PipCache(cache.path).scan(remembers=False)
    assert len(found.entries) == 300


def test_bases_are_no_more_than_the_limit_and_each_comes_once() -> None:
    found = list(bases(f"https://h{number}.example/a/b/c" for number in range(1000)))
    assert len(found) == len(set(found)) == MAX_BASES


def test_a_host_is_looked_for_as_it_is_asked_for() -> None:
    assert file_place("https://Bücher.example/files/demo-1.0.zip") == "https://xn--bcher-kva.example"


def test_redirects_in_a_circle_of_fifty_are_all_known_by_one(cache: Cache, folder: Path) -> None:
    ring = [f"https://index.example/simple/demo/{number}/" for number in range(50)]
    for at, url in enumerate(ring):
        cache.http_v2(url, status=301, headers={"Location": f"../{(at + 1) % 50}/"})
    asker = Asker(cache.path, folder / "state", index_urls=())
    assert {entry.url for entry in asker.ask(question("scan")).entries} == {None}
    cache.http_v2(INDEX_URL + "demo/", status=308, headers={"Location": ring[7]})
    said = asker.ask(question("scan"))
    assert set(ring) <= {entry.url for entry in said.entries}
    assert said == asker.ask_anew(question("scan"))
