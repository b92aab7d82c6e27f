"""Ids of very many entries in order, in little memory: of most, the key says all of it."""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import overload

from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import HTTP_AREAS, area_of, entry_path, key_of

__all__ = ["SortedIds"]

_AREAS = tuple(sorted(HTTP_AREAS))
_TEXTS = "surrogatepass"
_IS_TEXT = len(_AREAS)


class SortedIds(Sequence[str]):
    """Ids that are added in order, and found again."""

    def __init__(self) -> None:
        self._ends = array("Q")
        self._packed = bytearray()

    def append(self, id_: str) -> None:
        """Add one, behind all others in order."""
        key, area = key_of(id_), area_of(id_)
        if key is not None and area in HTTP_AREAS and entry_path(area, key) == id_:
            self._packed.append(_AREAS.index(area))
            self._packed += bytes.fromhex(key)
        else:
            self._packed.append(_IS_TEXT)
            self._packed += id_.encode("utf-8", _TEXTS)
        self._ends.append(len(self._packed))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        """Return one, or some."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        start = self._ends[at - 1] if at else 0
        code, packed = self._packed[start], self._packed[start + 1 : self._ends[at]]
        return packed.decode("utf-8", _TEXTS) if code == _IS_TEXT else entry_path(Area(_AREAS[code]), packed.hex())

    def place(self, id_: str) -> int | None:
        """Return where an id stands, `None` if it is not there."""
        at = bisect_left(self, id_)
        return at if at < len(self) and self[at] == id_ else None
