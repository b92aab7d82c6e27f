"""Scripts that fork: pytest and its plugins may have threads, and a process with threads is not forked."""

import json
import os
import sys
from typing import Any

import pytest

from tests.support.processes import run

__all__ = ["CORES", "forks", "ran"]

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
forks = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")

BEGIN = """
import errno, gc, itertools, json, os, resource, signal, sys, threading, time
from pipcacheplus.catalog.parallel import side_by_side
from pipcacheplus.catalog.patience import Patience

PARENT = os.getpid()

def with_pid(shared, task):
    return task, os.getpid()

def is_child():
    return os.getpid() != PARENT

def nobody_is_left():
    try:
        return os.waitpid(-1, os.WNOHANG) and False
    except ChildProcessError:
        return True

def descriptors():
    return sorted(os.listdir("/proc/self/fd"))

def say(value):
    print(json.dumps(value))
"""


def ran(script: str, *arguments: object, **more: Any) -> Any:  # noqa: ANN401 - any argument of `run`, and whatever JSON it writes
    """Return what a script says, which has the names of `BEGIN`."""
    done = run([sys.executable, "-c", BEGIN + script, *map(str, arguments)], **more)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)
