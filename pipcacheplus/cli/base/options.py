"""The options that every command has, and how arguments are read: options may stand before and after the command.

An option before the command and one after it go into different names, because a second parser would overwrite what a
first one had put there; `merge` brings them together.
"""

from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipcacheplus.cli.base.command import PROGRAM, Command

__all__ = ["declare_pythons", "declare_selection", "parse"]

_COUNTED = ("verbose", "quiet")
_REPEATED = ("index_url",)
_SINGLE: Mapping[str, Any] = {
    "cache_dir": None,
    "format": "human",
    "dry_run": False,
    "no_color": False,
    "no_input": False,
}
_EARLY = "early_"
"""What the names of options before the command begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    """What the parsers are made from."""

    version: str
    formats: Mapping[str, str]
    """Words for `--format`, with what the format is; an alias has no words of its own."""


def parse(
    arguments: Sequence[str], commands: Mapping[str, Command], formats: Mapping[str, str], *, version: str
) -> tuple[str | None, Namespace]:
    """Return the name of the command, `None` if there is none, and its options.

    `formats` has the words for `--format`, each with its help; empty for an alias.

    Raises:
        SystemExit: With 2 after a sentence on stderr if the arguments cannot be understood; with 0 after help or the
            version was printed.
    """
    texts = _Texts(version=version, formats=formats)
    top = _top_parser(commands, texts)
    early = top.parse_args(arguments)
    if early.command is None:
        top.print_help()
        return None, early
    if early.command not in commands:
        top.error(f"there is no command {early.command!r}; the commands are {', '.join(commands)}")
    late = _parse_command(early.command, commands[early.command], early.rest, texts)
    return early.command, _merge(early, late)


def _top_parser(commands: Mapping[str, Command], texts: _Texts) -> ArgumentParser:
    width = max(map(len, commands))
    listed = "\n".join(f"  {name.ljust(width)}  {command.help}" for name, command in commands.items())
    parser = ArgumentParser(
        prog=PROGRAM,
        usage="%(prog)s [options] COMMAND [options] ...",
        description="Prove every entry of pip's cache whole or broken, and remove exactly what is asked for.",
        epilog=f"commands:\n{listed}\n\n{PROGRAM} COMMAND --help tells the options of a command.",
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _declare_common(parser, texts, before=_EARLY)
    parser.add_argument("command", nargs="?", metavar="COMMAND", help=SUPPRESS)
    # REMAINDER: from the command on, the words are the command's own affair.
    parser.add_argument("rest", nargs="...", help=SUPPRESS)
    return parser


def _parse_command(name: str, command: Command, arguments: Sequence[str], texts: _Texts) -> Namespace:
    parser = ArgumentParser(prog=f"{PROGRAM} {name}", description=command.help + ".", allow_abbrev=False)
    command.declare(parser)
    _declare_common(parser.add_argument_group("common options"), texts)
    valued = [command.optional_values.get(word, word) for word in arguments]
    return parser.parse_intermixed_args(valued)


def _declare_common(parser: Any, texts: _Texts, *, before: str = "") -> None:  # noqa: ANN401 - a parser or a group
    """Declare the options of every command.

    None has a default: what is not given stays unset, so that `_merge` can tell.
    """

    def add(*flags: str, dest: str, **more: Any) -> None:  # noqa: ANN401 - as argparse takes them
        parser.add_argument(*flags, dest=before + dest, default=SUPPRESS, **more)

    add("--cache-dir", dest="cache_dir", metavar="DIR", help="the cache, if not the one that pip would use")
    add(
        "--index-url",
        "--extra-index-url",
        dest="index_url",
        metavar="URL",
        action="append",
        help="an index whose pages may be in the cache (repeatable)",
    )
    words = ", ".join(f"{word}: {about}" if about else word for word, about in texts.formats.items())
    add("--format", dest="format", choices=tuple(texts.formats), help=words)
    add("-n", "--dry-run", dest="dry_run", action="store_true", help="change nothing, and say what would change")
    add("-v", "--verbose", dest="verbose", action="count", help="say more (repeatable)")
    add("-q", "--quiet", dest="quiet", action="count", help="say less (repeatable)")
    add("--no-color", dest="no_color", action="store_true", help="use no colours")
    add("--no-input", dest="no_input", action="store_true", help="never ask")
    parser.add_argument("--version", action="version", version=f"pipcacheplus {texts.version}")


def _merge(early: Namespace, late: Namespace) -> Namespace:
    """Return the command's options, with the common ones from both places: counts and lists add up, else the last wins."""

    def both(name: str, nothing: Any) -> tuple[Any, Any]:  # noqa: ANN401 - whatever argparse put there
        return getattr(early, _EARLY + name, nothing), getattr(late, name, nothing)

    merged = Namespace(**vars(late))
    for name in _COUNTED:
        setattr(merged, name, sum(both(name, 0)))
    for name in _REPEATED:
        first, second = both(name, [])
        setattr(merged, name, (*first, *second))
    for name, nothing in _SINGLE.items():
        first, _ = both(name, nothing)
        setattr(merged, name, getattr(late, name, first))
    return merged


def declare_selection(parser: ArgumentParser, *, needs_one: bool) -> None:
    """Declare the arguments that choose entries."""
    parser.add_argument(
        "what",
        nargs="+" if needs_one else "*",
        metavar="WHAT",
        help="a project (numpy), a version range ('numpy<2'), a file name or glob ('six-1.*.whl'), kind:wheel, an id, a URL",
    )
    parser.add_argument("--error-on-no-match", action="store_true", help="exit with 23 if nothing matches")


def declare_pythons(parser: ArgumentParser) -> None:
    """Declare the option that names interpreters."""
    parser.add_argument(
        "--python",
        metavar="PATH",
        action="append",
        help="an interpreter whose wheels count as usable, or `current` (the default; repeatable)",
    )
