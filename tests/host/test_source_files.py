"""Digests of files outside of the cache: which are opened, and which are not."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from pipcacheplus.host.source_files import MAX_SOURCE_BYTES, digest_of_source, source_digests

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no file is opened there without following links")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory to which no link leads."""
    return tmp_path.resolve()


@pytest.mark.parametrize("size", [0, 1, 1 << 18, (1 << 18) + 1])
def test_the_digest_is_that_of_all_bytes(folder: Path, size: int) -> None:
    path = folder / "demo-1.0.tar.gz"
    path.write_bytes(b"x" * size)
    assert digest_of_source(str(path)) == hashlib.sha256(b"x" * size).hexdigest()


def test_what_is_no_regular_file_is_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.zip")
    (folder / "folder.zip").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(folder)  # the path of a socket may have a hundred characters
        listening.bind("socket.zip")
        found = [digest_of_source(str(folder / f"{name}.zip")) for name in ("pipe", "folder", "socket", "nothing")]
    assert found == [None] * 4
    assert digest_of_source("/dev/zero") is digest_of_source("/dev/null") is None


def test_no_link_is_followed(folder: Path) -> None:
    real = folder / "real"
    real.mkdir()
    (real / "demo.zip").write_bytes(b"x")
    (folder / "link").symlink_to(real)
    (real / "link.zip").symlink_to("demo.zip")
    assert digest_of_source(str(real / "demo.zip")) is not None
    assert digest_of_source(str(folder / "link" / "demo.zip")) is None
    assert digest_of_source(str(real / "link.zip")) is None


@pytest.mark.parametrize(
    "form", ["{}/../{}", "{}/./{}", "{}//{}", "./{1}", "{1}", "", "/", "{}/{}/", "\0", "{}/\ud800"]
)
def test_a_path_that_is_not_plain_and_absolute_is_not_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    (folder / "demo.zip").write_bytes(b"x")
    monkeypatch.chdir(folder)
    assert digest_of_source(form.format(folder, "demo.zip")) is None


def test_a_path_that_is_longer_than_any_is_not_opened() -> None:
    assert digest_of_source("/x" * 100_000) is None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="takes root to give a file away")
def test_a_file_of_another_user_is_not_opened(folder: Path) -> None:
    path = folder / "demo.zip"
    path.write_bytes(b"x")
    os.chown(path, 12345, 12345)
    assert digest_of_source(str(path)) is None


def test_a_file_beyond_the_limit_is_not_read(folder: Path) -> None:
    path = folder / "demo.zip"
    with path.open("wb") as file:
        file.truncate(MAX_SOURCE_BYTES + 1)
    assert digest_of_source(str(path)) is None


def test_a_file_that_changes_meanwhile_has_no_digest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "demo.zip"
    path.write_bytes(b"x" * 10)
    real = os.read

    def read(file: int, size: int) -> bytes:
        path.write_bytes(b"y" * 20)
        return real(file, size)

    monkeypatch.setattr(os, "read", read)
    assert digest_of_source(str(path)) is None


def test_a_file_is_read_once_in_a_run(folder: Path) -> None:
    path = folder / "demo.zip"
    path.write_bytes(b"x")
    digests = source_digests()
    before = digests(str(path))
    path.write_bytes(b"y")
    assert digests(str(path)) == before != source_digests()(str(path))


def test_reading_leaves_no_trace(folder: Path) -> None:
    path = folder / "demo.zip"
    path.write_bytes(b"x")
    os.utime(path, ns=(1, 2 * 10**18))
    digest_of_source(str(path))
    assert path.stat().st_atime_ns == 1
