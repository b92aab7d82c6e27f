"""Ending a run from outside: by a signal, by closing its terminal, by not reading what it writes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipcacheplus.cli.base.signals import StoppedError, raising, stopping
from tests.support.builders import Cache, page_headers, tree
from tests.support.processes import PIPCACHEPLUS, run, started

if os.name == "nt":
    pytest.skip("signals and terminals are others there", allow_module_level=True)

URL = "https://files.example/demo"
SUM = "Entries removed: 1, files: 1 ("
LAUNCH = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Starts a program whose terminal is the one that stdin leads to."""


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def head(cache: Cache) -> str:
    """Put a page into the cache, and beside it a leftover of 5 bytes."""
    made = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    cache.temporary(made)
    return made


def purging(cache: Cache, *more: str) -> list[str]:
    return [*PIPCACHEPLUS, "purge", "--yes", "--shared", *more, "--cache-dir", str(cache.path)]


def wait_until_disarmed(cache: Cache, head: str, running: "subprocess.Popen[str]") -> None:
    """Return once the page was written over: the sign that the wait has begun, as there is nothing else to do."""
    while b"~~" not in cache.real(head).read_bytes():
        assert running.poll() is None


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGINT],
        [signal.SIGTERM],
        [signal.SIGHUP],
        [signal.SIGPIPE],
        [signal.SIGHUP, signal.SIGHUP],
        [signal.SIGTERM, signal.SIGHUP],
        [signal.SIGHUP, signal.SIGTERM],
    ],
    ids=lambda signals: "+".join(one.name for one in signals),
)
def test_a_signal_ends_a_run_with_its_code_what_is_disarmed_and_the_sum(
    cache: Cache, head: str, signals: list[signal.Signals]
) -> None:
    with started(purging(cache)) as running:
        wait_until_disarmed(cache, head, running)
        for number in signals:
            running.send_signal(number)
        out, err = running.communicate()
    # Two that are pending at once come in the order of their numbers.
    assert running.returncode in {128 + number for number in signals}
    assert out.splitlines()[-1].startswith(SUM)
    assert "pip will download it again" in out
    assert "Entries that could not be removed: 1" in out
    assert err.splitlines()[-1] in {f"WARNING: interrupted by {number.name}: 0 of 2 not begun" for number in signals}
    assert set(tree(cache.path)) == {head, head + ".body"}


def test_the_json_of_a_run_that_was_stopped_names_what_was_disarmed(cache: Cache, head: str) -> None:
    with started(purging(cache, "--format", "json")) as running:
        wait_until_disarmed(cache, head, running)
        running.send_signal(signal.SIGHUP)
        out, _ = running.communicate()
    assert running.returncode == 129
    document = json.loads(out)
    assert {action["id"]: action["outcome"] for action in document["actions"]}[head] == "failed"
    assert document["warnings"] == ["interrupted by SIGHUP: 0 of 2 not begun"]


def test_a_terminal_that_is_closed_ends_a_run_and_the_sum_is_where_stdout_leads(
    cache: Cache, head: str, tmp_path: Path
) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with (tmp_path / "out").open("w+") as out:
        words = [sys.executable, "-c", LAUNCH, *purging(cache)[1:]]
        with started(words, stdin=theirs, stdout=out, stderr=theirs) as running:
            os.close(theirs)
            wait_until_disarmed(cache, head, running)
            os.close(ours)
            assert running.wait() == 129
        assert (tmp_path / "out").read_text().splitlines()[-1].startswith(SUM)
    assert set(tree(cache.path)) == {head, head + ".body"}


def test_a_terminal_that_is_closed_where_all_leads_to_it_ends_a_run_too(cache: Cache, head: str) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", LAUNCH, *purging(cache)[1:]]
    with started(words, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        wait_until_disarmed(cache, head, running)
        os.close(ours)
        assert running.wait() == 129
    assert set(tree(cache.path)) == {head, head + ".body"}


def test_what_the_next_run_finds_is_disarmed_and_goes_with_prune_partial(cache: Cache, head: str) -> None:
    with started(purging(cache)) as running:
        wait_until_disarmed(cache, head, running)
        running.send_signal(signal.SIGKILL)
    named = run([*PIPCACHEPLUS, "verify", "--cache-dir", str(cache.path)])
    assert "invalidated by an interrupted run" in named.stdout
    assert "prune --partial" in named.stdout
    dry = run([*PIPCACHEPLUS, "prune", "-n", "--cache-dir", str(cache.path)])
    assert "Would remove, response disarmed: 1 entry (" in dry.stdout
    run([*PIPCACHEPLUS, "prune", "--partial", "--exclusive", "--cache-dir", str(cache.path)], is_checked=True)
    assert not {path for path in tree(cache.path) if not path.endswith("/")}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_before_anything_is_begun_is_one_sentence_and_a_document(cache: Cache, number: signal.Signals) -> None:
    # The question is where it surely waits.
    pty = pytest.importorskip("pty")
    cache.built_wheel("demo")
    ours, theirs = pty.openpty()
    words = [*PIPCACHEPLUS, "purge", "--format", "json", "--cache-dir", str(cache.path)]
    with started(words, stdin=theirs, stderr=theirs) as running:
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(ours, 4096)
        running.send_signal(number)
        out, _ = running.communicate()
        assert f"ERROR: interrupted by {number.name}".encode() in os.read(ours, 4096)
        os.close(ours)
    assert running.returncode == 128 + number
    assert json.loads(out)["error"] == f"interrupted by {number.name}"
    assert list(cache.path.rglob("*.whl"))


def test_nohup_keeps_a_run_going(cache: Cache) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop()
        with raising():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_after_the_work_a_second_hangup_does_not_keep_the_report_back() -> None:
    before = signal.getsignal(signal.SIGHUP)
    try:
        with raising():
            with stopping() as stop:
                os.kill(os.getpid(), signal.SIGHUP)
                assert stop.number == signal.SIGHUP
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_request_by_sigterm_takes_effect_at_once() -> None:
    def ask_twice() -> None:
        with raising(), stopping() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.number == signal.SIGTERM
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError):
        ask_twice()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_signal_while_the_report_is_written_leaves_the_sum_on_stderr(cache: Cache) -> None:
    for number in range(400):
        cache.http(f"{URL}{number}", b"x", headers={})
    words = [*PIPCACHEPLUS, "purge", "--yes", "--exclusive", "--format", "json", "--cache-dir", str(cache.path)]
    with started(words) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert os.read(running.stdout.fileno(), 1) == b"{"
        # The pipe, which nobody reads from now on, holds less than the document.
        running.send_signal(signal.SIGTERM)
        assert running.stderr.readline() == "ERROR: interrupted by SIGTERM\n"
        assert running.stderr.readline().startswith("Entries removed: 400, files: 400, directories: ")
        out, _ = running.communicate()
    assert running.returncode == 143
    assert out.count('"command"') == 1
