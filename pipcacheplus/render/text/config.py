"""The text of `config`: where pip's cache is and why, then a line for each setting with its place."""

from collections.abc import Iterator, Sequence

from pipcacheplus.render.parts import objects_in
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import safe
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield all of it, the strongest settings first."""
    if view.verbosity >= 0 and view.cache.path:
        yield f"Cache: {safe(view.cache.path)} ({safe(view.cache.detail or view.cache.source.value)})"
    settings = objects_in(view.summary, "settings")
    if not settings:
        yield "No settings: pip config set pipcacheplus.max-size 2GB makes one."
        return
    for one in settings:
        values = one["values"]
        text = ", ".join(map(str, values)) if isinstance(values, Sequence) else ""
        yield f"{safe(str(one['name']))} = {safe(text)}"
        why = "" if one["used"] else layout.paint(f", which does not count: {safe(str(one['why']))}", "yellow")
        yield f"    {safe(str(one['origin']))}{why}"
