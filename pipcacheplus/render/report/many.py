"""The report of many caches: the same document, with sums by user in place of a list of entries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipcacheplus.render.parts import Part, number_in, object_in, objects_in
from pipcacheplus.render.report.data import DRAWN, inert
from pipcacheplus.render.report.document import document
from pipcacheplus.render.text.words import KIND_WORDS, number, safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["EntrySum", "document_of_many", "merged_summaries"]

EntrySum = tuple[str, str | None, str, str | None, int, int]
"""User, project, kind, host, entries, bytes on disk."""
_ADDED = (
    *("entries", "files", "bytes", "disk_bytes", "by_area", "by_kind", "directories", "directory_bytes", "du_bytes"),
    *("reclaimable", "reclaimable_at_all", "damaged", "not_read_to_end", "not_judged", "by_age", "by_last_use"),
    *("redundant", "findings", "by_severity", "by_group", "by_check", "pages_without_url"),
)
"""Parts of the summary of `report` that add up over caches."""


def merged_summaries(summaries: Iterable[Part]) -> dict[str, Json]:
    """Return the summary of many reports: counts and days of the history add up; interpreters are left out.

    >>> merged_summaries([{"entries": 1, "by_age": {"older": {"files": 2}}}, {"entries": 2, "by_age": {}}])["by_age"]
    {'older': {'files': 2}}
    """
    merged: dict[str, Any] = {}
    days: dict[tuple[str, str], dict[str, Any]] = {}
    for summary in summaries:
        for key in _ADDED:
            merged[key] = _sum(merged.get(key), summary.get(key))
        history = summary.get("history")
        for row in history if isinstance(history, list) else ():
            if isinstance(row, Mapping):
                place = str(row.get("day")), str(row.get("kind"))
                day = days.setdefault(place, {"day": place[0], "kind": place[1]})
                for key in ("entries", "bytes", "disk_bytes"):
                    day[key] = day.get(key, 0) + number_in(row, key)
    return {**merged, "history": [days[place] for place in sorted(days)], "pythons": []}


def _sum(one: Any, other: Any) -> Any:  # noqa: ANN401 - parts of JSON
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        first = one if isinstance(one, Mapping) else {}
        second = other if isinstance(other, Mapping) else {}
        return {
            key: _sum(first.get(key), second.get(key)) for key in (*first, *(key for key in second if key not in first))
        }
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    return other if one is None else one


def document_of_many(
    view: View, sums: Sequence[EntrySum], caches: Sequence[Part], damage: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the document of many caches, piece by piece.

    Args:
        view: With the merged summary.
        sums: Of all entries, the largest first.
        caches: Rows of the caches: `path`, `owner`, `error`, `summary`.
        damage: Rows of findings of damage: `cache`, `owner`, `id`, `severity`, `message`, `check`.
    """
    findings: list[dict[str, object]] = [
        {
            "severity": "error" if one.get("severity") == "error" else "warning",
            "entry": safe(f"{one.get('owner') or 'unknown user'}, {one.get('cache')}"),
            "id": safe(str(one.get("id"))),
            "message": safe(str(one.get("message"))),
            "check": safe(str(one.get("check"))),
            "evidence": [],
        }
        for one in damage
    ]
    rows = [_cache(one) for one in caches]
    frame = {
        "title": number(len(rows), "cache"),
        "caches": rows,
        "findings": findings,
        "absent": [(safe(str(one.get("interpreter"))), *_counts(one)) for one in _rows(view, "absent_interpreters")],
        "servers": [_server(one) for one in _rows(view, "damage")],
        "shared": _shared(object_in(view.summary, "shared")),
    }
    yield from document(view, data=_data(view, sums), more=frame)


def _rows(view: View, key: str) -> list[Part]:
    return objects_in(view.summary, key)


def _counts(one: Part) -> tuple[str, str, str]:
    return f"{number_in(one, 'caches'):,}", f"{number_in(one, 'entries'):,}", size(number_in(one, "disk_bytes"))


def _server(one: Part) -> tuple[str, str, str, str]:
    source, kind = (safe(str(one.get(key) or "unknown")) for key in ("mounted_from", "file_system"))
    return (source, kind, f"{number_in(one, 'caches'):,}", f"{number_in(one, 'entries'):,}")


def _shared(one: Part) -> str:
    """Return a sentence about content in several caches; empty if there is none."""
    if not number_in(one, "contents"):
        return ""
    contents, copies = number(number_in(one, "contents"), "file"), number(number_in(one, "copies"), "copy")
    saved = size(number_in(one, "saved_bytes"))
    return f"{contents} with the same content in several caches, {copies}; one copy of each would save {saved}."


def _cache(one: Part) -> dict[str, str]:
    summary = object_in(one, "summary")
    return {
        "path": safe(str(one.get("path"))),
        "owner": safe(str(one.get("owner") or "-")),
        "entries": f"{number_in(summary, 'entries'):,}" if summary else "-",
        "size": size(number_in(summary, "du_bytes")) if summary else "-",
        "reclaimable": size(number_in(object_in(summary, "reclaimable_at_all"), "disk_bytes")) if summary else "-",
        "damaged": f"{number_in(summary, 'damaged'):,}" if summary else "-",
        "error": safe(str(one.get("error") or "")),
    }


def _data(view: View, sums: Sequence[EntrySum]) -> Iterator[str]:
    users, kinds, hosts = (dict[str, int]() for _ in range(3))
    places = [users, kinds, hosts]

    def place(which: int, name: str | None) -> int:
        return places[which].setdefault(name, len(places[which])) if name else -1

    yield '{"rows":[],"rest":[\n'
    before = ""
    for user, project, kind, host, count, total in sums:
        row: list[Json] = [safe(project or ""), place(1, kind), -1, place(2, host), count, total, place(0, user)]
        yield before + inert(row)
        before = ",\n"
    lists: dict[str, Json] = {
        "kinds": [[kind, KIND_WORDS.get(kind, kind)] for kind in kinds],
        "targets": [],
        "hosts": [*map(safe, hosts)],
        "users": [*map(safe, users)],
        "reasons": [],
        "remove": ["", ""],
        "most": 0,
        "summary": {key: view.summary.get(key) for key in DRAWN},
    }
    yield "\n],\n" + ",\n".join(f'"{key}":{inert(value)}' for key, value in lists.items()) + "\n}\n"
