"""A wheel was built from a local directory, and stored.

**Why it matters.** pip up to 26.1.2 stored such wheels by mistake, and installs them again although the source may have
changed since. Later pips do not look for them.

**What to do.** Remove it with `prune --stale`; pip builds it from the current source.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Origin
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.credentials import shown_url
from pipcacheplus.pips.effects import NEVER_READS, Effect, Effects

__all__ = ["CHECK"]


# pip 26.2 `_internal/cache.py`, `SimpleWheelCache.get`. Before, what is required by its name (`demo @ file:///...`) is
# looked for; a bare path has no name yet, and is built.
_EFFECTS = Effects(
    rows=(Effect("installs it again, although the source may have changed", below="26.2"), Effect(NEVER_READS))
)


def _run(_entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if isinstance(facts.origin, Origin) and facts.origin.is_directory:
        yield Verdict(
            message="wheel was built from a local directory", evidence=(("origin", shown_url(facts.origin.url)),)
        )


CHECK = Check(
    slug="built-wheel-from-directory",
    group=Group.STALE,
    shapes=frozenset({Shape.BUILT_WHEEL}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="e.is_from_directory",
    run=_run,
    effects=(_EFFECTS,),
)
