"""The page of all checks, from their docstrings and from what pips do with damage."""

import importlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from generate_tables import table

from pipcacheplus.checks.base.check import Check, checks
from pipcacheplus.model.values import Area, Shape
from pipcacheplus.pips.effects import READERS, READS, Effect, release_of
from pipcacheplus.pips.wheel_keys import LEGACY

_AREAS = {
    Shape.PAIR: (Area.HTTP_V2,),
    Shape.HEAD: (Area.HTTP_V2,),
    Shape.BODY: (Area.HTTP_V2,),
    Shape.SINGLE: (Area.HTTP,),
    Shape.LOCK: (Area.HTTP,),
    Shape.TEMPORARY: (Area.HTTP, Area.HTTP_V2),
    Shape.BUILT_WHEEL: (Area.WHEELS,),
    Shape.BUILD: (Area.WHEELS,),
}
_KEYS = {
    None: "unknown",
    1: "`cc=1`: pickle",
    2: "`cc=2`: zlib and JSON",
    4: "`cc=4`: msgpack",
    LEGACY: "the same for every interpreter",
    "cp": "one for each interpreter",
}


def checks_page() -> str:
    """Return the page of all checks, from their docstrings."""
    lines = [
        "# Checks",
        "",
        "`verify` runs these checks, and `prune` removes entries by them. A `prune` without reasons removes entries",
        "whose remedy is `remove`; with reasons, it removes those in their groups that have a remedy. This page is",
        "written from the code; [Words](words.md) defines its terms.",
        "",
        *_readers(),
    ]
    for check in checks():
        text = importlib.import_module("pipcacheplus.checks." + check.slug.replace("-", "_")).__doc__ or ""
        facts = f"group `{check.group.value}` · severity `{check.severity.value}` · remedy `{check.remedy.value}`"
        lines += ["", f"## {check.slug}", "", facts, "", text.strip(), *_effects(check)]
    return "\n".join(lines) + "\n"


def _readers() -> Iterator[str]:
    yield "What pip does with a damaged entry depends on its version. Findings report it (`effect`) for the pips of the"
    yield "[interpreters](interpreters.md) considered, and for those that the cache proves: `http-v2` was written"
    yield "by 23.3 or later, a pickle by one before 7. If none of them reads the entry, the pips that do are named"
    yield "first; if no pip is known, the newest are named. Severity and exit code do not depend on the pips that"
    yield "are found. Not every pip reads every entry:"
    yield ""
    rows = [[area.value, _KEYS[key], *_spans(table)] for (area, key), table in READERS.items()]
    yield from table(["area", "format, or key", "versions of pip"], rows)
    yield ""
    yield "The tables of the checks apply to the pips that read the entry."


def _spans(table: Sequence[Effect]) -> Iterator[str]:
    starts = [None, *(row.below for row in table)]
    spans = [f"{_span(start, row.below)} {row.text}" for start, row in zip(starts, table, strict=False) if start]
    yield "; ".join(spans)


def _span(start: str | None, below: str | None) -> str:
    return "`" + ",".join(([f">={start}"] if start else []) + ([f"<{below}"] if below else [])) + "`"


def _effects(check: Check) -> Iterator[str]:
    if not check.effects:
        return
    first, last = _read_by({area for shape in check.shapes for area in _AREAS[shape]})
    inner = {row.below for effects in check.effects for row in effects.rows if row.below is not None}
    ends = sorted({end for end in inner if _is_between(end, first, last)}, key=release_of)
    starts, ends_or_none = [first, *ends], [*ends, last]
    rows = [
        [_span(start, end), *(_text_from(effects.rows, start) for effects in check.effects)]
        for start, end in zip(starts, ends_or_none, strict=True)
    ]
    yield ""
    yield from table(["pip", *(f"if {effects.when}" if effects.when else "does" for effects in check.effects)], rows)


def _read_by(areas: Iterable[Area]) -> tuple[str, str | None]:
    """Return the first version that reads one of these areas, and the first later one that reads none."""
    tables = [READERS[area, None] for area in areas]
    starts = [before.below for table in tables for before, row in pairwise(table) if row.text == READS]
    ends = [row.below for table in tables for row in table if row.text == READS]
    first = min((start for start in starts if start is not None), key=release_of)
    return first, None if None in ends else max((end for end in ends if end is not None), key=release_of)


def _is_between(version: str, first: str, last: str | None) -> bool:
    return release_of(first) < release_of(version) and (last is None or release_of(version) < release_of(last))


def _text_from(rows: Sequence[Effect], version: str) -> str:
    return next(row.text for row in rows if row.below is None or release_of(version) < release_of(row.below))
