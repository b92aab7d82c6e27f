"""The index of our own: it must send what public indexes send, or tests with real pips prove nothing."""

import contextlib
import gzip
import hashlib
import http.client
import json
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from packaging.utils import parse_wheel_filename

from tests.support import artefacts, backend
from tests.support.answers import Answer
from tests.support.server import IndexServer

_JSON = "application/vnd.pypi.simple.v1+json"
_PIP = f"{_JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"


def ask(
    server: IndexServer, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port, timeout=60)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (_PIP, _JSON),
        ("text/html", "text/html"),
        ("application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+html"),
        (f"text/html; q=0.1, {_JSON}; q=0.5", _JSON),
        ("", "text/html"),
        ("*/*", "text/html"),
    ],
)
def test_a_page_comes_in_the_form_that_is_liked_best(index: IndexServer, accept: str, content_type: str) -> None:
    status, headers, _ = ask(index, "/simple/demo-lib/", {"Accept": accept})
    assert (200, content_type) == (status, headers["content-type"])


def test_a_page_has_the_headers_that_make_pip_keep_it(index: IndexServer) -> None:
    _, headers, body = ask(index, "/simple/demo-lib/", {"Accept": _PIP})
    assert headers["cache-control"] == "max-age=600, public"
    assert headers["vary"] == "Accept, Accept-Encoding"
    assert str(len(body)) == headers["content-length"]
    assert {"etag", "date", "x-pypi-last-serial"} <= headers.keys()


def test_a_page_is_compressed_only_for_whom_can_read_it(index: IndexServer) -> None:
    _, plain_headers, plain = ask(index, "/simple/demo-lib/", {"Accept": _PIP})
    _, headers, body = ask(index, "/simple/demo-lib/", {"Accept": _PIP, "Accept-Encoding": "gzip, deflate"})
    assert "content-encoding" not in plain_headers
    assert headers["content-encoding"] == "gzip"
    assert plain == gzip.decompress(body)


def test_a_page_that_the_client_has_is_not_sent_again(index: IndexServer) -> None:
    etag = ask(index, "/simple/demo-lib/", {"Accept": _PIP})[1]["etag"]
    status, headers, body = ask(index, "/simple/demo-lib/", {"Accept": _PIP, "If-None-Match": etag})
    assert (304, etag, b"") == (status, headers["etag"], body)
    assert ask(index, "/simple/demo-lib/", {"Accept": "text/html", "If-None-Match": etag})[0] == 200


def test_a_new_file_changes_the_page_and_its_serial(index: IndexServer, tmp_path: Path) -> None:
    before = ask(index, "/simple/demo-lib/", {"Accept": _PIP})[1]
    index.add(artefacts.wheel(tmp_path, "demo-lib", "9.0"))
    after = ask(index, "/simple/demo-lib/", {"Accept": _PIP, "If-None-Match": before["etag"]})[1]
    assert before["etag"] != after["etag"]
    assert int(before["x-pypi-last-serial"]) < int(after["x-pypi-last-serial"])


def test_links_on_both_forms_lead_to_files_with_the_digests_they_state(index: IndexServer) -> None:
    page = json.loads(ask(index, "/simple/demo-lib/", {"Accept": _PIP})[2])
    html = ask(index, "/simple/demo-lib/")[2].decode()
    assert page["versions"] == ["1.0", "1.1"]
    for row in page["files"]:
        assert row["url"].startswith(index.url)
        body = ask(index, urlsplit(row["url"]).path)[2]
        metadata = ask(index, urlsplit(row["url"]).path + ".metadata")[2]
        assert row["hashes"]["sha256"] == hashlib.sha256(body).hexdigest()
        assert row["core-metadata"]["sha256"] == hashlib.sha256(metadata).hexdigest()
        assert f'href="{row["url"]}#sha256={row["hashes"]["sha256"]}"' in html
        assert f'data-core-metadata="sha256={row["core-metadata"]["sha256"]}"' in html


def test_links_can_be_relative_and_metadata_can_be_left_out(demo_files: tuple[Path, ...]) -> None:
    with IndexServer(demo_files, has_relative_links=True, has_metadata=False) as index:
        row = json.loads(ask(index, "/simple/demo-app/", {"Accept": _PIP})[2])["files"][0]
        assert row["url"] == "../.." + index.path_of(row["filename"])
        assert row["core-metadata"] is False
        assert ask(index, index.path_of(row["filename"]) + ".metadata")[0] == 404


def test_a_file_is_named_by_its_content_and_kept_for_years(index: IndexServer) -> None:
    path = index.path_of("demo_lib-1.0-py2.py3-none-any.whl")
    status, headers, body = ask(index, path, {"If-None-Match": '"x"'})
    digest = hashlib.blake2b(body, digest_size=32).hexdigest()
    assert status == 200
    assert path == f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/demo_lib-1.0-py2.py3-none-any.whl"
    assert headers["etag"] == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    assert headers["cache-control"] == "max-age=365000000, immutable, public"
    told = [headers[f"x-pypi-file-{name}"] for name in ("project", "version", "package-type", "python-version")]
    assert told == ["demo-lib", "1.0", "bdist_wheel", "py2.py3"]


def test_a_file_that_the_client_has_is_sent_all_the_same(index: IndexServer) -> None:
    path = index.path_of("demo_source-2.0.tar.gz")
    etag = ask(index, path)[1]["etag"]
    assert ask(index, path, {"If-None-Match": etag})[0] == 200


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=10-19", 206, slice(10, 20)),
        ("bytes=0-999999999", 206, slice(None)),
        ("bytes=999999999-", 416, slice(0)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_a_part_of_a_file_can_be_had(index: IndexServer, asked: str, status: int, part: slice) -> None:
    path = index.path_of("demo_source-2.0.tar.gz")
    whole = ask(index, path)[2]
    got, headers, body = ask(index, path, {"Range": asked})
    assert (status, whole[part]) == (got, body)
    assert (status in (206, 416)) == ("content-range" in headers)


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/simple/demo-lib/", 200, None),
        ("/simple/demo-lib", 301, "/simple/demo-lib/"),
        ("/simple/Demo_Lib/", 301, "/simple/demo-lib/"),
        ("/simple/unknown/", 404, None),
        ("/packages/00/00/00/demo.whl", 404, None),
        ("/moved", 301, "/simple/demo-lib/"),
        ("/links.html", 200, None),
    ],
)
def test_paths_are_found_moved_or_unknown(index: IndexServer, path: str, status: int, location: str | None) -> None:
    index.redirect("/moved", "/simple/demo-lib/")
    index.put("/links.html", Answer(body=b"<a href='x'>x</a>"))
    got, headers, _ = ask(index, path)
    assert (status, location) == (got, headers.get("location"))


def test_every_request_is_noted_with_what_it_said(index: IndexServer) -> None:
    path = index.path_of("demo_source-2.0.tar.gz")
    ask(index, "/simple/demo-lib/", {"If-None-Match": '"x"'})
    ask(index, path, {"Range": "bytes=1-"}, method="HEAD")
    noted = [(one.method, one.path, one.status, one.if_none_match, one.range) for one in index.requests]
    assert [("GET", "/simple/demo-lib/", 200, '"x"', None), ("HEAD", path, 206, None, "bytes=1-")] == noted
    index.clear_requests()
    assert index.requests == ()


def test_a_connection_serves_more_than_one_request(index: IndexServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(index.url).port, timeout=60)
    connection.request("GET", "/simple/demo-lib/")
    connection.getresponse().read()
    before = connection.sock
    connection.request("GET", "/simple/unknown/")
    assert connection.getresponse().status == 404
    assert before is connection.sock
    connection.close()


def test_a_body_breaks_off_as_often_as_told_and_then_comes_whole(index: IndexServer) -> None:
    path = index.path_of("demo_source-2.0.tar.gz")
    index.break_off(path, 100, times=1)
    with pytest.raises(http.client.IncompleteRead) as raised:
        ask(index, path)
    assert len(raised.value.partial) == 100
    status, headers, body = ask(index, path)
    assert (200, headers["content-length"]) == (status, str(len(body)))


def test_without_a_length_a_break_cannot_be_seen(index: IndexServer) -> None:
    path = index.path_of("demo_source-2.0.tar.gz")
    index.break_off(path, 100, declares_length=False)
    status, headers, body = ask(index, path)
    assert (status, len(body)) == (200, 100)
    assert "content-length" not in headers


def test_a_held_body_comes_when_its_gate_is_opened(index: IndexServer) -> None:
    path = index.path_of("demo_source-2.0.tar.gz")
    whole = ask(index, path)[2]
    gate = index.hold(path)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, index, path)
        assert gate.reached.wait(60)
        assert not asked.done()
        gate.opened.set()
        assert whole == asked.result()[2]


def test_nothing_is_printed_even_when_a_client_goes_away(
    demo_files: tuple[Path, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    with IndexServer(demo_files) as index:
        gate = index.hold(index.path_of("demo_source-2.0.tar.gz"))
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(index.url).port, timeout=60)
        connection.request("GET", index.path_of("demo_source-2.0.tar.gz"))
        assert gate.reached.wait(60)
        connection.close()
    assert tuple(capfd.readouterr()) == ("", "")


def test_what_fails_in_the_server_fails_the_test(demo_files: tuple[Path, ...]) -> None:
    index = IndexServer(demo_files)
    index.put("/broken", Answer(headers=(("X", "\u20ac"),)))
    with pytest.raises(UnicodeEncodeError):
        _ask_for_what_is_broken(index)


def _ask_for_what_is_broken(index: IndexServer) -> None:
    with index, contextlib.suppress(http.client.HTTPException, ConnectionError):
        ask(index, "/broken")


@pytest.mark.parametrize("tag", ["py3-none-any", "py2.py3-none-any", "cp311-cp311-linux_x86_64"])
def test_a_wheel_records_what_is_in_it(tmp_path: Path, tag: str) -> None:
    path = artefacts.wheel(tmp_path, "Demo-Tags", "1.0", tag=tag, requires=["other>=1"])
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        rows = archive.read("demo_tags-1.0.dist-info/RECORD").decode().splitlines()
        about = archive.read("demo_tags-1.0.dist-info/WHEEL").decode().splitlines()
        assert archive.testzip() is None
    assert names == [row.split(",")[0] for row in rows]
    stated = {line.removeprefix("Tag: ") for line in about if line.startswith("Tag: ")}
    assert {str(one) for one in parse_wheel_filename(path.name)[3]} == stated


def test_the_same_artefact_has_the_same_bytes_again(tmp_path: Path) -> None:
    for make in (artefacts.wheel, artefacts.sdist, artefacts.extension_sdist):
        assert make(tmp_path / "one", "demo").read_bytes() == make(tmp_path / "two", "demo").read_bytes()


PLAIN: Mapping[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python 3.10.12, 3.11.4 and 3.12 know filters; without one, 3.12 and later warn."""


def test_a_source_distribution_builds_the_wheel_it_announces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(artefacts.sdist(tmp_path, "Demo-Source", "2.0", requires=["other"])) as archive:
        archive.extractall(tmp_path, **PLAIN)  # noqa: S202 - made a moment ago
    monkeypatch.chdir(tmp_path / "demo_source-2.0")
    assert backend.get_requires_for_build_wheel() == []
    info = backend.prepare_metadata_for_build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / backend.build_wheel(str(tmp_path))) as built:
        assert (tmp_path / info / "METADATA").read_bytes() == built.read(f"{info}/METADATA")


@pytest.mark.skipif(artefacts.why_no_compiler() is not None, reason=str(artefacts.why_no_compiler()))
def test_an_extension_is_compiled_for_the_running_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(artefacts.extension_sdist(tmp_path, "demo-ext")) as archive:
        archive.extractall(tmp_path, **PLAIN)  # noqa: S202 - made a moment ago
    monkeypatch.chdir(tmp_path / "demo_ext-1.0")
    wheel = tmp_path / backend.build_wheel(str(tmp_path))
    assert f"cp{sys.version_info.major}{sys.version_info.minor}" in {
        tag.abi for tag in parse_wheel_filename(wheel.name)[3]
    }
    with zipfile.ZipFile(wheel) as built:
        libraries = [name for name in built.namelist() if name.startswith("_demo_ext.")]
        assert [built.read(name)[:4] for name in libraries] == [b"\x7fELF"] or sys.platform != "linux"
