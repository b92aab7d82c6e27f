"""Selections of several words: side by side they are alternatives, `+` between two narrows, `not:` excludes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Brief, Entry, Kind, Shape
from pipcacheplus.pips.credentials import shown_text
from pipcacheplus.plan.lookups import Lookups, Need
from pipcacheplus.plan.words import WIDE, WIDEST, Selector, keys_of, matches, parse_word, selectable_names

__all__ = ["AND", "Alternative", "Selection", "alternatives_of"]

AND = "+"
"""The word that narrows."""
_AND = re.compile(r"\s+\+\s+")
_NOT = "not:"


class Alternative(NamedTuple):
    """Words that an entry must all match."""

    what: str
    """As the user wrote it."""
    selectors: tuple[Selector, ...]
    without: tuple[Selector, ...]
    """Words that an entry must not match."""

    def fitting(self, entry: Entry | Brief) -> set[str]:
        """Return the words that an entry matches, those behind `not:` too."""
        return {word.what for word in self.words if matches(word, entry)}

    def is_met(self, fitting: set[str]) -> bool:
        """Return whether an entry that matches these words is selected."""
        return all(word.what in fitting for word in self.selectors) and not any(
            word.what in fitting for word in self.without
        )

    @property
    def words(self) -> tuple[Selector, ...]:
        """Return all words."""
        return (*self.selectors, *self.without)


class Selection:
    """A selection that stores which of its parts matched any entry."""

    def __init__(
        self, what: Iterable[str | Kind], kind: str | Kind | None = None, *, cache_dir: str | None = None
    ) -> None:
        """Parse a selection.

        Args:
            what: Words, or kinds; a string can hold several with ` + ` between them.
            kind: The kind of all selected entries.
            cache_dir: Path of the cache, for paths.

        Raises:
            BadRequestError: A word is invalid, or is in a wrong place.
            TypeError: One is neither a str nor a kind; or `what` is a single one, and no list.
        """
        if isinstance(what, str | bytes):
            message = f"several selections are a list: pass [{what!r}], not {what!r}"
            raise TypeError(message)
        self.lookups = Lookups()
        """Facts that a run must fill in before entries are tested."""
        self._alternatives = [_alternative(words, cache_dir, self.lookups) for words in _grouped(map(_text, what))]
        self._indexed = defaultdict[str, list[Alternative]](list)
        """Alternatives of one word that only entries with a key can match, by key: of ten thousand, few are tested."""
        self._others: list[Alternative] = []
        for one in self._alternatives:
            keys = one.selectors[0].keys if len(one.words) == 1 else ()
            for key in keys:
                self._indexed[key].append(one)
            if not keys:
                self._others.append(one)
        self._kind: Selector | None = None if kind is None else _selector_of_kind(kind)
        self._fitted: set[str] = set()
        """Alternatives that matched an entry."""
        self.similar: dict[str, str] = {}
        """For words that matched nothing: similar names, if a run searched them."""
        self._known: set[str] = set()
        """Words that matched an entry, independent of the words beside them."""
        self._readings: dict[str, set[str]] = {}
        self._has_patterns = any(word.form in WIDE for one in self._alternatives for word in one.words)
        self._is_wide = any(word.form in WIDEST for one in self._alternatives for word in one.words)
        self._first: str | None = None
        self._are_several = False
        self._are_all_fitted = True
        """Whether pip wrote several of the entries so far, and each of these matched."""
        self._are_fitted: set[bool] = set()
        """Whether a pattern matches every entry that has a file name."""

    def is_wanted(self, entry: Entry | Brief) -> bool:
        """Return whether an entry matches; every part is tested, so that `unmatched` is right."""
        if self._kind is not None and not matches(self._kind, entry):
            return False
        fitting = [one for one in self._possible(entry) if self._is_meant(one, entry)]
        if self._has_patterns and entry.shape is not Shape.FOREIGN and selectable_names(entry):
            self._are_fitted.add(any(word.form in WIDE for one in fitting for word in one.selectors))
        if self._is_wide and entry.shape not in {Shape.FOREIGN, Shape.EMPTY_DIRECTORY}:
            self._first = entry.id if self._first is None else self._first
            self._are_several |= entry.id != self._first
            self._are_all_fitted &= bool(fitting)
        return bool(fitting) or not self._alternatives

    def _possible(self, entry: Entry | Brief) -> Iterable[Alternative]:
        """Return the alternatives that an entry may match."""
        if not self._indexed:
            return self._others
        found = (one for key in keys_of(entry) for one in self._indexed.get(key, ()))
        return (*self._others, *dict.fromkeys(found))

    def _is_meant(self, one: Alternative, entry: Entry | Brief) -> bool:
        fitting = one.fitting(entry)
        self._known |= fitting
        for word in one.words:
            if word.readings is not None and word.what in fitting:
                self._readings.setdefault(word.what, set()).update(word.readings(entry))
        is_meant = one.is_met(fitting)
        if is_meant:
            self._fitted.add(one.what)
        return is_meant

    def fitting(self, entry: Entry | Brief) -> tuple[str, ...]:
        """Return the alternatives that an entry matches, as they were given."""
        possible = {*self._possible(entry)}
        return tuple(one.what for one in self._alternatives if one in possible and one.is_met(one.fitting(entry)))

    def note(self, one: Alternative, entries: Iterable[Entry | Brief]) -> None:
        """Test whether an alternative, and which of its words, match any of some entries."""
        for entry in entries:
            self._is_meant(one, entry)
            if one.what in self._fitted and all(word.what in self._known for word in one.words):
                return

    def refuse_ambiguous(self) -> None:
        """Refuse a word that matched entries in more than one way.

        Raises:
            BadRequestError: It is a project and the beginning of a hash, or that of several hashes.
        """
        for what, readings in self._readings.items():
            hashes = sorted(one.partition(":")[2] for one in readings if one != "project")
            if "project" in readings and hashes:
                begins = f"a project in this cache and the beginning of the hash {hashes[0]}"
                step = f"pass {hashes[0]}, or '{what}>=0' for the project"
                raise BadRequestError(repr(what), f"is {begins}", step)
            if len(hashes) > 1:
                raise BadRequestError(
                    repr(what), f"is the beginning of {len(hashes)} hashes in this cache", f"add digits: {hashes[0]}"
                )

    @property
    def needs(self) -> frozenset[Need]:
        """Return the facts that words need besides the names of entries."""
        return frozenset(self.lookups.needs)

    @property
    def is_all(self) -> bool:
        """Return whether there is no selection, so that all entries are selected."""
        return not self._alternatives and self._kind is None

    @property
    def is_for_all(self) -> bool:
        """Return whether it may select more than its author intends.

        Patterns (`'*'`) matched every entry so far that has a file name, and at least one; or measures and directories
        (`older:1s`, `http-v2/`) matched all that pip wrote, and more than one entry.
        """
        return self._are_fitted == {True} or (self._is_wide and self._are_all_fitted and self._are_several)

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Return the alternatives, and the words behind `not:`, that matched nothing so far."""
        alternatives = tuple(one.what for one in self.unmatched_alternatives)
        return (*alternatives, *(f"{_NOT}{word.what}" for word in self.unknown_exceptions))

    @property
    def hints(self) -> dict[str, str]:
        """Return similar names for the parts that matched nothing, by the words of `unmatched`."""
        found = {
            one.what: self.similar[word.what]
            for one in self.unmatched_alternatives
            for word in one.selectors
            if word.what in self.similar
        }
        exceptions = (word.what for word in self.unknown_exceptions if word.what in self.similar)
        return {**found, **{f"{_NOT}{what}": self.similar[what] for what in exceptions}}

    @property
    def unmatched_alternatives(self) -> tuple[Alternative, ...]:
        """Return the same, parsed."""
        return tuple(one for one in self._alternatives if one.what not in self._fitted)

    @property
    def unknown(self) -> tuple[Selector, ...]:
        """Return the words of unmatched alternatives that matched nothing so far, each by itself."""
        words = (word for one in self.unmatched_alternatives for word in one.words)
        return tuple(word for word in words if word.what not in self._known)

    @property
    def unknown_exceptions(self) -> tuple[Selector, ...]:
        """Return the words behind `not:` that matched nothing so far: they exclude less than the user may intend."""
        return tuple(word for one in self._alternatives for word in one.without if word.what not in self._known)

    def project_beside(self, word: Selector) -> str | None:
        """Return the project that the alternative of a word selects by its name, if it does."""
        for one in self._alternatives:
            if word in one.words:
                return next((other.project for other in one.selectors if other != word and other.project), None)
        return None


def alternatives_of(words: Iterable[str], *narrowed: Iterable[str]) -> tuple[str, ...]:
    """Return alternatives, each as one string, from words as a shell passes them.

    Args:
        words: Some of them may be `+`.
        narrowed: Words of which each alternative must match one, list by list; an empty list has no effect.

    Raises:
        BadRequestError: A `+` has nothing before or behind it.

    >>> alternatives_of(["aa", "bb", "+", "kind:wheel"], ["host:a", "host:b"])
    ('aa + host:a', 'aa + host:b', 'bb + kind:wheel + host:a', 'bb + kind:wheel + host:b')
    """
    found = [f" {AND} ".join(group) for group in _grouped(words)]
    for more in map(tuple, narrowed):
        if more:
            found = [f"{one} {AND} {word}" if one else word for one in found or [""] for word in more]
    return tuple(found)


def _text(what: object) -> str:
    if isinstance(what, Kind):
        return f"kind:{what.value}"
    if isinstance(what, str) and not isinstance(what, Enum):
        return what
    message = f"a selection is a str, or a Kind, and {what!r} is neither; pass several one by one"
    raise TypeError(message)


def _grouped(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield lists of words that narrow each other.

    Raises:
        BadRequestError: A `+` has nothing before or behind it.
    """
    group: list[str] = []
    narrows = False
    for word in _tokens(texts):
        if word is None:
            if narrows or not group:
                raise _misplaced()
            narrows = True
        elif narrows:
            group.append(word)
            narrows = False
        else:
            if group:
                yield group
            group = [word]
    if narrows:
        raise _misplaced()
    if group:
        yield group


def _tokens(texts: Iterable[str]) -> Iterator[str | None]:
    """Yield words, and `None` for each `+`."""
    for text in texts:
        if text.strip() == AND:
            yield None
            continue
        first, *others = _AND.split(text)
        yield first
        for word in others:
            yield None
            yield word


def _misplaced() -> BadRequestError:
    return BadRequestError(repr(AND), "has nothing to narrow", "put it between two words: numpy + kind:built-wheel")


def _alternative(words: list[str], cache_dir: str | None, lookups: Lookups) -> Alternative:
    without = [word.removeprefix(_NOT) for word in words if word.startswith(_NOT)]
    wanted = [word for word in words if not word.startswith(_NOT)]
    if not wanted:
        # A misspelt one would select everything.
        raise BadRequestError(
            repr(shown_text(words[0])),
            "selects everything else",
            f"name the entries to exclude it from: kind:wheel {AND} {shown_text(words[0])}",
        )
    return Alternative(
        what=f" {AND} ".join(words),
        selectors=tuple(parse_word(word, cache_dir=cache_dir, lookups=lookups) for word in wanted),
        without=tuple(parse_word(word, cache_dir=cache_dir, lookups=lookups) for word in without),
    )


def _selector_of_kind(kind: object) -> Selector:
    word = kind.value if isinstance(kind, Kind) else kind
    if word not in {known.value for known in Kind} or (isinstance(kind, Enum) and not isinstance(kind, Kind)):
        kinds = ", ".join(known.value for known in Kind)
        raise BadRequestError(what="`kind`", problem=f"{kind!r} is not a kind", next_step=f"the kinds are {kinds}")
    return parse_word(f"kind:{word}")
