"""The page of symptoms as data: what each pip says, and the commands, so that no test repeats a word of it."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipcacheplus.pips.effects import release_of

__all__ = ["ANY", "PAGE", "Message", "Symptom", "symptom", "symptoms"]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "pip-says.md"
ANY = "…"
"""Stands in a message for what differs from case to case."""

_BLOCK = re.compile(r"^(?P<who>[^\n]+):\n\n```text\n(?P<words>.*?)\n```$", re.MULTILINE | re.DOTALL)
_WHO = re.compile(r"pip (?:up to (?P<upto>[\d.]+)|(?P<since>[\d.]+) (?:to (?P<to>[\d.]+)|and later))")
_CURE = re.compile(r"^```console\n(?P<line>[^\n]+)\n```$", re.MULTILINE)
_LOOK = re.compile(r"\*\*See first:\*\* `(?P<line>[^`]+)`")


@dataclass(frozen=True)
class Message:
    """The words of some pips, or of a Python."""

    who: str
    """As on the page: "pip 22.0 and later", "Python"."""
    lines: tuple[str, ...]

    def is_of(self, version: str) -> bool:
        """Return whether the page gives these words for a version of pip."""
        found = _WHO.fullmatch(self.who)
        if found is None:
            return self.who == "Every pip"
        release = release_of(version)
        last = found["upto"] or found["to"]
        # "to 9.0" includes 9.0.3.
        is_before_the_end = last is None or release[: len(last.split("."))] <= release_of(last)
        return is_before_the_end and (found["since"] is None or release >= release_of(found["since"]))

    def is_in(self, output: str) -> bool:
        """Return whether all lines stand in an output, however that is broken into lines."""
        text = " ".join(output.split())
        return all(re.search(_pattern(line), text) for line in self.lines)


@dataclass(frozen=True)
class Symptom:
    """A section of the page."""

    title: str
    messages: tuple[Message, ...]
    cures: tuple[str, ...]
    """Command lines in blocks of their own: the first is the cure."""
    look: str | None
    """The command line that shows what the cure would remove, and changes nothing."""
    text: str
    """All of it."""

    @property
    def cure(self) -> str:
        """The command line that cures it."""
        return self.cures[0]

    def message(self, version: str) -> Message:
        """Return what the page says that this pip says.

        Raises:
            ValueError: The page gives no words for it, or more than one message.
        """
        (found,) = (message for message in self.messages if message.is_of(version))
        return found

    def message_of(self, who: str) -> Message:
        """Return the message that stands below these words.

        Raises:
            ValueError: There is none, or more than one.
        """
        (found,) = (message for message in self.messages if message.who == who)
        return found


def symptoms() -> tuple[Symptom, ...]:
    """Return all sections of the page that have a message, in order."""
    found = []
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        messages = tuple(
            Message(one["who"], tuple(line.strip() for line in one["words"].splitlines()))
            for one in _BLOCK.finditer(text)
        )
        look = _LOOK.search(text)
        cures = tuple(one["line"] for one in _CURE.finditer(text))
        if messages:
            found.append(Symptom(title, messages, cures, look and look["line"], text))
    return tuple(found)


def symptom(words: str) -> Symptom:
    """Return the one section whose title has these words.

    Raises:
        ValueError: There is none, or more than one.
    """
    (found,) = (one for one in symptoms() if words in one.title)
    return found


def _pattern(line: str) -> str:
    # The words in between may be long: a URL, a path.
    return ".{0,600}?".join(re.escape(" ".join(piece.split())) for piece in line.split(ANY))
