"""First bytes of archives and of packed data, by which their formats are distinguished."""

__all__ = ["BZIP2", "GZIP", "MAGIC_BYTES", "XZ", "ZIP_END", "ZIP_MEMBER", "format_of"]

GZIP = b"\x1f\x8b"
BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\0"
ZIP_MEMBER = b"PK\3\4"
ZIP_END = b"PK\5\6"
"""First bytes of the end record, with which an archive without members also starts."""
MAGIC_BYTES = 512
"""As many bytes as `format_of` needs: one block of a tar archive."""

_STARTS = ((GZIP, "tar.gz"), (BZIP2, "tar.bz2"), (XZ, "tar.xz"), (ZIP_MEMBER, "zip"), (ZIP_END, "zip"))
_MAGICS = tuple(magic for magic, _ in _STARTS)
_USTAR = slice(257, 262)


def format_of(front: bytes) -> str | None:
    """Return the archive format by its magic bytes, as in `Sdist.format`; `None` if it is none of them.

    >>> format_of(GZIP + b"..."), format_of(bytes(257) + b"ustar"), format_of(b"<html>")
    ('tar.gz', 'tar', None)

    Args:
        front: The first `MAGIC_BYTES` bytes.
    """
    if front.startswith(_MAGICS):
        return next(kind for magic, kind in _STARTS if front.startswith(magic))
    return "tar" if front[_USTAR] == b"ustar" else None
