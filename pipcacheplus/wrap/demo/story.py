"""Tell the story step by step: what pip and pipcacheplus do with a cache that breaks, each command carried out."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pipcacheplus.wrap.demo.damage import damage, find_copy
from pipcacheplus.wrap.demo.index import Sent
from pipcacheplus.wrap.demo.players import DescribedPip, Player, Ran
from pipcacheplus.wrap.demo.wheels import make_wheel

__all__ = ["OLD", "WHEELS", "Stage", "Step", "steps_of"]

_LIB = make_wheel("demo-lib")
_APP = make_wheel("demo-app", requires=("demo-lib",))
OLD = make_wheel("demo-old", tag="cp27-cp27m-win32")
"""For another Python; its page is an old one."""
WHEELS = (_APP, _LIB, OLD)
"""All that the index offers."""
_FOR_OLD = (
    *("--platform=win32", "--python-version=27", "--implementation=cp", "--abi=cp27m"),
    *("--only-binary=:all:", "--no-deps"),
)
_FOUND = 3
"""The exit code of `verify` if something is damaged."""


class Step(NamedTuple):
    """One step of the story."""

    title: str
    """What happens, in a sentence or two."""
    words: tuple[str, ...]
    """Of the command, without the program."""
    ran: Ran
    expected: int = 0
    """The exit code that the story needs."""
    is_pip: bool = False
    """Whether the program is pip."""

    @property
    def is_as_expected(self) -> bool:
        """Return whether the story can go on."""
        return self.ran.exit_code in {None, self.expected}

    @property
    def remark(self) -> str:
        """Return what the index sent meanwhile, as a sentence; empty if no pip asked it."""
        return "" if self.ran.sent is None else _sent_in_words(self.ran.sent)


class Stage(NamedTuple):
    """Where the story takes place."""

    folder: str
    """The path of the folder of the demonstration."""
    pip: Player
    stand_in: DescribedPip
    """Takes the place of a pip that keeps nothing."""
    ours: Callable[[Sequence[str]], Ran]
    """Carries out a command of this program."""

    @property
    def cache(self) -> str:
        """Return the path of the cache."""
        return os.path.join(self.folder, "cache")

    def step(self, title: str, *words: str, expected: int = 0) -> Step:
        """Carry out a command of this program."""
        command = (*words, "--cache-dir", self.cache)
        return Step(title, command, self.ours(command), expected)

    def pip_words(self, command: str, target: str, *words: str) -> tuple[str, ...]:
        """Return the words of a command of pip that writes into a folder of this name."""
        option = "--target" if command == "install" else "--dest"
        return (command, "--cache-dir", self.cache, option, os.path.join(self.folder, target), *words)


def steps_of(stage: Stage) -> Iterator[Step]:
    """Yield the steps, each when it is over; the first one that is not as expected is the last.

    Raises:
        OSError: A file of the demonstration cannot be written or read.
    """
    for step in _story(stage):
        yield step
        if not step.is_as_expected:
            return


def _story(stage: Stage) -> Iterator[Step]:
    words = stage.pip_words("install", "installed", _APP.project)
    yield Step(
        "pip installs demo-app, which needs demo-lib. What it downloads stays in its cache.",
        words,
        stage.pip.run(words, (_APP, _LIB)),
        is_pip=True,
    )
    copy = find_copy(stage.cache, _LIB)
    if copy is None:
        stage = stage._replace(pip=stage.stand_in)
        yield Step(
            "This pip has kept nothing of it: pips before 21.3 keep nothing that comes by plain HTTP. From here on, the"
            " demonstration writes the cache itself, and describes what pip would do.",
            words,
            stage.pip.run(words, (_APP, _LIB)),
            is_pip=True,
        )
        copy = find_copy(stage.cache, _LIB)
    if copy is not None:
        damage(copy, _LIB)
    words = stage.pip_words("install", "again", _APP.project)
    yield Step(
        "One bit flips in the cached wheel of demo-lib, as on a bad disk: a 42 becomes a 52. The same install fails"
        " now. It will fail each time, as pip takes the wheel from its cache.",
        words,
        stage.pip.run(words, (_APP, _LIB), fails=True),
        expected=1,
        is_pip=True,
    )
    yield stage.step(
        "`verify` reads files to their end, once. It names the wheel, and the file in it that is damaged. Exit code 3"
        " says that pip would fail.",
        *("verify", "--python", "current"),
        expected=_FOUND,
    )
    yield stage.step(
        "`prune --corrupt` removes this wheel, and nothing else.",
        *("prune", "--corrupt", "--python", "current", "--exclusive"),
    )
    yield stage.step("This is left.", "list")
    yield Step(
        "pip installs again, and downloads what was removed. The rest is still in its cache.",
        words,
        stage.pip.run(words, (_LIB,)),
        is_pip=True,
    )
    yield from _housekeeping(stage)


def _housekeeping(stage: Stage) -> Iterator[Step]:
    words = stage.pip_words("download", "downloaded", *_FOR_OLD, OLD.project)
    yield Step(
        "pip downloads a wheel for another Python: CPython 2.7 on Windows. The index sends its page with a date two"
        " days ago, and the page was fresh for ten minutes.",
        words,
        stage.pip.run(words, (OLD,)),
        is_pip=True,
    )
    yield stage.step(
        "This Python cannot use the wheel, and the page is stale. Both go to the trash.",
        *("prune", "--incompatible", "--stale", "--trash", "--python", "current", "--exclusive"),
    )
    yield stage.step("`undo` brings back what went last.", "undo")


def _sent_in_words(sent: Sent) -> str:
    """Return what an index sent, as a sentence.

    >>> _sent_in_words(Sent(2, 0, ("a.whl", "b.whl")))
    'The index sent 2 pages and 2 files.'
    >>> _sent_in_words(Sent(0, 2, ("a.whl",)))
    '2 pages had not changed; the index sent 1 file: a.whl.'
    >>> _sent_in_words(Sent(1, 1, ()))
    '1 page had not changed; the index sent 1 page and no file.'
    >>> _sent_in_words(Sent(0, 0, ()))
    'The index received no request.'
    """
    if not (sent.pages or sent.unchanged or sent.files):
        return "The index received no request."
    pages = f"{_counted(sent.pages, 'page')} and " if sent.pages else ""
    files = _counted(len(sent.files), "file") + (f": {sent.files[0]}" if len(sent.files) == 1 else "")
    unchanged = f"{_counted(sent.unchanged, 'page')} had not changed; the" if sent.unchanged else "The"
    return f"{unchanged} index sent {pages}{files}."


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count in {0, 1} else 's'}"
