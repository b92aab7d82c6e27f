"""Files in ELF, made by hand: of any machine, class and byte order, with just what a loader reads."""

import struct
from collections.abc import Callable, Mapping, Sequence

__all__ = ["AARCH64", "NUMPY_1", "NUMPY_2", "X86_64", "elf"]

X86_64, AARCH64 = 62, 183

_CHECK = b"module compiled against ABI version 0x%x but this version of numpy is 0x%x\0"
NUMPY_1 = b"\0numpy.core._multiarray_umath\0_ARRAY_API\0" + _CHECK
"""What `import_array()` of NumPy 1.x leaves in a binary."""


def NUMPY_2(oldest: str) -> bytes:  # noqa: N802 - beside `NUMPY_1`
    """Return what that of NumPy 2.x leaves, in a module for all from this one on."""
    told = f"module was compiled against NumPy C-API version 0x%x (NumPy {oldest}) but the running NumPy has".encode()
    return b"\0numpy._core._multiarray_umath\0numpy.core._multiarray_umath\0" + _CHECK + told + b" 0x%x\0"


def elf(
    needed: Sequence[str] = (),
    *,
    machine: int = X86_64,
    bits: int = 64,
    is_little: bool = True,
    soname: str | None = None,
    rpath: str | None = None,
    runpath: str | None = None,
    versions: Mapping[str, Sequence[str]] | None = None,
    weak: Sequence[str] = (),
    offered: Sequence[str] = (),
    comment: str | None = "GCC: (Debian 12.2.0-14) 12.2.0",
    exports: Sequence[str] = (),
    text: bytes = b"",
    padding: int = 0,
    gap: int = 0,
) -> bytes:
    """Return a shared library.

    Args:
        needed: Libraries that it is linked with.
        machine: Number of `e_machine`.
        bits: 32 or 64.
        is_little: Byte order.
        soname: Its own name.
        rpath: Directories with colons between them.
        runpath: The same.
        versions: Of the symbols that it needs, by library.
        weak: Those of these versions that it can do without.
        offered: Versions of its own symbols.
        comment: What `.comment` says; `None` for no sections at all.
        exports: Names of symbols; only their text is in it.
        text: Any other content.
        padding: Zeros between the header's segments and everything else.
        gap: Zeros in front of the dynamic section.
    """
    order, is_wide = "<" if is_little else ">", bits == 64
    word = "Q" if is_wide else "I"
    strings = bytearray(b"\0")

    def at(name: str) -> int:
        strings.extend(name.encode() + b"\0")
        return len(strings) - len(name.encode()) - 1

    tags: list[tuple[int, int]] = [(1, at(name)) for name in needed]
    tags += [(tag, at(name)) for tag, name in ((14, soname), (15, rpath), (29, runpath)) if name is not None]
    for name in exports:
        at(name)
    needs = _needs(order, versions or {}, weak, at)
    gives = _gives(order, offered, at)
    header_bytes, segment_bytes = (64, 56) if is_wide else (52, 32)
    strings_at = header_bytes + 2 * segment_bytes + padding
    needs_at = strings_at + len(strings)
    gives_at = needs_at + len(needs)
    dynamic_at = gives_at + len(gives) + gap
    tags += [(5, strings_at), (10, len(strings))]
    tags += [(0x6FFFFFFE, needs_at), (0x6FFFFFFF, len(versions or {}))] if versions else []
    tags += [(0x6FFFFFFC, gives_at), (0x6FFFFFFD, len(offered))] if offered else []
    dynamic = b"".join(struct.pack(f"{order}2{word}", *pair) for pair in (*tags, (0, 0)))
    body = b"\0" * padding + bytes(strings) + needs + gives + b"\0" * gap + dynamic + text
    end = header_bytes + 2 * segment_bytes + len(body)
    sections, count, sections_at = b"", 0, 0
    if comment is not None:
        names = b"\0.comment\0.shstrtab\0"
        said = comment.encode() + b"\0"
        sections_at = end + len(said) + len(names)
        count = 3
        rows = ((0, 0, 0, 0), (1, 1, end, len(said)), (10, 3, end + len(said), len(names)))
        sections = said + names + b"".join(_section(order, row, is_wide=is_wide) for row in rows)
    dynamic_row, load_row = (2, dynamic_at, len(dynamic)), (1, 0, end)
    segments = b"".join(_segment(order, row, is_wide=is_wide) for row in (load_row, dynamic_row))
    identity = b"\x7fELF" + bytes([2 if is_wide else 1, 1 if is_little else 2, 1, 0]) + bytes(8)
    sizes = (header_bytes, segment_bytes, 2, 64 if is_wide else 40, count, count - 1 if count else 0)
    header = identity + struct.pack(f"{order}2HI3{word}I6H", 3, machine, 1, 0, header_bytes, sections_at, 0, *sizes)
    return header + segments + body + sections


def _segment(order: str, row: tuple[int, int, int], *, is_wide: bool) -> bytes:
    kind, offset, size = row
    if is_wide:
        return struct.pack(f"{order}2I6Q", kind, 4, offset, offset, offset, size, size, 8)
    return struct.pack(f"{order}8I", kind, offset, offset, offset, size, size, 4, 8)


def _section(order: str, row: tuple[int, int, int, int], *, is_wide: bool) -> bytes:
    name, kind, offset, size = row
    word = "Q" if is_wide else "I"
    return struct.pack(f"{order}2I4{word}2I2{word}", name, kind, 0, 0, offset, size, 0, 0, 1, 0)


def _needs(order: str, versions: Mapping[str, Sequence[str]], weak: Sequence[str], at: Callable[[str], int]) -> bytes:
    parts = b""
    files = list(versions.items())
    for number, (file, names) in enumerate(files):
        size = 16 + 16 * len(names)
        following = size if number + 1 < len(files) else 0
        parts += struct.pack(f"{order}2H3I", 1, len(names), at(file), 16, following)
        for index, name in enumerate(names):
            step = 16 if index + 1 < len(names) else 0
            parts += struct.pack(f"{order}I2H2I", 0, 2 if name in weak else 0, index + 2, at(name), step)
    return parts


def _gives(order: str, offered: Sequence[str], at: Callable[[str], int]) -> bytes:
    parts = b""
    for index, name in enumerate(offered):
        following = 28 if index + 1 < len(offered) else 0
        parts += struct.pack(f"{order}4H3I", 1, 0, index + 2, 1, 0, 20, following) + struct.pack(
            f"{order}2I", at(name), 0
        )
    return parts
