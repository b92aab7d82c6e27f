"""The text of `info`: pip's own lines, then kinds, what could go, last use and health."""

from collections.abc import Iterator, Mapping

from pipcacheplus.model.values import Kind
from pipcacheplus.render.text.considered import considered_in_words
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import KIND_WORDS, number, owners_in_words, pip_size, safe, size
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
_ENABLED, _OFF = "caching is enabled in pip", "caching is off in pip"
_PAGES = (Kind.INDEX_PAGE.value, Kind.LINKS_PAGE.value)
_PAGES_OR_NOT = {*_PAGES, Kind.RESPONSE.value}
"""Kinds of responses that may be pages, where no page was read."""


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield all parts; below a verbosity of 0 pip's lines alone."""
    if not view.cache.path:
        yield "pip uses no cache."
        return
    yield from _pip(_part(view.summary, "pip"))
    if view.verbosity < 0:
        return
    yield from _counts("Kind", _part(view.summary, "by_kind"), layout, whole=view.summary)
    yield from _reclaimable(_part(view.summary, "reclaimable"), layout, view)
    yield from _unread(_part(view.summary, "http_unread"), view)
    yield from _counts("Last used", _part(view.summary, "by_last_use"), layout)
    yield from _health(_part(view.summary, "health"), view, layout)
    for line in considered_in_words(view.summary):
        yield ""
        yield line


def _part(summary: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    part = summary.get(key)
    return part if isinstance(part, Mapping) else {}


def _pip(counts: Mapping[str, Json]) -> Iterator[str]:
    for label, key in _PIP:
        value = counts.get(key)
        shown = pip_size(value) if isinstance(value, int) and key.endswith("_bytes") else value
        yield f"{label}: {safe(str(shown))}"


def _counts(
    title: str, parts: Mapping[str, Json], layout: Layout, *, whole: Mapping[str, Json] | None = None
) -> Iterator[str]:
    """Yield a table of counts; that of a `whole` has directories too, and ends with what `du` says."""
    if not parts and whole is None:
        return
    yield ""
    rows: list[Row] = [(title, "entries", "files", "on disk")]
    rows += [_row(KIND_WORDS.get(key, key.replace("-", " ")), part) for key in parts if (part := _part(parts, key))]
    if whole is not None:
        rows += _others(whole)
        entries, files = (_number(whole, key) for key in ("entries", "files"))
        rows.append(("all", f"{entries:,}", f"{files:,}", size(_number(whole, "du_bytes"))))
    heading, *others = layout.table(rows, right=(1, 2, 3))
    yield layout.paint(heading, "bold")
    yield from others


def _row(title: str, part: Mapping[str, Json]) -> Row:
    entries, files, disk_bytes = (_number(part, key) for key in ("entries", "files", "disk_bytes"))
    return title, f"{entries:,}", f"{files:,}", size(disk_bytes)


def _others(whole: Mapping[str, Json]) -> Iterator[Row]:
    """Yield what takes room besides entries, or less than was counted of them."""
    count, disk_bytes = (_number(whole, key) for key in ("directories", "directory_bytes"))
    if count:
        yield number(count, "directory"), "", "", size(disk_bytes)
    if twice := _number(whole, "disk_bytes") + disk_bytes - _number(whole, "du_bytes"):
        yield "other names of files", "", "", f"-{size(twice)}"


def _number(part: Mapping[str, Json], key: str) -> int:
    value = part.get(key)
    return value if isinstance(value, int) else 0


def _reclaimable(parts: Mapping[str, Json], layout: Layout, view: View) -> Iterator[str]:
    how = "without reading every file (verify does)" if view.verbosity > 0 else "by names and times alone (-v reads)"
    yield ""
    if not parts:
        yield f"Nothing to reclaim {how}."
        return
    yield layout.paint(f"Reclaimable, {how}", "bold")
    found = [part for key in parts if (part := _part(parts, key))]
    rows = [(view.command_line(f"prune --{part['option']}"), _counted(part), _in_files(part)) for part in found]
    if len(rows) > 1:
        at_all = _part(view.summary, "reclaimable_at_all")
        if twice := sum(_number(part, "entries") for part in found) - _number(at_all, "entries"):
            size_twice = sum(_number(part, "disk_bytes") for part in found) - _number(at_all, "disk_bytes")
            rows.append(("for several of these", f"-{number(twice, 'entry')}", f"-{size(size_twice)}"))
        rows.append(("at all", _counted(at_all), _in_files(at_all)))
    yield from layout.table(rows, right=(2,), indent="  ")


def _unread(part: Mapping[str, Json], view: View) -> Iterator[str]:
    if part:
        command = view.command_line("prune --incompatible")
        yield f"No pip considered reads http: {_counted(part)}, {_in_files(part)} ({command} takes it)"


def _counted(part: Mapping[str, Json]) -> str:
    counts = ((_number(part, "entries"), "entry"), (_number(part, "empty_directories"), "empty directory"))
    return " and ".join(number(count, noun) for count, noun in counts if count)


def _in_files(part: Mapping[str, Json]) -> str:
    # Which directories go with them shows when they go.
    files = _number(part, "files")
    return f"{size(_number(part, 'disk_bytes'))} in {number(files, 'file')}" if files else ""


def _health(health: Mapping[str, Json], view: View, layout: Layout) -> Iterator[str]:
    free = health.get("free_bytes")
    fields = (
        ("Chosen by", safe(view.cache.detail or view.cache.source.value)),
        ("Owner", safe(str(health.get("owner") or ""))),
        *_of_others(view),
        ("Setting", f"{_OFF}: {safe(view.cache.disabled_by)}" if view.cache.disabled_by else _ENABLED),
        ("pip install uses", safe(str(health.get("install_cache") or ""))),
        ("Free on this disk", size(free) if isinstance(free, int) else ""),
        ("Last use is told by", "access times" if view.last_use == "atime" else "times of writing"),
        ("Restored", _restored(view.summary)),
        ("Pages of unknown URL", _pages_without_url(view.summary)),
    )
    yield ""
    yield layout.paint("Health", "bold")
    rows = [(label and f"{label}:", value) for label, value in fields if value]
    yield from layout.table(rows, give=1, indent="  ")


def _of_others(view: View) -> Iterator[tuple[str, str]]:
    """Yield what belongs to somebody else than the cache, and the command that changes that."""
    for at, told in enumerate(owners_in_words(view.summary)):
        yield "" if at else "Of others", told
    command = view.summary.get("chown")
    yield "To change that", safe(command) if isinstance(command, str) else ""


def _restored(summary: Mapping[str, Json]) -> str:
    restored = summary.get("restored")
    return f"{restored}: use before then is not known" if isinstance(restored, str) else ""


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
