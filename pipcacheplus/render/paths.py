"""Absolute paths, one a line: of all files that a command speaks of, for other programs."""

from collections.abc import Iterator

from pipcacheplus.render.text.words import safe
from pipcacheplus.render.view import OutputFormat, View, Write

__all__ = ["FORMAT"]


def _render(view: View, write: Write, *, width: int | None, color: bool) -> None:  # noqa: ARG001 - same for everybody
    """Write each path once. Names go out as they are, but escaped on a terminal: there, nobody means to use them."""
    if view.command == "dir":
        write(view.cache.path + "\n")
    seen = set[str]()
    for path in _paths(view):
        if path not in seen:
            seen.add(path)
            absolute = view.absolute(path)
            write((absolute if width is None else safe(absolute)) + "\n")


def _paths(view: View) -> Iterator[str]:
    for entry in view.entries:
        yield from entry.paths
    for finding in view.findings:
        yield from finding.paths
    for outcome in view.outcomes:
        yield from (file.path for file in (*outcome.removed, *outcome.moved))


FORMAT = OutputFormat(help="absolute paths, one a line", render=_render, aliases=("abspath",))
