"""`demo`: a pip, a cache that breaks, and its repair, in a folder of its own."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.started import program_words, started_here
from pipcacheplus.model.cache_dir import NO_CACHE_DIR
from pipcacheplus.render.shell import quoted
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and help imports this module
    from pipcacheplus.wrap.demo.players import Ran
    from pipcacheplus.wrap.demo.story import Step

__all__ = ["COMMAND"]

_MODULE = ("-m", "pipcacheplus")


class _Demonstration:
    """The story in a folder, as parts of a summary; it notes whether all went as it should."""

    def __init__(self, request: Request, kept: str | None) -> None:
        """Take the request, and the folder that is to stay."""
        self._request = request
        self._kept = kept
        self._words = program_words(started_here(request.environ))
        self.code = exits.FAILED
        """The exit code: `DONE` once all steps have ended with the expected exit code."""

    def parts(self) -> Generator[Mapping[str, Json], None, None]:
        """Yield a part for each step, and one for a problem that ends the demonstration; then remove the folder."""
        from pipcacheplus.wrap.temporary import temporary_folder  # noqa: PLC0415 - slow to import

        try:
            with temporary_folder() if self._kept is None else nullcontext(self._kept) as folder:
                went_well = True
                for step in self._steps(os.path.realpath(folder)):
                    went_well = step.is_as_expected
                    yield self._part(step)
                self.code = exits.DONE if went_well else exits.FAILED
        except OSError as error:
            self.code = exits.FAILED
            yield {"problem": f"{error.filename or 'a temporary folder'}: {error.strerror or error}"}

    def _steps(self, folder: str) -> "Iterator[Step]":
        from pipcacheplus.host.pip_version import version_of_pip  # noqa: PLC0415 - slow to import
        from pipcacheplus.wrap.demo.index import Index, Server  # noqa: PLC0415 - as above
        from pipcacheplus.wrap.demo.players import DescribedPip, RealPip  # noqa: PLC0415 - as above
        from pipcacheplus.wrap.demo.story import OLD, WHEELS, Stage, steps_of  # noqa: PLC0415 - as above

        ours, now_s, old = self._ours(folder), self._request.now_s, (OLD.project,)
        cache = os.path.join(folder, "cache")
        if version_of_pip(sys.path) is None:
            described = DescribedPip(Index("http://127.0.0.1:8000", WHEELS, now_s, old), cache)
            yield from steps_of(Stage(folder, described, described, ours))
            return
        with Server(WHEELS, now_s=now_s, old_pages=old) as server:
            stand_in = DescribedPip(server.index, cache)
            pip = RealPip(server, folder, self._request.environ)
            yield from steps_of(Stage(folder, pip, stand_in, ours))

    def _ours(self, folder: str) -> "Callable[[Sequence[str]], Ran]":
        from pipcacheplus.cli.base.captured import run_captured  # noqa: PLC0415 - slow to import
        from pipcacheplus.wrap.demo.players import Ran  # noqa: PLC0415 - as above
        from pipcacheplus.wrap.demo.surroundings import for_ours  # noqa: PLC0415 - as above
        from pipcacheplus.wrap.temporary import make_private_folder  # noqa: PLC0415 - as above

        environ = for_ours(self._request.environ, folder=make_private_folder(os.path.join(folder, "state")))

        def ours(words: Sequence[str]) -> Ran:
            # As variables are left out, so is the file of a project that this may have been started in.
            unset = ("--no-settings",) if words[0] == "prune" else ()
            done = run_captured((*words, *unset), environ)
            return Ran(done.exit_code, done.lines)

        return ours

    def _part(self, step: "Step") -> Mapping[str, Json]:
        program = self._pip_words() if step.is_pip else self._words
        return {
            "title": step.title,
            "command": quoted((*program, *step.words), is_windows=os.name == "nt"),
            "exit_code": step.ran.exit_code,
            "expected_exit_code": step.expected,
            "output": step.ran.lines,
            "remark": step.remark,
        }

    def _pip_words(self) -> tuple[str, ...]:
        """Return what starts the pip of this interpreter, by the interpreter's name that was used."""
        is_module = tuple(self._words[1:]) == _MODULE
        return (self._words[0] if is_module else sys.executable, "-m", "pip")


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--keep",
        metavar="DIR",
        help="work in this folder, which is empty or does not exist, and keep it; otherwise in a temporary one",
    )


def _run(request: Request) -> CommandResult:
    from pipcacheplus.host.pip_version import version_of_pip  # noqa: PLC0415 - slow to import, and help does without
    from pipcacheplus.wrap.temporary import kept_folder  # noqa: PLC0415 - as above

    kept = None if request.options.keep is None else kept_folder(request.options.keep)
    demonstration = _Demonstration(request, kept)
    ignored = ("--cache-dir is not used: the demonstration works on a cache of its own",)
    view = make_view(
        request,
        NO_CACHE_DIR,
        "atime",
        warnings=ignored if request.options.cache_dir is not None else (),
    )
    facts: Mapping[str, Json] = {
        "python": sys.executable,
        "pip": version_of_pip(sys.path),
        "kept": kept,
    }
    parts = demonstration.parts()
    if request.options.format == "human":
        view = view._replace(summary={**facts, "steps": ()}, live=parts)
        return CommandResult(view, late_code=lambda: demonstration.code)
    steps = [*parts]
    problem = steps.pop()["problem"] if steps and "problem" in steps[-1] else None
    return CommandResult(view._replace(summary={**facts, "steps": steps, "problem": problem}), demonstration.code)


COMMAND = Command(
    help="Show on a cache of its own, offline, how a pip's cache breaks and is repaired",
    run=_run,
    declare=_declare,
    examples=("demo", "demo --keep demo-folder"),
    page="docs/reference/cli.md#demo",
)
