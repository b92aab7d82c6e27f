"""What must hold in the model after a plan was carried out, whatever was done before and meanwhile."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipcacheplus.model.values import Plan, Report, Shape, State

__all__ = ["HOUR_S", "QUIET_S", "Planned", "Seen", "guard", "hold_to_its_word", "order", "others", "seen", "waited_for"]

HOUR_S = 3600
QUIET_S = 25 * HOUR_S
_NOATIME: int = getattr(os, "O_NOATIME", 0)


class Seen(NamedTuple):
    """What lies under a name."""

    content: bytes | None
    """`None` of a directory."""
    inode: int
    mtime_ns: int
    atime_ns: int
    disk_size: int
    """Bytes that go with this name."""


def seen(folder: str, prefix: str = "") -> dict[str, Seen]:
    """Return what lies in a directory, by path; access times stay as they are."""
    found: dict[str, Seen] = {}
    opened = os.open(folder, os.O_RDONLY | _NOATIME)
    try:
        for name in os.listdir(opened):
            path, status = prefix + name, os.stat(name, dir_fd=opened, follow_symlinks=False)
            content = None if stat.S_ISDIR(status.st_mode) else _read(name, opened)
            freed = status.st_blocks * 512 if status.st_nlink == 1 else 0
            found[path] = Seen(content, status.st_ino, status.st_mtime_ns, status.st_atime_ns, freed)
            if content is None:
                found |= seen(f"{folder}/{name}", path + "/")
    finally:
        os.close(opened)
    return found


def _read(name: str, folder: int) -> bytes:
    with open(os.open(name, os.O_RDONLY | _NOATIME, dir_fd=folder), "rb") as file:
        return file.read()


@dataclass(slots=True)
class Planned:
    """A plan that waits to be carried out."""

    plan: Plan
    step: int
    """When it was made."""


def waited_for(planned: Planned, before: dict[str, Seen]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the responses that are planned, and were whole at the beginning."""
    for action in planned.plan.actions:
        paths = tuple(file.path for file in action.entry.files)
        if action.entry.shape in {Shape.PAIR, Shape.SINGLE} and before.keys() >= set(paths):
            yield paths


def others(planned: Planned, before: dict[str, Seen], after: dict[str, Seen], *, new: set[str], kept: set[str]) -> None:
    """Hold what was not planned, or written since, against what it was."""
    names = {file.path for action in planned.plan.actions for file in action.files}
    for path, was in before.items():
        now = after.get(path)
        if was.content is None:
            assert now is not None or "/" in path, f"others: {path} went, which is an area"
        elif path in kept or path not in names:
            why = "written since" if path in kept else "not planned"
            assert now is not None, f"others: {path} went, {why}"
            assert path in new or now[:3] == was[:3], f"others: {path} was touched, {why}"
    for path, now in after.items():
        assert path in before or path in new or now.content is None, f"others: {path} is new"


def order(before: dict[str, Seen], after: dict[str, Seen], new: set[str]) -> None:
    """Hold that what is left of an entry is no danger."""
    for path in before.keys() & after.keys():
        head = path.removesuffix(".body")
        assert head in after or head not in before, f"order: {path} is without its head"
        origin = path.rpartition("/")[0] + "/origin.json"
        # One that was built anew has its origin from whoever builds: pip looks for it once the wheel lies there.
        is_wheel = path.endswith(".whl") and path not in new
        assert not is_wheel or origin in after or origin not in before, f"order: {path} is without its origin"


def guard(before: dict[str, Seen], after: dict[str, Seen], now_s: float) -> None:
    """Hold that nothing in `wheels` went that was used a short while ago."""
    for path in before.keys() - after.keys():
        was = before[path]
        if path.startswith("wheels/") and "/tmp" not in path and not path.endswith(".json"):
            assert max(was.mtime_ns, was.atime_ns) / 1e9 <= now_s - QUIET_S, f"guard: {path} went"


def hold_to_its_word(report: Report, before: dict[str, Seen], after: dict[str, Seen], new: set[str]) -> None:
    """Hold a report against what is gone."""
    told = {file.path for outcome in report.outcomes for file in outcome.removed}
    gone = {path for path, one in before.items() if one.content is not None and path not in after}
    assert gone <= told, f"report: {sorted(gone - told)} went without a word"
    assert told <= gone | new, f"report: {sorted(told - gone)} did not go"
    freed = sum(outcome.disk_size for outcome in report.outcomes)
    assert freed == sum(before[path].disk_size for path in told), "report: counts what was not freed"
    for outcome in report.outcomes:
        left = {file.path for file in outcome.action.files} & after.keys() - new
        assert outcome.state is not State.REMOVED or not left, f"report: {sorted(left)} are still there"
