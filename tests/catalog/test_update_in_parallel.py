"""What is done with a part of a cache: large entries come last, nothing is counted twice, forgotten or torn apart."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pytest

from pipcacheplus.cache import PipCache
from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.rows import entry_stamp
from pipcacheplus.catalog.update import read_entries
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Checked, Entry, Shape, SoundCount
from pipcacheplus.readers.entry import read
from tests.replay.caches import Full, fill
from tests.support import artefacts
from tests.support.builders import INDEX_URL, Cache, file_headers
from tests.support.processes import started
from tests.support.requests import NOW, Inline, entries_of, whole

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


@pytest.mark.parametrize("make", [lambda: None, Inline, lambda: ThreadPoolExecutor(3)])
def test_large_entries_are_judged_last_and_all_exactly_once(some: Cache, make: Callable[[], Executor | None]) -> None:
    judged = [one for one in read_entries(whole(some), executor=make()) if isinstance(one, Checked)]
    ids = [one.entry.id for one in judged]
    assert sorted(ids) == sorted(entry.id for entry in entries_of(some))
    assert [one.entry.size > LARGE - 100 for one in judged] == [False] * 41 + [True] * 3


@pytest.mark.parametrize("has_ledger", [False, True])
@pytest.mark.parametrize("only_findings", [False, True])
@pytest.mark.parametrize("make", [lambda: None, Inline, lambda: ThreadPoolExecutor(3)])
def test_progress_never_goes_back_and_ends_at_the_sum_of_all_bytes(
    some: Cache,
    tmp_path: Path,
    make: Callable[[], Executor | None],
    only_findings: bool,  # noqa: FBT001 - a row's value
    has_ledger: bool,  # noqa: FBT001 - a row's value
) -> None:
    shown: list[tuple[int, int | None]] = []
    what = whole(some, only_findings=only_findings)
    size = sum(entry.size for entry in entries_of(some))
    with Ledger(str(tmp_path / "state"), what.path) as ledger:
        found = list(
            read_entries(
                what,
                executor=make(),
                ledger=ledger if has_ledger else None,
                progress=lambda *done: shown.append(done),
            )
        )
    done = [count for count, _ in shown]
    assert done == sorted(done)
    assert shown[-1] == (size, size)
    assert len({count for count in done if count >= size - 3 * LARGE}) >= 3
    passed = [one for one in found if isinstance(one, SoundCount)]
    told = [one for one in found if isinstance(one, Checked)]
    assert sum(one.bytes for one in passed) + sum(one.entry.size for one in told) == size
    assert sum(one.entries for one in passed) + len(told) == 44


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
def test_what_is_known_is_read_at_its_ends_only(some: Cache, tmp_path: Path) -> None:
    reads = []
    for min_age_s in (1, 2):  # another question each time, so that nothing is told again
        what = whole(some, context=replace(NOW, min_age_s=min_age_s))
        before = read_bytes()
        with Ledger(str(tmp_path / "state"), what.path) as ledger:
            if min_age_s == 2:
                stamps = [entry_stamp(entry)[0] % 64 for entry in entries_of(some) if entry.size > LARGE]
                # Of another share than the large ones.
                run = next(run for run in range(1, 64) if run not in stamps)
                ledger._insert("runs", b"%d" % run)
            found = list(read_entries(what, ledger=ledger))
        reads.append(read_bytes() - before)
        assert len(found) == 44
    assert reads[0] > 2 * LARGE
    assert reads[1] < LARGE + (1 << 20)  # the one that is cut may still grow


def known_of(cache: Cache, state: Path) -> set[str]:
    with Ledger(str(state), str(cache.path)) as ledger:
        return {entry.id for entry in entries_of(cache) if ledger.known(entry) is not None}


@pytest.mark.parametrize("after", [1, 2, 5, 30])
@pytest.mark.parametrize("make", [lambda: None, Inline, lambda: ThreadPoolExecutor(2)])
def test_who_interrupts_loses_nothing_that_was_told(
    some: Cache, tmp_path: Path, make: Callable[[], Executor | None], after: int
) -> None:
    judged: list[Entry] = []
    calls = iter(range(after))

    def show(done: int, _total: int | None) -> None:
        if done and next(calls, None) is None:
            raise KeyboardInterrupt

    executor = make()
    threads = threading.active_count()
    what = whole(some)
    with pytest.raises(KeyboardInterrupt), Ledger(str(tmp_path / "state"), what.path) as ledger:  # noqa: PT012 - it is the block that counts
        for one in read_entries(what, executor=executor, ledger=ledger, progress=show):
            judged += [one.entry] if isinstance(one, Checked) else []
    if executor is not None:
        executor.shutdown()
    assert threading.active_count() <= threads
    assert judged
    whole_ones = {entry.id for entry in judged if entry.shape is Shape.PAIR and entry.size != LARGE}
    cut = {entry.id for entry in judged if LARGE - 99 <= entry.size < LARGE + 400}
    assert whole_ones - cut <= known_of(some, tmp_path / "state")


MAIN = """
import contextlib, os, sys, time

now = time.time
time.time = lambda: now() + 60  # what was written just now is not remembered
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
    assert (running.returncode, said, why) == (130, "", "ERROR: interrupted\n")
    assert not [one for one in psutil.process_iter() if _session_of(one.pid) == running.pid]
    known = known_of(some, tmp_path / "state" / "pipcacheplus" / "ledgers")
    assert any(entry.size > LARGE and entry.id in known for entry in entries_of(some))
    finished = run(sys.executable, "-m", "pipcacheplus", *asked)
    assert finished.stdout == run(sys.executable, "-m", "pipcacheplus", *asked, "--no-ledger").stdout
    assert (finished.returncode, finished.stderr) == (3, "")


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def test_every_entry_can_be_read_to_its_end(some: Cache) -> None:
    with OpenCache(str(some.path)) as opened:
        assert all(read(entry, opened, depth=Depth.WHOLE) is not None for entry in entries_of(some))


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
    full: Full = fill(cache, tmp_path / "scratch")
    what = whole(cache, only_findings=only_findings, indexes=(INDEX_URL,))

    def found(executor: Executor | None, ledger: Ledger | None) -> tuple[list[Checked], SoundCount]:
        told = list(read_entries(what, executor=executor, ledger=ledger))
        passed = [one for one in told if isinstance(one, SoundCount)]
        total = SoundCount(*(sum(column) for column in zip(*passed, strict=True))) if passed else SoundCount(0, 0, 0)
        return sorted((one for one in told if isinstance(one, Checked)), key=lambda one: one.entry.id), total

    alone = found(None, None)
    assert any(one.entry.id == full.broken for one in alone[0])
    with make() as executor:
        for _ in range(3):
            with Ledger(str(tmp_path / "state"), what.path) as ledger:
                assert found(executor, ledger) == alone
        assert found(executor, None) == alone
