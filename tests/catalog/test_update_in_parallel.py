"""Parts of a cache, read side by side: nothing is counted twice, forgotten or torn apart, whoever interrupts it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.queries import Query, run_query
from pipcacheplus.catalog.shard import read_contents, read_facts, walk_shard
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.facts import Depth
from pipcacheplus.readers.entry import read
from tests.replay.caches import fill
from tests.support import artefacts
from tests.support.builders import Cache, file_headers
from tests.support.processes import started
from tests.support.requests import Inline, entries_of, whole

URL = "https://files.example/"
LARGE = 9 << 20


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a sound wheel of a little more than 9 MiB."""
    files = {"noise.bin": Random(1).randbytes(LARGE)}  # noqa: S311 - what it is matters to nobody
    return artefacts.wheel(tmp_path_factory.mktemp("large"), "large", "1.0", files=files).read_bytes()


def plain(body: bytes) -> dict[str, str]:
    """Return headers without a digest."""
    return file_headers(body) | {"ETag": 'W/"x"'}


@pytest.fixture
def some(cache: Cache, large: bytes) -> Cache:
    """Return a cache of small entries and three large ones, one of them cut short."""
    for number in range(40):
        body = b"x" * number
        cache.http_v2(f"{URL}{number}", body, headers=file_headers(body, project="demo"))
    for number in range(3):
        content = large[: LARGE - 99] if number == 1 else large
        cache.http_v2(f"{URL}large{number}", content, headers=plain(content))
    cache.foreign()
    return cache


EXECUTORS: dict[str, Callable[[], Executor | None]] = {
    "ours": lambda: None,
    "inline": Inline,
    "threads": lambda: ThreadPoolExecutor(3),
}
executors = pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)


@executors
def test_all_entries_come_exactly_once_and_in_one_order(some: Cache, make: Callable[[], Executor | None]) -> None:
    found = list(run_query(whole(some, executor=make()), []))
    assert [one.entry.id for one in found] == sorted(entry.id for entry in entries_of(some))
    assert found == list(run_query(whole(some), []))


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("only_findings", [False, True])
@executors
def test_progress_never_goes_back_and_ends_at_the_sum_of_all_bytes(
    some: Cache,
    tmp_path: Path,
    make: Callable[[], Executor | None],
    only_findings: bool,  # noqa: FBT001 - a row's value
    is_known: bool,  # noqa: FBT001 - a row's value
) -> None:
    shown: list[tuple[int, int | None]] = []
    query = remembered(some, tmp_path, only_findings=only_findings, executor=make())
    if is_known:
        list(run_query(query, []))
    list(run_query(replace(query, progress=lambda *done: shown.append(done)), []))
    size = sum(entry.size for entry in entries_of(some))
    done = [count for count, _ in shown]
    assert done == sorted(done)
    assert shown[-1] == (size, size)
    assert is_known or len({count for count in done if count >= LARGE}) >= 3


def remembered(cache: Cache, folder: Path, **more: object) -> Query:
    """Return the query for all of a cache, with a catalog in a folder, at a present in which all has settled."""
    return whole(cache, **{"remembers": True, "folder": str(folder / "state"), "clock_ns": 1 << 62, **more})


@pytest.mark.parametrize("sizes", [("small", "large"), ("large", "small"), ("large", "large")])
def test_a_broken_built_wheel_takes_nothing_from_a_sound_one_beside_it(
    cache: Cache, large: bytes, sizes: tuple[str, str]
) -> None:
    def content(size: str) -> bytes | None:
        return large if size == "large" else None

    sound = cache.built_wheel("large", content=content(sizes[0]))
    cut = cache.built_wheel("large", tag="py2-none-any", content=(content(sizes[1]) or large)[: LARGE - 1])
    if sizes[1] == "small":
        cache.write(cut, b"PK\3\4")
    assert os.path.dirname(sound) == os.path.dirname(cut)
    plan = PipCache(cache.path).plan(corrupt=True, remembers=False)
    assert [(action.entry.id, [file.path for file in action.files]) for action in plan.actions] == [(cut, [cut])]


def read_bytes() -> int:
    with open("/proc/self/io", encoding="ascii") as file:
        return int(file.readline().removeprefix("rchar: "))


@pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="only Linux tells what was read")
def test_what_is_known_is_not_read_to_its_end_again(some: Cache, tmp_path: Path) -> None:
    reads = []
    for _ in range(3):
        before = read_bytes()
        assert len(list(run_query(remembered(some, tmp_path), []))) == 44
        reads.append(read_bytes() - before)
    assert reads[0] > 2 * LARGE
    assert max(reads[1:]) < 1 << 20


def known_of(state: Path) -> set[str]:
    """Return the ids of the entries of which a catalog knows the content."""
    (path,) = state.rglob("*.sqlite3")
    with closing(sqlite3.connect(path)) as connection:
        return {id_.decode() for (id_,) in connection.execute("SELECT id FROM content")}


@pytest.mark.parametrize("after", [2, 3])
@executors
def test_who_interrupts_loses_nothing_that_was_counted(
    some: Cache, tmp_path: Path, make: Callable[[], Executor | None], after: int
) -> None:
    shown: list[int] = []  # at first, the size of those of which there is nothing to be known

    def show(done: int, _total: int | None) -> None:
        shown.extend([done] if done > max(shown, default=0) else [])
        if len(shown) == after:
            raise KeyboardInterrupt

    executor = make()
    threads = threading.active_count()
    query = remembered(some, tmp_path, executor=executor)
    with pytest.raises(KeyboardInterrupt):
        list(run_query(replace(query, progress=show), []))
    if executor is not None:
        executor.shutdown()
    assert threading.active_count() <= threads
    known = known_of(tmp_path / "state")
    assert sum(entry.size for entry in entries_of(some) if entry.id in known) >= shown[-1] - shown[0] > 0
    assert list(run_query(replace(query, executor=None), [])) == list(run_query(whole(some), []))


class InterruptedAt(Inline):
    """Is interrupted while somebody waits for one part of the last stage; the others are done as they come."""

    def __init__(self, number: int) -> None:
        self._left = number
        self.done: list[bytes] = []
        """Ids of the entries of the parts before."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Return what is done, or what this class is there for."""
        if fn is not read_contents:
            return super().submit(fn, *args, **kwargs)
        self._left -= 1
        if not self._left:
            return Waiting()
        future = super().submit(fn, *args, **kwargs)
        if self._left > 0:
            self.done += [one.id for _, one in future.result()]
        return future


class Waiting(Future[Any]):
    """Is never done: who waits for it presses Ctrl-C."""

    def done(self) -> bool:
        """Be interrupted."""
        raise KeyboardInterrupt

    def result(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - as Future has it
        """Be interrupted."""
        raise KeyboardInterrupt


@pytest.mark.parametrize("number", [1, 2, 3])
def test_who_interrupts_loses_nothing_that_was_done_before(some: Cache, tmp_path: Path, number: int) -> None:
    executor = InterruptedAt(number)
    with pytest.raises(KeyboardInterrupt):
        list(run_query(remembered(some, tmp_path, executor=executor), []))
    assert bool(executor.done) is (number > 1)
    assert {id_.decode() for id_ in executor.done} == known_of(tmp_path / "state")


def test_who_stops_in_the_middle_loses_nothing_that_was_done(some: Cache, tmp_path: Path) -> None:
    executor = InterruptedAt(999)
    running = run_query(remembered(some, tmp_path, executor=executor), [])
    next(running)
    running.close()  # type: ignore[attr-defined] # it is a generator
    assert executor.done
    assert {id_.decode() for id_ in executor.done} == known_of(tmp_path / "state")


class Failing(Inline):
    """Loses the parts of one stage to an error."""

    def __init__(self, stage: Callable[..., object]) -> None:
        self._stage = stage

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Return what is done, or what this class is there for."""
        if fn is self._stage:
            future: Future[Any] = Future()
            future.set_exception(MemoryError())
            return future
        return super().submit(fn, *args, **kwargs)


@pytest.mark.parametrize("stage", [walk_shard, read_facts, read_contents])
def test_an_error_of_a_worker_is_not_hidden(some: Cache, tmp_path: Path, stage: Callable[..., object]) -> None:
    with pytest.raises(MemoryError):
        list(run_query(remembered(some, tmp_path, executor=Failing(stage)), []))
    assert list(run_query(remembered(some, tmp_path), [])) == list(run_query(whole(some), []))


MAIN = """
import contextlib, os, sys

from pipcacheplus.__main__ import main
from pipcacheplus.cli import verify


@contextlib.contextmanager
def progress(_console, _what, *, is_bytes):
    def show(done, _total):
        if done > limit:
            os.write(2, b"here")
            sys.stdin.read()  # until somebody interrupts

    yield show


limit = int(sys.argv.pop(1))
verify.COMMAND.run.__globals__["progress"] = progress
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal there")
def test_an_interrupted_verify_says_so_in_a_word_and_leaves_nobody_behind(some: Cache, tmp_path: Path) -> None:
    import psutil  # noqa: PLC0415 - here only

    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"XDG_STATE_HOME": str(tmp_path / "state"), "PIP_CONFIG_FILE": os.devnull}
    asked = ["--cache-dir", str(some.path), "verify", "--format", "json"]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)

    command = [sys.executable, "-c", MAIN, str(LARGE + LARGE // 2), *asked]
    with started(command, stdin=subprocess.PIPE, env=environment, start_new_session=True) as running:
        assert running.stderr is not None
        assert running.stderr.read(4) == "here"
        os.killpg(running.pid, signal.SIGINT)  # as a terminal sends it: to all of them
        said, why = running.communicate(timeout=60)
    assert (running.returncode, why) == (130, "ERROR: interrupted by SIGINT\n")
    assert json.loads(said)["error"] == "interrupted by SIGINT"
    assert not [one for one in psutil.process_iter() if _session_of(one.pid) == running.pid]
    known = known_of(tmp_path / "state")
    assert any(entry.size > LARGE and entry.id in known for entry in entries_of(some))
    finished = run(sys.executable, "-m", "pipcacheplus", *asked)
    assert finished.stdout == run(sys.executable, "-m", "pipcacheplus", *asked, "--no-catalog").stdout
    assert (finished.returncode, finished.stderr) == (3, "")


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def test_every_entry_can_be_read_to_its_end(some: Cache) -> None:
    with OpenCache(str(some.path)) as opened:
        assert all(read(entry.shape, entry.files, opened, depth=Depth.WHOLE) is not None for entry in entries_of(some))


def _spawned() -> Executor:
    return ProcessPoolExecutor(2, get_context("spawn"))


@pytest.mark.parametrize(
    "make",
    [Inline, lambda: ThreadPoolExecutor(1), lambda: ThreadPoolExecutor(4), _spawned],
    ids=["inline", "1", "4", "spawn"],
)
@pytest.mark.parametrize("only_findings", [False, True])
def test_any_executor_finds_the_same_the_first_time_and_each_time_after(
    cache: Cache,
    tmp_path: Path,
    make: Callable[[], Executor],
    only_findings: bool,  # noqa: FBT001 - a row's value
) -> None:
    full = fill(cache, tmp_path / "scratch")
    forgetful = whole(cache, only_findings=only_findings)
    query = remembered(cache, tmp_path, only_findings=only_findings)
    alone = list(run_query(forgetful, []))
    assert any(one.entry.id == full.broken for one in alone)
    with make() as executor:
        for _ in range(3):
            assert list(run_query(replace(query, executor=executor), [])) == alone
        assert list(run_query(replace(forgetful, executor=executor), [])) == alone
