"""Common options, and the parsing of arguments: options may stand before and after the command.

An option before the command and one after it go into different names, because a second parser would overwrite what a
first one had put there; `_merge` brings them together.
"""

import os
import re
from argparse import SUPPRESS, ArgumentParser, HelpFormatter, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.console import width_of
from pipcacheplus.cli.base.started import in_path, program_words, started_here
from pipcacheplus.cli.base.units import argument
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.units import AGE_HELP, age_s
from pipcacheplus.render.shell import quoted

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.model.pythons import Target

__all__ = [
    "LEAVES_YOUNG",
    "declare_catalog",
    "declare_deep",
    "declare_min_age",
    "declare_pythons",
    "declare_selection",
    "parse_arguments",
    "pythons_of",
]

LEAVES_YOUNG = "leave halves and leftovers alone that are younger (default 1h)"
"""What the grace period does where something may be removed."""
_COUNTED = ("verbose", "quiet")
_REPEATED = ("index_url",)
_SINGLE: Mapping[str, Any] = {
    "cache_dir": None,
    "format": None,
    "dry_run": False,
    "no_color": False,
    "no_input": False,
}
_WORDS = ("all", "current")
_TARGET_OPTIONS = (
    ("platform", "PLATFORM", "of Pythons of other machines, which count besides: manylinux2014_x86_64, win_amd64"),
    ("python-version", "VERSION", "their version: 3.11"),
    ("implementation", "NAME", "their implementation: cp, pp, py"),
    ("abi", "ABI", "their ABI: cp311, abi3, none"),
)
_TAG = re.compile(r"(?:cp|pp|py)[0-9]{1,3}")
_ALIASES = {"--and": "+"}
_COMBINED = "Several WHATs are alternatives; `+` between two narrows: numpy + kind:built-wheel."
_EARLY = "early_"
"""The prefix of the names of options before the command."""
_COLUMNS = 80
"""The width of help where stdout is no terminal and the environment does not say."""


def parse_arguments(
    arguments: Sequence[str],
    commands: Mapping[str, Command],
    formats: Mapping[str, str],
    *,
    version: str,
    default_format: str = "human",
) -> tuple[str | None, Namespace]:
    """Return the name of the command and its options; `None`, after printing help, if no command is given.

    Args:
        arguments: The arguments of the process, without its name.
        commands: By name; imported only as far as they are needed.
        formats: The words for `--format`, each with its help, which is empty for an alias.
        version: Printed for `--version`.
        default_format: One of these words, for where none is given.

    Raises:
        SystemExit: With 2, after a sentence on stderr, if the arguments are not valid; with 0 after printing help or
            the version.
    """
    top = _TopParser(commands, formats, version)
    early = top.parse_args(arguments)
    if early.command is None:
        top.print_help()
        return None, early
    if early.command not in commands:
        top.error(f"there is no command {early.command!r}; the commands are {', '.join(commands)}")
    command = commands[early.command]
    parser = _Parser(
        prog=f"{top.prog} {early.command}",
        description=command.help + ".",
        formatter_class=_help_formatter,
        allow_abbrev=False,
    )
    command.declare(parser)
    _declare_common(parser.add_argument_group("common options"), formats, version)
    own = [*_settings(early, command, parser), *early.rest]
    valued = [command.optional_values.get(word, word) for word in own]
    options = _merge(early, parser.parse_intermixed_args([_ALIASES.get(word, word) for word in valued]))
    options.format = options.format or default_format
    if hasattr(options, "only_kind"):
        options.what = _selected(options, parser)
    if getattr(options, "plan_out", None):
        options.dry_run = True
    return early.command, options


def _settings(early: Namespace, command: Command, parser: "_Parser") -> list[str]:
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
    tags = [word for word in options.python or () if _TAG.fullmatch(word)]
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


class _Parser(ArgumentParser):
    """Repeats no credentials of a URL that stands where it does not belong."""

    origin = ""
    """Where the arguments stand that are parsed, if that is not the command line."""

    def error(self, message: str) -> NoReturn:
        """Print a sentence on stderr, and exit with 2."""
        from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - slow to import

        super().error(shown_text(f"{self.origin}: {message}" if self.origin else message))


class _TopParser(_Parser):
    """Parses what stands before the command, and leaves the rest to the parser of the command."""

    def __init__(self, commands: Mapping[str, Command], formats: Mapping[str, str], version: str) -> None:
        super().__init__(
            prog=quoted(program_words(started_here(os.environ)), is_windows=os.name == "nt"),
            usage="%(prog)s [options] COMMAND [options] ...",
            description="Prove every entry of pip's cache whole or broken, and remove exactly what is asked for.",
            formatter_class=_top_formatter,
            allow_abbrev=False,
        )
        self._commands = commands
        _declare_common(self, formats, version, before=_EARLY)
        self.add_argument("command", nargs="?", metavar="COMMAND", help=SUPPRESS)
        # REMAINDER: the command's own parser takes what follows it.
        self.add_argument("rest", nargs="...", help=SUPPRESS)

    def format_help(self) -> str:
        """Import all commands, which is slow and needed for this alone, and return the help with a line for each."""
        width = max(map(len, self._commands))
        listed = "\n".join(f"  {name.ljust(width)}  {command.help}" for name, command in self._commands.items())
        self.epilog = f"commands:\n{listed}\n\n{self.prog} COMMAND --help tells the options of a command."
        return super().format_help()


def _top_formatter(prog: str) -> HelpFormatter:
    return RawDescriptionHelpFormatter(prog, width=_help_width())


def _help_formatter(prog: str) -> HelpFormatter:
    return HelpFormatter(prog, width=_help_width())


def _help_width() -> int:
    """Return what argparse would find out by itself: it makes a formatter for each option, and imports `shutil`."""
    return (width_of(os.environ) or _COLUMNS) - 2


def _declare_common(
    parser: Any,  # noqa: ANN401 - a parser or a group: argparse has no public name for both
    formats: Mapping[str, str],
    version: str,
    *,
    before: str = "",
) -> None:
    """Declare the options of every command.

    None has a default: what is not given stays unset, so that `_merge` can see it.
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
    words = ", ".join(f"{word}: {about}" if about else word for word, about in formats.items())
    add("--format", dest="format", choices=tuple(formats), help=words)
    add("-n", "--dry-run", dest="dry_run", action="store_true", help="change nothing, and say what would change")
    add("-v", "--verbose", dest="verbose", action="count", help="say more (repeatable)")
    add("-q", "--quiet", dest="quiet", action="count", help="say less (repeatable)")
    add("--no-color", dest="no_color", action="store_true", help="use no colours")
    add("--no-input", dest="no_input", action="store_true", help="never ask")
    parser.add_argument("--version", action="version", version=f"pipcacheplus {version}")


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
    return merged


def declare_selection(parser: ArgumentParser, *, needs_one: bool, has_pythons: bool = False) -> None:
    """Declare the arguments that choose entries.

    Args:
        parser: Of the command.
        needs_one: Whether something has to be named.
        has_pythons: Whether `declare_pythons` declares `--python`, which then takes tags as well.
    """
    parser.description = f"{parser.description} {_COMBINED}"
    group = parser.add_argument_group("selection")
    group.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help="a project (numpy), a version range ('numpy<2'), a file name or glob ('six-1.*.whl'), a URL, a path,"
        " kind:wheel, area:http, host:NAME, python:cp312, larger:1GB, older:30d; `not:` before one behind a `+`"
        " takes it out",
    )
    group.add_argument(
        "--kind", dest="only_kind", metavar="KIND", action="append", help="only of this kind (repeatable)"
    )
    group.add_argument(
        "--host", dest="only_host", metavar="HOST", action="append", help="only from this host (repeatable)"
    )
    if not has_pythons:
        group.add_argument(
            "--python", metavar="TAG", action="append", help="only wheels for this Python: cp312 (repeatable)"
        )
    group.add_argument("--and", dest="is_narrowed", action="store_true", help="another spelling of `+`")
    parser.add_argument("--error-on-no-match", action="store_true", help="exit with 23 if nothing matches")
    parser.set_defaults(needs_what=needs_one, has_pythons=has_pythons)


def declare_min_age(parser: ArgumentParser, means: str) -> None:
    """Declare the grace period; `means` says what it does."""
    parser.add_argument("--min-age", metavar="AGE", type=argument(age_s), default=3600.0, help=f"{means}; {AGE_HELP}")


def declare_pythons(parser: ArgumentParser) -> None:
    """Declare the options that say which interpreters count."""
    group = parser.add_argument_group("interpreters", "Which ones count; the last four as pip has them, repeatable.")
    group.add_argument(
        "--python",
        metavar="PATH",
        action="append",
        help="an interpreter, `current` for the one that runs this, or `all` of this machine (the default; repeatable);"
        " with a selection, a tag (cp312) narrows that to wheels for it",
    )
    for name, metavar, text in _TARGET_OPTIONS:
        group.add_argument(f"--{name}", metavar=metavar, action="append", help=text)


def pythons_of(options: Namespace, environ: Mapping[str, str]) -> "list[str | Target] | None":
    """Return the interpreters that the options name; `None` if they name none.

    A bare name is looked up in `PATH`, as a shell does. `current`, `all`, a path, and a name that is not found stay as
    they are: the error of an interpreter that cannot be run comes from where it is started. Each version of Python and
    each implementation make a target with all platforms and ABIs.
    """
    from pipcacheplus.model.pythons import Target  # noqa: PLC0415 - slow to import, and help imports this module

    words = options.python or []
    named: list[str | Target] = [
        word if word in _WORDS or os.path.dirname(word) else in_path(word, environ) or word for word in words
    ]
    platforms, abis = tuple(options.platform or ()), tuple(options.abi or ())
    if not (platforms or abis or options.python_version or options.implementation):
        return named or None
    targets = [
        Target(platforms=platforms, python_version=version, implementation=implementation, abis=abis)
        for version in options.python_version or (None,)
        for implementation in options.implementation or (None,)
    ]
    return [*named, *targets]


def declare_deep(parser: ArgumentParser) -> None:
    """Declare the options that read every byte again, whatever is known from an earlier run."""
    parser.add_argument(
        "--deep",
        action="store_true",
        help="read every byte, also of what was verified before and has not changed since",
    )
    declare_catalog(parser, help_="as --deep, and keep nothing of it")


def declare_catalog(parser: ArgumentParser, *, help_: str = "read everything anew, and keep nothing of it") -> None:
    """Declare the option that does without the catalog."""
    parser.add_argument("--no-catalog", dest="remembers", action="store_false", help=help_)
    parser.add_argument("--no-ledger", dest="remembers", action="store_false", help=SUPPRESS)  # its former name
