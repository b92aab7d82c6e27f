"""Size and digest of the members of a wheel by its RECORD.

Source: the binary distribution format (PEP 427, PEP 376): CSV rows of path, `algorithm=digest` in base64 without
padding, and size.
"""

import binascii
import io
from base64 import urlsafe_b64decode
from typing import NamedTuple

from pipcacheplus.model.facts import Broken, Unknown

__all__ = ["Row", "read_rows"]

_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
_EXEMPT = ("/RECORD", "/RECORD.jws", "/RECORD.p7s")


class Row(NamedTuple):
    """One row that can be compared with its member."""

    algorithm: str | None
    """`None` if there is no digest that counts; then there is no digest to compare."""
    digest: bytes
    size: int | None
    """Bytes."""


def read_rows(text: bytes, *, stem: str) -> dict[str, Row] | Broken | Unknown:
    """Return the rows by path, without RECORD itself and its signatures.

    Args:
        text: The whole file.
        stem: Name of the dist-info directory, without `.dist-info`.
    """
    import csv  # noqa: PLC0415 - only needed to read a wheel to its end

    exempt = {f"{stem}.dist-info{name}" for name in _EXEMPT}
    rows: dict[str, Row] = {}
    try:
        for path, *rest in filter(None, csv.reader(io.StringIO(text.decode("utf-8"), newline=""))):
            # Wheels made on Windows by old tools have its separator.
            name = path.replace("\\", "/")
            if name not in exempt and not name.endswith("/"):
                rows[name] = _row(*[*rest, "", ""][:2])
    except UnicodeDecodeError:
        return Unknown(reason="RECORD is not UTF-8")
    except (csv.Error, ValueError, binascii.Error):
        return Broken(reason="RECORD is garbled")
    return rows


def _row(digest: str, size: str) -> Row:
    algorithm, equals, text = digest.partition("=")
    length = int(size) if size.isascii() and size.isdigit() else None
    if not equals or algorithm.lower() not in _ALGORITHMS:
        return Row(None, b"", length)
    return Row(algorithm.lower(), urlsafe_b64decode(text + "=" * (-len(text) % 4)), length)
