"""`browse`: walk through a cache on a terminal, and remove what was marked after a question."""

import os
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_pythons
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.removal import declare_keeps, open_for_removal
from pipcacheplus.cli.base.signals import signal_name
from pipcacheplus.errors import BadRequestError

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.cli.browsing.app import Browser
    from pipcacheplus.model.cache_dir import CacheDir
    from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]

_EXTRA = frozenset({"rich", "textual"})
"""Packages of the extra `tui`."""


def _declare(parser: ArgumentParser) -> None:
    declare_keeps(parser)
    declare_pythons(parser)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    """Read the cache, show it, and return what was removed and saved meanwhile.

    It is read before the screen is there: as soon as there is one, so is a thread, and no process is forked any more
    to read side by side.
    """
    _import_view()
    _refuse_other_than_terminal(request)
    from pipcacheplus.cli.browsing.app import Browser  # noqa: PLC0415 - needs the extra, and is slow to import
    from pipcacheplus.cli.browsing.session import run_browser, without_color  # noqa: PLC0415 - as above
    from pipcacheplus.cli.browsing.work import Work  # noqa: PLC0415 - as above

    options = request.options
    cache = open_for_removal(request)
    work = Work(request, cache)
    with progress(request.console, "reading") as show:
        facts = work.read(show)
    with without_color(request.console):
        browser = Browser(
            work,
            facts,
            may_remove=not options.dry_run,
            is_to_trash=options.trash,
            plan_name=options.plan_out or "",
        )
    run_browser(browser)
    stopped = [] if browser.signal is None else [f"interrupted by {signal_name(browser.signal)}"]
    codes = [removed.exit_code for removed in browser.removed]
    codes += [] if browser.signal is None else [exits.stopped_by(browser.signal)]
    codes += [exits.FAILED] if browser.return_code else []  # it has printed why
    return make_result(
        request, cache, remarks=stopped, exit_code=exits.worst(exits.DONE, *codes), summary=_summary(browser)
    )


def _import_view() -> None:
    """Import what is not there without the extra.

    Raises:
        BadRequestError: It is not there.
    """
    try:
        import rich  # noqa: F401, PLC0415 - needs the extra
        import textual  # noqa: F401, PLC0415 - as above
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        raise BadRequestError(
            what="browse",
            problem=f"it needs {error.name}, which is not installed",
            next_step="run: python -m pip install 'rich>=14' 'textual>=8'",
        ) from None


def _refuse_other_than_terminal(request: Request) -> None:
    """Refuse where no user looks at a terminal.

    Raises:
        BadRequestError: So it is.
    """
    environ = request.environ
    if environ.get("CI"):
        problem = "CI is set, where no user looks at a screen"
    elif environ.get("TERM") in {None, "", "dumb"} and os.name != "nt":
        problem = f"a terminal with TERM={environ.get('TERM') or ''} cannot be drawn on"
    elif not (request.console.can_ask and request.console.out.isatty()):
        problem = "it needs a terminal for its input and its output, and somebody who may be asked"
    else:
        return
    raise BadRequestError(what="browse", problem=problem, next_step="use info, list and prune --dry-run")


def _summary(browser: "Browser") -> "Mapping[str, Json]":
    return {"removals": [one.sums for one in browser.removed], "plans": browser.saved}


def _summary_of_nothing(_cache: "CacheDir") -> "Mapping[str, Json]":
    return {"removals": [], "plans": []}


COMMAND = Command(
    help="Walk through the cache on a terminal, mark entries, see what would be removed, and remove it",
    run=_run,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    is_configurable=True,
    examples=("browse", "browse --trash --keep-lock pylock.toml"),
    page="docs/how-to/browse.md",
)
