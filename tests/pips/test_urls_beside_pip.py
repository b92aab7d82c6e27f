"""Keys that real pips make of URLs in every form, and the spellings that we find them by.

A pip is told that every name is 127.0.0.1 and every port ours, so that it asks for `https://index.example:443/`.
"""

import hashlib
import html
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipcacheplus import PipCache
from pipcacheplus.model.values import Kind
from pipcacheplus.pips.urls import page_base, spellings
from tests.support import artefacts, processes
from tests.support.answers import Answer
from tests.support.certificates import make_certificate
from tests.support.pips import give_up
from tests.support.pythons import find_python
from tests.support.server import IndexServer

PIPS = (
    ("6.0", "2.7"),
    ("8.1.2", "2.7"),
    ("9.0.3", "2.7"),
    ("19.3.1", "3.8"),
    ("20.3.4", "3.8"),
    ("22.3.1", "3.8"),
    ("23.2.1", "3.11"),
    ("25.3", "3.12"),
    ("26.3", "3.13"),
)
INDEX = "https://index.example/simple/"
_RUN = """
import socket, sys
look, port = socket.getaddrinfo, int(sys.argv.pop(1))
socket.getaddrinfo = lambda _host, _port, *more, **named: look("127.0.0.1", port, *more, **named)
import runpy
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
INDEXES = {
    "plain": "https://index.example/plain/",
    "no slash": "https://index.example/no-slash",
    "two slashes": "https://index.example/two-slashes//",
    "nothing behind the host": "https://index.example",
    "user and password": "https://me:s%40cret@index.example/password/",
    "user alone": "https://token@index.example/user/",
    "password alone": "https://:token@index.example/nobody/",
    "empty user": "https://@index.example/empty/",
    "token for a password": "https://__token__:abc@index.example/token/",
    "at sign in the password": "https://me:p@ss@index.example/at/",
    "capitals": "HTTPS://Index.EXAMPLE/Capitals/",
    "capitals and user": "https://Me:Pw@Index.EXAMPLE/Both/",
    "default port": "https://index.example:443/port/",
    "default port and user": "https://u:p@index.example:443/port-and-user/",
    "other port": "https://index.example:444/other",
    "zero before the port": "https://index.example:0445/zero/",
    "colon without port": "https://index.example:/colon/",
    "escapes": "https://index.example/re%70o%2fx%2Fy%7E/",
    "signs": "https://index.example/a+b@c!d;e=f/",
    "space": "https://index.example/a b/",
    "other letters": "https://index.example/\xe4/",
    "query": "https://index.example/query/?a=b",
    "query without slash": "https://index.example/query?a=b c",
    "host in other letters": "https://b\xfccher.example/idna/",
    "dots": "https://index.example/x/../dots/",
}
LINKS = {
    "plain": "https://files.example/{}",
    "user and password": "https://me:s%40cret@files.example/{}",
    "user alone": "https://token@files.example/{}",
    "no scheme, and user": "//u:p@files.example/none/{}",
    "capitals": "HTTPS://Files.EXAMPLE/{}",
    "default port": "https://files.example:443/{}",
    "other port": "https://files.example:444/{}",
    "zero before the port": "https://files.example:0445/{}",
    "colon without port": "https://files.example:/colon/{}",
    "plus": "https://files.example/a+b/{}",
    "plus in small letters": "https://files.example/a%2bb/{}",
    "plus in capitals": "https://files.example/a%2Bb/{}",
    "slash in small letters": "https://files.example/a%2fb/{}",
    "tilde": "https://files.example/~a/{}",
    "tilde as an escape": "https://files.example/%7Ea/{}",
    "space": "https://files.example/a b/{}",
    "space as an escape": "https://files.example/a%20b/{}",
    "at": "https://files.example/a@b/{}",
    "at as an escape": "https://files.example/a%40b/{}",
    "other letters": "https://files.example/\xe4/{}",
    "other letters as escapes": "https://files.example/%c3%a4/{}",
    "signs": "https://files.example/a!b:c;d=e,'f'(g)/{}",
    "brackets": "https://files.example/a[b]/{}",
    "more signs": "https://files.example/a$b&c=d*e/{}",
    "two slashes": "https://files.example/a//b/{}",
    "dots": "https://files.example/a/./b/../c/{}",
    "escape of an escape": "https://files.example/a%2525/{}",
    "backslash": "https://files.example/a\\b/{}",
    "query": "https://files.example/{}?a=b&c=d",
    "empty query": "https://files.example/{}?",
    "escapes in the query": "https://files.example/{}?A=%2f%7e+x%20y",
    "signs in the query": "https://files.example/{}?a=[b]:/@!$'()*,;~ |",
    "signed": "https://files.example/{}?X-Amz-Credential=A%2FB&X-Amz-Signature=0f",
    "fragment": "https://files.example/f/{}#egg",
    "host as it is asked for": "https://xn--bcher-kva.example/{}",
    "relative": "../../pk/{}",
    "of the host": "/pk/{}",
}


@dataclass(frozen=True)
class Site:
    """Servers for every name, and how a pip is run that asks them."""

    server: IndexServer
    certificate: Path
    unpacked: Callable[[str], Path]
    folder: Path

    def download(self, version: str, interpreter: str, cache: Path, *arguments: str) -> None:
        """Have a pip download something.

        Raises:
            AssertionError: It failed.
        """
        python = find_python(interpreter) or give_up(f"Python {interpreter} is not here")
        (target := self.folder / "downloaded").mkdir(exist_ok=True)
        command = ("install", "--download") if version == "6.0" else ("download", "-d")
        options = ("--cache-dir", str(cache), "--cert", str(self.certificate), "--no-input", "--retries", "0")
        given = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
        given |= {"PIP_CONFIG_FILE": os.devnull, "HOME": str(self.folder), "LANG": "C.UTF-8", "NO_PROXY": "*"}
        what = ("--disable-pip-version-check", *command, str(target), "--no-deps", *arguments)
        done = processes.run(
            (python, "-s", "-c", _RUN, str(self.server.port), *options, *what),
            env=given | {"PYTHONPATH": str(self.unpacked(version))},
            cwd=str(self.folder),
        )
        assert done.returncode == 0, f"pip {version} failed:\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def site(tmp_path: Path, unpacked_pip_of: Callable[[str], Path]) -> Iterator[Site]:
    names = ("index.example", "files.example", "xn--bcher-kva.example")
    certificate = make_certificate(tmp_path, *names) or give_up("openssl is not here")
    with IndexServer(certificate=certificate) as server:
        yield Site(server, certificate, unpacked_pip_of, tmp_path)


def keys_in(cache: Path) -> set[str]:
    trees = (cache / "http", cache / "http-v2")
    return {path.name for tree in trees for path in tree.rglob("*") if path.is_file() and path.suffix != ".body"}


def explained(urls: Mapping[str, str], keys: Iterable[str]) -> dict[str, str | None]:
    """Return the spelling of each URL that is one of the keys."""
    made = {hashlib.sha224(one.encode()).hexdigest(): one for url in urls.values() for one in spellings(url)}
    here = {made[key] for key in keys if key in made}
    return {name: next((one for one in spellings(url) if one in here), None) for name, url in urls.items()}


def page_of(project: str, link: str) -> Answer:
    body = f'<!DOCTYPE html><title>Links for {project}</title><a href="{html.escape(link)}">{project}</a>'
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "max-age=600"), ("ETag", '"x"'))
    return Answer(headers=headers, body=body.encode())


def wheel_answer(content: bytes) -> Answer:
    return Answer(headers=(("Content-Type", "application/zip"), ("Cache-Control", "max-age=9999")), body=content)


@pytest.mark.parametrize(("version", "interpreter"), PIPS)
def test_a_page_is_found_whatever_the_url_of_its_index_looks_like(site: Site, version: str, interpreter: str) -> None:
    wheel = artefacts.wheel(site.folder, "demo", "1.0", tag="py2.py3-none-any")
    site.server.put_anywhere("demo", page_of("demo", f"https://files.example/{wheel.name}"))
    site.server.put_anywhere(wheel.name, wheel_answer(wheel.read_bytes()))
    for path in ("/query", "/query/"):  # the project stands in the query
        site.server.put(path, page_of("demo", f"https://files.example/{wheel.name}"))
    cache = site.folder / "cache"
    # pip 9 fails with an ImportError at the host in other letters.
    indexes = {name: index for name, index in INDEXES.items() if version != "9.0.3" or index.isascii()}
    first, *more = indexes.values()
    extra = (option for index in more for option in ("--extra-index-url", index))
    site.download(version, interpreter, cache, "--index-url", first, *extra, "demo")
    urls = {name: f"{page_base(index)}/demo/" for name, index in indexes.items()}
    found = explained(urls, keys := keys_in(cache))
    assert [name for name, spelling in found.items() if spelling is None] == []
    assert len(keys) == len(indexes) + 1
    named = PipCache(cache, index_urls=tuple(indexes.values())).scan(kind="index-page")
    assert {entry.url_shown for entry in named.entries} == set(found.values())


@pytest.mark.parametrize(("version", "interpreter"), PIPS)
def test_a_file_is_found_whatever_the_link_to_it_looks_like(site: Site, version: str, interpreter: str) -> None:
    urls: dict[str, str] = {}
    # Earlier pips quote the host of a link too, and nobody has such a name.
    links = LINKS if interpreter == "2.7" else LINKS | {"host in other letters": "https://b\xfccher.example/idna/{}"}
    for number, (name, link) in enumerate(links.items()):
        project = f"demo{number}"
        wheel = artefacts.wheel(site.folder, project, "1.0", tag="py2.py3-none-any")
        urls[name] = link.format(wheel.name)
        site.server.put(f"/simple/{project}/", page_of(project, urls[name]))
        site.server.put_anywhere(wheel.name, wheel_answer(wheel.read_bytes()))
    cache = site.folder / "cache"
    projects = [f"demo{number}" for number in range(len(links))]
    site.download(version, interpreter, cache, "--index-url", INDEX, *projects)
    named = PipCache(cache, index_urls=[INDEX]).scan().entries
    told = {entry.project: entry.url_shown for entry in named if entry.kind is Kind.WHEEL}
    assert [name for name, project in zip(links, projects, strict=True) if told[project] is None] == []
    assert len(keys_in(cache)) == 2 * len(links)
