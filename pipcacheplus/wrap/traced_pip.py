"""The start of a pip that reports which files of its cache it opens, and the reading of that report.

pip's own `--log` contains as much, but with it pip does not print the output of failed builds, so that their errors are
lost; and it replaces a log that the user has set. So the interpreter is used: from 3.8 on it reports each file that is
opened (PEP 578). An older one runs pip unchanged, and reports nothing.

pip itself runs as by `-m`: `runpy` does for this code what it does for that option, in Python 2.7 to 3.14.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

__all__ = ["Trace", "read_trace", "traced_command"]

_CODE = """\
import sys
def trace(os, prefixes, path):
    to = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(to, b"traced\\0")
    def note(event, given):
        if event == "open" and isinstance(given[0], str) and given[0].startswith(prefixes):
            os.write(to, os.fsencode(given[0]) + b"\\0")
    sys.addaudithook(note)
if hasattr(sys, "addaudithook"):
    trace(__import__("os"), {prefixes!r}, {path!r})
del trace
__import__("runpy")._run_module_as_main("pip")
"""
_READ_ONCE = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
MAX_TRACE_BYTES = 64 << 20


class Trace(NamedTuple):
    """The files that a pip read."""

    ids: tuple[str, ...] = ()
    """Ids of entries that it read or wrote, whether they exist or not; in order, each once."""
    is_known: bool = False
    """Whether there was a report: not from an old interpreter, or a pip that used another interpreter for the work."""
    read_streams: bool = False
    """Whether a stream was read that another run would find empty: `-r /dev/stdin`, `-r <(...)`."""


def traced_command(python: str, cache_path: str | None, trace_path: str) -> tuple[str, ...]:
    """Return the words that start a pip, in front of its arguments.

    Args:
        python: The interpreter.
        cache_path: Path of the cache that pip uses, absolute and without links, as pip opens it.
        trace_path: Path of an empty file, which receives the report.
    """
    prefixes = (*_READ_ONCE, *(() if cache_path is None else (os.path.join(cache_path, ""),)))
    code = _CODE.replace("{prefixes!r}", repr(prefixes)).replace("{path!r}", repr(trace_path))
    return python, "-c", code


def read_trace(cache_path: str | None, trace_path: str) -> Trace:
    """Return the report of a pip."""
    content = b""
    with suppress(OSError), open(trace_path, "rb") as file:
        content = file.read(MAX_TRACE_BYTES)
    paths = [os.fsdecode(path) for path in content.split(b"\0") if path]
    ids = dict.fromkeys(_ids(paths, cache_path))
    read_streams = any(path.startswith(_READ_ONCE) for path in paths)
    return Trace(tuple(ids), is_known=bool(paths), read_streams=read_streams)


def _ids(paths: Sequence[str], cache_path: str | None) -> Iterable[str]:
    from pipcacheplus.pips.layout import key_of  # noqa: PLC0415 - slow to import, and not before pip has started

    prefix = None if cache_path is None else os.path.join(cache_path, "")
    for path in paths:
        if prefix is not None and path.startswith(prefix):
            id_ = path[len(prefix) :].replace(os.sep, "/")
            key = key_of(id_)  # a temporary file has the key of its final name
            yield id_ if key is None else id_.rpartition("/")[0] + "/" + key
