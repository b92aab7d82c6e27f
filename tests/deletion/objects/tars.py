"""Source distributions that are bombs, have no end, or want to lie elsewhere."""

import bz2
import lzma
import struct
import tarfile
import zlib
from collections.abc import Callable

from tests.deletion.objects.bombs import gzipped
from tests.deletion.objects.ground import FORGED, Ground, hostile

__all__: list[str] = []

_MIB = 1 << 20
_TALK = f"\x1b[2J\x9b31m\u202e\n{FORGED}\r\x07"


def _download(make: Callable[[], bytes]) -> Callable[[Ground], object]:
    return lambda ground: ground.pair("hostile-1.0.tar.gz", make())


def _member(name: str, **more: object) -> bytes:
    member = tarfile.TarInfo(name)
    for field, value in more.items():
        setattr(member, field, value)
    return member.tobuf(tarfile.GNU_FORMAT)


def _links_and_devices() -> bytes:
    kinds: dict[str, dict[str, object]] = {
        "link": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        "hard": {"type": tarfile.LNKTYPE, "linkname": "../../../etc/passwd"},
        "fifo": {"type": tarfile.FIFOTYPE},
        "char": {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5},
        "block": {"type": tarfile.BLKTYPE, "devmajor": 7, "devminor": 0},
        "../../pwned": {},
        "/etc/pwned": {},
        _TALK: {},
    }
    plain = b"".join(_member(name, **more) for name, more in kinds.items())
    return gzipped(plain + b"\0" * 1024, 1)


_INFO_MEMBER = _member("hostile-1.0/PKG-INFO", size=512) + b"Name: hostile\nVersion: 1.0\n".ljust(512)
_TARS: dict[str, Callable[[], bytes]] = {
    "tar that does not end": lambda: gzipped(_member("a") * 2048, 100),
    "tar of one member that does not end": lambda: gzipped(b"\0" * _MIB, 450, before=_member("a", size=1 << 33)),
    "tar of zeros": lambda: gzipped(b"\0" * _MIB, 450),
    "tar with links, devices and names that climb out": _links_and_devices,
    "tar with a name of a gibibyte": lambda: gzipped(
        b"x" * _MIB, 1024, before=_member("a", size=1 << 30, type=tarfile.GNUTYPE_LONGNAME)
    ),
    "tar with a pax header of a gibibyte": lambda: gzipped(
        b"9 a=b\n" * 100_000, 1800, before=_member("a", size=1 << 30, type=tarfile.XHDTYPE)
    ),
    "tar with a million pax headers in each other": lambda: gzipped(
        (_member("a", size=0, type=tarfile.XHDTYPE)) * 1024, 1024
    ),
    "tar with a sparse member of 2^60 bytes": lambda: gzipped(
        _member("a", size=1 << 60, type=tarfile.GNUTYPE_SPARSE) * 4, 1
    ),
    "tar with PKG-INFO of a gibibyte": lambda: gzipped(
        b"Name: x\n" * 131_072, 450, before=_member("hostile-1.0/PKG-INFO", size=1 << 30)
    ),
    "tar with a size below zero": lambda: gzipped(
        _INFO_MEMBER + _member("a")[:124] + b"\xff" * 12 + _member("a")[136:], 1
    ),
    "bzip2 bomb of a tar": lambda: bz2.compress(_member("a", size=1 << 28)) + bz2.compress(b"\0" * _MIB) * 450,
    "xz bomb of a tar": lambda: lzma.compress(_member("a", size=1 << 28)) + lzma.compress(b"\0" * _MIB) * 450,
}
_CUT = {
    "tar of one member that does not end",
    "tar with a sparse member of 2^60 bytes",
    "tar with PKG-INFO of a gibibyte",
}
for _what, _make in _TARS.items():
    hostile(f"a {_what}", *(["archive-broken"] if _what in _CUT else []))(_download(_make))


def _xz_with_dictionary() -> bytes:
    """Return an xz stream whose block header asks for a dictionary of 4 GiB - 1; its checksum is right."""
    stream = bytearray(lzma.compress(_INFO_MEMBER))
    length = (stream[12] + 1) * 4
    at = stream.index(b"\x21\x01", 12, 12 + length) + 2
    stream[at] = 40
    stream[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(stream[12 : 12 + length - 4]))
    return bytes(stream)


hostile("an xz stream that wants a dictionary of 4 GiB")(_download(_xz_with_dictionary))
