"""Parse the arguments of a run: options of all commands may stand before and after the command.

An option before the command and one after it go into different names, because a second parser would overwrite what a
first one had put there; `_merge` brings them together.
"""

import os
from argparse import SUPPRESS, ArgumentParser, HelpFormatter, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.options import PYTHON_TAG, declare_many
from pipcacheplus.cli.base.parser import Choices, OneSentenceParser, help_formatter, help_width
from pipcacheplus.cli.base.started import program_words, started_here
from pipcacheplus.errors import BadRequestError
from pipcacheplus.render.shell import quoted

__all__ = ["Grammar", "command_parser", "parse_arguments", "top_parser", "whole_parser"]

COLORS = ("auto", "always", "never")
_COUNTED = ("verbose", "quiet")
_REPEATED = ("cache_dirs", "index_url")
_SINGLE: Mapping[str, Any] = {
    "dry_run": False,
    "color": COLORS[0],
    "no_progress": False,
    "no_input": False,
}
_ALIASES = {"--and": "+"}
_EARLY = "early_"
"""The prefix of the names of options before the command."""
_PAGE = "docs/reference/cli.md"
_EXAMPLES = ("verify", "prune --dry-run")
_JSON = "json"


class Grammar(NamedTuple):
    """All that may be written on the command line."""

    commands: Mapping[str, Command]
    """By name; a command is imported when it is needed."""
    formats: Mapping[str, str]
    """The words for `--format`, each with its help."""
    version: str
    """Printed for `--version`."""
    program: str
    """What starts the program, quoted for a shell."""
    commands_of: Mapping[str, Sequence[str]] = MappingProxyType({})
    """The commands that a word for `--format` is for, if it is not for all."""


def parse_arguments(
    arguments: Sequence[str],
    commands: Mapping[str, Command],
    formats: Mapping[str, str],
    *,
    version: str,
    default_format: str = "human",
    commands_of: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> tuple[str | None, Namespace]:
    """Return the name of the command and its options; `None`, after printing help, if no command is given.

    Args:
        arguments: The arguments of the process, without its name.
        commands: As `Grammar`.
        formats: As `Grammar`.
        version: As `Grammar`.
        commands_of: As `Grammar`.
        default_format: One of the words for `--format`, for where none is given.

    Raises:
        SystemExit: With 2, after a sentence on stderr, if the arguments are not valid; with 0 after printing help or
            the version.
    """
    program = quoted(program_words(started_here(os.environ)), is_windows=os.name == "nt")
    grammar = Grammar(commands, formats, version, program, commands_of)
    top = top_parser(grammar)
    early, unknown = top.parse_known_args(arguments)
    if unknown:
        _refuse_before(top, unknown[0].partition("=")[0], early.command, grammar)
    if early.command is None:
        top.print_help()
        return None, early
    if early.command not in commands:
        from pipcacheplus.cli.base.misspelt import unknown_command  # noqa: PLC0415 - slow to import, for errors alone

        top.error(unknown_command(early.command, commands))
    command = commands[early.command]
    parser = command_parser(early.command, grammar)
    if (option := parser.unknown_option(early.rest)) is not None:
        _refuse_option(parser, option, early.command, grammar)
    own = [*_settings(early, command, parser), *early.rest]
    valued = [command.optional_values.get(word, word) for word in own]
    late, unknown = parser.parse_known_intermixed_args([_ALIASES.get(word, word) for word in valued])
    if unknown:
        _refuse_word(parser, unknown[0], early.command, grammar, own)
    options = _merge(early, late)
    options.format = _format_of(early, late, parser) or default_format
    if hasattr(options, "only_kind"):
        options.what = _selected(options, parser)
    if getattr(options, "plan_out", None):
        options.dry_run = True
    return early.command, options


def command_parser(name: str, grammar: Grammar, *, has_common: bool = True) -> OneSentenceParser:
    """Return the parser of a command, with the options of all commands or without."""
    parser = OneSentenceParser(prog=f"{grammar.program} {name}", formatter_class=help_formatter, allow_abbrev=False)
    _fill(parser, name, grammar, has_common=has_common)
    return parser


def top_parser(grammar: Grammar) -> "_TopParser":
    """Return the parser of what stands before the command."""
    return _TopParser(grammar)


def whole_parser(grammar: Grammar, *, only: str | None = None) -> OneSentenceParser:
    """Return one parser of all commands, for programs that look at it; what it parses has no use.

    Args:
        grammar: All that may be written.
        only: The command that is declared in full; the others are left at their names, and not imported.
    """
    top = OneSentenceParser(prog=grammar.program, allow_abbrev=False, formatter_class=help_formatter)
    _declare_common(top, grammar, before=_EARLY)
    parsers = top.add_subparsers(dest="command", metavar="COMMAND")
    for name in grammar.commands:
        if only in {None, name}:
            _fill(parsers.add_parser(name, help=grammar.commands[name].help, allow_abbrev=False), name, grammar)
        else:
            parsers.add_parser(name)
    return top


def _fill(parser: OneSentenceParser, name: str, grammar: Grammar, *, has_common: bool = True) -> None:
    """Declare all that a command has."""
    command = grammar.commands[name]
    parser.description = command.help + "."
    parser.program, parser.examples, parser.page = grammar.program, command.examples, command.page
    command.declare(parser)
    if command.takes_many:
        declare_many(parser, has_output="--output" in parser.options())
    parser.usage = parser.usage or parser.short_usage()
    if has_common:
        _declare_common(parser.add_argument_group("common options"), grammar, command=name)


def _refuse_before(top: "_TopParser", option: str, name: str | None, grammar: Grammar) -> NoReturn:
    """Refuse an option before the command that is none of those of all commands."""
    if name is not None and name in grammar.commands and option in command_parser(name, grammar).options():
        top.error(f"{option} is an option of {name}, and stands behind it: {name} {option}")
    _refuse_option(top, option, None, grammar)


def _refuse_option(parser: OneSentenceParser, option: str, name: str | None, grammar: Grammar) -> NoReturn:
    from pipcacheplus.cli.base.misspelt import unknown_option  # noqa: PLC0415 - slow to import, and for errors alone

    others = [other for other in grammar.commands if option in command_parser(other, grammar).options()]
    parser.error(unknown_option(option, name, parser.options(), others))


def _refuse_word(parser: OneSentenceParser, word: str, name: str, grammar: Grammar, words: Sequence[str]) -> NoReturn:
    """Refuse a word that has no place; behind an option with a value that is optional, say how it is written."""
    if word.startswith("-"):
        _refuse_option(parser, word, name, grammar)
    before = words[words.index(word) - 1] if word in words[1:] else ""
    if before in grammar.commands[name].optional_values and parser.takes(before, word):
        parser.error(f"the value of {before} stands behind an equals sign; write {before}={word}")
    near = f"; did you mean --{word}?" if f"--{word}" in parser.options() else ""
    parser.error(f"{name} takes no argument {word!r}{near}")


def _settings(early: Namespace, command: Command, parser: OneSentenceParser) -> list[str]:
    """Return the arguments that settings add, each tried by itself: an error names the place where it stands."""
    if not command.is_configurable or {"--no-settings", "-h", "--help"} & set(early.rest):
        return []
    from pipcacheplus.cli.base.configuration import arguments_of, configured, refuse_misspelt  # noqa: PLC0415 - slow
    from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - as above

    added: list[str] = []
    try:
        settings = configured(this_machine())
        refuse_misspelt(settings)
        for origin, arguments in arguments_of(settings, early.command, early.rest):
            parser.origin = origin
            valued = [command.optional_values.get(word, word) for word in arguments]
            parser.parse_known_args(valued)
            added += arguments
    except BadRequestError as error:
        parser.error(f"{error}; --no-settings does without")
    parser.origin = ""
    return added


def _selected(options: Namespace, parser: ArgumentParser) -> tuple[str, ...]:
    """Return the alternatives that are selected, each as one string."""
    words, kinds, hosts = options.what, options.only_kind or (), options.only_host or ()
    tags = [word for word in options.python or () if PYTHON_TAG.fullmatch(word)]
    options.python = [word for word in options.python or () if word not in tags] or None
    if options.python and not options.has_pythons:
        parser.error(f"argument --python: {options.python[0]!r} is no tag of a Python: cp312")
    if not (kinds or hosts or tags or any("+" in word for word in words)):
        found = tuple(words)
    else:
        from pipcacheplus.plan.select import alternatives_of  # noqa: PLC0415 - slow to import, and of use to few

        try:
            narrowed = [
                [f"{fact}:{one}" for one in some] for fact, some in (("kind", kinds), ("host", hosts), ("python", tags))
            ]
            found = alternatives_of(words, *narrowed)
        except BadRequestError as error:
            parser.error(str(error))
    if options.needs_what and not found:
        parser.error("say what: WHAT, --kind, --python or --host")
    return found


def _format_of(early: Namespace, late: Namespace, parser: OneSentenceParser) -> str | None:
    """Return the format that is named, the last one of several; `--json` names one too. `None` if none is."""
    places = ((early, _EARLY), (late, ""))
    named = [found for one, before in places if (found := getattr(one, before + "format", None)) is not None]
    if any(getattr(one, before + _JSON, False) for one, before in places):
        if named and named[-1] != _JSON:
            parser.error(f"--json and --format {named[-1]} contradict each other; give one of them")
        return _JSON
    return named[-1] if named else None


class _TopParser(OneSentenceParser):
    """Parses what stands before the command, and leaves the rest to the parser of the command."""

    def __init__(self, grammar: Grammar) -> None:
        super().__init__(
            prog=grammar.program,
            usage="%(prog)s [options] COMMAND [options] ...",
            description="Prove every entry of pip's cache whole or broken, and remove exactly what is asked for.",
            formatter_class=_top_formatter,
            allow_abbrev=False,
        )
        self.program, self.examples, self.page = grammar.program, _EXAMPLES, _PAGE
        self._commands = grammar.commands
        _declare_common(self, grammar, before=_EARLY)
        self.add_argument("command", nargs="?", metavar="COMMAND", help=SUPPRESS)
        # REMAINDER: the command's own parser takes what follows it.
        self.add_argument("rest", nargs="...", help=SUPPRESS)

    def format_help(self) -> str:
        """Import all commands, which is slow and needed for this alone, and return the help with a line for each."""
        width = max(map(len, self._commands))
        listed = "\n".join(f"  {name.ljust(width)}  {command.help}" for name, command in self._commands.items())
        self.epilog = f"commands:\n{listed}\n\n{self.prog} COMMAND --help lists the options of a command."
        return super().format_help()


def _top_formatter(prog: str) -> HelpFormatter:
    return RawDescriptionHelpFormatter(prog, width=help_width())


def _declare_common(
    parser: Any,  # noqa: ANN401 - a parser or a group: argparse has no public name for both
    grammar: Grammar,
    *,
    before: str = "",
    command: str | None = None,
) -> None:
    """Declare the options of every command; one of them may not have all formats.

    None has a default: what is not given stays unset, so that `_merge` can see it.
    """

    def add(*flags: str, dest: str, **more: Any) -> None:  # noqa: ANN401 - as argparse takes them
        parser.add_argument(*flags, dest=before + dest, default=SUPPRESS, **more)

    add(
        "--cache-dir",
        dest="cache_dirs",
        metavar="DIR",
        action="append",
        help="the cache, if not the one that pip would use; repeated, or a glob in quotes, of several caches",
    )
    add(
        "--index-url",
        "--extra-index-url",
        dest="index_url",
        metavar="URL",
        action="append",
        help="an index whose pages may be in the cache (repeatable)",
    )
    some = [word for word in grammar.formats if command is None or command in grammar.commands_of.get(word, (command,))]
    add(
        "--format",
        dest="format",
        choices=Choices(grammar.formats, some),
        metavar=f"{{{','.join(some)}}}",
        help=", ".join(f"{word}: {grammar.formats[word]}" for word in some),
    )
    add("--json", dest=_JSON, action="store_true", help="short for --format json")
    add("-n", "--dry-run", dest="dry_run", action="store_true", help="change nothing, and say what would change")
    add("-v", "--verbose", dest="verbose", action="count", help="say more (repeatable)")
    add("-q", "--quiet", dest="quiet", action="count", help="say less (repeatable)")
    add(
        "--color",
        dest="color",
        choices=COLORS,
        help="when to use colours; auto, the default, goes by NO_COLOR, FORCE_COLOR and the terminal, in this order",
    )
    add("--no-color", dest="color", action="store_const", const="never", help="short for --color never")
    add("--no-progress", dest="no_progress", action="store_true", help="do not show how far the work is")
    add("--no-input", dest="no_input", action="store_true", help="never ask")
    parser.add_argument("--version", action="version", version=f"pipcacheplus {grammar.version}")


def _merge(early: Namespace, late: Namespace) -> Namespace:
    """Return the command's options and the common ones of both places: counts and lists add up, else the last wins."""

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
    merged.cache_dir = merged.cache_dirs[-1] if merged.cache_dirs else None
    return merged
