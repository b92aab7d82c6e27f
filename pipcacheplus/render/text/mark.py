"""The text of `mark`: the mark, and the command that uses it."""

from collections.abc import Iterator

from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import safe
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:  # noqa: ARG001 - the same for every kind of view
    """Yield nothing if there is no cache to mark, or below a verbosity of 0."""
    name = view.summary.get("mark")
    if view.verbosity < 0 or not isinstance(name, str):
        return
    verb = "To be marked" if view.is_dry_run else "Marked"
    yield f"{verb}: {safe(view.cache.path)}, {view.summary.get('at')}"
    if not view.is_dry_run:
        yield f"Later, to remove what was not used since: {view.command_line(f'prune --unused-since {name}')}"
