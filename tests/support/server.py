"""A package index of our own on 127.0.0.1: it sends what a public index sends, and remembers what it was asked.

What it answers stands in `answers.py`; here is how it runs, and how a path is told to misbehave.
"""

import contextlib
import re
import socket
import ssl
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from tests.support.answers import Answer, Offer, Page, file_answer, offer, page_answer, ranged

__all__ = ["Gate", "IndexServer", "Request"]

_GIVE_UP_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for, and how it was answered."""

    method: str
    path: str
    """As sent, with the query."""
    status: int
    if_none_match: str | None
    range: str | None


class Gate:
    """Holds an answer back in the middle of its body until it is opened; gives up by itself after a minute."""

    def __init__(self) -> None:
        self.reached = Event()
        """Set when half the body is under way."""
        self.opened = Event()
        """To be set by the test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Break:
    after_bytes: int
    declares_length: bool
    times: int | None


class IndexServer:
    """The index; a context manager, running as long as it is open."""

    def __init__(
        self,
        files: Iterable[Path] = (),
        *,
        has_relative_links: bool = False,
        has_metadata: bool = True,
        certificate: Path | None = None,
    ) -> None:
        """Offer these wheels and source distributions.

        Args:
            files: More can be added while it runs.
            has_relative_links: Whether pages link to `../../packages/...` and not to the whole URL.
            has_metadata: Whether the METADATA of wheels is served beside them (PEP 658).
            certificate: With its key; then it talks TLS.
        """
        self.has_relative_links = has_relative_links
        self.has_metadata = has_metadata
        self.serial = 1000
        """Of the pages (`X-PyPI-Last-Serial`); every file that is added raises it."""
        self._files: dict[str, Offer] = {}
        self._answers: dict[str, Answer] = {}
        self._anywhere: dict[str, Answer] = {}
        self._gates: dict[str, Gate] = {}
        self._breaks: dict[str, _Break] = {}
        self._log: list[Request] = []
        self._lock = Lock()
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.index = self
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        for path in files:
            self.add(path)

    def __enter__(self) -> "IndexServer":
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and hang up on everybody.

        Raises:
            Exception: The one that the server itself failed with at a request.
        """
        self._http.shutdown()
        for gate in self._gates.values():
            gate.opened.set()
        self._http.hang_up()
        self._thread.join(_GIVE_UP_S)
        self._http.server_close()
        if self._http.failures and error is None:
            raise self._http.failures[0]

    @property
    def url(self) -> str:
        """The server's own URL, without a slash behind it."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return self._http.server_port

    @property
    def index_url(self) -> str:
        """What `pip --index-url` takes."""
        return f"{self.url}/simple/"

    @property
    def requests(self) -> tuple[Request, ...]:
        """What was asked for since the log was cleared, in the order of the answers."""
        return tuple(self._log)

    def clear_requests(self) -> None:
        """Forget what was asked for."""
        self._log.clear()

    def add(self, file: Path) -> str:
        """Offer one more wheel or source distribution, and return its URL."""
        added = offer(file)
        with self._lock:
            self._files[added.path] = added
            self.serial += 1
        return self.url + added.path

    def page_url(self, project: str) -> str:
        """Return the URL of a project's page."""
        return f"{self.index_url}{canonicalize_name(project)}/"

    def path_of(self, filename: str) -> str:
        """Return the path under which a file of this name is served.

        Raises:
            StopIteration: There is none.
        """
        return next(file.path for file in self._files.values() if file.name == filename)

    def hold(self, path: str) -> Gate:
        """Send half the body of every answer under this path, and the rest when the gate is opened."""
        return self._gates.setdefault(path, Gate())

    def break_off(self, path: str, after_bytes: int, *, declares_length: bool = True, times: int | None = None) -> None:
        """Close the connection in the middle of the body, in good order.

        Args:
            path: Of the answer.
            after_bytes: How much of the body is sent.
            declares_length: Whether the answer has a `Content-Length`; without it nobody can see the break.
            times: How often; `None` stands for every time.
        """
        self._breaks[path] = _Break(after_bytes=after_bytes, declares_length=declares_length, times=times)

    def redirect(self, path: str, target: str) -> None:
        """Answer 301 under this path."""
        self.put(path, Answer(status=301, headers=(("Location", target),)))

    def restore(self, path: str) -> None:
        """Answer under this path as if nothing had been put there."""
        del self._answers[path]

    def put(self, path: str, answer: Answer) -> None:
        """Answer just this under a path."""
        self._answers[path] = answer

    def put_anywhere(self, name: str, answer: Answer) -> None:
        """Answer just this under every path whose last piece is this name."""
        self._anywhere[name] = answer

    def answer(self, request: "_Handler") -> Answer:
        """Return the answer to a request, and note it down."""
        path = request.path.partition("?")[0]
        with self._lock:
            answer = self._answer(path, request)
            self._log.append(
                Request(
                    method=request.command,
                    path=request.path,
                    status=answer.status,
                    if_none_match=request.headers.get("If-None-Match"),
                    range=request.headers.get("Range"),
                )
            )
        return answer

    def gate(self, path: str) -> Gate | None:
        """Return the gate under a path."""
        return self._gates.get(path)

    def next_break(self, path: str) -> _Break | None:
        """Return how to break off under a path, and count it."""
        with self._lock:
            found = self._breaks.get(path)
            if found is None or found.times is None:
                return found
            if found.times == 0:
                return None
            self._breaks[path] = replace(found, times=found.times - 1)
            return found

    def _answer(self, path: str, request: "_Handler") -> Answer:
        if path in self._answers:
            return self._answers[path]
        if anywhere := self._anywhere.get(unquote(path.rstrip("/").rpartition("/")[2])):
            return anywhere
        if file := self._files.get(path):
            return ranged(file_answer(file), request.headers.get("Range"))
        file = self._files.get(path.removesuffix(".metadata"))
        if file and file.metadata is not None and self.has_metadata:
            return ranged(file_answer(file, file.metadata), request.headers.get("Range"))
        if match := re.fullmatch("/simple/([^/]+)(/?)", path):
            return self._page_answer(unquote(match[1]), has_slash=bool(match[2]), request=request)
        return Answer(status=404)

    def _page_answer(self, project: str, *, has_slash: bool, request: "_Handler") -> Answer:
        name = canonicalize_name(project)
        page = Page(
            project=name,
            files=tuple(file for file in self._files.values() if file.project == name),
            serial=self.serial,
            link_root="../.." if self.has_relative_links else self.url,
            has_metadata=self.has_metadata,
        )
        if not page.files:
            return Answer(status=404)
        if name != project or not has_slash:
            return Answer(status=301, headers=(("Location", f"/simple/{name}/"),))
        return page_answer(
            page,
            accept=request.headers.get("Accept", ""),
            encodings=request.headers.get("Accept-Encoding", ""),
            if_none_match=request.headers.get("If-None-Match"),
        )


class _Listener(ThreadingHTTPServer):
    """Hides nothing and prints nothing: what goes wrong is kept for the end."""

    daemon_threads = False
    index: IndexServer

    def __init__(self, address: tuple[str, int], handler: type["_Handler"]) -> None:
        super().__init__(address, handler)
        self.connections: set[socket.socket] = set()
        self.failures: list[BaseException] = []

    def hang_up(self) -> None:
        """End the connections that clients keep open."""
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Remember the connection before it has a thread: once nobody is let in any more, all are known."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep the error; that a client went away is none."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            self.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _GIVE_UP_S
    """How long a client may say nothing."""
    server: _Listener

    def finish(self) -> None:
        """Forget the connection."""
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._send(self.server.index.answer(self))

    def do_GET(self) -> None:
        """Answer."""
        self._send(self.server.index.answer(self))

    def _send(self, answer: Answer) -> None:
        path = self.path.partition("?")[0]
        has_body = self.command == "GET" and answer.status != 304
        broken = self.server.index.next_break(path) if has_body else None
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if broken is not None and not broken.declares_length:
            self.send_header("Connection", "close")
        elif answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if has_body:
            self._send_body(answer.body, self.server.index.gate(path), broken)

    def _send_body(self, body: bytes, gate: Gate | None, broken: _Break | None) -> None:
        if broken is not None:
            body = body[: broken.after_bytes]
            self.close_connection = True
        half = 0 if gate is None else len(body) // 2
        self.wfile.write(body[:half])
        if gate is not None:
            gate.reached.set()
            gate.opened.wait(_GIVE_UP_S)
        self.wfile.write(body[half:])
