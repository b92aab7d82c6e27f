"""Wheel tags in few words: Pythons, ABIs and systems."""

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["ALL", "platforms_in_words", "pythons_in_words"]

ALL = 1 << 30
"""So many words are listed that none is left out."""

# Compiled when they are first used: most runs print no tags.
_LINUX = r"(?P<family>many|musl)linux(?:_\d+_\d+|\d+)_(?P<machine>.+)"
_MACOS = r"macosx_\d+_\d+_(?P<machine>.+)"
_WINDOWS = {"win32": "windows x86", "win_amd64": "windows x86_64", "win_arm64": "windows arm64"}
_MOST = 3
"""Words that are listed by default; the others are counted."""


@lru_cache(maxsize=1024)
def pythons_in_words(tags: tuple[str, ...], most: int = _MOST) -> str:
    """Return the Pythons of a set of expanded tags, and the ABIs that are not named like one of them.

    >>> pythons_in_words(("py2-none-any", "py3-none-any")), pythons_in_words(("cp38-abi3-win32",))
    ('py2.py3', 'cp38 abi3')
    >>> pythons_in_words(("cp27-cp27mu-linux_x86_64",)), pythons_in_words(("cp312-cp312-linux_x86_64",))
    ('cp27 cp27mu', 'cp312')
    """
    parts = [tag.split("-", 2) for tag in tags if tag.count("-") >= 2]  # noqa: PLR2004 - python, abi, platform
    pythons = _unique(python for python, _, _ in parts)
    abis = [abi for abi in _unique(abi for _, abi, _ in parts) if abi != "none" and abi not in pythons]
    return " ".join(filter(None, (_few(pythons, most), _few(abis, most))))


@lru_cache(maxsize=1024)
def platforms_in_words(tags: tuple[str, ...], most: int = _MOST) -> str:
    """Return the systems of a set of expanded tags without their versions; nothing for `any`.

    >>> platforms_in_words(("cp312-cp312-manylinux2014_x86_64", "cp312-cp312-manylinux_2_17_x86_64"))
    'manylinux x86_64'
    >>> platforms_in_words(("py3-none-any",)), platforms_in_words(("cp312-cp312-win_amd64",))
    ('', 'windows x86_64')
    """
    platforms = _unique(_platform(tag.split("-", 2)[2]) for tag in tags if tag.count("-") >= 2)  # noqa: PLR2004
    return "" if platforms == ["any"] else _few(platforms, most, between=" or ")


def _platform(tag: str) -> str:
    if match := re.fullmatch(_LINUX, tag):
        return f"{match['family']}linux {match['machine']}"
    if match := re.fullmatch(_MACOS, tag):
        return f"macos {match['machine']}"
    return _WINDOWS.get(tag) or tag.replace("linux_", "linux ", 1)


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _few(words: list[str], most: int, *, between: str = ".") -> str:
    more = len(words) - most
    return between.join(words[:most]) + (f" and {more} more" if more > 0 else "")
