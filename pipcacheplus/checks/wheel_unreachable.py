"""A wheel that pip built lies where no pip of the interpreters considered looks for it.

**Why it matters.** pip stores a built wheel in a directory whose name is made of the URL of the source, of its digest
if the index publishes one, and from pip 20.0 on of the interpreter. So each Python has wheels of its own, even of those
that any Python could use, and they stay when that Python is removed. Wheels of pip before 20.0 lie under other names,
which pip up to 20.3 still looks for. pip 22.3 leaves out the digest that an index publishes as JSON: such a wheel is
found later only if exactly that URL is required, without a digest. That is information: nothing is removed for it.

The name is computed again from `origin.json`, or from the links of pages in the cache. Where nothing shows the source,
there is no finding: the wheel may be in use. It counts as judged, since it can be verified whether it is whole.
Nothing is removed if there are interpreters on this machine that were not run.

**What to do.** Remove it with `prune --incompatible`, if no other machine shares the cache.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.looked_for import keys_looked_for, makes_keys_without_digest
from pipcacheplus.model.facts import Depth, Facts, Origin, SourceNow
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape, Value
from pipcacheplus.pips.wheel_keys import LEGACY, key_of_wheel

__all__ = ["CHECK"]

_MAX_PYTHONS = 3
_MAX_NAMED = 8
"""Most interpreters that were not run and are named in a finding."""


def _run(entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict]:
    looked_for = keys_looked_for(context)
    if looked_for is None or entry.interpreter is None:
        return
    if entry.interpreter not in looked_for:
        yield Verdict(
            message=_message(entry, entry.interpreter, context)
            + (", but not every interpreter of this machine was run" if context.unasked else ""),
            evidence=tuple(_evidence(entry.interpreter, context)),
            remedy=Remedy.NONE if context.unasked else None,
        )
    elif _is_for_its_url_alone(entry, facts, context, entry.interpreter):
        yield Verdict(
            message="pip finds it only if exactly its URL is required, without a digest",
            evidence=tuple(_evidence(entry.interpreter, context)),
            severity=Severity.INFO,
            remedy=Remedy.NONE,
        )


def _message(entry: Entry, interpreter: str, context: Context) -> str:
    if interpreter == LEGACY:
        pythons = sorted({tag.partition("-")[0] for tag in entry.tags})[:_MAX_PYTHONS]
        return f"no pip considered looks for it, as pip before 20.0 built it for {', '.join(pythons) or 'any Python'}"
    if interpreter in {one.name for one in context.considered}:
        return f"no pip considered looks for it, as pip 20.0 or later built it for {interpreter}"
    return f"no interpreter considered looks for it, as it was built for {interpreter}"


def _evidence(interpreter: str, context: Context) -> Iterator[tuple[str, Value]]:
    yield "built_for", interpreter
    yield "interpreters", " ".join(context.interpreters)
    yield "pips", " ".join(context.pips)
    if context.unasked:
        yield "not_asked", " ".join(context.unasked[:_MAX_NAMED])


def _is_for_its_url_alone(entry: Entry, facts: Facts, context: Context, interpreter: str) -> bool:
    """Return whether its key holds no digest, although there is one, and no page links its source without it."""
    origin = facts.origin
    if not isinstance(origin, Origin) or origin.is_directory or origin.vcs is not None:
        return False
    key = key_of_wheel(entry.id, origin, ())
    if key is None or not key.is_of_url_alone or makes_keys_without_digest(context, interpreter):
        return False
    source = facts.source or SourceNow()
    return bool(origin.hashes or source.pages) and not source.is_linked_without_digest


CHECK = Check(
    slug="wheel-unreachable",
    group=Group.INCOMPATIBLE,
    shapes=frozenset({Shape.BUILT_WHEEL}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    # Without an origin, only links show the interpreter.
    rows="EXISTS (SELECT 1 FROM looked_for) AND (e.interpreter NOT IN (SELECT name FROM looked_for) OR"
    " e.is_of_url_alone OR e.interpreter IS NULL AND EXISTS (SELECT 1 FROM source l WHERE l.project = e.project))",
    run=_run,
    needs_links=True,
)
