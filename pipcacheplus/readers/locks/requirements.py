"""Reader of requirements, with hashes or without.

Source: pip 26.3 `docs/html/reference/requirements-file-format.md`, `_internal/req/req_file.py`.
"""

import re
import shlex
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from pipcacheplus.model.facts import Broken
from pipcacheplus.model.locks import Lock, LockedFile, LockedPackage
from pipcacheplus.pips.filenames import SDIST_SUFFIXES, canonical, project_and_version

__all__ = ["read_requirements"]

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_PER_REQUIREMENT = re.compile(r"\s(?=--(?:hash|config-settings?|global-option|build-option)(?:[=\s]|$))|\s(?=-C)")
_HASH = re.compile(r"--hash[=\s]\s*sha256:([0-9A-Fa-f]{64})")
_INCLUDE = re.compile(r"(?:-r\s*|--requirement(?:\s+|=))(\S.*)")
_EDITABLE = re.compile(r"(?:-e\s*|--editable(?:\s+|=))")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_FILES = (".whl", *SDIST_SUFFIXES)
_MAX_SHOWN = 60


def read_requirements(text: str) -> Lock | Broken:
    """Read requirements; files that they include are named, and not read."""
    packages: list[LockedPackage] = []
    includes: list[str] = []
    for number, line in _lines(text):
        if line.startswith("-"):
            if include := _INCLUDE.fullmatch(line):
                includes.append(include[1].strip("'\""))
            if not _EDITABLE.match(line):
                continue
        requirement, *_ = _PER_REQUIREMENT.split(line, maxsplit=1)
        found = _package(_EDITABLE.sub("", requirement, count=1), _HASH.findall(line))
        if found is None:
            return Broken(reason=f"line {number} is not a requirement: {requirement[:_MAX_SHOWN]!r}")
        packages += found
    return Lock(tuple(packages), tuple(includes))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers, without comments; continued lines are joined."""
    started, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), start=1):
        started = started or number
        is_comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not is_comment:
            parts.append(raw[:-1])
            continue
        parts.append("" if is_comment else raw)
        line = _COMMENT.sub("", "".join(parts)).strip()
        if line:
            yield started, line
        started, parts = 0, []
    if line := _COMMENT.sub("", "".join(parts)).strip():
        yield started, line


def _package(text: str, hashes: list[str]) -> list[LockedPackage] | None:
    """Return the packages of one requirement; none if it is a directory, `None` if it is not a requirement."""
    text = text.strip()
    digests = [digest.lower() for digest in hashes]
    try:
        wanted = Requirement(text) if "@" in text or not text.endswith(_FILES) else None
    except InvalidRequirement:
        wanted = None
    if wanted is None:
        return _place(text, digests)
    files = tuple(LockedFile(sha256=digest) for digest in digests)
    if wanted.url is not None:
        files = files or _at(wanted.url)
        return [LockedPackage(canonical(wanted.name), None, files)]
    pins = [one.version for one in wanted.specifier if one.operator in {"==", "==="} and not one.version.endswith("*")]
    return [LockedPackage(canonical(wanted.name), pins[0] if pins else None, files)]


def _at(url: str) -> tuple[LockedFile, ...]:
    """Return the file at a URL; none if it is a version control URL, whose wheels are found by name."""
    plain = url.partition("#")[0]
    if "+" in urlsplit(plain).scheme:
        return ()
    return (LockedFile(filename=unquote(urlsplit(plain).path).rpartition("/")[2] or None, url=plain),)


def _place(text: str, digests: list[str]) -> list[LockedPackage] | None:
    """Return the packages that a URL or a path names."""
    try:
        (place, *_) = shlex.split(text) or [""]
    except ValueError:
        return None
    if egg := _EGG.search(place):
        return [LockedPackage(canonical(egg[1]), None, tuple(LockedFile(sha256=one) for one in digests) or _at(place))]
    if "://" in place:
        files = _at(place)
        named = project_and_version(files[0].filename) if files and files[0].filename else None
        if named is None:
            return []
        return [LockedPackage(named[0], named[1], tuple(LockedFile(sha256=one) for one in digests) or files)]
    is_path = place.startswith((".", "/", "~")) or "/" in place or "\\" in place or place.endswith(_FILES)
    return [] if is_path else None
