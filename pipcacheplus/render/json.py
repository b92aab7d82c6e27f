"""The JSON document, key by key: its names are its own, so that the model can change without it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from pipcacheplus.render.times import last_used_ns, rfc3339
from pipcacheplus.render.view import Json, OutputFormat, View, Write

if TYPE_CHECKING:  # slow to import, and `dir` does without them
    from pipcacheplus.model.values import Action, Entry, Finding, Outcome

__all__ = ["FORMAT", "FORMAT_NUMBER"]

FORMAT_NUMBER = 1
"""Raised only when something that reads the document could break."""

_T = TypeVar("_T")


def _render(view: View, write: Write, *, width: int | None, color: bool) -> None:  # noqa: ARG001 - as `Render` has it
    """Write one document, a line for each member of a list: it can be read in pieces, and compared line by line."""
    encode = _encoder()
    head: dict[str, Json] = {
        "format": FORMAT_NUMBER,
        "tool": {"name": "pipcacheplus", "version": view.version},
        "command": view.command,
        "cache": {"dir": view.cache.path, "source": view.cache.source.value, "last_use": view.last_use},
        "summary": view.summary,
    }
    write("{\n" + "".join(f'"{key}": {encode(value)},\n' for key, value in head.items()))
    _write_list(write, "entries", view.entries, lambda entry: encode(_entry(entry, view.last_use)))
    write(",\n")
    _write_list(write, "findings", view.findings, lambda finding: encode(_finding(finding)))
    write(",\n")
    _write_list(write, "actions", view.outcomes, lambda outcome: encode(_outcome(outcome)))
    write(",\n")
    _write_list(write, "warnings", view.warnings, encode)
    write("\n}\n")


def _encoder() -> Callable[[Json], str]:
    from json import JSONEncoder  # noqa: PLC0415 - slow to import, and not needed to list formats

    # ASCII only, so that names that are not UTF-8 come out as \udcXX whatever the encoding of stdout is.
    return JSONEncoder(ensure_ascii=True).encode


def _write_list(write: Write, key: str, values: Iterable[_T], encode: Callable[[_T], str]) -> None:
    write(f'"{key}": [')
    before = "\n"
    for value in values:
        write(before + encode(value))
        before = ",\n"
    write("]")


def _entry(entry: "Entry", last_use: str) -> dict[str, Json]:
    return {
        "id": entry.id,
        "area": entry.area.value,
        "kind": entry.kind.value,
        "project": entry.project,
        "version": entry.version,
        "filename": entry.filename,
        "url": entry.url,
        "url_source": None if entry.url_source is None else entry.url_source.value,
        "tags": entry.tags,
        "interpreter": entry.interpreter,
        "fresh_until": rfc3339(entry.fresh_until_s),
        "paths": entry.paths,
        "size": entry.size,
        "disk_size": entry.disk_size,
        "written": _time(entry.files[0].mtime_ns if entry.files else None),
        "used": _time(last_used_ns(entry, last_use)),
    }


def _time(time_ns: int | None) -> str | None:
    return None if time_ns is None else rfc3339(time_ns // 10**9)


def _finding(finding: "Finding") -> dict[str, Json]:
    return {
        "check": finding.check,
        "group": finding.group.value,
        "severity": finding.severity.value,
        "id": finding.entry.id,
        "paths": finding.paths,
        "message": finding.message,
        "evidence": dict(finding.evidence),
        "remedy": finding.remedy.value,
    }


def _outcome(outcome: "Outcome") -> dict[str, Json]:
    action: Action = outcome.action
    return {
        "id": action.entry.id,
        "paths": sorted(file.path for file in action.files),
        "reasons": action.reasons,
        "size": sum(file.size for file in action.files),
        "disk_size": sum(file.disk_size for file in action.files),
        "outcome": outcome.state.value,
        "error": outcome.error,
    }


FORMAT = OutputFormat(help="one JSON document", render=_render, has_warnings=True)
