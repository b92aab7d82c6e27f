"""The text of `show`: what is wrong with an entry, then everything that is known about it, a field on each line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipcacheplus.model.values import FILE_KINDS, Entry, Finding, Headline, Kind, NotJudged, Severity, Shape
from pipcacheplus.render.summary import counts_as_damage, group_by
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import (
    built_by,
    describe,
    effect_in_words,
    evidence_in_words,
    kind_in_words,
    number,
    safe,
    size,
)
from pipcacheplus.render.text.wrapping import wrapped
from pipcacheplus.render.times import last_used_ns, rfc3339
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]

_URL_SOURCES = {
    "links": "a link on a cached page",
    "file-host": "the digest of the content, which the URL contains",
    "index-guess": "the URL of an index, whose hash is the name of the entry",
    "origin": "origin.json beside the wheel",
}
_PROOFS = {
    "index-page": "a cached index page publishes its digest",
    "file-host": "its URL contains its digest",
    "etag": "its ETag is its digest",
    "wheel": "the cached wheel contains the same",
}
_ARCHIVES = {Kind.WHEEL, Kind.SDIST, Kind.BUILT_WHEEL}
_DISAGREE = "pages-disagree"
_LABELS = {
    "etag_md5": "MD5 in the ETag",
    "wheel_metadata_sha256": "SHA-256 in the wheel",
    "content_length": "Length by its headers",
    "stored_length": "Length in the cache",
    "unverifiable": "Not readable because",
    "needed_libraries": "Libraries needed",
    "built_for_numpy": "Built for NumPy",
}
"""Pieces of evidence whose name for people is not made of their key."""
_MADE = {"published": "published", "actual": "of the content"}
_ALGORITHMS = {"sha256": "SHA-256", "md5": "MD5", "blake2b": "BLAKE2b"}
_FILES = {
    Shape.PAIR: ("Metadata file", "Content file"),
    Shape.HEAD: ("Metadata file",),
    Shape.BODY: ("Content file",),
    Shape.SINGLE: ("File",),
}
_NOT_LISTED = frozenset({"proof", "read_to_its_end", "not_judged", "damage"})
"""Pieces of evidence that the field `Verified` has."""


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the entries, with an empty line between two."""
    wrong = group_by(view.findings, lambda finding: finding.entry.id)
    for at, entry in enumerate(view.entries):
        findings = wrong.get(entry.id, [])
        if at:
            yield ""
        yield layout.paint(layout.cut(describe(entry)), "bold")
        yield from _wrong(findings, layout)
        known = (*_fields(entry, view), *_evidence(entry, view, findings))
        fields = [(label and label + ":", value) for label, value in known if value]
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
    yield "URL", safe(entry.url_shown or "")
    yield "URL found by", "" if entry.url_source is None else _URL_SOURCES[entry.url_source.value]
    if entry.origin is not None:
        yield "Source", "a local directory" if entry.origin.is_directory else ""
        yield "Commit", safe(entry.origin.commit or "")
        yield "Requested revision", safe(entry.origin.requested_revision or "")
        yield "Subdirectory", safe(entry.origin.subdirectory or "")
        yield "SHA-256 of the source", safe(entry.origin.source_sha256 or "")
    yield "HTTP status", "" if entry.status is None else str(entry.status)
    yield "Redirects to", safe(entry.location or "")
    yield "Tags", safe(" ".join(entry.tags))
    yield "Built by", "" if entry.interpreter is None else built_by(entry.interpreter)
    yield "Fresh until", rfc3339(entry.fresh_until_s) or ""
    yield "Written", _time(entry.files[0].mtime_ns if entry.files else None)
    source = "" if view.last_use == "atime" else " (by times of writing, as no access times are kept here)"
    yield "Last used", f"{used}{source}" if (used := _time(last_used_ns(entry, view.last_use))) else ""
    yield "Size", f"{number(entry.size, 'byte')}, {size(entry.disk_size)} on the disk"
    yield "SHA-256", safe(entry.sha256 or "")
    yield from _files(entry, view)


def _files(entry: Entry, view: View) -> Iterator[tuple[str, str]]:
    """Yield the files of an entry; those of a cached response by what they hold."""
    labels = _FILES.get(entry.shape, ())
    if len(labels) == len(entry.files):
        for label, file in zip(labels, entry.files, strict=True):
            yield label, safe(view.absolute(file.path))
        return
    for at, path in enumerate(entry.paths):
        yield "" if at else "Files", safe(view.absolute(path))


def _evidence(entry: Entry, view: View, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield whether the content is verified, then the evidence."""
    evidence = view.summary.get("evidence")
    found = evidence.get(entry.id) if isinstance(evidence, Mapping) else None
    if not isinstance(found, Mapping) or "proof" not in found:
        return
    yield "Verified", _verified(entry, found, findings)
    for name, value in found.items():
        if name not in _NOT_LISTED and (name, value) != ("actual_sha256", entry.sha256):
            yield _label(name), safe(evidence_in_words(name, value))


def _verified(entry: Entry, found: Mapping[str, Json], findings: Sequence[Finding]) -> str:
    """Return whether the content is what was published, and how that is known; what is found wrong decides first."""
    damage, proof = found.get("damage"), found["proof"]
    if any(counts_as_damage(Headline.of(finding)) for finding in findings):
        return f"no: {safe(str(damage))}" if damage else "no"
    if any(finding.check == _DISAGREE for finding in findings):
        return "not possible: cached pages publish different digests of it"
    if found.get("not_judged") == NotJudged.YOUNG.value:
        looks = f"it looks damaged ({safe(str(damage))}), but a pip" if damage else "a pip"
        return f"not yet: {looks} may still be writing it (`verify --min-age 0` judges it)"
    if damage:
        return f"no: {safe(str(damage))}"
    if isinstance(proof, str):
        return f"yes: {_PROOFS[proof]}"
    missing = "pip stores no digest" if entry.kind is Kind.BUILT_WHEEL else "no index page in this cache gives a digest"
    if found.get("read_to_its_end") and entry.kind in _ARCHIVES:
        return f"in part: archive checksums are right; {missing} to compare with"
    return f"not possible: {missing} to compare with" if entry.kind in FILE_KINDS else "not possible: it has no digest"


def _label(name: str) -> str:
    """Return the name of a piece of evidence.

    >>> _label("published_sha256"), _label("actual_md5"), _label("page_1_sha256"), _label("compilers")
    ('SHA-256 published', 'MD5 of the content', 'Page 1 SHA-256', 'Compilers')
    """
    if name in _LABELS:
        return _LABELS[name]
    first, _, rest = name.partition("_")
    if first in _MADE and rest in _ALGORITHMS:
        return f"{_ALGORITHMS[rest]} {_MADE[first]}"
    words = " ".join(_ALGORITHMS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def _wrong(findings: Iterable[Finding], layout: Layout) -> Iterator[str]:
    for finding in findings:
        label = "note" if finding.severity is Severity.INFO else finding.severity.value
        effect = dict(finding.evidence).get("effect")
        does = f" ({effect_in_words(effect)})" if isinstance(effect, str) else ""
        text = f"  {label}: {safe(finding.message)}{does} [{finding.check}]"
        first, *others = wrapped(text, layout, indent="    ")
        yield f"  {layout.paint(label, 'bold')}{first[len(label) + 2 :]}"
        yield from others


def _time(time_ns: int | None) -> str:
    return "" if time_ns is None else rfc3339(time_ns // 10**9) or ""
