"""The version of the pip among the modules of an interpreter; nothing is imported or run."""

import os
import re
import stat
from collections.abc import Iterable

__all__ = ["version_of_pip"]

_MAX_BYTES = 1 << 16
_VERSION = re.compile(rb"""^__version__ *= *["']([0-9][0-9A-Za-z.+!-]{0,39})["']""", re.MULTILINE)
_FLAGS: int = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def version_of_pip(search_path: Iterable[str]) -> str | None:
    """Return the version of the first pip on a search path.

    Args:
        search_path: Folders, as in `sys.path`. Empty and relative ones are ignored: they depend on the current
            directory. A pip inside a zip file is not seen.

    Returns:
        As pip writes it; `None` if there is no pip, or its version cannot be read.

    Source: `pip/__init__.py` of pip 6.0 to 26.3 has it in a line of its own.
    """
    for folder in search_path:
        if os.path.isabs(folder) and (text := _read(os.path.join(folder, "pip", "__init__.py"))) is not None:
            found = _VERSION.search(text)
            return found[1].decode("ascii") if found else None
    return None


def _read(path: str) -> bytes | None:
    try:
        # Another program may have named the folder: a pipe in its place must not block.
        descriptor = os.open(path, _FLAGS)
        with open(descriptor, "rb") as file:
            return file.read(_MAX_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except (OSError, ValueError):
        return None
