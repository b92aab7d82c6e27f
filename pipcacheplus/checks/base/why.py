"""One sentence about an entry: who can use it, what is wrong with it, what would remove it and what would keep it."""

from collections.abc import Iterable, Iterator, Sequence

from pipcacheplus.checks.base.check import DAY_S, HOUR_S, Context, is_young
from pipcacheplus.checks.base.looked_for import keys_looked_for
from pipcacheplus.model.values import (
    UNFINISHED,
    WHEEL_KINDS,
    Area,
    Checked,
    Entry,
    Finding,
    Group,
    Kind,
    Remedy,
    Severity,
    Shape,
    Why,
)
from pipcacheplus.pips.effects import joined
from pipcacheplus.pips.wheel_keys import LEGACY

__all__ = ["usable_by", "why_of"]

_MAX_NAMED = 8
"""Interpreters that a sentence names; if there are more, it gives the number."""
_MAX_TAGS = 2
_MAX_MESSAGES = 3
_READERS = {Area.HTTP: "pip before 23.3 reads it", Area.HTTP_V2: "pip 23.3 and later reads it"}
"""Source: pip 23.3 `_internal/network/cache.py`, which writes and reads `http-v2` in place of `http`."""
_USES = {
    Kind.SDIST: "any interpreter may build a wheel from it",
    Kind.SELFCHECK: "the pip of one environment stores in it when it last looked for a newer pip",
    Kind.FOREIGN: "no pip wrote it",
    Kind.LEFTOVER: "no pip uses it",
}
_PARTIAL = f"prune --{Group.PARTIAL.option}"
_SAID = frozenset({"wheel-tag-incompatible", "wheel-unreachable"})
"""Checks whose finding repeats which interpreters can use an entry, and which pips look for it."""
_MINOR = frozenset({Severity.INFO})
_LEFT_ALONE = "nothing here ever removes it"


def why_of(checked: Checked, context: Context, *, kept_by: Sequence[str] = ()) -> Why:
    """Return who can use an entry, what is wrong with it, what would remove it and what keeps it.

    Args:
        checked: The entry, and what the checks found.
        context: With the interpreters considered, if they were run.
        kept_by: Selections to be kept that it fits, as they were given.
    """
    entry = checked.entry
    users = usable_by(entry, context)
    is_protected = entry.shape in UNFINISHED and is_young(entry, context)
    removed_by = tuple(dict.fromkeys(_removers(checked.findings))) or ((_PARTIAL,) if is_protected else ())
    keeps = (
        *(f"--keep {what}" for what in kept_by),
        *((f"--min-age {_age(context.min_age_s)}",) if is_protected else ()),
    )
    wrong = [one for one in checked.findings if context.unasked or one.check not in _SAID or one.severity in _MINOR]
    parts = (*_use(entry, users, context), *_wrong(wrong), _removal(entry, removed_by), *_kept(keeps))
    return Why(
        entry=entry,
        sentence="; ".join(parts),
        usable_by=users,
        removed_by=removed_by,
        kept_by=keeps,
    )


def usable_by(entry: Entry, context: Context) -> tuple[str, ...]:
    """Return the names of the interpreters considered that can use a wheel, by its tags; empty for any other entry."""
    if entry.kind not in WHEEL_KINDS:
        return ()
    fitting = (one for one in context.considered if not entry.tags or not one.tags.isdisjoint(entry.tags))
    return tuple(dict.fromkeys(one.name for one in sorted(fitting, key=lambda one: (one.implementation, one.version))))


def _use(entry: Entry, users: Sequence[str], context: Context) -> Iterator[str]:
    if entry.kind in WHEEL_KINDS and entry.shape is not Shape.BODY:
        yield from _use_of_wheel(entry, users, context)
    elif entry.kind in _USES:
        yield _USES[entry.kind]
    elif entry.area in _READERS:
        yield _READERS[entry.area]


def _use_of_wheel(entry: Entry, users: Sequence[str], context: Context) -> Iterator[str]:
    if not context.considered:  # no interpreter was run, as the result does not depend on it
        return
    if not users:
        tags = ", ".join(entry.tags[:_MAX_TAGS])
        yield f"none of {_count(len(context.considered), 'interpreter')} considered can use it, as it is for {tags}"
    elif len(users) > _MAX_NAMED:
        yield f"{len(users)} interpreters considered can use it"
    else:
        yield f"{joined(users, 'and')} can use it"
    if entry.kind is Kind.BUILT_WHEEL:
        yield _who_looks(entry, context)


def _who_looks(entry: Entry, context: Context) -> str:
    if entry.interpreter is None:
        return "the interpreter that it was built for is not known"
    looked_for = keys_looked_for(context) or frozenset()
    maker = "pip before 20.0" if entry.interpreter == LEGACY else entry.interpreter
    if entry.interpreter in looked_for:
        return f"pip looks for it in the directory of {maker}, where it lies"
    return f"it lies in the directory of {maker}, where none of their pips looks for it"


def _wrong(findings: Iterable[Finding]) -> Iterator[str]:
    order = {severity: place for place, severity in enumerate(Severity)}
    messages = dict.fromkeys(one.message for one in sorted(findings, key=lambda one: order[one.severity]))
    shown = [*messages][:_MAX_MESSAGES]
    if shown:
        more = len(messages) - len(shown)
        yield ", ".join(shown) + (f", and {more} more" if more else "")


def _removers(findings: Iterable[Finding]) -> Iterator[str]:
    for one in findings:
        if one.remedy is not Remedy.NONE:
            yield f"prune --{one.group.option}"


def _removal(entry: Entry, removed_by: Sequence[str]) -> str:
    if entry.shape is Shape.FOREIGN:
        return _LEFT_ALONE
    if removed_by:
        return f"{joined(removed_by, 'or')} removes it"
    return "prune keeps it unless a limit (--max-age), --unused or the like chooses it; remove and purge remove it"


def _kept(keeps: Sequence[str]) -> Iterator[str]:
    if keeps:
        yield f"{joined(keeps, 'and')} {'keep' if len(keeps) > 1 else 'keeps'} it"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _age(seconds: float) -> str:
    """Return an age as options take it.

    >>> _age(3600.0), _age(90.0), _age(86_400.0)
    ('1h', '90s', '1d')
    """
    units = ((DAY_S, "d"), (HOUR_S, "h"))
    fitting = (f"{seconds / unit:g}{letter}" for unit, letter in units if seconds % unit == 0)
    return next(fitting, f"{seconds:g}s")
