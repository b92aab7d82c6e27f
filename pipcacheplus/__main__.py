"""`python -m pipcacheplus`, and the console script."""

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `None` stands for the arguments of the process."""
    try:
        from pipcacheplus.cli.base.run import run  # noqa: PLC0415 - whoever interrupts need not wait for imports

        return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
