"""Who reads a cache: processes, threads or nobody else; and what becomes of it if one of them is killed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.parallel import workers
from pipcacheplus.catalog.update import read_entries
from pipcacheplus.model.values import Checked, SoundCount
from tests.replay.caches import Full, fill
from tests.support.builders import INDEX_URL, Cache
from tests.support.requests import Inline, whole

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
forks = pytest.mark.skipif(
    sys.platform != "linux" or CORES < 2, reason="processes are forked on Linux, by several cores"
)

WHO = """
import json, os, sys, threading

path, is_whole, how = sys.argv[1], sys.argv[2] == "whole", sys.argv[3]
if how == "on one core":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
elif how == "without shared memory":
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing can be written to any file, there either
elif how == "beside a thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
from pipcacheplus.catalog.parallel import workers

with workers(path, is_whole=is_whole) as executor:
    answer = None if executor is None else executor.submit(pow, 2, 5).result()
    print(json.dumps([type(executor).__name__, answer]))
"""
VERIFY = """
import json, os, signal, sys

path, state, mode = sys.argv[1:]
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pipcacheplus.model.facts import Depth
from pipcacheplus.checks.base.check import Context, checks
from pipcacheplus.model.values import Checked
from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.update import ReadRequest, read_entries

parent = os.getpid()
check = checks()[0]


def run(entry, facts, context):
    # Once: where its parent does the same work again, nobody is killed.
    if os.getpid() != parent and (mode == "always" or entry.size % 7 == 3):
        os.kill(os.getpid(), signal.SIGKILL)
    yield from check.run(entry, facts, context)


killing = replace(check, run=run) if mode != "never" else check
what = ReadRequest(
    path=path, depth=Depth.WHOLE, checks=(killing, *checks()[1:]), context=Context(now_s=1_767_225_600),
    indexes=("https://index.example/simple/",),
)
with ProcessPoolExecutor(2, get_context("fork")) as executor, Ledger(state, path) as ledger:
    found = list(read_entries(what, executor=executor, ledger=ledger))
    known = sum(ledger.known(one.entry) is not None for one in found if isinstance(one, Checked))
print(json.dumps([sorted((one.entry.id, [f.check for f in one.findings]) for one in found), known]))
"""


def ran(script: str, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON it writes
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def part(number: int) -> str:
    return f"http-v2/{number // 16:x}/{number % 16:x}"


@forks
@pytest.mark.parametrize(
    ("count", "depth", "how", "name"),
    [
        (128, "whole", "", "ProcessPoolExecutor"),
        (128, "ends", "", "ProcessPoolExecutor"),
        (127, "whole", "", "ThreadPoolExecutor"),
        (127, "ends", "", "NoneType"),
        (0, "whole", "", "ThreadPoolExecutor"),
        (128, "whole", "beside a thread", "ThreadPoolExecutor"),
        (128, "ends", "beside a thread", "NoneType"),
        (128, "whole", "on one core", "NoneType"),
        (127, "whole", "on one core", "NoneType"),
        (128, "whole", "without shared memory", "NoneType"),
    ],
)
def test_who_reads_follows_from_the_cache_and_the_machine(
    cache: Cache, count: int, depth: str, how: str, name: str
) -> None:
    for number in range(count):
        cache.directory(part(number))
    assert ran(WHO, str(cache.path), depth, how) == [name, None if name == "NoneType" else 32]


def test_a_cache_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"), workers(str(tmp_path / "gone"), is_whole=True):
        pass


@forks
def test_without_shared_memory_and_with_a_full_disk_verify_says_the_same(cache: Cache, tmp_path: Path) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    for number in range(130):
        cache.directory(part(number))
    cache.http_v2("https://files.example/a", b"x", has_body=False)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"XDG_STATE_HOME": str(tmp_path / "state"), "PIP_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-m", "pipcacheplus", "--cache-dir", str(cache.path), "verify", "--format", "json"]

    def said(limit: Callable[[], None] | None) -> tuple[int, str, str]:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=60, preexec_fn=limit
        )
        return done.returncode, done.stdout, done.stderr

    limited = said(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert limited == said(None)
    assert '"check": "http-body-missing"' in limited[1]


@forks
@pytest.mark.parametrize("mode", ["once", "always"])
def test_a_worker_that_is_killed_costs_no_entry(cache: Cache, tmp_path: Path, mode: str) -> None:
    full = fill(cache, tmp_path / "scratch")
    for number in range(300):
        cache.http_v2(f"https://files.example/{number}", b"x" * number)
    expected = ran(VERIFY, str(cache.path), str(tmp_path / "one"), "never")
    assert ran(VERIFY, str(cache.path), str(tmp_path / "other"), mode) == expected
    assert expected[1] > 0
    assert full.wheel in {name for name, _ in expected[0]}


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
