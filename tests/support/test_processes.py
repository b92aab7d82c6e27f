"""Processes that tests start end in time, and inherit neither signals nor settings of whoever started the tests."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.inherited import MACHINE
from tests.support.processes import Service, line_of, run, started

TESTS = Path(__file__).parents[1]
WAITS = "import threading; threading.Event().wait()"
STARTS_ANOTHER = f"""
import subprocess, sys
other = subprocess.Popen([sys.executable, "-c", {WAITS!r}])
print(other.pid, flush=True)
other.wait()
"""
posix = pytest.mark.skipif(os.name == "nt", reason="there are no such signals there")


def test_what_is_said_comes_with_the_exit_code() -> None:
    done = run([sys.executable, "-c", "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)"])
    assert (done.returncode, done.stdout.rstrip(), done.stderr) == (3, "out", "err")


def test_an_exit_code_that_must_be_0_and_is_not_fails_the_test_with_what_was_said() -> None:
    with pytest.raises(AssertionError, match=r"(?s)ended with 3:.*why not"):
        run([sys.executable, "-c", "import sys; print('why not'); sys.exit(3)"], is_checked=True)


@pytest.mark.parametrize("script", [WAITS, STARTS_ANOTHER], ids=["one", "with another"])
def test_a_program_that_does_not_end_is_ended_and_fails_the_test(script: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"did not end within 0\.5 s"):
        run([sys.executable, "-c", script], limit_s=0.5)


def test_what_a_program_started_is_ended_with_it() -> None:
    others: list[psutil.Process] = []

    def fail() -> None:
        with started([sys.executable, "-c", STARTS_ANOTHER]) as process:
            others.append(psutil.Process(int(line_of(process))))
            pytest.fail("as a test does")

    with pytest.raises(pytest.fail.Exception, match="as a test does"):
        fail()
    (other,) = others
    assert psutil.wait_procs([other], timeout=30)[1] == [] or other.status() == psutil.STATUS_ZOMBIE


def test_a_service_answers_line_by_line_and_ends_with_its_input() -> None:
    echo = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"
    with Service([sys.executable, "-c", echo], limit_s=60) as service:
        assert [service.ask("one"), service.ask("two")] == ["ONE", "TWO"]


@pytest.mark.parametrize("script", [WAITS, "import sys; sys.stdin.readline()"], ids=["waits", "ends"])
def test_a_service_that_does_not_answer_fails_the_test(script: str) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match=r"gave no answer within 0\.5 s to hello"),
        Service([sys.executable, "-c", script], limit_s=0.5) as service,
    ):
        service.ask("hello")


IGNORING = """
import os, signal, subprocess, sys
for name in ("SIGCHLD", "SIGHUP", "SIGINT", "SIGTERM"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
PUT_RIGHT = """
import os, signal, subprocess, sys
from tests.support.inherited import IGNORED, default_signals_for_children
default_signals_for_children(IGNORED)
os.kill(os.getpid(), signal.SIGINT)
for number in ("SIGHUP", "SIGINT", "SIGTERM"):
    ask = f"import os, signal; os.kill(os.getpid(), signal.{number})"
    print(number, subprocess.run([sys.executable, "-c", ask], stderr=subprocess.DEVNULL, timeout=60).returncode)
"""


@posix
def test_children_hear_the_signals_that_whoever_started_the_tests_made_them_ignore() -> None:
    done = run([sys.executable, "-c", IGNORING, PUT_RIGHT], cwd=TESTS.parent)
    assert done.stdout.splitlines() == ["SIGHUP -1", "SIGINT -2", "SIGTERM -15"], done.stderr
    assert done.returncode == 0  # it goes on ignoring them itself


def test_no_setting_of_the_machine_reaches_a_test() -> None:
    asked = "import os; print(sorted(name for name in os.environ if name.startswith(('PIP_', 'XDG_'))))"
    assert run([sys.executable, "-c", asked]).stdout == "['PIP_CONFIG_FILE', 'XDG_STATE_HOME']\n"
    assert os.environ["PIP_CONFIG_FILE"] == os.devnull
    assert os.environ["XDG_STATE_HOME"] != MACHINE.get("XDG_STATE_HOME")
