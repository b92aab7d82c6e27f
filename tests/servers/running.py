"""Package servers that people run, with some files, on 127.0.0.1: devpi, pypiserver, nginx, one before a bucket."""

import hashlib
import html
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support.pips import give_up
from tests.support.processes import line_of, run, started

__all__ = ["SECRET", "SERVERS", "Server"]

SECRET = "5f3c9a7e0bd14c68"
"""Stands in the signed URLs of the bucket."""
Server = Callable[[Path, Sequence[Path]], AbstractContextManager[str]]
"""Takes an empty folder, and files; gives the URL of the index as long as it runs."""
_DATE_S = 1_704_067_200
_LINES = 500
"""A server that has printed so many without saying that it serves never will."""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _need(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        give_up(f"{module} is not installed: nox -s servers")


@contextmanager
def _serving(command: Sequence[str], mark: str, folder: Path) -> Iterator[None]:
    """Run a server from the line in which it says that it serves until the block ends."""
    with started(command, stderr=-2, cwd=folder, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        lines = [line_of(process)]
        while mark not in lines[-1]:  # a program that has ended prints empty lines
            assert len(lines) < _LINES, "\n".join(lines)
            lines.append(line_of(process))
        # Nobody may have to wait until it has said all that it says.
        Thread(target=process.communicate, daemon=True).start()
        try:
            yield
        finally:
            process.kill()


@contextmanager
def devpi(folder: Path, files: Sequence[Path]) -> Iterator[str]:
    """Run devpi-server with an index of one user, and upload the files: relative links below `+f`, no page kept."""
    _need("devpi_server")
    _need("devpi")
    port = _free_port()
    here = Path(sys.executable).parent
    server = ["--serverdir", str(folder / "server")]
    client = ["--clientdir", str(folder / "client")]
    url = f"http://127.0.0.1:{port}"
    run([str(here / "devpi-init"), *server], is_checked=True)
    options = ["--host", "127.0.0.1", "--port", str(port), "--offline-mode"]
    with _serving([str(here / "devpi-server"), *server, *options], "Serving on", folder):
        for what in (
            ["use", url],
            ["user", "-c", "alice", "password=alice"],
            ["login", "alice", "--password=alice"],
            ["index", "-c", "dev", "bases="],
            ["use", "alice/dev"],
            ["upload", *map(str, files)],
        ):
            verb, *more = what
            run([str(here / "devpi"), verb, *client, *more], is_checked=True, cwd=folder)
        yield f"{url}/alice/dev/+simple/"


@contextmanager
def pypiserver(folder: Path, files: Sequence[Path]) -> Iterator[str]:
    """Run pypiserver: links from the root of the host; what it sends is kept for ten minutes, but for its pages."""
    _need("pypiserver")
    for file in files:
        shutil.copy(file, folder)
    port = _free_port()
    command = [str(Path(sys.executable).with_name("pypi-server")), "run", "-v", "-i", "127.0.0.1", "-p", str(port)]
    with _serving([*command, "--cache-control", "600", str(folder)], "Hit Ctrl-C", folder):
        yield f"http://127.0.0.1:{port}/simple/"


_NGINX = """
daemon on;
pid {folder}/pid;
error_log {folder}/error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    types {{ text/html html; application/octet-stream whl; application/gzip gz; }}
    server {{
        listen 127.0.0.1:{port};
        root {folder}/root;
        {options}
    }}
}}
"""


@contextmanager
def _nginx(folder: Path, options: str, port: int) -> Iterator[str]:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        pytest.skip("there is no nginx")
    user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    text = _NGINX.format(folder=folder, port=port, options=options, user=user)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [found, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    run(command, is_checked=True)  # it has its port before it goes into the background
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        run([*command, "-s", "stop"], is_checked=True)


@contextmanager
def nginx_listing(folder: Path, files: Sequence[Path]) -> Iterator[str]:
    """Run nginx over a directory for each project, which it lists by itself: "Index of /simple/NAME/", no digest."""
    for file in files:
        there = folder / "root" / "simple" / file.name.split("-")[0]
        there.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, there)
    with _nginx(folder, "autoindex on; expires 10m;", _free_port()) as url:
        yield f"{url}/simple/"


@contextmanager
def nginx_static(folder: Path, files: Sequence[Path]) -> Iterator[str]:
    """Run nginx over pages that were written once, without a title, and with digests in absolute links."""
    port = _free_port()
    for file in files:
        pages = folder / "root" / "repo" / "simple" / file.name.split("-")[0]
        pages.mkdir(parents=True, exist_ok=True)
        (folder / "root" / "repo" / "files").mkdir(exist_ok=True)
        shutil.copy(file, folder / "root" / "repo" / "files")
        with (pages / "index.html").open("a", encoding="utf-8") as page:
            page.write(_anchor(f"http://127.0.0.1:{port}/repo/files/{file.name}", file))
    with _nginx(folder, "index index.html;", port) as url:
        yield f"{url}/repo/simple/"


def _anchor(url: str, file: Path) -> str:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f'<a href="{html.escape(url)}#sha256={digest}">{file.name}</a><br>\n'


@contextmanager
def before_bucket(_folder: Path, files: Sequence[Path]) -> Iterator[str]:
    """Run an index that sends who wants a file to a signed URL of a bucket, another one each time."""

    class Handler(BaseHTTPRequestHandler):
        signed = 0

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            name = path.rstrip("/").rpartition("/")[2]
            if path.startswith("/repository/all/simple/"):
                own = [file for file in files if file.name.split("-")[0] == name]
                body = "".join(_anchor(f"../../packages/{file.name}", file) for file in own).encode()
                etag = hashlib.sha256(body).hexdigest()
                self.answer(200 if own else 404, body, ("Content-Type", "text/html"), ("ETag", f'"{etag}"'))
                return
            (file,) = (file for file in files if file.name == name)
            if path.startswith("/repository/all/packages/"):
                Handler.signed += 1
                signed = f"X-Amz-Expires=60&X-Amz-Credential={SECRET}&X-Amz-Signature={SECRET}{Handler.signed}"
                self.answer(302, b"", ("Location", f"http://{self.headers['Host']}/bucket/{name}?{signed}"))
                return
            assert query, self.path
            body = file.read_bytes()
            md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
            self.answer(200, body, ("ETag", f'"{md5}"'), ("Last-Modified", formatdate(_DATE_S, usegmt=True)))

        def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
            self.send_response(status)
            for header in (*headers, ("Content-Length", str(len(body)))):
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_more: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/repository/all/simple/"
        finally:
            server.shutdown()
            thread.join()


SERVERS: dict[str, Server] = {
    "devpi": devpi,
    "pypiserver": pypiserver,
    "nginx, listing": nginx_listing,
    "nginx, static pages": nginx_static,
    "before a bucket": before_bucket,
}
