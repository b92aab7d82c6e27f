"""The HTML document of a report: markup by Jinja2 with autoescape, pictures by a script from inert data.

Nothing that comes from a cache is ever part of code or markup: in the frame it is escaped, in the data it is JSON
without `<`, `>` and `&`. The policy of the document names the digests of its own script and style, and allows no
request. All of it is ASCII, so that it means the same in any encoding.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipcacheplus.model.terms import Severity
from pipcacheplus.render.parts import number_in, object_in
from pipcacheplus.render.report.data import EntryRows
from pipcacheplus.render.report.facts import SPANS, shows_damage
from pipcacheplus.render.summary import heads_of, summary_count
from pipcacheplus.render.text.considered import considered_in_words
from pipcacheplus.render.text.words import KIND_WORDS, describe, evidence_in_words, number, safe, size
from pipcacheplus.render.view import Json, View

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.model.values import Finding

__all__ = ["MARK", "document"]

MARK = "<!DOCTYPE html>\n<!-- A report of pipcacheplus. -->\n"
"""The beginning of every report: a file that begins with it may be replaced by another report."""
_ASSETS = "assets"
_SCRIPTS = ("d3.js", "report.js")
_STYLE = "report.css"
_MAX_FINDINGS = 500
"""Findings that are shown with their evidence; the others are counted."""
_REASONS = {
    "corrupt": "damaged: pip would fail, or install something wrong",
    "partial": "left by interrupted downloads, writes and builds",
    "stale": "pages past their freshness lifetime, and files that were replaced since",
    "incompatible": "wheels that none of the interpreters considered can use",
    "outdated-build": "built wheels that this machine cannot load any more",
    "unsafe": "pickled responses, which pip up to 23.2.1 would execute",
    "orphaned": "self-check files of environments that no longer exist",
    "superseded": "older versions than the newest one of the same project for the same tags",
    "duplicate": "downloads whose bytes lie in the cache under another URL too",
    "sdist-built": "source distributions whose wheel is built for every interpreter considered",
}
_SPANS_IN_WORDS = dict(
    zip(
        SPANS,
        ("up to a day", "2-7 days", "8-30 days", "1-3 months", "3-6 months", "6-12 months", "1-2 years", "longer"),
        strict=True,
    )
)


def document(
    view: View, *, data: Iterable[str] | None = None, more: Mapping[str, object] = MappingProxyType({})
) -> Iterator[str]:
    """Yield the document of a view, piece by piece: it need not fit into memory.

    Args:
        view: Of the command `report`: with all entries and findings, in order of ids.
        data: The data of the script; by default those of the entries of the view.
        more: Values of the template that replace those of the view.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - slow, and only reports need it

    # No name of a template comes from anybody else, and a template that is missing is our own fault.
    environment = Environment(
        loader=FunctionLoader(_asset), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    script, style = "".join(map(_asset, _SCRIPTS)), _asset(_STYLE)
    yield MARK
    pieces = environment.get_template("report.html").generate(
        **{**_frame(view), **more},
        policy=_policy(script, style),
        script=script,
        style=style,
        data=EntryRows(view).pieces() if data is None else data,
    )
    yield from map(_ascii, pieces)


def _ascii(text: str) -> str:
    return text if text.isascii() else text.encode("ascii", "xmlcharrefreplace").decode("ascii")


@lru_cache(maxsize=8)
def _asset(name: str) -> str:
    return files("pipcacheplus.render.report").joinpath(_ASSETS).joinpath(name).read_text(encoding="ascii")


def _policy(script: str, style: str) -> str:
    """Return a Content-Security-Policy that lets this script and this style work, and nothing be requested."""
    return (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode('ascii')).digest()).decode('ascii')}'"


def _frame(view: View) -> dict[str, object]:
    """Return the values of the template, as text."""
    summary = view.summary
    unread = object_in(summary, "not_read_to_end")
    return {
        "version": view.version,
        "title": "",
        "caches": (),
        "absent": (),
        "servers": (),
        "shared": "",
        "cache_dir": safe(view.cache.path),
        "made": summary.get("made") or "",
        "last_use": "access times" if view.last_use == "atime" else "times of writing",
        "total": _counts(summary),
        "du": size(summary_count(view, "du_bytes")),
        "directories": number(summary_count(view, "directories"), "directory"),
        "directories_size": size(summary_count(view, "directory_bytes")),
        "damaged": summary_count(view, "damaged"),
        "kinds": _rows(summary, "by_kind", KIND_WORDS),
        "reasons": _reasons(view),
        "at_all": _counts(object_in(summary, "reclaimable_at_all")),
        "ages": _spans(summary, "by_age"),
        "uses": _spans(summary, "by_last_use"),
        "days": _days(summary),
        "findings": list(islice(_findings(view), _MAX_FINDINGS)),
        "more_findings": max(_damages(view) - _MAX_FINDINGS, 0),
        "unread": number(number_in(unread, "entries"), "entry") if number_in(unread, "entries") else "",
        "unread_size": size(number_in(unread, "disk_bytes")),
        "verify": view.command_line("verify"),
        "not_judged": [
            (reason.replace("-", " "), number(number_in(part, "entries"), "entry"))
            for reason, part in _parts(summary, "not_judged")
        ],
        "considered": [*considered_in_words(summary)],
        "warnings": [safe(warning) for warning in view.warnings[:_MAX_FINDINGS]],
        "more_warnings": max(len(view.warnings) - _MAX_FINDINGS, 0),
        "size": size,
        "number": number,
    }


def _parts(summary: Mapping[str, Json], key: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for name, part in object_in(summary, key).items():
        if isinstance(part, Mapping):
            yield name, part


def _counts(part: Mapping[str, Json]) -> dict[str, str]:
    folders = number_in(part, "empty_directories")
    counted = [number(number_in(part, "entries"), "entry")] if number_in(part, "entries") or not folders else []
    return {
        "entries": f"{number_in(part, 'entries'):,}",
        "files": f"{number_in(part, 'files'):,}",
        "size": size(number_in(part, "disk_bytes")),
        "words": " and ".join([*counted, *([number(folders, "empty directory")] if folders else [])]),
    }


def _rows(summary: Mapping[str, Json], key: str, words: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    found = sorted(_parts(summary, key), key=lambda one: -number_in(one[1], "disk_bytes"))
    return [(words.get(name, name), _counts(part)) for name, part in found]


def _reasons(view: View) -> list[dict[str, object]]:
    found = sorted(_parts(view.summary, "reclaimable"), key=lambda one: -number_in(one[1], "disk_bytes"))
    return [
        {
            "name": reason.replace("-", " "),
            "what": _REASONS.get(reason, ""),
            "command": view.command_line(f"prune --{part['option']}"),
            **_counts(part),
        }
        for reason, part in found
    ]


def _spans(summary: Mapping[str, Json], key: str) -> list[tuple[str, dict[str, str]]]:
    return [(_SPANS_IN_WORDS.get(name, name), _counts(part)) for name, part in _parts(summary, key)]


def _days(summary: Mapping[str, Json]) -> list[tuple[str, str, str]]:
    """Return days of the history with entries and bytes of all kinds, the newest first."""
    sums: dict[str, list[int]] = {}
    history = summary.get("history")
    for row in history if isinstance(history, Sequence) else ():
        if isinstance(row, Mapping):
            day = sums.setdefault(str(row["day"]), [0, 0])
            day[0] += number_in(row, "entries")
            day[1] += number_in(row, "disk_bytes")
    return [(day, f"{entries:,}", size(disk)) for day, (entries, disk) in sorted(sums.items(), reverse=True)]


def _damages(view: View) -> int:
    """Count the findings that are shown as damage."""
    return sum(map(shows_damage, heads_of(view.findings)))


def _findings(view: View) -> Iterator[dict[str, object]]:
    """Yield the findings that are damage, errors first."""
    for is_error in (True, False):
        for at, head in enumerate(heads_of(view.findings)):
            if shows_damage(head) and (head.severity is Severity.ERROR) is is_error:
                yield _finding(view.findings[at])


def _finding(finding: "Finding") -> dict[str, object]:
    return {
        "severity": finding.severity.value,
        "entry": describe(finding.entry),
        "id": safe(finding.entry.id),
        "message": safe(finding.message),
        "check": finding.check,
        "evidence": _evidence(finding.evidence),
    }


def _evidence(evidence: Iterable[tuple[str, Json]]) -> list[tuple[str, str]]:
    return [(safe(key.replace("_", " ")), safe(evidence_in_words(key, value))) for key, value in evidence]
