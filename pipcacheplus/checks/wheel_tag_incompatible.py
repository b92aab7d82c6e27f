"""No interpreter considered can use this wheel.

**Why it matters.** It was downloaded or built for a Python, or a system, that is not among them. pip ignores it, and
never removes it.

**What to do.** Remove it with `prune --incompatible`. All interpreters of this machine are considered; those of other
machines that share the cache are described by `--platform`, `--python-version`, `--implementation` and `--abi`. While
an interpreter of this machine was not run, or gave no answer, nothing is removed: the message names it, and `--python`
names the interpreters to consider.
"""

from collections.abc import Iterator, Sequence

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import WHEEL_KINDS, Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict]:
    if context.tags is None or entry.kind not in WHEEL_KINDS or not entry.tags:
        return
    if context.tags.isdisjoint(entry.tags):
        message = f"no interpreter considered can use {', '.join(entry.tags[:3])}"
        evidence = (("tags", " ".join(entry.tags)), ("interpreters", " ".join(context.interpreters)))
        if context.unasked:
            yield Verdict(
                message=f"{message}, but {_named(context.unasked)} not run",
                evidence=(*evidence, ("not_asked", " ".join(context.unasked))),
                remedy=Remedy.NONE,
            )
        else:
            yield Verdict(message=message, evidence=evidence)


def _named(paths: Sequence[str]) -> str:
    """Return the first of several interpreters with the number of the others, and the verb.

    >>> _named(["/opt/python"]), _named(["/opt/python", "/srv/python"])
    ('/opt/python was', '/opt/python and 1 other were')
    """
    others = len(paths) - 1
    return f"{paths[0]} and {others} other{'s' * (others > 1)} were" if others else f"{paths[0]} was"


CHECK = Check(
    slug="wheel-tag-incompatible",
    group=Group.INCOMPATIBLE,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="e.tags IN (SELECT tags FROM bad_tags)",
    certain="e.kind IN ('wheel', 'built-wheel') AND e.tags IN (SELECT tags FROM bad_tags) AND :all_asked",
    run=_run,
)
