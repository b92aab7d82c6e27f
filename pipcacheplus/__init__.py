"""Prove every entry of pip's cache whole or broken, say why, and remove exactly what is asked for.

The names below are the promise, in the order of the pipeline; besides them, `errors`, `model`, the command line and the
JSON are. All is typed, frozen and silent: no printing, no prompting, no global state.
"""

from pipcacheplus.cache import PipCache, Progress
from pipcacheplus.inventory import Inventory, Verification
from pipcacheplus.model import (
    Action,
    Area,
    CacheDir,
    Entry,
    File,
    Finding,
    Group,
    Kind,
    Outcome,
    Plan,
    Remedy,
    Report,
    Severity,
    Source,
    State,
)
from pipcacheplus.pruning import prune_corrupt, prune_incompatible_wheels, prune_partial, prune_stale, verify

__all__ = [
    "Action",
    "Area",
    "CacheDir",
    "Entry",
    "File",
    "Finding",
    "Group",
    "Inventory",
    "Kind",
    "Outcome",
    "PipCache",
    "Plan",
    "Progress",
    "Remedy",
    "Report",
    "Severity",
    "Source",
    "State",
    "Verification",
    "__version__",
    "prune_corrupt",
    "prune_incompatible_wheels",
    "prune_partial",
    "prune_stale",
    "verify",
]

__version__ = "0.1.0"
