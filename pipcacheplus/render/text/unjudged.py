"""Words for what could not be judged, and why."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipcacheplus.model.values import NotJudged
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["Unjudged", "all_unjudged", "unjudged_in_words"]

_REASONS = {
    NotJudged.LIMIT.value: ("not verifiable", "beyond a limit, or of a form that is not read"),
    NotJudged.UNREADABLE.value: ("unreadable", "the system did not let us read it"),
    NotJudged.YOUNG.value: ("young", "a pip may still be writing it"),
    NotJudged.CONTRADICTORY.value: ("contradictory", "pages publish different digests, and none is the newest"),
    NotJudged.FOREIGN.value: ("foreign", "no pip writes such names: neither opened nor removed"),
    NotJudged.DISARMED.value: ("disarmed", "an interrupted run wrote over what its server said of it"),
    NotJudged.OTHER_DEVICE.value: ("on another file system", "not entered"),
    NotJudged.LIBRARIES.value: (
        "not sure to load here",
        "libraries that they need may be supplied later, or are beyond a limit",
    ),
}
"""What each reason is called, and what it means."""


class Unjudged(NamedTuple):
    """What could not be judged for one reason."""

    reason: str
    entries: int
    disk_bytes: int
    directories: int
    """Those that were not entered: what lies in them is not among the entries."""
    option: str | None
    """The one that judges it."""

    @property
    def word(self) -> str:
        """Return what the reason is called."""
        return _REASONS.get(self.reason, (self.reason, ""))[0]

    @property
    def means(self) -> str:
        """Return what the reason means."""
        return _REASONS.get(self.reason, ("", ""))[1]


def all_unjudged(view: View) -> Iterator[Unjudged]:
    """Yield what could not be judged, by the reason."""
    counts = view.summary.get("not_judged")
    for reason, count in counts.items() if isinstance(counts, Mapping) else ():
        match count:
            case {"entries": int(entries), "disk_bytes": int(disk_bytes), "directories": int(directories)}:
                yield Unjudged(reason, entries, disk_bytes, directories, _option_of(count))


def _option_of(count: Json) -> str | None:
    match count:
        case {"option": str(option)}:
            return option
    return None


def unjudged_in_words(view: View) -> Iterator[str]:
    """Yield a line for each reason why entries could not be judged; with `-v`, the names of what is not pip's too."""
    for one in all_unjudged(view):
        counted = [f"{number(one.entries, 'entry')} ({size(one.disk_bytes)})"] if one.entries else []
        counted += [f"{number(one.directories, 'directory')} with all that lies below"] if one.directories else []
        judges = f" ({one.option} 0 judges all)" if one.option else ""
        names = one.reason == NotJudged.FOREIGN.value
        judges = " (-v names them)" if names and view.verbosity == 0 else judges
        yield f"Not judged: {' and '.join(counted)}, {one.word}: {one.means}{judges}"
        if names and view.verbosity > 0:
            yield from (f"    {safe(entry.id)}" for entry in view.foreign)
