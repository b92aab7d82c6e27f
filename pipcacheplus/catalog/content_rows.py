"""Rows of the table `content`: digests of a payload and the result of unpacking it; and facts combined with them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from pipcacheplus.catalog.entry_rows import as_column, seal_of
from pipcacheplus.catalog.stored_facts import RowDamagedError, pack, pack_libraries, unpack, unpack_libraries
from pipcacheplus.model.facts import Broken, Expected, Facts, Head, Libraries, PayloadFormat, Unknown, Wheel
from pipcacheplus.model.values import Shape
from pipcacheplus.readers.digests import is_contradicted, is_proven, sent_digests, usable, wanted_digests

__all__ = ["COLUMNS", "Content", "is_unpackable", "sha256_of", "with_content"]

COLUMNS = ("sha256", "md5", "blake2b", "others", "is_unpacked", "is_cut", "damage", "problem", "libraries", "seal")
"""Of the table `content`, but for the id."""
_OWN_COLUMNS = COLUMNS[:3]
_ARCHIVES = frozenset({PayloadFormat.ZIP, PayloadFormat.TAR})
_NO_LIBRARIES = Libraries()


class Content(NamedTuple):
    """The results of reading a payload to its end, for the parts that were done."""

    digests: dict[str, str]
    """In hex, by algorithm."""
    is_unpacked: bool
    """Whether it was read as an archive to its end."""
    is_cut: bool
    """Whether its end could not be reached: then there are no digests, and never will be."""
    problem: Broken | Unknown | None
    """The damage that was found."""
    libraries: Libraries | None = None
    """The libraries in a built wheel; `None` if it has none, or they were not read."""

    @classmethod
    def of_facts(cls, facts: Facts, expected: Expected) -> "Content":
        """Return the results of reading an entry to its end just now, with this evidence."""
        digests = dict(facts.digests)
        is_response = isinstance(facts.head, Head)
        is_cut = is_response and facts.damage is not None and not digests and bool(wanted_digests(facts, expected))
        is_unpacked = facts.is_read_whole and not is_cut and not is_proven(facts.published, digests)
        return cls(digests, is_unpacked, is_cut, facts.damage, facts.libraries)

    @classmethod
    def of_row(cls, columns: Sequence[Any]) -> "Content | None":
        """Return the contents of a row; `None` if there is no row.

        Raises:
            RowDamagedError: It is not as it was written.
        """
        *values, seal = columns
        if seal is None:
            return None
        if seal != seal_of(values):
            raise RowDamagedError
        sha256, md5, blake2b, others, is_unpacked, is_cut, _, problem, libraries = values
        digests = dict(unpack(others)) if others is not None else {}
        digests |= {
            name: raw.hex() for name, raw in zip(_OWN_COLUMNS, (sha256, md5, blake2b), strict=True) if raw is not None
        }
        if not all(isinstance(text, str) for pair in digests.items() for text in pair):
            raise RowDamagedError
        found = None if libraries is None else unpack_libraries(libraries)
        return cls(digests, bool(is_unpacked), bool(is_cut), _problem(problem), found)

    def joined(self, other: "Content | None") -> "Content":
        """Return the results of both; where only one was unpacked, its result."""
        if other is None:
            return self
        is_own = self.is_unpacked or self.is_cut or not other.is_unpacked
        return Content(
            {**other.digests, **self.digests},
            self.is_unpacked or other.is_unpacked,
            self.is_cut,
            self.problem if is_own else other.problem,
            self.libraries if is_own else other.libraries,
        )

    def columns(self) -> tuple[Any, ...]:
        """Return the row."""
        raw = [bytes.fromhex(self.digests[name]) if name in self.digests else None for name in _OWN_COLUMNS]
        others = sorted((name, value) for name, value in self.digests.items() if name not in _OWN_COLUMNS)
        problem = self.problem
        packed = None
        if isinstance(problem, Broken):
            packed = pack((problem.reason, problem.offset, problem.is_cut, problem.is_tolerated))
        elif problem is not None:
            packed = pack((problem.reason,))
        values = (
            *raw,
            pack(others) if others else None,
            int(self.is_unpacked),
            int(self.is_cut),
            as_column(problem.reason) if isinstance(problem, Broken) else None,
            packed,
            pack_libraries(self.libraries) if self.libraries is not None and self.libraries != _NO_LIBRARIES else None,
        )
        return *values, seal_of(values)


def sha256_of(columns: Sequence[Any]) -> str | None:
    """Return the SHA-256 that a row has, in hex.

    Raises:
        RowDamagedError: It is not as it was written.
    """
    *values, seal = columns
    digest = values[0]
    if seal != seal_of(values) or not isinstance(digest, bytes | None):
        raise RowDamagedError
    return digest.hex() if digest is not None else None


def _problem(packed: object) -> Broken | Unknown | None:
    if packed is None:
        return None
    match unpack(packed):
        case (str(reason),):
            return Unknown(reason=reason)
        case (str(reason), int() | None as offset, bool(is_cut), bool(is_tolerated)):
            return Broken(reason=reason, offset=offset, is_cut=is_cut, is_tolerated=is_tolerated)
    raise RowDamagedError


def is_unpackable(facts: Facts) -> bool:
    """Return whether a payload is an archive whose ends are undamaged, so that it can be read to its end."""
    return facts.format in _ARCHIVES and not isinstance(facts.payload, (Broken, Unknown))


def with_content(
    shape: Shape, facts: Facts, content: Content | None, expected: Expected, *, is_final: bool = False
) -> Facts | None:
    """Return the facts of an entry as if it had been read to its end now, with the present evidence.

    A proven payload is not unpacked: an earlier result of unpacking counts only without a proof.

    Args:
        shape: Shape of the entry.
        facts: The facts from its ends.
        content: The results of reading it to its end, for the parts that were done.
        expected: Evidence in the rest of the cache.
        is_final: Whether missing results were tried, and cannot be obtained.

    Returns:
        `None` if a result is missing: a digest to compare, or the result of unpacking.
    """
    if shape is Shape.BUILT_WHEEL:
        if not isinstance(facts.payload, Wheel):
            return facts
        if content is None or not content.is_unpacked:
            return facts if is_final else None
        libraries = (content.libraries or _NO_LIBRARIES) if content.problem is None else None
        return replace(facts, is_read_whole=True, damage=content.problem, libraries=libraries)
    if not isinstance(facts.head, Head) or facts.format is None or shape is Shape.BODY:
        return facts
    return _response(facts, content or _NOTHING, expected, is_final=is_final)


_NOTHING = Content({}, is_unpacked=False, is_cut=False, problem=None)


def _response(facts: Facts, content: Content, expected: Expected, *, is_final: bool) -> Facts | None:
    published, wanted = usable(expected.published), wanted_digests(facts, expected)
    facts = replace(facts, published=published, wheel_metadata=expected.wheel_metadata)
    if content.is_cut and wanted:
        return replace(facts, damage=content.problem, is_read_whole=True)
    made = content.digests
    if not wanted <= made.keys() and not is_final:
        return None
    own = {name: made[name] for name in wanted if name in made}
    if is_contradicted(published, own):
        # A page publishes another digest: the proof that it is what was sent decides whether it is damaged.
        wanted |= sent_digests(facts, expected)
        if not wanted <= made.keys() and not is_final:
            return None
    if is_proven(published, own):
        return _made(facts, made, wanted)
    if not is_unpackable(facts):
        return None if not wanted <= made.keys() and not is_final else _made(facts, made, wanted, is_read_whole=False)
    if not (content.is_unpacked and wanted <= made.keys()) and not is_final:
        return None
    return replace(_made(facts, made, wanted), damage=content.problem)


def _made(facts: Facts, made: dict[str, str], wanted: frozenset[str], *, is_read_whole: bool = True) -> Facts:
    told = tuple(sorted((name, made[name]) for name in wanted if name in made))
    return replace(facts, digests=told, is_read_whole=is_read_whole)
