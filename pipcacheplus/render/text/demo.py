"""The text of `demo`: each step with its command and what that printed, then what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import TextWrapper

from pipcacheplus.render.parts import objects_in
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import safe
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]

_COLUMNS = 79
"""Of prose where the width is not known."""
_WIDEST = 100
"""Of prose on a wide terminal: longer lines are hard to read."""
_MARGIN = "   "
_OUTPUT = f"{_MARGIN}| "
_CONTINUED = f"{_OUTPUT}    "


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the steps as they come, and the verdict."""
    text = _Text(view, layout)
    if view.verbosity >= 0:
        yield from text.introduction()
    failed, count = None, 0
    for part in _parts(view):
        if "problem" in part:
            yield layout.paint(f"The demonstration cannot go on: {safe(str(part['problem']))}", "red")
            return
        count += 1
        code, expected = part.get("exit_code"), part.get("expected_exit_code")
        if code not in {None, expected}:
            failed = f"Step {count} ended with exit code {code}, not {expected}: the demonstration cannot go on."
        if view.verbosity >= 0:
            yield from text.step(count, part, is_failed=failed is not None)
        elif failed is not None:
            yield from text.output(part)
    if failed is not None:
        yield layout.paint(failed, "red")
    elif count:
        yield from text.verdict(count)


def _parts(view: View) -> Iterator[Mapping[str, Json]]:
    if view.live is not None:
        yield from view.live
        return
    yield from objects_in(view.summary, "steps")
    if (problem := view.summary.get("problem")) is not None:
        yield {"problem": problem}


class _Text:
    """Sentences and output, laid out."""

    def __init__(self, view: View, layout: Layout) -> None:
        self._view = view
        self._layout = layout
        self._width = min((layout.width or _COLUMNS + 1) - 1, _WIDEST)

    def introduction(self) -> Iterator[str]:
        """Yield where this takes place, and what the options mean that recur."""
        pip = self._view.summary.get("pip")
        yield from self._prose(
            "A demonstration in a folder of its own: your cache and your settings are neither read nor changed."
        )
        if isinstance(pip, str):
            yield from self._prose(f"pip {safe(pip)} downloads from a small index on 127.0.0.1 (PIP_INDEX_URL).")
        else:
            yield from self._prose(
                "This interpreter has no pip. So what pip would do is described, and the demonstration writes the"
                " cache that pip would leave."
            )
        yield from self._prose(
            "In the commands, `--python current` considers this interpreter alone, and `--exclusive` says that no other"
            " pip uses this cache."
        )
        yield ""

    def step(self, number: int, part: Mapping[str, Json], *, is_failed: bool) -> Iterator[str]:
        """Yield a step: the sentence, the command, what it printed, and what that shows."""
        first = f"{number}. "
        for at, line in enumerate(self._wrapped(str(part.get("title", "")), _MARGIN)):
            yield self._layout.paint(first + line.lstrip() if at == 0 else line, "bold")
        yield ""
        yield f"{_MARGIN}$ {safe(str(part.get('command', '')))}"
        yield from self.output(part)
        if part.get("exit_code"):
            code = self._layout.paint(f"exit code {part['exit_code']}", "red" if is_failed else "dim")
            yield f"{_MARGIN}{code}"
        if part.get("remark"):
            yield from self._wrapped(str(part["remark"]), _MARGIN)
        yield ""

    def output(self, part: Mapping[str, Json]) -> Iterator[str]:
        """Yield what a command printed; on a terminal, long lines are continued below."""
        printed = part.get("output")
        for line in printed if isinstance(printed, Sequence) else ():
            text = safe(str(line))
            is_error = text.startswith("ERROR")
            yield from (self._layout.paint(one, "red") if is_error else one for one in self._pieces(text))

    def _pieces(self, text: str) -> list[str]:
        if self._layout.width is None:
            return [f"{_OUTPUT}{text}".rstrip()]
        wrapper = TextWrapper(
            self._layout.width - 1, initial_indent=_OUTPUT, subsequent_indent=_CONTINUED, break_on_hyphens=False
        )
        return wrapper.wrap(text) or [_OUTPUT.rstrip()]

    def verdict(self, count: int) -> Iterator[str]:
        """Yield that all went well, and what to do next."""
        yield self._layout.paint(f"All {count} steps went as they should.", "green")
        if self._view.verbosity < 0:
            return
        kept = self._view.summary.get("kept")
        if isinstance(kept, str):
            yield f"The folder stays, to try more in: {safe(kept)}"
        else:
            yield "The folder is removed; `--keep DIR` leaves one to try more in."
        yield f"To check your own cache, which changes nothing: {self._view.command_line('verify')}"

    def _prose(self, text: str) -> Iterator[str]:
        yield from self._wrapped(text, "")

    def _wrapped(self, text: str, indent: str) -> list[str]:
        wrapper = TextWrapper(
            max(self._width, 20), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )
        return wrapper.wrap(safe(text))
