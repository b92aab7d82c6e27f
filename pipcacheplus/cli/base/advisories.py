"""Selections from a file of digests, or from a report of vulnerable or malicious packages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipcacheplus.errors import BadRequestError

__all__ = ["nothing_named", "selections_in"]

_MAX_BYTES = 64 << 20
_MOST = 20_000
"""Selections that are taken from one file."""
_SHA256 = re.compile(r"(?:sha256[:=])?([0-9a-fA-F]{64})")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")
_FROM, _BEFORE, _UP_TO, _LIMIT = "introduced", "fixed", "last_affected", "limit"
"""Events of a range of OSV."""
_ORDER = (_BEFORE, _FROM, _UP_TO)
"""Of events of one version: what is introduced where a former part ends begins another, and is no part of it."""
_FIRST, _NO_LIMIT = "0", "*"
"""Versions of events: before any other, and after."""
_ANY = ">=0.dev0"
"""The range of all versions: a name alone could also be the beginning of a hash."""
_FORMATS = "use one SHA-256 a line, a report of pip-audit, or an entry of OSV"


def selections_in(path: str) -> tuple[str, ...]:
    """Return the selections of a file: `sha256:…` for a digest, `name==version` for a release, and ranges.

    Read are text with a SHA-256 at the beginning of each line, JSON of `pip-audit --format json` (dependencies with
    vulnerabilities), and JSON of OSV (one entry, or a list; versions and ranges of packages of PyPI, and digests). A
    report without vulnerabilities, and an entry that is withdrawn or about other ecosystems, name nothing: then there
    are no selections.

    Raises:
        BadRequestError: The file cannot be read, or is none of these, or a part of it cannot be used as a selection:
            an advisory must not be weaker than it looks.

    Source: the OSV schema 1.7, `affected[].package`, `versions`, `ranges`, "Evaluation", `withdrawn`; pip-audit,
    `pip_audit/_format/json.py`: `dependencies` with `name`, and `version` and `vulns` or `skip_reason`; before 2.0, the
    list alone.
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
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadRequestError(path, "is no JSON", _FORMATS) from error
        found = dict.fromkeys(_of_json(document, path))
    else:
        found = dict.fromkeys(_of_lines(text, path))
        if not found:
            raise BadRequestError(path, "names no digest and no release", _FORMATS)
    if len(found) > _MOST:
        raise BadRequestError(path, f"has {len(found):,} selections, more than {_MOST:,}", "split it")
    return tuple(found)


def nothing_named(path: str) -> str:
    """Return the sentence about a file that is a report, and names nothing."""
    return f"{path} names no vulnerable release and no digest, so nothing is searched for"


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
            raise BadRequestError(path, "has a list with more than objects", _FORMATS)
        if isinstance(one.get("dependencies"), list):
            yield from _of_pip_audit(one["dependencies"], path)
        elif isinstance(one.get("name"), str) and ("vulns" in one or "skip_reason" in one):
            yield from _of_pip_audit([one], path)
        elif isinstance(one.get("id"), str):
            yield from _of_osv(one, path)
        elif digests := [*_digests(one)]:
            yield from digests
        else:
            raise BadRequestError(path, "names no digest and no release", _FORMATS)


def _of_pip_audit(dependencies: Iterable[Any], path: str) -> Iterator[str]:
    for one in dependencies:
        if not isinstance(one, dict) or not isinstance(one.get("vulns", []), list):
            raise BadRequestError(path, "has a dependency that is none of pip-audit", _FORMATS)
        if one.get("vulns"):
            yield _release(one.get("name"), one.get("version"), path)


def _of_osv(entry: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the releases, ranges and digests of an entry, unless it was withdrawn."""
    if entry.get("withdrawn"):
        return
    yield from _digests(entry)
    for affected in _dicts(entry.get("affected")):
        name = _python_package(affected)
        if name is None:
            continue
        found = [*_of_versions(name, affected, path), *_of_ranges(name, affected, path)]
        if not found and not [*_digests(entry)]:
            # A list that names one entry less than it seems to would be a false all-clear.
            raise BadRequestError(path, f"{entry['id']:.100} names no release and no digest", _FORMATS)
        yield from found


def _python_package(affected: Mapping[str, Any]) -> object:
    """Return the name of the project that a part of an OSV entry is about; `None` if it is of another ecosystem."""
    package = affected.get("package")
    if not isinstance(package, dict) or str(package.get("ecosystem", "")).partition(":")[0].lower() != "pypi":
        return None
    return package.get("name") or ""


def _of_versions(name: object, affected: Mapping[str, Any], path: str) -> Iterator[str]:
    versions = affected.get("versions")
    return (_release(name, version, path) for version in (versions if isinstance(versions, list) else ()))


def _of_ranges(name: object, affected: Mapping[str, Any], path: str) -> Iterator[str]:
    from packaging.version import InvalidVersion  # noqa: PLC0415 - slow to import, and of use to few

    for span in _dicts(affected.get("ranges")):
        if span.get("type") == "GIT":
            continue  # of commits, which no file of a cache shows
        _release(name, _FIRST, path)
        try:
            yield from _spans(str(name), [*_dicts(span.get("events"))])
        except InvalidVersion as error:
            raise BadRequestError(path, f"has a range of {name} that cannot be used ({error})", _FORMATS) from error


def _spans(name: str, events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a selection for each part of a range, from `introduced` to `fixed`, `last_affected`, or without an end.

    Events need not be in order. Of several limits the largest counts.

    >>> [*_spans("demo", [{"fixed": "3.2"}, {"introduced": "3.0"}, {"introduced": "0"}, {"last_affected": "1.2"}])]
    ['demo<=1.2', 'demo>=3.0,<3.2.post0.dev0,!=3.2']
    >>> [*_spans("demo", [{"introduced": "0"}])], [*_spans("demo", [{"introduced": "2"}, {"limit": "4"}])]
    (['demo>=0.dev0'], ['demo>=2,<4.post0.dev0,!=4'])

    Raises:
        InvalidVersion: A version is not one of Python.
    """
    from packaging.version import Version  # noqa: PLC0415 - as above

    all_events = [(key, str(version)) for event in events for key, version in event.items()]
    limits = [version for key, version in all_events if key == _LIMIT]
    limit = "" if not limits or _NO_LIMIT in limits else _before(max(limits, key=Version))
    in_order = sorted(
        ((Version(version), key, version) for key, version in all_events if key in _ORDER),
        key=lambda event: (event[0], _ORDER.index(event[1])),
    )
    begin: str | None = None
    for _, key, version in in_order:
        if key == _FROM:
            begin = version if begin is None else begin
        elif begin is not None:
            yield _between(name, begin, _before(version) if key == _BEFORE else f"<={version}", limit)
            begin = None
    if begin is not None:
        yield _between(name, begin, "", limit)


def _between(name: str, begin: str, end: str, limit: str) -> str:
    parts = ("" if begin == _FIRST else f">={begin}", end, limit)
    return name + (",".join(filter(None, parts)) or _ANY)


def _before(version: str) -> str:
    """Return a comparison that pre-releases of a version fit too: those are before it, and `<` alone leaves them out.

    Source: PEP 440, "Exclusive ordered comparison"; the OSV schema, "Evaluation".
    """
    from packaging.version import Version  # noqa: PLC0415 - as above

    one = Version(version)
    if one.is_prerelease:
        return f"<{version}"
    return f"<{version}.dev0" if one.is_postrelease else f"<{one.public}.post0.dev0,!={one.public}"


def _release(name: object, version: object, path: str) -> str:
    """Return the selection of a release.

    Raises:
        BadRequestError: The name or the version has other characters than those of a release.
    """
    if not (
        isinstance(name, str) and isinstance(version, str) and _NAME.fullmatch(name) and _VERSION.fullmatch(version)
    ):
        problem = f"has a release that cannot be used: {str(name)[:100]!r}, {str(version)[:100]!r}"
        raise BadRequestError(path, problem, _FORMATS)
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - as above

    try:
        Version(version)
    except InvalidVersion:
        return f"{name}==={version}"  # of a time before PEP 440: 2004d
    return f"{name}=={version}"


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
