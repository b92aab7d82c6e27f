"""The text of `why`: a sentence about each entry."""

from collections.abc import Iterator, Mapping

from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import describe, safe
from pipcacheplus.render.text.wrapping import wrapped
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield for each entry who can use it, what is wrong with it, and what would remove or keep it."""
    explained = view.summary.get("why")
    for entry in view.entries:
        one = explained.get(entry.id) if isinstance(explained, Mapping) else None
        sentence = one.get("sentence") if isinstance(one, Mapping) else None
        what = describe(entry)
        first, *others = wrapped(f"{what}: {safe(str(sentence))}.", layout, indent="  ")
        yield layout.paint(first[: len(what)], "bold") + first[len(what) :]
        yield from others
        if view.verbosity > 0:
            yield f"    {safe(entry.id)}"
    if not view.entries:
        yield "Nothing matches."
