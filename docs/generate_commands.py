"""The page of all commands with all their options, from the parsers."""

import posixpath
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Iterable, Iterator

from generate_tables import cell, code, table

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family, members
from pipcacheplus.cli.base.parsing import Grammar, command_parser, top_parser
from pipcacheplus.model.version import __version__
from pipcacheplus.render.view import OutputFormat

_PROGRAM = "python -m pipcacheplus"
_FOLDER = "docs/reference"
_UNNAMED = ("options", "positional arguments")
"""The names that argparse gives to groups without one."""


def grammar() -> Grammar:
    """Return all that may be written on the command line."""
    commands = Family("pipcacheplus.cli", "COMMAND", Command)
    formats = {name: form.help for name, form in members("pipcacheplus.render", "FORMAT", OutputFormat).items()}
    return Grammar(commands, formats, __version__, _PROGRAM)


def commands_page() -> str:
    """Return the page of all commands."""
    all_ = grammar()
    lines = [
        "# Commands and options",
        "",
        "Every command with every option, as `COMMAND --help` prints them: this page is written from the code.",
        "[Command line](cli.md) says how commands work together, [settings](settings.md) which options need not be",
        "typed, [exit codes](exit-codes.md) how a run ends. [Words](words.md) defines the terms.",
        "",
        *table(["command", "does"], ([f"[`{name}`](#{name})", cell(one.help)] for name, one in all_.commands.items())),
        "",
        "## Options of all commands",
        "",
        "They may stand before or after the command.",
        *_tables(top_parser(all_)),
    ]
    for name, command in all_.commands.items():
        lines += _section(name, command, command_parser(name, all_, has_common=False))
    return "\n".join(lines) + "\n"


def _section(name: str, command: Command, parser: ArgumentParser) -> Iterator[str]:
    yield from ("", f"## {name}", "", cell(parser.description or ""))
    yield from ("", "```text", (parser.usage or "") % {"prog": parser.prog}, "```")
    yield from _tables(parser, leaves_out=("-h",))
    yield from ("", "For example:", "", "```text")
    yield from (f"{_PROGRAM} {example}" for example in command.examples)
    yield from ("```", "", f"More: {_link(command.page)}.")


def _link(page: str) -> str:
    """Return a link to a page, or to a section of it, named by its own words."""
    path = posixpath.relpath(page, _FOLDER)
    words = path.partition("#")[2] or posixpath.basename(path).removesuffix(".md")
    return f"[{words.replace('-', ' ')}]({path})"


def _tables(parser: ArgumentParser, *, leaves_out: tuple[str, ...] = ()) -> Iterator[str]:
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no public name for them
        actions = (one for one in group._group_actions if not {*leaves_out} & {*one.option_strings})  # noqa: SLF001 - as above
        rows = list(_rows(parser, actions))
        if not rows:
            continue
        if group.title and group.title not in _UNNAMED:
            yield from ("", f"**{group.title[0].upper()}{group.title[1:]}.** {cell(group.description or '')}".rstrip())
        yield ""
        yield from table(["option" if any(_is_option(row) for row in rows) else "argument", "meaning"], rows)


def _is_option(row: list[str]) -> bool:
    return row[0].startswith("`-")


def _rows(parser: ArgumentParser, actions: Iterable[Action]) -> Iterator[list[str]]:
    for action in actions:
        if action.help != SUPPRESS:
            text = (action.help or "") % {**vars(action), "prog": parser.prog}
            yield [", ".join(map(code, _spellings(action))), cell(text)]


def _spellings(action: Action) -> Iterator[str]:
    if not action.option_strings:
        yield str(action.metavar or action.dest)
        return
    *others, last = action.option_strings
    yield from others
    yield last + _value(action)


def _value(action: Action) -> str:
    if action.nargs == 0:
        return ""
    choices = "|".join(map(str, action.choices)) if action.choices else ""
    name = str(action.metavar or choices or action.dest.upper())
    name = name[1:-1].replace(",", "|") if name.startswith("{") else name
    if action.nargs == "?":
        return f"[={name.removeprefix('=')}]"
    return f" {name}" + (" ..." if action.nargs in {"*", "+", "..."} else "")
