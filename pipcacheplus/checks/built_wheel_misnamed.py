"""The metadata in a wheel that pip built names another project, or another version, than its file name.

**Why it matters.** pip chooses a built wheel by its file name alone, and never removes it. If the project differs, the
install fails; another version is installed by pip up to 20.2, and later pips act as if there were no such version. A
build back end that builds something else than was requested leaves such a wheel; pip 25.3 and later store it even if
they reject it.

**What to do.** Remove it; pip builds it again.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Wheel
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.effects import FAILS, Effect, Effects, always
from pipcacheplus.pips.filenames import canonical

__all__ = ["CHECK"]


# Both seen with pip 20.2.4, 20.3.4 to 26.3; the project read in pip 8.1.2 `wheel.py` to 19.3.1 `_internal/wheel.py`
# ("dist-info directory not found").
_OTHER_PROJECT = always(FAILS, when="it names another project")
_OTHER_VERSION = Effects(
    rows=(Effect("installs it by its file name", below="20.3"), Effect("ignores that version")),
    when="it names another version",
)


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    wheel = facts.payload
    if not isinstance(wheel, Wheel) or entry.project is None or entry.version is None:
        return
    is_other_project = canonical(wheel.name) != entry.project
    if is_other_project or not _is_same_version(wheel.version, entry.version):
        yield Verdict(
            message=f"metadata in the wheel names {wheel.name} {wheel.version}",
            evidence=(("project", wheel.name), ("version", wheel.version)),
            paths=(entry.files[0].path,),
            effects=_OTHER_PROJECT if is_other_project else _OTHER_VERSION,
        )


def _is_same_version(one: str, other: str) -> bool:
    # In a file name, an underscore replaces each character that is not allowed there.
    if one == other or one.replace("-", "_") == other:
        return True
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - slow to import, and hardly ever needed

    try:
        return Version(one) == Version(other.replace("_", "-"))
    except InvalidVersion:
        return True  # not certain, so there is no finding


CHECK = Check(
    slug="built-wheel-misnamed",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.BUILT_WHEEL}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="e.inner_project <> e.project OR e.inner_version <> e.version",
    run=_run,
    effects=(_OTHER_PROJECT, _OTHER_VERSION),
)
