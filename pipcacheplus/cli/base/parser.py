"""The parser of one command: its help, and errors of one sentence that say where help is."""

import os
import sys
from argparse import SUPPRESS, Action, ArgumentError, ArgumentParser, ArgumentTypeError, HelpFormatter
from collections.abc import Iterable, Sequence
from typing import NoReturn

from pipcacheplus.cli.base.console import width_of
from pipcacheplus.cli.base.streams import redirect

__all__ = ["OneSentenceParser", "help_formatter", "help_width"]

_COLUMNS = 80
"""The width of help where stdout is no terminal and the environment does not say."""
_USAGE = 2
_ARGPARSE = {
    "argument ": "{}",
    "the following arguments are required: ": "{} is missing",
}
"""How sentences of argparse begin, and what is written instead; `{}` is the rest of the sentence."""


class OneSentenceParser(ArgumentParser):
    """Refuses arguments in one sentence without the usage, and repeats no credentials of a URL among them."""

    origin = ""
    """Where the arguments stand that are parsed, if that is not the command line."""
    examples: Sequence[str] = ()
    """Arguments of the program, for the end of the help."""
    page = ""
    """Where the documentation says more, for the end of the help."""
    program = ""
    """What starts the program, for examples."""

    def error(self, message: str) -> NoReturn:
        """Print a sentence and where help is on stderr, and exit with 2."""
        from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - slow to import, and for errors alone
        from pipcacheplus.render.text.words import safe  # noqa: PLC0415 - as above

        for begins, form in _ARGPARSE.items():
            if message.startswith(begins):
                message = form.format(message[len(begins) :])
        message = message.replace(": ignored explicit argument ", " takes no value: ")
        said = shown_text(f"{self.origin}: {message}" if self.origin else message)
        self.exit(_USAGE, f"ERROR: {safe(said)}\nHelp: {self.prog} --help\n")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Exit with a code, after a message on stderr if there is one and stderr takes it."""
        if message and sys.stderr is not None:
            encoding = sys.stderr.encoding or "ascii"
            try:
                sys.stderr.write(message.encode(encoding, "backslashreplace").decode(encoding))
                sys.stderr.flush()
            except OSError:
                redirect(sys.stderr)
        sys.exit(status)

    def format_help(self) -> str:
        """Return the help, with examples and the page of the documentation at its end."""
        parts = [super().format_help()]
        if self.examples:
            parts.append("examples:\n" + "".join(f"  {self.program} {example}\n" for example in self.examples))
        if self.page:
            parts.append(f"documentation: {self.page}\n")
        return "\n".join(parts)

    def options(self) -> list[str]:
        """Return the long options, those without help left out."""
        return [
            flag
            for action in self._actions
            if action.help != SUPPRESS
            for flag in action.option_strings
            if flag.startswith("--")
        ]

    def unknown_option(self, words: Iterable[str]) -> str | None:
        """Return the first long option among words that this parser does not have, without a value, if there is one.

        argparse reports it only after everything else that is wrong, and then without saying what may be meant.
        """
        for word in words:
            if word == "--":
                return None
            name = word.partition("=")[0]
            if word.startswith("--") and " " not in word and name not in self._option_string_actions:
                return name
        return None

    def takes(self, option: str, word: str) -> bool:
        """Return whether an option that this parser has takes a word as its value."""
        read = self._option_string_actions[option].type
        if not callable(read):
            return False
        try:
            read(word)
        except (ArgumentTypeError, ValueError):
            return False
        return True

    def short_usage(self) -> str:
        """Return the usage without the options that can be left out."""
        parts = [self.prog.replace("%", "%%"), "[options]"]
        for action in self._actions:
            name = str(action.metavar or action.dest)
            if action.option_strings:
                parts += [f"{action.option_strings[-1]} {name}"] if action.required else []
            else:
                parts.append({"*": f"[{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name))
        return " ".join(parts)

    def _check_value(self, action: Action, value: object) -> None:
        """Refuse what is none of the choices of an argument, and say which one may be meant.

        argparse calls this for each value; it has no public name for it.
        """
        if action.choices is not None and value not in action.choices:
            from pipcacheplus.model.spelling import did_you_mean  # noqa: PLC0415 - for errors alone

            words = [*map(str, getattr(action.choices, "proposed", action.choices))]
            step = did_you_mean(str(value), words) or f"use {_alternatives(words)}"
            raise ArgumentError(action, f"there is no {value!r}; {step}")


class Choices(tuple[str, ...]):  # noqa: SLOT001 - a tuple with slots can store nothing
    """Values of an argument, of which errors and help name only some."""

    proposed: tuple[str, ...]

    def __new__(cls, words: Iterable[str], proposed: Iterable[str]) -> "Choices":
        """Make a tuple of all words, with those that are named."""
        made = super().__new__(cls, words)
        made.proposed = tuple(proposed)
        return made


def _alternatives(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def help_formatter(prog: str) -> HelpFormatter:
    """Return what formats the help of a command."""
    return HelpFormatter(prog, width=help_width())


def help_width() -> int:
    """Return what argparse would find out by itself: it makes a formatter for each option, and imports `shutil`."""
    return (width_of(os.environ) or _COLUMNS) - 2
