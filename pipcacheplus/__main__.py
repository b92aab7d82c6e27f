"""`python -m pipcacheplus`, and the console script."""
# PYTHON_ARGCOMPLETE_OK: by this, argcomplete knows that it may ask the module of `python -m pipcacheplus`.

import atexit
import gc
import os
import sys
from collections.abc import Sequence

__all__ = ["main"]

_ALLOCATIONS = 100_000
"""New objects between two runs of the interpreter's garbage collector. Imports and entries form few cycles, and
searching the objects of a large cache repeatedly takes a twentieth of the time of `purge`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `None` stands for the arguments of the process."""
    gc.set_threshold(_ALLOCATIONS)
    if arguments is None:
        atexit.register(gc.freeze)  # what is about to go need not be searched for cycles: a tenth of a short run
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments is None and "_ARGCOMPLETE" in os.environ:
            from pipcacheplus.cli.base.completing import complete  # noqa: PLC0415 - a shell asks; no run needs it

            complete()
        if "pip" in words:
            from pipcacheplus.cli.base.wrapped import run_wrapped, split_wrapped  # noqa: PLC0415 - only for pips

            if (wrapped := split_wrapped(words)) is not None:
                return run_wrapped(wrapped)
        from pipcacheplus.cli.base.run import run_on_streams  # noqa: PLC0415 - an interrupt need not wait for imports

        return run_on_streams(words)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
