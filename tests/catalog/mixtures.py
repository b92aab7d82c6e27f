"""Caches of every sort of entry, sound or damaged, by what they hold: alone, and put together."""

import hashlib
import io
import json
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pipcacheplus.pips.layout import body_path
from tests.checks.damages import (
    URL,
    built,
    built_from,
    changed,
    flipped,
    garbage,
    half,
    longer,
    metadata_of_another,
    misnamed,
    new,
    new_head,
    not_as_recorded,
    nothing,
    old,
    old_entry,
    page_cut,
    source_replaced,
    sources,
    unreachable,
    with_other_metadata,
    zlib_flipped,
)
from tests.support import artefacts
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers, file_url, leaf, page_headers
from tests.support.builds import compiled
from tests.support.elves import AARCH64, elf
from tests.support.pages import link, page

__all__ = ["BUILDS", "HOST", "SOUND", "Build", "html", "made", "mixed", "plain", "wrong"]

Build = Callable[[Cache], object]

HOST = "https://index.example"
"""Of `INDEX_URL`."""


def made(cache: Cache, name: str, version: str = "1.0", tag: str = "py3-none-any") -> bytes:
    """Return a sound wheel of a project."""
    return artefacts.wheel(cache.path.parent / "made", name, version, tag=tag).read_bytes()


def plain(body: bytes) -> dict[str, str]:
    """Return headers without a digest."""
    return file_headers(body) | {"ETag": 'W/"x"'}


def wrong(content: bytes) -> dict[str, str]:
    """Return the digest of something else."""
    return {"sha256": hashlib.sha256(content + b"!").hexdigest()}


def right(content: bytes) -> dict[str, str]:
    """Return the digest of it."""
    return {"sha256": hashlib.sha256(content).hexdigest()}


def html(cache: Cache, url: str, *links: str, title: str = "Simple Index", base: str = "") -> str:
    """Store a page as servers of files make them: it does not name its project."""
    listed = "".join(f'<a href="{href}">{href.partition("#")[0].rpartition("/")[2]}</a>' for href in links)
    mark = f'<base href="{base}">' if base else ""
    body = f"<!DOCTYPE html><html><head><title>{title}</title>{mark}</head><body>{listed}</body></html>".encode()
    return cache.http_v2(url, body, headers=page_headers(body, content_type="text/html"))


def _published(cache: Cache, project: str, digest: Callable[[bytes], dict[str, str]], url: str) -> None:
    """Store a wheel, and the page that links it."""
    content = made(cache, project)
    cache.http_v2(url, content, headers=plain(content))
    page(cache, f"{INDEX_URL}{project}/", project, [link(url, hashes=digest(content))])


def _relative(
    cache: Cache, project: str, digest: Callable[[bytes], dict[str, str]], *, title: str = "Simple Index"
) -> None:
    """Store a wheel, and a page that links it by a relative link."""
    name, content = f"{project}-1.0-py3-none-any.whl", made(cache, project)
    cache.http_v2(f"{HOST}/files/{name}", content, headers=plain(content))
    html(cache, f"{INDEX_URL}{project}/", f"../../files/{name}#sha256={digest(content)['sha256']}", title=title)


def _redirected(cache: Cache, project: str, digest: Callable[[bytes], dict[str, str]]) -> None:
    """Store a wheel, its page elsewhere, and a redirect of the index to it."""
    name, content = f"{project}-1.0-py3-none-any.whl", made(cache, project)
    cache.http_v2(f"https://new.example/files/{name}", content, headers=plain(content))
    there = f"https://new.example/simple/{project}/"
    page(cache, there, project, [link(f"../../files/{name}", hashes=digest(content))])
    cache.http_v2(f"{INDEX_URL}{project}/", status=301, headers={"Location": there})


def _linked_pages(cache: Cache, project: str, digest: Callable[[bytes], dict[str, str]]) -> None:
    """Store a page that links a page that links a wheel, by relative links."""
    name, content = f"{project}-1.0-py3-none-any.whl", made(cache, project)
    cache.http_v2(f"{HOST}/simple/{project}/more/{name}", content, headers=plain(content))
    html(cache, f"{INDEX_URL}{project}/", "more/", title=f"Links for {project}")
    html(cache, f"{INDEX_URL}{project}/more/", f"{name}#sha256={digest(content)['sha256']}")


def _with_metadata(cache: Cache, project: str, *, is_wrong: bool, is_linked: bool, is_relative: bool = False) -> None:
    """Store a wheel, its metadata, and a page that links both, the wheel only, or neither."""
    url, content = f"{HOST}/files/{project}-1.0-py3-none-any.whl", made(cache, project)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = archive.read(f"{project}-1.0.dist-info/METADATA")
    beside = inside + (b"Requires-Dist: other\n" if is_wrong else b"")
    cache.http_v2(f"{url}.metadata", beside, headers=plain(beside))
    cache.http_v2(url, content, headers=plain(content))
    href = "../../files/" + url.rpartition("/")[2] if is_relative else url
    more = {"core-metadata": right(inside)} if is_linked else {}
    page(cache, f"{INDEX_URL}{project}/", project, [link(href, hashes=right(content), **more)])


def _at_file_host(cache: Cache, project: str, tag: str = "py3-none-any", *, is_whole: bool = True) -> None:
    """Store a wheel that only its own path names, and a page that names the host of it."""
    content = made(cache, project, tag=tag)
    url = file_url(content, f"{project}-1.0-{tag}.whl")
    stored = content if is_whole else half(content)
    cache.http_v2(url, stored, headers=plain(stored))
    other = file_url(b"other", "other-1.0.zip")
    page(cache, f"{INDEX_URL}{project}-host/", f"{project}-host", [link(other)])


def _metadata_at_file_host(cache: Cache, project: str) -> None:
    """Store a wheel that only its own path names, and metadata beside it that are not those in it."""
    _at_file_host(cache, project)
    url = file_url(made(cache, project), f"{project}-1.0-py3-none-any.whl") + ".metadata"
    beside = f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\nRequires-Dist: other\n".encode()
    cache.http_v2(url, beside, headers=plain(beside))


def _disagreeing(
    cache: Cache,
    project: str,
    *,
    newer: Callable[[bytes], dict[str, str]] = right,
    older: Callable[[bytes], dict[str, str]] = wrong,
    age_s: int = 0,
    is_old: bool = False,
    is_relative: bool = False,
    is_proven: bool = False,
) -> None:
    """Store a wheel, and two pages that publish different digests of it."""
    content = made(cache, project)
    name = f"{project}-1.0-py3-none-any.whl"
    url = file_url(content, name) if is_proven else f"{HOST}/files/{name}"
    cache.http_v2(url, content, headers=plain(content))
    href = f"../../files/{name}" if is_relative else url
    page(cache, f"{INDEX_URL}{project}/", project, [link(href, hashes=newer(content))])
    top = HOST if is_old else "https://mirror.example"
    body = json.dumps({"name": project, "files": [link(href if is_old else url, hashes=older(content))]}).encode()
    (cache.http if is_old else cache.http_v2)(
        f"{top}/simple/{project}/", body, headers=page_headers(body, age_s=7 * DAY_S + age_s)
    )


def _circle(cache: Cache, project: str, *, size: int, before: int = 0, is_relative: bool = False) -> None:
    """Store redirects that form a circle, those that lead to it, and the page that links the first of all."""
    name = f"{project}-1.0-py3-none-any.whl"
    urls = [f"{HOST}/files/{number}/{name}" for number in range(before + size)]
    for number, url in enumerate(urls):
        following = number + 1 if number + 1 < len(urls) else before
        location = f"../{following}/{name}" if is_relative else urls[following]
        cache.http_v2(url, status=301, headers={"Location": location})
    html(cache, f"{INDEX_URL}{project}/", f"../../files/0/{name}" if is_relative else urls[0])


def _line(cache: Cache, project: str, *, size: int, digest: Callable[[bytes], dict[str, str]] = lambda _: {}) -> None:
    """Store redirects that lead to a wheel, one after the other, and the page that links the first."""
    content = made(cache, project)
    name = f"{project}-1.0-py3-none-any.whl"
    for number in range(size):
        location = f"../{number + 1}/{name}"
        cache.http_v2(f"{HOST}/files/{number}/{name}", status=308, headers={"Location": location})
    cache.http_v2(f"{HOST}/files/{size}/{name}", content, headers=plain(content))
    published = "".join(f"#{name}={value}" for name, value in digest(content).items())
    html(cache, f"{INDEX_URL}{project}/", f"../../files/0/{name}{published}")


def _built_and_linked(cache: Cache, project: str, *, is_relative: bool = False) -> None:
    """Store a wheel that pip built, without its origin, and the page that links its source."""
    name = f"{project}-1.0.tar.gz"
    url = f"{HOST}/files/{name}" if is_relative else f"{FILE_URL}/{name}"
    cache.built_wheel(project, url=url, sha256="a" * 64, interpreter="310", has_origin=False)
    href = f"../../files/{name}" if is_relative else url
    page(cache, f"{INDEX_URL}{project}/", project, [link(href, hashes={"sha256": "a" * 64})])


def _with_source(
    cache: Cache,
    project: str = "soundo",
    *,
    change: Callable[[bytes], bytes] = bytes,
    is_published: bool = False,
) -> None:
    """Store a wheel that pip built, and what it was built from."""
    content, _ = sources(cache, project)
    url = f"{FILE_URL}/{project}-1.0.tar.gz"
    built_from(cache, content, url, project, is_in_key=is_published)
    cache.http_v2(url, change(content), headers=plain(content))
    page(cache, f"{INDEX_URL}{project}/", project, [link(url, hashes=right(content) if is_published else {})])


def _two_built(cache: Cache, project: str) -> None:
    """Store a sound and a broken wheel that share an origin."""
    cache.built_wheel(project)
    cache.write(cache.built_wheel(project, tag="py2-none-any"), b"PK\3\4")


def _outdated(cache: Cache, project: str, *, content: bytes) -> None:
    """Store a wheel that was built for the running interpreter, with a library of this content."""
    own = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    compiled(cache, {f"_{project}.so": content}, project=project, tag=f"{own}-{own}-{platform}", interpreter=own[2:])


SOUND: dict[str, Build] = {
    "wheel, published": partial(
        _published, project="sound-a", digest=right, url=f"{FILE_URL}/sound_a-1.0-py3-none-any.whl"
    ),
    "wheel, relative link": partial(_relative, project="sound-b", digest=right),
    "wheel, behind a redirect": partial(_redirected, project="soundc", digest=right),
    "wheel, page of a page": partial(_linked_pages, project="soundd", digest=right),
    "wheel, behind two redirects of files": partial(_line, project="soundr", size=2),
    "wheel, behind redirects of files, published": partial(_line, project="soundr2", size=3, digest=right),
    "wheel and metadata": partial(_with_metadata, project="sounde", is_wrong=False, is_linked=True),
    "wheel and metadata, relative": partial(
        _with_metadata, project="soundf", is_wrong=False, is_linked=True, is_relative=True
    ),
    "wheel at the file host": partial(_at_file_host, project="soundg"),
    "wheel without a page": lambda cache: cache.http_v2(f"{FILE_URL}/h.whl", made(cache, "soundh")),
    "wheel in one file": lambda cache: cache.http(f"{FILE_URL}/i.whl", made(cache, "soundi")),
    "sdist": lambda cache: cache.http_v2(
        f"{FILE_URL}/soundj-1.0.tar.gz", artefacts.sdist(cache.path.parent / "made", "soundj").read_bytes()
    ),
    "built wheel": lambda cache: cache.built_wheel("soundk"),
    "built wheel of a link": partial(_built_and_linked, project="soundl"),
    "built wheel of a relative link": partial(_built_and_linked, project="soundm", is_relative=True),
    "built wheel and its source": _with_source,
    "built wheel and its source, damaged": partial(_with_source, project="sounds", change=half),
    "built wheel and its source, published": partial(_with_source, project="soundt", is_published=True),
    "self-check": lambda cache: cache.selfcheck("/"),
    "foreign": lambda cache: (cache.directory("http-v2"), cache.foreign()),
    "response": lambda cache: cache.http_v2(f"{FILE_URL}/n.txt", b"hello"),
    "log": lambda cache: (cache.directory("http"), cache.log()),
}
"""Nothing that anybody removes as damaged."""

_DAMAGED: dict[str, Build] = {
    "wheel, published otherwise": partial(
        _published, project="bada", digest=wrong, url=f"{FILE_URL}/bada-1.0-py3-none-any.whl"
    ),
    "wheel, relative link, published otherwise": partial(_relative, project="badb", digest=wrong),
    "wheel, relative link, page with a name": partial(
        _relative, project="badb2", digest=wrong, title="Links for badb2"
    ),
    "wheel, behind a redirect, published otherwise": partial(_redirected, project="badc", digest=wrong),
    "wheel, page of a page, published otherwise": partial(_linked_pages, project="badd", digest=wrong),
    "wheel and other metadata, linked": partial(_with_metadata, project="bade", is_wrong=True, is_linked=True),
    "wheel and other metadata": partial(_with_metadata, project="badf", is_wrong=True, is_linked=False),
    "wheel and other metadata, relative": partial(
        _with_metadata, project="badf2", is_wrong=True, is_linked=False, is_relative=True
    ),
    "wheel of an incompatible tag, at the file host": partial(_at_file_host, project="badg", tag="cp27-cp27m-win32"),
    "half a wheel of the file host": partial(_at_file_host, project="badg2", is_whole=False),
    "metadata of another project": metadata_of_another,
    "other metadata at the file host": partial(_metadata_at_file_host, project="badg3"),
    "pages that disagree": partial(_disagreeing, project="badh"),
    "pages that disagree, the newer one is wrong": partial(
        _disagreeing, project="badh2", newer=wrong, older=right, age_s=DAY_S
    ),
    "pages that disagree, relative": partial(
        _disagreeing, project="badh3", newer=wrong, older=right, age_s=DAY_S, is_relative=True
    ),
    "pages that disagree, one below http": partial(_disagreeing, project="badh4", is_old=True, is_relative=True),
    "pages that disagree, another sort of digest": partial(
        _disagreeing, project="badh5", newer=lambda _: {"md5": "0" * 32}, older=right, age_s=DAY_S
    ),
    "pages that disagree, the path proves it": partial(
        _disagreeing, project="badh6", newer=wrong, older=right, age_s=DAY_S, is_proven=True
    ),
    "a page against what the path proves": partial(
        _disagreeing, project="badh7", newer=wrong, older=wrong, is_proven=True
    ),
    "wheel, behind redirects of files, published otherwise": partial(_line, project="badr5", size=2, digest=wrong),
    "redirects in a circle": partial(_circle, project="badr", size=2),
    "redirects in a circle, relative": partial(_circle, project="badr2", size=3, is_relative=True),
    "redirects that lead to a circle": partial(_circle, project="badr3", size=1, before=2, is_relative=True),
    "redirects, more than pip follows": partial(_line, project="badr4", size=32),
    "built wheel beside a broken one": partial(_two_built, project="badi"),
    "built wheel, incompatible": lambda cache: cache.built_wheel("badj", tag="cp27-cp27m-win32"),
    "built wheel, origin garbled": lambda cache: cache.built_wheel("badk", origin=b"{"),
    "origin alone": lambda cache: cache.real(cache.built_wheel("badl")).unlink(),
    "self-check of nobody": lambda cache: cache.selfcheck("/nonexistent"),
    "self-check, garbled": lambda cache: cache.write(cache.selfcheck("/nowhere"), b"{"),
    "empty directory": lambda cache: cache.directory("wheels/0a/0b/0c"),
    "page, expired": lambda cache: page(cache, f"{INDEX_URL}badm/", "badm", []),
    "response of status 500": lambda cache: cache.http_v2(f"{FILE_URL}/badn", b"x", status=500),
    "http-v2, other metadata than in the wheel": partial(with_other_metadata, is_old=False),
    "http, other metadata than in the wheel": partial(with_other_metadata, is_old=True),
    "http, cc=2, byte flipped": old(2, flipped),
    "http, cc=4, byte flipped": old(4, flipped),
    "http, body too long": old(4, longer),
    "http, body cut in half": old(4, half),
    "http-v2, byte flipped": new(flipped),
    "http-v2, body cut in half": new(half),
    "http-v2, body empty": new(nothing),
    "http-v2, body too long": new(longer),
    "http-v2, wheel with another module": lambda cache: cache.http_v2(URL, changed(made(cache, "demo"))),
    "http-v2, body missing": lambda cache: cache.http_v2(URL, has_body=False),
    "http-v2, head missing": lambda cache: cache.http_v2(URL, b"body", has_head=False),
    "http, cc=2, entry cut in half": old_entry(2, half),
    "http, cc=2, packed byte flipped": old_entry(2, zlib_flipped),
    "http, cc=1, pickle cut off": lambda cache: cache.write(cache.http(URL), b"cc=1,\x80\x02}q\x00("),
    "http, cc=4, garbage": old_entry(4, garbage),
    "http-v2, head cut in half": new_head(half),
    "http-v2, head empty": new_head(nothing),
    "http-v2, unknown format": new_head(lambda content: b"cc=9" + content[4:]),
    "http, cc=1": lambda cache: cache.http(URL, b"x", cc=1),
    "http, page cut in half": page_cut(is_old=True),
    "http-v2, page cut in half": page_cut(is_old=False),
    "http-v2, metadata garbled": lambda cache: cache.http_v2(
        f"{URL}.metadata", b"Metadata-Version: 2.1\nName: demo\n\n"
    ),
    "http, temporary": lambda cache: cache.temporary(cache.http(URL)),
    "http-v2, temporary": lambda cache: cache.temporary(cache.http_v2(URL)),
    "http, lock": lambda cache: cache.lock_directory(cache.http(URL), host="here", pid=1),
    "http, lock file": lambda cache: cache.lock_file(cache.http(URL + ".other"), host="here", pid=1),
    "wheels, half": built(half),
    "wheels, empty": built(nothing),
    "wheels, not as RECORD says": not_as_recorded,
    "wheels, old key, half": built(half, None),
    "wheels, another project": misnamed("other", "1.0"),
    "wheels, another version": misnamed("demo", "2.0"),
    "wheels, from a directory": lambda cache: cache.built_wheel(
        "demo", url="file:///src/demo-1.0", origin={"url": "file:///src/demo-1.0", "dir_info": {}}
    ),
    "wheels, source replaced": partial(source_replaced, name="badt", is_published=False),
    "wheels, source published anew": partial(source_replaced, name="badu", is_published=True),
    "wheels, source published anew, relative": partial(
        source_replaced, name="badv", is_published=True, is_relative=True
    ),
    "wheels, of another interpreter": partial(unreachable, name="badw"),
    "wheels, of another interpreter, by a relative link": partial(unreachable, name="badx", is_linked=True),
    "wheels, of an old pip": partial(unreachable, name="bady", interpreter=None),
    "wheels, of a URL without a digest": lambda cache: built_from(cache, b"x", f"{FILE_URL}/badz-1.0.tar.gz", "badz"),
    "wheels, outdated": partial(_outdated, project="bads", content=elf(machine=AARCH64, exports=["PyInit__bads"])),
    "wheels, with a library cut off": partial(_outdated, project="bads2", content=elf()[:100]),
    "wheels, of too old a C library": partial(
        _outdated, project="bads3", content=elf(["libc.so.6"], versions={"libc.so.6": ["GLIBC_99.9"]})
    ),
    "wheels, nothing compiled": partial(_outdated, project="bads4", content=b"no library"),
    "wheels, build directory": lambda cache: cache.build_directory(f"{leaf(URL)}/demo-1.0-py3-none-any.whl", b"half"),
    "foreign, below http-v2": lambda cache: cache.foreign("http-v2/notes"),
    "body under another page's digest": lambda cache: cache.write(
        body_path(cache.http_v2(f"{FILE_URL}/bado", made(cache, "bado"))), made(cache, "badp")
    ),
    "page that is no JSON": lambda cache: cache.http_v2(
        f"{INDEX_URL}badq/", json.dumps([1]).encode(), headers=page_headers(b"[1]")
    ),
}

BUILDS: dict[str, Build] = {**SOUND, **_DAMAGED}
"""Every sort, by its name."""


def mixed(folder: Path, names: Sequence[str]) -> Cache:
    """Return a cache with all of these in it."""
    cache = Cache(folder / "cache")
    for name in names:
        BUILDS[name](cache)
    return cache
