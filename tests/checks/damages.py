"""Caches with a damage, each of one kind, and what the damage does to the bytes."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable

from pipcacheplus.pips.layout import body_path
from tests.support import artefacts
from tests.support.builders import FILE_URL, INDEX_URL, Cache, file_headers, page_headers
from tests.support.builds import MODULE, compiled
from tests.support.elves import AARCH64, elf

__all__ = [
    "URL",
    "built",
    "built_elsewhere",
    "built_from",
    "changed",
    "disagreeing",
    "flipped",
    "garbage",
    "half",
    "longer",
    "metadata_of_another",
    "misnamed",
    "new",
    "new_head",
    "not_as_recorded",
    "nothing",
    "old",
    "old_entry",
    "page_cut",
    "source_replaced",
    "sources",
    "unreachable",
    "wheel",
    "with_other_metadata",
    "zlib_flipped",
]

URL = f"{FILE_URL}/demo-1.0-py3-none-any.whl"


def wheel(cache: Cache) -> bytes:
    """Return a sound wheel."""
    folder = cache.path.parent / "made"
    folder.mkdir(exist_ok=True)
    return artefacts.wheel(folder, "demo", "1.0").read_bytes()


def with_other_metadata(cache: Cache, *, is_old: bool) -> None:
    """Store a wheel, and beside it metadata that are not those in it."""
    content = wheel(cache)
    publish(cache, content, is_old=is_old, metadata=True)
    write = cache.http if is_old else cache.http_v2
    write(URL, content, headers=headers_of(content))
    write(URL + ".metadata", b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: other\n")


def metadata_of_another(cache: Cache) -> None:
    """Store metadata beside a wheel that is not in the cache: of another project."""
    publish(cache, wheel(cache), is_old=False, metadata=True)
    cache.http_v2(URL + ".metadata", b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")


def sources(cache: Cache, name: str = "demo") -> tuple[bytes, bytes]:
    """Return two sound source distributions of one name: the old one, and what it was replaced with."""
    folder = cache.path.parent / "made"
    old, new = (artefacts.sdist(folder, name, requires=requires).read_bytes() for requires in ([], ["new"]))
    return old, new


def built_from(cache: Cache, source: bytes, url: str, name: str = "demo", *, is_in_key: bool = False) -> str:
    """Store a wheel that was built from a source, as its origin says, and return its path."""
    digest = hashlib.sha256(source).hexdigest()
    origin = {"url": url, "archive_info": {"hash": f"sha256={digest}", "hashes": {"sha256": digest}}}
    return cache.built_wheel(name, url=url, sha256=digest if is_in_key else None, origin=origin)


def source_replaced(cache: Cache, name: str = "demo", *, is_published: bool, is_relative: bool = False) -> None:
    """Store a wheel, and what its source was replaced with; or, if that is published, a page that tells of it."""
    old, new = sources(cache, name)
    filename = f"{name}-1.0.tar.gz"
    url = f"{INDEX_URL.removesuffix('simple/')}files/{filename}" if is_relative else f"{FILE_URL}/{filename}"
    built_from(cache, old, url, name, is_in_key=is_published)
    if not is_published:
        cache.http_v2(url, new, headers=file_headers(new) | {"ETag": 'W/"x"'})
        return
    href = f"../../files/{filename}" if is_relative else url
    link = {"url": href, "filename": filename, "hashes": {"sha256": hashlib.sha256(new).hexdigest()}}
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": name, "files": [link]}).encode()
    cache.http_v2(f"{INDEX_URL}{name}/", page, headers=page_headers(page))


def unreachable(cache: Cache, name: str = "demo", *, interpreter: str | None = "36", is_linked: bool = False) -> None:
    """Store a wheel in the directory of an interpreter that nobody has; what it was built from is told, or linked."""
    filename = f"{name}-1.0.tar.gz"
    url = f"{INDEX_URL.removesuffix('simple/')}files/{filename}" if is_linked else f"{FILE_URL}/{filename}"
    digest = "a" * 64
    cache.built_wheel(name, url=url, sha256=digest, interpreter=interpreter, has_origin=not is_linked)
    if is_linked:
        link = {"url": f"../../files/{filename}", "filename": filename, "hashes": {"sha256": digest}}
        page = json.dumps({"meta": {"api-version": "1.0"}, "name": name, "files": [link]}).encode()
        cache.http_v2(f"{INDEX_URL}{name}/", page, headers=page_headers(page))


def changed(content: bytes) -> bytes:
    """Return a wheel with another module than RECORD says, and right checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as again:
        for member in old.infolist():
            again.writestr(member, b"changed = True" if member.filename.endswith(".py") else old.read(member))
    return out.getvalue()


def flipped(content: bytes) -> bytes:
    """Flip bits in the first member of a wheel."""
    at = 30 + len("demo.py") + 2  # in the first member
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]


def headers_of(content: bytes) -> dict[str, str]:
    """Return the headers that an index sends with a wheel."""
    return file_headers(content, project="demo", version="1.0") | {"x-pypi-file-package-type": "bdist_wheel"}


def publish(cache: Cache, content: bytes, *, is_old: bool, metadata: bool = False) -> None:
    """Store the page that names the wheel and its digest."""
    link: dict[str, object] = {
        "url": URL,
        "filename": URL.rpartition("/")[2],
        "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
    }
    link |= {"core-metadata": metadata}
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": "demo", "files": [link]}).encode()
    (cache.http if is_old else cache.http_v2)(f"{INDEX_URL}demo/", page, headers=page_headers(page))


def disagreeing(cache: Cache, *, is_old: bool, is_replaced: bool = False) -> None:
    """Store a wheel that the newer of two pages publishes, and the older one does not; or the reverse."""
    content = wheel(cache)
    write = cache.http if is_old else cache.http_v2
    write(URL, content)
    newer, older = (b"other", content) if is_replaced else (content, b"other")
    for index, age_s, published in ((INDEX_URL, 0, newer), ("https://mirror.example/simple/", 9000, older)):
        link = {
            "url": URL,
            "filename": URL.rpartition("/")[2],
            "hashes": {"sha256": hashlib.sha256(published).hexdigest()},
        }
        page = json.dumps({"meta": {"api-version": "1.0"}, "name": "demo", "files": [link]}).encode()
        write(f"{index}demo/", page, headers=page_headers(page, age_s=age_s))


def old(cc: int, change: Callable[[bytes], bytes]) -> Callable[[Cache], None]:
    """Damage the content of a file that lies in `http`."""

    def build(cache: Cache) -> None:
        content = wheel(cache)
        publish(cache, content, is_old=True)
        cache.http(URL, change(content), cc=cc, headers=headers_of(content))

    return build


def new(change: Callable[[bytes], bytes]) -> Callable[[Cache], None]:
    """Damage the content of a file that lies in `http-v2`."""

    def build(cache: Cache) -> None:
        content = wheel(cache)
        publish(cache, content, is_old=False)
        path = cache.http_v2(URL, content, headers=headers_of(content))
        cache.write(body_path(path), change(content))

    return build


def old_entry(cc: int, change: Callable[[bytes], bytes]) -> Callable[[Cache], None]:
    """Damage the file of an entry of `http`."""

    def build(cache: Cache) -> None:
        path = cache.http(URL, wheel(cache), cc=cc)
        cache.write(path, change(cache.real(path).read_bytes()))

    return build


def new_head(change: Callable[[bytes], bytes]) -> Callable[[Cache], None]:
    """Damage the head of an entry of `http-v2`."""

    def build(cache: Cache) -> None:
        path = cache.http_v2(URL, wheel(cache))
        cache.write(path, change(cache.real(path).read_bytes()))

    return build


def built(change: Callable[[bytes], bytes], interpreter: str | None = "311") -> Callable[[Cache], None]:
    """Damage a wheel that pip built."""

    def build(cache: Cache) -> None:
        path = cache.built_wheel("demo", interpreter=interpreter)
        cache.write(path, change(cache.real(path).read_bytes()))

    return build


def misnamed(name: str, version: str) -> Callable[[Cache], None]:
    """Build a wheel that is another one than its file's name says."""

    def build(cache: Cache) -> None:
        content = artefacts.wheel(cache.path.parent, name, version).read_bytes()
        cache.built_wheel("demo", content=content)

    return build


def not_as_recorded(cache: Cache) -> None:
    """Build a wheel with other metadata than RECORD says."""
    path = cache.built_wheel("demo")
    out = io.BytesIO()
    with zipfile.ZipFile(cache.real(path)) as sound, zipfile.ZipFile(out, "w") as other:
        for name in sound.namelist():
            other.writestr(name, sound.read(name) + (b"More: x\n" if name.endswith("/METADATA") else b""))
    cache.write(path, out.getvalue())


def built_elsewhere(cache: Cache) -> None:
    """Build a wheel whose extension module is for another machine than the wheel."""
    compiled(cache, {MODULE: elf(machine=AARCH64, exports=["PyInit__demo"])})


def half(content: bytes) -> bytes:
    """Return the first half."""
    return content[: len(content) // 2]


def nothing(_content: bytes) -> bytes:
    """Return no bytes."""
    return b""


def longer(content: bytes) -> bytes:
    """Return more bytes."""
    return content + b"more"


def garbage(content: bytes) -> bytes:
    """Return as many bytes without a meaning."""
    return b"?" * len(content)


def zlib_flipped(content: bytes) -> bytes:
    """Flip bits in the packed part of an entry."""
    return content[:20] + bytes([content[20] ^ 0x55]) + content[21:]


def page_cut(*, is_old: bool) -> Callable[[Cache], None]:
    """Store half of a page."""

    def build(cache: Cache) -> None:
        page = json.dumps({"meta": {"api-version": "1.0"}, "name": "demo", "files": []}).encode()
        (cache.http if is_old else cache.http_v2)(f"{INDEX_URL}demo/", half(page), headers=page_headers(page))

    return build
