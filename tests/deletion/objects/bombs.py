"""Compressed streams that hold far more than they are long, made in no time: one block, again and again."""

import struct
import zlib

__all__ = ["deflated", "gzipped"]


def deflated(block: bytes, count: int, *, before: bytes = b"", wbits: int = 15) -> bytes:
    """Return a zlib stream (`wbits=-15`: a bare one) of a block so many times; what it ends with is wrong."""
    first = zlib.compressobj(9, zlib.DEFLATED, wbits)
    start = first.compress(before) + first.flush(zlib.Z_FULL_FLUSH)
    again = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = again.compress(block) + again.flush(zlib.Z_FULL_FLUSH)
    return start + once * count + b"\x03\x00" + (b"" if wbits < 0 else b"\0" * 4)


def gzipped(block: bytes, count: int, *, before: bytes = b"") -> bytes:
    """Return a gzip stream of a block so many times; its checksum is right."""
    checksum = zlib.crc32(before)
    for _ in range(count):
        checksum = zlib.crc32(block, checksum)
    length = (len(before) + len(block) * count) & 0xFFFFFFFF
    body = deflated(block, count, before=before, wbits=-15)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + struct.pack("<II", checksum, length)
