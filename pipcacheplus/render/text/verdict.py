"""The text of `verdict`: the entries that were restored, used, never used and added, and the command to drop some."""

from collections.abc import Iterator, Mapping

from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]

_TITLES = {"restored": "restored", "used": "used since", "unused": "never used", "added": "added since"}


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield a row for each part of the cache, then the verdict."""
    if view.summary.get("marked") is None:
        name = view.summary.get("mark")
        if isinstance(name, str):
            yield "This cache was not marked when it was restored, so its use since then is unknown."
            yield f"To mark it the next time: {view.command_line(f'mark {safe(name)}' if name != 'mark' else 'mark')}"
        return
    rows: list[Row] = [("", "entries", "bytes")]
    rows += [(title, f"{_of(view, key, 'entries'):,}", size(_of(view, key, "bytes"))) for key, title in _TITLES.items()]
    if view.verbosity >= 0:
        heading, *others = layout.table(rows, right=(1, 2))
        yield layout.paint(heading, "bold")
        yield from others
    restored = _of(view, "restored", "bytes")
    if not restored:
        yield "Nothing was restored."
        return
    share = 100 * _of(view, "used", "bytes") // restored
    yield f"Of {size(restored)} that were restored, {size(_of(view, 'used', 'bytes'))} were used ({share} %)."
    if _of(view, "unused", "entries"):
        yield f"To remove unused entries before the cache is saved: {view.command_line('prune --ci')}"


def _of(view: View, part: str, key: str) -> int:
    found = view.summary.get(part)
    value = found.get(key) if isinstance(found, Mapping) else None
    return value if isinstance(value, int) else 0
