"""Words for what could not be judged, and why."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcacheplus.model.values import NotJudged
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["Unjudged", "all_unjudged", "unjudged_in_words"]

_REASONS = {
    NotJudged.LIMIT.value: ("beyond a limit or of a form that is not read", ""),
    NotJudged.UNREADABLE.value: ("that could not be read", "the system refused, or they changed meanwhile"),
    NotJudged.YOUNG.value: ("that a pip may still be writing", "they are younger than --min-age"),
    NotJudged.CONTRADICTORY.value: ("for which cached pages publish different digests", "no page is the newest"),
    NotJudged.FOREIGN.value: ("that pip did not write", "they are neither opened nor removed"),
    NotJudged.DISARMED.value: ("left by a removal that was interrupted", "it overwrote what their servers sent"),
    NotJudged.OTHER_DEVICE.value: ("on another file system", "they are not entered"),
    NotJudged.LIBRARIES.value: (
        "that may not load here",
        "libraries that they need may be supplied later, or are beyond a limit",
    ),
}
"""What entries are that were not judged for a reason, and more about the reason."""


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
    def phrase(self) -> str:
        """Return what these entries are, to follow their number."""
        return _REASONS.get(self.reason, (self.reason, ""))[0]

    @property
    def means(self) -> str:
        """Return more about the reason; empty if the phrase says all."""
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
    """Yield one line about all that could not be judged; with `-v`, one for each reason, and what pip did not write."""
    found = list(all_unjudged(view))
    if view.verbosity > 0:
        for one in found:
            means = f": {one.means}" if one.means else ""
            yield f"{_label(one)}: {_counted([one])} {one.phrase}{means}{_judges(one)}"
            if one.reason == NotJudged.FOREIGN.value:
                yield from (f"    {safe(entry.id)}" for entry in view.foreign)
        return
    # Whether it loads here is another question than whether it is damaged, which was judged.
    loadable = [one for one in found if one.reason != NotJudged.LIBRARIES.value]
    if len(loadable) > 1:
        parts = (f"{_short(one)} {one.phrase}{_judges(one)}" for one in loadable)
        yield f"Not judged: {_counted(loadable)}: {', '.join(parts)}; -v says more"
    for one in found:
        if one not in loadable or len(loadable) == 1:
            yield f"{_label(one)}: {_counted([one])} {one.phrase}{_judges(one)}; -v says more"


def _label(one: Unjudged) -> str:
    return "Not certain" if one.reason == NotJudged.LIBRARIES.value else "Not judged"


def _counted(found: Sequence[Unjudged]) -> str:
    entries, directories = (sum(getattr(one, name) for one in found) for name in ("entries", "directories"))
    counted = [f"{number(entries, 'entry')} ({size(sum(one.disk_bytes for one in found))})"] if entries else []
    counted += [f"{number(directories, 'directory')} with all below"] if directories else []
    return " and ".join(counted)


def _short(one: Unjudged) -> str:
    counted = [f"{one.entries:,}"] if one.entries else []
    counted += [number(one.directories, "directory")] if one.directories else []
    return " and ".join(counted)


def _judges(one: Unjudged) -> str:
    return f" ({one.option} 0 judges them)" if one.option else ""
