"""The JSON document, key by key: its names are its own, so that the model can change without it."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from pipcacheplus.render.times import evidence_value, last_used_ns, rfc3339
from pipcacheplus.render.view import FailedCommand, Json, OutputFormat, View, Write

if TYPE_CHECKING:  # slow to import, and `dir` does without them
    from pipcacheplus.model.values import Action, Entry, Finding, OriginFacts, Outcome

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
        "cache": {"dir": view.cache.path or None, "source": view.cache.source.value, "last_use": view.last_use},
        "summary": view.summary,
    }
    write("{\n" + "".join(f'"{key}": {encode(value)},\n' for key, value in head.items()))
    _write_list(write, "entries", view.entries, _entry_encoder(encode, view.last_use))
    write(",\n")
    _write_list(write, "findings", view.findings, lambda finding: encode(_finding(finding)))
    write(",\n")
    _write_list(write, "actions", view.outcomes, lambda outcome: encode(_outcome(outcome)))
    write(",\n")
    _write_list(write, "warnings", view.warnings, encode)
    write(',\n"error": null\n}\n')


def _render_failure(failure: FailedCommand, write: Write) -> None:
    """Write the document of a command that failed: all keys are there."""
    from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - slow to import, and most runs succeed

    encode = _encoder()
    members: dict[str, Json] = {
        "format": FORMAT_NUMBER,
        "tool": {"name": "pipcacheplus", "version": failure.version},
        "command": failure.command,
        "cache": {"dir": failure.cache_path, "source": None, "last_use": None},
        "summary": {},
        **dict.fromkeys(("entries", "findings", "actions", "warnings"), ()),
        "error": shown_text(failure.problem),
    }
    write("{\n" + ",\n".join(f'"{key}": {encode(value)}' for key, value in members.items()) + "\n}\n")


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


_ENTRY = (
    '{"id": %s, "area": %s, "kind": %s, "project": %s, "version": %s, "filename": %s, "url": %s, "url_shown": %s,'
    ' "url_source": %s, "tags": %s, "sha256": %s, "origin": %s, "location": %s, "status": %s, "interpreter": %s,'
    ' "fresh_until": %s, "paths": %s, "size": %d, "disk_size": %d, "written": %s, "used": %s}'
)


def _entry_encoder(encode: Callable[[Json], str], last_use: str) -> "Callable[[Entry], str]":
    """Return the function that encodes an entry; an encoder of whole objects would take most of the time."""
    from json.encoder import encode_basestring_ascii  # noqa: PLC0415 - as in `_encoder`

    text: Callable[[str], str] = encode_basestring_ascii
    tags = lru_cache(maxsize=256)(encode)
    second = lru_cache(maxsize=4096)(lambda time_s: encode(rfc3339(time_s)))

    def maybe(value: str | None) -> str:
        return "null" if value is None else text(value)

    def time(time_ns: int | None) -> str:
        return "null" if time_ns is None else second(time_ns // 10**9)

    def encoded(entry: "Entry") -> str:
        shown = maybe(entry.url_shown)
        return _ENTRY % (
            text(entry.id),
            text(entry.area.value),
            text(entry.kind.value),
            maybe(entry.project),
            maybe(entry.version),
            maybe(entry.filename),
            shown if entry.url is entry.url_shown else maybe(entry.url),
            shown,
            maybe(None if entry.url_source is None else entry.url_source.value),
            tags(entry.tags),
            maybe(entry.sha256),
            "null" if entry.origin is None else encode(_origin(entry.origin)),
            maybe(entry.location),
            "null" if entry.status is None else entry.status,
            maybe(entry.interpreter),
            second(entry.fresh_until_s),
            f"[{', '.join(map(text, entry.paths))}]",
            entry.size,
            entry.disk_size,
            time(entry.files[0].mtime_ns if entry.files else None),
            time(last_used_ns(entry, last_use)),
        )

    return encoded


def _origin(origin: "OriginFacts") -> dict[str, Json]:
    return {
        "url": origin.url,
        "url_shown": origin.url_shown,
        "directory": origin.is_directory,
        "vcs": origin.vcs,
        "commit": origin.commit,
        "requested_revision": origin.requested_revision,
        "subdirectory": origin.subdirectory,
        "source_sha256": origin.source_sha256,
    }


def _finding(finding: "Finding") -> dict[str, Json]:
    return {
        "check": finding.check,
        "group": finding.group.value,
        "severity": finding.severity.value,
        "id": finding.entry.id,
        "paths": finding.paths,
        "message": finding.message,
        "evidence": {key: evidence_value(key, value) for key, value in finding.evidence},
        "remedy": finding.remedy.value,
    }


def _outcome(outcome: "Outcome") -> dict[str, Json]:
    action: Action = outcome.action
    return {
        "id": action.entry.id,
        "paths": sorted(file.path for file in action.files),
        "reasons": action.reasons,
        "reason": action.why or None,
        "size": sum(file.size for file in action.files),
        "disk_size": sum(file.disk_size for file in action.files),
        "freed": outcome.disk_size,
        "freed_measure": outcome.measure.value,
        "lower_layer": outcome.is_lower,
        "outcome": outcome.state.value,
        "error": outcome.error,
    }


FORMAT = OutputFormat(
    help="one JSON document", render=_render, has_warnings=lambda _view: True, render_failure=_render_failure
)
