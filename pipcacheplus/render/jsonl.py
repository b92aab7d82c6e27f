"""The JSON document in one line, as other programs read many of them."""

from pipcacheplus.render.json import FORMAT as _JSON
from pipcacheplus.render.view import FailedCommand, OutputFormat, View, Write

__all__ = ["FORMAT"]


def _render(view: View, write: Write, *, width: int | None, color: bool) -> None:
    """Write the document without line ends, which stand only between its members."""
    _JSON.render(view, lambda text: write(text.replace("\n", " ")), width=width, color=color)
    write("\n")


def _render_failure(failure: FailedCommand, write: Write) -> None:
    if _JSON.render_failure is not None:
        _JSON.render_failure(failure, lambda text: write(text.replace("\n", " ")))
        write("\n")


FORMAT = OutputFormat(
    help="the same document in one line, for many caches one each",
    render=_render,
    has_warnings=lambda _view: True,
    render_failure=_render_failure,
)
