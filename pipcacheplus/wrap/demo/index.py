"""A package index on 127.0.0.1: a page for each project (PEP 503) and its wheel, with the headers of a public index.

A page is fresh for ten minutes, and is then asked for again by its ETag; a wheel is fresh for years.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread
from types import TracebackType
from typing import NamedTuple

from pipcacheplus.wrap.demo.wheels import DemoWheel

__all__ = ["Answer", "Index", "Sent", "Server"]

_PAGES, _FILES = "/simple/", "/files/"
_DAY_S = 86_400
_OK, _NOT_MODIFIED, _NOT_FOUND = 200, 304, 404
_POLL_S = 0.02
_SILENCE_S = 60.0
"""How long a client may say nothing."""


class Answer(NamedTuple):
    """What an index sends for a path."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Sent(NamedTuple):
    """What a server was asked for, counted."""

    pages: int
    """Pages that were sent."""
    unchanged: int
    """Pages of which the server said that they had not changed."""
    files: tuple[str, ...]
    """Names of the wheels that were sent."""


class Index(NamedTuple):
    """What there is to be had, under which address."""

    url: str
    """Without a slash behind it."""
    wheels: tuple[DemoWheel, ...]
    now_s: float
    """The time that its answers are dated, in seconds since 1970."""
    old_pages: Collection[str] = ()
    """Projects whose page is dated two days back, as a mirror sends one that it has not renewed."""

    @property
    def simple_url(self) -> str:
        """Return what `pip --index-url` takes."""
        return self.url + _PAGES

    def page_url(self, project: str) -> str:
        """Return the URL of a project's page."""
        return f"{self.simple_url}{project}/"

    def file_url(self, wheel: DemoWheel) -> str:
        """Return the URL of a wheel."""
        return f"{self.url}{_FILES}{wheel.filename}"

    def answer(self, path: str, etag: str | None = None) -> Answer:
        """Return the answer to a request for a path, whose client has stored what has this ETag."""
        for wheel in self.wheels:
            if path == f"{_PAGES}{wheel.project}/":
                return self._page(wheel, etag)
            if path == _FILES + wheel.filename:
                return self._file(wheel)
        return Answer(_NOT_FOUND, {})

    def _page(self, wheel: DemoWheel, etag: str | None) -> Answer:
        link = f"{self.file_url(wheel)}#sha256={hashlib.sha256(wheel.content).hexdigest()}"
        head = f'<meta name="pypi:repository-version" content="1.0"><title>Links for {wheel.project}</title>'
        anchor = f'<a href="{link}">{wheel.filename}</a>'
        body = f"<!DOCTYPE html><html><head>{head}</head><body>{anchor}</body></html>\n".encode()
        age_s = 2 * _DAY_S if wheel.project in self.old_pages else 0
        headers = {
            "Date": formatdate(self.now_s - age_s, usegmt=True),
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "max-age=600, public",
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        }
        if etag == headers["ETag"]:
            return Answer(_NOT_MODIFIED, headers)
        return Answer(_OK, {**headers, "Content-Length": str(len(body))}, body)

    def _file(self, wheel: DemoWheel) -> Answer:
        headers = {
            "Date": formatdate(self.now_s, usegmt=True),
            "Content-Type": "application/octet-stream",
            "Cache-Control": "max-age=365000000, immutable, public",
            "ETag": f'"{hashlib.sha256(wheel.content).hexdigest()[:32]}"',
            "Content-Length": str(len(wheel.content)),
        }
        return Answer(_OK, headers, wheel.content)


class Server:
    """Serves an index on a free port of 127.0.0.1; a context manager."""

    def __init__(self, wheels: Iterable[DemoWheel], *, now_s: float, old_pages: Collection[str]) -> None:
        """Take what is to be served.

        Args:
            wheels: One for each project.
            now_s: As `Index`.
            old_pages: As `Index`.

        Raises:
            OSError: Nothing may listen there.
        """
        self._listener = _Listener(("127.0.0.1", 0), _Handler)
        port = self._listener.server_address[1]
        self.index = Index(f"http://127.0.0.1:{port}", tuple(wheels), now_s, old_pages)
        """What is served."""
        self._listener.index = self.index
        self._thread = Thread(target=self._listener.serve_forever, kwargs={"poll_interval": _POLL_S}, daemon=True)

    def __enter__(self) -> "Server":
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._listener.shutdown()
        self._listener.server_close()

    def take_sent(self) -> Sent:
        """Return what was sent since this was last called."""
        log, self._listener.log = self._listener.log, []
        pages = [status for path, status in log if path.startswith(_PAGES)]
        files = tuple(path.removeprefix(_FILES) for path, status in log if path.startswith(_FILES) and status == _OK)
        return Sent(pages.count(_OK), pages.count(_NOT_MODIFIED), files)


class _Listener(ThreadingTCPServer):
    """Not `HTTPServer`, which asks for the name of the machine: a question that a name server may not answer."""

    daemon_threads = True
    block_on_close = False
    index: Index

    def __init__(self, address: tuple[str, int], handler: type["_Handler"]) -> None:
        super().__init__(address, handler)
        self.log: list[tuple[str, int]] = []
        """Paths that were asked for, with the status of each answer."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: a pip that closes its connection is no error of this server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _SILENCE_S
    server: _Listener

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        """Answer, and note what was asked for."""
        answer = self.server.index.answer(self.path, self.headers.get("If-None-Match"))
        self.server.log.append((self.path, answer.status))
        self.send_response_only(answer.status)  # without the date of this machine
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status == _NOT_FOUND:
            self.send_header("Content-Length", "0")
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(answer.body)
