"""Paths that are patterns for `glob`, and those that only look like one."""

import glob
import os

__all__ = ["is_pattern"]


def is_pattern(path: str) -> bool:
    """Return whether a path has a wildcard in a part that is not there under this very name.

    A directory may be called `[a]`: what is named in it is no pattern, whether it exists or not.
    """
    part = "" if "\0" in path else path  # no system has such a name
    while glob.has_magic(part) and not os.path.lexists(part):
        above, name = os.path.split(part)
        if glob.has_magic(name) or above == part:
            return True
        part = above
    return False
