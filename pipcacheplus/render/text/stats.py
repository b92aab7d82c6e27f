"""The text of `stats`: a row for each day, project or command, then the sum."""

from collections.abc import Iterator

from pipcacheplus.render.parts import Part, number_in, objects_in
from pipcacheplus.render.summary import summary_count
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the rows and the sum; below a verbosity of 0 only the sum."""
    if not view.summary.get("runs"):
        if view.verbosity >= 0:
            yield "There are no records yet: pipcacheplus pip install ... records the files that it uses."
        return
    by = str(view.summary["by"])
    rows: list[Row] = [(by.capitalize(), "files", "from the cache", "bytes", "downloaded", "bytes")]
    rows += [(safe(str(row[by])), *_numbers(row)) for row in objects_in(view.summary, "rows")]
    if view.verbosity >= 0 and len(rows) > 1:
        heading, *others = layout.table(rows, right=range(1, len(rows[0])))
        yield layout.paint(heading, "bold")
        yield from others
    seconds = view.summary["seconds"]
    files = summary_count(view, "files")
    share = f", {100 * summary_count(view, 'hits') // files} %" if files else ""
    yield (
        f"From the cache: {summary_count(view, 'hits')} of {number(files, 'file')}"
        f" ({size(summary_count(view, 'hit_bytes'))}{share}), downloaded: {summary_count(view, 'downloaded')}"
        f" ({size(summary_count(view, 'downloaded_bytes'))})"
    )
    runs = number(summary_count(view, "runs"), "run")
    healed = summary_count(view, "healed")
    yield f"In {runs} of pip ({seconds} s) since {view.summary['since']}" + (
        f"; {number(healed, 'entry')} removed as damaged" if healed else ""
    )
    if view.summary["reset"]:
        yield "To be removed" if view.is_dry_run else "Removed"


def _numbers(row: Part) -> Row:
    return (
        f"{number_in(row, 'files'):,}",
        f"{number_in(row, 'hits'):,}",
        size(number_in(row, "hit_bytes")),
        f"{number_in(row, 'downloaded'):,}",
        size(number_in(row, "downloaded_bytes")),
    )
