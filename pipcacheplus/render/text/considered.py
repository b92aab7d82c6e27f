"""The line that names the interpreters considered, and those that were left out."""

from collections.abc import Iterator, Mapping

from pipcacheplus.render.parts import objects_in
from pipcacheplus.render.text.words import number, safe
from pipcacheplus.render.view import Json

__all__ = ["WITHOUT_THEM", "considered_in_words"]

WITHOUT_THEM = "so nothing is removed as incompatible (--python names the interpreters to consider)"
"""What follows, as a clause, if interpreters were left out."""

_MAX_NAMED = 3


def considered_in_words(summary: Mapping[str, Json]) -> Iterator[str]:
    """Yield one line, nothing if the result does not depend on interpreters.

    >>> one = {"path": "/usr/bin/python3", "name": "cp311", "reason": None}
    >>> list(considered_in_words({"pythons": [one, {**one, "path": "/opt/a/python3"}]}))
    ['Interpreters considered: cp311 (2 interpreters)']
    >>> list(considered_in_words({"pythons": [one, {"path": None, "name": "cp39"}]}))
    ['Interpreters considered: cp39, cp311 (1 interpreter and 1 target)']
    >>> failed = {"path": "/srv/python", "name": None, "reason": "it did not answer within 10 s"}
    >>> print(*considered_in_words({"pythons": [one, failed]}))  # doctest: +NORMALIZE_WHITESPACE
    Interpreters considered: cp311 (1 interpreter); left out: /srv/python (it did not answer within 10 s),
    so nothing is removed as incompatible (--python names the interpreters to consider)
    """
    known = objects_in(summary, "pythons")
    if not known:
        return
    names = dict.fromkeys(str(one["name"]) for one in known if one.get("name"))
    targets = sum(one.get("path") is None for one in known)
    answered = sum(bool(one.get("name")) for one in known) - targets
    counted = number(answered, "interpreter") + (f" and {number(targets, 'target')}" if targets else "")
    line = f"Interpreters considered: {', '.join(sorted(names, key=_order)) or 'none'} ({counted})"
    failed = [f"{safe(str(one.get('path')))} ({safe(str(one.get('reason')))})" for one in known if not one.get("name")]
    if failed:
        others = f" and {number(len(failed) - _MAX_NAMED, 'other')}" if len(failed) > _MAX_NAMED else ""
        line += f"; left out: {', '.join(failed[:_MAX_NAMED])}{others}, {WITHOUT_THEM}"
    yield line


def _order(name: str) -> tuple[str, int, int]:
    """Order `cp39` before `cp310`."""
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    return letters, int(digits[:1] or 0), int(digits[1:] or 0)
