"""The text of `pythons`: a line for each interpreter, then those that were left out, with the reason."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.render.parts import objects_in
from pipcacheplus.render.summary import summary_count
from pipcacheplus.render.text.considered import WITHOUT_THEM
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import number, safe
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield a table, then the others."""
    known = objects_in(view.summary, "pythons")
    answered = [one for one in known if one.get("name")]
    titles: Row = ("Interpreter", "version", "pip", "wheels", "known from", "C library")
    rows = [titles, *map(_row, answered)]
    if view.verbosity <= 0:
        rows = [row[:-1] for row in rows]
    heading, *others = layout.table(rows, right=(3,))
    yield layout.paint(heading, "bold")
    yield from others
    elsewhere = [one for one in answered if one.get("pip") and one.get("cache_dir") not in {None, view.cache.path}]
    if elsewhere and view.verbosity > 0:
        yield ""
        for one in elsewhere:
            yield f"  {safe(str(one.get('path')))}: its pip uses {safe(str(one.get('cache_dir')))}"
    left_out = [one for one in known if not one.get("name")]
    if left_out:
        yield ""
        yield layout.paint(f"Left out, {WITHOUT_THEM}", "bold")
        for one in left_out:
            words = (_word(one, "version", "Python "), _word(one, "pip", "pip "), _known_from(one))
            described = ", ".join(filter(None, words))
            yield f"  {safe(str(one.get('path')))} ({described}): {safe(str(one.get('reason')))}"
    if view.verbosity >= 0:
        yield ""
        interpreters = number(len(answered), "interpreter")
        yield f"{interpreters}, {number(summary_count(view, 'wheels'), 'wheel')} in the cache"


def _row(one: Mapping[str, Json]) -> Row:
    name, path = safe(str(one.get("name"))), one.get("path")
    return (
        safe(str(path)) if path else name,
        f"{safe(str(one.get('version')))} ({safe(str(one.get('abi') or name))})",
        safe(str(one.get("pip") or "-")),
        f"{one.get('wheels'):,}",
        _known_from(one),
        str(one.get("libc") or "-"),
    )


def _word(one: Mapping[str, Json], key: str, before: str) -> str:
    value = one.get(key)
    return before + safe(str(value)) if value else ""


def _known_from(one: Mapping[str, Json]) -> str:
    sources = one.get("sources")
    words = ", ".join(map(str, sources)) if isinstance(sources, Sequence) else ""
    return f"{words}, read and not run" if one.get("read") else words
