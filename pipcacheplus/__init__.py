"""Verify every entry of pip's cache, report what is wrong and why, and remove exactly the selected entries.

The names below are the public interface, in the order of the pipeline, together with `errors`, `model`, the command
line and the JSON. All is typed, frozen and silent: no printing, no prompting, no global state.
"""

from pipcacheplus.model.version import __version__

TYPE_CHECKING = False  # for a type checker it is true; importing `typing` takes longer than all of this module
if TYPE_CHECKING:
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.catalog.results import (
        CacheFacts,
        DayCount,
        Explanation,
        Inspection,
        Inventory,
        Verification,
    )
    from pipcacheplus.fleet.fleet import Fleet
    from pipcacheplus.fleet.unit import UnitResult
    from pipcacheplus.model.pythons import FoundPython, Interpreter, Target
    from pipcacheplus.model.values import (
        Action,
        Area,
        CacheDir,
        Cut,
        Entry,
        Exported,
        ExportReport,
        ExportState,
        File,
        Finding,
        Group,
        Kind,
        Locked,
        Measure,
        NotJudged,
        Outcome,
        OwnFiles,
        OwnKind,
        OwnState,
        Plan,
        Progress,
        Remedy,
        Report,
        Severity,
        Source,
        State,
        Stays,
        Transfer,
        Trashed,
        Why,
    )
    from pipcacheplus.one_call import (
        export,
        interpreters,
        prune_corrupt,
        prune_incompatible_wheels,
        prune_outdated_builds,
        prune_partial,
        prune_stale,
        prune_to_size,
        verify,
    )
    from pipcacheplus.own.files import clear_state, state
    from pipcacheplus.wrap.pip import Pip
    from pipcacheplus.wrap.session import PipRun

__all__ = [
    "Action",
    "Area",
    "CacheDir",
    "CacheFacts",
    "Cut",
    "DayCount",
    "Entry",
    "Explanation",
    "ExportReport",
    "ExportState",
    "Exported",
    "File",
    "Finding",
    "Fleet",
    "FoundPython",
    "Group",
    "Inspection",
    "Interpreter",
    "Inventory",
    "Kind",
    "Locked",
    "Measure",
    "NotJudged",
    "Outcome",
    "OwnFiles",
    "OwnKind",
    "OwnState",
    "Pip",
    "PipCache",
    "PipRun",
    "Plan",
    "Progress",
    "Remedy",
    "Report",
    "Severity",
    "Source",
    "State",
    "Stays",
    "Target",
    "Transfer",
    "Trashed",
    "UnitResult",
    "Verification",
    "Waiting",
    "Why",
    "__version__",
    "clear_state",
    "export",
    "interpreters",
    "prune_corrupt",
    "prune_incompatible_wheels",
    "prune_outdated_builds",
    "prune_partial",
    "prune_stale",
    "prune_to_size",
    "state",
    "verify",
]

_HOMES = {
    "Fleet": "fleet.fleet",
    "Pip": "wrap.pip",
    "PipCache": "cache.pip_cache",
    "PipRun": "wrap.session",
    "UnitResult": "fleet.unit",
    **dict.fromkeys(
        (
            *("interpreters", "prune_corrupt", "prune_incompatible_wheels", "prune_outdated_builds"),
            *("export", "prune_partial", "prune_stale", "prune_to_size", "verify"),
        ),
        "one_call",
    ),
    **dict.fromkeys(("clear_state", "state"), "own.files"),
    **dict.fromkeys(("FoundPython", "Interpreter", "Target"), "model.pythons"),
    **dict.fromkeys(
        ("CacheFacts", "DayCount", "Explanation", "Inspection", "Inventory", "Verification"),
        "catalog.results",
    ),
}


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562): `python -m pipcacheplus dir` needs none of them."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - as above

    value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'model.values')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
