"""A report as lines of JSON: what a process tells that has given its rights away to one that kept them.

The one that listens takes numbers and words only, and makes values of them itself: whoever the other one belongs to by
now cannot make it do anything.
"""

import errno
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipcacheplus.apply.trash.jsonvalues import line_of, number_of, text_of
from pipcacheplus.apply.trash.manifest import line_of_action, record_of
from pipcacheplus.errors import BadRequestError, CacheBusyError, NotACacheError
from pipcacheplus.model.values import Action, CacheDir, Outcome, Plan, Report, State, Warned

__all__ = ["REFUSALS", "Told", "line_of_error", "line_of_progress", "lines_of"]

REFUSALS = (BadRequestError, CacheBusyError, NotACacheError)
"""What is raised on purpose by whoever changes a cache."""
_ERRORS = {kind.__name__: kind for kind in REFUSALS}
_SYSTEM = "OSError"


def line_of_progress(done: int, total: int | None) -> bytes:
    """Return the line that says how far it is."""
    return line_of({"progress": [done, total]})


def line_of_error(error: BadRequestError | CacheBusyError | NotACacheError | OSError) -> bytes:
    """Return the line that says why there is no report."""
    if isinstance(error, OSError):
        path = None if error.filename is None else str(error.filename)
        return line_of({"error": _SYSTEM, "args": [error.errno, error.strerror or str(error), path]})
    return line_of({"error": type(error).__name__, "args": error.args})


def lines_of(report: Report, *, has_plan: bool) -> Iterator[bytes]:
    """Yield the lines of a report.

    Args:
        report: What was done.
        has_plan: Whether the one that listens made the plan; then its actions are told by their number alone.
    """
    if not has_plan:
        for action in report.plan.actions:
            yield line_of_action(action, range(len(action.files)))
        for warned in report.warnings:
            yield line_of({"warned": [warned.path, warned.message]})
    rest = enumerate(report.plan.actions)
    for outcome in report.outcomes:  # in the order of their actions
        at, action = next((at, action) for at, action in rest if action.entry is outcome.action.entry)
        yield line_of({"at": at, **_said_of(outcome, action)})
    yield line_of({"interrupted": report.is_interrupted, "run": report.run, "emptied": report.emptied_bytes})


def _said_of(outcome: Outcome, action: Action) -> dict[str, Any]:
    numbers = {file.path: number for number, file in enumerate(action.files)}
    # A file that an entry which stays shares may be missing among those of the outcome.
    files = {"files": outcome.action.files, "removed": outcome.removed, "moved": outcome.moved}
    said: dict[str, Any] = {name: [numbers[file.path] for file in those] for name, those in files.items()}
    return said | {"state": outcome.state.value, "disk_size": outcome.disk_size, "error": outcome.error}


@dataclass(slots=True, kw_only=True)
class Told:
    """Listens, until there is a report."""

    cache: CacheDir
    plan: Plan | None = None
    """What is carried out; `None` if that is told too."""
    progress: Callable[[int, int | None], None] | None = None
    report: Report | None = None
    """As soon as the last line was there."""
    _actions: list[Action] = field(default_factory=list, init=False)
    _warnings: list[Warned] = field(default_factory=list, init=False)
    _outcomes: list[Outcome] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Begin with what is known."""
        if self.plan is not None:
            self._actions.extend(self.plan.actions)
            self._warnings.extend(self.plan.warnings)

    def take(self, line: bytes) -> None:
        """Take a line.

        Raises:
            BadRequestError: That is what happened there; likewise `CacheBusyError` and `NotACacheError`.
            OSError: That is what happened there; or the line makes no sense.
        """
        try:
            event = self._event(json.loads(line))
        except (ValueError, TypeError, LookupError, RecursionError):
            event = ChildProcessError(errno.EPROTO, "the process that worked as the owner said what makes no sense")
        if isinstance(event, Exception):
            raise event
        if event is not None and self.progress is not None:
            self.progress(*event)

    def _event(self, said: dict[str, Any]) -> Exception | tuple[int, int | None] | None:
        """Return what has to be raised, or how far it is; `None` if the line was to be remembered."""
        if "progress" in said:
            done, total = said["progress"]
            return number_of(done), None if total is None else number_of(total)
        if "error" in said and "args" in said:
            return (OSError if said["error"] == _SYSTEM else _ERRORS[said["error"]])(*said["args"])
        if "warned" in said:
            path, message = said["warned"]
            self._warnings.append(Warned(path=text_of(path), message=text_of(message)))
        elif "at" in said:
            self._outcomes.append(_outcome(said, self._actions))
        elif "run" in said:
            self.report = self._report(said)
        else:
            self._actions.append(record_of(said).action)
        return None

    def _report(self, said: dict[str, Any]) -> Report:
        return Report(
            plan=self.plan or Plan(cache=self.cache, actions=tuple(self._actions)),
            outcomes=tuple(self._outcomes),
            warnings=tuple(self._warnings),
            is_interrupted=said["interrupted"] is True,
            run=None if said["run"] is None else text_of(said["run"]),
            emptied_bytes=number_of(said["emptied"]),
        )


def _outcome(said: dict[str, Any], actions: Sequence[Action]) -> Outcome:
    action = actions[number_of(said["at"])]
    files, removed, moved = (
        tuple(action.files[number_of(at)] for at in said[name]) for name in ("files", "removed", "moved")
    )
    return Outcome(
        action=action if files == action.files else replace(action, files=files),
        state=State(said["state"]),
        removed=removed,
        moved=moved,
        disk_size=number_of(said["disk_size"]),
        error=None if said["error"] is None else text_of(said["error"]),
    )
