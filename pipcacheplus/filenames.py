"""How the names of projects and files are spelt, by what an archive says of itself."""

import re
from collections.abc import Iterator
from itertools import islice, product

from pipcacheplus.facts import Facts, Sdist, Wheel
from pipcacheplus.model import Entry

__all__ = ["canonical", "file_name", "file_names"]

_MAX_NAMES = 256


def canonical(name: str) -> str:
    """Return the canonical name of a project (PEP 503).

    >>> canonical("Demo._Cext")
    'demo-cext'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def file_name(facts: Facts) -> str | None:
    """Return the name that the index must have published; `None` where it could be spelt in more than one way."""
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
    """Yield the names that the index may have published a file under, likelier ones first, at most 256."""
    if entry.filename is not None:
        yield entry.filename
    match facts.payload:
        case Wheel(stem=stem, tags=tags, build=build):
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
        spelt = re.sub(r"[-_.]+", separator, name)
        yield spelt + dash + version
        yield spelt.lower() + dash + version


def _compressions(tags: tuple[str, ...]) -> Iterator[str]:
    """Yield the ways in which a set of tags is compressed: each part sorted, or in reverse."""
    columns = [sorted({tag.split("-")[i] for tag in tags}) for i in range(3)]
    ways = [list(dict.fromkeys((".".join(column), ".".join(reversed(column))))) for column in columns]
    yield from ("-".join(way) for way in product(*ways))
