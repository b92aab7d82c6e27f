"""`pip`: the real pip; the words after it are pip's own, so that this parser only has its help."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.errors import BadRequestError

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    parser.usage = "pipcacheplus [--python PATH] [--no-heal] [--exclusive] [--no-record] [--check COMMAND] pip ..."
    parser.description = (
        "Run the real pip of this interpreter, or of PATH, with all words after `pip`. If a command that"
        " installs or downloads fails, the entries that it used are read to their end; damaged ones are"
        " removed, and pip is run once more. The use of an install is recorded (see stats). Subcommands of `pip cache`"
        " that pip does not have are run by pipcacheplus: pip cache verify."
    )
    group = parser.add_argument_group("options, before `pip`")
    group.add_argument("--python", metavar="PATH", help="the interpreter whose pip is run")
    group.add_argument("--no-heal", action="store_true", help="remove nothing, and run pip once")
    group.add_argument("--exclusive", action="store_true", help="no other pip uses the cache")
    group.add_argument("--no-record", action="store_true", help="do not record the use of the cache")
    group.add_argument(
        "--check",
        metavar="COMMAND",
        help="a command that must succeed after an install; if it fails, built wheels that cannot be loaded any more"
        " are removed, and installed again",
    )


def _run(_request: Request) -> CommandResult:
    """Refuse arguments that do not run pip.

    Raises:
        BadRequestError: Always: there is an option before `pip` that is not the wrapper's.
    """
    raise BadRequestError(
        what="pip", problem="only the wrapper's options may stand before it", next_step="put those of pip after it"
    )


COMMAND = Command(
    help="Run the real pip: a damaged cache is repaired, and the use of the cache is recorded",
    run=_run,
    declare=_declare,
    examples=("pip install numpy", "--no-heal pip install numpy"),
    page="docs/how-to/wrap-pip.md",
)
