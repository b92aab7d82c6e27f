"""What `list` and `show` share: the entries that fit the arguments."""

from pipcacheplus.cli.base.answers import answer
from pipcacheplus.cli.base.command import Answer, Request
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.render.summary import of_entries

__all__ = ["look"]


def look(request: Request) -> Answer:
    """Return the entries that fit the arguments, all if there are none."""
    cache = request.open_cache()
    with progress(request.console, "reading") as show:
        inventory = cache.scan(*request.options.what, progress=show)
    return answer(
        request,
        cache,
        warnings=inventory.warnings,
        unmatched=inventory.unmatched,
        entries=inventory.entries,
        summary=of_entries(inventory.entries),
    )
