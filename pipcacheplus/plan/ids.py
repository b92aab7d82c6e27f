"""Ids of very many entries in little memory: in order, and the short form of each that means no other entry."""

import hashlib
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import overload

from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import HTTP_AREAS, area_of, entry_path, key_of, wheel_key_of

__all__ = ["SHORTEST", "ShortIds", "SortedIds", "digits_of_path", "key_in_path"]

SHORTEST = 8
"""Hexadecimal digits that the short form of an id has at least."""

_AREAS = tuple(sorted(HTTP_AREAS))
_TEXTS = "surrogatepass"
_IS_TEXT = len(_AREAS)
_COMPARED = 16
"""Digits of a hash that are compared: a number of them fits into 64 bits."""
_USUAL = re.compile(rf"(?:{'|'.join(_AREAS)})(?:/[0-9a-f]){{5}}/([0-9a-f]{{56}})").fullmatch


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


def key_in_path(id_: str) -> str | None:
    """Return the key in the path of a response, or of the directory of a built wheel; `None` for anything else."""
    usual = _USUAL(id_)  # as most are; the rest takes much longer
    return usual[1] if usual else key_of(id_) or wheel_key_of(id_)


def digits_of_path(id_: str) -> str:
    """Return the SHA-224 of an id in hexadecimal digits: every entry has another one, with or without a key.

    >>> digits_of_path("selfcheck.json")[:8]
    '69f4b895'
    """
    return _hash(id_).hex()


def _hash(id_: str) -> bytes:
    return hashlib.sha224(id_.encode("utf-8", _TEXTS)).digest()


class ShortIds:
    """Short forms of the ids of a cache: 8 hexadecimal digits, and more where these are not enough.

    They are the beginning of the key in an entry's path. Where several entries have the same key (the same URL in
    `http` and `http-v2`, several wheels in a directory), or there is no key, they are the beginning of the SHA-224 of
    the path. Nothing needs to be kept for that: a word of a selection is compared with both.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        """Take the ids of all entries of the cache, those of empty directories too, in any order."""
        self._shared = array("Q")
        """Beginnings of hashes that do not mean one entry, in order."""
        self._lengths = dict[int, int]()
        """How many digits are needed of a hash, where 8 are not enough."""
        for numbers in _in_parts(ids):
            for one, other in pairwise(sorted(numbers)):
                if one >> 32 != other >> 32:
                    continue
                if one == other:
                    self._shared.append(one)
                else:
                    length = _COMPARED - ((one ^ other).bit_length() - 1) // 4
                    for number in (one, other):
                        self._lengths[number] = max(self._lengths.get(number, 0), length)

    def of(self, id_: str) -> str:
        """Return the short form of an id; the id itself, where somebody has made other paths to hinder that."""
        key = key_in_path(id_)
        return (key and self._beginning(key)) or self._beginning(digits_of_path(id_)) or id_

    def _beginning(self, digits: str) -> str | None:
        number, shared = int(digits[:_COMPARED], 16), self._shared
        at = bisect_left(shared, number)
        if at < len(shared) and shared[at] == number:
            return None
        return digits[: self._lengths.get(number, SHORTEST)]


def _in_parts(ids: Iterable[str]) -> Iterator["array[int]"]:
    """Yield the numbers of all hashes of ids, by their first digit in order: to sort a part takes less memory."""
    parts = [array("Q") for _ in range(16)]
    for id_ in ids:
        number = int.from_bytes(_hash(id_)[: _COMPARED // 2], "big")
        parts[number >> 60].append(number)
        if (key := key_in_path(id_)) is not None:
            number = int(key[:_COMPARED], 16)
            parts[number >> 60].append(number)
    return iter(parts)
