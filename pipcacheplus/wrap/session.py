"""One run of pip: record its use of the cache, repair the cache if it makes pip fail, and run pip once more.

The child has the streams of this process, and its own arguments. One is added, which changes nothing that it prints:
`--report`, where pip has that without a warning, and the user does not pass one.
"""

import os
import shlex
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from pipcacheplus.errors import BadRequestError, CacheDisabledError, CacheNotFoundError, PipCachePlusError
from pipcacheplus.model.use import PipUse, RecordedUse
from pipcacheplus.wrap.child import Ended, run_child
from pipcacheplus.wrap.pip_arguments import PipArguments, read_pip_arguments
from pipcacheplus.wrap.temporary import temporary_folder
from pipcacheplus.wrap.traced_pip import Trace, read_trace, traced_command

if TYPE_CHECKING:  # slow to import, and most installs need none of it
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.model.values import Entry, Waiting
    from pipcacheplus.wrap.heal import Healed, Healer

__all__ = ["PipRun", "PipSession", "PipTask", "check_words"]

_NOT_STARTED = 126
"""The smallest exit code of a child that did not start, or was ended by a signal."""
MAX_REPORT_BYTES = 64 << 20
_MOST_TIMES = 4
"""Most further runs: a pip that reads one file after the other may fail by one after the other."""


class PipRun(NamedTuple):
    """The result of one command of pip."""

    exit_code: int
    """Exit code of the last run; as in a shell."""
    is_interrupted: bool = False
    seconds: float = 0.0
    """Seconds of all runs."""
    healed: "tuple[Healed, ...]" = ()
    """Entries that were removed before it ran once more."""
    use: PipUse = PipUse()
    """Use of the last run, if it succeeded."""
    cache_path: str | None = None
    """Path of the cache that it used, which need not exist; `None` if it used none."""


class PipTask(NamedTuple):
    """One command of pip, with the permitted further actions."""

    python: str
    """The interpreter whose pip is run."""
    arguments: PipArguments
    cache_path: str | None
    """Path of the cache that this pip uses; `None` if it has none."""
    find_cache: "Callable[[], PipCache]"
    """Opens it; raises as `PipCache.locate`."""
    environ: Mapping[str, str]
    say: Callable[[str], None]
    """Receives a line for the user."""
    has_report: bool = False
    """Whether this pip has `--report` without a warning."""
    heals: bool = True
    exclusive: bool | None = None
    """Whether no other pip uses the cache; by default, true if none runs on this machine."""
    check: str | None = None
    """A command that must succeed after an install."""
    is_dry_run: bool = False
    """Whether pip installs nothing, so that there is nothing to check."""
    waiting: "Callable[[Waiting], None] | None" = None
    """As `PipCache.apply`."""


class PipSession:
    """Runs one command of pip, and repairs its cache if that makes it fail."""

    def __init__(self, task: PipTask) -> None:
        """Store the task."""
        self.task = task
        self._trace = Trace()
        self._started_s = 0.0

    def run(self) -> PipRun:
        """Run pip, once more if damaged entries were removed after a failure, and return the result."""
        began_s = time.monotonic()
        healed: tuple[Healed, ...] = ()
        ended, report = self._pip(self.task.arguments)
        for _ in range(_MOST_TIMES):
            found = self._damaged() if self._may_heal(ended) else ()
            # An entry that was removed before, and is damaged again, is damaged at the server.
            new = tuple(one for one in found if one.entry.id not in {other.entry.id for other in healed})
            if not new:
                break
            healed = (*healed, *new)
            self.task.say("running pip once more")
            ended, report = self._pip(self.task.arguments)
        is_installed = ended.code == 0 and self.task.arguments.command == "install" and not self.task.is_dry_run
        if self.task.check is not None and is_installed:
            ended, rebuilt = self._checked(self.task.check, report)
            healed = (*healed, *rebuilt)
        return PipRun(
            exit_code=ended.code,
            is_interrupted=ended.is_interrupted,
            seconds=time.monotonic() - began_s,
            healed=healed,
            use=self._use(report) if ended.code == 0 else PipUse(),
            cache_path=self.task.cache_path,
        )

    def _damaged(self) -> "tuple[Healed, ...]":
        return self._healed(lambda healer: healer.remove_damaged(self._trace, self._requested()))

    def _use(self, report: bytes | None) -> PipUse:
        from pipcacheplus.wrap.use import pip_use_of  # noqa: PLC0415 - imported while pip ran

        def name_entries(ids: Sequence[str]) -> "Iterable[Entry]":
            return self.task.find_cache().scan(*ids, alone=True).entries

        try:
            return pip_use_of(self.task.cache_path, self._trace.ids, report, self._started_s, name_entries)
        except (PipCachePlusError, OSError):  # the cache is gone, or another user's, which does no harm here
            return PipUse()

    def recorded(self, run: PipRun, now_s: float) -> RecordedUse:
        """Return the record of a run."""
        return RecordedUse(
            at_s=now_s,
            command=self.task.arguments.command or "",
            exit_code=run.exit_code,
            seconds=round(run.seconds, 3),
            healed=tuple(one.entry.id for one in run.healed),
            use=run.use,
        )

    def _pip(self, arguments: PipArguments) -> tuple[Ended, bytes | None]:
        """Run pip with these arguments, and return its end and its report; record the files that it read."""
        self._started_s = time.time()
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(temporary_folder())
                trace, report = os.path.join(folder, "trace"), os.path.join(folder, "report.json")
                with open(trace, "wb"):
                    pass
            except OSError:  # it runs without the trace
                self._trace = Trace()
                return run_child((self.task.python, "-m", "pip", *arguments.words), self.task.environ), None
            options = []
            if self.task.has_report and self.task.arguments.report is None and self.task.arguments.command == "install":
                options = ["--report", report]
            command = traced_command(self.task.python, self.task.cache_path, trace)
            ended = run_child(
                (*command, *arguments.with_options(*options)), self.task.environ, meanwhile=_import_what_follows
            )
            self._trace = read_trace(self.task.cache_path, trace)
            if self.task.arguments.python is not None:  # another interpreter did the work
                self._trace = self._trace._replace(is_known=False)
            return ended, _content(report if options else self.task.arguments.report)

    def _may_heal(self, ended: Ended) -> bool:
        is_failure = 0 < ended.code < _NOT_STARTED and not ended.is_interrupted
        is_read_once = self._trace.read_streams or any(map(_is_read_once, self.task.arguments.words))
        return self.task.heals and self.task.cache_path is not None and is_failure and not is_read_once

    def _healed(self, heal: "Callable[[Healer], tuple[Healed, ...]]") -> "tuple[Healed, ...]":
        """Repair the cache, and report removed entries; a failure of this does not change pip's own failure."""
        from pipcacheplus.wrap.heal import Healer  # noqa: PLC0415 - slow to import, and most installs need none of it

        try:
            healed = heal(Healer(self.task.find_cache(), self.task.exclusive, self.task.waiting))
        except (CacheNotFoundError, CacheDisabledError):
            return ()
        except (PipCachePlusError, OSError) as error:
            self.task.say(f"the cache was not checked: {error}")
            return ()
        for one in healed:
            verb = (
                "removed from the cache" if one.is_removed else "damaged, but kept because another pip may be using it"
            )
            self.task.say(f"{verb}: {_named(one)}: {one.why}")
        return tuple(one for one in healed if one.is_removed)

    def _checked(self, check: str, report: bytes | None) -> "tuple[Ended, tuple[Healed, ...]]":
        """Run a command that tests the installed packages; if it fails, build those again that cannot be loaded."""
        words = check_words(check)
        done = run_child(words, self.task.environ)
        if done.code == 0 or done.is_interrupted or not self.task.heals:
            return done, ()
        python = self.task.arguments.python or self.task.python
        projects = {*self._requested(), *(one.project for one in self._use(report).files)}
        healed = self._healed(lambda healer: healer.remove_unloadable(python, projects))
        wanted = sorted({f"{one.entry.project}=={one.entry.version}" for one in healed if one.entry.project})
        if not wanted:
            return done, ()
        self.task.say(f"installing again: {' '.join(wanted)}")
        options = ("--force-reinstall", "--upgrade", "--no-deps")
        again, _ = self._pip(read_pip_arguments(self.task.arguments.for_others(*options, *wanted)))
        return (run_child(words, self.task.environ) if again.code == 0 else again), healed

    def _requested(self) -> tuple[str, ...]:
        """Return names that the arguments hold, without versions and extras."""
        return tuple(name for word in self.task.arguments.names if (name := _project_in(word)))


def _import_what_follows() -> None:
    for name in ("wrap.use", "own.records", "render.text.worth"):
        import_module(f"pipcacheplus.{name}")


def _named(one: "Healed") -> str:
    entry = one.entry
    named = " ".join(filter(None, (entry.project, entry.version)))
    return ", ".join(filter(None, (named or entry.url_shown or entry.id, entry.kind.value.replace("-", " "))))


def _project_in(word: str) -> str:
    """Return the name in front of a requirement; empty for a path or a URL."""
    from pipcacheplus.pips.filenames import PROJECT_NAME  # noqa: PLC0415 - slow to import, and of use to few

    if "/" in word or "\\" in word or word.endswith((".whl", ".gz", ".zip")):
        return ""
    found = PROJECT_NAME.match(word)
    return found[0] if found else ""


def check_words(check: str) -> list[str]:
    """Return the words of a check command.

    Raises:
        BadRequestError: It is not a command.
    """
    try:
        words = shlex.split(check, posix=os.name != "nt")
    except ValueError:
        words = []
    if not words:
        problem = f"{check!r} is not a command"
        raise BadRequestError(what="`check`", problem=problem, next_step="write one, quoted as for a shell")
    return words


def _is_read_once(word: str) -> bool:
    """Return whether an argument, or its value, is a pipe, so that a second run would find it empty."""
    return any(map(_is_pipe, (word, word.partition("=")[2], word[2:])))


def _is_pipe(path: str) -> bool:
    with suppress(OSError, ValueError):
        return stat.S_ISFIFO(os.stat(path).st_mode)
    return False


def _content(path: str | None) -> bytes | None:
    with suppress(OSError):
        if path is not None and stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "rb") as file:
                return file.read(MAX_REPORT_BYTES)
    return None
