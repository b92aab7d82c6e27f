"""A small cache with an entry of every shape, sound and broken, old and young, and strangers among them."""

import hashlib
import json
from pathlib import Path

from tests.support import artefacts
from tests.support.builders import Cache, file_headers, file_url, page_headers

__all__ = ["INDEX_URL", "make_cache", "make_small_cache"]

INDEX_URL = "https://index.example/simple/"


def make_cache(folder: Path) -> Cache:
    """Make it in `folder / "cache"`, and beside it what lies outside and is pointed at."""
    cache = Cache(folder / "cache")
    outside = folder / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_bytes(b"outside")
    _downloads(cache, folder.with_name("made"))
    _halves(cache)
    _old_layout(cache, folder.with_name("made"))
    _builds(cache)
    cache.selfcheck("/nonexistent/environment")
    cache.old_selfcheck("/nonexistent/environment")
    cache.log()
    cache.foreign()
    cache.foreign("http-v2/0/1/notes.txt")
    cache.real("wheels/link").symlink_to(outside)
    cache.real("http-v2/link").symlink_to(outside / "kept.txt")
    return cache


def _downloads(cache: Cache, made: Path) -> None:
    """A page that links three wheels, one of which is damaged; two of another project, and its page."""
    for project, versions in (("demo", ("1.0", "1.1", "1.2")), ("stays", ("1.0",))):
        wheels = {}
        for version in versions:
            path = artefacts.wheel(made, project, version)
            wheels[path.name] = path.read_bytes()
        _page(cache, project, wheels)
        for name, content in wheels.items():
            stored = content if "1.2" not in name else content[:-90] + b"\0" * 20 + content[-70:]
            headers = file_headers(content, project=project, version=name.split("-")[1])
            cache.http_v2(file_url(content, name), stored, headers=headers)


def _page(cache: Cache, project: str, wheels: dict[str, bytes]) -> str:
    files = [
        {
            "filename": name,
            "url": file_url(content, name),
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
        }
        for name, content in wheels.items()
    ]
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": files}).encode()
    headers = page_headers(body) | {
        "Last-Modified": "Mon, 01 Dec 2025 00:00:00 GMT",
        "Expires": "Mon, 01 Dec 2025 00:10:00 GMT",
    }
    return cache.http_v2(f"{INDEX_URL}{project}/", body, headers=headers)


def _halves(cache: Cache) -> None:
    """What killed pips leave; a young temporary may be in use."""
    cache.http_v2("https://files.example/head-alone", b"x", has_body=False)
    cache.http_v2("https://files.example/body-alone", b"x" * 900, has_head=False)
    beside = cache.http_v2("https://files.example/anything", b"anything")
    cache.temporary(beside)
    cache.temporary(beside + ".body", b"half of a body")
    cache.directory("http-v2/f/e/d/c/b")


def _old_layout(cache: Cache, made: Path) -> None:
    wheel = artefacts.wheel(made, "demo", "0.9")
    content = wheel.read_bytes()
    single = cache.http(file_url(content, wheel.name), content, headers=file_headers(content, project="demo"))
    cache.http("https://files.example/pickled", b"pickled", cc=1)
    cache.lock_directory(single, host="elsewhere", pid=4321)
    cache.lock_file(cache.http("https://files.example/cc2", b"text", cc=2), host="elsewhere", pid=4321)


def _builds(cache: Cache) -> None:
    """Two wheels share an origin; one is no zip; a build was killed; an origin and a directory were left alone."""
    shared = "https://files.example/demo-2.0.tar.gz"
    cache.built_wheel("demo", "2.0", url=shared)
    cache.built_wheel("demo", "2.0", tag="cp27-cp27m-win32", url=shared)
    cache.built_wheel("broken", "1.0", content=b"PK\3\4 and no more")
    stays = cache.built_wheel("stays", "2.0")
    cache.build_directory(stays, b"half a wheel")
    cache.write(cache.build_directory(cache.built_wheel("demo", "3.0")) + "/.tmp-inner/more", b"more")
    cache.write("wheels/12/34/56/" + "7" * 50 + "/origin.json", b'{"url": "https://files.example/x", "dir_info": {}}')
    cache.directory("wheels/12/34/56/" + "8" * 50)


def make_small_cache(folder: Path) -> Cache:
    """Make a page with its wheel and a built wheel of one project, a stranger beside each."""
    cache = Cache(folder / "cache")
    wheel = artefacts.wheel(folder.with_name("made"), "demo", "1.0")
    content = wheel.read_bytes()
    page = _page(cache, "demo", {wheel.name: content})
    head = cache.http_v2(file_url(content, wheel.name), content, headers=file_headers(content, project="demo"))
    for beside in (head, page, cache.built_wheel("demo", "2.0")):
        cache.foreign(f"{beside.rpartition('/')[0]}/notes.txt")
    return cache
