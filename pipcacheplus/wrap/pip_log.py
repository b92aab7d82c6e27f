"""Read the log that a pip writes for `--log`: which URLs, files and projects it dealt with, and what it had of them.

Its lines are made for people, and change; what is not understood here tells nothing, and does no harm.

Source: pip 21.3 to 26.3, `_internal/network/download.py` (`Using cached`, `Downloading`), `index/collector.py`
(`Getting page`), `operations/prepare.py` (`Collecting`, `Obtaining dependency information`) and
`resolution/resolvelib/candidates.py` (`Using cached wheel link`).
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["MAX_LOG_BYTES", "LogFacts", "read_log"]

MAX_LOG_BYTES = 64 << 20
"""Of a log; what is behind them is not read."""
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:,.]+ ")
_URL = re.compile(r"(?:https?|file)://[^\s)'\",]+")
_TRANSFER = re.compile(r"\s*(?P<how>Using cached|Downloading) (?P<what>\S+) \((?P<size>[\d.]+ (?:bytes|[kM]B))\)$")
_COLLECTING = re.compile(r"\s*(?:Collecting|Processing|Obtaining) (?P<project>[A-Za-z0-9][A-Za-z0-9._-]*)")
_SATISFIED = re.compile(r"\s*Requirement already satisfied: (?P<project>[A-Za-z0-9][A-Za-z0-9._-]*)")
_NAMED = re.compile(
    r"(?:for|package|requirement|wheel|distribution) [\"'`]?(?P<project>[A-Za-z0-9][A-Za-z0-9._-]*)[\"'`]?"
)
_WHEEL_LINK = "Using cached wheel link: "
_LINKS = ("Found link ", "Skipping link")
"""Lines that name all that a page links to."""
_UNITS = {"bytes": 1, "kB": 1000, "MB": 1000**2}


class LogFacts(NamedTuple):
    """What a log tells."""

    projects: frozenset[str] = frozenset()
    """As they are written."""
    urls: frozenset[str] = frozenset()
    """Of pages and files that were dealt with, without fragment; not all that pages link to."""
    satisfied: frozenset[str] = frozenset()
    """Projects that were installed already."""
    built_wheels: frozenset[str] = frozenset()
    """File URLs of wheels that were built before."""
    cached: tuple[tuple[str, int], ...] = ()
    """Names of files that came from the cache, with their bytes as pip rounds them."""
    downloaded: tuple[tuple[str, int], ...] = ()
    """The same of those that came from a server."""


def read_log(lines: Iterable[str]) -> LogFacts:
    """Return what the lines of a log tell."""
    projects, satisfied, urls, wheels = set[str](), set[str](), set[str](), set[str]()
    cached, downloaded = dict[str, int](), dict[str, int]()
    for stamped in lines:
        line = _TIME.sub("", stamped.rstrip("\r\n"))
        plain = line.lstrip()
        if plain.startswith(_LINKS):
            continue
        if plain.startswith(_WHEEL_LINK):
            wheels.add(plain.removeprefix(_WHEEL_LINK))
            continue
        if found := _TRANSFER.match(line):
            name = found["what"].partition("#")[0].rpartition("/")[2]
            files = cached if found["how"] == "Using cached" else downloaded
            files[name] = _bytes(found["size"])
        if found := _SATISFIED.match(line):
            satisfied.add(found["project"])
        elif found := _COLLECTING.match(line):
            projects.add(found["project"])
        urls.update(one.partition("#")[0] for one in _URL.findall(line))
        if plain.startswith(("ERROR", "error", "WARNING")) or "ERROR:" in plain:
            projects.update(one["project"] for one in _NAMED.finditer(plain))
    return LogFacts(
        projects=frozenset(projects),
        urls=frozenset(urls),
        satisfied=frozenset(satisfied),
        built_wheels=frozenset(wheels),
        cached=tuple(cached.items()),
        downloaded=tuple(downloaded.items()),
    )


def _bytes(size: str) -> int:
    number, _, unit = size.partition(" ")
    return int(float(number) * _UNITS[unit])
