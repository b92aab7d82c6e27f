"""The text of `show`: everything that is known about an entry, a field on each line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipcacheplus.model.values import Entry, Finding, NotJudged, Severity
from pipcacheplus.render.summary import group_by
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import describe, evidence_in_words, kind_in_words, number, safe, size
from pipcacheplus.render.times import last_used_ns, rfc3339
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]

_URL_SOURCES = {
    "links": "a page in the cache links to it",
    "file-host": "its digest is in the path",
    "index-guess": "tried, and fits the key",
    "origin": "recorded beside the wheel",
}
_PROOFS = {
    "index-page": "a page in the cache publishes its digest",
    "file-host": "the path that it came from is made of its digest",
    "etag": "its ETag is its digest",
    "wheel": "the wheel in the cache holds the same",
}

_DISAGREE = "pages-disagree"


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the entries, with an empty line between two."""
    wrong = group_by(view.findings, lambda finding: finding.entry.id)
    for at, entry in enumerate(view.entries):
        findings = wrong.get(entry.id, [])
        if at:
            yield ""
        yield layout.paint(layout.cut(describe(entry)), "bold")
        known = (*_fields(entry, view), *_evidence(entry, view, findings))
        fields = [(label and label + ":", value) for label, value in known if value]
        width = max(len(label) for label, _ in fields)
        yield from (f"  {label.ljust(width)} {value}" for label, value in fields)
        yield from _wrong(findings, layout)
    if not view.entries:
        yield "Nothing to show."


def _fields(entry: Entry, view: View) -> Iterator[tuple[str, str]]:
    yield "Id", safe(entry.id)
    yield "Kind", kind_in_words(entry.kind)
    yield "Project", safe(entry.project or "")
    yield "Version", safe(entry.version or "")
    yield "File name", safe(entry.filename or "")
    yield "URL", safe(entry.url_shown or "")
    yield "URL known because", "" if entry.url_source is None else _URL_SOURCES[entry.url_source.value]
    if entry.origin is not None:
        yield "Built from", "a local directory" if entry.origin.is_directory else ""
        yield "Built at commit", safe(entry.origin.commit or "")
        yield "Asked for", safe(entry.origin.requested_revision or "")
        yield "Subdirectory", safe(entry.origin.subdirectory or "")
        yield "SHA-256 of the source", safe(entry.origin.source_sha256 or "")
    yield "Status", "" if entry.status is None else str(entry.status)
    yield "Leads to", safe(entry.location or "")
    yield "Tags", safe(" ".join(entry.tags))
    yield "Interpreter", safe(entry.interpreter or "")
    yield "Served unasked until", rfc3339(entry.fresh_until_s) or ""
    yield "Written", _time(entry.files[0].mtime_ns if entry.files else None)
    yield f"Last used ({view.last_use})", _time(last_used_ns(entry, view.last_use))
    yield "Size", f"{size(entry.disk_size)} (content: {number(entry.size, 'byte')})"
    yield "SHA-256", safe(entry.sha256 or "")
    for at, path in enumerate(entry.paths):
        yield "" if at else "Files", safe(view.absolute(path))


def _evidence(entry: Entry, view: View, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield whether the content is proven whole and by what, then the other evidence."""
    evidence = view.summary.get("evidence")
    found = evidence.get(entry.id) if isinstance(evidence, Mapping) else None
    if not isinstance(found, Mapping) or "proof" not in found:
        return
    yield from _whole(found, findings)
    for name, value in found.items():
        if name not in {"proof", "read_to_its_end", "not_judged"}:
            yield name.replace("_", " ").capitalize(), safe(evidence_in_words(name, value))


def _whole(found: Mapping[str, Json], findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield in at most one line whether the content is proven whole; where findings say that it is not, in none."""
    proof = found["proof"]
    if isinstance(proof, str):
        yield "Proven whole because", _PROOFS[proof]
    elif any(finding.check == _DISAGREE for finding in findings):
        yield "Whole", "not proven: pages in the cache disagree on what it should be"
    elif found.get("not_judged") == NotJudged.YOUNG.value:
        yield "Whole", "not judged: it is so young that a pip may still be writing it (`verify --min-age 0` judges it)"
    elif "damage" in found:
        yield "Whole", "no"
    elif any(finding.severity is Severity.ERROR for finding in findings):
        return
    elif found.get("read_to_its_end"):
        yield "Whole as far as", "its own checksums tell: nothing in the cache says what it should be"
    else:
        yield "Whole", "not known: nothing in the cache says what it should be"


def _wrong(findings: Iterable[Finding], layout: Layout) -> Iterator[str]:
    for finding in findings:
        yield f"  {layout.paint(finding.severity.value, 'bold')}: {safe(finding.message)} ({finding.check})"


def _time(time_ns: int | None) -> str:
    return "" if time_ns is None else rfc3339(time_ns // 10**9) or ""
