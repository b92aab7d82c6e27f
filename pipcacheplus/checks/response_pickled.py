"""A response is stored as a pickle (pip 6.0 to 6.0.6).

**Why it matters.** Every pip from 6.0 to 23.2.1 loads it when it reads the entry, and loading a pickle runs the
functions that it names. pip 23.3 and later ignore it. pipcacheplus never loads it.

**What to do.** Remove it with `prune --unsafe`.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.effects import always

__all__ = ["CHECK"]


def _run(_entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if not isinstance(facts.head, Head) or facts.head.pickle is None:
        return
    pickle = facts.head.pickle
    evidence = (("calls", ", ".join(pickle.calls[:8])),)
    if pickle.is_plain:
        yield Verdict(message="response is a pickle", evidence=evidence)
    elif pickle.calls:
        message = "response is a pickle that calls functions which pip never stores"
        yield Verdict(message=message, evidence=evidence, severity=Severity.ERROR)
    else:
        message = "response is a pickle that could not be read to its end"
        yield Verdict(message=message, evidence=evidence, severity=Severity.ERROR)


CHECK = Check(
    slug="response-pickled",
    group=Group.UNSAFE,
    shapes=frozenset({Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="e.is_pickle",
    run=_run,
    effects=(always("runs the functions that it names"),),
)
