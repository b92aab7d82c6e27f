"""The search for libraries as the loader of Linux does it: by its cache, its directories and the environment.

No program is run, and only the loader's own lists are opened. The caller checks whether a file is a library for the
right machine. The cache of glibc is read in both of its formats, of at most `_MAX_CACHE_BYTES`.

Sources: glibc 2.36, `sysdeps/generic/dl-cache.h` (formats), `elf/dl-load.c` (order, default directories); musl 1.2.4,
`ldso/dynlink.c` (path file, default directories, names that are the C library itself); Debian's list of architectures.
"""

import os
import stat
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

__all__ = ["Loader", "read_loader_cache", "why_libraries_may_come"]

_MAX_CACHE_BYTES = 32 << 20
_MAX_CACHED = 500_000
_MAX_PATH_BYTES = 4096
_MAX_LIST_BYTES = 64 << 10
_OLD_MAGIC = b"ld.so-1.7.0\0"
_NEW_MAGIC = b"glibc-ld.so.cache1.1"
_ORDER = "<" if sys.byteorder == "little" else ">"
_OLD_HEADER_BYTES = 16
_OLD_ENTRY = struct.Struct(_ORDER + "i2I")
_NEW_HEADER_BYTES = 48
_NEW_ENTRY = struct.Struct(_ORDER + "i3IQ")
_COUNT = struct.Struct(_ORDER + "I")
_ALIGNED = 8

_MULTIARCH = {
    "x86_64": "x86_64-linux-gnu",
    "i686": "i386-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "ppc64le": "powerpc64le-linux-gnu",
    "ppc64": "powerpc64-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "loongarch64": "loongarch64-linux-gnu",
}
_MUSL_NAMES = {"i686": "i386", "arm": "armhf", "ppc64le": "powerpc64le", "ppc64": "powerpc64"}
"""Machines with another name in musl."""
_MUSL_FOLDERS = ("/lib", "/usr/local/lib", "/usr/lib")
_MUSL_ITSELF = ("c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet.")
"""`libc.so.6`, `libm.so.6`, with any version: musl contains them all."""
_VARIABLES = ("LMOD_CMD", "LMOD_DIR", "MODULESHOME", "MODULEPATH", "LOADEDMODULES", "SPACK_ROOT", "EASYBUILD_PREFIX")
_MODULES = (
    *("/etc/modulefiles", "/etc/profile.d/lmod.sh", "/etc/profile.d/modules.sh", "/usr/share/Modules"),
    *("/usr/share/lmod", "/usr/share/modules", "/opt/cray", "/cvmfs"),
)


class Loader:
    """The loader of one C library; the contents of its lists are read once."""

    def __init__(self, libc: str, *, environ: Mapping[str, str], root: str = "/") -> None:
        """Store the C library, and the places that it searches.

        Args:
            libc: `glibc` or `musl`.
            environ: Environment variables: `LD_LIBRARY_PATH`.
            root: Directory above all paths.
        """
        self.libc = libc
        self._root = root
        named = environ.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":")
        self._named = tuple(folder for folder in named if os.path.isabs(folder))
        self._cache: dict[str, tuple[str, ...]] | None = None
        self._folders: dict[str, tuple[str, ...]] = {}
        self._is_file: dict[str, bool] = {}

    def candidates(self, name: str, machine: str, *, folders: Iterable[str] = ()) -> Iterator[str]:
        """Yield the paths of files that the loader would try, in its order; they may be of another machine.

        Args:
            name: Name of the library, `libfoo.so.1`; one with a slash is a path, and is the only place.
            machine: As in `Library`.
            folders: Directories of RPATH or RUNPATH, absolute.
        """
        if "/" in name:
            paths: Iterable[str] = (name,) if os.path.isabs(name) else ()
        else:
            paths = (os.path.join(folder, name) for folder in (*folders, *self._named))
        yield from filter(self._exists, paths)
        if "/" in name:
            return
        if self.libc == "glibc":
            yield from filter(self._exists, self._cached().get(name, ()))
        elif name.removeprefix("lib").startswith(_MUSL_ITSELF) and name.startswith("lib"):
            yield from filter(self._exists, (self.musl(machine),))
        yield from filter(self._exists, (os.path.join(folder, name) for folder in self._default(machine)))

    def real(self, path: str) -> str:
        """Return the path on the disk."""
        return os.path.join(self._root, path.lstrip("/")) if self._root != "/" else path

    def musl(self, machine: str) -> str:
        """Return the path of musl's loader, which is the C library itself."""
        return f"/lib/ld-musl-{_MUSL_NAMES.get(machine, machine)}.so.1"

    def _exists(self, path: str) -> bool:
        found = self._is_file.get(path)
        if found is None:
            try:
                found = stat.S_ISREG(os.stat(self.real(path)).st_mode)
            except (OSError, ValueError):
                found = False
            self._is_file[path] = found
        return found

    def _cached(self) -> dict[str, tuple[str, ...]]:
        if self._cache is None:
            self._cache = read_loader_cache(_content(self.real("/etc/ld.so.cache"), _MAX_CACHE_BYTES))
        return self._cache

    def _default(self, machine: str) -> tuple[str, ...]:
        found = self._folders.get(machine)
        if found is None:
            found = self._folders[machine] = tuple(self._default_folders(machine))
        return found

    def _default_folders(self, machine: str) -> Iterator[str]:
        if self.libc == "musl":
            name = f"/etc/ld-musl-{_MUSL_NAMES.get(machine, machine)}.path"
            listed = os.fsdecode(_content(self.real(name), _MAX_LIST_BYTES)).replace("\n", ":").split(":")
            yield from [folder for folder in listed if os.path.isabs(folder)] or _MUSL_FOLDERS
            return
        for top in ("/lib", "/usr/lib"):
            if machine in _MULTIARCH:
                yield f"{top}/{_MULTIARCH[machine]}"
            yield from (f"{top}64", top)


def _content(path: str, limit: int) -> bytes:
    """Return the contents of a regular file; empty, if there is none, or if it is longer."""
    with suppress(OSError, ValueError):
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                content = file.read(limit + 1)
                return content if len(content) <= limit else b""
    return b""


def read_loader_cache(data: bytes) -> dict[str, tuple[str, ...]]:
    """Return the paths that a cache of glibc has for each name; of a garbled one, the readable part.

    The new format (glibc 2.2 and later) may follow the old one, and is then the only one that counts.
    """
    if data.startswith(_NEW_MAGIC):
        return _new(data, 0)
    if not data.startswith(_OLD_MAGIC) or len(data) < _OLD_HEADER_BYTES:
        return {}
    (count,) = _COUNT.unpack_from(data, len(_OLD_MAGIC))
    end = _OLD_HEADER_BYTES + count * _OLD_ENTRY.size
    at = -(-end // _ALIGNED) * _ALIGNED
    if data[at : at + len(_NEW_MAGIC)] == _NEW_MAGIC:
        return _new(data, at)
    places = ((name, path) for _, name, path in _entries(data, _OLD_HEADER_BYTES, count, _OLD_ENTRY))
    return _paths(data, end, places)


def _new(data: bytes, start: int) -> dict[str, tuple[str, ...]]:
    if len(data) < start + _NEW_HEADER_BYTES:
        return {}
    (count,) = _COUNT.unpack_from(data, start + len(_NEW_MAGIC))
    entries = _entries(data, start + _NEW_HEADER_BYTES, count, _NEW_ENTRY)
    return _paths(data, start, ((name, path) for _, name, path, _, _ in entries))


def _entries(data: bytes, start: int, count: int, entry: struct.Struct) -> Iterator[tuple[int, ...]]:
    count = min(count, _MAX_CACHED, (len(data) - start) // entry.size)
    return entry.iter_unpack(data[start : start + count * entry.size])


def _paths(data: bytes, start: int, places: Iterable[tuple[int, int]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name_at, path_at in places:
        name, path = _text(data, start + name_at), _text(data, start + path_at)
        if name and os.path.isabs(path):
            found.setdefault(name, []).append(path)
    return {name: tuple(paths) for name, paths in found.items()}


def _text(data: bytes, at: int) -> str:
    end = data.find(b"\0", at, at + _MAX_PATH_BYTES)
    return os.fsdecode(data[at:end]) if end > at else ""


def why_libraries_may_come(environ: Mapping[str, str], *, root: str = "/") -> str | None:
    """Return the reason why libraries that are missing now may be there later, as a clause; `None` if there is none.

    Environment modules and similar tools add directories to `LD_LIBRARY_PATH` on request of a user.
    """
    has_them = any(environ.get(name) for name in _VARIABLES)
    has_them = has_them or any(os.path.lexists(os.path.join(root, path.lstrip("/"))) for path in _MODULES)
    return "environment modules of this machine may supply it" if has_them else None
