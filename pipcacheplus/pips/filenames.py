"""Canonical project names, and the file names that an archive's own metadata allows."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice, permutations, product

from pipcacheplus.model.facts import Facts, Sdist, Wheel
from pipcacheplus.model.values import Entry

__all__ = ["PROJECT_NAME", "SDIST_SUFFIXES", "canonical", "file_name", "file_names", "project_and_version"]

SDIST_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.Z", ".tar", ".zip")
"""Ends of the names of source distributions."""
PROJECT_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
"""The name of a project, in any spelling (the core metadata specification)."""

_SEPARATORS = re.compile(r"[-_.]+")
_MAX_NAMES = 4096
_MAX_PERMUTED = 4
_WHEEL_PARTS = (5, 6)


def canonical(name: str) -> str:
    """Return the canonical name of a project (PEP 503).

    >>> canonical("Demo._Cext")
    'demo-cext'
    """
    if "_" in name or "." in name or "--" in name:
        name = _SEPARATORS.sub("-", name)
    return name.lower()


def project_and_version(filename: str) -> tuple[str, str] | None:
    """Return the canonical project and the version in the name of a file; `None` if it is not of a wheel or sdist.

    >>> project_and_version("Demo_Cext-2.0-cp313-cp313-win32.whl"), project_and_version("demo-cext-2.0.tar.gz")
    (('demo-cext', '2.0'), ('demo-cext', '2.0'))
    >>> project_and_version("index.html"), project_and_version("demo.zip")
    (None, None)
    """
    stem = filename.removesuffix(".metadata")
    if stem.endswith(".whl"):
        parts = stem.removesuffix(".whl").split("-")
        return (canonical(parts[0]), parts[1]) if len(parts) in _WHEEL_PARTS and parts[0] and parts[1] else None
    suffix = next((end for end in SDIST_SUFFIXES if stem.endswith(end)), None)
    if suffix is None:
        return None
    name, _, version = stem.removesuffix(suffix).rpartition("-")
    return (canonical(name), version) if name and version[:1].isdigit() else None


def file_name(facts: Facts) -> str | None:
    """Return the name that the index must have published; `None` if it has more than one possible spelling."""
    match facts.payload:
        case Wheel(stem=stem, tags=tags, build=build):
            compressed = _compress(tags)
            return "-".join(filter(None, (stem, build, compressed))) + ".whl" if compressed else None
        case Sdist(top=str(top), name=str(), version=str(version), format=suffix) if top.endswith("-" + version):
            return f"{top}.{suffix}"
    return None


def _compress(tags: tuple[str, ...]) -> str | None:
    """Return the compressed set of these tags, if it can be written in one way only."""
    if not tags:
        return None
    columns = [sorted({tag.split("-")[i] for tag in tags}) for i in range(3)]
    # Several platforms or ABIs come in an order that only the index knows; several Pythons come sorted.
    if len(columns[1]) > 1 or len(columns[2]) > 1 or len(columns[0]) != len(tags):
        return None
    return "-".join(".".join(column) for column in columns)


def file_names(entry: Entry, facts: Facts) -> Iterator[str]:
    """Yield the names that the index may have published a file under, likelier ones first, at most 4,096."""
    if entry.filename is not None:
        yield entry.filename
    match facts.payload:
        case Wheel(stem=stem, tags_as_written=tags, build=build):
            stems = dict.fromkeys((stem, stem.lower(), *_respelt(stem)))
            yield from islice(
                ("-".join(filter(None, (s, build, t))) + ".whl" for t in _compressions(tags) for s in stems), _MAX_NAMES
            )
        case Sdist(top=top, name=name, version=version, format=suffix):
            stems = dict.fromkeys(filter(None, (top, f"{name}-{version}" if name and version else None)))
            for stem in stems:
                for spelling in dict.fromkeys((stem, *_respelt(stem), stem.lower())):
                    yield f"{spelling}.{suffix}"


def _respelt(stem: str) -> Iterator[str]:
    name, dash, version = stem.rpartition("-")
    for separator in "_-.":
        spelt = _SEPARATORS.sub(separator, name)
        yield spelt + dash + version
        yield spelt.lower() + dash + version


def _compressions(tags: tuple[str, ...]) -> Iterator[str]:
    """Yield the ways in which a set of tags, given in the order of WHEEL, may be compressed; likelier ones first."""
    columns = [tuple(dict.fromkeys(tag.split("-")[i] for tag in tags)) for i in range(3)]
    yield from ("-".join(map(".".join, way)) for way in product(*map(_orders, columns)))


def _orders(parts: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """Return the orders in which the parts of a compressed tag are written, each once."""
    by_number = sorted(parts, key=lambda part: [int(n) if n.isdecimal() else 0 for n in re.split(r"(\d+)", part)[1::2]])
    likely = (parts, tuple(sorted(parts)), tuple(sorted(parts, reverse=True)), tuple(by_number), tuple(by_number[::-1]))
    return dict.fromkeys((*likely, *(permutations(parts) if len(parts) <= _MAX_PERMUTED else ())))
