"""Words that other programs have for a command or an option of this one, and words that are nearly such a name."""

from collections.abc import Iterable, Mapping

from pipcacheplus.cli.base.command import Command
from pipcacheplus.model.spelling import near_word

__all__ = ["unknown_command", "unknown_option"]

_OF_OTHERS: Mapping[str, tuple[str, ...]] = {
    "audit": ("verify",),
    "cat": ("show",),
    "check": ("verify",),
    "clean": ("prune", "purge"),
    "cleanup": ("prune",),
    "clear": ("purge",),
    "del": ("remove",),
    "delete": ("remove",),
    "df": ("info",),
    "doctor": ("verify", "info"),
    "download": ("warm",),
    "du": ("info",),
    "explain": ("why",),
    "fsck": ("verify",),
    "gc": ("prune",),
    "interpreters": ("pythons",),
    "ls": ("list",),
    "path": ("dir",),
    "restore": ("undo",),
    "rm": ("remove",),
    "search": ("list",),
    "settings": ("config",),
    "size": ("info",),
    "status": ("info",),
    "uninstall": ("remove",),
    "where": ("dir",),
}
_OPTIONS = {"help": "--help", "version": "--version"}
"""Commands of other programs that are options here."""


def unknown_command(word: str, commands: Mapping[str, Command]) -> str:
    """Return a sentence about a command that does not exist: with the ones that may be meant, and what they do."""
    problem = f"there is no command {word!r}"
    if option := _OPTIONS.get(word.lower()):
        return f"{problem}; did you mean {option}?"
    meant = [name for name in _OF_OTHERS.get(word.lower(), ()) if name in commands]
    if not meant and (near := near_word(word, commands)):
        meant = [near]
    if not meant:
        return f"{problem}; the commands are {', '.join(commands)}"
    return f"{problem}; did you mean {' or '.join(f'{name} ({commands[name].help})' for name in meant)}?"


def unknown_option(option: str, command: str | None, options: Iterable[str], others: Iterable[str] = ()) -> str:
    """Return a sentence about an option that a command does not have.

    Args:
        option: The option, without a value.
        command: The command; `None` for the place before it.
        options: Those that it has.
        others: Commands that have the option.

    >>> unknown_option("--corupt", "prune", ["--corrupt", "--partial"])
    'prune has no option --corupt; did you mean --corrupt?'
    >>> unknown_option("--corrupt", "list", ["--sort"], ["prune"])
    'list has no option --corrupt; it is one of prune'
    """
    problem = f"there is no option {option}" if command is None else f"{command} has no option {option}"
    if of_others := ", ".join(others):
        return f"{problem}; it is one of {of_others}"
    near = near_word(option, options)
    return problem if near is None else f"{problem}; did you mean {near}?"
