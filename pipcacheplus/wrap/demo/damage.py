"""Damage one bit of a wheel in the cache of a demonstration, as a bad disk does.

No other cache is ever given to it: the demonstration has made this one itself, in a folder of its own.
"""

import os
from typing import NamedTuple

from pipcacheplus.wrap.demo.wheels import DemoWheel

__all__ = ["Copy", "damage", "find_copy"]


class Copy(NamedTuple):
    """Where a wheel lies in a cache."""

    path: str
    offset: int
    """Where it begins in the file, in bytes: up to pip 23.2, headers stand before it."""


def find_copy(cache: str, wheel: DemoWheel) -> Copy | None:
    """Return where the bytes of a wheel lie below a directory; `None` if they lie nowhere."""
    for folder, _, names in os.walk(cache):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                offset = file.read().find(wheel.content)
            if offset >= 0:
                return Copy(path, offset)
    return None


def damage(copy: Copy, wheel: DemoWheel) -> None:
    """Flip one bit of a wheel where it lies; size and name stay."""
    with open(copy.path, "r+b") as file:
        file.seek(copy.offset + wheel.flipped_at)
        file.write(wheel.flipped)
