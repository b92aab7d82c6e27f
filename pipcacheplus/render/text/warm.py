"""The text of `warm`: a line for each interpreter, with the files that were downloaded or there already."""

from collections.abc import Iterator

from pipcacheplus.render.parts import Part, number_in, objects_in
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the lines, and where the cache is."""
    for one in objects_in(view.summary, "warmed"):
        yield _line(one, layout)
    if view.verbosity >= 0:
        yield f"Cache: {safe(view.cache.path)}"


def _line(one: Part, layout: Layout) -> str:
    what = safe(str(one["what"]))
    if number_in(one, "exit_code"):
        return layout.paint(f"failed: {what}: pip ended with {number_in(one, 'exit_code')}", "red")
    new = f"{number(number_in(one, 'downloaded'), 'file')} downloaded ({size(number_in(one, 'downloaded_bytes'))})"
    return f"{what}: {new}, {number_in(one, 'hits')} there already ({size(number_in(one, 'hit_bytes'))})"
