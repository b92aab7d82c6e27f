"""Header fields of METADATA, PKG-INFO and WHEEL, and a METADATA that is served beside a wheel."""

import re
from collections.abc import Iterable, Iterator

from pipcacheplus.model.facts import Broken, Metadata

__all__ = ["MAX_HEADER_BYTES", "fields", "name_and_version", "read_metadata"]

MAX_HEADER_BYTES = 1 << 20
"""Most bytes of a METADATA or PKG-INFO that are read; the header of the largest known ones takes a tenth."""
_MAX_VALUE_CHARS = 1024
_USUAL = re.compile(rb"Metadata-Version:[^\n]*\nName:([^\n]*)\nVersion:([^\n]*)")
"""The front of nearly every file: the three fields that have to be there, as every build back end writes them."""


def fields(data: bytes) -> Iterator[tuple[str, str]]:
    r"""Yield the header fields in order, names in lower case, up to the first line that is not a field.

    Of a folded field only the first line is given: the fields that are read here are never folded.

    >>> list(fields(b"Name: demo\r\nLicense: one\n  two\nVersion:1.0\n\nName: other"))
    [('name', 'demo'), ('license', 'one'), ('version', '1.0')]
    """
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        at = end + 1
        if line[:1] in {b" ", b"\t"}:
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            return
        yield name.strip().decode("latin-1").lower(), value.strip().decode("utf-8", "replace")


def name_and_version(data: bytes) -> tuple[str, str] | Broken:
    """Return the first Name and the first Version of a header; nothing behind them is read."""
    usual = _USUAL.match(data)
    if usual is not None:
        name, version = usual[1].strip(), usual[2].strip()
        if 0 < len(name) <= _MAX_VALUE_CHARS and 0 < len(version) <= _MAX_VALUE_CHARS:
            return name.decode("utf-8", "replace"), version.decode("utf-8", "replace")
    return _name_and_version(fields(data))


def _name_and_version(pairs: Iterable[tuple[str, str]]) -> tuple[str, str] | Broken:
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in {"name", "version"} and found.setdefault(name, value) and len(found) == 2:  # noqa: PLR2004 - both
            break
    for name in ("name", "version"):
        if not found.get(name):
            return Broken(reason=f"no {name.capitalize()} in the metadata")
        if len(found[name]) > _MAX_VALUE_CHARS:
            return Broken(reason=f"{name.capitalize()} in the metadata is longer than {_MAX_VALUE_CHARS} characters")
    return found["name"], found["version"]


def read_metadata(data: bytes) -> Metadata | Broken:
    """Read a METADATA file that is served beside a wheel (PEP 658).

    Args:
        data: All of it, or at least its header.
    """
    if not data:
        return Broken(reason="is empty", offset=0, is_cut=True)
    if not data[:17].lower().startswith(b"metadata-version:"):
        return Broken(reason="does not start with Metadata-Version", offset=0)
    found = name_and_version(data[:MAX_HEADER_BYTES])
    if isinstance(found, Broken):
        return Broken(reason=found.reason, is_cut=_ends_in_header(data))
    return Metadata(name=found[0], version=found[1])


def _ends_in_header(data: bytes) -> bool:
    return b"\n\n" not in data and b"\n\r\n" not in data
