"""Save a report of a cache as a file, outside of the cache."""

import os
from collections.abc import Iterable

from pipcacheplus.apply.report_file import check_place, write_report
from pipcacheplus.catalog.results import CacheFacts
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.version import __version__
from pipcacheplus.render.report.document import MARK
from pipcacheplus.render.report.facts import summarize_facts
from pipcacheplus.render.shell import quoted
from pipcacheplus.render.view import View

__all__ = ["check_target", "default_view", "save_report"]


def check_target(path: str, cache_path: str, *, force: bool) -> str:
    """Return the absolute path of a report that can be written, without links in its directories.

    Args:
        path: As the user gave it.
        cache_path: Of the cache directory.
        force: Whether any regular file that lies there may be replaced, and not just a report.

    Raises:
        BadRequestError: It lies in the cache, names no file, or something else lies there.
    """
    folder, name = os.path.split(os.path.abspath(path) if path else "")
    if not name or path.endswith(os.sep):
        raise BadRequestError(what="`output`", problem="names no file", next_step="name one, for instance report.html")
    real = os.path.realpath(folder)
    if _is_below(real, cache_path):
        raise BadRequestError(path, "lies in the cache", "name a file outside of it")
    target = os.path.join(real, name)
    check_place(target, mark=MARK.encode("ascii"), force=force)
    return target


def _is_below(folder: str, cache_path: str) -> bool:
    """Return whether a directory is the cache or lies in it, whatever the spelling of its path."""
    while True:
        try:
            if os.path.samefile(folder, cache_path):
                return True
        except (OSError, ValueError):  # it does not exist: one above it may
            pass
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above


def default_view(found: CacheFacts, last_use: str, *, now_s: float) -> View:
    """Return the view of a report that no command line asks for: its commands are those of any shell.

    Args:
        found: All that is known of the cache.
        last_use: As of `View`.
        now_s: The present, in seconds since 1970.
    """
    where = quoted(["--cache-dir", found.cache.path], is_windows=os.name == "nt")
    return View(
        command="report",
        version=__version__,
        cache=found.cache,
        last_use=last_use,
        separator=os.sep,
        summary=summarize_facts(found, last_use, now_s=now_s),
        entries=found.entries,
        findings=found.findings,
        redundant=found.redundant,
        warnings=tuple(f"{one.path}: {one.message}" for one in found.warnings),
        repeated={"--cache-dir": where},
    )


def save_report(pieces: Iterable[str], target: str, *, force: bool) -> int:
    """Write a report, and return its bytes.

    Args:
        pieces: Of its text.
        target: As `check_target` returned it.
        force: As of `check_target`.

    Raises:
        BadRequestError: It cannot be written, or something else lies there.
    """
    return write_report(pieces, target, mark=MARK.encode("ascii"), force=force)
