"""Complete a command line for a shell: commands, options, choices, projects of the cache."""

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family, members
from pipcacheplus.cli.base.parsing import Grammar, whole_parser
from pipcacheplus.model.terms import Kind, OwnKind
from pipcacheplus.model.version import __version__
from pipcacheplus.render.view import OutputFormat

__all__ = ["complete"]

_LIMIT_S = 0.15
"""How long a catalog is read, while somebody waits."""


def complete() -> None:
    """Write what may come next to the shell, and end the process."""
    from argcomplete import autocomplete  # noqa: PLC0415 - only shells that complete need it
    from argcomplete.completers import DirectoriesCompleter, FilesCompleter, SuppressCompleter  # noqa: PLC0415 - as above

    commands = Family("pipcacheplus.cli", "COMMAND", Command)
    formats = members("pipcacheplus.render", "FORMAT", OutputFormat)
    grammar = Grammar(commands, {name: form.help for name, form in formats.items()}, __version__, "pipcacheplus")
    typed = os.environ.get("COMP_LINE", "").split()
    parser = whole_parser(grammar, only=next((word for word in typed[1:] if word in commands), None))
    files, folders = FilesCompleter(), DirectoriesCompleter()
    completers = {"what": _projects, "keep": _projects, "only_kind": _kinds, "kinds": _own_kinds}
    by_value = {"FILE": files, "PATH": files, "PYTHON": files, "DIR": folders}
    for one in _parsers(parser):
        for action in one._actions:  # noqa: SLF001 - argcomplete, too, looks at them
            completer = completers.get(action.dest) or by_value.get(str(action.metavar))
            if completer is not None:
                action.completer = completer  # type: ignore[attr-defined]  # what argcomplete looks for
    autocomplete(parser, always_complete_options=False, default_completer=SuppressCompleter())


def _parsers(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    """Yield a parser, and those of its commands."""
    yield parser
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action.choices, dict):
            yield from action.choices.values()


def _projects(prefix: str, parsed_args: Namespace, **_more: object) -> list[str]:
    """Return the projects that the catalog has of the cache that the line names."""
    from pipcacheplus.catalog.project_names import project_names  # noqa: PLC0415 - slow to import, of use for WHAT alone
    from pipcacheplus.errors import PipCachePlusError  # noqa: PLC0415 - as above
    from pipcacheplus.host.state import state_folder  # noqa: PLC0415 - as above
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - as above

    named = getattr(parsed_args, "cache_dirs", None) or getattr(parsed_args, "early_cache_dirs", None)
    try:
        path = locate(this_machine(), cache_dir=named[-1] if named else None).path
    except (PipCachePlusError, OSError):
        return []
    return project_names(path, state_folder(), prefix, clock_s=time.monotonic, limit_s=_LIMIT_S)


def _kinds(**_more: object) -> list[str]:
    return [kind.value for kind in Kind]


def _own_kinds(**_more: object) -> list[str]:
    return [kind.value for kind in OwnKind]
