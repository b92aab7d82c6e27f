"""`pip`: the real pip; what stands behind it is pip's own, so it never comes to this parser but for its help."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.errors import BadRequestError

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    parser.usage = "pipcacheplus [--python PATH] [--no-heal] [--exclusive] [--no-record] [--check COMMAND] pip ..."
    parser.description = (
        "Run the real pip of this interpreter, or of PATH, with all that stands behind `pip`. If a command that"
        " installs or downloads fails, the entries that it dealt with are read to their end; damaged ones are"
        " removed, and pip is run once more. What an install used is noted (see stats). Of `pip cache`, the verbs that"
        " pip has not go to pipcacheplus: pip cache verify."
    )
    group = parser.add_argument_group("options, before `pip`")
    group.add_argument("--python", metavar="PATH", help="the interpreter whose pip is run")
    group.add_argument("--no-heal", action="store_true", help="remove nothing, and run pip once")
    group.add_argument("--exclusive", action="store_true", help="no other pip works on the cache")
    group.add_argument("--no-record", action="store_true", help="note nothing of what is used")
    group.add_argument(
        "--check",
        metavar="COMMAND",
        help="a command that has to succeed after an install; if it fails, built wheels that cannot be loaded any more"
        " are removed, and installed anew",
    )


def _run(_request: Request) -> CommandResult:
    """Refuse what was no order to run pip.

    Raises:
        BadRequestError: Always: an option that is not the wrapper's stands before `pip`.
    """
    raise BadRequestError(
        what="pip", problem="only the wrapper's options may stand before it", next_step="put those of pip behind it"
    )


COMMAND = Command(
    help="Run the real pip: a damaged cache is cured, and what was used is noted",
    run=_run,
    declare=_declare,
    examples=("pip install numpy", "--no-heal pip install numpy"),
    page="docs/how-to/wrap-pip.md",
)
