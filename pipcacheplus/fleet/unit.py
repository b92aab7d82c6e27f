"""The unit of work of many caches: one command on one cache, and its result."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pipcacheplus.fleet.rows import Row
from pipcacheplus.host.identity import Identity

__all__ = ["Unit", "UnitResult"]


class Unit(NamedTuple):
    """One command on one cache, to be run in a process of its own. It can be pickled for a worker elsewhere."""

    path: str
    """Path of the cache, absolute; empty: the cache that the settings of the user name."""
    words: tuple[str, ...]
    """Words of the command line, without the cache, the format, and the program."""
    uid: int | None = None
    """The user that the process becomes before it opens anything; `None`: the user of the worker."""
    state_root: str | None = None
    """The directory with a state directory for each user; `None`: that of the user."""
    limit_s: float = 3600.0
    """Seconds after which the process is killed."""
    gathers: bool = False
    """Whether the result has rows in place of the lists of the document."""
    max_bytes: int = 1 << 30
    """The largest document that is accepted."""
    found: Identity | None = None
    """The directory that was found at the path; another one is not opened. `None`: whatever the path leads to."""


class UnitResult(NamedTuple):
    """The result of a unit."""

    path: str
    uid: int | None
    code: int
    """The exit code of the command; -1 if its process gave none."""
    document: Mapping[str, Any] | None
    """As `--format json`; `None` if there is none that can be read."""
    error: str | None
    """The reason why there is no document, or the error that the document reports; one sentence."""
    entries: tuple[Row, ...] = ()
    """Rows of the entries, if the unit gathers them."""
    findings: tuple[Row, ...] = ()
    """Rows of the findings, if the unit gathers them."""
    seconds: float = 0.0
    """Wall time of the process."""
    is_lost: bool = False
    """Whether the process was killed or vanished, so that another try may succeed."""
    is_begun: bool = True
    """Whether the process did anything; it did not, if the run was interrupted before."""
