"""`pythons`: list the interpreters that count, with the number of wheels of the cache that each can use."""

from argparse import ArgumentParser
from collections import Counter
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result, make_view
from pipcacheplus.cli.base.options import declare_catalog, declare_pythons, pythons_of
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.errors import BadRequestError, CacheDisabledError, CacheNotFoundError
from pipcacheplus.model.terms import Kind
from pipcacheplus.render.summary import briefs_of, summarize_pythons

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from collections.abc import Mapping, Sequence

    from pipcacheplus.host.machine import Machine
    from pipcacheplus.model.pythons import FoundPython
    from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]

_WHEELS = (f"kind:{Kind.WHEEL.value}", f"kind:{Kind.BUILT_WHEEL.value}")


def _declare(parser: ArgumentParser) -> None:
    declare_pythons(parser)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    """List them also where there is no cache yet, unless it was named: they exist nevertheless."""
    options = request.options
    pythons = pythons_of(options, request.environ)
    try:
        cache = request.open_cache()
    except (CacheNotFoundError, CacheDisabledError) as error:
        from pipcacheplus.checks.base.context import considered_pythons  # noqa: PLC0415 - slow to import
        from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - as above
        from pipcacheplus.pips.absence import absence_of  # noqa: PLC0415 - as above

        absence = None if options.cache_dir else absence_of(error, this_machine(request.environ))
        if absence is None:
            raise
        found = considered_pythons(pythons, environ=request.environ)
        summary = _summary(found, {}, request)
        return CommandResult(view=make_view(request, absence.cache, "atime", warnings=(absence.why,), summary=summary))
    with progress(request.console, "reading") as show:
        inventory = cache.scan(*_WHEELS, remembers=options.remembers, progress=show)
    by_tags = Counter(brief.tags for brief in briefs_of(inventory.entries))
    summary = _summary(cache.pythons(pythons), by_tags, request)
    return make_result(request, cache, warnings=inventory.warnings, summary=summary)


def _summary(
    found: "Sequence[FoundPython]", by_tags: "Mapping[tuple[str, ...], int]", request: Request
) -> "dict[str, Json]":
    from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - as above

    machine = this_machine(request.environ)
    more = [{"wheels": _usable(one, by_tags), "cache_dir": _cache_dir(one, machine), **_binary(one)} for one in found]
    told = zip(summarize_pythons(found), more, strict=True)
    return {"pythons": [{**one, **own} for one, own in told], "wheels": sum(by_tags.values())}


def _binary(one: "FoundPython") -> "dict[str, Json]":
    """Return the facts that decide which compiled wheels an interpreter accepts."""
    interpreter = one.interpreter
    return {"abi": None, "libc": None} if interpreter is None else {"abi": interpreter.abi, "libc": interpreter.libc}


def _cache_dir(one: "FoundPython", machine: "Machine") -> str | None:
    """Return the cache directory that the pip of an interpreter would use; `None` if it is off, or not known."""
    from pipcacheplus.pips.effects import release_of  # noqa: PLC0415 - as above
    from pipcacheplus.pips.locate import locate  # noqa: PLC0415 - as above

    if one.interpreter is None or not one.path or one.pip is None:
        return None
    its = machine._replace(prefix=one.interpreter.prefix, pip_version=release_of(one.pip))
    try:
        return locate(its).path
    except (BadRequestError, CacheDisabledError):
        return None


def _usable(one: "FoundPython", by_tags: "Mapping[tuple[str, ...], int]") -> int | None:
    """Return the number of wheels that an interpreter can use, `None` if unknown; a wheel without known tags counts."""
    if one.interpreter is None:
        return None
    own = one.interpreter.tags
    return sum(count for tags, count in by_tags.items() if not tags or not own.isdisjoint(tags))


COMMAND = Command(
    help="List the interpreters that count, with the number of wheels of the cache that each can use",
    run=_run,
    declare=_declare,
    examples=("pythons", "pythons --python current"),
    page="docs/reference/interpreters.md",
)
