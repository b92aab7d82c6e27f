"""Filling of a cache: pip downloads requirements for several interpreters and platforms."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.pythons import Target
from pipcacheplus.wrap.pip import Pip
from pipcacheplus.wrap.session import PipRun
from pipcacheplus.wrap.temporary import temporary_folder

__all__ = ["Warmed", "warm"]


class Warmed(NamedTuple):
    """The result of the download for one interpreter or target."""

    what: str
    """The path of the interpreter, or the description of the target."""
    run: PipRun


def warm(
    *requirements: str,
    files: Sequence[str] = (),
    pythons: Sequence[str | Target] = (),
    options: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> tuple[Warmed, ...]:
    """Have pip download files, which are removed again; those that it stores in its cache stay.

    Args:
        requirements: As for pip.
        files: Files of requirements or locks, as for pip's `-r`.
        pythons: Paths of interpreters, whose own pips download; and targets, for which the pip of this interpreter
            downloads only wheels. This interpreter if there are none.
        options: More options of pip: `--index-url`.
        say: Called with a line for each further action.

    Raises:
        BadRequestError: Nothing is requested.
    """
    if not requirements and not files:
        raise BadRequestError(
            what="warm", problem="nothing is named", next_step="name requirements, or a file of them (-r)"
        )
    return tuple(_warmed(requirements, files, pythons or (sys.executable,), options, say))


def _warmed(
    requirements: Sequence[str],
    files: Sequence[str],
    pythons: Sequence[str | Target],
    options: Sequence[str],
    say: Callable[[str], None] | None,
) -> Iterator[Warmed]:
    for one in pythons:
        python, target = (one, []) if isinstance(one, str) else (sys.executable, [*_options_of(one)])
        with temporary_folder() as folder:
            words = [*target, "--dest", folder, *options, *(word for file in files for word in ("-r", file))]
            run = Pip(python).command("download", *words, *requirements, say=say)
        yield Warmed(str(one), run)
        if run.is_interrupted:
            return


def _options_of(target: Target) -> Iterator[str]:
    """Yield the options of `pip download` for a target; with these, pip accepts only wheels."""
    yield "--only-binary=:all:"
    for name, values in (
        ("--platform", target.platforms),
        ("--python-version", (target.python_version,)),
        ("--implementation", (target.implementation,)),
        ("--abi", target.abis),
    ):
        for value in values:
            if value is not None:
                yield f"{name}={value}"
