"""Run one pip: notice what it uses, cure the cache if it fails by that, and run it once more.

The child has the streams of this process, and its own arguments; two are added, which change nothing that it prints:
`--log`, since every pip tells there what it dealt with, and `--report`, where pip has that without a warning.
"""

import os
import shlex
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from pipcacheplus.errors import CacheDisabledError, CacheNotFoundError, PipCachePlusError
from pipcacheplus.model.use import PipUse, RecordedUse
from pipcacheplus.wrap.child import Ended, run_child
from pipcacheplus.wrap.pip_arguments import PipArguments
from pipcacheplus.wrap.pip_log import MAX_LOG_BYTES, LogFacts, read_log
from pipcacheplus.wrap.temporary import temporary_folder

if TYPE_CHECKING:  # slow to import, and most installs need none of it
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.wrap.heal import Healed

__all__ = ["PipRun", "PipSession"]

_NOT_STARTED = 126
"""The least exit code of a child that did not start, or was ended by a signal."""
_STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/", "/proc/self/fd/")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipRun:
    """What became of one command of pip."""

    exit_code: int
    """Of the last run; as a shell has it."""
    is_interrupted: bool = False
    seconds: float = 0.0
    """Of all runs."""
    healed: "tuple[Healed, ...]" = ()
    """What was removed before it ran once more."""
    use: PipUse = field(default_factory=PipUse)
    """What the last run used, if it ended well."""
    cache_path: str | None = None
    """Of the cache that it used, which need not exist; `None` if it used none."""


@dataclass(slots=True, kw_only=True)
class PipSession:
    """One command of pip, and what may be done beside it."""

    command: tuple[str, ...]
    """Starts pip: an interpreter, `-m`, `pip`."""
    arguments: PipArguments
    cache_path: str | None
    """Of the cache that this pip uses; `None` if it has none."""
    find_cache: "Callable[[], PipCache]"
    """Opens it; raises as `PipCache.locate`."""
    environ: Mapping[str, str]
    user_log: str | None = None
    """The log that the user has asked for, by an option or a setting: it is read, and no other is written."""
    has_report: bool = False
    """Whether this pip has `--report` without a warning."""
    heals: bool = True
    exclusive: bool | None = None
    """Whether no other pip works on the cache; by default, if none runs on this machine."""
    check: str | None = None
    """A command that has to succeed after an install."""
    say: Callable[[str], None] = lambda _line: None
    """Takes a line for the user."""
    _log: LogFacts = field(init=False, default=LogFacts())

    def run(self) -> PipRun:
        """Run pip, once more if what it failed by was damaged and is gone now, and return what became of it."""
        started_s = time.monotonic()
        healed: tuple[Healed, ...] = ()
        ended, report = self._pip(self.arguments)
        if self._may_heal(ended):
            from pipcacheplus.wrap.heal import remove_damaged  # noqa: PLC0415 - see above

            healed = self._healed(
                lambda cache: remove_damaged(cache, self._log, self._requested(), exclusive=self.exclusive)
            )
            if healed:
                self.say("running pip once more")
                ended, report = self._pip(self.arguments)
        if self.check is not None and ended.code == 0 and self.arguments.command == "install":
            ended, rebuilt = self._checked(self.check)
            healed = (*healed, *rebuilt)
        seconds = time.monotonic() - started_s
        from pipcacheplus.wrap.use import pip_use_of  # noqa: PLC0415 - imported while pip ran

        use = pip_use_of(self.cache_path, self._log, report) if ended.code == 0 else PipUse()
        return PipRun(
            exit_code=ended.code,
            is_interrupted=ended.is_interrupted,
            seconds=seconds,
            healed=healed,
            use=use,
            cache_path=self.cache_path,
        )

    def recorded(self, run: PipRun, now_s: float) -> RecordedUse:
        """Return a run as it is kept."""
        return RecordedUse(
            at_s=now_s,
            command=self.arguments.command or "",
            exit_code=run.exit_code,
            seconds=round(run.seconds, 3),
            healed=tuple(one.entry.id for one in run.healed),
            use=run.use,
        )

    def _pip(self, arguments: PipArguments) -> tuple[Ended, bytes | None]:
        """Run pip, read its log, and return how it ended, and its report."""
        with ExitStack() as stack:
            folder = None
            with suppress(OSError):  # without one, pip runs all the same
                folder = stack.enter_context(temporary_folder())
            log, report = self._places(folder)
            start = _size(log)
            options = [] if log is None or self.user_log is not None else ["--log", log]
            if report is not None and arguments.report is None:
                options += ["--report", report]
            ended = run_child(
                (*self.command, *arguments.with_options(*options)), self.environ, meanwhile=_import_what_follows
            )
            self._log = read_log(_lines(log, start)) if log is not None else LogFacts()
            return ended, _content(report)

    def _places(self, folder: str | None) -> tuple[str | None, str | None]:
        log = self.user_log or (None if folder is None else os.path.join(folder, "log"))
        if self.arguments.report is not None:
            return log, self.arguments.report
        has_report = self.has_report and folder is not None and self.arguments.command == "install"
        return log, os.path.join(folder or "", "report.json") if has_report else None

    def _may_heal(self, ended: Ended) -> bool:
        is_failure = 0 < ended.code < _NOT_STARTED and not ended.is_interrupted
        # Of arguments that make no sense, which have the exit code of what pip did not expect, no log tells.
        is_told = self._log != LogFacts()
        return self.heals and is_failure and is_told and not any(map(_is_read_once, self.arguments.files))

    def _healed(self, heal: "Callable[[PipCache], tuple[Healed, ...]]") -> "tuple[Healed, ...]":
        """Cure the cache, and say what went; that it cannot be cured changes nothing of pip's failure."""
        try:
            healed = heal(self.find_cache())
        except (CacheNotFoundError, CacheDisabledError):
            return ()
        except (PipCachePlusError, OSError) as error:
            self.say(f"the cache was not checked: {error}")
            return ()
        for one in healed:
            verb = "removed from the cache" if one.is_removed else "damaged, and left as another pip may be using it"
            self.say(f"{verb}: {_named(one)}: {one.why}")
        return tuple(one for one in healed if one.is_removed)

    def _checked(self, check: str) -> "tuple[Ended, tuple[Healed, ...]]":
        """Run a command that tells whether what is installed works; if not, build anew what cannot be loaded."""
        done = run_child(_words(check), self.environ)
        if done.code == 0 or done.is_interrupted:
            return done, ()
        from pipcacheplus.wrap.heal import remove_unloadable  # noqa: PLC0415 - see above

        python = self.arguments.python or self.command[0]
        projects = {*self._log.projects, *self._log.satisfied, *self._requested()}
        healed = self._healed(lambda cache: remove_unloadable(cache, python, projects, exclusive=self.exclusive))
        wanted = sorted({f"{one.entry.project}=={one.entry.version}" for one in healed if one.entry.project})
        if not wanted:
            return done, ()
        self.say(f"installing anew: {' '.join(wanted)}")
        words = self.arguments.for_others("--force-reinstall", "--upgrade", "--no-deps", *wanted)
        again = run_child((*self.command, *words), self.environ)
        return (run_child(_words(check), self.environ) if again.code == 0 else again), healed

    def _requested(self) -> tuple[str, ...]:
        """Return names that the arguments hold, without versions and extras; paths and URLs are in the log."""
        return tuple(name for word in self.arguments.names if (name := _project_in(word)))


def _import_what_follows() -> None:
    for name in ("wrap.use", "own.records", "render.text.worth"):
        import_module(f"pipcacheplus.{name}")


def _named(one: "Healed") -> str:
    entry = one.entry
    named = " ".join(filter(None, (entry.project, entry.version)))
    return ", ".join(filter(None, (named or entry.url_shown or entry.id, entry.kind.value.replace("-", " "))))


def _project_in(word: str) -> str:
    """Return the name in front of a requirement; empty for a path or a URL."""
    if "/" in word or "\\" in word or word.endswith((".whl", ".gz", ".zip")):
        return ""
    end = next((at for at, sign in enumerate(word) if not (sign.isalnum() or sign in "-_.")), len(word))
    return word[:end]


def _words(check: str) -> Sequence[str]:
    return shlex.split(check, posix=os.name != "nt")


def _is_read_once(path: str) -> bool:
    """Return whether a file of requirements is a pipe, so that a second run would find it empty."""
    if path.startswith(_STANDARD_INPUT) or path == "-":
        return True
    with suppress(OSError, ValueError):
        return stat.S_ISFIFO(os.stat(path).st_mode)
    return False


def _size(path: str | None) -> int:
    with suppress(OSError):
        return os.path.getsize(path) if path is not None else 0
    return 0


def _lines(path: str, start: int) -> Iterable[str]:
    with suppress(OSError), open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        file.seek(start)
        yield from file.read(MAX_LOG_BYTES).split("\n")


def _content(path: str | None) -> bytes | None:
    with suppress(OSError):
        if path is not None and stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "rb") as file:
                return file.read(MAX_LOG_BYTES)
    return None
