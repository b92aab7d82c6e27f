"""`warm`: fill the cache for several interpreters and platforms."""

import re
import sys
from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.options import declare_pythons, pythons_of
from pipcacheplus.render.summary import summarize_warmed

__all__ = ["COMMAND"]

_CURRENT = "current"
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("requirements", nargs="*", metavar="REQUIREMENT", help="as for pip: numpy, 'numpy<2'")
    parser.add_argument(
        "-r",
        "--requirement",
        dest="files",
        metavar="FILE",
        action="append",
        default=[],
        help="a file of requirements, or a lock that pip can read (repeatable)",
    )
    declare_pythons(parser)


def _run(request: Request) -> CommandResult:
    from pipcacheplus.errors import BadRequestError  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - as above
    from pipcacheplus.wrap.warm import warm  # noqa: PLC0415 - as above

    options = request.options
    cache = locate(this_machine(request.environ), cache_dir=options.cache_dir)
    words = options.python or []
    options.python = [word for word in words if not _VERSION.fullmatch(word)]
    options.python_version = [*(options.python_version or ()), *(word for word in words if _VERSION.fullmatch(word))]
    named = pythons_of(options, request.environ) or []
    if "all" in named:
        step = "name each interpreter by its path"
        raise BadRequestError(what="`python`", problem="`all` is not possible here", next_step=step)
    given = [f"--cache-dir={options.cache_dir}"] if options.cache_dir is not None else []
    for at, url in enumerate(options.index_url or ()):
        given.append(f"{'--extra-index-url' if at else '--index-url'}={url}")
    if request.verbosity < 0 or options.format != "human":  # pip writes to the same stdout
        given.append("--quiet")
    done = warm(
        *options.requirements,
        files=options.files,
        pythons=[sys.executable if one == _CURRENT else one for one in named],
        options=given,
        say=request.console.say,
    )
    code = next((one.run.exit_code for one in done if one.run.exit_code), 0)
    view = make_view(
        request, cache, "atime", summary=summarize_warmed((one.what, one.run.exit_code, one.run.use) for one in done)
    )
    return CommandResult(view=view, exit_code=code)


COMMAND = Command(
    help="Fill the cache with the named requirements, by pip download, for several interpreters",
    run=_run,
    declare=_declare,
    examples=("warm numpy --python 3.12", "warm -r requirements.txt --python current"),
    page="docs/how-to/wrap-pip.md",
)
