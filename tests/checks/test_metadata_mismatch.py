"""The check `metadata-mismatch`."""

import hashlib
import zipfile
from itertools import permutations
from pathlib import Path

import pytest

from pipcacheplus.catalog.queries import run_query
from pipcacheplus.checks.base.check import checks
from pipcacheplus.model.values import Kind, UrlSource
from tests.checks.objections import CONTEXT
from tests.support import artefacts
from tests.support.asking import Asker, question
from tests.support.builders import FILE_URL, INDEX_URL, Cache, file_headers, file_url, page_headers
from tests.support.pages import link, page
from tests.support.requests import whole

URL = f"{FILE_URL}/demo-1.0-py3-none-any.whl"
OTHER = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: evil\n"


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()


@pytest.fixture
def metadata(tmp_path: Path) -> bytes:
    with zipfile.ZipFile(artefacts.wheel(tmp_path, "demo", "1.0")) as archive:
        return archive.read("demo-1.0.dist-info/METADATA")


def told(cache: Cache) -> list[tuple[str, str, dict[str, object]]]:
    """Return severity, URL and evidence of what is found."""
    (check,) = [check for check in checks() if check.slug == "metadata-mismatch"]
    what = whole(cache, checks=(check,), context=CONTEXT, index_urls=())
    return [
        (finding.severity.value, finding.entry.url or "", dict(finding.evidence))
        for one in run_query(what, [])
        for finding in one.findings
    ]


def linked(cache: Cache, wheel_digest: str | None, metadata_digest: str | None) -> None:
    """Let a page link to the wheel and its metadata, with these digests."""
    hashes = {"sha256": wheel_digest} if wheel_digest else {}
    core = {"sha256": metadata_digest} if metadata_digest else True
    page(cache, "https://index.example/simple/demo/", "demo", [link(URL, hashes=hashes, **{"core-metadata": core})])


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_metadata_that_the_wheel_holds_is_fine(cache: Cache, content: bytes, metadata: bytes) -> None:
    cache.http_v2(URL, content)
    cache.http_v2(URL + ".metadata", metadata)
    linked(cache, sha256(content), None)
    assert told(cache) == []


@pytest.mark.parametrize(("is_published", "severity"), [(True, "error"), (False, "warning")])
def test_other_metadata_is_an_error_if_the_wheel_is_proven(
    cache: Cache, content: bytes, metadata: bytes, severity: str, *, is_published: bool
) -> None:
    cache.http_v2(URL, content)
    cache.http_v2(URL + ".metadata", OTHER)
    linked(cache, sha256(content) if is_published else None, None)
    ((found, url, evidence),) = told(cache)
    assert (found, url) == (severity, URL + ".metadata")
    assert (evidence["expected_sha256"], evidence["actual_sha256"]) == (sha256(metadata), sha256(OTHER))
    assert evidence["wheel_is_proven"] is is_published


def test_metadata_that_is_what_the_index_published_is_not_damaged(cache: Cache, content: bytes) -> None:
    cache.http_v2(URL, content)
    cache.http_v2(URL + ".metadata", OTHER)
    linked(cache, sha256(content), sha256(OTHER))
    assert told(cache) == []


def test_metadata_that_is_what_was_sent_is_not_damaged(cache: Cache, content: bytes) -> None:
    cache.http_v2(URL, content)
    cache.http_v2(URL + ".metadata", OTHER, headers=file_headers(OTHER, project="demo"))
    linked(cache, sha256(content), None)
    assert told(cache) == []


def test_a_damaged_wheel_says_nothing_of_its_metadata(cache: Cache, content: bytes) -> None:
    damaged = bytearray(content)
    damaged[len(damaged) // 3] ^= 0x55
    cache.http_v2(URL, bytes(damaged))
    cache.http_v2(URL + ".metadata", OTHER)
    linked(cache, None, None)
    assert told(cache) == []


@pytest.mark.parametrize(
    ("name", "version", "is_told"),
    [
        ("demo", "1.0", False),
        ("Demo", "1.0.0", False),
        ("demo", "1.0+local", True),
        ("demo", "2.0", True),
        ("demo-x", "1.0", True),
        ("demo", "no version", False),
    ],
)
def test_metadata_of_another_project_or_version_than_its_wheel_is_named_by_is_an_error(
    cache: Cache, name: str, version: str, *, is_told: bool
) -> None:
    cache.http_v2(URL + ".metadata", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode())
    linked(cache, None, None)
    found = [(severity, evidence["project"], evidence["version"]) for severity, _, evidence in told(cache)]
    assert found == ([("error", name, version)] if is_told else [])


WAYS = [(html, relative, digest) for html in (False, True) for relative in (False, True) for digest in (False, True)]


@pytest.mark.parametrize(("is_html", "is_relative", "has_digest"), WAYS)
@pytest.mark.parametrize("order", [*permutations(("wheel", "metadata", "page"))], ids="-".join)
@pytest.mark.parametrize("known", [1, 2])
def test_metadata_is_held_against_its_page_and_wheel_in_whatever_order_they_come(
    tmp_path: Path,
    content: bytes,
    metadata: bytes,
    order: tuple[str, ...],
    known: int,
    *,
    is_html: bool,
    is_relative: bool,
    has_digest: bool,
) -> None:
    cache = Cache(tmp_path / "own-cache")
    cache.directory("http-v2")
    url = INDEX_URL.replace("/simple/", "/files/demo-1.0-py3-none-any.whl")
    href = "../../files/demo-1.0-py3-none-any.whl" if is_relative else url

    def write_page() -> None:
        digest = sha256(metadata) if has_digest else None
        if not is_html:
            core = {"sha256": digest} if digest else True
            links = [link(href, hashes={"sha256": sha256(content)}, **{"core-metadata": core})]
            page(cache, f"{INDEX_URL}demo/", "demo", links)
            return
        core_metadata = f"sha256={digest}" if digest else "true"
        body = f'<a href="{href}#sha256={sha256(content)}" data-core-metadata="{core_metadata}">demo</a>'.encode()
        cache.http_v2(f"{INDEX_URL}demo/", body, headers=page_headers(body, content_type="text/html"))

    write = {
        "wheel": lambda: cache.http_v2(url, content),
        "metadata": lambda: cache.http_v2(url + ".metadata", OTHER),
        "page": write_page,
    }
    asker = Asker(cache.path, tmp_path / "state")
    for number, what in enumerate(order):
        if number == known:
            asker.ask(question("verify"))
        write[what]()
    slug = "body-digest-mismatch" if has_digest else "metadata-mismatch"
    for asked in (question("verify"), question("verify", "kind:metadata"), question("verify", deep=True)):
        found = {one.check for one in asker.ask(asked).findings if one.entry.kind is Kind.METADATA}
        assert slug in found, str(asked)


def test_a_wheel_without_metadata_in_the_cache_is_fine(cache: Cache, content: bytes) -> None:
    cache.http_v2(URL, content)
    linked(cache, sha256(content), None)
    assert told(cache) == []


def test_a_wheel_that_its_own_digest_names_names_its_metadata_too(cache: Cache, content: bytes) -> None:
    url = file_url(content, "demo-1.0-py3-none-any.whl")
    cache.http_v2(url, content)
    metadata = cache.http_v2(url + ".metadata", OTHER)
    page(cache, "https://index.example/simple/other/", "other", [link(file_url(b"other", "other-1.0.zip"))])
    ((severity, found, _),) = told(cache)
    assert (severity, found) == ("error", url + ".metadata")
    what = whole(cache, checks=(), context=CONTEXT, index_urls=())
    (entry,) = [one.entry for one in run_query(what, []) if one.entry.id == metadata]
    assert entry.url_source is UrlSource.FILE_HOST
