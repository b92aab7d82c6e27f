"""Understand one word of a selection: `numpy`, `numpy<2`, a file name, a glob, a URL, a path, `kind:wheel`.

docs/reference/selections.md has the grammar. The form of a word alone decides what it means, never what happens to be
in the cache; only hexadecimal digits can be both a project and the beginning of a hash, and then both readings are
kept apart (`Selector.readings`), so that an ambiguous word can be refused.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.arguments import moment_in_seconds
from pipcacheplus.model.spelling import did_you_mean
from pipcacheplus.model.units import date_or_age, size_bytes
from pipcacheplus.model.values import Area, Brief, Entry, Group, Kind, OriginFacts, Shape
from pipcacheplus.pips.credentials import shown_text
from pipcacheplus.pips.filenames import PROJECT_NAME, SDIST_SUFFIXES, canonical
from pipcacheplus.pips.layout import HTTP_AREAS, area_of, body_path, key_of, page_key
from pipcacheplus.pips.urls import spellings
from pipcacheplus.plan.ids import digits_of_path, key_in_path
from pipcacheplus.plan.lookups import Lookups, Need

__all__ = ["WIDE", "WIDEST", "Form", "Selector", "is_of_host", "keys_of", "matches", "parse_word", "selectable_names"]

_T = TypeVar("_T")
_Test = Callable[[Entry | Brief], bool]

_ACCEPTED = (
    "pass a project (numpy), a version range ('numpy<2'), a file name or glob ('six-1.*.whl'), kind:KIND, or the path"
    " or URL of an entry"
)
_RANGE = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*\(?\s*(?:[<>~!=]=|[<>=])")
_NAME_AND_VERSION = re.compile(rf"({PROJECT_NAME.pattern})\s+(\d\S*)")
_COMPARISON = re.compile(r"(size|written|used)\s*(>=|<=|>|<)\s*(.+)")
_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9-]+):(?!//)(.*)", re.DOTALL)
"""Two letters at least: one is a drive of Windows."""
_WILDCARDS = re.compile(r"[*?\[]")
_HASH = re.compile(r"[0-9a-f]{8,64}")
_SUFFIXES = (".whl", ".whl.metadata", *SDIST_SUFFIXES)
_LONGEST = 4096


class _Word(NamedTuple):
    """A word that states a fact."""

    what: str
    """All of it, for errors."""
    value: str
    """What stands behind the colon, or the sign."""
    now_s: float
    lookups: Lookups


class Form(Enum):
    """How a word is written."""

    FACT = auto()
    """`kind:wheel`, `host:example.com`."""
    MEASURE = auto()
    """`older:30d`, `size>1GB`, `area:http`."""
    URL = auto()
    URL_PATTERN = auto()
    PATH = auto()
    PATH_PATTERN = auto()
    RANGE = auto()
    PATTERN = auto()
    FILE = auto()
    HASH = auto()
    """Eight hexadecimal digits or more, which may be a project too."""
    PROJECT = auto()


WIDE = frozenset({Form.PATTERN, Form.URL_PATTERN, Form.PATH_PATTERN})
"""Forms of words of which one that is mistaken can mean every file that has a name."""
WIDEST = frozenset({Form.MEASURE, Form.PATH})
"""Forms of words of which one that is mistaken can mean everything."""


class Selector(NamedTuple):
    """A word that was understood."""

    what: str
    """As the user wrote it."""
    form: Form
    fits: _Test
    """Whether an entry is meant by its content; its path counts besides, and `matches` knows what else does."""
    path: str | None = None
    """Of an entry that the word can be the path of, below the cache directory."""
    may_be_foreign: bool = False
    project: str | None = None
    """The only project of which an entry can fit, by its content; canonical."""
    readings: Callable[[Entry | Brief], frozenset[str]] | None = None
    """In which ways an entry fits a word that can be read in several: the word for it is different for each."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of which an entry has one if it fits, as `keys_of` has them; nothing if any entry may fit."""
        path = () if self.path is None else (f"path {self.path.rstrip('/')}",)
        if self.form in {Form.PROJECT, Form.RANGE} and self.project is not None:
            return (f"project {self.project}", *path)
        if self.form is Form.FILE:
            return (f"name {self.what}", *path)
        return path if self.form is Form.PATH else ()


def parse_word(
    what: str, *, cache_dir: str | None = None, now_s: float | None = None, lookups: Lookups | None = None
) -> Selector:
    """Understand a word.

    The forms are tried in this order: a word with a colon (`kind:wheel`) or a comparison of size or time, a URL (has
    `://`), a path (has `/`), a version range (has a comparison), a glob of file names, a file name (ends as wheels and
    source distributions end), hexadecimal digits, a project.

    Args:
        what: The word.
        cache_dir: Of the cache: paths of files in it are understood as they stand.
        now_s: The present, in seconds since 1970, from which ages count.
        lookups: What the word may look up when an entry is compared with it; it notes what it needs.

    Raises:
        BadRequestError: It has none of these forms, or says something that does not exist.
    """
    if not what.strip() or len(what) > _LONGEST or "\0" in what:
        raise BadRequestError(repr(shown_text(what)[:40]), "selects nothing", _ACCEPTED)
    now_s = time.time() if now_s is None else now_s
    word = _Word(what, "", now_s, Lookups() if lookups is None else lookups)
    if compared := _COMPARISON.fullmatch(what.strip()):
        fact, sign, value = compared.groups()
        return Selector(what, Form.MEASURE, _of_comparison(word._replace(value=value), fact, sign))
    prefixed = _PREFIX.fullmatch(what)
    if prefixed and (makes := _FACTS.get(prefixed[1])):
        may_be_foreign = what == f"kind:{Kind.FOREIGN.value}"
        form = Form.MEASURE if prefixed[1] in _MEASURES else Form.FACT
        return Selector(what, form, makes(word._replace(value=prefixed[2])), may_be_foreign=may_be_foreign)
    if "://" in what:
        return _url(what)
    if prefixed and not os.path.isabs(what):
        near = did_you_mean(prefixed[1], _FACTS, form="{}:")
        raise _refusal(what, f"there is no {prefixed[1]}:", near or _WORDS)
    if "/" in what or (os.sep != "/" and os.sep in what):
        return _path(what, cache_dir)
    return _name(what)


def _refusal(what: str, problem: str, next_step: str = _ACCEPTED) -> BadRequestError:
    return BadRequestError(repr(shown_text(what)), problem, next_step)


def matches(selector: Selector, entry: Entry | Brief) -> bool:
    """Return whether an entry is meant. A foreign one is meant only by its path and by `kind:foreign`."""
    if entry.id == selector.path:
        return True
    if entry.shape is Shape.FOREIGN and not selector.may_be_foreign:
        return False
    return selector.fits(entry)


def selectable_names(entry: Entry | Brief) -> tuple[str, ...]:
    """Return the file names that an entry can be selected by."""
    # Of a built wheel also the file's own name, which is what lies there.
    own = entry.id.rpartition("/")[2] if entry.shape is Shape.BUILT_WHEEL else None
    return tuple(name for name in (entry.filename, own) if name is not None)


def keys_of(entry: Entry | Brief) -> Iterator[str]:
    """Yield what an entry can be looked up by: its project, its names, its paths and the directories it lies in."""
    if entry.project is not None:
        yield f"project {entry.project}"
    yield from (f"name {name}" for name in selectable_names(entry))
    path = entry.id
    if area_of(path) in HTTP_AREAS:
        yield f"path {body_path(path)}"
    while path:
        yield f"path {path}"
        path = path.rpartition("/")[0]


def _name(what: str) -> Selector:
    if _RANGE.match(what):
        project = canonical(PROJECT_NAME.findall(what)[0])
        return Selector(what, Form.RANGE, _in_range(what), path=what, project=project)
    if named := _NAME_AND_VERSION.fullmatch(what.strip()):
        project, version = canonical(named[1]), named[2]
        return Selector(
            what, Form.RANGE, lambda entry: (entry.project, entry.version) == (project, version), project=project
        )
    if _WILDCARDS.search(what):
        pattern = what.lower()
        return Selector(
            what,
            Form.PATTERN,
            lambda entry: any(fnmatchcase(name.lower(), pattern) for name in selectable_names(entry)),
        )
    if what.endswith(_SUFFIXES):
        return Selector(what, Form.FILE, lambda entry: what in selectable_names(entry), path=what)
    if PROJECT_NAME.fullmatch(what):
        project = canonical(what)
        if _HASH.fullmatch(what):
            return _hash(what, project)
        return Selector(what, Form.PROJECT, lambda entry: entry.project == project, path=what, project=project)
    raise _refusal(what, "selects nothing")


def _hash(what: str, project: str) -> Selector:
    """Compare digits with the key in an entry's path, and with the SHA-224 of the path: `ShortIds` makes such words."""

    def readings(entry: Entry | Brief) -> frozenset[str]:
        digits, is_foreign = digits_of_path(entry.id), entry.shape is Shape.FOREIGN
        found = {f"hash:{digits}"} if digits.startswith(what) else set[str]()
        if not is_foreign:  # that it lies beside something of pip's means nothing
            key = key_in_path(entry.id)
            found |= {f"hash:{key}"} if key is not None and key.startswith(what) else set()
            found |= {"project"} if entry.project == project else set()
        return frozenset(found)

    return Selector(
        what, Form.HASH, lambda entry: bool(readings(entry)), path=what, may_be_foreign=True, readings=readings
    )


def _url(what: str) -> Selector:
    """Compare keys too: one that is made of a URL proves it, whether or not anything else in the cache names it."""
    keys = {page_key(spelling) for spelling in spellings(what)}

    def is_it(entry: Entry | Brief) -> bool:
        return what in {entry.url, entry.url_shown} or key_of(entry.id) in keys

    if not _WILDCARDS.search(what):
        return Selector(what, Form.URL, is_it)
    # A `?` may also begin a query.
    return Selector(
        what,
        Form.URL_PATTERN,
        lambda entry: is_it(entry) or (entry.url_shown is not None and fnmatchcase(entry.url_shown, what)),
    )


def _path(what: str, cache_dir: str | None) -> Selector:
    """Compare paths: of an entry, of the body that belongs to it, or of a directory that it lies in."""
    path = _below_cache(what, cache_dir)
    if _WILDCARDS.search(path):
        fits_path = _with_body(lambda one: fnmatchcase(one, path))
        return Selector(what, Form.PATH_PATTERN, lambda entry: fits_path(entry.id), path=path)
    folder = path.rstrip("/") + "/"
    is_it = _with_body(lambda one: one == path or one.startswith(folder))
    return Selector(what, Form.PATH, lambda entry: is_it(entry.id), path=path)


def _with_body(fits: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda id_: fits(id_) or (area_of(id_) in HTTP_AREAS and fits(body_path(id_)))


def _below_cache(what: str, cache_dir: str | None) -> str:
    """Return a path as it is below the cache directory.

    Raises:
        BadRequestError: It is absolute, or begins with a dot, and leads elsewhere.
    """
    plain = what.replace(os.sep, "/")
    is_elsewhere = os.path.isabs(what) or plain.startswith(("./", "../"))
    if not is_elsewhere:
        return plain
    if cache_dir is not None:
        head, name = os.path.split(os.path.abspath(what))
        for path in (os.path.join(head, name), os.path.join(os.path.realpath(head), name)):
            for folder in (os.path.abspath(cache_dir), os.path.realpath(cache_dir)):
                if path.startswith(start := folder.rstrip(os.sep) + os.sep):
                    return path[len(start) :].replace(os.sep, "/")
    where = "a cache" if cache_dir is None else shown_text(cache_dir)
    raise _refusal(what, f"is no path below {where}")


def _of_kind(word: _Word) -> _Test:
    kinds = {kind.value: kind for kind in Kind}
    name = word.value.strip().lower().replace(" ", "-")
    if name not in kinds:
        near = did_you_mean(name, kinds, form="kind:{}")
        raise _refusal(word.what, "names no kind", near or f"the kinds are {', '.join(kinds)}")
    return lambda entry: entry.kind is kinds[name]


def _of_area(word: _Word) -> _Test:
    areas = {area.value: area for area in Area}
    if word.value not in areas:
        near = did_you_mean(word.value, areas, form="area:{}")
        raise _refusal(word.what, "names no area", near or f"the areas are {', '.join(areas)}")
    return lambda entry: area_of(entry.id) is areas[word.value]


def _of_host(word: _Word) -> _Test:
    host = word.value.strip().lower()
    if not host or "/" in host:
        raise _refusal(word.what, "names no host", "pass a name, or a glob: host:*.example.com")
    return lambda entry: is_of_host(entry.url_shown, host)


def is_of_host(url: str | None, host: str) -> bool:
    """Return whether a URL is one of a host, a name or a glob in lower case, with its port or without."""
    try:
        parts = urlsplit(url or "")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return bool(name) and (fnmatchcase(name, host) or fnmatchcase(f"{name}:{port}", host))


def _of_python(word: _Word) -> _Test:
    """Compare the first part of tags, and the interpreter whose pip made the key of a built wheel."""
    name = word.value.strip().lower()
    if not name.isalnum():
        raise _refusal(word.what, "names no Python", "pass one as tags have it: python:cp312")
    return lambda entry: entry.interpreter == name or any(tag.startswith(f"{name}-") for tag in entry.tags)


def _of_sha256(word: _Word) -> _Test:
    digest = word.value.strip().lower()
    if not _HASH.fullmatch(digest):
        raise _refusal(word.what, "is no SHA-256", "pass 64 hexadecimal digits, or the first 8 or more")
    lookups = word.lookups
    lookups.needs.add(Need.DIGESTS)
    lookups.digests.add(digest)
    return lambda entry: entry.id in lookups.with_digest.get(digest, ())


def _of_commit(word: _Word) -> _Test:
    commit = word.value.strip().lower()
    if not _COMMIT.fullmatch(commit):
        raise _refusal(word.what, "is no commit", "pass its hexadecimal digits, 7 or more")
    return _by_origin(word, lambda origin: (origin.commit or "").lower().startswith(commit))


def _of_origin(word: _Word) -> _Test:
    """Compare the URL that a wheel was built from: all of it, a glob, or its beginning."""
    url = word.value.strip()
    if not url:
        raise _refusal(word.what, "names no origin", "pass a URL, its beginning, or a glob")
    return _by_origin(word, lambda origin: origin.url_shown.startswith(url) or fnmatchcase(origin.url_shown, url))


def _by_origin(word: _Word, is_it: Callable[[OriginFacts], bool]) -> _Test:
    """Put a test to what a wheel was built from."""
    lookups = word.lookups
    lookups.needs.add(Need.ORIGINS)

    def fits(entry: Entry | Brief) -> bool:
        origin = lookups.origins.get(entry.id)
        return origin is not None and is_it(origin)

    return fits


def _of_index(word: _Word) -> _Test:
    index = word.value.strip()
    if not index:
        raise _refusal(word.what, "names no index", "pass its URL, or its host: index:pypi.example.com")
    lookups = word.lookups
    lookups.needs.add(Need.INDEXES)
    lookups.indexes.add(index)
    return lambda entry: entry.id in lookups.of_index.get(index, ())


def _of_freshness(word: _Word) -> _Test:
    """Compare the end of the freshness lifetime; a response that pip uses forever is fresh."""
    answers = {"yes": True, "no": False}
    if word.value.strip().lower() not in answers:
        raise _refusal(word.what, "is neither yes nor no", "pass fresh:yes or fresh:no")
    wanted, now_s = answers[word.value.strip().lower()], word.now_s
    served = HTTP_AREAS
    return lambda entry: (
        area_of(entry.id) in served and (entry.fresh_until_s is None or entry.fresh_until_s > now_s) is wanted
    )


def _of_state(word: _Word) -> _Test:
    """Compare what the checks say: a group of findings, or that there is none."""
    groups = {group.value: group for group in Group}
    state = word.value.strip().lower()
    if state not in {*groups, _SOUND}:
        near = did_you_mean(state, (_SOUND, *groups), form="state:{}")
        raise _refusal(word.what, "is no state", near or f"the states are {', '.join((_SOUND, *groups))}")
    lookups = word.lookups
    lookups.needs.add(Need.STATES)
    if state == _SOUND:
        return lambda entry: entry.id not in lookups.groups
    return lambda entry: groups[state] in lookups.groups.get(entry.id, ())


def _of_comparison(word: _Word, fact: str, sign: str) -> _Test:
    """Compare a size, or a time: an age is longer than another one, a date is earlier."""
    if fact == "size":
        return _by_size(word, sign)
    moment_s, is_age = _moment(word)
    if is_age:  # what is older was written earlier
        sign = sign.translate(str.maketrans("<>", "><"))
    return _by_time(moment_s, sign) if fact == "written" else _by_use(word, moment_s, sign)


def _by_size(word: _Word, sign: str) -> _Test:
    size, compares = _read(word, size_bytes), _SIGNS[sign]
    return lambda entry: compares(entry.disk_size, size)


def _by_time(moment_s: float, sign: str) -> _Test:
    compares = _SIGNS[sign]

    def fits(entry: Entry | Brief) -> bool:
        if isinstance(entry, Brief):
            written_ns = entry.mtime_ns
        else:
            written_ns = max((file.mtime_ns for file in entry.files), default=None)
        return written_ns is not None and compares(written_ns / 1e9, moment_s)

    return fits


def _by_use(word: _Word, moment_s: float, sign: str) -> _Test:
    """Compare the last use: what was used before a moment was certainly not used since."""
    lookups = word.lookups
    lookups.needs.add(Need.USE)
    if sign in {"<", "<="}:
        return lambda entry: lookups.was_unused_since(entry, moment_s)
    return lambda entry: lookups.used_s(entry) >= moment_s


def _moment(word: _Word) -> tuple[float, bool]:
    """Return a moment in seconds since 1970, and whether it was given as an age."""
    found = _read(word, date_or_age)
    return moment_in_seconds(word.what, found, word.now_s), isinstance(found, float)


def _read(word: _Word, reads: Callable[[str], _T]) -> _T:
    try:
        return reads(word.value)
    except ValueError as error:
        raise _refusal(word.what, "cannot be understood", shown_text(str(error))) from None


_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
}
_SOUND = "sound"
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_FACTS: Mapping[str, Callable[[_Word], _Test]] = {
    "kind": _of_kind,
    "area": _of_area,
    "host": _of_host,
    "index": _of_index,
    "python": _of_python,
    "sha256": _of_sha256,
    "commit": _of_commit,
    "origin": _of_origin,
    "fresh": _of_freshness,
    "state": _of_state,
    "larger": lambda word: _by_size(word, ">"),
    "smaller": lambda word: _by_size(word, "<"),
    "older": lambda word: _by_time(_moment(word)[0], "<"),
    "newer": lambda word: _by_time(_moment(word)[0], ">="),
    "unused": lambda word: _by_use(word, _moment(word)[0], "<"),
    "used": lambda word: _by_use(word, _moment(word)[0], ">="),
}
"""Each makes a test of what stands behind the colon."""
_MEASURES = frozenset({"area", "larger", "smaller", "older", "newer", "unused", "used"})
"""Facts of which one that is mistaken can mean everything."""
_EXACTLY = "==="
_WORDS = f"those are {', '.join(f'{word}:' for word in _FACTS)} and not:"


def _in_range(what: str) -> _Test:
    """Compare versions as pip does (PEP 440), pre-releases included: what lies in the cache is there already."""
    # Slow to import, and most selections are a bare name.
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415

    try:
        wanted = Requirement(what)
    except InvalidRequirement:
        raise _refusal(what, "is no version range") from None
    if wanted.extras or wanted.marker or wanted.url:
        raise _refusal(what, "has more than a version range", "leave out extras and markers")
    project, known = canonical(wanted.name), dict[str, bool]()

    exact = {one.version for one in wanted.specifier if one.operator == _EXACTLY}

    def is_within(text: str) -> bool:
        try:
            return wanted.specifier.contains(Version(text), prereleases=True)
        except InvalidVersion:
            return text in exact  # of a time before PEP 440: 2004d

    def fits(entry: Entry | Brief) -> bool:
        if entry.project != project or entry.version is None:
            return False
        if entry.version not in known:
            known[entry.version] = is_within(entry.version)
        return known[entry.version]

    return fits
