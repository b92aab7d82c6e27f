"""The result of a command as a table in Markdown, and as values for later steps, for files of GitHub."""

import re
from collections.abc import Iterator, Mapping

from pipcacheplus.model.values import Group, Measure
from pipcacheplus.render.parts import number_in, object_in
from pipcacheplus.render.summary import first_damaged, heads_of, summary_count
from pipcacheplus.render.text.outcomes import rows_by_reason
from pipcacheplus.render.text.verify import verdict
from pipcacheplus.render.text.words import KIND_WORDS, describe, number, safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["markdown", "outputs_of", "step_summary"]

_REMOVALS = frozenset({"apply", "prune", "purge", "remove"})
_MOST_DAMAGED = 10
_COUNTS = frozenset({"entries", "files", "bytes", "disk_bytes"})
_OF_MARKUP = re.compile(r"[^\w .,/()-]|_", re.ASCII)

_Counts = Mapping[str, Json]


def markdown(text: str) -> str:
    r"""Return text that Markdown shows unchanged: it contains no end of a cell, no markup, link or mention.

    >>> markdown("a|b`<i>\n"), markdown("wheels/ab")
    ('a&#124;b&#96;&#60;i&#62;&#92;x0a', 'wheels/ab')
    """
    return _OF_MARKUP.sub(lambda found: f"&#{ord(found[0])};" if found[0].isascii() else found[0], safe(text))


def step_summary(view: View) -> str:
    """Return a heading and a table of counts; empty for a command without counts of a cache."""
    table = _table(*_rows(view), right="---:")
    if not table:
        return ""
    title = f"pipcacheplus {view.command}{' (dry run)' if view.is_dry_run else ''}"
    damaged, _ = first_damaged(view.findings, _MOST_DAMAGED)
    rows = ((describe(found[0].entry), "; ".join(one.message for one in found)) for found in damaged)
    named = _table(("Damaged, the first", "problem"), *rows, right="---")
    said = f"{markdown(verdict(view))}\n\n" if view.command == "verify" else ""
    return f"### {title}\n\nCache: {markdown(view.cache.path) or 'switched off'}\n\n{said}{table}{named}"


def _table(heading: tuple[str, ...], *rows: tuple[str, ...], right: str) -> str:
    """Return a table, and an empty line behind it; nothing if it has no rows."""
    lines = [f"| {' | '.join(map(markdown, row))} |" for row in rows]
    begin = (f"| {' | '.join(heading)} |", f"| --- |{f' {right} |' * (len(heading) - 1)}")
    return "\n".join((*begin, *lines, "", "")) if rows else ""


def _rows(view: View) -> Iterator[tuple[str, ...]]:
    """Yield the heading and the rows of the counts of a command."""
    summary = view.summary
    if view.command in _REMOVALS:
        freed = "freed" if summary.get("run") is None else "moved to the trash"
        yield "Reason", "entries", "files", "would be freed" if view.is_dry_run else freed
        yield from rows_by_reason(view)
        failed = summary_count(view, "failed")
        if failed:
            yield "could not be removed", f"{failed:,}", "", ""
    elif "by_severity" in summary:
        yield "Findings", "count"
        for by in ("by_group", "by_severity"):
            counts = object_in(summary, by)
            yield from (
                (key.replace("-", " ") if by == "by_group" else f"of all, {key}", f"{number_in(counts, key):,}")
                for key in counts
            )
        checked = f"{number(summary_count(view, 'entries'), 'entry')} checked"
        yield f"all, in {checked} ({size(summary_count(view, 'disk_bytes'))})", f"{summary_count(view, 'findings'):,}"
    elif "by_kind" in summary:
        yield "Kind", "entries", "files", "size"
        yield from (_row(KIND_WORDS.get(key, key), part) for key, part in _parts(summary["by_kind"]))
        yield _row("all", summary)
    else:
        yield "Part", "entries", "files", "size"
        yield from (_row(key, part) for key, part in _parts(summary))


def _parts(value: Json) -> Iterator[tuple[str, _Counts]]:
    """Yield the members of an object that are counts."""
    for key, part in value.items() if isinstance(value, Mapping) else ():
        if isinstance(part, Mapping) and part.keys() >= _COUNTS:
            yield key, part


def _row(title: str, counts: _Counts) -> tuple[str, ...]:
    return (
        title,
        f"{number_in(counts, 'entries'):,}",
        f"{number_in(counts, 'files'):,}",
        size(number_in(counts, "disk_bytes")),
    )


def _freed(view: View) -> int:
    """Return the bytes given back, as in the last line of the text; what is in the trash is not given back yet.

    Directories count unless the bytes of files are only a bound.
    """
    is_exact = view.summary.get("disk_bytes_measure", Measure.EXACT.value) == Measure.EXACT.value
    return summary_count(view, "disk_bytes") + (summary_count(view, "directory_bytes") if is_exact else 0)


def outputs_of(view: View) -> dict[str, str]:
    """Return the directory, its bytes on the disk, and the number of corrupt entries, if the command has them.

    In a dry run nothing is freed or removed.
    """
    outputs = {"cache-dir": view.cache.path} if view.cache.path else {}
    if view.command in {"info", "verify"} and not view.is_selection:
        outputs["bytes-before"] = outputs["bytes-after"] = str(summary_count(view, "disk_bytes"))
    if view.command in _REMOVALS:
        done = not view.is_dry_run
        outputs["bytes-freed"] = str(_freed(view) if done else 0)
        outputs["removed-entries"] = str(summary_count(view, "entries") if done else 0)
    if view.command == "verify":
        corrupt = {head.entry for head in heads_of(view.findings) if head.group is Group.CORRUPT}
        outputs["corrupt-entries"] = str(len(corrupt))
    elif isinstance(count := view.summary.get("corrupt"), int):
        outputs["corrupt-entries"] = str(count)
    return outputs
