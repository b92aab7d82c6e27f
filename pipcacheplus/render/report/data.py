"""Encode the entries of a report as JSON that is small, ASCII, and inert wherever it stands in a document.

A row is a list: how many characters its id has in common with that of the row before, and the rest of the id; then
its project and version, and the places of its kind, of what it is for and of its host; its bytes on the disk; the days
since 1970 on which it was written and last used; bits of the reasons to remove it. Behind them may stand its label,
and the word that selects it if that is not its id; `0` if no word selects it alone. Places are those in the
lists that stand behind the rows; `-1` is unknown.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from pipcacheplus.render.report.facts import reasons_of, shows_damage
from pipcacheplus.render.shell import quoted
from pipcacheplus.render.summary import briefs_of
from pipcacheplus.render.text.words import kind_in_words, safe, target
from pipcacheplus.render.times import last_used_of
from pipcacheplus.render.view import PYTHON_OPTIONS, Json, View

if TYPE_CHECKING:  # slow to import, and help imports modules of this room
    from pipcacheplus.model.values import Brief, Finding

__all__ = ["DRAWN", "MAX_ROWS", "EntryRows", "inert"]

MAX_ROWS = 20_000
"""Entries that are listed one by one, the largest; the others are added up."""
_MAX_DAMAGED = 5_000
"""Smaller entries that are listed too, because they are damaged."""
_MAX_GROUPS = 4_000
"""Sums of entries that are not listed; beyond these, the project makes no difference."""
_DAY_NS = 86_400 * 10**9
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._+@%=,-]+)+")
"""Ids that stand for themselves in a selection and in any shell."""
_INERT = {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}
_SHELL_LINE = 100_000
"""Characters of one command; Linux takes 128 KiB as one argument, and more of all together."""
_WINDOWS_LINE = 8_000
_MOST_PYTHONS = 4
"""That are named of those whose wheel it is."""
_OTHERS = 1
"""In the place of a project: several, of which each has few entries."""


def inert(value: Json) -> str:
    r"""Return JSON as a `<script>` can hold it: ASCII, and without any character that begins or ends markup.

    >>> print(inert("</script> & \u2028"))
    "\u003c/script\u003e \u0026 \u2028"
    """
    return _encoder()(value).translate(_INERT)


@lru_cache(maxsize=1)
def _encoder() -> Callable[[Json], str]:
    from json import JSONEncoder  # noqa: PLC0415 - slow to import, and not needed for help

    return JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class _Names:
    """Places of names, in the order in which they came."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, name: str | None) -> int:
        """Return the place of a name, `-1` for `None` and for an empty one."""
        return self._places.setdefault(name, len(self._places)) if name else -1

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)


class EntryRows:
    """The entries of a view, as a report lists them; they are read twice."""

    def __init__(self, view: View, *, max_rows: int = MAX_ROWS) -> None:
        """Choose which entries are listed.

        Args:
            view: With entries in order of their ids, and findings in that order too.
            max_rows: How many are listed.
        """
        self._view = view
        self._hosts, self._kinds = _Names(), _Names()
        self._targets: dict[tuple[str, str], int] = {}
        self._reasons = _Names()
        self._rest: dict[tuple[str | int, int, int, int], list[int]] = {}
        sizes = Counter(brief.disk_size for brief in briefs_of(view.entries))
        self._limit, self._at_limit = _limit(sizes, max_rows)
        self._damaged = _MAX_DAMAGED

    def pieces(self) -> Iterator[str]:
        """Yield the JSON, line by line."""
        yield '{"rows":[\n'
        before, last = "", ""
        for brief, found in _briefs_with(briefs_of(self._view.entries), self._view.findings):
            if not self._is_listed(brief, found):
                self._add_up(brief)
                continue
            shown = brief.id if _PLAIN_ID.fullmatch(brief.id) else safe(brief.id)
            yield before + inert(self._row(brief, found, shown, _common(last, shown)))
            before, last = ",\n", shown
        yield "\n],\n"
        yield '"rest":[\n'
        before = ""
        for (project, *places), sums in self._rest.items():
            named = safe(project) if isinstance(project, str) else project
            yield before + inert([named, *places, *sums])
            before = ",\n"
        yield "\n],\n"
        yield ",\n".join(f'"{key}":{inert(value)}' for key, value in self._lists().items())
        yield "\n}\n"

    def _is_listed(self, brief: "Brief", found: "Sequence[Finding]") -> bool:
        if brief.disk_size > self._limit:
            return True
        if brief.disk_size == self._limit and self._at_limit:
            self._at_limit -= 1
            return True
        if self._damaged and any(map(shows_damage, found)):
            self._damaged -= 1
            return True
        return False

    def _add_up(self, brief: "Brief") -> None:
        kind, host, goal = self._kinds.place(brief.kind.value), self._host(brief), self._target(brief)
        key: tuple[str | int, int, int, int] = (brief.project or "", kind, goal, host)
        if key not in self._rest and len(self._rest) >= _MAX_GROUPS:
            key = (_OTHERS, kind, goal, host)
        sums = self._rest.setdefault(key, [0, 0])
        sums[0] += 1
        sums[1] += brief.disk_size

    def _row(self, brief: "Brief", found: "Sequence[Finding]", shown: str, common: int) -> list[Json]:
        reasons = 0
        for reason in reasons_of(brief.id, found, self._view.redundant):
            reasons |= 1 << self._reasons.place(reason)
        used_ns = last_used_of(brief, self._view.last_use)
        row: list[Json] = [
            common,
            shown[common:],
            safe(brief.project or ""),
            safe(brief.version or ""),
            self._kinds.place(brief.kind.value),
            self._target(brief),
            self._host(brief),
            brief.disk_size,
            _day(brief.mtime_ns),
            _day(used_ns),
            reasons,
        ]
        label = "" if brief.project else safe(brief.filename or brief.url_shown or "")
        word = self._word(brief)
        if label or word is not None:
            row += [label] if word is None else [label, word]
        return row

    def _word(self, brief: "Brief") -> Json:
        """Return what selects an entry alone, quoted for a shell; `None` if its id does, 0 if nothing does."""
        if brief.kind.value == "foreign":
            return 0  # nothing removes it
        if _PLAIN_ID.fullmatch(brief.id):
            return None
        word = brief.id if "/" in brief.id else self._view.absolute(brief.id)
        return quoted([word], is_windows=self._view.separator != "/") if _is_exact(word, brief.id, self._view) else 0

    def _host(self, brief: "Brief") -> int:
        from pipcacheplus.pips.urls import host_of  # noqa: PLC0415 - slow to import, and help imports this room

        return self._hosts.place(host_of(brief.url_shown))

    def _target(self, brief: "Brief") -> int:
        if not brief.tags and brief.interpreter is None:
            return -1
        key = target(brief), _interpreter_of(brief.tags, brief.interpreter)
        return self._targets.setdefault(key, len(self._targets))

    def _lists(self) -> dict[str, Json]:
        view = self._view
        before, after = view.command_line("remove \0", but=(*PYTHON_OPTIONS, "--no-catalog")).split("\0")
        return {
            "kinds": [[kind, _kind_word(kind)] for kind in self._kinds],
            "targets": [*map(list, self._targets)],
            "hosts": [*map(safe, self._hosts)],
            "reasons": [*self._reasons],
            "remove": [before, after],
            "most": _SHELL_LINE if view.separator == "/" else _WINDOWS_LINE,
            "summary": {key: view.summary.get(key) for key in DRAWN},
        }


def _limit(sizes: Counter[int], most: int) -> tuple[int, int]:
    """Return the size of the smallest entries that are listed, and how many of just that size are.

    Args:
        sizes: How many entries there are of each size; they are few, as a file system allocates blocks.
        most: Entries that are listed.

    >>> _limit(Counter({4096: 5, 8192: 2}), 4), _limit(Counter({4096: 5}), 5)
    ((4096, 2), (-1, 0))
    """
    if sizes.total() <= most:
        return -1, 0
    left = most
    for size in sorted(sizes, reverse=True):
        if sizes[size] >= left:
            return size, left
        left -= sizes[size]
    return -1, 0


DRAWN = ("history", "by_age", "by_last_use")
"""Keys of the summary that pictures are drawn of."""


def _briefs_with(
    briefs: "Iterable[Brief]", findings: "Iterable[Finding]"
) -> "Iterator[tuple[Brief, Sequence[Finding]]]":
    """Yield each entry with what was found of it, as `with_findings` does; no entry is made for that."""
    left = iter(findings)
    ahead = next(left, None)
    for brief in briefs:
        while ahead is not None and ahead.entry.id < brief.id:
            ahead = next(left, None)
        own: list[Finding] = []
        while ahead is not None and ahead.entry.id == brief.id:
            own.append(ahead)
            ahead = next(left, None)
        yield brief, own


def _common(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning; browsers count only ASCII as we do."""
    if not (one.isascii() and other.isascii()):
        return 0
    return next((at for at, (a, b) in enumerate(zip_longest(one, other)) if a != b), len(other))


def _day(time_ns: int | None) -> int | None:
    return None if time_ns is None else time_ns // _DAY_NS


def _is_exact(word: str, id_: str, view: View) -> bool:
    """Return whether a word selects the entry with an id, and nothing else."""
    from pipcacheplus.errors import BadRequestError  # noqa: PLC0415 - few ids are no plain words
    from pipcacheplus.plan.words import Form, parse_word  # noqa: PLC0415 - as above

    if word.strip() != word or " + " in " ".join(word.split()) or word.startswith(("-", "not:")):
        return False
    try:
        found = parse_word(word, cache_dir=view.cache.path)
    except BadRequestError:
        return False
    return found.form is Form.PATH and found.path == id_


@lru_cache(maxsize=1024)
def _interpreter_of(tags: tuple[str, ...], interpreter: str | None) -> str:
    pythons = sorted({tag.partition("-")[0] for tag in tags})
    return safe(".".join(pythons[:_MOST_PYTHONS]) or interpreter or "")


def _kind_word(kind: str) -> str:
    from pipcacheplus.model.terms import Kind  # noqa: PLC0415 - as above

    return kind_in_words(Kind(kind))
