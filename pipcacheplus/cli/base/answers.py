"""How a command's result becomes an answer: the view that all share, warnings in words, and the exit code."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Answer, Request
from pipcacheplus.model.values import CacheDir, Warned
from pipcacheplus.render.view import View
from pipcacheplus.version import __version__

if TYPE_CHECKING:  # slow to import, and named only
    from pipcacheplus.cache import PipCache

__all__ = ["answer", "make_view"]


def make_view(
    request: Request,
    cache: CacheDir,
    last_use: str,
    *,
    told: Sequence[str] = (),
    **parts: Any,  # noqa: ANN401 - View's
) -> View:
    """Return the view of a command, with `told` and what is to be said of the cache itself as warnings."""
    own = () if cache.disabled_by is None else (f"pip itself does not use this cache: {cache.disabled_by}",)
    if cache.moves_access_times:
        own = (*own, "reading moves access times here, so that files seem to have been used just now")
    return View(
        command=request.command,
        version=__version__,
        cache=cache,
        last_use=last_use,
        separator=request.separator,
        verbosity=request.verbosity,
        is_dry_run=bool(request.options.dry_run),
        warnings=(*own, *told),
        **parts,
    )


def answer(  # noqa: D417 - the rest is View's
    request: Request,
    cache: "PipCache",
    *,
    warnings: Iterable[Warned] = (),
    unmatched: Sequence[str] = (),
    exit_code: int = exits.DONE,
    **parts: Any,  # noqa: ANN401 - View's
) -> Answer:
    """Return the answer of a command that looked at a cache.

    Args:
        warnings: What could not be looked at: the command has been done in part.
        unmatched: Selections that fitted nothing.
        exit_code: What the command itself has to say; a worse reason wins.
    """
    failures = tuple(f"{warned.path}: {warned.message}" for warned in warnings)
    missing = tuple(f'No matching entries for "{what}"' for what in unmatched)
    view = make_view(request, cache.dir, cache.last_use, told=(*failures, *missing), **parts)
    partly = exits.PARTLY if failures else exits.DONE
    return Answer(view=view, exit_code=exits.worst(exit_code, partly, _no_match(request, unmatched)))


def _no_match(request: Request, unmatched: Sequence[str]) -> int:
    asked = getattr(request.options, "what", [])
    is_error = getattr(request.options, "error_on_no_match", False) and asked and set(asked) == set(unmatched)
    return exits.NO_MATCH if is_error else exits.DONE
