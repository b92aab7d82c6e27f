"""Machines for built wheels, made up: directories with libraries, interpreters, wheels with what is compiled."""

import struct
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pipcacheplus.host.interpreters import Interpreter
from tests.support import artefacts
from tests.support.builders import DAY_S, Cache
from tests.support.elves import elf

__all__ = ["CP311", "LIBC", "MODULE", "TAG", "compiled", "interpreter", "loader_cache", "machine"]

TAG = "cp311-cp311-linux_x86_64"
MODULE = "_demo.cpython-311-x86_64-linux-gnu.so"
LIBC = "lib/x86_64-linux-gnu/libc.so.6"
CP311 = Interpreter(
    path="/usr/bin/python3.11",
    implementation="cp",
    version=(3, 11),
    prefix="/nonexistent",
    name="cp311",
    tags=frozenset({TAG, "cp311-cp311-manylinux_2_36_x86_64", "cp311-abi3-linux_x86_64", "py3-none-any"}),
)
"""A Python 3.11 of a machine with glibc."""


def interpreter(**changes: object) -> Interpreter:
    """Return that one with changes."""
    return replace(CP311, **changes)  # type: ignore[arg-type] # any field


def machine(folder: Path, libraries: Mapping[str, bytes] | None = None) -> Path:
    """Make a directory with these files, and a C library of glibc 2.36; return it."""
    files = {LIBC: elf(soname="libc.so.6", offered=("GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.36")), **(libraries or {})}
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def compiled(
    cache: Cache,
    files: Mapping[str, bytes],
    *,
    project: str = "demo",
    tag: str = TAG,
    interpreter: str | None = "311",
    age_s: float = 7 * DAY_S,
) -> str:
    """Build a wheel with these files into a cache, and return its path."""
    content = artefacts.wheel(cache.path.parent / "made", project, tag=tag, files=files).read_bytes()
    return cache.built_wheel(project, tag=tag, content=content, interpreter=interpreter, age_s=age_s)


def loader_cache(paths: Mapping[str, str], *, is_old: bool = False, is_combined: bool = False) -> bytes:
    """Return a cache of glibc's loader: path by name, in the new format, the old one, or both."""
    order = "<" if sys.byteorder == "little" else ">"
    strings = bytearray()
    places = []
    for name, path in paths.items():
        places.append((len(strings), len(strings) + len(name) + 1))
        strings += f"{name}\0{path}\0".encode()
    old = b"ld.so-1.7.0\0" + struct.pack(f"{order}I", len(places))
    old += b"".join(struct.pack(f"{order}i2I", 3, *place) for place in places)
    if is_old:
        return old + strings
    start = 48 + 24 * len(places)
    new = b"glibc-ld.so.cache1.1" + struct.pack(f"{order}2I4x4I", len(places), len(strings), 0, 0, 0, 0)
    new += b"".join(struct.pack(f"{order}i3IQ", 0x303, start + name, start + path, 0, 0) for name, path in places)
    new += bytes(strings)
    return old + bytes(-len(old) % 8) + new if is_combined else new
