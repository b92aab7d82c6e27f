"""The wheel tags of an interpreter, computed from its facts; this module runs nothing and reads nothing.

The rules are those of `packaging.tags`, with explicit arguments where it would use the running interpreter, and
those of old pips, whose lists of tags were wider in places. If in doubt a tag is included: a tag that is missing here
would make a usable wheel count as unusable.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from pipcacheplus.host.interpreter_probe import InterpreterFacts

__all__ = ["legacy_tags", "manylinux_of", "platforms_of", "short_name", "tags_of"]

_LOWEST_GLIBC_MINOR = {"x86_64": 5, "i686": 5}
_OTHER_GLIBC_MINOR = 17
_MANYLINUX = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_GLIBC_MAJOR = 2

_LAST_WITH_PYMALLOC = (3, 7)
_LAST_WITH_UNICODE_WIDTH = (3, 2)
_FIRST_MACOS_OF_TODAY = 11

_LAST_PYTHON_OF_PIP_7 = (3, 5)
_PYTHONS_WITH_UNDERSCORE = frozenset({(3, 10), (3, 11)})
_TWO_DIGIT_MINOR = re.compile(r"\b(cp|py)3(1[01])\b")


def short_name(implementation: str) -> str:
    """Return the name of an implementation as in tags.

    >>> short_name("cpython"), short_name("graalpy")
    ('cp', 'graalpy')
    """
    return {"cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy"}.get(implementation, implementation)


def tags_of(found: InterpreterFacts, *, also_platforms: Iterable[str] = ()) -> frozenset[str]:
    """Return every wheel tag (`py3-none-any`) that any pip of this interpreter accepts.

    Args:
        found: The facts of the interpreter.
        also_platforms: Platforms that match besides those that follow from the facts.
    """
    # Slow to import: three times the start of an interpreter.
    from packaging.tags import compatible_tags, cpython_tags, generic_tags  # noqa: PLC0415 - see above

    # Never empty: packaging would put in the platforms of the running interpreter.
    platforms = tuple(dict.fromkeys((*platforms_of(found), *also_platforms)))
    short = short_name(found.implementation)
    name = f"{short}{found.version[0]}{found.version[1]}"
    if short == "cp":
        own = cpython_tags(found.version, _cpython_abis(found), platforms)
    else:
        own = generic_tags(name, _generic_abis(found), platforms)
    known = {str(tag) for tags in (own, compatible_tags(found.version, name, platforms)) for tag in tags}
    known |= legacy_tags(short, found.version, known, pypy_version=found.pypy_version, macos=found.macos)
    return frozenset(known)


def _cpython_abis(found: InterpreterFacts) -> tuple[str, ...]:
    # As `_cpython_abis` of packaging 26.3 `tags.py`; from 3.8 on a debug build loads what others load, too.
    plain = f"cp{found.version[0]}{found.version[1]}" + "t" * found.is_free_threaded
    if found.version > _LAST_WITH_PYMALLOC:
        return (plain, plain + "d") if found.is_debug else (plain,)
    flags = "d" * found.is_debug + "m" * found.has_pymalloc
    return (plain + flags + "u" * (found.version <= _LAST_WITH_UNICODE_WIDTH and found.is_wide_unicode),)


def _generic_abis(found: InterpreterFacts) -> tuple[str, ...]:
    # packaging 26.3 `tags.py`, `_generic_abi`, reads EXT_SUFFIX; pip up to 20.3 uses SOABI unchanged.
    parts = found.ext_suffix.split(".")
    stem = parts[1].split("-") if len(parts) > 2 else []  # noqa: PLR2004 - ".stem.so"
    kept = stem[: 3 if stem and stem[0].startswith("graalpy") else 2]
    return tuple(_normal(abi) for abi in ("-".join(kept), found.soabi) if abi)


def platforms_of(found: InterpreterFacts) -> Iterator[str]:
    """Yield the platforms whose wheels match, at least one.

    glibc and musl count as in PEP 600 and PEP 656. Two checks of packaging are left out, so that the list
    may be longer: a module `_manylinux` that forbids, and the ELF header on 32-bit ARM.
    """
    platform = _normal(found.platform)
    if found.macos is not None and platform.startswith("macosx_"):
        # Slow to import, see `tags_of`.
        from packaging.tags import mac_platforms  # noqa: PLC0415 - see above

        yield from mac_platforms(found.macos, _mac_processor(found))
    if not platform.startswith("linux_"):
        yield platform
        return
    for processor in _linux_processors(found, platform.removeprefix("linux_")):
        yield f"linux_{processor}"
        if found.libc == "glibc" and found.libc_version[0] == _GLIBC_MAJOR:
            yield from manylinux_of(processor, found.libc_version[1])
        elif found.libc == "musl":
            major, minor = found.libc_version
            yield from (f"musllinux_{major}_{older}_{processor}" for older in range(minor + 1))


def _normal(platform: str) -> str:
    return re.sub(r"[-. ]", "_", platform)


def _mac_processor(found: InterpreterFacts) -> str:
    if found.pointer_bytes == 8:  # noqa: PLR2004 - bytes
        return found.machine
    return "ppc" if found.machine.startswith("ppc") else "i386"


def _linux_processors(found: InterpreterFacts, processor: str) -> tuple[str, ...]:
    if found.pointer_bytes == 4:  # noqa: PLR2004 - bytes
        # A 32-bit Python under a 64-bit kernel reports the kernel's processor.
        processor = {"x86_64": "i686", "aarch64": "armv8l"}.get(processor, processor)
    return ("armv8l", "armv7l") if processor == "armv8l" else (processor,)


def manylinux_of(processor: str, glibc_minor: int) -> Iterator[str]:
    """Yield the platforms of PEP 600, and those before it, whose wheels match glibc 2 of this minor version."""
    for minor in range(_LOWEST_GLIBC_MINOR.get(processor, _OTHER_GLIBC_MINOR), glibc_minor + 1):
        yield f"manylinux_{_GLIBC_MAJOR}_{minor}_{processor}"
        if minor in _MANYLINUX:
            yield f"{_MANYLINUX[minor]}_{processor}"


def legacy_tags(
    short: str,
    version: tuple[int, int],
    known: Collection[str],
    *,
    pypy_version: tuple[int, int] | None = None,
    macos: tuple[int, int] | None = None,
) -> frozenset[str]:
    """Return the tags that pips up to 20.3 accept and packaging does not list any more.

    - `cp3-none-any`: pip 6.0 to 19.3.
    - `cp26-none-any` under 2.7: pip 6.0 to 7.1, for Pythons up to 3.5.
    - `cp3_10-…`: pip 20.0 to 20.2, which start under no Python after 3.11.
    - `pp373-…` for PyPy 7.3 under 3.6: pip 6.0 to 19.3 count PyPy's own version.
    - `macosx_11_6_…`: pip up to 20.3 counts the minor versions of macOS 11 and later.

    The last two were read, not seen. Source: pip 7.1.2 `pep425tags.py`, 19.3.1 `_internal/pep425tags.py`, 20.0.2
    `_vendor/packaging/tags.py`.

    >>> sorted(legacy_tags("cp", (3, 11), ["cp311-none-any"]))
    ['cp3-none-any', 'cp3_11-none-any']
    """
    major, minor = version
    found = {f"{short}{major}-none-any"}
    if version <= _LAST_PYTHON_OF_PIP_7:
        found |= {f"{short}{major}{older}-none-any" for older in range(minor)}
    if version in _PYTHONS_WITH_UNDERSCORE:
        found |= {_TWO_DIGIT_MINOR.sub(r"\g<1>3_\2", tag) for tag in known}
    if pypy_version is not None:
        own, former = f"{short}{major}{minor}-", f"{short}{major}{pypy_version[0]}{pypy_version[1]}-"
        found |= {former + tag.removeprefix(own) for tag in known if tag.startswith(own)}
    if macos is not None and macos[0] >= _FIRST_MACOS_OF_TODAY:
        first = f"-macosx_{macos[0]}_0_"
        later = [f"-macosx_{macos[0]}_{point}_" for point in range(1, macos[1] + 1)]
        found |= {tag.replace(first, point) for tag in known if first in tag for point in later}
    return frozenset(found.difference(known))
