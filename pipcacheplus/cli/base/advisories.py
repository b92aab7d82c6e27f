"""Selections from a file of digests, or from a report of vulnerable or malicious packages."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipcacheplus.errors import BadRequestError

__all__ = ["selections_in"]

_MAX_BYTES = 64 << 20
_MOST = 20_000
"""Selections that are taken from one file."""
_SHA256 = re.compile(r"(?:sha256[:=])?([0-9a-fA-F]{64})")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")
_ENDS = {"fixed": "<", "last_affected": "<="}
"""Events of OSV that end a range, each with the comparison of the versions before it."""
_FORMATS = "use one SHA-256 a line, a report of pip-audit, or an entry of OSV"


def selections_in(path: str) -> tuple[str, ...]:
    """Return the selections of a file: `sha256:…` for a digest, `name==version` for a release.

    Read are text with a SHA-256 at the beginning of each line, JSON of `pip-audit --format json` (dependencies with
    vulnerabilities), and JSON of OSV (one vulnerability, or a list; versions and ranges of packages, and digests).

    Raises:
        BadRequestError: The file cannot be read, or contains nothing of these. A line that is none of them is an error,
            too: an advisory must not be weaker than it looks.

    Source: the OSV schema 1.7, `affected[].package`, `affected[].versions`; pip-audit 2.9, `--format json`.
    """
    import json  # noqa: PLC0415 - slow to import, and of use to few

    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise BadRequestError(path, f"cannot be read ({error.strerror})", _FORMATS) from error
    if len(content) > _MAX_BYTES:
        raise BadRequestError(path, "is longer than 64 MiB", "split it")
    text = content.decode("utf-8", "replace")
    if text.lstrip()[:1] in {"{", "["}:
        try:
            found = dict.fromkeys(_of_json(json.loads(text), path))
        except (ValueError, RecursionError) as error:
            raise BadRequestError(path, "is no JSON", _FORMATS) from error
    else:
        found = dict.fromkeys(_of_lines(text, path))
    if not found:
        raise BadRequestError(path, "names no digest and no release", _FORMATS)
    if len(found) > _MOST:
        raise BadRequestError(path, f"has {len(found):,} selections, more than {_MOST:,}", "split it")
    return tuple(found)


def _of_lines(text: str, path: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        digest = _SHA256.fullmatch(words[0])
        if digest is None:
            raise BadRequestError(path, f"line {number} begins with no SHA-256", _FORMATS)
        yield f"sha256:{digest[1].lower()}"


def _of_json(document: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    for one in document if isinstance(document, list) else [document]:
        if not isinstance(one, dict):
            continue
        found = [*_of_pip_audit(one), *_of_osv(one), *_digests(one)]
        if not found and _is_osv_of_packages(one):
            # A list that names one entry less than it seems to would be a false all-clear.
            raise BadRequestError(path, f"{one.get('id', 'an entry')!s:.100} names no release and no digest", _FORMATS)
        yield from found


def _is_osv_of_packages(entry: Mapping[str, Any]) -> bool:
    return any(_python_package(affected) is not None for affected in _dicts(entry.get("affected")))


def _python_package(affected: Mapping[str, Any]) -> str | None:
    """Return the project that a part of an OSV entry is about; `None` if it is about another ecosystem."""
    package = affected.get("package")
    if not isinstance(package, dict) or str(package.get("ecosystem", "")).lower() != "pypi":
        return None
    name = package.get("name")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def _of_osv(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the releases of an OSV entry: all that it lists, and the ranges that it gives."""
    for affected in _dicts(entry.get("affected")):
        name = _python_package(affected)
        if name is None:
            continue
        versions = affected.get("versions")
        for version in versions if isinstance(versions, list) else ():
            yield from _release(name, version)
        for span in _dicts(affected.get("ranges")):
            if span.get("type") != "GIT":
                yield from _spans(name, span)


def _spans(name: str, span: Mapping[str, Any]) -> Iterator[str]:
    """Yield a selection for each part of a range, from `introduced` to `fixed`, `last_affected`, or without an end."""
    begin: str | None = None
    for event in _dicts(span.get("events")):
        for key, version in event.items():
            if not isinstance(version, str) or not _VERSION.fullmatch(version):
                continue
            if key == "introduced":
                begin = version
            elif begin is not None and key in _ENDS:
                yield f"{name}{_from(begin, more=True)}{_ENDS[key]}{version}"
                begin = None
    if begin is not None:
        yield f"{name}{_from(begin, more=False)}"


def _from(version: str, *, more: bool) -> str:
    return "" if version == "0" else f">={version}{',' if more else ''}"


def _of_pip_audit(report: Mapping[str, Any]) -> Iterator[str]:
    for dependency in _dicts(report.get("dependencies")):
        if dependency.get("vulns"):
            yield from _release(dependency.get("name"), dependency.get("version"))


def _release(name: object, version: object) -> Iterator[str]:
    if isinstance(name, str) and isinstance(version, str) and _NAME.fullmatch(name) and _VERSION.fullmatch(version):
        yield f"{name}=={version}"


def _digests(value: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Yield what stands under a key `sha256`, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "sha256":
                for digest in inner if isinstance(inner, list) else [inner]:
                    if isinstance(digest, str) and (found := _SHA256.fullmatch(digest)):
                        yield f"sha256:{found[1].lower()}"
            else:
                yield from _digests(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _digests(inner)


def _dicts(value: object) -> Iterator[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
