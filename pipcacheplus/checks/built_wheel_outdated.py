"""A wheel that pip built cannot be loaded by this machine in its present state.

**Why it matters.** It was linked with the libraries of the day of the build. pip does not check them: it installs the
wheel from the cache, and the import fails, again after every reinstall, until the wheel is removed.

**What to do.** Remove it with `prune --outdated-builds`; pip builds it again, with the libraries that are here now.

Linux wheels that an interpreter considered can use are judged: their extension modules and scripts, and the libraries
in the same wheel that these need; in a wheel without any, all its libraries. Each of these is reported:

* a library that the loader does not find: not in the wheel, by RPATH or RUNPATH, in `LD_LIBRARY_PATH`, its cache or its
  directories, nor in the packages and the `lib` of an environment considered, from where `import torch` and the like
  load them. Which libraries those need in turn is not examined;
* a version of symbols (`GLIBC_2.38`, `GLIBCXX_3.4.32`, `OPENSSL_3.2.0`) that the library here does not have;
* another machine, another C library (musl, glibc), or another Python than the interpreters have;
* NumPy's C API of 1.x, where all interpreters considered have NumPy 2; or one that is newer than all of theirs.

Not judged are wheels for any platform, since compiled files in them come from the project and not from this build; and
on macOS and Windows all compiled wheels, which are counted.

Kept unless strictness is requested, and counted as not judged: missing drivers (CUDA, NVIDIA, ROCm, OpenGL, InfiniBand)
and libpython; and anything missing where environment modules may supply it, or where other machines mount the cache: a
wheel that took hours to compile is not removed because a login node has no GPU. `--outdated-builds=strict` removes
them, and also wheels that were built by another major version of GCC than those installed here, before a library that
they need was replaced; and wheels with a platform in their tags in which nothing is compiled, as optional extensions
that failed to build leave them. Whether the source had any extension is not known.
"""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Libraries, Library
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import always
from pipcacheplus.pips.wheel_keys import LEGACY

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.checks.base.builds import Builds
    from pipcacheplus.host.interpreters import Interpreter

__all__ = ["CHECK"]

_INSTALLS = always("installs it unchanged")
_PURE = "-any"
_SCRIPTS = ".data/scripts/"
_MAX_TOLD = 20
_ORIGIN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})")
"""The directory of the library itself; only the loader can resolve other names after a `$`."""
_LIBC = re.compile(
    r"(?:ld-linux.*|ld-musl-.*|ld64|lib(?:c|m|pthread|dl|rt|util|resolv|nsl|anl|crypt|mvec|BrokenLocale|thread_db)"
    r"(?:\.musl-.*)?)\.so(?:\.\d+)?"
)
"""Libraries of the C library, which is the machine's: no module and no package supplies another one."""
_SUPPLIED = re.compile(
    r"lib(?:cuda|nvcuvid|nvidia-.*|nvoptix|cudadebugger|GL|GLX|GLES.*|EGL|OpenGL|GLdispatch|OpenCL|vulkan|amdhip64|hip.*"
    r"|hsa-runtime64|hsakmt|rocm.*|rocblas|rocfft|rocrand|rocsolver|rocsparse|rccl|MIOpen|ze_loader|ibverbs|rdmacm|mlx\d"
    r"|efa|psm2|fabric|cxi|python\d.*)\.so(?:\..*)?"
)
"""Drivers, and libraries that the interpreter itself supplies."""
_MODULE = re.compile(r"\.(cpython-(\d)(\d+)[a-z]*|pypy(\d)(\d+)-pp\d+)-[^/]*\.(?:so|pyd)\Z")
"""The end of the name of an extension module, which names its Python."""
_STABLE = re.compile(r"\.abi\d\.so\Z")
_OWN_ABI = re.compile(r"(?:cp|pp)\d+-(?!abi\d|none)")
"""A tag of a wheel for one Python alone."""
_GCC = re.compile(r"GCC: \(.*?\) (\d{1,3})\.")
_TWO = (2, 0)


class _Reason(NamedTuple):
    message: str
    evidence: tuple[tuple[str, str], ...]
    rests_on_all: bool = False
    """Whether it may not apply to an interpreter that was not run."""


class _Wheel(NamedTuple):
    """A wheel, and those who could use it."""

    libraries: Libraries
    users: "Sequence[Interpreter]"
    builds: "Builds"
    considered: "Sequence[Interpreter]"
    built_s: float


def _run(entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    builds, libraries = context.builds, facts.libraries
    if builds is None or libraries is None or not entry.files:
        return
    if not builds.is_linux:
        if libraries.found or libraries.others:
            yield NotJudged.LIBRARIES
        return
    users = _users(entry, context.considered)
    if not users or not entry.tags or any(tag.endswith(_PURE) for tag in entry.tags):
        return  # compiled files in a wheel for any platform do not come from this build
    wheel = _Wheel(libraries, users, builds, context.considered, entry.files[0].mtime_ns / 1e9)
    certain, possible, is_judged = _judged(entry, wheel)
    reasons = [*certain, *possible] if builds.is_strict else certain
    if reasons:
        yield _verdict(reasons, context)
    elif possible or not is_judged or libraries.not_read:
        yield NotJudged.LIBRARIES


def _users(entry: Entry, considered: "Sequence[Interpreter]") -> "list[Interpreter]":
    """Return the interpreters that can use a wheel: those whose tags fit, and in whose directory it lies."""
    fit = [one for one in considered if not one.tags.isdisjoint(entry.tags)]
    is_any = entry.interpreter in {None, LEGACY}
    return fit if is_any else [one for one in fit if one.name == entry.interpreter]


def _verdict(reasons: Sequence[_Reason], context: Context) -> Verdict:
    message = "; ".join(reason.message for reason in reasons[:3])
    evidence = dict(pair for reason in reversed(reasons) for pair in reason.evidence)
    if context.unasked and all(reason.rests_on_all for reason in reasons):
        return Verdict(
            message=f"{message}, but not every interpreter of this machine was run",
            evidence=tuple(sorted(evidence.items())),
            severity=Severity.INFO,
            remedy=Remedy.NONE,
        )
    return Verdict(message=message, evidence=tuple(sorted(evidence.items())))


def _judged(entry: Entry, wheel: _Wheel) -> tuple[list[_Reason], list[_Reason], bool]:
    """Return the certain reasons, those of strict mode, and whether everything could be judged."""
    found = wheel.libraries.found
    if not found:
        return [], list(_nothing_compiled(wheel.libraries)), True
    modules = [one for one in found if _is_module(one)]
    chosen = [*modules, *(one for one in found if _SCRIPTS in one.path)] or list(found)
    machines = wheel.builds.machines(wheel.users)
    here = [one for one in chosen if one.machine in machines]
    if not machines:
        return [], [], False
    if not here:
        return list(_of_other_machines(modules, machines)), [], bool(modules)
    certain = [*_of_other_python(entry, modules, wheel.users), *_of_other_numpy(here, wheel)]
    lacks, may_lack, is_judged = _lacking(_with_needed(here, found), wheel)
    return [*lacks, *certain], [*may_lack, *_of_other_tools(here, wheel)], is_judged


def _is_module(library: Library) -> bool:
    return library.is_extension or _MODULE.search(library.path) is not None or _STABLE.search(library.path) is not None


def _with_needed(chosen: Sequence[Library], found: Sequence[Library]) -> list[Library]:
    """Return libraries with those of the same wheel that they need, directly or not."""
    by_name: dict[str, list[Library]] = {}
    for one in found:
        for name in {posixpath.basename(one.path), one.soname}:
            if name is not None:
                by_name.setdefault(name, []).append(one)
    all_of_them = {one.path: one for one in chosen}
    machines = {one.machine for one in chosen}
    left = list(chosen)
    while left:
        for name in left.pop().needed:
            for one in by_name.get(name, ()):
                if one.path not in all_of_them and one.machine in machines:
                    all_of_them[one.path] = one
                    left.append(one)
    return list(all_of_them.values())


def _nothing_compiled(libraries: Libraries) -> Iterator[_Reason]:
    if not libraries.not_read and not libraries.others:
        yield _Reason("nothing in it is compiled, although its tags name a platform", ())


def _of_other_machines(modules: Sequence[Library], machines: frozenset[str]) -> Iterator[_Reason]:
    if modules:
        built_for, here = " ".join(sorted({one.machine for one in modules})), " ".join(sorted(machines))
        yield _Reason(
            f"its extension modules are for {built_for}, and the interpreters for {here}",
            (("machine_built_for", built_for), ("interpreters_for", here)),
            rests_on_all=True,
        )


def _of_other_python(entry: Entry, modules: Sequence[Library], users: "Sequence[Interpreter]") -> Iterator[_Reason]:
    """Yield the Pythons for which all extension modules are built, if none of them is one that could use the wheel."""
    if any(_STABLE.search(one.path) or not _MODULE.search(one.path) for one in modules) or not modules:
        return
    if not all(_OWN_ABI.match(tag) for tag in entry.tags):
        return
    named = [match for one in modules if (match := _MODULE.search(one.path))]
    pythons = {f"cp{match[2]}{match[3]}" if match[2] else f"pp{match[4]}{match[5]}" for match in named}
    names = {one.name for one in users}
    if pythons.isdisjoint(names):
        built_for = " ".join(sorted({match[1] for match in named}))
        yield _Reason(
            f"its extension modules are for {built_for}, although the wheel is for {' '.join(entry.tags[:1])}",
            (("modules_for", built_for),),
        )


def _of_other_numpy(modules: Sequence[Library], wheel: _Wheel) -> Iterator[_Reason]:
    """Yield which NumPy it was built for, if all that the interpreters have are others."""
    numpys = {version for one in wheel.users for version in wheel.builds.numpys(one)}
    built_for = {one.numpy: one for one in modules if one.numpy is not None}
    if not numpys or not built_for:
        return
    have = " ".join(f"{major}.{minor}" for major, minor in sorted(numpys))
    for wanted, module in sorted(built_for.items()):
        oldest = _version(wanted)
        if wanted == "1" and min(numpys) >= _TWO:
            message = f"it was built for NumPy 1.x, and NumPy {have} is installed"
        elif wanted != "1" and oldest is not None and max(numpys) < oldest:
            message = f"it was built for NumPy {wanted} and later, and NumPy {have} is installed"
        else:
            continue
        evidence = (("numpy_built_for", wanted), ("numpy_here", have), ("library", module.path))
        yield _Reason(message, evidence, rests_on_all=True)


def _version(text: str) -> tuple[int, int] | None:
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


def _lacking(libraries: Iterable[Library], wheel: _Wheel) -> tuple[list[_Reason], list[_Reason], bool]:
    """Return what some libraries need and the machine has not, for certain and possibly, and whether all was judged."""
    libcs = sorted(wheel.builds.libcs(wheel.users))
    libraries = list(libraries)
    machines = {one.machine for one in libraries}
    known = [libc for libc in libcs if all(wheel.builds.knows_loader(libc, machine) for machine in machines)]
    if not known or known != libcs:
        return [], [], False
    # Of interpreters with different C libraries, one that can load it is enough.
    answers = [_Needs(libraries, wheel, libc) for libc in known]
    return min(
        ((one.certain, one.possible, one.is_judged) for one in answers), key=lambda one: (len(one[0]), len(one[1]))
    )


class _Needs:
    """The requirements of some libraries that a machine with one C library does not meet."""

    def __init__(self, libraries: Sequence[Library], wheel: _Wheel, libc: str) -> None:
        self._wheel = wheel
        self._libc = libc
        self._own = {
            name for one in wheel.libraries.found for name in (posixpath.basename(one.path), one.soname) if name
        }
        # The paths of the file that loads a library count for that library's needs, too.
        folders = {folder for one in wheel.libraries.found for folder in (*one.rpath, *one.runpath)}
        self._folders = sorted(folder for folder in folders if os.path.isabs(folder) and "$" not in folder)
        self._are_folders_known = not any("$" in _ORIGIN.sub("", folder) for folder in folders)
        self.is_judged = True
        self._missing: dict[str, str] = {}
        self._newer: dict[str, str] = {}
        """The missing names, each with the library that needs it."""
        self.certain: list[_Reason] = []
        self.possible: list[_Reason] = []
        for one in libraries:
            self._look(one)
        for what, lacks in ((self._missing_reason, self._missing), (self._newer_reason, self._newer)):
            for certain, reasons in ((True, self.certain), (False, self.possible)):
                of_it = {name: by for name, by in lacks.items() if self._is_certain(name) is certain}
                if of_it:
                    reasons.append(what(of_it))

    def _look(self, library: Library) -> None:
        versions = dict(library.versions)
        for name in library.needed:
            here = None if name in self._own else self._here(name, library.machine)
            if here is not None:
                self._compare(name, versions.get(name, ()), here, library)

    def _here(self, name: str, machine: str) -> list[Library] | None:
        """Return the libraries of a name, none if it is missing; `None` if it may be anywhere."""
        builds, is_libc = self._wheel.builds, _LIBC.fullmatch(name) is not None
        # Of several the loader takes the first; one that has what is needed is enough, wherever it lies.
        folders = () if is_libc else (*self._folders, *builds.prefix_folders(self._wheel.considered))
        here = [one for _, one in builds.found(name, machine, self._libc, folders=folders)]
        if here or is_libc:
            return here
        in_environment = builds.is_in_environment(name, self._wheel.considered)
        if in_environment is False and self._are_folders_known and ("/" not in name or os.path.isabs(name)):
            return []
        self.is_judged = self.is_judged and in_environment is True
        return None

    def _compare(self, name: str, versions: Sequence[str], here: Sequence[Library], library: Library) -> None:
        if not here:
            self._missing.setdefault(name, library.path)
            return
        if self._libc == "musl":
            # musl has no versions and compares none: they show for which C library a file was built.
            if any(version.startswith("GLIBC_") for version in versions):
                self._is_for_glibc(name, library)
            return
        for version in versions:
            if all(one.offered and version not in one.offered for one in here):
                self._newer.setdefault(f"{name} {version}", library.path)

    def _is_for_glibc(self, name: str, library: Library) -> None:
        if self._wheel.builds.has_loader_of_glibc():
            self.is_judged = False
        else:
            self._missing.setdefault(name, library.path)

    def _is_certain(self, lack: str) -> bool:
        name = lack.partition(" ")[0]
        builds = self._wheel.builds
        if builds.is_elsewhere is not None:
            return False
        if _LIBC.fullmatch(name):
            return True
        return builds.may_come is None and _SUPPLIED.fullmatch(name) is None

    def _missing_reason(self, missing: dict[str, str]) -> _Reason:
        names = sorted(missing)
        if self._libc == "glibc" and any("musl" in name for name in names):
            message = "it was built for musl, and the interpreters for glibc"
        elif self._libc == "musl" and any(_LIBC.fullmatch(name) for name in names):
            message = "it was built for glibc, and the interpreters for musl"
        else:
            message = f"needs {_listed(names)}, which this machine does not have"
        return _Reason(message, (("missing", " ".join(names[:_MAX_TOLD])), ("library", missing[names[0]])))

    def _newer_reason(self, newer: dict[str, str]) -> _Reason:
        names = sorted(newer)
        versions = _listed([f"{version} of {name}" for name, _, version in (lack.partition(" ") for lack in names)])
        message = f"needs {versions}, which is older here"
        return _Reason(message, (("newer", ", ".join(names[:_MAX_TOLD])), ("library", newer[names[0]])))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - as many are named
    return ", ".join(names[:3]) + more


def _of_other_tools(modules: Sequence[Library], wheel: _Wheel) -> Iterator[_Reason]:
    """Yield the compiler of a wheel, if it is not here any more and a library was replaced since the build."""
    builds = wheel.builds
    if not builds.is_strict or not builds.compilers():
        return
    versions = {match[1] for one in modules for name in one.compilers or () if (match := _GCC.match(name))}
    if not versions or versions & builds.compilers():
        return
    libcs = sorted(builds.libcs(wheel.users))
    for name, machine in sorted({(name, one.machine) for one in modules for name in one.needed}):
        for libc in libcs:
            if any(builds.changed_s(path) > wheel.built_s for path, _ in builds.found(name, machine, libc)):
                was, now = " ".join(sorted(versions)), " ".join(sorted(builds.compilers()))
                yield _Reason(
                    f"it was built by GCC {was} before {name} was replaced, and GCC {now} is here",
                    (("built_by", f"GCC {was}"), ("replaced", name)),
                )
                return


CHECK = Check(
    slug="built-wheel-outdated",
    group=Group.OUTDATED_BUILD,
    shapes=frozenset({Shape.BUILT_WHEEL}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.WHOLE,
    rows="c.libraries IS NOT NULL OR c.is_unpacked AND (typeof(e.tags) = 'blob' OR instr(e.tags, '-any') = 0)",
    run=_run,
    effects=(_INSTALLS,),
)
