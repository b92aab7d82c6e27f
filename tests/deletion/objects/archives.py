"""Wheels that are bombs, liars, or want to lie elsewhere."""

import base64
import bz2
import functools
import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping

from tests.deletion.objects.bombs import deflated
from tests.deletion.objects.ground import FORGED, Ground, hostile
from tests.readers.archives import files_of, wheel, zipped
from tests.support.builders import file_headers

__all__: list[str] = []

_MIB = 1 << 20
_TALK = f"\x1b[2J\x9b31m\u202e\n{FORGED}\r\x07"
_INFO = "hostile-1.0.dist-info"


def _both(make: Callable[[], bytes]) -> Callable[[Ground], object]:
    """Put an archive into the cache as a download and as a built wheel."""

    def build(ground: Ground) -> None:
        content = make()
        ground.cache.http_v2(
            "https://files.example/hostile-1.0-py3-none-any.whl",
            content,
            headers=file_headers(content, project="hostile", version="1.0"),
        )
        ground.cache.built_wheel("hostile", content=content)

    return build


# Written by hand, because the standard library does not lie.


def _local(name: bytes, data: bytes, *, size: int, checksum: int = 0, method: int = 8, flags: int = 0) -> bytes:
    packed = (20, flags, method, 0, 33, checksum, len(data), min(size, 0xFFFFFFFF), len(name), 0)
    return b"PK\3\4" + struct.pack("<HHHHHIIIHH", *packed) + name + data


def _central(
    name: bytes, length: int, at: int, *, size: int, checksum: int = 0, method: int = 8, flags: int = 0
) -> bytes:
    start = (20, 20, flags, method, 0, 33, checksum, length, min(size, 0xFFFFFFFF), len(name))
    return b"PK\1\2" + struct.pack("<HHHHHHIIIH", *start) + struct.pack("<HHHHII", 0, 0, 0, 0, 0, at) + name


def _end(count: int, size: int, at: int) -> bytes:
    end64 = b""
    if count > 0xFFFF:
        end64 = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, at)
        end64 += b"PK\6\7" + struct.pack("<IQI", 0, at + size, 1)
    return end64 + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, min(count, 65535), min(count, 65535), size, at, 0)


def _wheel(members: Mapping[str, bytes], *, record: bytes = b"", local: bytes = b"", central: bytes = b"") -> bytes:
    """Return a wheel with more in it, all of it in its RECORD.

    Args:
        members: More of them, or others; a RECORD among them is not completed.
        record: Rows of the RECORD.
        local: Members as they stand in the archive, behind each other.
        central: Their places in the directory, counted from the first of them.
    """
    files = {**files_of("hostile"), **members}
    if f"{_INFO}/RECORD" not in members:
        rows = b"".join(f"{name},{_digest(data)},{len(data)}\n".encode() for name, data in files.items())
        own = f"{_INFO}/RECORD".encode()
        files[f"{_INFO}/RECORD"] = (
            b"".join(r + b"\n" for r in rows.split(b"\n") if r and own not in r) + record + own + b",,\n"
        )
    whole = zipped(files)
    return _enlarged(whole, local, central) if local else whole


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _enlarged(whole: bytes, local: bytes, central: bytes) -> bytes:
    """Put members and their places into an archive."""
    at = whole.rindex(b"PK\5\6")
    count, size, start = struct.unpack("<HII", whole[at + 10 : at + 20])
    moved = bytearray(central)
    entry = 0
    while entry < len(moved):
        offset, name, extra = (
            *struct.unpack_from("<I", moved, entry + 42),
            *struct.unpack_from("<HH", moved, entry + 28),
        )
        struct.pack_into("<I", moved, entry + 42, offset + start)
        entry += 46 + name + extra
        count += 1
    directory = whole[start : start + size] + bytes(moved)
    return whole[:start] + local + directory + _end(count, len(directory), start + len(local))


@functools.cache
def _zeros_crc(count: int) -> int:
    checksum = 0
    for _ in range(count):
        checksum = zlib.crc32(b"\0" * _MIB, checksum)
    return checksum


@functools.cache
def _bomb(count: int) -> bytes:
    """Return a wheel with one member of so many MiB, honestly said."""
    data = deflated(b"\0" * _MIB, count, wbits=-15)
    size, checksum = count * _MIB, _zeros_crc(count)
    local = _local(b"zeros", data, size=size, checksum=checksum)
    central = _central(b"zeros", len(data), 0, size=size, checksum=checksum)
    return _wheel({}, record=b"zeros,,\n", local=local, central=central)


def _overlapping(members: int) -> bytes:
    """Return a wheel with members that are all the same bytes: each 64 MiB count again."""
    data = deflated(b"\0" * _MIB, 64, wbits=-15)
    more = {"size": 64 * _MIB, "checksum": _zeros_crc(64)}
    local = _local(b"zeros", data, **more)
    central = b"".join(_central(b"zeros", len(data), 0, **more) for _ in range(members))
    return _wheel({}, record=b"zeros,,\n", local=local, central=central)


@functools.cache
def _crowd(count: int) -> bytes:
    """Return a wheel of so many empty members more."""
    name = "hostile/{:07d}"
    local = [_local(name.format(n).encode(), b"", size=0, method=0) for n in range(count)]
    step = len(local[0])
    places = (_central(name.format(n).encode(), 0, n * step, size=0, method=0) for n in range(count))
    rows = "".join(f"{name.format(n)},,\n" for n in range(count))
    return _wheel({}, record=rows.encode(), local=b"".join(local), central=b"".join(places))


def _lying_zip64() -> bytes:
    """Return a zip whose 64-bit end says 2^60 members in 2^60 bytes."""
    sound = wheel("hostile")
    at = sound.rindex(b"PK\5\6")
    huge = 1 << 60
    end64 = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, huge, huge, huge, 0)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, at, 1)
    return sound[:at] + end64 + locator + b"PK\5\6" + b"\xff" * 16 + b"\0\0"


def _lying_size() -> bytes:
    """Return a wheel with a member that says that it is 4 GiB less 2, and is 10 bytes."""
    data = zlib.compress(b"x" * 10)[2:-4]
    local = _local(b"a", data, size=2**32 - 2)
    return _wheel({}, record=b"a,,\n", local=local, central=_central(b"a", len(data), 0, size=2**32 - 2))


def _encrypted() -> bytes:
    data = b"x" * 100
    local = _local(b"a", data, size=88, flags=1)
    return _wheel({}, record=b"a,,\n", local=local, central=_central(b"a", len(data), 0, size=88, flags=1))


def _method(method: int, data: bytes) -> bytes:
    more = {"size": 1 << 30, "method": method}
    return _wheel({}, record=b"a,,\n", local=_local(b"a", data, **more), central=_central(b"a", len(data), 0, **more))


def _lzma_member() -> bytes:
    """Return a wheel whose LZMA member asks for a dictionary of 4 GiB."""
    return _method(14, b"\x09\x14\x05\x00" + b"\x5d\xff\xff\xff\xff" + b"\0" * 1000)


def _many_ends() -> bytes:
    """Return a zip with an end record in the comment of an end record, again and again."""
    return wheel("hostile")[:-2] + b"\xff\xff" + b"PK\5\6" * 16_383 + b"abc"


def _long_record() -> bytes:
    local, central = _local(b"a", b"", size=0, method=0), _central(b"a", 0, 0, size=0, method=0)
    return _wheel({}, record=b"a,,\n" * 1_000_000, local=local, central=central)


def _metadata(headers: bytes) -> bytes:
    return _wheel({f"{_INFO}/METADATA": b"Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n" + headers})


def _record(rows: bytes) -> bytes:
    return _wheel({f"{_INFO}/RECORD": rows})


_ZIPS: dict[str, Callable[[], bytes]] = {
    "zip bomb of 450 MiB": lambda: _bomb(450),
    "zip of a thousand members that are one": lambda: _overlapping(1000),
    "zip of 200,000 members": lambda: _crowd(200_000),
    "zip that says 2^60 members": _lying_zip64,
    "zip with a member that says 4 GiB": _lying_size,
    "zip with an encrypted member": _encrypted,
    "zip of a method that nobody knows": lambda: _method(99, b"x" * 100),
    "zip with a member that wants a dictionary of 4 GiB": _lzma_member,
    "zip with a bzip2 bomb": lambda: _method(12, bz2.compress(b"\0" * _MIB) * 450),
    "zip of sixteen thousand ends": _many_ends,
    "zip that is cut": lambda: wheel("hostile")[:-30],
    "zip of nothing": lambda: _end(0, 0, 0),
    "zip with members that climb out": lambda: _wheel(
        {"../../../pwned": b"", "/etc/pwned": b"", "..\\pwned": b"", "C:\\pwned": b"", "a/../../b": b""}
    ),
    "zip with names that talk to the terminal": lambda: _wheel({_TALK: b"", f"{_INFO}/{_TALK}": b""}),
    "zip with a NUL in a name": lambda: _wheel({"axb": b""}).replace(b"axb", b"a\0b"),
    "zip with a name twice": lambda: _crowd(3).replace(b"hostile/0000001", b"hostile/0000000"),
    "wheel whose RECORD has a million rows": _long_record,
    "wheel whose RECORD has absolute paths": lambda: _record(b"/etc/passwd,,\n../../x,,\nC:\\x,,\n"),
    "wheel whose RECORD is one row of 50 MB": lambda: _record(b'"' + b"x" * 50_000_000),
    "wheel whose RECORD is not UTF-8": lambda: _record(b"\xff\xfe,,\n"),
    "wheel with METADATA of 100 MB": lambda: _metadata(b"\n" + b"x" * 100_000_000),
    "wheel with METADATA of a million headers": lambda: _metadata(b"Classifier: x\n" * 1_000_000),
    "wheel with METADATA of a million lines of one header": lambda: _metadata(b"License: x\n" + b" y\n" * 1_000_000),
    "wheel with METADATA that talks to the terminal": lambda: _wheel(
        {f"{_INFO}/METADATA": f"Name: {_TALK}\nVersion: {_TALK}\n".encode()}
    ),
    "wheel with a version of a million digits": lambda: _wheel(
        {f"{_INFO}/METADATA": b"Name: hostile\nVersion: " + b"1" * 1_000_000 + b"\n"}
    ),
    "wheel with a hundred thousand tags": lambda: _wheel(
        {f"{_INFO}/WHEEL": b"Wheel-Version: 1.0\n" + b"Tag: py3-none-any\n" * 100_000}
    ),
    "wheel with a tag of ten thousand parts": lambda: _wheel(
        {f"{_INFO}/WHEEL": b"Wheel-Version: 1.0\nTag: " + b"-".join([b".".join([b"a"] * 3333)] * 3)}
    ),
}
_BROKEN = {
    "zip of a thousand members that are one",
    "zip that says 2^60 members",
    "zip with a member that says 4 GiB",
    "zip that is cut",
    "zip of nothing",
    "zip with members that climb out",
    "zip with names that talk to the terminal",
    "zip with a NUL in a name",
    "wheel whose RECORD has absolute paths",
    "wheel with METADATA that talks to the terminal",
    "wheel with a version of a million digits",
}
_INCOMPATIBLE = {"wheel with a tag of ten thousand parts"}
for _what, _make in _ZIPS.items():
    _finds = {"archive-broken", "built-wheel-broken"} if _what in _BROKEN else set()
    hostile(f"a {_what}", *_finds, *(["wheel-tag-incompatible"] if _what in _INCOMPATIBLE else []))(_both(_make))


@hostile("a sparse built wheel of a tebibyte", "built-wheel-broken")
def _sparse_wheel(ground: Ground) -> None:
    ground.sparse(ground.cache.built_wheel("hostile"), 1 << 40, wheel("hostile"))


@hostile("a built wheel of a tebibyte with a sound end")
def _sparse_sound_wheel(ground: Ground) -> None:
    path = ground.cache.real(ground.cache.built_wheel("hostile"))
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.truncate(0)
        file.seek((1 << 40) - len(content))
        file.write(content)


@hostile("a built wheel whose tags are six thousand", "built-wheel-broken")
def _tags(ground: Ground) -> None:
    many = ".".join(f"a{n}" for n in range(18))
    ground.cache.write(ground.cache.built_wheel("hostile").rpartition("/")[0] + f"/h-1-{many}-{many}-{many}.whl", b"no")
