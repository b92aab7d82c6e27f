"""The text of `show`: everything that is known of an entry, a field on each line."""

from collections.abc import Iterator

from pipcacheplus.model import Entry
from pipcacheplus.render.summary import used_ns
from pipcacheplus.render.text.page import Page
from pipcacheplus.render.text.words import describe, kind_in_words, safe, size
from pipcacheplus.render.times import rfc3339
from pipcacheplus.render.view import View

__all__ = ["lines"]

_URL_SOURCES = {
    "links": "a page in the cache links to it",
    "file-host": "its digest is in the path",
    "index-guess": "tried for a known index",
    "origin": "recorded beside the wheel",
}


def lines(view: View, page: Page) -> Iterator[str]:
    """Yield the entries, with an empty line between two."""
    for at, entry in enumerate(view.entries):
        if at:
            yield ""
        yield page.paint(page.cut(describe(entry)), "bold")
        fields = [(label and label + ":", value) for label, value in _fields(entry, view) if value]
        width = max(len(label) for label, _ in fields)
        yield from (f"  {label.ljust(width)} {value}" for label, value in fields)
    if not view.entries:
        yield "Nothing to show."


def _fields(entry: Entry, view: View) -> Iterator[tuple[str, str]]:
    yield "Id", safe(entry.id)
    yield "Kind", kind_in_words(entry.kind)
    yield "Project", safe(entry.project or "")
    yield "Version", safe(entry.version or "")
    yield "File name", safe(entry.filename or "")
    yield "URL", safe(entry.url or "")
    yield "URL known because", "" if entry.url_source is None else _URL_SOURCES[entry.url_source.value]
    yield "Tags", safe(" ".join(entry.tags))
    yield "Interpreter", safe(entry.interpreter or "")
    yield "Served unasked until", rfc3339(entry.fresh_until_s) or ""
    yield "Written", _time(entry.files[0].mtime_ns if entry.files else None)
    yield f"Last used ({view.last_use})", _time(used_ns(entry, view.last_use))
    yield "Size", f"{size(entry.size)} ({entry.size} bytes; {entry.disk_size} on disk)"
    for at, path in enumerate(entry.paths):
        yield "" if at else "Files", safe(view.absolute(path))


def _time(time_ns: int | None) -> str:
    return "" if time_ns is None else rfc3339(time_ns // 10**9) or ""
