"""Play the part of pip in a demonstration: the pip of this interpreter, or a description of what one would do."""

import os
import site
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from pipcacheplus.wrap.child import run_for_output
from pipcacheplus.wrap.demo.index import Index, Sent, Server
from pipcacheplus.wrap.demo.surroundings import for_pip
from pipcacheplus.wrap.demo.wheels import DemoWheel
from pipcacheplus.wrap.demo.written import store_response
from pipcacheplus.wrap.temporary import make_private_folder

__all__ = ["DescribedPip", "Player", "Ran", "RealPip"]

_LIMIT_S = 60.0
"""How long a pip may take that installs two small wheels."""
_DECISIVE = ("Downloading ", "Using cached ", "Saved ", "Successfully ")


class Ran(NamedTuple):
    """The result of a command."""

    exit_code: int | None
    """`None` if it was described, and not run."""
    lines: tuple[str, ...]
    """What it printed, or the lines of it that matter."""
    sent: Sent | None = None
    """What the index sent meanwhile; `None` if no pip asked it."""


class Player(Protocol):
    """Whatever installs and downloads from the index of a demonstration."""

    def run(self, words: Sequence[str], wheels: Sequence[DemoWheel], *, fails: bool = False) -> Ran:
        """Have a command of pip carried out.

        Args:
            words: Of pip.
            wheels: Those that it needs.
            fails: Whether it is to fail by what is in the cache.
        """


class RealPip:
    """The pip of this interpreter."""

    def __init__(self, server: Server, folder: str, environ: Mapping[str, str]) -> None:
        """Take the server of the index that it uses, the folder of the demonstration, and variables of this process.

        Raises:
            OSError: A home directory for it cannot be made.
        """
        self._server = server
        self._folder = folder
        self._environ = for_pip(
            environ,
            index_url=server.index.simple_url,
            folder=make_private_folder(os.path.join(folder, "home")),
            user_base=site.getuserbase(),
        )

    def run(self, words: Sequence[str], wheels: Sequence[DemoWheel], *, fails: bool = False) -> Ran:  # noqa: ARG002 - it does what it does
        """Run it, and return the lines that matter, with what the index sent."""
        done = run_for_output((sys.executable, "-m", "pip", *words), self._environ, cwd=self._folder, limit_s=_LIMIT_S)
        return Ran(done.code, tuple(_decisive(done.text, is_failure=done.code != 0)), self._server.take_sent())


class DescribedPip:
    """No pip, but what one would leave in its cache."""

    def __init__(self, index: Index, cache: str) -> None:
        """Take the index, and the path of the cache."""
        self._index = index
        self._cache = cache

    def run(self, words: Sequence[str], wheels: Sequence[DemoWheel], *, fails: bool = False) -> Ran:  # noqa: ARG002 - the same for all
        """Store pages and wheels as a pip would, and say so.

        Raises:
            OSError: They cannot be written.
        """
        if fails:
            return Ran(None, ("not run: pip would compare the wheel with the checksum on its page, and fail",))
        for wheel in wheels:
            for url in (self._index.page_url(wheel.project), self._index.file_url(wheel)):
                store_response(self._cache, self._index, url)
        names = " and ".join(wheel.filename for wheel in wheels)
        return Ran(None, (f"not run: the demonstration has written {names} to the cache, as pip would",))


def _decisive(text: str, *, is_failure: bool) -> list[str]:
    r"""Return the lines of pip's output that matter, without blank ones.

    >>> _decisive("Collecting a\n  Downloading a.whl (1 kB)\n\nSuccessfully installed a-1.0\n", is_failure=False)
    ['Downloading a.whl (1 kB)', 'Successfully installed a-1.0']
    >>> _decisive("Collecting a\nERROR: no\n    because\n", is_failure=True)
    ['ERROR: no', '    because']
    >>> _decisive("Traceback (most recent call last):\n  ...\nImportError: no pip here\n", is_failure=True)
    ['ImportError: no pip here']
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if not is_failure:
        return [line.strip() for line in lines if line.strip().startswith(_DECISIVE)]
    # Of a traceback, as of a pip that does not run under this Python, the last line says why.
    is_traceback = any(line.startswith("Traceback ") for line in lines)
    errors = () if is_traceback else (at for at, line in enumerate(lines) if line.startswith("ERROR"))
    return lines[next(iter(errors), -1) :]
