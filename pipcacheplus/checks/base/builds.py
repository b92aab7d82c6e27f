"""Find the libraries, NumPys and compilers of this machine that built wheels may need, when a check needs them.

Facts about the wheels are in the catalog; facts about the machine are never stored. Each library of the machine is
opened once in a
run: its versions are read with the reader for those of wheels. Environments are searched for a library by its name only
if the loader finds it nowhere, `_MAX_FOLDERS` directories of each at most.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from pipcacheplus.host.loader import Loader, why_libraries_may_come
from pipcacheplus.model.facts import Library, Unknown
from pipcacheplus.readers.elf import read_elf

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.host.interpreters import Interpreter

__all__ = ["Builds"]

_MAX_FOLDERS = 20_000
_PACKAGES = ("site-packages", "dist-packages")
_PREFIX_FOLDERS = ("lib", "lib64")
_NUMPY = re.compile(r"numpy-(\d{1,4})\.(\d{1,4})[^/]*\.(?:dist|egg)-info")
_MODULES = re.compile(r"python\d\.\d+t?")
_GCC = "/usr/lib/gcc"
_GCC_VERSION = re.compile(r"\d{1,3}(?:\.|\Z)")
_LINUX_TAG = re.compile(r"-linux_(\w+)\Z")


class Builds:
    """The parts of this machine that built wheels need."""

    def __init__(
        self,
        *,
        is_linux: bool = True,
        is_strict: bool = False,
        environ: Mapping[str, str] | None = None,
        why_later: str | None = None,
        root: str = "/",
    ) -> None:
        """Store what is to be examined; nothing is examined yet.

        Args:
            is_linux: Whether wheels for this system are in ELF, and its loader is one of those that we know.
            is_strict: Whether missing parts that may be supplied later, and builds by other tools, count too.
            environ: Environment variables, as loaders see them.
            why_later: Reason of the caller why missing libraries may be there later, as a clause.
            root: Directory below which the loader's files are looked for.
        """
        self.is_linux = is_linux
        self.is_strict = is_strict
        environ = {} if environ is None else environ
        self.may_come = why_libraries_may_come(environ, root=root) if is_linux else None
        """The reason why libraries other than the C library may be there later; `None` if there is none."""
        self.is_elsewhere = why_later
        """The reason why even the C library may be another one where the wheel is used."""
        self._root = root
        self._loaders = {libc: Loader(libc, environ=environ, root=root) for libc in ("glibc", "musl")}
        self._libraries: dict[str, Library | None] = {}
        self._in_environments: dict[str, frozenset[str] | None] = {}
        self._numpys: dict[Sequence[str], tuple[tuple[int, int], ...]] = {}
        self._tags: dict[Interpreter, tuple[frozenset[str], frozenset[str]]] = {}
        self._compilers: frozenset[str] | None = None

    def machines(self, interpreters: "Sequence[Interpreter]") -> frozenset[str]:
        """Return the machines for which interpreters take wheels, as `Library` names them."""
        return frozenset().union(*(self._told(one)[0] for one in interpreters))

    def libcs(self, interpreters: "Sequence[Interpreter]") -> frozenset[str]:
        """Return the C libraries of interpreters by their tags; none if the tags do not show them."""
        return frozenset().union(*(self._told(one)[1] for one in interpreters))

    def _told(self, interpreter: "Interpreter") -> tuple[frozenset[str], frozenset[str]]:
        if interpreter not in self._tags:
            self._tags[interpreter] = _machines_of(interpreter.tags), _libcs_of(interpreter.tags)
        return self._tags[interpreter]

    def knows_loader(self, libc: str, machine: str) -> bool:
        """Return whether the C library lies where its loader would find it: else the search path is unknown."""
        loader = self._loaders[libc]
        if libc == "musl":
            return os.path.exists(loader.real(loader.musl(machine)))
        return any(True for _ in self.found("libc.so.6", machine, libc))

    def has_loader_of_glibc(self) -> bool:
        """Return whether programs that were built for glibc may run on a machine with musl: gcompat brings it."""
        return any(
            name.startswith(("ld-linux", "ld64.so"))
            for folder in ("lib", "lib64")
            for name in _listed(os.path.join(self._root, folder))
        )

    def found(
        self, name: str, machine: str, libc: str, *, folders: Sequence[str] = ()
    ) -> Iterator[tuple[str, Library]]:
        """Yield path and facts of the libraries of a name that a loader would take, of this machine.

        One that cannot be read counts under its name and offers no symbol.
        """
        loader = self._loaders[libc]
        for path in loader.candidates(name, machine, folders=folders):
            library = self._library(loader.real(path))
            if library is not None and library.machine in {machine, ""}:
                yield loader.real(path), library

    def _library(self, path: str) -> Library | None:
        """Return the facts of a library of this machine; `None` if the file is not a library."""
        if path not in self._libraries:
            self._libraries[path] = _read(path)
        return self._libraries[path]

    def changed_s(self, path: str) -> float:
        """Return when a library was installed here, in seconds since 1970; 0 if that is unknown.

        Packages keep the time of writing from the machine that made them; the time of change is that of this machine.
        """
        try:
            return os.stat(path).st_ctime
        except (OSError, ValueError):
            return 0

    def prefix_folders(self, interpreters: "Sequence[Interpreter]") -> tuple[str, ...]:
        """Return the `lib` of each environment and of its base Python, from which it may load."""
        return tuple(dict.fromkeys(folder for one in interpreters for folder in _prefix_folders(one)))

    def is_in_environment(self, name: str, interpreters: "Sequence[Interpreter]") -> bool | None:
        """Return whether a library lies in an environment; `None` if one has more directories than are searched."""
        answers = [names if names is None else name in names for names in map(self._names_in, interpreters)]
        return True if True in answers else None if None in answers else False

    def _names_in(self, interpreter: "Interpreter") -> frozenset[str] | None:
        key = "\0".join((interpreter.prefix, *interpreter.search_path))
        if key not in self._in_environments:
            self._in_environments[key] = _library_names(interpreter)
        return self._in_environments[key]

    def numpys(self, interpreter: "Interpreter") -> tuple[tuple[int, int], ...]:
        """Return major and minor version of the NumPy that an interpreter would import, if there is one."""
        if interpreter.search_path not in self._numpys:
            self._numpys[interpreter.search_path] = next(filter(None, map(_numpys_in, interpreter.search_path)), ())
        return self._numpys[interpreter.search_path]

    def compilers(self) -> frozenset[str]:
        """Return the major versions of GCC that have their own directory here; no compiler is run."""
        if self._compilers is None:
            top = os.path.join(self._root, _GCC.lstrip("/"))
            names = [name for folder in _listed(top) for name in _listed(os.path.join(top, folder))]
            self._compilers = frozenset(name.partition(".")[0] for name in names if _GCC_VERSION.match(name))
        return self._compilers


def _machines_of(tags: frozenset[str]) -> frozenset[str]:
    return frozenset(_machine(match[1]) for tag in tags if (match := _LINUX_TAG.search(tag)))


def _machine(name: str) -> str:
    if name.startswith("armv") and not name.startswith("armv8b"):
        return "arm"
    return "i686" if name in {"i386", "i486", "i586", "i686"} else name


def _libcs_of(tags: frozenset[str]) -> frozenset[str]:
    found = {"musl": "-musllinux_", "glibc": "-manylinux"}
    return frozenset(libc for libc, mark in found.items() if any(mark in tag for tag in tags))


def _read(path: str) -> Library | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return None
            found = read_elf(file, status.st_size, path=path, is_offered=True)
    except OSError:
        return Library(path=path, machine="")
    if isinstance(found, Unknown):
        return Library(path=path, machine="")
    return found if isinstance(found, Library) else None


def _prefix_folders(interpreter: "Interpreter") -> Iterator[str]:
    for folder in _PREFIX_FOLDERS:
        yield os.path.join(interpreter.prefix, folder)
    # The modules of an environment's Python lie below the `lib` of that.
    for folder in interpreter.search_path:
        if _MODULES.fullmatch(os.path.basename(folder)):
            yield os.path.dirname(folder)


def _library_names(interpreter: "Interpreter") -> frozenset[str] | None:
    names: set[str] = set()
    for folder in _prefix_folders(interpreter):
        names.update(_listed(folder))
    left = [folder for folder in interpreter.search_path if os.path.basename(folder) in _PACKAGES]
    seen = 0
    while left:
        seen += 1
        if seen > _MAX_FOLDERS:
            return None
        with suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                else:
                    names.add(entry.name)
    return frozenset(name for name in names if ".so" in name)


def _numpys_in(folder: str) -> tuple[tuple[int, int], ...]:
    found = filter(None, map(_NUMPY.fullmatch, _listed(folder)))
    return tuple((int(match[1]), int(match[2])) for match in found)


def _listed(folder: str) -> Sequence[str]:
    try:
        return sorted(os.listdir(folder))
    except (OSError, ValueError):
        return ()
