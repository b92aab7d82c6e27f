"""The manifest of a run in the trash: a line of JSON for each entry, written before anything of it is moved.

Lines describe the intended moves. The places of the files show the real ones: they have the numbers of the lines as
names, and lie in the cache, or in the trash.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pipcacheplus.apply.trash.folder_rights import FolderRights
from pipcacheplus.model.values import Action, Area, Entry, File, Folder, Kind, Shape, UrlSource, Warned

__all__ = [
    "FORMAT_LINE",
    "Disarming",
    "Manifest",
    "Record",
    "line_of_action",
    "line_of_disarming",
    "line_of_folder",
    "read_manifest",
]

_FORMAT = 1
FORMAT_LINE: bytes = b'{"format": %d}\n' % _FORMAT
_MAX_LINE = 64 << 20
"""Bytes: of a build directory with hundreds of thousands of files, or a part of a head, which has 1 MiB at most."""
_MAX_NUMBER = 10**9
_MAX_MODE = 0o7777
_MAX_ID = 2**32 - 2
"""Largest number of a user or a group; the next one means none."""
_STAMP = ("size", "disk_size", "mtime_ns", "atime_ns", "ctime_ns", "inode", "device", "links")
_TEXTS = ("project", "version", "filename", "url", "interpreter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An entry that was to be moved, with the numbers of its files."""

    action: Action
    numbers: tuple[int, ...]
    """Numbers of the action's files, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarming:
    """The bytes that were overwritten in the head of a response."""

    offset: int
    before: bytes
    after: bytes


@dataclass(slots=True, kw_only=True)
class Manifest:
    """The contents of the readable lines."""

    records: list[Record] = field(default_factory=list)
    disarmings: dict[int, Disarming] = field(default_factory=dict)
    """By the number of the file; the first of several counts, which has the head as pip wrote it."""
    folders: dict[str, FolderRights] = field(default_factory=dict)
    """Rights of removed directories, if they differ from those of the one above; by path."""
    warnings: list[Warned] = field(default_factory=list)


def line_of_action(action: Action, numbers: Iterable[int]) -> bytes:
    """Return the line of an entry that is about to be moved."""
    entry = action.entry
    value: dict[str, Any] = {
        "id": entry.id,
        "area": entry.area.value,
        "shape": entry.shape.value,
        "kind": entry.kind.value,
        "reasons": action.reasons,
        "tags": entry.tags,
        "url_source": None if entry.url_source is None else entry.url_source.value,
        "fresh_until_s": entry.fresh_until_s,
        **{name: getattr(entry, name) for name in _TEXTS},
        "files": [
            [number, file.path, *(getattr(file, name) for name in _STAMP)]
            for number, file in zip(numbers, action.files, strict=True)
        ],
        "folders": [[folder.path, folder.mtime_ns, folder.inode, folder.device] for folder in entry.folders],
    }
    return _line_of(value)


def line_of_disarming(number: int, disarming: Disarming) -> bytes:
    """Return the line of a head that is about to be overwritten."""
    before, after = (b64encode(content).decode() for content in (disarming.before, disarming.after))
    return _line_of({"disarmed": number, "offset": disarming.offset, "before": before, "after": after})


def line_of_folder(path: str, rights: FolderRights) -> bytes:
    """Return the line of a directory that is about to be removed."""
    attributes = {name: b64encode(value).decode() for name, value in rights.attributes}
    own = {"mode": rights.mode, "uid": rights.uid, "gid": rights.gid, "attributes": attributes}
    return _line_of({"folder": path, **own})


def _line_of(value: object) -> bytes:
    """Return a value as a line of JSON."""
    return json.dumps(value).encode() + b"\n"


def read_manifest(file: BinaryIO) -> Manifest:
    """Read the lines; one that cannot be read becomes a warning, and the rest counts.

    A last line without its end was not finished when a run was interrupted, so that its action has not begun.

    Raises:
        OSError: It cannot be read.
    """
    found = Manifest()
    for number, line in enumerate(_lines(file), 1):
        try:
            _take(found, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # A line that was changed may hold anything; each of these errors means that.
            found.warnings.append(Warned(path="manifest", message=f"line {number} cannot be read"))
    return found


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_MAX_LINE):
        if line.endswith(b"\n"):
            yield line
        elif len(line) == _MAX_LINE:
            yield b""  # which is not JSON


def _take(found: Manifest, value: Any) -> None:  # noqa: ANN401 - the value of a JSON line
    if "format" in value:
        _demand(value["format"] == _FORMAT)
    elif "disarmed" in value:
        before, after = b64decode(value["before"]), b64decode(value["after"])
        _demand(len(before) == len(after))
        disarming = Disarming(offset=_number_of(value["offset"]), before=before, after=after)
        found.disarmings.setdefault(_number_of(value["disarmed"]), disarming)
    elif "folder" in value:
        attributes = value["attributes"].items()
        rights = FolderRights(
            mode=_number_of(value["mode"]),
            uid=_number_of(value["uid"]),
            gid=_number_of(value["gid"]),
            attributes=tuple((_path_of(name), b64decode(content)) for name, content in attributes),
        )
        _demand(max(rights[1:3]) <= _MAX_ID and rights.mode <= _MAX_MODE)
        found.folders[_path_of(value["folder"])] = rights
    else:
        found.records.append(_record_of(value))


def _record_of(value: Any) -> Record:  # noqa: ANN401 - as above
    """Return the record in the line of an entry.

    Raises:
        KeyError: A field is missing; `TypeError` and `ValueError` also mean that it is not such a line.
    """
    files = [(_number_of(number), _file(path, stamp)) for number, path, *stamp in value["files"]]
    texts: dict[str, Any] = {name: None if value[name] is None else _text_of(value[name]) for name in _TEXTS}
    entry = Entry(
        id=_path_of(value["id"]),
        area=Area(value["area"]),
        shape=Shape(value["shape"]),
        kind=Kind(value["kind"]),
        files=tuple(file for _, file in files),
        folders=tuple(
            Folder(
                path=_path_of(path), mtime_ns=_number_of(mtime_ns), inode=_number_of(inode), device=_number_of(device)
            )
            for path, mtime_ns, inode, device in value["folders"]
        ),
        tags=tuple(map(_text_of, value["tags"])),
        url_source=None if value["url_source"] is None else UrlSource(value["url_source"]),
        fresh_until_s=None if value["fresh_until_s"] is None else _integer_of(value["fresh_until_s"]),
        url_shown=texts["url"],
        status=None,  # of a redirect, which `undo` reports as any other entry
        **texts,
    )
    action = Action(entry=entry, reasons=tuple(map(_text_of, value["reasons"])), files=entry.files)
    numbers = tuple(number for number, _ in files)
    _demand(len(set(numbers)) == len(numbers) and all(number <= _MAX_NUMBER for number in numbers))
    return Record(action=action, numbers=numbers)


def _file(path: object, stamp: list[object]) -> File:
    numbers = {name: _integer_of(value) for name, value in zip(_STAMP, stamp, strict=True)}
    return File(path=_path_of(path), **numbers)


def _demand(is_met: bool, /) -> None:  # noqa: FBT001 - one word, one thing
    """Raise `ValueError` if a condition is false."""
    if not is_met:
        raise ValueError


def _integer_of(value: object) -> int:
    """Return an integer; raises `ValueError` for another type."""
    _demand(type(value) is int)  # not True, which is an int too
    return value  # type: ignore[return-value] # as tested above


def _number_of(value: object) -> int:
    """Return an integer that is not negative; raises `ValueError` otherwise."""
    number = _integer_of(value)
    _demand(number >= 0)
    return number


def _text_of(value: object) -> str:
    """Return a text; raises `TypeError` for another type."""
    if not isinstance(value, str):
        raise TypeError
    return value


def _path_of(value: object) -> str:
    """Return a text that is a valid file name; raises `TypeError` or `ValueError` otherwise."""
    text = _text_of(value)
    os.fsencode(text)  # a lone surrogate is not a valid name
    return text
