"""Units that are lost: a worker that is killed, a process that hangs, a scheduler that is gone."""

import json
import os
import shutil
import signal
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipcacheplus.fleet.fleet import Fleet
from pipcacheplus.fleet.run import results_of
from pipcacheplus.fleet.unit import Unit
from tests.fleet.caches import demo_wheel, fill, living_children
from tests.fleet.clusters import client_of, cluster
from tests.support.builders import Cache, tree
from tests.support.processes import PIPCACHEPLUS, started

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied"),
    pytest.mark.timeout(600),
]
CACHES = 40


@pytest.fixture
def many(tmp_path: Path) -> list[Path]:
    """Build caches that each have something to remove."""
    cache = Cache(tmp_path / "first")
    fill(cache, demo_wheel(tmp_path), own="own")
    for number in range(CACHES):
        shutil.copytree(cache.path, tmp_path / "many" / f"{number:03}")
    return sorted((tmp_path / "many").iterdir())


@pytest.mark.parametrize("words", [("verify",), ("prune", "--partial", "--exclusive")], ids=" ".join)
def test_a_process_of_the_pool_that_is_killed_costs_no_cache(
    many: list[Path], tmp_path: Path, words: tuple[str, ...]
) -> None:
    command = [*PIPCACHEPLUS, *words, "--cache-dir", str(tmp_path / "many" / "*"), "--format", "jsonl"]
    with started([*command, "--executor", "processes:2"], bufsize=1) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        workers = [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
        workers[0].kill()
        rest, err = process.stdout.read(), process.stderr.read()
        process.wait()
    lines = [json.loads(line) for line in (first + rest).splitlines()]
    assert process.returncode == 0, err
    assert err == ""
    assert sorted(line["path"] for line in lines) == [str(path) for path in many]
    assert {line["error"] for line in lines} == {None}
    if words[0] == "prune":
        assert not [path for cache in many for path in tree(cache) if path.endswith(".tmp")]


def test_a_process_that_hangs_is_ended_after_the_limit_and_its_cache_is_tried_once_more(many: list[Path]) -> None:
    with ThreadPoolExecutor(1) as executor:
        [*Fleet(many[:1]).run("list", executor=executor)]  # a server is there now
        servers = [one for one in living_children() if "fleet.server" in " ".join(one.cmdline())]
        units = [Unit(str(path), ("list",), limit_s=8.0) for path in many[:2]]
        hung = 0

        def stop() -> bool:
            nonlocal hung
            for copy in [] if hung else [copy for server in servers for copy in server.children()]:
                with suppress(psutil.NoSuchProcess, ProcessLookupError):
                    os.kill(copy.pid, signal.SIGSTOP)
                    hung = copy.pid
            return False

        results = [*results_of(units, executor, ahead=1, stop=stop)]
    assert [one.error for one in results] == [None, None]
    assert hung
    assert not psutil.pid_exists(hung)


def test_the_limit_of_a_cache_is_an_option_and_reported(many: list[Path], tmp_path: Path) -> None:
    command = [*PIPCACHEPLUS, "list", "--cache-dir", str(many[0]), "--executor", "threads:1", "--format", "jsonl"]
    with started([*command, "--limit-per-cache", "0"]) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (4, "")
    assert json.loads(out)["error"] == "ended after 0 s"


class Broken(Executor):
    """An executor that takes units until it is broken."""

    def __init__(self, takes: int) -> None:
        self.left = takes
        self.submitted: list[Unit] = []

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:  # noqa: ANN401 - as of the class
        """Run a function here, or raise."""
        self.submitted.append(arguments[0])
        if not self.left:
            problem = "the scheduler is gone"
            raise RuntimeError(problem)
        self.left -= 1
        future = Future[Any]()
        future.set_result(function(*arguments, **more))
        return future


def test_an_executor_that_takes_no_more_units_is_reported_for_each_cache(many: list[Path]) -> None:
    executor = Broken(2)
    results = [*Fleet(many[:5]).run("list", executor=executor)]
    assert [one.error for one in results if one.error is None] == [None, None]
    assert {one.error for one in results} - {None} == {"the executor lost it (RuntimeError: the scheduler is gone)"}
    assert len(results) == 5
    assert len(executor.submitted) == 2 + 3 * 2, "each that is lost is tried twice"


def test_a_removal_that_is_tried_again_waits_for_the_lock_of_the_first_try(many: list[Path]) -> None:
    executor = Broken(0)
    units = [
        Unit(str(many[0]), ("prune", "--partial")),
        Unit(str(many[1]), ("prune", "--lock-timeout", "5s")),
        Unit(str(many[2]), ("verify",)),
    ]
    [*results_of(units, executor, ahead=1)]
    assert [unit.words for unit in executor.submitted] == [
        *(("prune", "--partial"), ("prune", "--partial", "--lock-timeout=30s")),
        *([("prune", "--lock-timeout", "5s")] * 2),
        *([("verify",)] * 2),
    ]


def test_a_scheduler_that_is_gone_is_reported_for_the_caches_that_are_left(many: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with cluster(tmp_path) as address, client_of(address) as client:
        [scheduler] = [one for one in living_children() if "dask_scheduler" in " ".join(one.cmdline())]
        results = Fleet(many).run("verify", executor=client.get_executor())
        first = next(results)
        scheduler.kill()
        rest = [*results]
    assert sorted(one.path for one in (first, *rest)) == [str(path) for path in many]
    assert first.error is None
    problems = [one for one in rest if one.error is not None]
    assert problems
    assert all(str(one.error).startswith("the executor lost it (") and one.is_lost for one in problems)
