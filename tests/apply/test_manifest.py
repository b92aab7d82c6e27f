"""What is written down of the trash is read again, and whatever is read raises nothing."""

import io
import json
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.apply.trash.folder_rights import FolderRights
from pipcacheplus.apply.trash.manifest import (
    FORMAT_LINE,
    Disarming,
    line_of_action,
    line_of_disarming,
    line_of_folder,
    read_manifest,
)
from pipcacheplus.model.values import Action, Area, Entry, File, Folder, Kind, Shape, UrlSource
from tests.support.values import an_action, an_entry

NUMBERS = st.integers(0, 2**70)
PATHS = st.binary(min_size=1, max_size=30).map(os.fsdecode)
TEXTS = st.none() | st.text(max_size=20)
FILES = st.builds(
    File,
    path=PATHS,
    **dict.fromkeys(("size", "disk_size", "mtime_ns", "atime_ns", "ctime_ns", "inode", "device", "links"), NUMBERS),
)
ENTRIES = st.builds(
    Entry,
    id=PATHS,
    area=st.sampled_from(Area),
    shape=st.sampled_from(Shape),
    kind=st.sampled_from(Kind),
    files=st.lists(FILES, max_size=3).map(tuple),
    folders=st.lists(st.builds(Folder, path=PATHS, mtime_ns=NUMBERS, inode=NUMBERS, device=NUMBERS), max_size=2).map(
        tuple
    ),
    project=TEXTS,
    version=TEXTS,
    filename=TEXTS,
    url=TEXTS,
    url_source=st.none() | st.sampled_from(UrlSource),
    tags=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    interpreter=TEXTS,
    fresh_until_s=st.none() | st.integers(-(2**40), 2**40),
).map(lambda entry: replace(entry, url_shown=entry.url))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)
KEYS = ("format", "disarmed", "offset", "before", "after", "id", "area", "files", "folders", "tags", "reasons")
RIGHTS = ("folder", "mode", "uid", "gid", "attributes")


@given(content=st.binary(max_size=2000))
def test_reading_a_manifest_never_raises(content: bytes) -> None:
    read_manifest(io.BytesIO(content))


@given(st.dictionaries(st.sampled_from((*KEYS, *RIGHTS)), JSON) | JSON)
def test_a_line_of_any_json_raises_nothing(value: object) -> None:
    read_manifest(io.BytesIO(json.dumps(value).encode() + b"\n"))


@given(PATHS, st.integers(0, 0o7777), st.dictionaries(st.text(max_size=9), st.binary(max_size=9), max_size=2))
def test_rights_that_are_written_down_are_read_again(path: str, mode: int, attributes: dict[str, bytes]) -> None:
    rights = FolderRights(mode=mode, uid=2**32 - 2, gid=0, attributes=tuple(sorted(attributes.items())))
    found = read_manifest(io.BytesIO(FORMAT_LINE + line_of_folder(path, rights)))
    assert (found.folders, found.warnings) == ({path: rights}, [])


@pytest.mark.parametrize(
    ("key", "value"),
    [("mode", 0o10000), ("mode", -1), ("uid", 2**32 - 1), ("gid", "0"), ("attributes", []), ("folder", 1)],
)
def test_rights_that_are_none_are_told(key: str, value: object) -> None:
    line = json.loads(line_of_folder("http-v2/0", FolderRights(mode=0o700, uid=0, gid=0)))
    found = read_manifest(io.BytesIO(FORMAT_LINE + json.dumps(line | {key: value}).encode() + b"\n"))
    assert (found.folders, [warning.message for warning in found.warnings]) == ({}, ["line 2 cannot be read"])


@given(ENTRIES, st.lists(st.text(max_size=9), max_size=2).map(tuple), st.integers(0, 10**6), st.binary(max_size=40))
def test_what_is_written_down_is_read_again(entry: Entry, reasons: tuple[str, ...], first: int, head: bytes) -> None:
    action = Action(entry=entry, reasons=reasons, files=entry.files)
    numbers = tuple(range(first, first + len(entry.files)))
    disarming = Disarming(offset=first, before=head, after=b"~" * len(head))
    lines = FORMAT_LINE + line_of_action(action, numbers) + line_of_disarming(first, disarming)
    found = read_manifest(io.BytesIO(lines + lines[:-1]))  # the last line was not finished
    assert [(record.action, record.numbers) for record in found.records] == [(action, numbers)] * 2
    assert (found.disarmings, found.warnings) == ({first: disarming}, [])


@pytest.mark.parametrize("count", [7, 9])
def test_a_file_with_too_few_or_too_many_numbers_is_told(count: int) -> None:
    action = an_action(an_entry("http-v2/0/1/2/4/8/x"))
    line = json.loads(line_of_action(action, [0]))
    (file,) = line["files"]
    assert len(file) == 2 + 8
    line["files"] = [[*file[:2], *[1] * count]]
    found = read_manifest(io.BytesIO(FORMAT_LINE + json.dumps(line).encode() + b"\n"))
    assert (found.records, [warning.message for warning in found.warnings]) == ([], ["line 2 cannot be read"])


def test_a_line_that_is_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipcacheplus.apply.trash.manifest._MAX_LINE", 20)
    found = read_manifest(io.BytesIO(FORMAT_LINE + b"x" * 20 + b"\n"))
    assert [warning.message for warning in found.warnings] == ["line 2 cannot be read", "line 3 cannot be read"]
