"""Caches for the benchmark: a realistic mix of small entries, and large wheels; written as pip 26.3 writes them."""

import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgpack

from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import body_path, entry_path, page_key

__all__ = ["HOST", "fill", "fill_with_wheels", "leave_bodies", "renew_page", "wheels"]

HOST = "https://files.example"
_JSON = "application/vnd.pypi.simple.v1+json"
_GROUP = 10
_PAGES, _METADATA, _WHEELS = 4, 3, 2
_LINKS = 20
_OLD_S = 1_700_000_000
_LARGE = (
    *("pyarrow", "scipy", "numpy", "pandas", "polars", "opencv-python-headless"),
    *("llvmlite", "xgboost", "ray", "tensorflow-cpu", "nvidia-nccl-cu12"),
)
"""Projects whose wheels are large; together about 1 GB."""


def _write(root: Path, url: str, body: bytes, **headers: str) -> None:
    head = root / entry_path(Area.HTTP_V2, page_key(url))
    head.parent.mkdir(parents=True, exist_ok=True)
    fields = {
        "Date": "Fri, 20 Nov 2026 12:00:00 GMT",
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Content-Length": str(len(body)),
        "Server": "bench",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    response = {"body": b"", "headers": fields, "status": 200, "version": 11, "reason": "OK", "decode_content": False}
    head.write_bytes(b"cc=4," + msgpack.packb({"response": response, "vary": {}}, use_bin_type=True))
    Path(body_path(str(head))).write_bytes(body)


def _small_wheel(name: str) -> bytes:
    out = io.BytesIO()
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.py", f"NAME = {name!r}\n" * 50)
        archive.writestr(f"{info}/METADATA", _metadata(name))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return out.getvalue()


def _metadata(name: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\n{'words ' * 300}".encode()


def _page(name: str, files: Iterator[dict[str, object]]) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": list(files)}).encode()


def _links(name: str, wheel: bytes) -> Iterator[dict[str, object]]:
    """Yield 20 files of a project; one of them is in the cache, with its metadata."""
    for number in range(_LINKS):
        filename = f"{name}-{number}.0-py3-none-any.whl"
        is_here = number == 1
        digest = hashlib.sha256(wheel if is_here else filename.encode()).hexdigest()
        metadata = hashlib.sha256(_metadata(name)).hexdigest()
        yield {
            "filename": filename,
            "url": f"{HOST}/packages/{filename}",
            "hashes": {"sha256": digest},
            "core-metadata": {"sha256": metadata},
        }


def fill(root: Path, entries: int) -> None:
    """Fill a cache: of ten entries four are pages, three metadata, two wheels, one a built wheel, of four projects."""
    for start in range(0, entries, _GROUP):
        names = [f"demo{start + number}" for number in range(_PAGES)]
        for number, name in enumerate(names):
            wheel = _small_wheel(name)
            fields = {"x_pypi_file_project": name, "x_pypi_file_version": "1.0", "Cache_Control": "max-age=365000000"}
            fields["x_pypi_file_package_type"] = "bdist_wheel"
            url = f"{HOST}/packages/{name}-1.0-py3-none-any.whl"
            packed = gzip.compress(_page(name, _links(name, wheel)), mtime=0)
            _write(
                root,
                f"{HOST}/simple/{name}/",
                packed,
                Content_Type=_JSON,
                Content_Encoding="gzip",
                Cache_Control="max-age=600",
            )
            if number < _METADATA:
                _write(root, url + ".metadata", _metadata(name), **fields)
            if number < _WHEELS:
                _write(root, url, wheel, **fields)
        _build(root, names[-1])


def _build(root: Path, name: str) -> None:
    key = page_key(name)
    leaf = root / "wheels" / key[:2] / key[2:4] / key[4:6] / key[6:]
    leaf.mkdir(parents=True)
    (leaf / f"{name}-1.0-py3-none-any.whl").write_bytes(_small_wheel(name))
    origin = {"url": f"{HOST}/{name}-1.0.tar.gz", "archive_info": {}}
    (leaf / "origin.json").write_text(json.dumps(origin), encoding="utf-8")


def renew_page(root: Path) -> None:
    """Write the head of one page anew, as pip does when it hears that the page has not changed."""
    head = root / entry_path(Area.HTTP_V2, page_key(f"{HOST}/simple/demo0/"))
    written = head.with_suffix(".new")
    written.write_bytes(head.read_bytes().replace(b" 12:00:00 ", b" 12:00:01 "))
    written.replace(head)


def leave_bodies(root: Path, count: int) -> list[str]:
    """Add bodies without heads, as killed pips leave them, long ago; return their paths."""
    made = []
    for number in range(count):
        body = root / body_path(entry_path(Area.HTTP_V2, page_key(f"{HOST}/left/{number}")))
        body.parent.mkdir(parents=True, exist_ok=True)
        body.write_bytes(b"left" * 500)
        os.utime(body, (_OLD_S, _OLD_S))
        made.append(str(body))
    return made


def wheels(folder: Path) -> list[Path]:
    """Return large wheels of the registry, about 1 GB; made ones of 200 MB where it gives none."""
    folder.mkdir(exist_ok=True)
    found = sorted(folder.glob("*.whl"))
    for name in () if found else _LARGE:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "-d", str(folder)]
        subprocess.run([*command, "--only-binary", ":all:", name], check=False)
    found = sorted(folder.glob("*.whl"))
    if not found:
        found = [_noise(folder / f"big{number}-1.0-py3-none-any.whl", number) for number in range(20)]
    return found


def _noise(path: Path, seed: int) -> Path:
    """Write a wheel of 10 MB that hardly packs, as compiled code does."""
    noise = random.Random(seed)  # noqa: S311 - no secret
    info = path.name.partition("-py3")[0] + ".dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(8):
            archive.writestr(f"big/part{part}.so", noise.randbytes(1_200_000) + bytes(1_200_000))
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: big{seed}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def fill_with_wheels(root: Path, found: list[Path], *, are_published: bool) -> None:
    """Fill a cache with wheels; the pages that publish their digests are there, or nothing says what they should be."""
    for path in found:
        content = path.read_bytes()
        url = f"{HOST}/{path.name}"
        head = root / entry_path(Area.HTTP_V2, page_key(url))
        _write(root, url, content, Cache_Control="max-age=365000000")
        del content
        if are_published:
            digest = hashlib.sha256(Path(body_path(str(head))).read_bytes()).hexdigest()
            name = path.name.partition("-")[0]
            page = _page(name, iter([{"filename": path.name, "url": url, "hashes": {"sha256": digest}}]))
            _write(root, f"{HOST}/simple/{name}/", page, Content_Type=_JSON, Cache_Control="max-age=600")
