"""The check `built-wheel-source-changed`."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.content_rows import COLUMNS, Content
from pipcacheplus.catalog.entry_rows import as_bytes
from pipcacheplus.catalog.queries import Query, run_query, verification_of
from pipcacheplus.checks.base.check import checks
from pipcacheplus.host.source_files import digest_of_source
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.values import Finding, Source
from tests.checks.damages import built_from, flipped, half, longer, sources
from tests.checks.objections import CONTEXT
from tests.support.asking import Asker, question
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers, file_url, page_headers
from tests.support.pages import link, page
from tests.support.requests import whole
from tests.support.stores import forged

SLUG = "built-wheel-source-changed"
URL = f"{FILE_URL}/demo-1.0.tar.gz"
MIRROR = "https://mirror.example/simple/"
PLAIN = {"ETag": 'W/"x"'}
"""No digest of the content."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def found(cache: Cache, **more: object) -> list[Finding]:
    put = tuple(check for check in checks() if check.slug == SLUG)
    query: Query = whole(cache, checks=put, context=replace(CONTEXT, **more))  # type: ignore[arg-type] # any field
    said = verification_of(CacheDir(path=str(cache.path), source=Source.ARGUMENT, detail=""), query)
    assert said.not_judged == {}
    return list(said.findings)


def where(cache: Cache, **more: object) -> list[object]:
    """Return where the new source was seen, of each finding."""
    return [dict(one.evidence)["source_from"] for one in found(cache, **more)]


def verified(asker: Asker) -> list[str]:
    """Return the check, for each time that `verify` finds it."""
    return [one.check for one in asker.ask(question("verify")).findings if one.check == SLUG]


def store(
    cache: Cache,
    content: bytes,
    *,
    url: str = URL,
    age_s: float = 7 * DAY_S,
    is_old: bool = False,
    length: int | None = None,
) -> str:
    """Store a response whose ETag says nothing of it."""
    sent = {**file_headers(content, age_s=age_s), **PLAIN}
    sent |= {} if length is None else {"Content-Length": str(length)}
    return (cache.http if is_old else cache.http_v2)(url, content, headers=sent, age_s=age_s)


def publish(cache: Cache, digest: str | None, *, index: str = INDEX_URL, age_s: float = 0, url: str = URL) -> str:
    """Store the page of an index that is so old."""
    fragment = f"#sha256={digest}" if digest else ""
    body = f'<title>Links for demo</title><a href="{url}{fragment}">demo</a>'.encode()
    return cache.http_v2(f"{index}demo/", body, headers=page_headers(body, content_type="text/html", age_s=age_s))


def test_a_wheel_is_stale_once_something_else_lies_under_the_url_of_its_source(cache: Cache) -> None:
    old, new = sources(cache)
    wheel = built_from(cache, old, URL)
    assert found(cache) == []
    store(cache, new)
    (one,) = found(cache)
    assert (one.entry.id, one.group.value, one.severity.value, one.remedy.value) == (
        wheel,
        "stale",
        "warning",
        "remove-if-asked",
    )
    evidence = dict(one.evidence)
    assert (evidence["source"], evidence["source_from"]) == (URL, "download")
    assert (evidence["built_from_sha256"], evidence["source_sha256"]) == (sha256(old), sha256(new))


def test_a_wheel_whose_source_is_the_same_is_not(cache: Cache) -> None:
    old, _ = sources(cache)
    built_from(cache, old, URL)
    store(cache, old)
    publish(cache, sha256(old))
    assert found(cache) == []


@pytest.mark.parametrize(
    "change",
    [half, flipped, longer, lambda _: b"", lambda _: b"<html>login</html>"],
    ids=["half", "flipped", "longer", "empty", "a page"],
)
def test_a_download_that_is_damaged_or_no_source_says_nothing(cache: Cache, change: Callable[[bytes], bytes]) -> None:
    old, _ = sources(cache)
    built_from(cache, old, URL)
    store(cache, change(old), length=len(old))
    assert found(cache) == []


def test_a_download_that_no_page_publishes_is_damaged_and_says_nothing(cache: Cache) -> None:
    old, new = sources(cache)
    built_from(cache, old, URL)
    store(cache, new)
    publish(cache, sha256(old), age_s=8 * DAY_S)
    assert found(cache) == []


def test_a_download_that_its_etag_proves_counts_against_an_older_page(cache: Cache) -> None:
    old, new = sources(cache)
    built_from(cache, old, URL)
    headers = file_headers(new, project="demo", version="1.0")
    cache.http_v2(URL, new, headers=headers)
    publish(cache, sha256(old), age_s=8 * DAY_S)
    assert where(cache) == ["download"]
    publish(cache, sha256(old), age_s=0)  # the source is the old one again
    assert found(cache) == []


def test_the_newest_page_that_publishes_a_digest_decides(cache: Cache) -> None:
    old, new = sources(cache)
    built_from(cache, old, URL, is_in_key=True)
    publish(cache, sha256(new))
    assert where(cache) == ["index-page"]
    publish(cache, sha256(old), index=MIRROR, age_s=DAY_S)
    assert where(cache) == ["index-page"]
    publish(cache, None, index="https://bare.example/", age_s=-60)  # publishes none
    assert where(cache) == ["index-page"]
    publish(cache, sha256(old), index=MIRROR, age_s=-60)
    assert found(cache) == []


def test_where_no_page_is_the_newest_nothing_is_said(cache: Cache) -> None:
    old, new = sources(cache)
    built_from(cache, old, URL)
    publish(cache, sha256(new))
    publish(cache, sha256(old), index=MIRROR)
    assert found(cache) == []


def test_the_newer_of_two_downloads_decides(cache: Cache) -> None:
    old, new = sources(cache)
    built_from(cache, new, URL)
    store(cache, old, is_old=True, age_s=6 * DAY_S)
    store(cache, new, age_s=5 * DAY_S)
    assert found(cache) == []
    store(cache, old, is_old=True, age_s=4 * DAY_S)
    assert where(cache) == ["download"]


@pytest.mark.parametrize(("age_s", "expected"), [(9 * DAY_S, []), (8 * DAY_S - 60, ["download"]), (0, ["download"])])
def test_what_is_older_than_the_wheel_says_nothing(cache: Cache, age_s: float, expected: Sequence[str]) -> None:
    old, new = sources(cache)
    built_from(cache, new, URL)
    store(cache, old, age_s=age_s)
    assert where(cache) == expected


def test_a_page_that_is_older_than_the_wheel_says_nothing(cache: Cache) -> None:
    old, new = sources(cache)
    built_from(cache, new, URL)
    publish(cache, sha256(old), age_s=9 * DAY_S)
    assert found(cache) == []


def test_a_wheel_of_a_commit_is_never_stale(cache: Cache) -> None:
    _, new = sources(cache)
    commit = {"vcs": "git", "commit_id": "c" * 40}
    cache.built_wheel("demo", url=f"git+{URL}@{'c' * 40}", origin={"url": URL, "vcs_info": commit})
    store(cache, new)
    publish(cache, sha256(new))
    assert found(cache) == []


@pytest.mark.parametrize("info", [{}, {"hash": "md5=" + "0" * 32}, {"hash": "sha257=" + "0" * 64}])
def test_without_a_digest_that_can_be_compared_nothing_is_said(cache: Cache, info: Mapping[str, str]) -> None:
    _, new = sources(cache)
    cache.built_wheel("demo", url=URL, origin={"url": URL, "archive_info": info})
    store(cache, new)
    publish(cache, sha256(new))
    assert found(cache) == []


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (f"{FILE_URL}/demo+x-1.0.tar.gz", f"{FILE_URL}/demo%2Bx-1.0.tar.gz"),
        (f"{FILE_URL}/demo-1.0.tar.gz?x=1", f"{FILE_URL}/demo-1.0.tar.gz?x=1"),
        ("https://files.EXAMPLE/demo-1.0.tar.gz", "https://files.example/demo-1.0.tar.gz"),
    ],
)
def test_all_spellings_of_the_url_are_looked_for(cache: Cache, url: str, asked: str) -> None:
    old, new = sources(cache)
    built_from(cache, old, url)
    store(cache, new, url=asked)
    assert where(cache) == ["download"]


def test_a_url_with_a_token_is_joined_and_not_told(cache: Cache) -> None:
    old, new = sources(cache)
    url = f"{URL}?X-Amz-Signature=secret"
    built_from(cache, old, url)
    store(cache, new, url=url)
    (one,) = found(cache)
    assert "secret" not in repr(one)


def test_a_relative_link_is_followed(cache: Cache) -> None:
    old, new = sources(cache)
    built_from(cache, old, "https://index.example/files/demo-1.0.tar.gz")
    page(cache, f"{INDEX_URL}demo/", "demo", [link("../../files/demo-1.0.tar.gz", hashes={"sha256": sha256(new)})])
    assert where(cache) == ["index-page"]


def lying(folder: Path, content: bytes, name: str = "demo-1.0.tar.gz") -> Path:
    """Write a source distribution on this machine."""
    path = folder.resolve() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.skipif(os.name == "nt", reason="no file is opened there without following links")
def test_a_file_of_this_machine_is_looked_at_at_each_run(cache: Cache, tmp_path: Path) -> None:
    old, new = sources(cache)
    path = lying(tmp_path / "a b", old)
    wheel = built_from(cache, old, path.as_uri())
    assert "%20" in path.as_uri()
    asker = Asker(cache.path, tmp_path / "state")
    for content, expected in ((old, {}), (new, {wheel: (SLUG,)}), (old, {})):
        path.write_bytes(content)
        assert asker.ask(question("plan", stale=True)).reasons == expected
        assert verified(asker) == [slug for (slug,) in expected.values()]
    path.unlink()
    assert asker.ask(question("plan", stale=True)).reasons == {}


@pytest.mark.parametrize("name", ["passwd", "demo-1.0.whl", "demo-1.0"])
def test_only_what_is_called_like_a_source_distribution_is_opened(cache: Cache, name: str) -> None:
    old, _ = sources(cache)
    built_from(cache, old, f"file:///src/{name}")
    asked: list[str] = []
    assert found(cache, digest_of_source=asked.append) == []
    assert asked == []


@pytest.mark.parametrize("start", ["file://host.example", "file://localhost", "file://", "file:", "FILE:"])
def test_a_file_url_with_a_host_is_not_opened(cache: Cache, start: str) -> None:
    old, new = sources(cache)
    built_from(cache, old, f"{start}/src/demo-1.0.tar.gz")
    seen = found(cache, digest_of_source=lambda _: sha256(new))
    assert bool(seen) is (start == "file://")


def test_the_file_decides_and_no_page(cache: Cache, tmp_path: Path) -> None:
    old, new = sources(cache)
    path = lying(tmp_path / "src", old)
    built_from(cache, old, path.as_uri())
    publish(cache, sha256(new), url=path.as_uri())
    assert found(cache, digest_of_source=digest_of_source) == []


def test_prune_stale_alone_takes_what_verify_finds_and_opens_no_other_content(cache: Cache, tmp_path: Path) -> None:
    old, new = sources(cache)
    wheel = built_from(cache, old, URL)
    store(cache, new)
    other = f"{FILE_URL}/other-1.0.tar.gz"
    cache.http_v2(other, new + b"x" * (1 << 20))  # too large to be read on the way
    asker = Asker(cache.path, tmp_path / "state")
    for remembers in (False, True, True):
        assert asker.ask(question("plan", stale=True), remembers=remembers).reasons == {wheel: (SLUG,)}
    assert {one.entry.id for one in asker.ask(question("verify")).findings if one.check == SLUG} == {wheel}
    with forged(next((tmp_path / "state").rglob("*.sqlite3"))) as database:
        sizes = database.execute("SELECT e.size FROM content c JOIN entry e USING (id)").fetchall()
    assert max(sizes) > (1 << 20,)  # once verified, it is remembered


def test_no_wheel_goes_on_what_is_remembered_of_its_source(cache: Cache, tmp_path: Path) -> None:
    old, new = sources(cache)
    built_from(cache, old, URL)
    source = store(cache, old)
    asker = Asker(cache.path, tmp_path / "state")
    asker.ask(question("verify"))
    made = Content({"sha256": sha256(new), "blake2b": "0" * 64}, is_unpacked=True, is_cut=False, problem=None).columns()
    changes = ", ".join(f"{name} = ?" for name in COLUMNS)
    with forged(next((tmp_path / "state").rglob("*.sqlite3"))) as database, database:
        forged_row = (*made, as_bytes(source))
        database.execute(f"UPDATE content SET {changes} WHERE id = ?", forged_row)  # noqa: S608 - our own words
    assert verified(asker) == [SLUG]
    assert asker.ask(question("plan", stale=True)).reasons == {}
    assert verified(asker) == []


def test_the_digest_is_made_even_if_only_a_wheel_is_asked_for(cache: Cache) -> None:
    old, new = sources(cache)
    wheel = built_from(cache, old, URL)
    store(cache, new)
    for what in (wheel, "kind:built-wheel", "demo"):
        said = PipCache(cache.path, index_urls=[INDEX_URL]).verify(what, remembers=False)
        assert [(one.entry.id, one.check) for one in said.findings if one.check == SLUG] == [(wheel, SLUG)]


def test_a_file_host_cannot_replace_what_its_path_is_made_of(cache: Cache) -> None:
    old, new = sources(cache)
    url = file_url(old, "demo-1.0.tar.gz")
    built_from(cache, old, url)
    store(cache, old, url=url)
    publish(cache, sha256(old), url=url)
    put = tuple(check for check in checks() if check.slug == SLUG)
    assert [one for one in run_query(whole(cache, checks=put, only_findings=True), []) if one.findings] == []
    assert new
