"""Limits of a cache, or of one kind of entry in it, as users write them: `2GB`, `wheels=500MB`, `10000`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.arguments import age_in_seconds
from pipcacheplus.model.spelling import did_you_mean
from pipcacheplus.model.units import age_of_entry_s, size_bytes
from pipcacheplus.model.values import Kind

__all__ = ["Limit", "LimitOn", "Limited", "limits_of"]

Amount = int | float | str | timedelta
"""A number of the limit's unit, an age, or text that has one; text may name a kind before a `=`."""
Limited = Amount | Sequence[Amount] | None
"""One limit, or several: of all entries, and of kinds."""


class LimitOn(Enum):
    """The quantity that is limited."""

    SIZE = "max_size"
    """Bytes that entries and their directories take on the disk, at most."""
    AGE = "max_age"
    """Seconds since an entry was written, at most."""
    FILES = "max_files"
    """Files, at most."""
    FREE = "min_free"
    """Bytes that are free on the file system, at least."""
    FREE_INODES = "min_free_inodes"
    """Files and directories that can still be made on the file system, at least."""


class Limit(NamedTuple):
    """One limit."""

    on: LimitOn
    amount: float
    """In the unit of the limited quantity."""
    kind: Kind | None
    """The kind of entries that it limits; `None` for all."""
    text: str
    """For people: `max_size`, in backticks, and the value as it was written."""


def limits_of(wanted: Mapping[LimitOn, Limited]) -> tuple[Limit, ...]:
    """Return limits, those of one kind first: their removals may be enough for the others.

    Raises:
        BadRequestError: One is invalid, is negative, or is given twice.
    """
    found = [limit for on, limited in wanted.items() for limit in _of(on, limited)]
    for at, limit in enumerate(found):
        if any((limit.on, limit.kind) == (other.on, other.kind) for other in found[:at]):
            which = "all entries" if limit.kind is None else limit.kind.value
            raise BadRequestError(
                what=f"`{limit.on.value}`", problem=f"it is given twice for {which}", next_step="give it once"
            )
    return tuple(sorted(found, key=lambda limit: limit.kind is None))


def _of(on: LimitOn, limited: Limited) -> Iterator[Limit]:
    if limited is None:
        return
    amounts = [limited] if isinstance(limited, str) or not isinstance(limited, Sequence) else limited
    for one in amounts:
        kind, amount = _kind_and_amount(on, one)
        yield Limit(on, _number(on, amount), kind, f"`{on.value}` {one}")


def _kind_and_amount(on: LimitOn, one: Amount) -> tuple[Kind | None, Amount]:
    if not isinstance(one, str) or "=" not in one:
        return None, one
    word, _, amount = one.partition("=")
    kinds = {kind.value: kind for kind in Kind}
    name = word.strip().lower().replace(" ", "-")
    kind = kinds.get(name) or kinds.get(name.removesuffix("s"))
    if kind is None:
        step = did_you_mean(name, kinds) or f"the kinds are {', '.join(kinds)}"
        raise BadRequestError(what=f"`{on.value}`", problem=f"{word!r} is not a kind", next_step=step)
    return kind, amount


def _number(on: LimitOn, amount: Amount) -> float:
    try:
        if on is LimitOn.AGE:
            return age_of_entry_s(amount) if isinstance(amount, str) else age_in_seconds(on.value, amount)
        if on in {LimitOn.SIZE, LimitOn.FREE}:
            return size_bytes(amount) if isinstance(amount, str) else _whole(amount)
        return _whole(int(amount) if isinstance(amount, str) and amount.strip().isdecimal() else amount)
    except ValueError as error:
        step = str(error).partition(": ")[2] if isinstance(amount, str) else ""
        step = step or "pass a whole number, 0 or more"
        problem = f"{amount!r} is invalid"
        raise BadRequestError(what=f"`{on.value}`", problem=problem, next_step=step) from None


def _whole(amount: object) -> int:
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
        raise ValueError
    return amount
