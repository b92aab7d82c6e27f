"""Absolute paths of files, one a line, for other programs."""

from collections.abc import Iterator

from pipcacheplus.render.parts import objects_in
from pipcacheplus.render.view import OutputFormat, View, Write

__all__ = ["FORMAT"]


def _render(view: View, write: Write, *, width: int | None, color: bool) -> None:  # noqa: ARG001 - as `Render` has it
    """Write each path once, as it is in a pipe or a file, and escaped on a terminal."""
    from pipcacheplus.render.text.words import safe  # noqa: PLC0415 - slow to import, and not needed to list formats

    if view.command == "dir":
        write(view.cache.path + "\n")
    for path in _own(view):
        write((path if width is None else safe(path)) + "\n")
    seen = set[str]()
    for path in _paths(view):
        if path not in seen:
            seen.add(path)
            absolute = view.absolute(path)
            write((absolute if width is None else safe(absolute)) + "\n")


def _own(view: View) -> Iterator[str]:
    """Yield paths outside of the cache: of what `state` shows, and of the files that are there after `export`."""
    for part in objects_in(view.summary, "state"):
        yield str(part["path"])
    for part in objects_in(view.summary, "exports"):
        if part["state"] in {"planned", "exported", "there"}:
            yield str(part["path"])


def _paths(view: View) -> Iterator[str]:
    """Yield the paths of entries, of what is damaged, and of files that were removed or restored, or would be."""
    from pipcacheplus.render.summary import damaged  # noqa: PLC0415 - slow to import, as above

    for entry in view.entries:
        yield from entry.paths
    for finding in damaged(view.findings):
        yield from finding.paths
    for outcome in view.outcomes:
        yield from (file.path for file in (*outcome.removed, *outcome.moved))


FORMAT = OutputFormat(help="absolute paths, one a line", render=_render, aliases=("abspath",), lists_normal=False)
