"""Runs a command with every fault, and holds what is left against the invariants."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.deletion.caches import INDEX_URL
from tests.deletion.driver import Ran
from tests.deletion.invariants import Planned, Seen, State, ends, others, put, seen, stopped, truth
from tests.deletion.shim import NO_FAULT, Call, Fault, Kind

__all__ = ["Bench", "Runner", "Trial"]

_LATER_S = 26 * 3600
"""When the next run comes: what a fault left has to be old enough to be removed."""
_LAST_S = 2 * _LATER_S
_ENDS = frozenset({0, 1, 2, 4, 5})
_KILLS = frozenset({Kind.KILL_BEFORE, Kind.KILL_AFTER, Kind.SHORT_KILL})


class Runner(Protocol):
    """What runs a command."""

    def run(self, *arguments: str, fault: Fault = NO_FAULT, ahead_s: float = 0) -> Ran:
        """Run it with a fault, its clocks ahead by so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where a run leads: what lies there after it, and after a bare `prune` still later."""

    first: State
    last: State
    errors: frozenset[tuple[str, str]]
    """What `verify` finds in the end: check and entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A command, what it does undisturbed, and what is known before."""

    command: tuple[str, ...]
    takes_leftovers: bool
    """Whether it removes what a killed run of it leaves; else that is up to a bare `prune`."""
    planned: Planned
    calls: tuple[Call, ...]
    ends: Ends
    errors: frozenset[tuple[str, str]]
    """What `verify` finds before."""


@dataclass(slots=True)
class Bench:
    """What a cache is like, a place for copies of it, and what runs commands there."""

    runner: Runner
    template: State
    work: Path
    """Becomes like the template. The cache is `cache` in it; what lies beside it is looked at, too."""
    state: Path | None = None
    """Where we keep what we know, if each run is to begin with what `prepare` left there: our catalog is at stake."""
    known: dict[object, tuple[str, ...]] = field(default_factory=dict)
    """What followed from states that were there before: later runs see nothing but the disk."""
    faults_run: int = 0
    _saved: dict[str, bytes] = field(default_factory=dict)

    def run(self, *command: str, fault: Fault = NO_FAULT, ahead_s: float = 0) -> Ran:
        """Run a command on the cache as it is."""
        options = ("--cache-dir", str(self.work / "cache"), "--index-url", INDEX_URL, "--format", "json")
        return self.runner.run(*command, *options, fault=fault, ahead_s=ahead_s)

    def look(self) -> dict[str, Seen]:
        """Return what lies in the cache; what lies beside it comes with `../` before its path."""
        found = seen(self.work)
        inside = {path[6:]: one for path, one in found.items() if path.startswith("cache/")}
        return inside | {f"../{path}": one for path, one in found.items() if not path.startswith("cache")}

    def prepare(self, *command: str, can_disarm: bool = False, takes_leftovers: bool = False) -> Trial:
        """Look at what a command will do, and at what it does if nothing goes wrong."""
        put(self.template, self.work)
        document = self.run(*command, "--dry-run").document
        assert document is not None
        assert document["actions"], "nothing to do"
        before = self.look()
        planned = Planned.of(document["actions"], before, can_disarm=can_disarm)
        errors = self.errors()
        if self.state is not None:
            self._saved.update(_files_in(self.state))
        ran = self.run(*command)
        after = self.look()
        complaints = [*others(planned, before, after), *truth(planned, before, after, ran, is_single=True)]
        assert not complaints, "undisturbed: " + "; ".join(complaints)
        return Trial(
            command=command,
            takes_leftovers=takes_leftovers,
            planned=planned,
            calls=ran.calls,
            ends=self._ends(),
            errors=errors,
        )

    def errors(self) -> frozenset[tuple[str, str]]:
        """Return the errors that `verify` finds."""
        document = self.run("verify", "--deep").document
        assert document is not None
        return frozenset((f["check"], f["id"]) for f in document["findings"] if f["severity"] == "error")

    def _ends(self) -> Ends:
        """Return what lies here now, and after a bare `prune`, much later."""
        first = self.look()
        pruned = self.run("prune", "--exclusive", ahead_s=_LAST_S)
        assert pruned.status == 0, pruned.err
        return Ends(first=first, last=self.look(), errors=self.errors())

    def try_all(self, trial: Trial, faults: Iterable[Fault]) -> list[str]:
        """Try these faults one after the other, and return all complaints."""
        return [f"{fault}: {complaint}" for fault in faults for complaint in self.attempt(trial, fault)]

    def attempt(self, trial: Trial, fault: Fault) -> Iterator[str]:
        """Run the command with a fault on a fresh copy, and yield complaints."""
        put(self.template, self.work)
        if self.state is not None:
            self.known.clear()  # what later runs see is more than the cache
            _put_files(self._saved, self.state)
        before = self.look()
        ran = self.run(*trial.command, fault=fault)
        self.faults_run += 1
        after = self.look()
        yield from others(trial.planned, before, after)
        yield from ends(trial.planned, before, after)
        if (ran.status < 0 and not ran.is_killed) or ran.is_killed is not (fault.kind in _KILLS):
            yield f"end: status {ran.status}, {ran.err.strip()[-400:]}"
        elif fault.kind is Kind.SIGNAL:
            yield from stopped(trial.planned, before, after, ran, fault.error)
        elif not ran.is_killed:
            yield from truth(trial.planned, before, after, ran, is_single=fault.kind is not Kind.FAIL_FROM)
        key = (trial.command, _key(before, after))
        if key not in self.known:
            self.known[key] = tuple(self._what_follows(trial))
        yield from self.known[key]

    def and_back(self, away: Sequence[str], command: Sequence[str], fault: Fault) -> Iterator[str]:
        """Move all to the trash and bring it back, one of the two with a fault, and yield what did not come back."""
        put(self.template, self.work)
        before = self.look()
        if command != away:
            self.run(*away)
        broken = self.run(*command, fault=fault)
        self.faults_run += 1
        if not broken.is_killed and ("Traceback" in broken.err or broken.status not in _ENDS | {128 + fault.error}):
            yield f"exit-code: {broken.status}, {broken.err.strip()[-400:]}"
        done = self.run("undo")
        if done.status:
            yield f"exit-code: the next undo ends with {done.status}: {done.out[-400:]}{done.err.strip()[-400:]}"
        after = self.look()
        for path in sorted(before.keys() | after.keys()):
            was, now = before.get(path), after.get(path)
            if was is None or now is None:
                yield f"others: {path} is {'new' if was is None else 'gone'}"
            elif was.is_folder is not now.is_folder or not (was.is_folder or now.is_as(was)):
                yield f"others: {path} is not the same"

    def _what_follows(self, trial: Trial) -> Iterator[str]:
        """Yield what `verify` objects to now, and where the next run does not end where it should."""
        yield from (f"verify: {error}" for error in sorted(self.errors() - trial.errors))
        again = self.run(*trial.command, ahead_s=_LATER_S)
        if again.status:
            yield f"converges: the next run ends with {again.status}, {again.err.strip()[-400:]}"
        now = self.look()
        differences = tuple(_differences(trial.ends.first, now))
        if trial.takes_leftovers:
            # Directories that became empty may be too young for it, or by now old enough.
            folders = {path for state in (now, trial.ends.first) for path, one in state.items() if one.is_folder}
            yield from (text for text, path in differences if path not in folders)
        if differences:
            last = self._ends()
            yield from (text for text, _ in _differences(trial.ends.last, last.last))
            yield from (f"verify: {error} at the end" for error in sorted(last.errors - trial.ends.errors))


def _files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _put_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Make the files below a directory these; directories stay."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    for name, content in files.items():
        with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(content)


def _differences(wanted: State, got: State) -> Iterator[tuple[str, str]]:
    """Yield complaints, each with its path."""
    for path in sorted(wanted.keys() ^ got.keys()):
        yield f"converges: {path} is {'still there' if path in got else 'gone'}", path
    for path in sorted(wanted.keys() & got.keys()):
        if wanted[path].content != got[path].content:
            yield f"converges: {path} is not the same", path


def _key(before: State, after: State) -> frozenset[tuple[str, bytes | str, bool, bool]]:
    """Return what is the same for states that no later run can tell apart."""
    return frozenset((path, one.content, *_since(before.get(path), one)) for path, one in after.items())


def _since(was: Seen | None, now: Seen) -> tuple[bool, bool]:
    """Return whether a file or directory was written to, and whether it was read."""
    return (True, True) if was is None else (now.mtime_ns != was.mtime_ns, now.is_read_since(was))
