"""Tables of what each version of pip does with a damaged entry, and the clause for the pips that were found.

A clause has pip as its subject, and no full stop. Each table holds for the pips that read the entry at all; which ones
those are follows from where it lies and how it is written, and is the same for all damages.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipcacheplus.model.facts import Facts, Head
from pipcacheplus.model.values import Area, Entry
from pipcacheplus.pips.headers import is_short
from pipcacheplus.pips.wheel_keys import LEGACY

__all__ = [
    "DOWNLOADS_AGAIN",
    "FAILS",
    "IGNORES",
    "NEVER_READS",
    "OTHER_CONTENT",
    "PAGE",
    "READERS",
    "READS",
    "SHORT_BODY",
    "Effect",
    "Effects",
    "always",
    "clause",
    "combine",
    "effects_of_body",
    "for_entry",
    "joined",
    "release_of",
    "without_those_that_never_read",
]

FAILS = "fails at every install until it is removed"
DOWNLOADS_AGAIN = "downloads it again"
IGNORES = "ignores it"
NEVER_READS = "never reads it"
READS = "reads it"

_SUBJECTS = re.compile(r", (?=pip )")
"""What stands between what several pips do."""
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


class Effect(NamedTuple):
    """The effect of a damaged entry on the pips of one span of versions."""

    text: str
    below: str | None = None
    """The version before which the span ends; `None`: all later ones. It begins where the row before it ends."""


class Effects(NamedTuple):
    """The effects of one kind of damage on every pip from 6.0 on that reads the entry."""

    rows: tuple[Effect, ...]
    """In order of versions; the last one has no end."""
    when: str = ""
    """The condition that selects some findings of a check, in words; empty if all."""


def always(text: str, *, when: str = "") -> Effects:
    """Return the table for an effect that is the same for all pips."""
    return Effects(rows=(Effect(text),), when=when)


OTHER_CONTENT = Effects(
    rows=(
        Effect(FAILS, below="22.3"),
        Effect("installs it if the index serves JSON, and fails if not", below="23.0"),
        Effect(FAILS),
    ),
    when="the content differs",
)
"""No pip removes a file whose digest is wrong. Seen with a flipped byte under pip 6.1.1 to 26.3. pip 22.3 and 22.3.1
look for digests in the fragments of links alone, `_internal/models/link.py`, and JSON pages have none there."""

SHORT_BODY = Effects(
    rows=(Effect(FAILS, below="25.2"), Effect("fetches what is missing")),
    when="the content is shorter than its headers say",
)
"""pip 25.2 treats it as an interrupted download, and resumes it: `_internal/network/download.py`, where pip 25.1 has
the same, but does not try by default. Seen with truncated and empty files under pip 23.3, 24.0, 25.1.1, 25.2, 26.3."""

PAGE = always("fails or misses files, until it is removed or the index changes the page", when="it is a page")
"""pip asks by the page's ETag, gets the answer that it is current, and uses it. Seen with pip 21.3.1 (truncated HTML:
links are missing), and 22.3.1 to 26.3 (JSON: a traceback)."""

_BEFORE_6 = Effect(NEVER_READS, below="6.0")
_SINCE_23_3 = Effect(NEVER_READS)

READERS: dict[tuple[Area, int | str | None], tuple[Effect, ...]] = {
    (Area.HTTP, None): (_BEFORE_6, Effect(READS, below="23.3"), _SINCE_23_3),
    (Area.HTTP, 1): (_BEFORE_6, Effect(READS, below="23.3"), _SINCE_23_3),
    (Area.HTTP, 2): (_BEFORE_6, Effect(DOWNLOADS_AGAIN, below="6.0.7"), Effect(READS, below="23.3"), _SINCE_23_3),
    (Area.HTTP, 4): (_BEFORE_6, Effect(DOWNLOADS_AGAIN, below="10.0"), Effect(READS, below="23.3"), _SINCE_23_3),
    (Area.HTTP_V2, None): (Effect(NEVER_READS, below="23.3"), Effect(READS)),
    (Area.HTTP_V2, 1): (Effect(NEVER_READS, below="23.3"), Effect(DOWNLOADS_AGAIN)),
    (Area.HTTP_V2, 2): (Effect(NEVER_READS, below="23.3"), Effect(DOWNLOADS_AGAIN)),
    (Area.HTTP_V2, 4): (Effect(NEVER_READS, below="23.3"), Effect(READS)),
    (Area.WHEELS, None): (Effect(NEVER_READS, below="7.0"), Effect(READS)),
    (Area.WHEELS, LEGACY): (Effect(NEVER_READS, below="7.0"), Effect(READS, below="21.0"), Effect(NEVER_READS)),
    (Area.WHEELS, "cp"): (Effect(NEVER_READS, below="20.0"), Effect(READS)),
}
"""The pips that read an entry: by the area, and the format of the head (`cc=N`; `None` if unknown) or the wheel's key
(`cp` stands for any interpreter's).

Source: `_vendor/cachecontrol/serialize.py` of pip 6.0 to 26.3: a format that is newer than pip is a miss, one that is
older is read in `http`, and a miss in `http-v2`. `_internal/cache.py`: pip 20.0 to 20.3.4 look for wheels under both
keys."""


def for_entry(effects: Effects, entry: Entry, facts: Facts) -> tuple[Effect, ...]:
    """Return the effects of an entry on all pips, including those that never read it."""
    if entry.area is Area.WHEELS:
        key: int | str | None = "cp" if entry.interpreter not in {None, LEGACY} else entry.interpreter
    else:
        key = facts.head.cc if isinstance(facts.head, Head) else None
    readers = READERS.get((entry.area, key)) or READERS.get((entry.area, None)) or (Effect(READS),)
    return combine(readers, effects.rows)


def combine(readers: Sequence[Effect], rows: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return one table of the pips that read an entry and what these do; equal neighbours become one row.

    >>> combine([Effect("reads it", below="10.0"), Effect("never reads it")], [Effect("a", below="8.0"), Effect("b")])
    (Effect(text='a', below='8.0'), Effect(text='b', below='10.0'), Effect(text='never reads it', below=None))
    """
    found: list[Effect] = []
    for end in _ends(readers, rows):
        reader = _row_before(readers, end)
        text = _row_before(rows, end).text if reader.text == READS else reader.text
        if found and found[-1].text == text:
            found.pop()
        found.append(Effect(text, below=end))
    return tuple(found)


def _ends(*tables: Sequence[Effect]) -> Iterator[str | None]:
    ends = {row.below for table in tables for row in table if row.below is not None}
    yield from sorted(ends, key=release_of)
    yield None


def _row_before(table: Sequence[Effect], end: str | None) -> Effect:
    """Return the row that holds just before a version; the last one for `None`."""
    return next((row for row in table if row.below and end and release_of(end) <= release_of(row.below)), table[-1])


def clause(table: Sequence[Effect], pips: Sequence[str], *, proved: Sequence[str] = ()) -> str:
    """Return what these pips do, in words: without their versions if they all do the same.

    Whether an entry is damaged does not depend on the pips that were found: if none of them reads it, the clause begins
    with what the pips do that read it.

    Args:
        table: What `for_entry` returns.
        pips: Versions, in any order. If there are none, the clause says what the newest do, and since which version if
            earlier pips did something else; those that never read such an entry are left out.
        proved: Pips that have used the cache, `>=23.3` or `>=6.0,<7.0`, and may not be among those that were found.

    >>> table = (Effect("fails", below="25.2"), Effect("fetches what is missing"))
    >>> clause(table, ["26.3", "24.0"])
    'pip 24.0 fails, pip 26.3 fetches what is missing'
    >>> clause(table, ["24.0", "9.0.3"]), clause(table, [])
    ('fails', 'pip from 25.2 on fetches what is missing')
    >>> clause((Effect(NEVER_READS, below="23.3"), Effect("fails")), ["23.2.1"])
    'pip 23.3 and later fails; pip 23.2.1, the only one found here, does not read it'
    """
    if not pips:
        return _newest(table)
    subjects: dict[str, list[str]] = {}
    found = sorted(set(pips), key=lambda version: (release_of(version), version))
    for version in found:
        subjects.setdefault(_text_of(table, version), []).append(version)
    if set(subjects) == {NEVER_READS} and any(row.text != NEVER_READS for row in table):
        who = _only_one(found[0]) if len(found) == 1 else f"{joined(found, 'and')}, the only ones found here, do not"
        return f"{_reading(table)}; pip {who} read it"
    for span in proved:
        if not any(_is_in(version, span) for version in found):
            for text, words in _of_span(table, span):
                subjects.setdefault(text, []).append(words)
    if len(subjects) == 1:
        return next(iter(subjects))
    return ", ".join(f"pip {joined(those, 'or')} {text}" for text, those in subjects.items())


def without_those_that_never_read(clause: str) -> str:
    """Return what `clause` made without the pips that never read the entry, unless that is all that it says.

    >>> without_those_that_never_read("pip 9.0.3 or 22.0 never reads it, pip 24.0 fails, pip 26.3 ignores it")
    'pip 24.0 fails, pip 26.3 ignores it'
    >>> without_those_that_never_read("never reads it")
    'never reads it'
    """
    parts = _SUBJECTS.split(clause)
    return ", ".join(part for part in parts if not part.endswith(NEVER_READS)) or clause


def _only_one(version: str) -> str:
    return f"{version}, the only one found here, does not"


def _reading(table: Sequence[Effect]) -> str:
    """Return what the newest pips do that read an entry, and which those are, in words."""
    at = max(at for at, row in enumerate(table) if row.text != NEVER_READS)
    since = table[at - 1].below if at else None
    return f"pip {_versions(since, table[at].below)} {table[at].text}"


def _versions(since: str | None, below: str | None) -> str:
    """Return a span of versions in words.

    >>> _versions("23.3", None), _versions("6.0", "23.3"), _versions(None, "23.3")
    ('23.3 and later', 'from 6.0 on and before 23.3', 'before 23.3')
    """
    if below is None:
        return f"{since} and later" if since else "of any version"
    return f"from {since} on and before {below}" if since else f"before {below}"


def _bounds(span: str) -> tuple[str, str | None]:
    since, _, below = span.removeprefix(">=").partition(",<")
    return since, below or None


def _is_in(version: str, span: str) -> bool:
    since, below = _bounds(span)
    release = release_of(version)
    return release >= release_of(since) and (below is None or release < release_of(below))


def _of_span(table: Sequence[Effect], span: str) -> Iterator[tuple[str, str]]:
    """Yield what the pips of a proved span do, with their versions in words."""
    since, below = _bounds(span)
    start: str | None = None
    for row in table:
        ends = [one for one in (row.below, below) if one is not None]
        low = max(filter(None, (start, since)), key=release_of, default=None)
        high = min(ends, key=release_of, default=None)
        if low is None or high is None or release_of(low) < release_of(high):
            yield row.text, _versions(low, high)
        start = row.below


def _newest(table: Sequence[Effect]) -> str:
    # `combine` leaves no two neighbours alike, so at most one row is of pips from before there was such an entry.
    rows = table[1:] if len(table) > 1 and table[0].text == NEVER_READS else table
    return rows[-1].text if len(rows) == 1 else f"pip from {rows[-2].below} on {rows[-1].text}"


def _text_of(table: Sequence[Effect], version: str) -> str:
    release = release_of(version)
    return next((row.text for row in table if row.below and release < release_of(row.below)), table[-1].text)


def joined(words: Sequence[str], last: str) -> str:
    """Join words with commas, and with `last` before the last one.

    >>> joined(["23.0"], "or"), joined(["cp39", "cp310", "cp311"], "and")
    ('23.0', 'cp39, cp310 and cp311')
    """
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def release_of(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for comparing; a pre-release counts as its release.

    >>> release_of("23.3") == release_of("23.3.0") < release_of("23.3.1") and release_of("10.0.0b1")
    (10,)
    """
    found = _NUMBERS.match(version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def effects_of_body(facts: Facts) -> Effects:
    """Return what pip does with a file whose content is not what was sent: one that is too short, or any other."""
    return SHORT_BODY if is_short(facts) else OTHER_CONTENT
