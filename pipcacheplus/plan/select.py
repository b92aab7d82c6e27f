"""Parse a selection (`numpy`, `numpy<2`, a file name, a pattern, `kind:wheel`, an id, a URL), and match entries."""

import re
from collections.abc import Callable, Iterable
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import NamedTuple

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Brief, Entry, Kind, Shape
from pipcacheplus.pips.credentials import shown_text
from pipcacheplus.pips.filenames import SDIST_SUFFIXES, canonical
from pipcacheplus.pips.layout import key_of, page_key
from pipcacheplus.pips.urls import spellings

__all__ = ["Form", "Selection", "Selector", "matches", "parse_selection", "selectable_names"]

_Test = Callable[[Entry | Brief], bool]

_ACCEPTED = (
    "pass a project (numpy), a version range ('numpy<2'), a file name ('six-1.*.whl'), kind:KIND, or the id or URL of"
    " an entry"
)
_KINDS = f"the kinds are {', '.join(kind.value for kind in Kind)}"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_RANGE = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*\(?\s*(?:[<>~!=]=|[<>=])")
_WILDCARDS = re.compile(r"[*?\[]")
_SUFFIXES = (".whl", ".whl.metadata", *SDIST_SUFFIXES)
_LONGEST = 4096


class Form(Enum):
    """How a selection is written."""

    KIND = auto()
    URL = auto()
    ID = auto()
    RANGE = auto()
    PATTERN = auto()
    FILE = auto()
    PROJECT = auto()


class Selector(NamedTuple):
    """A selection that was understood."""

    what: str
    """As the user wrote it."""
    form: Form
    fits: _Test
    """Whether an entry is meant by its content; its id counts besides, and `matches` knows what else does."""
    may_be_foreign: bool = False
    project: str | None = None
    """The only project of which an entry can fit, by its content; canonical."""


def parse_selection(what: str) -> Selector:
    """Understand a selection.

    The forms are tried in this order: `kind:KIND`, a URL (has `://`), an id (has `/`), a version range (has a
    comparison), a file name with wildcards, a file name (ends as wheels and source distributions end), a project.

    Raises:
        BadRequestError: It has none of these forms, or names a kind that does not exist.
    """
    if not what.strip() or len(what) > _LONGEST:
        raise BadRequestError(repr(shown_text(what)[:40]), "selects nothing", _ACCEPTED)
    if what.startswith("kind:"):
        return Selector(what=what, form=Form.KIND, fits=_of_kind(what), may_be_foreign=True)
    form, fits = _form(what)
    project = canonical(_NAME.findall(what)[0]) if form in {Form.PROJECT, Form.RANGE} else None
    return Selector(what=what, form=form, fits=fits, project=project)


def matches(selector: Selector, entry: Entry | Brief) -> bool:
    """Return whether an entry is meant. A foreign one is meant only by its id and by `kind:foreign`."""
    if entry.id == selector.what:
        return True
    if entry.shape is Shape.FOREIGN and not selector.may_be_foreign:
        return False
    return selector.fits(entry)


def _form(what: str) -> tuple[Form, _Test]:
    if "://" in what:
        return Form.URL, _of_url(what)
    if "/" in what:
        return Form.ID, lambda _: False  # `matches` compares the id
    if _RANGE.match(what):
        return Form.RANGE, _in_range(what)
    if _WILDCARDS.search(what):
        pattern = what.lower()
        return Form.PATTERN, lambda entry: any(fnmatchcase(name.lower(), pattern) for name in selectable_names(entry))
    if what.endswith(_SUFFIXES):
        return Form.FILE, lambda entry: what in selectable_names(entry)
    if _NAME.fullmatch(what):
        project = canonical(what)
        return Form.PROJECT, lambda entry: entry.project == project
    raise BadRequestError(repr(what), "selects nothing", _ACCEPTED)


def _text(what: object) -> str:
    if isinstance(what, Kind):
        return f"kind:{what.value}"
    if isinstance(what, str) and not isinstance(what, Enum):
        return what
    message = f"a selection is a str, or a Kind, and {what!r} is neither; pass several one by one"
    raise TypeError(message)


def _selector_of_kind(kind: object) -> Selector:
    word = kind.value if isinstance(kind, Kind) else kind
    if word not in {known.value for known in Kind} or (isinstance(kind, Enum) and not isinstance(kind, Kind)):
        raise BadRequestError(what="`kind`", problem=f"{kind!r} is none", next_step=_KINDS)
    return parse_selection(f"kind:{word}")


class Selection:
    """A selection that remembers which of its parts fitted anything."""

    def __init__(self, what: Iterable[str | Kind], kind: str | Kind | None = None) -> None:
        """Understand selections.

        Args:
            what: Selections, or kinds.
            kind: Of all that is meant.

        Raises:
            BadRequestError: One cannot be understood, or there is no such kind.
            TypeError: One is neither a str nor a kind; or `what` is a single one, and no list.
        """
        if isinstance(what, str | bytes):
            message = f"several selections are a list: pass [{what!r}], not {what!r}"
            raise TypeError(message)
        self._what = [(text, parse_selection(text)) for text in map(_text, what)]
        self._kind: Selector | None = None if kind is None else _selector_of_kind(kind)
        self._seen: set[str] = set()
        self._has_patterns = any(selector.form is Form.PATTERN for _, selector in self._what)
        self._are_fitted: set[bool] = set()
        """Of the entries that have a file name: whether a pattern fits it."""

    def is_wanted(self, entry: Entry | Brief) -> bool:
        """Return whether an entry fits; every part is asked, so that `unmatched` is right."""
        if self._kind is not None and not matches(self._kind, entry):
            return False
        fitting = [selector for _, selector in self._what if matches(selector, entry)]
        self._seen.update(selector.what for selector in fitting)
        if self._has_patterns and entry.shape is not Shape.FOREIGN and selectable_names(entry):
            self._are_fitted.add(any(selector.form is Form.PATTERN for selector in fitting))
        return bool(fitting) or not self._what

    def fitting(self, entry: Entry | Brief) -> tuple[str, ...]:
        """Return the parts that an entry fits, as they were given."""
        return tuple(text for text, selector in self._what if matches(selector, entry))

    def note(self, selector: Selector) -> None:
        """Count a part as one that fitted something."""
        self._seen.add(selector.what)

    @property
    def is_all(self) -> bool:
        """Return whether nothing was selected, so that all is meant."""
        return not self._what and self._kind is None

    @property
    def has_patterns_for_all(self) -> bool:
        """Return whether patterns (`'*'`) fitted every entry so far that has a file name, and at least one."""
        return self._are_fitted == {True}

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Return the parts that fitted nothing so far."""
        return tuple(text for text, _ in self._what if text not in self._seen)

    @property
    def unmatched_selectors(self) -> tuple[Selector, ...]:
        """Return the same, understood."""
        return tuple(selector for text, selector in self._what if text not in self._seen)


def _of_kind(what: str) -> _Test:
    word = what.partition(":")[2]
    kinds = {kind.value: kind for kind in Kind}
    if word not in kinds:
        raise BadRequestError(repr(what), "names no kind", _KINDS)
    return lambda entry: entry.kind is kinds[word]


def _of_url(what: str) -> _Test:
    """Compare keys too: one that is made of a URL proves it, whether anything else in the cache tells it or not."""
    keys = {page_key(spelling) for spelling in spellings(what)}
    return lambda entry: entry.url == what or key_of(entry.id) in keys


def selectable_names(entry: Entry | Brief) -> tuple[str, ...]:
    """Return the file names that an entry can be selected by."""
    # Of a built wheel also the file's own name, which is what lies there.
    own = entry.id.rpartition("/")[2] if entry.shape is Shape.BUILT_WHEEL else None
    return tuple(name for name in (entry.filename, own) if name is not None)


def _in_range(what: str) -> _Test:
    """Compare versions as pip does (PEP 440), pre-releases included: what lies in the cache is there already."""
    # Slow to import, and most selections are a bare name.
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415

    try:
        wanted = Requirement(what)
    except InvalidRequirement:
        raise BadRequestError(repr(what), "is no version range", _ACCEPTED) from None
    if wanted.extras or wanted.marker or wanted.url:
        raise BadRequestError(repr(what), "has more than a version range", "leave out extras and markers")
    project, known = canonical(wanted.name), dict[str, bool]()

    def is_within(text: str) -> bool:
        try:
            return wanted.specifier.contains(Version(text), prereleases=True)
        except InvalidVersion:
            return False

    def fits(entry: Entry | Brief) -> bool:
        if entry.project != project or entry.version is None:
            return False
        if entry.version not in known:
            known[entry.version] = is_within(entry.version)
        return known[entry.version]

    return fits
