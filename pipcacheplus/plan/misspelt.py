"""The search for an entry that a misspelt selection may mean, among the entries that would be removed."""

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import translate

from pipcacheplus.model.values import Area, Brief, Entry, Shape
from pipcacheplus.pips.filenames import PROJECT_NAME, canonical
from pipcacheplus.pips.layout import body_path
from pipcacheplus.plan.words import Form, Selector, selectable_names

__all__ = ["meant", "mistake_in"]

_LONG = 5
"""From this length on, two letters may differ; of three and four letters one may, and of fewer none."""
_SHORTEST = 3
_VERSION = re.compile(r"[-_ ]v?[0-9]")
_WILDCARD = re.compile(r"[*?\[]")
_DIGITS = re.compile(r"[0-9]+")
_DIGEST = re.compile(r"[0-9a-f]{8,64}", re.IGNORECASE)
_SHORT_DIGEST = re.compile(r"(?=[a-f]*[0-9])[0-9a-f]{6,7}", re.IGNORECASE)
"""With a decimal digit: `facade` is a project."""
_BARE_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)*(?:[._-]?(?:a|b|rc|post|dev)[0-9]*)*", re.IGNORECASE)
_AREAS = frozenset(area.value for area in Area)
_TOO_LONG = 512
"""Characters of a name beyond which only case and separators are compared."""


def meant(selector: Selector, entries: Iterable[Entry | Brief]) -> str | None:
    """Return a selection of an entry whose name is that of a selector but for case, separators, a letter or two.

    Names of projects are compared as a whole. In file names, URLs and ids no digit may differ, apart from the key in an
    id: another version, or another Python, is another file, and not a mistake. Of a pattern, the part before the
    first wildcard is compared with the beginnings of names.

    Args:
        selector: One that matches nothing.
        entries: Those that would be removed. Time grows with the number of different names, by a few µs for each.

    Returns:
        The name of the closest one; `None` if none is close.
    """
    return _LOOKS[selector.form](selector.what, entries) if selector.form in _LOOKS else None


def mistake_in(selector: Selector, *, project: str | None = None, excludes: bool = False) -> tuple[str, str] | None:
    """Return why a word that matches nothing must be a mistake: it names one entry, or is a version without a project.

    A project, a file name or a URL can be correct although nothing of it is cached today. An id, a hash and a path in
    the cache are copied from what a command printed.

    Args:
        selector: One that matches nothing.
        project: The project that is selected beside it, if any.
        excludes: Whether it stands behind `not:`.

    Returns:
        The problem and the next step; `None` if the word may be correct.
    """
    problem, step = _mistake(selector, project=project, excludes=excludes)
    if not problem:
        return None
    step = f"{step} If not," if step.endswith("?") else f"{step}; if it may be missing,"
    return problem, f"{step} pass `keep_missing_ok=True`"


def _mistake(selector: Selector, *, project: str | None, excludes: bool) -> tuple[str, str]:
    what = selector.what
    if what.startswith("sha256:"):
        return "no entry has this hash", "show prints hashes"
    # The name of an area is no mistake: the cache may have nothing there.
    if selector.form is Form.PATH and (selector.path or "").rstrip("/") not in _AREAS:
        return "no entry has this path", "list --format paths prints paths"
    if selector.form in {Form.PROJECT, Form.HASH}:
        if _DIGEST.fullmatch(what):
            return "no entry has this id", "list prints ids"
        if _SHORT_DIGEST.fullmatch(what):
            return "no entry has this id", "an id has 8 digits or more"
        if _BARE_VERSION.fullmatch(what):
            sign = "!=" if excludes else "=="
            return "no project has this name", f"did you mean '{project or 'PROJECT'}{sign}{what}'?"
    return "", ""


def _project(what: str, entries: Iterable[Entry | Brief]) -> str | None:
    projects = _projects(entries)
    if found := _closest(canonical(what), projects):
        return found
    # `demo-1.0` is not a version range, but can be meant as one.
    named = canonical(_VERSION.split(what, maxsplit=1)[0])
    return named if named in projects else None


def _range(what: str, entries: Iterable[Entry | Brief]) -> str | None:
    """Compare the project: if it is spelt right, other versions would be removed than those to keep."""
    name = PROJECT_NAME.search(what)
    wanted, projects = canonical(name[0] if name else what), _projects(entries)
    return None if wanted in projects else _closest(wanted, projects)


def _file(what: str, entries: Iterable[Entry | Brief]) -> str | None:
    names = {name for entry in entries for name in selectable_names(entry)}
    return _closest(what, names, key=canonical, keeps_digits=True)


def _pattern(what: str, entries: Iterable[Entry | Brief]) -> str | None:
    entries = tuple(entries)
    names = sorted({name for entry in entries for name in selectable_names(entry)})
    fits = re.compile(translate(canonical(what))).match
    if same := next((name for name in names if fits(canonical(name))), None):
        return same
    head = _WILDCARD.split(what, maxsplit=1)[0]
    named = canonical(_VERSION.split(head, maxsplit=1)[0].strip("-_."))
    projects = _projects(entries) | {canonical(_VERSION.split(name, maxsplit=1)[0]) for name in names}
    if _VERSION.search(head):  # the name is whole
        return None if named in projects else _closest(named, projects)
    return None if any(one.startswith(named) for one in projects) else _closest(named, projects, is_prefix=True)


def _url(what: str, entries: Iterable[Entry | Brief]) -> str | None:
    urls = {entry.url_shown for entry in entries if entry.url_shown is not None}
    return _closest(what.partition("#")[0], urls, key=_plain_url, keeps_digits=True)


def _plain_url(url: str) -> str:
    return url.lower().rpartition("://")[2].rstrip("/")


def _path(what: str, entries: Iterable[Entry | Brief]) -> str | None:
    """Compare paths: also an absolute one, and that of another file of the entry."""
    paths = {path: entry.id for entry in entries for path in (entry.id, *_other_paths(entry))}
    plain = what.replace("\\", "/").rstrip("/")
    parts = plain.split("/")
    for at in range(len(parts)):
        if found := paths.get("/".join(parts[at:])):
            return found
    closest = _closest(plain, paths, key=str.lower)
    return None if closest is None else paths[closest]


def _other_paths(entry: Entry | Brief) -> Iterable[str]:
    if isinstance(entry, Entry):
        return entry.paths
    return (body_path(entry.id),) if entry.shape is Shape.PAIR else ()


_LOOKS: dict[Form, Callable[[str, Iterable[Entry | Brief]], str | None]] = {
    Form.PROJECT: _project,
    Form.HASH: _project,
    Form.RANGE: _range,
    Form.FILE: _file,
    Form.PATTERN: _pattern,
    Form.URL: _url,
    Form.PATH: _path,
}


def _projects(entries: Iterable[Entry | Brief]) -> set[str]:
    return {entry.project for entry in entries if entry.project is not None}


def _closest(
    wanted: str,
    names: Iterable[str],
    *,
    key: Callable[[str], str] = str,
    keeps_digits: bool = False,
    is_prefix: bool = False,
) -> str | None:
    """Return the name with the fewest letters that differ, the first one by the alphabet if there are several."""
    wanted = key(wanted)
    compared = sorted((name, key(name)) for name in names)
    if same := _same(wanted, compared, has_separators=keeps_digits):
        return same
    digits, letters, pieces = _DIGITS.findall(wanted), set(wanted), _pieces(wanted)
    most, best = _most_edits(wanted), None
    for name, spelt in compared:
        if not most:
            break
        if sum(piece in spelt for piece in pieces) * 2 < len(pieces):
            continue
        for one in _beginnings(spelt, len(wanted), most) if is_prefix else (spelt,):
            edits = min(most, _most_edits(one))
            # Each edit changes the length by one at most, and removes or adds two letters at most.
            if abs(len(one) - len(wanted)) > edits or len(letters.symmetric_difference(one)) > 2 * edits:
                continue
            if keeps_digits and _DIGITS.findall(one) != digits:
                continue
            if (found := _edits(wanted, one, edits)) is not None:
                most, best = found - 1, name
                break
    return best


def _same(wanted: str, compared: list[tuple[str, str]], *, has_separators: bool) -> str | None:
    """Return a name with exactly this spelling, or, where separators do not matter, the same without them."""
    if same := next((name for name, spelt in compared if spelt == wanted), None):
        return same
    if has_separators:  # between numbers they make another version
        return None
    plain = wanted.replace("-", "")
    return next((name for name, spelt in compared if spelt.replace("-", "") == plain), None)


def _pieces(wanted: str) -> list[str]:
    """Return nine parts of a long name: an edit is in two of them at most, so five are in any name that is close."""
    length = len(wanted) // 9
    return [wanted[at * length : (at + 1) * length] for at in range(9)] if length > 1 else []


def _most_edits(name: str) -> int:
    if not _SHORTEST <= len(name) <= _TOO_LONG:
        return 0
    return 2 if len(name) >= _LONG else 1


def _edits(one: str, other: str, most: int) -> int | None:
    return next((count for count in range(1, most + 1) if _is_within(one, other, count)), None)


def _beginnings(name: str, length: int, edits: int) -> Iterator[str]:
    """Yield the beginnings of a name, in lengths that so many edits can make of this one."""
    for end in sorted(range(max(length - edits, 1), length + edits + 1), key=lambda end: abs(end - length)):
        yield name[:end]


def _is_within(one: str, other: str, edits: int) -> bool:
    """Return whether so many letters, put in, left out, replaced or swapped with the next, make one of the other.

    >>> _is_within("numyp", "numpy", 1), _is_within("numpy", "nunpyy", 1), _is_within("numpy", "nunpyy", 2)
    (True, False, True)
    """
    start, shorter = 0, min(len(one), len(other))
    while start < shorter and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    if not one or not other or not edits:
        return len(one) + len(other) <= edits
    return (
        _is_within(one[1:], other[1:], edits - 1)
        or _is_within(one[1:], other, edits - 1)
        or _is_within(one, other[1:], edits - 1)
        or (one[:2] == other[1::-1] and _is_within(one[2:], other[2:], edits - 1))
    )
