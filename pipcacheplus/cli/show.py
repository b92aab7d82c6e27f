"""`show`: everything about some entries."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.looking import look
from pipcacheplus.cli.base.options import declare_selection

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=True)


COMMAND = Command(help="Show everything about entries", run=look, declare=_declare)
