"""The text of `warm`: a line for each interpreter, with the files that were downloaded or there already."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the lines, and where the cache is."""
    warmed = view.summary.get("warmed")
    for one in warmed if isinstance(warmed, Sequence) else ():
        if isinstance(one, Mapping):
            yield _line(one, layout)
    if view.verbosity >= 0:
        yield f"Cache: {safe(view.cache.path)}"


def _line(one: Mapping[str, Json], layout: Layout) -> str:
    def count(key: str) -> int:
        value = one[key]
        return value if isinstance(value, int) else 0

    what = safe(str(one["what"]))
    if count("exit_code"):
        return layout.paint(f"failed: {what}: pip ended with {count('exit_code')}", "red")
    new = f"{number(count('downloaded'), 'file')} downloaded ({size(count('downloaded_bytes'))})"
    return f"{what}: {new}, {count('hits')} there already ({size(count('hit_bytes'))})"
