"""Text for people: the module below `text` that belongs to a command is imported when its view is written."""

from collections.abc import Iterator
from importlib import import_module

from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.view import OutputFormat, View, Write

__all__ = ["FORMAT"]

_SHARED = {"prune": "outcomes", "remove": "outcomes", "purge": "outcomes"}
"""Commands whose view is written by a module of another name."""


def _render(view: View, write: Write, *, width: int | None, color: bool) -> None:
    module = import_module(f"pipcacheplus.render.text.{_SHARED.get(view.command, view.command)}")
    lines: Iterator[str] = module.lines(view, Layout(width=width, color=color))
    for line in lines:
        write(line + "\n")


FORMAT = OutputFormat(help="text for people", render=_render)
