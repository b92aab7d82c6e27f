"""`Pip`: the pip of an interpreter, from Python."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from pipcacheplus.pips.locate import Machine, locate, of_python, this_machine
from pipcacheplus.pips.settings import ENVIRONMENT, Settings, find_for, is_on, read_settings
from pipcacheplus.wrap.child import run_child
from pipcacheplus.wrap.pip_arguments import PipArguments, read_pip_arguments

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.model.pythons import Interpreter
    from pipcacheplus.model.values import Waiting
    from pipcacheplus.wrap.session import PipRun, PipSession

__all__ = ["Pip"]

_REPORTS_SINCE = (23, 0)
"""The first pip whose `--report` prints no warning. Source: the change log of pip 22.2 and 23.0."""


class Pip:
    """The pip of one interpreter: its properties, and a way to run it as if it had been run directly.

    Its internals are never imported; it runs as a child, with the streams of this process.
    """

    def __init__(
        self, python: str | os.PathLike[str] | None = None, *, environ: Mapping[str, str] | None = None
    ) -> None:
        """Store the interpreter.

        Args:
            python: The path of the interpreter; the running one by default.
            environ: Variables for pip; those of this process by default.
        """
        self.python: str = sys.executable if python is None else os.fspath(python)
        """The path of the interpreter."""
        self._environ: Mapping[str, str] = dict(os.environ if environ is None else environ)

    def __repr__(self) -> str:
        """Return the interpreter as text."""
        return f"Pip({self.python!r})"

    @cached_property
    def interpreter(self) -> "Interpreter":
        """The interpreter: its tags, its version, that of its pip. One with a stored answer is not run.

        Raises:
            InterpreterError: It gives no answer.
        """
        from pipcacheplus.host.interpreter_cache import answers_of_interpreters  # noqa: PLC0415 - slow to import
        from pipcacheplus.host.interpreters import probe, running  # noqa: PLC0415 - as above

        if self.python == sys.executable:
            return running()
        return probe(self.python, memory=answers_of_interpreters(), environ=self._environ)

    @property
    def version(self) -> str | None:
        """The version of pip, as pip writes it; `None` if the interpreter has no pip.

        Raises:
            InterpreterError: The interpreter gives no answer.
        """
        if self.python == sys.executable:
            from pipcacheplus.host.pip_version import version_of_pip  # noqa: PLC0415 - of use to few

            return version_of_pip(sys.path)
        return self.interpreter.pip

    @property
    def tags(self) -> frozenset[str]:
        """The tags of wheels that the interpreter can use.

        Raises:
            InterpreterError: The interpreter gives no answer.
        """
        return self.interpreter.tags

    def settings(self, command: str = "install") -> Mapping[str, str]:
        """Return the value of pip's files and variables for an option of a command, by pip's own name: `cache-dir`.

        Raises:
            BadRequestError: pip itself would stop at one of its files.
        """
        found = read_settings(self._machine())
        names = dict.fromkeys(name for section in ("global", command, ENVIRONMENT) for name in found.get(section, {}))
        chosen = {name: find_for(found, name, command) for name in names}
        return {name: one.value for name, one in chosen.items() if one is not None}

    def cache(
        self,
        *,
        command: str = "install",
        cache_dir: str | None = None,
        isolated: bool = False,
        index_urls: Sequence[str] = (),
    ) -> "PipCache":
        """Return the cache that this pip uses.

        Args:
            command: Command of pip; its section in pip's settings counts too.
            cache_dir: As pip's `--cache-dir`.
            isolated: As pip's `--isolated`.
            index_urls: URLs of indexes whose pages may be in it.

        Raises:
            PipCachePlusError: As `PipCache.locate`.
        """
        from pipcacheplus.cache.pip_cache import PipCache  # noqa: PLC0415 - slow to import

        return PipCache.locate(
            cache_dir=cache_dir,
            index_urls=index_urls,
            environ=self._environ,
            python=self.python,
            command=command,
            isolated=isolated,
        )

    def run(self, *arguments: str) -> int:
        """Run pip with these arguments, and with the streams of this process; return its exit code.

        Nothing is repaired or recorded. A pip that was ended by a signal has the exit code that a shell gives it.
        """
        return run_child(self._command(*arguments), self._environ).code

    def install(self, *arguments: str, heal: bool = True, check: str | None = None, record: bool = True) -> "PipRun":
        """Run `pip install` with these arguments; if a damaged cache makes it fail, repair that, and run it once more.

        Args:
            arguments: Those after `install`.
            heal: Whether damaged entries are removed, and pip is run once more.
            check: A command that must succeed afterwards; if it fails, built wheels that the interpreter cannot
                load are removed, and their projects installed again.
            record: Whether the use is recorded, for `stats` and for times of last use.

        Returns:
            The exit code, the removed entries, and the used files of the cache.
        """
        return self.command("install", *arguments, heal=heal, check=check, record=record)

    def command(
        self,
        *arguments: str,
        heal: bool = True,
        check: str | None = None,
        record: bool = True,
        exclusive: bool | None = None,
        say: Callable[[str], None] | None = None,
    ) -> "PipRun":
        """Run any command of pip as `install` does; for one that uses no cache, only the exit code is returned.

        Args:
            arguments: All arguments of pip.
            heal: As `install`.
            check: As `install`.
            record: As `install`.
            exclusive: Whether no other pip uses the cache, so that recently used entries may be removed if they are
                damaged; by default, true if none runs on this machine.
            say: Called with a line for each further action.
        """
        from pipcacheplus.wrap.session import PipRun  # noqa: PLC0415 - slow to import

        if check is not None:
            from pipcacheplus.wrap.session import check_words  # noqa: PLC0415 - as above

            check_words(check)
        found = read_pip_arguments(arguments)
        if not found.uses_cache or {"-h", "--help"} & set(arguments):
            ended = run_child(self._command(*arguments), self._environ)
            return PipRun(exit_code=ended.code, is_interrupted=ended.is_interrupted)
        session = self._session(found, heal=heal, check=check, exclusive=exclusive, say=say)
        done = session.run()
        if record and not session.task.is_dry_run:
            self._keep(session, done)
        return done

    def _session(
        self,
        arguments: PipArguments,
        *,
        heal: bool,
        check: str | None,
        exclusive: bool | None,
        say: Callable[[str], None] | None,
    ) -> "PipSession":
        from pipcacheplus.wrap.session import PipSession, PipTask  # noqa: PLC0415 - slow to import

        set_, command = self._read_settings(arguments), arguments.command or ""
        task = PipTask(
            python=self.python,
            arguments=arguments,
            cache_path=self._cache_path(arguments),
            find_cache=lambda: self._cache_of(arguments),
            environ=self._environ,
            # An option would replace the setting of the user.
            has_report=find_for(set_, "report", command) is None and self._has_report(),
            heals=heal,
            exclusive=exclusive,
            check=check,
            is_dry_run=arguments.dry_run or is_on(find_for(set_, "dry-run", command)),
            say=say or _say_nothing,
            waiting=None if say is None else _announced(say),
        )
        return PipSession(task)

    def _keep(self, session: "PipSession", done: "PipRun") -> None:
        """Record the use; a failure to record is ignored."""
        from pipcacheplus.errors import PipCachePlusError  # noqa: PLC0415 - as above
        from pipcacheplus.own.records import add_use  # noqa: PLC0415 - as above

        if session.task.cache_path is not None and (done.use.files or done.healed):
            with suppress(PipCachePlusError, OSError):
                add_use(session.task.cache_path, session.recorded(done, time.time()))

    def _command(self, *arguments: str) -> tuple[str, ...]:
        return (self.python, "-m", "pip", *arguments)

    def _has_report(self) -> bool:
        from pipcacheplus.errors import InterpreterError  # noqa: PLC0415 - as above

        try:
            version = self.version
        except InterpreterError:
            return False
        parts = (version or "").split(".")[:2]
        return all(part.isdecimal() for part in parts) and tuple(map(int, parts)) >= _REPORTS_SINCE

    def _read_settings(self, arguments: PipArguments) -> Settings:
        """Return pip's settings, none if pip itself would stop at an error in them."""
        from pipcacheplus.errors import BadRequestError  # noqa: PLC0415 - slow to import

        try:
            return read_settings(self._machine(), isolated=arguments.isolated)
        except BadRequestError:
            return {}

    def _cache_of(self, arguments: PipArguments) -> "PipCache":
        return self.cache(
            command=arguments.command or "cache",
            cache_dir=arguments.cache_dir,
            isolated=arguments.isolated,
            index_urls=arguments.index_urls,
        )

    def _cache_path(self, arguments: PipArguments) -> str | None:
        """Return the path of the cache, which need not exist; `None` if this pip uses none."""
        from pipcacheplus.errors import PipCachePlusError  # noqa: PLC0415 - slow to import

        command = arguments.command or "cache"
        try:
            found = locate(self._machine(), cache_dir=arguments.cache_dir, isolated=arguments.isolated, command=command)
        except (PipCachePlusError, OSError):
            return None
        return found.path if found.disabled_by is None else None

    def _machine(self) -> Machine:
        return of_python(this_machine(self._environ), self.python)


def _announced(say: Callable[[str], None]) -> "Callable[[Waiting], None]":
    """Return the function that reports once the reason and the length of the wait."""
    said = list[str]()

    def announce(waiting: "Waiting") -> None:
        if not said:
            said.append(waiting.sentence)
            say(waiting.sentence)

    return announce


def _say_nothing(_line: str) -> None:
    pass
