"""Files of projects of which newer versions are in the cache too, for the same tags."""

from array import array
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from pipcacheplus.model.values import FILE_KINDS, Brief, Kind
from pipcacheplus.plan.comparison import Chosen

__all__ = ["Superseded"]

_KINDS = FILE_KINDS | {Kind.BUILT_WHEEL}


class _Group(NamedTuple):
    """Files that can replace each other."""

    project: str
    kind: Kind
    """Of a built wheel the kind of a downloaded one, which a pip prefers to it."""
    tags: tuple[str, ...]
    interpreter: str | None
    """Of a built wheel: the only interpreter whose pip finds it."""


class Superseded:
    """Chooses all but the newest versions of a project for each set of tags.

    A pre-release never replaces a release, as pip installs one only on request. Versions that are
    invalid by PEP 440 have no order, so that such files stay.
    """

    def __init__(self, keeps: int) -> None:
        """Begin without any entry; `keeps` is the number of versions that stay, 1 or more."""
        self._keeps = keeps
        self._hashes: array[int] | None = array("q")
        """Hashes of the groups of all files in the first pass: most files have a group of their own."""
        self._several = frozenset[int]()
        """Those of several files."""
        self._files = defaultdict[_Group, dict[str, list[str]]](dict)
        """Ids of entries by their versions."""

    def see(self, brief: Brief) -> None:
        """Add an entry."""
        if brief.kind not in _KINDS or brief.project is None or brief.version is None:
            return
        is_built = brief.kind is Kind.BUILT_WHEEL
        tags = _tags_in_name(brief) if brief.kind is Kind.METADATA else brief.tags
        if tags is None:
            return
        kind = Kind.WHEEL if is_built else brief.kind
        group = _Group(brief.project, kind, tags, _built_for(brief) if is_built else None)
        number = hash(group)
        if self._hashes is not None:
            # A download may replace a built wheel; it has the group without the interpreter.
            self._hashes.extend((number, hash(group._replace(interpreter=None))) if is_built else (number,))
        elif number in self._several or hash(group._replace(interpreter=None)) in self._several:
            self._files[group].setdefault(brief.version, []).append(brief.id)

    def wants_again(self) -> bool:
        """Return whether any two files may replace each other; the second pass stores only these."""
        found, self._hashes = self._hashes, None
        ordered = sorted(found or ())
        self._several = frozenset(one for one, other in pairwise(ordered) if one == other)
        return bool(self._several)

    def chosen(self, gone: Collection[str]) -> Mapping[str, Chosen]:
        """Return the entries that newer versions replace."""
        found: dict[str, Chosen] = {}
        for group, files in self._files.items():
            own = _by_version(files, gone)
            rivals = own
            if group.interpreter is not None:  # a pip prefers a wheel of the index
                rivals = {**_by_version(self._files.get(group._replace(interpreter=None), {}), gone), **own}
            newest_first = sorted(rivals, reverse=True)
            for version, ids in own.items():
                # `2.1+cpu` and `2.1+cu118` are variants, of which none replaces another.
                newer = [one for one in newest_first if one > version and one.local == version.local]
                if not version.is_prerelease:
                    newer = [one for one in newer if not one.is_prerelease]
                if len(newer) >= self._keeps:
                    chosen = Chosen("superseded", f"{newer[0]} is there too", tuple(rivals[newer[0]][:1]))
                    found.update((id_, chosen) for id_ in ids)
        return found


def _tags_in_name(brief: Brief) -> tuple[str, ...] | None:
    """Return the tags of the wheel that metadata lies beside; `None` if its name is unknown."""
    stem, dot, _ = (brief.filename or "").partition(".whl")
    return ("-".join(stem.split("-")[-3:]),) if dot else None


def _built_for(brief: Brief) -> str:
    # If the key of a wheel cannot be computed again, only its place shows which pip finds it.
    return brief.interpreter or brief.id.rpartition("/")[0]


def _by_version(files: Mapping[str, list[str]], gone: Collection[str]) -> dict[Version, list[str]]:
    found = defaultdict[Version, list[str]](list)  # `1.0` and `1.0.0` are the same one
    for text, ids in files.items():
        with suppress(InvalidVersion):
            found[Version(text)] += [id_ for id_ in ids if id_ not in gone]
    return {version: ids for version, ids in found.items() if ids}
