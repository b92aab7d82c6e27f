"""A plan as text, to be reviewed and carried out later; and the plan in such a text, if it was not changed.

The text is JSON, a line for each entry, so that it can be read and compared. `seal` is the SHA-256 of the document
without it, keys sorted and in ASCII: it shows that a text was edited or truncated. It does not prove who wrote it. That
does no harm: the text only names entries, and an entry is removed only if it is unchanged since the plan was made, and
lies under a name that pip gives.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Action, Entry, File, Plan

__all__ = ["MAX_PLAN_BYTES", "SavedAction", "SavedPlan", "parse_plan", "plan_text"]

MAX_PLAN_BYTES = 1 << 28
"""pipcacheplus writes no longer plan."""
_FORMAT = 1
_WHAT = "pipcacheplus plan"
_AGAIN = "make the plan again with --plan-out"


class _Stamp(NamedTuple):
    """Path, size and times of a file: if none has changed, it is the file that was judged.

    The time of change differs also if another file took its place. Device and inode may differ after a remount.
    """

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, file: File) -> "_Stamp":
        return cls(file.path, file.size, file.mtime_ns, file.ctime_ns)


class SavedAction(NamedTuple):
    """The saved intention to remove an entry."""

    reasons: tuple[str, ...]
    why: str
    because: tuple[str, ...]
    stamps: tuple[_Stamp, ...]

    def is_same(self, entry: Entry) -> bool:
        """Return whether an entry is still the one that was judged: the same files, none more and none less."""
        return tuple(sorted(map(_Stamp.of, entry.files))) == self.stamps


class SavedPlan(NamedTuple):
    """The contents of a saved plan."""

    cache_path: str
    actions: Mapping[str, SavedAction]
    """By the ids of entries."""


def plan_text(plan: Plan, *, made: str, version: str) -> str:
    """Return a plan as text.

    Args:
        plan: The plan of a cache.
        made: Time in the form of RFC 3339.
        version: Version of pipcacheplus.
    """
    head = {"what": _WHAT, "format": _FORMAT, "version": version, "made": made, "cache": plan.cache.path}
    entries = [_entry(action) for action in plan.actions]
    seal = _seal({**head, "entries": entries})
    first = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    lines = ",\n".join(map(json.dumps, entries))
    return f'{{\n{first}"entries": [\n{lines}\n],\n"seal": "{seal}"\n}}\n'


def _entry(action: Action) -> dict[str, Any]:
    entry = action.entry
    return {
        "id": entry.id,
        "project": entry.project,
        "version": entry.version,
        "kind": entry.kind.value,
        "url": entry.url_shown,
        "reasons": list(action.reasons),
        "why": action.why,
        "because": list(action.because),
        "files": [stamp._asdict() for stamp in sorted(map(_Stamp.of, entry.files))],
    }


def _seal(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def parse_plan(text: str, *, name: str) -> SavedPlan:
    """Return the contents of a saved plan.

    Args:
        text: Text of the file.
        name: Name of the file, for errors.

    Raises:
        BadRequestError: It is not a plan, is one of a newer version, or was changed.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("what") != _WHAT:
        raise BadRequestError(name, "is not a plan, or was truncated", _AGAIN)
    if found.get("format") != _FORMAT:
        raise BadRequestError(
            name, f"is a plan in format {found.get('format')!r}, and this version reads {_FORMAT}", _AGAIN
        )
    if found.pop("seal", None) != _seal(found):
        raise BadRequestError(name, "was changed since it was made", _AGAIN)
    try:
        return SavedPlan(cache_path=_text(found["cache"]), actions=dict(map(_action, found["entries"])))
    except (KeyError, TypeError, ValueError):
        raise BadRequestError(name, "is not a plan of pipcacheplus", _AGAIN) from None


def _action(entry: Mapping[str, Any]) -> tuple[str, SavedAction]:
    reasons = tuple(_text(reason) for reason in entry["reasons"])
    because = tuple(_text(id_) for id_ in entry["because"])
    return _text(entry["id"]), SavedAction(reasons, _text(entry["why"]), because, tuple(_stamps(entry["files"])))


def _stamps(files: list[Mapping[str, Any]]) -> Iterator[_Stamp]:
    for file in files:
        yield _Stamp(_text(file["path"]), *(_number(file[key]) for key in _Stamp._fields[1:]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value
