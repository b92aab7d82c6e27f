"""Wheel tags of a Python that is not on this machine, by pip's options: `--platform`, `--python-version` and so on.

Source: pip 26.3 `_internal/cli/cmdoptions.py`, `make_target_python`, and `_internal/utils/compatibility_tags.py`. Where
pip uses a platform unchanged, older ones that match it count as well (`manylinux_2_28` takes `manylinux_2_17`), and
so do the ABIs of old Pythons: a tag that is missing here would make a usable wheel count as unusable.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.interpreters import Interpreter
from pipcacheplus.host.wheel_tags import legacy_tags, manylinux_of
from pipcacheplus.model.pythons import Target

__all__ = ["target_interpreter"]

_NEXT = "write it as for pip: 3.11, 311 or 3"
_MAX_PARTS = 3
_LAST_WITH_FLAGS = (3, 7)
_MACOS = re.compile(r"macosx_(\d{1,2})_(\d{1,2})_(.+)")
_IOS = re.compile(r"ios_(\d{1,2})_(\d{1,2})_(.+)_(iphoneos|iphonesimulator)")
_ANDROID = re.compile(r"android_(\d{1,2})_(.+)")
_LINUX = re.compile(r"(manylinux|musllinux)_(\d)_(\d{1,2})_(.+)")
_LEGACY = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}


def target_interpreter(target: Target) -> Interpreter:
    """Return a target as an interpreter: without a path, a prefix or a pip.

    Raises:
        BadRequestError: The version of Python is invalid.
    """
    # Slow to import: three times the start of an interpreter.
    from packaging.tags import (  # noqa: PLC0415 - see above
        compatible_tags,
        cpython_tags,
        generic_tags,
        interpreter_name,
        interpreter_version,
    )

    version = _version_of(target.python_version or interpreter_version())
    short = target.implementation or interpreter_name()
    name = short + "".join(map(str, version))
    platforms = _expanded(target.platforms)
    if short == "cp":
        own = {str(tag) for abis in _abis(target, version) for tag in cpython_tags(version, abis, platforms)}
    else:
        own = set(map(str, generic_tags(name, target.abis or None, platforms)))
    own |= set(map(str, compatible_tags(version, name, platforms)))
    major, minor = (*version, 0)[:2]
    if len(version) > 1:
        own |= legacy_tags(short, (major, minor), own)
    return Interpreter(path="", implementation=short, version=(major, minor), prefix="", name=name, tags=frozenset(own))


def _version_of(text: str) -> tuple[int, ...]:
    """Return major and minor number of a version.

    Raises:
        BadRequestError: pip would not accept it.

    Source: pip 26.3 `_internal/cli/cmdoptions.py`, `_convert_python_version`.

    >>> _version_of("3.11.2"), _version_of("311"), _version_of("3")
    ((3, 11), (3, 11), (3,))
    """
    what, parts = f"`python_version` {text!r}", text.split(".")
    if len(parts) > _MAX_PARTS:
        raise BadRequestError(what, problem="at most three version parts are allowed", next_step=_NEXT)
    if len(parts) == 1 and len(text) > 1:
        parts = [text[0], text[1:]]
    if not all(part.isascii() and part.isdigit() and len(part) < _MAX_PARTS for part in parts):
        raise BadRequestError(what, problem="each version part must be an integer", next_step=_NEXT)
    return tuple(map(int, parts[:2]))


def _abis(target: Target, version: tuple[int, ...]) -> Iterator[Sequence[str] | None]:
    """Yield the given ABIs; without any, those of the running interpreter, and other ABIs of its time."""
    yield target.abis or None
    if not target.abis and len(version) > 1 and version <= _LAST_WITH_FLAGS:
        plain = "cp" + "".join(map(str, version))
        yield [plain, f"{plain}m", f"{plain}mu", f"{plain}u"]


def _expanded(platforms: Iterable[str]) -> list[str] | None:
    """Return platforms with those whose wheels they accept, `None` for those of this machine."""
    found = dict.fromkeys(one for name in platforms for one in (name, *_older(_normal(name))))
    return list(found) or None


def _normal(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _older(name: str) -> Iterator[str]:
    yield name
    if found := _MACOS.fullmatch(name):
        from packaging.tags import mac_platforms  # noqa: PLC0415 - as above

        yield from mac_platforms((int(found[1]), int(found[2])), found[3])
    elif found := _IOS.fullmatch(name):
        major, minor, machine, kind = int(found[1]), int(found[2]), found[3], found[4]
        versions = [(major, one) for one in range(minor + 1)]
        versions += [(one, point) for one in range(12, major) for point in range(10)]
        yield from (f"ios_{one}_{point}_{machine}_{kind}" for one, point in versions)
    elif found := _ANDROID.fullmatch(name):
        yield from (f"android_{level}_{found[2]}" for level in range(16, int(found[1])))
    elif found := _LINUX.fullmatch(name):
        word, major, minor, processor = found[1], int(found[2]), int(found[3]), found[4]
        if word == "musllinux":
            yield from (f"musllinux_{major}_{older}_{processor}" for older in range(minor))
        elif major == 2:  # noqa: PLR2004 - the only major version of glibc
            yield from manylinux_of(processor, minor)
    else:
        word, _, processor = name.partition("_")
        if word in _LEGACY:
            yield from manylinux_of(processor, _LEGACY[word])
