"""The text of `why`: a sentence for each entry."""

from collections.abc import Iterator, Mapping

from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import describe, safe
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield each entry with what can be said for it and against it."""
    told = view.summary.get("why")
    for entry in view.entries:
        one = told.get(entry.id) if isinstance(told, Mapping) else None
        sentence = one.get("sentence") if isinstance(one, Mapping) else None
        yield f"{layout.paint(describe(entry), 'bold')}: {safe(str(sentence))}."
        if view.verbosity > 0:
            yield f"    {safe(entry.id)}"
    if not view.entries:
        yield "Nothing matches."
