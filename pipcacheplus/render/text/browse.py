"""The text of `browse` once the screen is gone: what was removed, and which plans were saved."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.render.shell import quoted
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]


def lines(view: View, _layout: Layout) -> Iterator[str]:
    """Yield a line for each removal, and one for each plan."""
    for one in _list(view, "removals"):
        if isinstance(one, Mapping):
            yield from _removal(one, view)
    for path in _list(view, "plans"):
        words = quoted(["apply", str(path)], is_windows=view.separator == "\\")
        yield f"Plan saved. To carry it out: {safe(view.command_line(words))}"


def _list(view: View, key: str) -> Sequence[Json]:
    found = view.summary.get(key)
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def _removal(sums: Mapping[str, Json], view: View) -> Iterator[str]:
    entries, files, disk_bytes = (int(str(sums.get(key) or 0)) for key in ("entries", "files", "du_bytes"))
    label = "Entries removed" if sums.get("run") is None else "Moved to the trash"
    yield f"{label}: {entries}, files: {files} ({size(disk_bytes)})"
    if sums.get("failed"):
        yield f"Entries that could not be removed: {sums['failed']}"
    if sums.get("run") is not None:
        yield f"To bring it back: {view.command_line('undo')}"
