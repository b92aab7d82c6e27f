"""`list`: every entry, by project."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.looking import look
from pipcacheplus.cli.base.options import declare_selection

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=False)


COMMAND = Command(help="List downloads, built wheels and pages, by project", run=look, declare=_declare)
