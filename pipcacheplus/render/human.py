"""Text for people: the module below `text` that belongs to a command is imported when its view is written.

In a pipe, commands that list many things write tab-separated values instead, which need no terminal to be read whole.
"""

from collections.abc import Iterator
from importlib import import_module
from itertools import islice

from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.view import OutputFormat, View, Write

__all__ = ["FORMAT", "lines_of", "write_lines"]

_SHARED = {
    **dict.fromkeys(("prune", "remove", "purge", "apply"), "outcomes"),
    "completion": "shell_init",
}
"""Commands whose view is written by a module of another name."""
_VALUES = {"list": "values"}
"""Commands that write values into a pipe, each with the module that makes them."""
_AT_ONCE = 256
"""Lines that are written at once: passing them on one by one takes more time than making them."""


def lines_of(view: View, layout: Layout) -> Iterator[str]:
    """Yield the lines of a view, without their ends."""
    name = "many" if view.is_of_many else _SHARED.get(view.command, view.command).replace("-", "_")
    lines: Iterator[str] = import_module(f"pipcacheplus.render.text.{name}").lines(view, layout)
    return lines


def write_lines(view: View, write: Write, layout: Layout) -> None:
    """Write the lines of a view."""
    lines = lines_of(view, layout)
    at_once = _AT_ONCE if view.live is None else 1
    while some := [*islice(lines, at_once)]:
        write("\n".join(some) + "\n")


def _render(view: View, write: Write, *, width: int | None, color: bool) -> None:
    if width is None and view.command in _VALUES and not view.is_of_many:
        pieces: Iterator[str] = import_module(f"pipcacheplus.render.text.{_VALUES[view.command]}").pieces(view)
        for piece in pieces:
            write(piece)
    else:
        write_lines(view, write, Layout(width=width, color=color))


FORMAT = OutputFormat(help="text for people", render=_render, lists_normal=False)
