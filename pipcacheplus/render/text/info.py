"""The text of `info`: kinds with what could be removed, then projects, last use, health, and pip's own lines."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.model.values import Kind
from pipcacheplus.render.parts import Part, number_in, object_in, objects_in
from pipcacheplus.render.text.considered import considered_in_words
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import KIND_WORDS, number, owners_in_words, pip_size, safe, size
from pipcacheplus.render.text.wrapping import wrapped
from pipcacheplus.render.view import View

__all__ = ["lines"]

_PIP = (
    ("Package index page cache location (pip v23.3+)", "http_v2_location"),
    ("Package index page cache location (older pips)", "http_location"),
    ("Package index page cache size", "http_bytes"),
    ("Number of HTTP files", "http_files"),
    ("Locally built wheels location", "wheels_location"),
    ("Locally built wheels size", "wheels_bytes"),
    ("Number of locally built wheels", "wheels"),
)
"""Source: pip 26.3 `_internal/commands/cache.py` `get_cache_info`."""
_KINDS = {
    **KIND_WORDS,
    Kind.RESPONSE.value: "other response",
    Kind.LEFTOVER.value: "leftovers",
    Kind.FOREIGN.value: "foreign files",
}
"""Kinds whose heading is not their value."""
_RESPONSE = Kind.RESPONSE.value
_UNREAD_NOUNS = {
    _RESPONSE: "response",
    Kind.BUILT_WHEEL.value: "built wheel",
    Kind.SELFCHECK.value: "self-check file",
}
_READABLE = tuple(kind.value for kind in Kind if kind not in {Kind.LEFTOVER, Kind.FOREIGN})
"""Kinds of entries that there is something to read in."""
_PAGES = (Kind.INDEX_PAGE.value, Kind.LINKS_PAGE.value)
_SPANS = (
    ("within 1 day", ("within-1d",)),
    ("within 1 week", ("within-7d",)),
    ("within 1 month", ("within-30d",)),
    ("within 3 months", ("within-90d",)),
    ("longer ago", ("within-365d", "older")),
)
"""Times since the last use, each with the parts of the summary that it takes."""
_COUNTS = ("entries", "files", "bytes", "disk_bytes")
_NOTHING: Part = {}


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield all parts; below a verbosity of 0 pip's lines alone, and none with `--fail-above`."""
    report = view.summary.get("bug_report")
    if isinstance(report, Mapping):
        from pipcacheplus.render.text.bug_report import report_lines  # noqa: PLC0415 - of use to few

        yield from report_lines(report)
        return
    if view.verbosity < 0 and view.summary.get("fail_above") is not None:
        return
    if not view.cache.path:
        yield "pip uses no cache."
        return
    if view.verbosity < 0:
        yield from _pip(object_in(view.summary, "pip"))
        return
    yield from _kinds(view, layout)
    yield from _remedies(view, layout)
    yield from _not_looked_into(view, layout)
    yield from _projects(view.summary, layout)
    yield from _last_use(view, layout)
    yield from _health(view, layout)
    for line in considered_in_words(view.summary):
        yield ""
        yield line
    yield ""
    yield layout.paint("As pip counts it", "bold")
    yield from _pip(object_in(view.summary, "pip"))


def _parts(parts: Part) -> list[Part]:
    return [object_in(parts, key) for key in parts]


def _less(part: Part, other: Part) -> Part:
    return {key: number_in(part, key) - number_in(other, key) for key in _COUNTS}


def _plus(parts: Sequence[Part]) -> Part:
    return {key: sum(number_in(part, key) for part in parts) for key in _COUNTS}


def _pip(counts: Part) -> Iterator[str]:
    for label, key in _PIP:
        value = counts.get(key)
        shown = pip_size(value) if isinstance(value, int) and key.endswith("_bytes") else value
        yield f"{label}: {safe(str(shown))}"


def _kinds(view: View, layout: Layout) -> Iterator[str]:
    """Yield the table of kinds; its last row is the sum of all others, and what `du` says."""
    summary = view.summary
    rows: list[Row] = [("TYPE", "ENTRIES", "SIZE ON DISK", "RECLAIMABLE", "COMMAND")]
    for kind in object_in(summary, "by_kind"):
        rows += _rows_of_kind(kind, summary)
    rows += _others(summary)
    du_bytes, at_all = number_in(summary, "du_bytes"), object_in(summary, "reclaimable_at_all")
    # What was never read, or not to its end, may be damaged.
    bound = (
        "at least"
        if object_in(summary, "unread") or number_in(object_in(summary, "not_read_to_end"), "entries")
        else ""
    )
    rows.append(("total", f"{number_in(summary, 'entries'):,}", size(du_bytes), _share(at_all, du_bytes), bound))
    heading, *others, total = _uncut(rows, layout)
    yield layout.paint(heading, "bold")
    yield from others
    yield layout.paint(total, "bold")
    yield from _twice(object_in(summary, "reclaimable_by_kind"), at_all, layout)


def _uncut(rows: Sequence[Row], layout: Layout) -> Iterator[str]:
    """Yield a table in which nothing is cut, however narrow the terminal: only its first and last column are words."""
    last = len(rows[0]) - (rows[0][-1] == "COMMAND")
    return layout._replace(width=None).table(rows, right=range(1, last))


def _rows_of_kind(kind: str, summary: Part) -> Iterator[Row]:
    """Yield the rows of a kind; what could be removed of entries that were not read is unknown.

    Responses that were not read are of any kind, and have a row of their own. If some can be removed nevertheless, as
    no pip reads them, those that were read are in that row.
    """
    part = object_in(object_in(summary, "by_kind"), kind)
    unread = object_in(object_in(summary, "unread"), kind)
    reasons = object_in(object_in(object_in(summary, "reclaimable_by_kind"), kind), "by_reason")
    read = _less(part, unread)
    if kind == _RESPONSE and unread and not reasons:
        yield from _rows_of("response, not read yet", unread, None, summary)
        if number_in(read, "entries"):
            yield from _rows_of(_KINDS[kind], read, reasons, summary)
        return
    word = "response" if kind == _RESPONSE and unread else _KINDS.get(kind, kind)
    yield from _rows_of(word, part, reasons if reasons or number_in(read, "entries") else None, summary)


def _rows_of(word: str, part: Part, reasons: Part | None, summary: Part) -> Iterator[Row]:
    """Yield a row, and one more for each further reason to remove some of it; `None` if these are unknown."""
    disk_bytes = number_in(part, "disk_bytes")
    named = (word, f"{number_in(part, 'entries'):,}", size(disk_bytes))
    if not reasons:
        yield *named, "unknown" if reasons is None else _share(_NOTHING, disk_bytes), ""
        return
    for at, reason in enumerate(reasons):
        own = named if at == 0 else ("", "", "")
        yield *own, _share(object_in(reasons, reason), disk_bytes), f"prune --{_option(summary, reason)}"


def _others(summary: Part) -> Iterator[Row]:
    """Yield what takes room besides entries, or less than was counted of them."""
    count, disk_bytes = (number_in(summary, key) for key in ("directories", "directory_bytes"))
    if count:
        parts = object_in(summary, "reclaimable")
        told = [
            (f"{found:,} empty", f"prune --{_option(summary, reason)}")
            for reason in parts
            if (found := _empty(parts, reason))
        ]
        first, *more = told or [("0 bytes (0%)", "")]
        yield (number(count, "directory"), "", size(disk_bytes), *first)
        yield from (("", "", "", *one) for one in more)
    if twice := number_in(summary, "disk_bytes") + disk_bytes - number_in(summary, "du_bytes"):
        yield "other names of files", "", f"-{size(twice)}", "", ""


def _empty(parts: Part, reason: str) -> int:
    return number_in(object_in(parts, reason), "empty_directories")


def _option(summary: Part, reason: str) -> str:
    option = object_in(object_in(summary, "reclaimable"), reason).get("option")
    return option if isinstance(option, str) else reason


def _share(part: Part, of_bytes: int) -> str:
    """Return what could be removed, with its share; the share is cut, and never 0 or 100 if it is only nearly so.

    >>> _share({"disk_bytes": 999}, 1000), _share({"disk_bytes": 1}, 1000), _share({}, 0)
    ('999 bytes (99%)', '1 byte (<1%)', '0 bytes (0%)')
    """
    disk_bytes = number_in(part, "disk_bytes")
    percent = disk_bytes * 100 // of_bytes if of_bytes else 0
    return f"{size(disk_bytes)} ({'<1' if disk_bytes and not percent else percent}%)"


def _twice(by_kind: Part, at_all: Part, layout: Layout) -> Iterator[str]:
    """Yield how much stands in several rows, as several reasons hold for it."""
    by_reasons = [object_in(object_in(by_kind, kind), "by_reason") for kind in by_kind]
    twice = _less(_plus([object_in(reasons, reason) for reasons in by_reasons for reason in reasons]), at_all)
    if entries := number_in(twice, "entries"):
        counted = f"{number(entries, 'entry')} ({size(number_in(twice, 'disk_bytes'))})"
        more = "is listed under a further reason" if entries == 1 else "are listed under further reasons"
        yield from wrapped(f"{counted} {more}, and counted once in the total.", layout, indent="")


def _remedies(view: View, layout: Layout) -> Iterator[str]:
    """Yield the commands that reclaim something, each in one line as it can be run."""
    parts = object_in(view.summary, "reclaimable")
    if not parts:
        return
    yield ""
    yield layout.paint("To reclaim", "bold")
    told = []
    for reason in sorted(parts, key=lambda one: -number_in(object_in(parts, one), "disk_bytes")):
        part = object_in(parts, reason)
        empty = number(count, "empty directory") if (count := _empty(parts, reason)) else ""
        amount = size(number_in(part, "disk_bytes")) if number_in(part, "entries") else empty
        told.append((amount, view.command_line(f"prune --{_option(view.summary, reason)}")))
    width = max(len(amount) for amount, _ in told)
    yield from (f"  {amount:>{width}}  {command}" for amount, command in told)
    if number_in(object_in(view.summary, "reclaimable_at_all"), "entries"):
        text = "Sizes are those of files; directories that become empty go as well: prune -n counts them."
        yield from wrapped(f"  {text}", layout, indent="  ")


def _not_looked_into(view: View, layout: Layout) -> Iterator[str]:
    """Yield what the counts leave out as no command has read it, and the command that reads it."""
    summary = view.summary
    unread = object_in(summary, "unread")
    counts = {kind: number_in(object_in(unread, kind), "entries") for kind in _UNREAD_NOUNS if kind in unread}
    told = [number(count, _UNREAD_NOUNS[kind]) for kind, count in counts.items()]
    sentences = []
    if told:
        kind = "kind, project" if _RESPONSE in counts else "project"
        its = "its" if sum(counts.values()) == 1 else "their"
        what = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
        sentences.append(f"{what} not read yet: {its} {kind} and reclaimable size are unknown.")
    elif not summary.get("read") and number_in(summary, "entries"):
        sentences.append(
            "Not compared: which versions are superseded, which files are duplicates, which sdists have a built wheel."
        )
    if not sentences:
        return
    yield ""
    yield layout.paint("Not looked into", "bold")
    for sentence in sentences:
        yield from wrapped(f"  {sentence}", layout, indent="  ")
    yield f"  To do that:  {view.command_line('info --read')}"


def _projects(summary: Part, layout: Layout) -> Iterator[str]:
    projects = objects_in(summary, "projects")
    if not projects:
        return
    yield ""
    title = "LARGEST PROJECTS, of what was read" if object_in(summary, "unread") else "LARGEST PROJECTS"
    rows: list[Row] = [(title, "ENTRIES", "SIZE ON DISK")]
    rows += [
        (safe(str(one.get("name"))), f"{number_in(one, 'entries'):,}", size(number_in(one, "disk_bytes")))
        for one in projects
    ]
    yield from _headed(rows, layout)


def _headed(rows: Sequence[Row], layout: Layout) -> Iterator[str]:
    heading, *others = _uncut(rows, layout)
    yield layout.paint(heading, "bold")
    yield from others


def _last_use(view: View, layout: Layout) -> Iterator[str]:
    by_last_use = object_in(view.summary, "by_last_use")
    if not by_last_use:
        return
    spans = [(word, _plus([object_in(by_last_use, key) for key in keys])) for word, keys in _SPANS]
    rows: list[Row] = [("LAST USED", "ENTRIES", "SIZE ON DISK")]
    rows += [
        (word, f"{number_in(part, 'entries'):,}", size(number_in(part, "disk_bytes")))
        for word, part in spans
        if number_in(part, "entries")
    ]
    yield ""
    yield from _headed(rows, layout)
    if view.last_use != "atime":
        text = "This file system does not keep when a file was read: what counts is when it was written."
        yield from wrapped(text, layout, indent="")


def _health(view: View, layout: Layout) -> Iterator[str]:
    health = object_in(view.summary, "health")
    free, restored = health.get("free_bytes"), view.summary.get("restored")
    off = f"caching is off in pip: {safe(view.cache.disabled_by)}" if view.cache.disabled_by else ""
    fields = (
        ("Directory", safe(view.cache.path)),
        ("Chosen by", safe(view.cache.detail or view.cache.source.value)),
        ("Owner", safe(str(health.get("owner") or ""))),
        *_of_others(view),
        ("Setting", off or "caching is enabled in pip"),
        ("pip install uses", safe(str(health.get("install_cache") or ""))),
        ("Free on this disk", size(free) if isinstance(free, int) else ""),
        ("Restored", f"{restored}: when entries were used before then is unknown" if restored else ""),
    )
    yield ""
    yield layout.paint("Health", "bold")
    yield from _condition(view, layout)
    yield from _pages_without_url(view.summary, layout)
    rows = [(label and f"{label}:", value) for label, value in fields if value]
    widest = max((len(label) for label, _ in rows), default=0)
    # Values are paths and commands, which are never cut.
    yield from (f"  {label:<{widest}}  {value}".rstrip() for label, value in rows)


def _condition(view: View, layout: Layout) -> Iterator[str]:
    """Yield whether anything that was read is wrong, and how much was not read to its end since it changed."""
    summary = view.summary
    if not number_in(summary, "entries"):
        yield "  The cache is empty."
        return
    problems, lacking = number_in(summary, "problems"), number_in(object_in(summary, "not_read_to_end"), "entries")
    found = f"{number(problems, 'entry')} with a problem" if problems else "no problem found"
    unread = sum(number_in(part, "entries") for part in _parts(object_in(summary, "unread")))
    readable = sum(number_in(object_in(object_in(summary, "by_kind"), kind), "entries") for kind in _READABLE)
    if lacking and not problems and unread == readable:
        # An entry that is read too soon after a change could change again under the same time stamp.
        text = (
            "no entry has been read since its last change (reading within 2 seconds of it does not count): whether any"
            f" is damaged is unknown; {number(lacking, 'file')} to read."
        )
    elif lacking:
        was, whose = ("file was", "its") if lacking == 1 else ("files were", "their")
        text = f"{found} among what was read; {lacking:,} {was} not read to {whose} end since {whose} last change."
    else:
        text = f"{found}; every file has been read to its end."
    for line in wrapped(f"  {text[0].upper()}{text[1:]}", layout, indent="  "):
        yield layout.paint(line, "red") if problems else line
    if problems or lacking:
        told = "To see which" if problems else "To read them"
        yield f"  {told}:  {view.command_line('verify')}"


def _of_others(view: View) -> Iterator[tuple[str, str]]:
    """Yield what belongs to somebody else than the cache, and the command that changes that."""
    for at, told in enumerate(owners_in_words(view.summary)):
        yield "" if at else "Of others", told
    command = view.summary.get("chown")
    yield "To change that", safe(command) if isinstance(command, str) else ""


def _pages_without_url(summary: Part, layout: Layout) -> Iterator[str]:
    """Yield how many pages have links that cannot be followed, and the option that helps."""
    count = number_in(summary, "pages_without_url")
    if not count:
        return
    by_kind = object_in(summary, "by_kind")
    pages = max(count, sum(number_in(object_in(by_kind, kind), "entries") for kind in _PAGES))
    text = (
        f"The index of {count:,} of {number(pages, 'page')} is unknown, so that the files which they link to cannot be"
        " compared with them: name it by --index-url."
    )
    yield from wrapped(f"  {text}", layout, indent="  ")
