"""The check `archive-broken`."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checks.objections import told
from tests.support import artefacts
from tests.support.builders import Cache, file_headers

URL = "https://files.example/demo"


def wheel(folder: Path) -> bytes:
    return artefacts.wheel(folder, "demo", "1.0").read_bytes()


def sdist(folder: Path) -> bytes:
    return artefacts.sdist(folder, "demo", "1.0").read_bytes()


@pytest.mark.parametrize("make", [wheel, sdist])
def test_an_archive_that_is_whole_is_fine(cache: Cache, tmp_path: Path, make: Callable[[Path], bytes]) -> None:
    cache.http_v2(URL, make(tmp_path))
    cache.http(URL, make(tmp_path), cc=2)
    assert told("archive-broken", cache) == []


@pytest.mark.parametrize("make", [wheel, sdist])
@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.99])
def test_an_archive_that_ends_early_is_an_error(
    cache: Cache, tmp_path: Path, make: Callable[[Path], bytes], share: float
) -> None:
    content = make(tmp_path)
    kind = "sdist" if make is sdist else "bdist_wheel"
    headers = file_headers(content, project="demo") | {"x-pypi-file-package-type": kind}
    cache.http_v2(URL, content[: int(len(content) * share)], headers=headers)
    assert [(severity, remedy) for _, severity, remedy in told("archive-broken", cache)] == [
        ("error", "remove-if-asked")
    ]


def test_a_flipped_byte_in_a_member_is_an_error(cache: Cache, tmp_path: Path) -> None:
    content = bytearray(wheel(tmp_path))
    first = zipfile.ZipFile(io.BytesIO(content)).infolist()[0]
    content[first.header_offset + 30 + len(first.filename) + 2] ^= 0x55  # within its data
    cache.http_v2(URL, bytes(content))
    assert len(told("archive-broken", cache)) == 1


def test_a_file_that_is_neither_is_nobodys_business(cache: Cache) -> None:
    cache.http_v2(URL, b"just text")
    assert told("archive-broken", cache) == []


def without(content: bytes, name: str) -> bytes:
    """Return a wheel with another content of a module, or without its RECORD; its checksums are right."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            if not member.filename.endswith(name):
                new.writestr(member, old.read(member))
            elif name != "RECORD":
                new.writestr(member, b"changed = True\n")
    return out.getvalue()


def test_a_wheel_that_contradicts_its_record_is_told_and_kept(cache: Cache, tmp_path: Path) -> None:
    cache.http_v2(URL, without(wheel(tmp_path), "demo.py"))
    assert [(severity, remedy) for _, severity, remedy in told("archive-broken", cache)] == [("warning", "none")]


def test_a_wheel_without_a_record_is_an_error(cache: Cache, tmp_path: Path) -> None:
    cache.http_v2(URL, without(wheel(tmp_path), "RECORD"))
    assert [(severity, remedy) for _, severity, remedy in told("archive-broken", cache)] == [
        ("error", "remove-if-asked")
    ]
