"""The text of `info --bug-report`: one fact a line, ready to be pasted."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.render.text.words import safe
from pipcacheplus.render.view import Json

__all__ = ["report_lines"]


def report_lines(report: Mapping[str, Json]) -> Iterator[str]:
    """Yield each fact; those of a list or an object below their name.

    >>> list(report_lines({"pip": "24.0", "SQLite": None, "settings": ["keep (pip)"], "findings": {"lock-left": 2}}))
    ['pip: 24.0', 'SQLite: unknown', 'settings:', '  keep (pip)', 'findings:', '  lock-left: 2']
    """
    for name, value in report.items():
        if isinstance(value, Mapping):
            yield f"{safe(name)}:" if value else f"{safe(name)}: none"
            yield from (f"  {safe(key)}: {_told(one)}" for key, one in value.items())
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield f"{safe(name)}:" if value else f"{safe(name)}: none"
            yield from (f"  {_told(one)}" for one in value)
        else:
            yield f"{safe(name)}: {_told(value)}"


def _told(value: Json) -> str:
    return "unknown" if value is None else safe(str(value))
