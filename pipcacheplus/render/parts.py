"""Parts of a summary: objects, lists of objects, and numbers; a missing one is empty, or 0."""

from collections.abc import Mapping, Sequence

from pipcacheplus.render.view import Json

__all__ = ["Part", "number_in", "object_in", "objects_in"]

Part = Mapping[str, Json]
"""An object of a summary, or the summary itself."""


def number_in(part: Part, key: str) -> int:
    """Return a number of an object.

    >>> number_in({"files": 2}, "files"), number_in({"files": None}, "files"), number_in({}, "files")
    (2, 0, 0)
    """
    value = part.get(key)
    return value if isinstance(value, int) else 0


def object_in(part: Part, key: str) -> Part:
    """Return an object in an object."""
    value = part.get(key)
    return value if isinstance(value, Mapping) else {}


def objects_in(part: Part, key: str) -> list[Part]:
    """Return the objects in a list of an object."""
    found = part.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, Sequence) else []
