"""Write the manual pages from the parsers: `python docs/generate_man.py`. A test compares them.

argparse-manpage makes roff of a parser. It wraps text as help does, so that a line could begin with what roff takes for
a command: the width is that of the longest text.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from argparse_manpage.manpage import Manpage

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family, members
from pipcacheplus.cli.base.parsing import Grammar, command_parser, top_parser
from pipcacheplus.model.version import __version__
from pipcacheplus.render.view import OutputFormat

PAGES = Path(__file__).with_name("man") / "share" / "man" / "man1"
NAME = "pipcacheplus"
_WIDE = "100000"


def manual_pages() -> dict[str, str]:
    """Return the text of each page by the name of its file."""
    os.environ["COLUMNS"] = _WIDE
    commands = Family("pipcacheplus.cli", "COMMAND", Command)
    formats = {name: form.help for name, form in members("pipcacheplus.render", "FORMAT", OutputFormat).items()}
    grammar = Grammar(commands, formats, __version__, NAME)
    pages = {f"{NAME}.1": _overview(grammar)}
    for name in commands:
        pages[f"{NAME}-{name}.1"] = _page_of(name, grammar)
    return pages


def _overview(grammar: Grammar) -> str:
    parser = top_parser(grammar)
    page = _page(parser, NAME, "verify and prune the cache of pip", [NAME, "[options] COMMAND [options] ..."])
    page.add_section("COMMANDS", "=", "\n".join(_commands(grammar)))
    _end(page, parser, [f"{NAME}-{name}" for name in grammar.commands])
    return str(page)


def _commands(grammar: Grammar) -> Iterator[str]:
    for name, command in grammar.commands.items():
        yield f".TP\n.BR {_plain(f'{NAME}-{name}')} (1)\n{_plain(command.help)}."


def _page_of(name: str, grammar: Grammar) -> str:
    parser = command_parser(name, grammar, has_common=False)
    usage = str(parser.usage).partition(NAME)[2].replace("%(prog)s", "").strip()
    help_ = grammar.commands[name].help
    page = _page(parser, f"{NAME}-{name}", help_[0].lower() + help_[1:], [NAME, usage])
    page.add_section(
        "COMMON OPTIONS",
        "=",
        f".BR {NAME} (1)\nhas the options of all commands. They may stand before or after this one.",
    )
    _end(page, parser, [NAME])
    return str(page)


def _page(parser: Any, title: str, about: str, synopsis: list[str]) -> Manpage:  # noqa: ANN401 - as argparse-manpage has it
    page = Manpage(parser)
    page.prog, page.description, page.synopsis = title, about, [_plain(word) for word in synopsis]
    # No date: the page changes if and only if what it says does.
    page.date, page.source, page.manual = "", f"{NAME} {__version__}", NAME
    return page


def _end(page: Manpage, parser: Any, others: list[str]) -> None:  # noqa: ANN401 - as above
    examples = "\n".join(_plain(f"{NAME} {example}") for example in parser.examples)
    page.add_section("EXAMPLES", "=", f".nf\n{examples}\n.fi")
    page.add_section(
        "SEE ALSO", "=", f"{', '.join(f'.BR {_plain(one)} (1)' for one in others)}".replace(", .BR", "\n.BR")
    )
    page.add_section("DOCUMENTATION", "=", _plain(parser.page))


def _plain(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", r"\-")


if __name__ == "__main__":
    PAGES.mkdir(parents=True, exist_ok=True)
    for old in PAGES.glob("*.1"):
        old.unlink()
    for file, text in manual_pages().items():
        (PAGES / file).write_text(text, encoding="utf-8")
