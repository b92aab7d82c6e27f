r"""Counts of a cache in Prometheus' text format, for the text-file collector of node_exporter.

Source: prometheus.io, "Exposition formats", text format 0.0.4: a line ends with `\n`, the last one too; in the value of
a label, backslash, line end and quotation mark are escaped; all samples of a metric stand together behind its `HELP`
and `TYPE`; the text is UTF-8.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcacheplus.render.parts import Part, object_in
from pipcacheplus.render.view import OutputFormat, View, Write

__all__ = ["FORMAT"]

_PREFIX = "pipcacheplus_"
_Labels = tuple[tuple[str, str], ...]
_Samples = Iterable[tuple[_Labels, int]]


class _Metric(NamedTuple):
    """A metric with its samples; all are gauges, since each may fall."""

    name: str
    about: str
    samples: _Samples


def _render(view: View, write: Write, *, width: int | None, color: bool) -> None:  # noqa: ARG001 - as `Render` has it
    """Write a document; a metric of which nothing is known is left out."""
    cache = (("cache", view.cache.path),)
    for metric in _metrics(view):
        samples = list(metric.samples)
        if not samples:
            continue
        name = _PREFIX + metric.name
        write(f"# HELP {name} {metric.about}\n# TYPE {name} gauge\n")
        write("".join(f"{name}{_labels((*cache, *labels))} {value}\n" for labels, value in samples))


def _labels(labels: _Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    r"""Return the value of a label as it is written; bytes that are not UTF-8 are spelt out.

    >>> print(_escaped('a"b\\c\nd\udcff'))
    a\"b\\c\nd\\udcff
    """
    text = value.encode("utf-8", "backslashreplace").decode("utf-8")
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _metrics(view: View) -> Iterator[_Metric]:
    summary = view.summary
    health, at_all = object_in(summary, "health"), object_in(summary, "reclaimable_at_all")
    yield _Metric("info", "Version of pipcacheplus; always 1.", [((("version", view.version),), 1)])
    yield _Metric("cache_bytes", "Bytes that the cache takes on disk, directories included.", _one(summary, "du_bytes"))
    yield _Metric("directories", "Directories of the cache.", _one(summary, "directories"))
    yield _Metric("directories_bytes", "Bytes that directories take on disk.", _one(summary, "directory_bytes"))
    yield _Metric("entries", "Entries by kind.", _by(summary, "by_kind", "kind", "entries"))
    yield _Metric(
        "entries_bytes", "Bytes that entries take on disk, by kind.", _by(summary, "by_kind", "kind", "disk_bytes")
    )
    yield _Metric(
        "unread_entries",
        "Entries that were not read since they were written, by kind; what of them could be removed is unknown.",
        _by(summary, "unread", "kind", "entries"),
    )
    yield _Metric(
        "reclaimable_entries",
        "Entries that prune would remove, by reason; one may have several.",
        _by(summary, "reclaimable", "reason", "entries"),
    )
    yield _Metric(
        "reclaimable_bytes",
        "Bytes on disk that prune would free, by reason.",
        _by(summary, "reclaimable", "reason", "disk_bytes"),
    )
    yield _Metric("reclaimable_any_entries", "Entries that prune would remove for any reason.", _one(at_all, "entries"))
    yield _Metric(
        "reclaimable_any_bytes", "Bytes on disk that prune would free for any reason.", _one(at_all, "disk_bytes")
    )
    yield _Metric(
        "last_use_entries",
        "Entries by the time since their last use; each in one span.",
        _by(summary, "by_last_use", "span", "entries"),
    )
    yield _Metric(
        "last_use_bytes",
        "Bytes on disk by the time since the last use of entries.",
        _by(summary, "by_last_use", "span", "disk_bytes"),
    )
    yield _Metric(
        "problem_entries",
        "Entries that pip would fail on, or use wrongly, among those that were read.",
        _one(summary, "problems"),
    )
    yield _Metric(
        "not_read_to_end_entries",
        "Entries whose file was not read to its end since it changed, so damage may be unseen.",
        _one(object_in(summary, "not_read_to_end"), "entries"),
    )
    yield _Metric(
        "filesystem_free_bytes",
        "Bytes that this user may still write to the file system of the cache.",
        _one(health, "free_bytes"),
    )


def _one(part: Part, key: str) -> _Samples:
    value = part.get(key)
    return [((), value)] if isinstance(value, int) else []


def _by(summary: Part, key: str, label: str, count: str) -> _Samples:
    parts = object_in(summary, key)
    found = ((word, object_in(parts, word).get(count)) for word in parts)
    return [(((label, word),), value) for word, value in found if isinstance(value, int)]


FORMAT = OutputFormat(
    help="metrics for the text-file collector of Prometheus' node_exporter, of info alone",
    render=_render,
    commands=("info",),
)
