"""Permanent redirects in the cache form a circle, or there are more in a row than pip follows.

**Why it matters.** pip uses permanent redirects (301; 308 from 22.0 on) from its cache whatever their age, without
asking the server. After 30 of them it fails ("TooManyRedirects"), also if the server was repaired long ago.

**What to do.** Remove those that form the circle, and those after which more than 30 follow in a row; pip asks the
server again. A redirect that merely leads to a circle does no harm once the circle is gone.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.effects import FAILS, Effect, Effects, always
from pipcacheplus.pips.redirects import MAX_REDIRECTS

__all__ = ["CHECK"]

_FILE = always(FAILS, when="it is a redirect of a file")
_PAGE = Effects(
    rows=(Effect(FAILS, below="18.1"), Effect("asks the index again", below="26.2"), Effect(FAILS)),
    when="it is a redirect of a page",
)
"""pip 18.1 to 26.1 request pages with `max-age=0`, `_internal/index/collector.py`, which bypasses the cache."""


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    met = facts.redirects
    if met is None or not isinstance(facts.head, Head):
        return
    is_too_long = met.count > MAX_REDIRECTS
    if met.is_in_circle:
        message = f"redirects form a circle of {met.circle}"
    elif is_too_long:
        message = f"leads to {met.count - 1} more redirects, and pip follows {MAX_REDIRECTS}"
    elif met.circle:
        message = f"leads to redirects in a circle of {met.circle}"
    else:
        return
    url = entry.url or facts.head.header("location") or ""
    yield Verdict(
        message=message,
        evidence=(
            ("status", entry.status),
            ("location", entry.location),
            ("redirects", met.count),
            ("circle", met.circle),
        ),
        remedy=None if met.is_in_circle or is_too_long else Remedy.NONE,
        effects=_PAGE if url.partition("?")[0].endswith("/") else _FILE,
    )


CHECK = Check(
    slug="redirect-circle",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.WHOLE,  # links show the URL of a redirect, and less is read without these
    rows="e.fresh_until IS NULL AND e.kind = 'redirect'",  # a permanent one never expires
    run=_run,
    effects=(_FILE, _PAGE),
)
