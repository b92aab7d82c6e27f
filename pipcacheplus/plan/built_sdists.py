"""Source distributions of which a wheel is built for every interpreter that could need them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pipcacheplus.model.pythons import Interpreter
from pipcacheplus.model.values import Brief, Kind
from pipcacheplus.plan.comparison import Chosen

__all__ = ["BuiltSdists"]


class BuiltSdists:
    """Chooses downloaded sdists whose wheel is built for every interpreter considered, where its pip looks for it."""

    def __init__(self, interpreters: Sequence[Interpreter], *, are_all_known: bool) -> None:
        """Begin without any entry.

        Args:
            interpreters: Those that count.
            are_all_known: Whether these are all, so that no other interpreter can need an sdist.
        """
        self._tags = defaultdict[str, list[frozenset[str]]](list)
        """The interpreters by their names."""
        for one in interpreters if are_all_known else ():
            self._tags[one.name].append(one.tags)
        self._sdists = defaultdict[tuple[str, str], list[str]](list)
        self._wheels = defaultdict[tuple[str, str], dict[str, list[str]]](dict)
        """By project and the URL of the source: ids of built wheels, by the interpreter that finds and can use them."""

    def see(self, brief: Brief) -> None:
        """Add an entry."""
        if brief.project is None or brief.url_shown is None:  # pip finds a wheel by the URL of its source
            return
        key = brief.project, brief.url_shown.partition("#")[0]
        if brief.kind is Kind.SDIST:
            self._sdists[key].append(brief.id)
        elif brief.kind is Kind.BUILT_WHEEL and brief.interpreter is not None and self._is_usable(brief):
            self._wheels[key].setdefault(brief.interpreter, []).append(brief.id)

    def _is_usable(self, wheel: Brief) -> bool:
        return not any(tags.isdisjoint(wheel.tags) for tags in self._tags.get(wheel.interpreter or "", ()))

    def wants_again(self) -> bool:
        """Return false: one pass is enough."""
        return False

    def chosen(self, gone: Collection[str]) -> Mapping[str, Chosen]:
        """Return the sdists whose wheels are built."""
        found: dict[str, Chosen] = {}
        for key, all_ids in self._sdists.items():
            wheels = {name: left for name, ids in self._wheels[key].items() if (left := [*_without(ids, gone)])}
            ids = _without(all_ids, gone)
            if self._tags and wheels.keys() >= self._tags.keys():
                because = tuple(wheels[name][0] for name in sorted(self._tags))
                names = ", ".join(sorted(self._tags))
                found.update((id_, Chosen("sdist-built", f"its wheel is built for {names}", because)) for id_ in ids)
        return found


def _without(ids: Iterable[str], gone: Collection[str]) -> Iterator[str]:
    return (id_ for id_ in ids if id_ not in gone)
