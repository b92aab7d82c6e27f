"""Options that several commands have, and what their values mean."""

import os
import re
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.started import in_path
from pipcacheplus.cli.base.units import argument
from pipcacheplus.model.units import AGE_HELP, age_s

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.model.pythons import Target

__all__ = [
    "LEAVES_YOUNG",
    "PYTHON_TAG",
    "declare_catalog",
    "declare_deep",
    "declare_executor",
    "declare_many",
    "declare_min_age",
    "declare_pythons",
    "declare_selection",
    "pythons_of",
]

LEAVES_YOUNG = "leave incomplete downloads and other leftovers alone that are younger (default 1h)"
"""What the grace period does where something may be removed."""
PYTHON_TAG = re.compile(r"(?:cp|pp|py)[0-9]{1,3}")
"""A value of `--python` that narrows a selection, and names no interpreter."""
_LIMIT_S = 6 * 3600.0
_WORDS = ("all", "current")
_TARGET_OPTIONS = (
    ("platform", "PLATFORM", "of Pythons of other machines, which count besides: manylinux2014_x86_64, win_amd64"),
    ("python-version", "VERSION", "their version: 3.11"),
    ("implementation", "NAME", "their implementation: cp, pp, py"),
    ("abi", "ABI", "their ABI: cp311, abi3, none"),
)
_COMBINED = "Several WHATs are alternatives; `+` between two narrows: numpy + kind:built-wheel."


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
        " the short id that `list` prints for an entry, kind:wheel, area:http, host:NAME, python:cp312, larger:1GB,"
        " older:30d; behind a `+`, `not:` before one leaves out what it matches",
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


def declare_executor(parser: ArgumentParser) -> None:
    """Declare the executor of a command over many caches."""
    parser.add_argument(
        "--executor",
        metavar="ENGINE",
        help="where many caches are read: threads:4 (the default, one for each processor), processes:4,"
        " dask:tcp://HOST:8786 or mpi",
    )
    parser.add_argument(
        "--limit-per-cache",
        metavar="AGE",
        type=argument(age_s),
        default=_LIMIT_S,
        help="time after which the process of one cache is ended, tried once more, and then reported (default 6h)",
    )


def declare_many(parser: ArgumentParser, *, has_output: bool) -> None:
    """Declare the options that name many caches.

    Args:
        parser: Of the command.
        has_output: Whether the command has a file to write to of its own.
    """
    group: ArgumentParser = parser.add_argument_group("many caches")  # type: ignore[assignment]
    group.add_argument("--all-users", action="store_true", help="the caches of all users, as root")
    group.add_argument("--caches-from", metavar="FILE", help="the caches that a file names, one a line; - is stdin")
    if has_output:
        declare_executor(group)
        return
    group.add_argument(
        "--output",
        metavar="FILE",
        help="write a row for each entry to a new file as well, with its cache and owner: FILE.sqlite or FILE.parquet",
    )
    declare_executor(group)


def declare_deep(parser: ArgumentParser) -> None:
    """Declare the options that read every byte again, whatever an earlier run has stored."""
    parser.add_argument(
        "--deep",
        action="store_true",
        help="read every byte, also of what was verified before and has not changed since",
    )
    declare_catalog(parser, help_="as --deep, and store nothing of it")


def declare_catalog(parser: ArgumentParser, *, help_: str = "read everything again, and store nothing of it") -> None:
    """Declare the option that does without the catalog."""
    parser.add_argument("--no-catalog", dest="remembers", action="store_false", help=help_)
    parser.add_argument("--no-ledger", dest="remembers", action="store_false", help=SUPPRESS)  # its former name
