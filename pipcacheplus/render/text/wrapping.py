"""Lines of text wrapped to the width of a terminal."""

from collections.abc import Iterator

from pipcacheplus.render.text.table import Layout

__all__ = ["wrapped"]

_LEAST = 40
"""Columns below which wrapping makes text no easier to read."""


def wrapped(text: str, layout: Layout, *, indent: str) -> Iterator[str]:
    """Yield a line as the lines that fit the terminal's width, all but the first of them indented.

    No word is cut, as it may be a path that somebody copies; where there is no terminal, the line stays as it is.

    >>> list(wrapped("  a wheel: its content is damaged", Layout(width=40, color=False), indent="    "))
    ['  a wheel: its content is damaged']
    >>> list(wrapped("  a wheel for cp312: its content is damaged", Layout(width=40, color=False), indent="    "))
    ['  a wheel for cp312: its content is', '    damaged']
    """
    if layout.width is None or len(text) <= max(layout.width, _LEAST):
        yield text
        return
    from textwrap import wrap  # noqa: PLC0415 - slow to import, and of no use where nothing is wrapped

    yield from wrap(
        text,
        max(layout.width, _LEAST),
        subsequent_indent=indent,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )
