"""Archives in memory, made by the standard library, and the ways to break them."""

import base64
import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from collections.abc import Mapping

__all__ = ["ANY_DAMAGE", "PACKERS", "Damage", "damaged", "files_of", "tarred", "wheel", "zipped"]

PACKERS = {
    "tar.gz": lambda data: gzip.compress(data, mtime=0),
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
    "tar": bytes,
}

Damage = tuple[int, int, int]
"""Where, relative to the length; what it is exclusive-ored with; how many bytes go there."""
ANY_DAMAGE = ((0, 0xFF, 0), (500, 0x01, 0), (990, 0x80, 0), (300, 0, 7), (999, 0x10, 2))


def zipped(files: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """Return a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
        archive.comment = comment
    return out.getvalue()


def files_of(name: str = "demo", version: str = "1.0", *, wheel: bytes | None = None) -> dict[str, bytes]:
    """Return the members of a wheel, RECORD last."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": b"VERSION = 1\n" * 50,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText\n".encode(),
        f"{info}/WHEEL": wheel or b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in files.items()]
    files[f"{info}/RECORD"] = ("".join(rows) + f"{info}/RECORD,,\n").encode()
    return files


def wheel(name: str = "demo", version: str = "1.0") -> bytes:
    """Return a sound wheel."""
    return zipped(files_of(name, version))


def tarred(files: Mapping[str, bytes], kind: str = "tar.gz", *, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive; a name that ends with a slash is a directory."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=form) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.rstrip("/"))
            member.size = len(content)
            # A fraction makes pax put a header of its own in front of the member.
            member.mtime = 1.5 if form == tarfile.PAX_FORMAT else 1
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(member, io.BytesIO(content))
    return bytes(PACKERS[kind](plain.getvalue()))


def damaged(data: bytes, damage: Damage) -> bytes:
    """Return a copy with one byte changed, or cut and stuffed there."""
    place, mask, more = damage
    if not data:
        return data
    at = place * len(data) // 1000 % len(data)
    if mask:
        data = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
    return data[:at] + b"PK\1\2\3\4\xff"[:more] + data[at + more // 2 :]


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
