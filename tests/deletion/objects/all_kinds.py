"""All kinds of hostile objects: each module enters its own when it is imported."""

from tests.deletion.objects import (
    archives,
    bodies,
    clocks,
    crowds,
    files,
    heads,
    libraries,
    links,
    names,
    rights,
    small,
    tars,
)
from tests.deletion.objects.ground import KINDS

__all__ = ["KINDS", "MODULES"]

MODULES = (
    archives,
    bodies,
    clocks,
    crowds,
    files,
    heads,
    libraries,
    links,
    names,
    rights,
    small,
    tars,
)
