"""The text of `dir`: only the path, as `pip cache dir` prints it."""

from collections.abc import Iterator

from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:  # noqa: ARG001 - the same for every kind of view
    """Yield the path unchanged: it is meant for another program."""
    yield view.cache.path
