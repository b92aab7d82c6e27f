"""The text of `info`: pip's own lines, then kinds, what could go, last use and health."""

from collections.abc import Iterator, Mapping

from pipcacheplus.model.values import Kind
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import KIND_WORDS, number, pip_size, safe, size
from pipcacheplus.render.view import Json, View

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
_PAGES = (Kind.INDEX_PAGE.value, Kind.LINKS_PAGE.value)
_PAGES_OR_NOT = {*_PAGES, Kind.RESPONSE.value}
"""Kinds of responses that may be pages, where no page was read."""


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield all parts; below a verbosity of 0 pip's lines alone."""
    yield from _pip(_part(view.summary, "pip"))
    if view.verbosity < 0:
        return
    yield from _counts("Kind", _part(view.summary, "by_kind"), layout, total=view.summary)
    yield from _reclaimable(_part(view.summary, "reclaimable"), layout, is_read=view.verbosity > 0)
    yield from _counts("Last used", _part(view.summary, "by_last_use"), layout)
    yield from _health(_part(view.summary, "health"), view, layout)


def _part(summary: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    part = summary.get(key)
    return part if isinstance(part, Mapping) else {}


def _pip(counts: Mapping[str, Json]) -> Iterator[str]:
    for label, key in _PIP:
        value = counts.get(key)
        shown = pip_size(value) if isinstance(value, int) and key.endswith("_bytes") else value
        yield f"{label}: {safe(str(shown))}"


def _counts(
    title: str, parts: Mapping[str, Json], layout: Layout, *, total: Mapping[str, Json] | None = None
) -> Iterator[str]:
    if not parts:
        return
    yield ""
    rows: list[Row] = [(title, "entries", "files", "size", "on disk")]
    rows += [_row(KIND_WORDS.get(key, key.replace("-", " ")), part) for key in parts if (part := _part(parts, key))]
    if total is not None:
        rows.append(_row("all", total))
    heading, *others = layout.table(rows, right=(1, 2, 3, 4))
    yield layout.paint(heading, "bold")
    yield from others


def _row(title: str, part: Mapping[str, Json]) -> Row:
    entries, files, size_bytes, disk_bytes = (_number(part, key) for key in ("entries", "files", "bytes", "disk_bytes"))
    return title, f"{entries:,}", f"{files:,}", size(size_bytes), size(disk_bytes)


def _number(part: Mapping[str, Json], key: str) -> int:
    value = part.get(key)
    return value if isinstance(value, int) else 0


def _reclaimable(parts: Mapping[str, Json], layout: Layout, *, is_read: bool) -> Iterator[str]:
    how = "without reading every file (verify does)" if is_read else "by names and times alone (-v reads)"
    yield ""
    if not parts:
        yield f"Nothing to reclaim {how}."
        return
    yield layout.paint(f"Reclaimable, {how}", "bold")
    rows = [
        (f"prune --{key}", number(_number(part, "entries"), "entry"), size(_number(part, "disk_bytes")) + " on disk")
        for key in parts
        if (part := _part(parts, key))
    ]
    yield from layout.table(rows, right=(1, 2), indent="  ")


def _health(health: Mapping[str, Json], view: View, layout: Layout) -> Iterator[str]:
    free = health.get("free_bytes")
    fields = (
        ("Chosen by", safe(view.cache.detail or view.cache.source.value)),
        ("Owner", safe(str(health.get("owner") or ""))),
        ("Used by pip", "no: " + safe(view.cache.disabled_by) if view.cache.disabled_by else "yes"),
        ("Free on this disk", size(free) if isinstance(free, int) else ""),
        ("Last use is told by", "access times" if view.last_use == "atime" else "times of writing"),
        ("Pages of unknown URL", _pages_without_url(view.summary)),
    )
    yield ""
    yield layout.paint("Health", "bold")
    yield from layout.table([(f"{label}:", value) for label, value in fields if value], give=1, indent="  ")


def _pages_without_url(summary: Mapping[str, Json]) -> str:
    """Return which share of the pages has no known URL, or how to find out; nothing if there are no responses."""
    by_kind = _part(summary, "by_kind")
    count = summary.get("pages_without_url")
    if not isinstance(count, int):
        return "not counted (-v reads pages)" if _PAGES_OR_NOT & by_kind.keys() else ""
    pages = max(count, sum(_number(_part(by_kind, kind), "entries") for kind in _PAGES))
    if not count:
        return f"none of {pages:,}" if pages else ""
    return f"{count:,} of {pages:,}: the relative links there tell of no file (--index-url names the index)"
