"""A signal during a run over many caches: it ends in order, with what was done, and nothing is half removed."""

import json
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipcacheplus.fleet.crew import run_unit
from pipcacheplus.fleet.unit import Unit
from tests.fleet.caches import Ran, demo_wheel, fill
from tests.support.builders import Cache, tree
from tests.support.processes import PIPCACHEPLUS, started
from tests.support.processes import run as run_process

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied"),
    pytest.mark.timeout(600),
]
CACHES = 100
_ENGINES = ("threads:2", "processes:2")
_HANGUP: int = getattr(signal, "SIGHUP", signal.SIGTERM)
"""Windows has no such signal."""
_PRUNE = ("prune", "--corrupt", "--partial", "--exclusive")


@pytest.fixture
def many(tmp_path: Path) -> list[Path]:
    """Build caches that each have something to remove."""
    cache = Cache(tmp_path / "first")
    fill(cache, demo_wheel(tmp_path), own="own")
    cache.built_wheel("broken", content=b"no wheel")
    for number in range(CACHES):
        shutil.copytree(cache.path, tmp_path / "many" / f"{number:03}")
    return sorted((tmp_path / "many").iterdir())


def stopped(
    tmp_path: Path, number: signal.Signals, *words: str, to_group: bool = False, to_all: bool = False
) -> tuple[Ran, list[Any]]:
    """Run a command as lines, send a signal after the first one, and return the run and the lines."""
    command = [*PIPCACHEPLUS, *words, "--cache-dir", str(tmp_path / "many" / "*"), "--format", "jsonl"]
    with started(command, bufsize=1, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first
        own = psutil.Process(process.pid)
        everybody = [own, *own.children(recursive=True)]
        if to_all:
            for one in everybody:
                with suppress(psutil.NoSuchProcess):
                    one.send_signal(number)
        elif to_group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        # `communicate` would lose what the first line left in the buffer.
        rest, err = process.stdout.read(), process.stderr.read()
        process.wait()
        _, alive = psutil.wait_procs(everybody, timeout=60)
    assert alive == [], "nothing is left running"
    lines = [json.loads(line) for line in (first + rest).splitlines()]
    return Ran(process.returncode, first + rest, err), lines


@pytest.mark.parametrize("engine", _ENGINES)
@pytest.mark.parametrize(
    ("words", "number", "way"),
    [
        (("verify",), signal.SIGINT, {"to_group": True}),
        (_PRUNE, signal.SIGINT, {"to_group": True}),
        (_PRUNE, signal.SIGTERM, {}),
        (_PRUNE, signal.SIGTERM, {"to_all": True}),
        (_PRUNE, _HANGUP, {"to_group": True}),
    ],
    ids=["ctrl-c-verify", "ctrl-c", "term", "service-stop", "hangup"],
)
def test_a_signal_ends_the_run_with_the_lines_of_what_was_done(
    many: list[Path], tmp_path: Path, engine: str, words: tuple[str, ...], number: signal.Signals, way: dict[str, bool]
) -> None:
    before = tree(many[0])
    done, lines = stopped(tmp_path, number, *words, "--executor", engine, **way)
    assert done.code == 128 + number, done.err
    assert 1 <= len(lines) < CACHES
    assert "Traceback" not in done.err
    errors = {line["error"] for line in lines} - {None, "interrupted by SIGTERM"}
    assert errors == set(), "what was not begun is no error"
    missing = CACHES - len(lines)
    assert f"WARNING: interrupted by {number.name}: {missing} of {CACHES} caches were not begun\n" in done.err
    named = {line["path"] for line in lines}
    whole = {path for path in many if tree(path) == before}
    if words[0] == "verify":
        assert len(whole) == CACHES
        return
    # Each cache is as it was, or has lost all that was to go, unless its line reports what remains.
    clean = {str(path) for path in many if path not in whole}
    assert clean <= named, "no cache is changed without a line"
    cut = {line["path"] for line in lines if line["exit_code"] not in {0, 4}}
    for path in clean - cut:
        again = run_process([*PIPCACHEPLUS, "prune", "-n", *words[1:], "--cache-dir", path, "--json"])
        assert json.loads(again.stdout)["summary"]["entries"] == 0
        break


def test_the_table_of_a_run_that_was_interrupted_counts_what_was_not_begun(many: list[Path], tmp_path: Path) -> None:
    words = ["verify", "--cache-dir", str(tmp_path / "many" / "*"), "--executor", "threads:2"]
    with started([*PIPCACHEPLUS, *words]) as process:
        own = psutil.Process(process.pid)
        while len(own.children(recursive=True)) < 4:
            pass  # until both servers have a copy
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert "printed nothing" not in out
    rows = [line for line in out.splitlines() if str(tmp_path / "many") in line and ": " not in line]
    assert f"{CACHES - len(rows)} of {CACHES} caches were not begun" in err + out


def test_a_unit_that_is_stopped_before_its_process_begins_has_not_begun(tmp_path: Path) -> None:
    from pipcacheplus.fleet import crew  # noqa: PLC0415 - to stop between two steps

    cache = Cache(tmp_path / "cache")
    fill(cache, demo_wheel(tmp_path), own="own")
    unit = Unit(str(cache.path), ("prune", "--partial"))
    run_unit(unit._replace(words=("list",)))
    before = tree(cache.path)
    with crew._SERVERS.one(None) as server:
        server.stop()
    again = run_unit(unit._replace(words=("list",)))
    assert again.error is None, "a request to end that comes late ends nothing"
    assert tree(cache.path) == before
