"""The text of a command over many caches: a row for each cache, the problems, and the sums."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcacheplus.render.parts import Part, number_in, object_in, objects_in
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.unjudged import unjudged_in_words
from pipcacheplus.render.text.words import KIND_WORDS, number, safe, size
from pipcacheplus.render.text.wrapping import wrapped
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]

_MOST_PROBLEMS = 200


class _Column(NamedTuple):
    """A column of numbers."""

    title: str
    keys: tuple[str, ...]
    """Where a row has the number; of an object there, its members are counted."""
    is_size: bool = False
    also: tuple[str, ...] = ()
    """Keys beside the last one, whose numbers are added."""

    def amount(self, row: Part) -> int:
        """Return the number of a cache."""
        *above, last = self.keys
        for key in above:
            row = object_in(row, key)
        return (len(object_in(row, last)) or number_in(row, last)) + sum(number_in(row, key) for key in self.also)

    def cell(self, amount: int) -> str:
        """Return a number as text."""
        return size(amount) if self.is_size else f"{amount:,}"


_ENTRIES = _Column("entries", ("summary", "entries"))
_COLUMNS: Mapping[str, tuple[_Column, ...]] = {
    "info": (
        _Column("size", ("summary", "du_bytes"), is_size=True),
        _ENTRIES,
        _Column("reclaimable", ("summary", "reclaimable_at_all", "disk_bytes"), is_size=True),
    ),
    "list": (_Column("size", ("summary", "disk_bytes"), is_size=True), _ENTRIES),
    "verify": (
        _Column("size", ("summary", "disk_bytes"), is_size=True),
        _ENTRIES,
        _Column("errors", ("errors",)),
        _Column("warnings", ("summary", "by_severity", "warning")),
    ),
    "prune": (
        _Column("removed", ("summary", "entries")),
        _Column("freed", ("summary", "disk_bytes"), is_size=True, also=("directory_bytes",)),
        _Column("failed", ("summary", "failed")),
    ),
    "why": (_Column("entries", ("summary", "why")),),
}
_PLANNED = (
    _Column("would be removed", ("summary", "entries")),
    _Column("would free", ("summary", "du_bytes"), is_size=True),
    _Column("kept", ("summary", "kept", "entries")),
)


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield a table, the problems, and the sums unless the verbosity is below 0."""
    caches = objects_in(view.summary, "caches")
    columns = _PLANNED if view.is_dry_run and view.command == "prune" else _COLUMNS[view.command]
    sums = [sum(map(column.amount, caches)) for column in columns]
    if not caches:  # nothing was searched for
        return
    is_brief = view.verbosity < 0
    shown = [one for one in caches if one.get("error") or number_in(one, "exit_code")] if is_brief else caches
    if shown:
        yield from _caches(shown, columns, sums, layout, has_total=not is_brief)
    yield from _problems(caches, layout)
    yield from _entries(view, layout)
    yield from _sentences(view, layout)
    yield from _projects(view, layout)
    yield from _absent(view, layout)
    yield from _shared(view, layout)
    yield from _unknown(view, layout)
    yield from _damage(view, layout)
    yield from _unjudged(view, caches, layout)
    yield from _trashed(view, caches)
    if in_use := number_in(object_in(view.summary, "total"), "in_use"):
        yield ""
        yield f"kept: in use: {number(in_use, 'entry')}; pass --exclusive if no pip is running"
    if view.verbosity >= 0:
        total = object_in(view.summary, "total")
        done = number_in(total, "done")
        left = number_in(total, "caches") - done
        amount = next((f" ({column.cell(sums[at])})" for at, column in enumerate(columns) if column.is_size), "")
        entries = number(number_in(total, "entries"), "entry")
        if view.command == "prune":
            entries += " to remove" if view.is_dry_run else " removed"
        yield ""
        yield f"{number(done, 'cache')}, {entries}{amount}" + (f"; {number(left, 'cache')} failed" if left else "")


def _problems(caches: Sequence[Part], layout: Layout) -> Iterator[str]:
    """Yield the reason why a cache was not done; one for all that have the same."""
    paths: dict[str, list[str]] = {}
    for one in caches:
        if one.get("error"):
            paths.setdefault(str(one["error"]), []).append(str(one.get("path")))
    if paths:
        yield ""
    for error, of in [*paths.items()][:_MOST_PROBLEMS]:
        where = safe(of[0]) if len(of) == 1 else number(len(of), "cache")
        yield layout.paint(f"{where}: {safe(error)}", "red")
    if len(paths) > _MOST_PROBLEMS:
        yield f"and {len(paths) - _MOST_PROBLEMS:,} more reasons; --format jsonl has all of them"


def _unjudged(view: View, caches: Sequence[Part], layout: Layout) -> Iterator[str]:
    """Yield lines about all entries that could not be judged, added up by the reason."""
    sums: dict[str, dict[str, Json]] = {}
    for one in caches:
        for reason in (counts := object_in(object_in(one, "summary"), "not_judged")):
            count = object_in(counts, reason)
            total = sums.setdefault(str(reason), {"option": count.get("option")})
            for key in ("entries", "disk_bytes", "directories"):
                total[key] = number_in(total, key) + number_in(count, key)
    for text in unjudged_in_words(view._replace(summary={"not_judged": sums})):
        yield ""
        yield from wrapped(text, layout, indent="  ")


def _trashed(view: View, caches: Sequence[Part]) -> Iterator[str]:
    """Yield a line about files that were moved to the trash, whose space is not free yet."""
    if view.command != "prune" or view.is_dry_run:
        return
    moved = sum(
        number_in(one, "du_bytes") - number_in(one, "disk_bytes") - number_in(one, "directory_bytes")
        for one in (object_in(cache, "summary") for cache in caches)
    )
    if moved > 0:
        yield ""
        yield f"In the trash of their caches: {size(moved)}, freed when it is emptied; undo restores it, cache by cache"


def _caches(
    caches: Sequence[Part], columns: Sequence[_Column], sums: Sequence[int], layout: Layout, *, has_total: bool
) -> Iterator[str]:
    """Yield the table of caches, with the sums of several below."""
    rows: list[Row] = []
    for one in caches:
        has_summary = bool(object_in(one, "summary"))
        cells = [column.cell(column.amount(one)) if has_summary else "-" for column in columns]
        rows.append((safe(str(one.get("path"))), safe(str(one.get("owner") or one.get("uid") or "-")), *cells))
    if len(rows) > 1 and has_total:
        rows.append(("total", "", *(column.cell(amount) for column, amount in zip(columns, sums, strict=True))))
    yield from _table(("Cache", "owner", *(column.title for column in columns)), rows, layout, texts=2)


def _table(titles: Row, rows: Sequence[Row], layout: Layout, *, texts: int = 1) -> Iterator[str]:
    """Yield a table whose first columns are texts, and the others numbers."""
    heading, *others = layout.table([titles, *rows], right=range(texts, len(titles)), keeps_end=True)
    yield layout.paint(heading, "bold")
    yield from others


def _entries(view: View, layout: Layout) -> Iterator[str]:
    """Yield the entries that match a selection, with the cache of each; on a narrow terminal, that is a line below."""
    entries = objects_in(view.summary, "entries") if view.command == "list" else []
    if not entries:
        return
    rows = [(*_named(one), size(number_in(one, "disk_size")), _used(one), _owner(one), _place(one)) for one in entries]
    rows = [("Entry", "kind", "size", "used", "owner", "in"), *rows]
    yield ""
    whole = [*layout._replace(width=None).table(rows, right=(2,))]
    if layout.width is not None and max(map(len, whole)) > layout.width:
        whole = [
            line
            for row, plain in zip(rows, layout.table([row[:-1] for row in rows], right=(2,)), strict=True)
            for line in (plain, *([] if row is rows[0] else [f"  {row[-1]}"]))
        ]
    yield layout.paint(whole[0], "bold")
    yield from whole[1:]


def _named(one: Part) -> tuple[str, str]:
    """Return the name of an entry, and its kind in words."""
    name = " ".join(str(one[key]) for key in ("project", "version") if one.get(key)) or str(one.get("id"))
    kind = str(one.get("kind"))
    return safe(name), safe(KIND_WORDS.get(kind, kind))


def _used(one: Part) -> str:
    return safe(str(one.get("used") or "-")[:10])


def _owner(one: Part) -> str:
    return safe(str(one.get("owner") or "-"))


def _place(one: Part) -> str:
    return safe(f"{one.get('cache')}/{one.get('id')}")


def _sentences(view: View, layout: Layout) -> Iterator[str]:
    """Yield what `why` says of each entry, by cache."""
    names = {
        (one.get("cache"), one.get("id")): ", ".join(_named(one)) if one.get("project") else _named(one)[1]
        for one in objects_in(view.summary, "entries")
    }
    for one in objects_in(view.summary, "caches"):
        found = object_in(object_in(one, "summary"), "why")
        if found:
            yield ""
            yield layout.paint(safe(str(one.get("path"))), "bold")
        for id_ in found:
            what = names.get((one.get("path"), id_)) or safe(str(id_))
            yield from wrapped(f"  {what}: {safe(str(object_in(found, id_).get('sentence')))}.", layout, indent="    ")
            if view.verbosity > 0:
                yield f"    {safe(str(id_))}"


def _projects(view: View, layout: Layout) -> Iterator[str]:
    """Yield the largest projects of all caches."""
    projects = objects_in(view.summary, "projects") if view.command == "info" else []
    if not projects:
        return
    yield ""
    rows = [(safe(str(one.get("name"))), *_counts(one)) for one in projects]
    yield from _table(("Project", "caches", "entries", "size"), rows, layout)


def _counts(one: Part) -> tuple[str, str, str]:
    return (
        f"{number_in(one, 'caches'):,}",
        f"{number_in(one, 'entries'):,}",
        size(number_in(one, "disk_bytes")),
    )


def _absent(view: View, layout: Layout) -> Iterator[str]:
    """Yield the interpreters that wheels are for and that no owner of these caches has."""
    absent = objects_in(view.summary, "absent_interpreters")
    if not absent:
        return
    yield ""
    rows = [(safe(str(one.get("interpreter"))), *_counts(one)) for one in absent]
    yield from _table(("Wheels for", "caches", "entries", "size"), rows, layout)
    left = number_in(view.summary, "interpreters_not_run")
    yield from wrapped(
        "No owner of these caches has such an interpreter"
        + (f", but {number(left, 'interpreter')} could not be run, and may be one." if left else "."),
        layout,
        indent="",
    )
    if not left:
        yield f"To see what can be removed:  {view.command_line('prune --incompatible --dry-run')}"


def _shared(view: View, layout: Layout) -> Iterator[str]:
    """Yield how many files have the same content, and what one copy of each would save."""
    shared = object_in(view.summary, "shared")
    if number_in(shared, "contents"):
        contents = number(number_in(shared, "contents"), "file")
        copies = number(number_in(shared, "copies"), "copy")
        saved = size(number_in(shared, "saved_bytes"))
        yield ""
        text = f"{contents} with the same content in several caches, {copies}; one copy of each would save {saved}"
        yield from wrapped(text, layout, indent="  ")


def _unknown(view: View, layout: Layout) -> Iterator[str]:
    """Yield how much of the caches no run has read, and the commands that read it."""
    if view.command != "info":
        return
    unread = sum(
        number_in(object_in(kinds, kind), "entries")
        for one in objects_in(view.summary, "caches")
        for kinds in [object_in(object_in(one, "summary"), "unread")]
        for kind in kinds
    )
    unknown = number_in(object_in(view.summary, "shared"), "unknown")
    if unread or unknown:
        yield ""
    if unread:
        text = f"Not read by any run: {number(unread, 'entry')}, so projects and interpreters are not complete."
        yield from wrapped(f"{text} To read them:", layout, indent="  ")
        yield f"  {view.command_line('info --read')}"
    if unknown:
        text = f"Not compared: {number(unknown, 'file')} that no run has read to the end. To do that:"
        yield from wrapped(text, layout, indent="  ")
        yield f"  {view.command_line('verify')}"


def _damage(view: View, layout: Layout) -> Iterator[str]:
    """Yield damaged entries by the server or the device that their file system comes from."""
    damage = objects_in(view.summary, "damage")
    if not damage:
        return
    yield ""
    rows = [
        (
            safe(str(one.get("mounted_from") or "unknown")),
            safe(str(one.get("file_system") or "unknown")),
            f"{number_in(one, 'caches'):,}",
            f"{number_in(one, 'entries'):,}",
        )
        for one in damage
    ]
    yield from _table(("Damage on", "file system", "caches", "entries"), rows, layout, texts=2)
    if any(_corrupt(object_in(one, "summary")) for one in objects_in(view.summary, "caches")):
        yield f"To see what can be removed:  {view.command_line('prune --corrupt --dry-run')}"


def _corrupt(summary: Part) -> int:
    return number_in(object_in(summary, "by_group"), "corrupt")
