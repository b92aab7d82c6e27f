"""Children of a process that imported all there is once: each runs one command, and ends with its exit code."""

import gc
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import BinaryIO, NoReturn

__all__ = ["end_with", "import_all"]

_SLOW = ("filelock", "html.parser", "msgpack", "packaging.tags", "platformdirs.unix", "psutil", "sqlite3", "tarfile")
_CRASHED = 70
"""The exit code of a child that an exception left."""


def import_all(more: Sequence[str] = ()) -> None:
    """Import what commands import when they need it, and leave it alone from then on."""
    package = importlib.import_module("pipcacheplus")
    names = [module.name for module in pkgutil.walk_packages(package.__path__, "pipcacheplus.")]
    for name in (*names, *_SLOW, *more):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def end_with(command: Callable[[], int], out: BinaryIO, err: BinaryIO) -> NoReturn:
    """Run a command whose output goes to two files, and end this process."""
    code = _CRASHED
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)
        code = command()
        sys.stdout.flush()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, it is told and the child ends here
        traceback.print_exc()
    finally:
        os._exit(code)
