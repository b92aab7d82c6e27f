"""Guesses of the URLs of index pages, from the URLs of files on the same server; a key must prove each guess.

A page of an index with relative links, or one that nothing links to, does not contain its own URL. But the cache holds
other URLs of the same server. The pages of a server have the same beginning as its files, followed by one of
a few forms. No wrong guess is used: one that no key of the cache matches is dropped.

Sources, each the vendor's own documentation or source, with the forms in the tables below:

- PEP 503 and bandersnatch: `/simple/NAME/`, files at `/packages/aa/bb/…/FILE`.
- pypiserver, README: `/simple/NAME/`, files at `/packages/FILE`, which is itself a listing.
- devpi, "User manual: Indexes": `/USER/INDEX/+simple/NAME/`, files at `/USER/INDEX/+f/aa/…/FILE` and `+e`.
- JFrog Artifactory, "PyPI Repositories": `/artifactory/api/pypi/REPO/simple/NAME/`, files at
  `/artifactory/api/pypi/REPO/packages/packages/…/FILE` and `/artifactory/api/pypi/REPO/NAME/VERSION/FILE`.
- Sonatype Nexus, "PyPI Repositories": `/repository/REPO/simple/NAME/`, files at `/repository/REPO/packages/NAME/…`.
- GitLab, "PyPI API": `/api/v4/projects/N/packages/pypi/simple/NAME`, files at `…/pypi/files/SHA256/FILE`; of a group,
  whose number occurs in no link: `/api/v4/groups/N/-/packages/pypi/simple/NAME`.
- Gitea and Forgejo, "PyPI Package Registry": `/api/packages/OWNER/pypi/simple/NAME`, files at `…/pypi/files/NAME/…`.
- Azure Artifacts, "Python packages": `/ORG/PROJECT/_packaging/FEED/pypi/simple/NAME/`; files have numbers for names at
  `/ORG/…/_packaging/…/pypi/download/NAME/VERSION/FILE`, so that a feed's name is known by pip's settings alone.
- AWS CodeArtifact, "Using CodeArtifact with Python": `/pypi/REPO/simple/NAME/`, files at
  `/pypi/REPO/simple/NAME/VERSION/FILE`.
- Cloudsmith, "Python Repository": `/public/OWNER/REPO/python/simple/NAME/`, `/basic/…`, `/TOKEN/…`; files at
  `…/python/FILE`.
- Gemfury, "Private PyPI": `/ACCOUNT/NAME/`, files at `/ACCOUNT/-/VERSION/FILE`.
- The wheels of PyTorch, "Start locally": `/whl/cpu/NAME/`, files at `/whl/cpu/FILE`, listings `torch_stable.html`.
- NVIDIA's index and others with files beside their page: `/NAME/FILE`; piwheels: `/simple/NAME/FILE`.
- Pulp, Google Artifact Registry, ProGet, packagecloud, mirrors: forms of the above.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import quote, unquote

from pipcacheplus.pips.filenames import canonical

__all__ = ["LISTINGS", "MAX_BASES", "MAX_PLACE", "bases", "file_paths", "file_place", "listed_project", "project_of"]

MAX_PLACE = 1024
"""Longer URLs are not used."""
MAX_BASES = 512
"""Most guesses that are tried; the likely ones come first."""
LISTINGS = ("/", "", "/index.html", "/links.html", "/torch_stable.html")
"""The part after a base that is itself a page with files, as for `--find-links`."""

_MAX_SEGMENTS = 12
_MAX_HOSTS = 16
_PAGES = ("/simple", "/+simple", "", "/pypi/simple", "/pypi", "/-/simple")
"""Parts between the place of files, or a folder above it, and the names of projects; likely ones first."""
_AT_A_HOST = ("/root/pypi/+simple", "/pypi/web/simple", "/repository/pypi/simple", "/artifactory/api/pypi/pypi/simple")
"""Default names of repositories."""
_HOSTS = ("", "pypi.", "index.", "www.", "download.", "simple.")
"""Replacements of the first word of a file host in the name of its index."""
_WHEELS = "/whl"
_COMPUTE = (
    *("cpu", "cu92", "cu100", "cu101", "cu102", "cu110", "cu111", "cu113", "cu115", "cu116", "cu117", "cu118", "cu121"),
    *("cu124", "cu126", "cu128", "cu129", "cu130", "xpu", "cpu_pypi_pkg", "cpu-cxx11-abi", "cpu_cxx11_abi"),
    *("rocm5.4.2", "rocm5.5", "rocm5.6", "rocm5.7", "rocm6.0", "rocm6.1", "rocm6.2", "rocm6.2.4", "rocm6.3", "rocm6.4"),
    *("nightly", "nightly/cpu", "nightly/cu121", "nightly/cu124", "nightly/cu126", "nightly/cu128", "test", "test/cpu"),
)
_FILES = frozenset(("packages", "files", "download", "downloads", "+f", "+e", "-", "pool", "content"))
"""Names of folders in which a server has its files: the part before is the place."""
_DIGITS = re.compile(r"[0-9a-f]{10,}|[0-9].*\..*")
"""A folder that is named by a digest, or by a version."""
_PAIR = re.compile(r"[0-9a-f]{2}")
"""A folder that is named by the beginning of a digest, if one by the rest of it follows."""
_ROOT = re.compile(
    r".*?(?:/api/v4/projects/[^/]+/packages/pypi|/api/v4/groups/[^/]+/-/packages/pypi|/api/packages/[^/]+/pypi"
    r"|/api/pypi/[^/]+|/_packaging/[^/]+/pypi|/repository/[^/]+|/[^/]+/[^/]+(?=/\+[fe]/))(?=/)"
)
"""For servers with `simple` in their URLs: the part before it."""
_URL = re.compile(r"(?:(https?)://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?)?(/[!-~]*)?")
_SUFFIX = re.compile(r"\.(?:whl|tar\.gz|tgz|tar\.bz2|tar\.xz|tar\.Z|tar|zip|egg|exe)(?:\.metadata)?\Z", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_VERSION_AHEAD = re.compile(r"-(?=[0-9])")


def file_place(url: str) -> str | None:
    """Return the place of a server's files: a URL without the parts that differ from file to file.

    Args:
        url: Absolute, without user and query; or a path from the root of a host that is not known.

    Returns:
        The place, without a slash at its end; `None` if the URL is not of such a server.

    >>> file_place("https://host.example/repository/own/packages/demo/1.0/demo-1.0.zip")
    'https://host.example/repository/own'
    >>> file_place("https://host.example/simple/demo/demo-1.0-py3-none-any.whl")
    'https://host.example/simple'
    """
    if len(url) > MAX_PLACE or (found := _URL.fullmatch(_in_ascii(url))) is None:
        return None
    scheme, host, port, path = found.groups()
    start = f"{scheme}://{host.lower()}{port or ''}" if scheme else ""
    if root := _ROOT.match(path or ""):
        return start + root[0]
    *folders, file = (path or "/").split("/")[1:]
    name = canonical(unquote(file))
    kept: list[str] = []
    for folder in folders[:_MAX_SEGMENTS]:
        if folder in _FILES or (name and _is_named(name, folder)):
            break
        if _DIGITS.fullmatch(folder):
            while kept and _PAIR.fullmatch(kept[-1]):
                kept.pop()
            break
        kept.append(folder)
    return "/".join([start, *kept]) or None


def file_paths(filename: str, project: str, version: str) -> tuple[str, ...]:
    """Return the paths below its place at which a server may have a file, as pip spells them.

    Args:
        filename: Name of the file.
        project: Its canonical name.
        version: Version of the project.
    """
    file, name = quote(filename), quote(project)
    below = (file, f"{name}/{file}", f"{name}/{quote(version)}/{file}")
    return (*below, *(f"{folder}/{path}" for folder in ("packages", "files") for path in below))


def _is_named(file: str, folder: str) -> bool:
    """Return whether a folder has the name of the project whose file this is."""
    return file.startswith(canonical(unquote(folder)) + "-")


def _in_ascii(url: str) -> str:
    """Return a URL with its host spelt as it is requested (IDNA), if it can be."""
    if url.isascii():
        return url
    start, slashes, rest = url.partition("//")
    host, slash, path = rest.partition("/")
    try:
        return start + slashes + host.encode("idna").decode() + slash + path
    except UnicodeError:
        return url


def bases(places: Iterable[str]) -> Iterator[str]:
    """Yield possible parts before the name of a project in the URL of a page; likely ones first, at most 512.

    Args:
        places: As `file_place` returns them, likely ones first.
    """
    yield from islice(dict.fromkeys(_ranked(list(places))), MAX_BASES)


def _ranked(places: list[str]) -> Iterator[str]:
    with_host = [place for place in places if not place.startswith("/")]
    hosts = list(dict.fromkeys(_host_of(place) for place in with_host))[:_MAX_HOSTS]
    every = [*with_host, *(host + path for path in places if path.startswith("/") for host in hosts)]
    for depth in range(_MAX_SEGMENTS):
        for place in every:
            yield from _bases_above(place, depth)
    for place in with_host:
        host = _host_of(place)
        for other in _other_hosts(host):
            yield from (other + place[len(host) :] + pages for pages in _PAGES)
    for host in hosts:
        for at in (host, *_other_hosts(host)):
            yield from (at + pages for pages in (*_PAGES, *_AT_A_HOST))


def _bases_above(place: str, depth: int) -> Iterator[str]:
    """Yield bases so many folders above a place; none beyond the root of its host."""
    above = _above(place, depth)
    if above is None:
        return
    yield from (above + pages for pages in _PAGES)
    if above.endswith(_WHEELS):
        yield from (f"{above}/{compute}" for compute in _COMPUTE)


def _other_hosts(host: str) -> Iterator[str]:
    scheme, _, name = host.partition("://")
    domain = name.partition(".")[2]
    if "." in domain:
        yield from (f"{scheme}://{first}{domain}" for first in _HOSTS)


def _host_of(place: str) -> str:
    return "/".join(place.split("/")[:3])


def _above(place: str, depth: int) -> str | None:
    """Return the folder so many steps above a place, `None` beyond the root of its host."""
    scheme, _, rest = place.partition("://")
    parts = rest.split("/")
    if depth >= len(parts):
        return None
    return f"{scheme}://" + "/".join(parts[: len(parts) - depth])


def project_of(filename: str) -> str | None:
    """Return the canonical project in the name of a wheel or sdist, `None` if it is neither.

    >>> project_of("Demo.Lib-1.0.tar.gz")
    'demo-lib'
    """
    found = _SUFFIX.search(filename[-32:])
    if found is None:
        return None
    name = filename.partition("-")[0] if ".whl" in filename[-32:].lower() else _VERSION_AHEAD.split(filename, 1)[0]
    return canonical(name) if name != filename and _NAME.fullmatch(name) else None


def listed_project(link: str) -> str | None:
    """Return the canonical project to whose page a link leads, by its last folder; `None` if that cannot be a name.

    >>> listed_project("../Demo.Lib/")
    'demo-lib'
    """
    name = link.rstrip("/").rpartition("/")[2]
    return canonical(name) if _NAME.fullmatch(name) else None
