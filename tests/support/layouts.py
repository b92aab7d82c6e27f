"""Caches as pips fill them from servers of each kind: which URLs these have, and what they write into their pages.

Sources: as `pipcacheplus/pips/index_layouts.py` has them. Hosts are examples.
"""

import hashlib
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pipcacheplus.pips.filenames import canonical
from tests.support import artefacts
from tests.support.builders import Cache, file_headers, page_headers

__all__ = ["LAYOUTS", "Layout", "fill_from"]

_PROJECTS = ("demo_tool", "Demo.Lib", "alone")


class Layout(NamedTuple):
    """The URLs of a server."""

    page: str
    """Of the page of a project; `{name}` stands for its canonical name. Without it, one page lists all files."""
    file: str
    """Of a file: `{name}`, `{version}`, `{file}`, and digests `{sha256}`, `{a}`, `{b}`, `{rest}`."""
    links: str
    """How its pages link to files: `relative`, from the `root` of the host, or `absolute`."""
    title: str = ""
    """Of its pages; `{name}` as above."""
    has_metadata: bool = False
    """Whether metadata is served beside files."""
    setting: str = ""
    """What a user has set, where nothing else tells the index: `index-url` or `find-links`, and the URL."""


LAYOUTS = {
    "a mirror of files": Layout(
        "https://mirror.example/simple/{name}/",
        "https://mirror.example/packages/{a}/{b}/{rest}/{file}",
        "relative",
        "Links for {name}",
        has_metadata=True,
    ),
    "a mirror below a path, without titles": Layout(
        "https://mirror.example/pypi/simple/{name}/",
        "https://mirror.example/pypi/packages/{a}/{b}/{rest}/{file}",
        "relative",
    ),
    "index and files on two hosts": Layout(
        "https://pypi.corp.example/simple/{name}/",
        "https://files.corp.example/packages/{a}/{b}/{rest}/{file}",
        "absolute",
        "Simple Index",
        has_metadata=True,
    ),
    "pypiserver": Layout(
        "http://pypi.example:8080/simple/{name}/",
        "http://pypi.example:8080/packages/{file}",
        "root",
        "Links for {name}",
    ),
    "devpi, a mirror": Layout(
        "https://devpi.example/root/pypi/+simple/{name}/",
        "https://devpi.example/root/pypi/+f/{a}/{b}/{file}",
        "relative",
        "root/pypi: links for {name}",
    ),
    "devpi, an index of a user": Layout(
        "https://devpi.example/ab/dev/+simple/{name}/",
        "https://devpi.example/ab/dev/+f/{a}/{b}/{file}",
        "relative",
        "ab/dev: links for {name}",
    ),
    "Artifactory, remote": Layout(
        "https://art.example/artifactory/api/pypi/py-remote/simple/{name}/",
        "https://art.example/artifactory/api/pypi/py-remote/packages/packages/{a}/{b}/{rest}/{file}",
        "relative",
        "Simple Index",
    ),
    "Artifactory, local": Layout(
        "https://art.example/artifactory/api/pypi/py-local/simple/{name}/",
        "https://art.example/artifactory/api/pypi/py-local/{name}/{version}/{file}",
        "relative",
        "Simple Index",
    ),
    "Nexus": Layout(
        "https://nexus.example/repository/py-all/simple/{name}/",
        "https://nexus.example/repository/py-all/packages/{name}/{version}/{file}",
        "relative",
        "Links for {name}",
    ),
    "GitLab, a project": Layout(
        "https://gitlab.example/api/v4/projects/12/packages/pypi/simple/{name}/",
        "https://gitlab.example/api/v4/projects/12/packages/pypi/files/{sha256}/{file}",
        "absolute",
        "Links for {name}",
    ),
    "GitLab, a group": Layout(
        "https://gitlab.example/api/v4/groups/7/-/packages/pypi/simple/{name}/",
        "https://gitlab.example/api/v4/projects/12/packages/pypi/files/{sha256}/{file}",
        "absolute",
        "Links for {name}",
        setting="extra-index-url = https://gitlab.example/api/v4/groups/7/-/packages/pypi/simple",
    ),
    "Gitea": Layout(
        "https://gitea.example/api/packages/ann/pypi/simple/{name}/",
        "https://gitea.example/api/packages/ann/pypi/files/{name}/{version}/{file}",
        "absolute",
        "Links for {name}",
    ),
    "Azure Artifacts": Layout(
        "https://azure.example/org/project/_packaging/feed/pypi/simple/{name}/",
        "https://azure.example/org/08a6689e/_packaging/2f7d1a9d/pypi/download/{name}/{version}/{file}",
        "absolute",
        "Links for {name}",
        setting="index-url = https://azure.example/org/project/_packaging/feed/pypi/simple/",
    ),
    "CodeArtifact": Layout(
        "https://own-1.d.codeartifact.example/pypi/shared/simple/{name}/",
        "https://own-1.d.codeartifact.example/pypi/shared/simple/{name}/{version}/{file}",
        "relative",
        "Links for {name}",
    ),
    "Cloudsmith, public": Layout(
        "https://dl.cloudsmith.example/public/own/repo/python/simple/{name}/",
        "https://dl.cloudsmith.example/public/own/repo/python/{file}",
        "absolute",
        "Links for {name}",
    ),
    "Cloudsmith, with a password": Layout(
        "https://dl.cloudsmith.example/basic/own/repo/python/simple/{name}/",
        "https://dl.cloudsmith.example/basic/own/repo/python/{file}",
        "relative",
        "Links for {name}",
    ),
    "Gemfury": Layout(
        "https://repo.fury.example/account/{name}/", "https://repo.fury.example/account/-/ver_{a}{b}/{file}", "root"
    ),
    "PyTorch": Layout(
        "https://download.torch.example/whl/cu121/{name}/",
        "https://download.torch.example/whl/cu121/{file}",
        "root",
        "Links for {name}",
        has_metadata=True,
    ),
    "PyTorch, from another host": Layout(
        "https://download.torch.example/whl/cpu/{name}/", "https://r2.torch.example/whl/cpu/{file}", "absolute"
    ),
    "NVIDIA": Layout(
        "https://pypi.nvidia.example/{name}/",
        "https://pypi.nvidia.example/{name}/{file}",
        "relative",
        "Links for {name}",
    ),
    "piwheels": Layout(
        "https://www.piwheels.example/simple/{name}/",
        "https://www.piwheels.example/simple/{name}/{file}",
        "relative",
        "Links for {name}",
        has_metadata=True,
    ),
    "Pulp": Layout(
        "https://pulp.example/pypi/dist/simple/{name}/", "https://pulp.example/pypi/dist/content/{file}", "relative"
    ),
    "Artifact Registry": Layout(
        "https://eu-python.pkg.example/project/repo/simple/{name}/",
        "https://eu-python.pkg.example/project/repo/{name}/{file}",
        "relative",
        "Links for {name}",
    ),
    "a listing of a directory": Layout(
        "https://www.example/wheels/", "https://www.example/wheels/{file}", "relative", "Index of /wheels"
    ),
    "a listing, named by a setting": Layout(
        "https://www.example/team/py.html",
        "https://store.example/bucket/{file}",
        "absolute",
        setting="find-links = https://www.example/team/py.html",
    ),
}


def fill_from(layout: Layout, cache: Cache, scratch: Path) -> None:
    """Store what a pip stores that installed three projects: pages, wheels, an sdist and what was built from it.

    Of a fourth project there is a page alone: no file of it was wanted.
    """
    pages: dict[str, list[str]] = {}
    for project in _PROJECTS:
        name = canonical(project)
        files = [artefacts.wheel(scratch / name, project.replace(".", "_"))]
        if project == "alone":
            files.append(artefacts.sdist(scratch / name, project))
        for path in files:
            content = path.read_bytes()
            url = _url(layout.file, name, path.name, content)
            cache.http_v2(url, content, headers=_plain(content))
            if path.suffix == ".whl" and layout.has_metadata:
                with zipfile.ZipFile(path) as wheel:
                    (inside,) = (wheel.read(one) for one in wheel.namelist() if one.endswith("/METADATA"))
                cache.http_v2(url + ".metadata", inside, headers=_plain(inside))
            if path.suffix == ".gz":
                cache.built_wheel(project, url=url, sha256=hashlib.sha256(content).hexdigest())
            pages.setdefault(_page(layout, name), []).append(_link(layout, name, url, content))
    unwanted = _url(layout.file, "unwanted", "unwanted-2.0-py3-none-any.whl", b"")
    pages.setdefault(_page(layout, "unwanted"), []).append(_link(layout, "unwanted", unwanted, b""))
    for url, links in pages.items():
        _store(cache, url, layout.title.format(name=url.rstrip("/").rpartition("/")[2]), links)


def _page(layout: Layout, name: str) -> str:
    return layout.page.format(name=name)


def _url(template: str, name: str, file: str, content: bytes) -> str:
    digest = hashlib.blake2b(content, digest_size=32).hexdigest()
    parts = {"a": digest[:2], "b": digest[2:4], "rest": digest[4:], "sha256": hashlib.sha256(content).hexdigest()}
    return template.format(name=name, version="1.0", file=file, **parts)


def _link(layout: Layout, name: str, url: str, content: bytes) -> str:
    scheme, _, rest = url.partition("//")
    href = {"absolute": url, "root": "/" + rest.partition("/")[2]}.get(layout.links) or _relative(
        _page(layout, name), url
    )
    beside = ' data-core-metadata="true"' if layout.has_metadata else ""
    assert scheme in {"https:", "http:"}
    return f'<a href="{href}#sha256={hashlib.sha256(content).hexdigest()}"{beside}>{url.rpartition("/")[2]}</a><br/>'


def _relative(page: str, url: str) -> str:
    return os.path.relpath(url, page if page.endswith("/") else page.rpartition("/")[0]).replace(os.sep, "/")


def _store(cache: Cache, url: str, title: str, links: Iterable[str]) -> None:
    heading = f"<title>{title}</title>" if title else ""
    body = f"<!DOCTYPE html><html><head>{heading}</head><body>{''.join(links)}</body></html>".encode()
    cache.http_v2(url, body, headers=page_headers(body, content_type="text/html"))


def _plain(content: bytes) -> dict[str, str]:
    """Return the headers of a server that makes no digests."""
    return {name: value for name, value in file_headers(content).items() if name != "ETag"}
