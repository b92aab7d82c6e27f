"""A child that is run with the streams of its parent: its exit code, its signals, what it inherits."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.processes import PIPCACHEPLUS, line_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are others there")

RUN = (
    "import sys; from pipcacheplus.wrap.child import run_child;"
    " ended = run_child(sys.argv[1:]); print(*ended); sys.exit(ended.code)"
)


def run(code: str) -> tuple[str, int]:
    done = processes.run([sys.executable, "-c", RUN, sys.executable, "-c", code])
    return done.stdout.strip(), done.returncode


@pytest.mark.parametrize("code", [0, 1, 2, 23, 130, 255])
def test_the_exit_code_is_that_of_the_child(code: int) -> None:
    assert run(f"raise SystemExit({code})") == (f"{code} False", code)


def test_a_child_that_a_signal_ended_has_the_code_of_a_shell() -> None:
    assert run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)") == ("137 True", 137)


def test_a_program_that_is_not_there_is_a_sentence_and_not_a_traceback() -> None:
    done = processes.run([sys.executable, "-c", RUN, "/no/such/program"])
    assert done.returncode == 127
    assert done.stderr == "ERROR: /no/such/program cannot be run: No such file or directory\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, getattr(signal, "SIGHUP", None)])
def test_a_signal_that_is_sent_to_the_parent_alone_reaches_the_child(number: signal.Signals) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); signal.signal(signal.SIGHUP, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "signal.pause()"
    )
    with processes.started([sys.executable, "-c", RUN, sys.executable, "-c", code]) as process:
        assert line_of(process) == "ready"
        process.send_signal(number)
        out, _ = process.communicate()
    assert out.strip() == "7 True"


def test_what_the_shell_has_opened_for_it_reaches_the_child(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"demo\n")
    os.close(writing)
    code = f"import os; print(os.read({reading}, 9))"
    done = processes.run([sys.executable, "-c", RUN, sys.executable, "-c", code], pass_fds=[reading])
    os.close(reading)
    assert done.stdout.splitlines()[0] == "b'demo\\n'"


def test_what_uses_no_cache_takes_the_place_of_our_process(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "$PPID $*"\nexit 42\n', encoding="utf-8")
    fake.chmod(0o755)
    done = processes.run([*PIPCACHEPLUS, "--python", str(fake), "pip", "list", "--outdated", "a b", "\udcff"])
    assert done.returncode == 42
    assert done.stdout == f"{os.getpid()} -m pip list --outdated a b \udcff\n"
