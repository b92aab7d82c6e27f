"""Caches that real pips filled."""

from dataclasses import dataclass
from pathlib import Path

from tests.support.pips import Pip
from tests.support.server import IndexServer

__all__ = ["Filled", "fill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A cache that real pips filled three days ago; a copy of one's own."""

    path: Path
    pips: tuple[Pip, ...]
    """Those that filled it, in order."""
    index: IndexServer
    """The index they asked; it still runs, and is shared: its log is empty at the start, nothing is to be added."""
    has_extension: bool
    """Whether a C extension was built."""


def fill(pip: Pip, cache: Path, index: str, scratch: Path, *, has_extension: bool) -> None:
    """Fill a cache as people do: install a project with its needs, build another, download a third.

    Args:
        pip: The pip that does it.
        cache: Made if it is not there.
        index: URL of an index with what `conftest.demo_files` makes.
        scratch: An empty folder for what pip installs.
        has_extension: Whether to build the C extension, too.
    """
    target = scratch / "installed"
    options = ("--target", str(target), "--quiet")
    pip.run("install", *options, "demo-app", cache_dir=cache, index=index, looks_for_newer_pip=True)
    pip.run("download", "--quiet", "--dest", str(scratch), "demo-tool", cache_dir=cache, index=index)
    if has_extension:
        pip.run("wheel", "--quiet", "--wheel-dir", str(scratch), "demo-ext", cache_dir=cache, index=index)
