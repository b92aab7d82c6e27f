"""The text of `shell-init` and `completion`: the code, for a shell to run."""

from collections.abc import Iterator

from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:  # noqa: ARG001 - the same for every kind of view
    """Yield the code unchanged."""
    yield from str(view.summary.get("code", "")).splitlines()
