"""A trash that somebody made up brings back nothing but names of pip's, in the cache."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.system import System
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import (
    State,
)
from tests.apply.doing import a_system, left, only
from tests.apply.trashes import runs, trashed, undone
from tests.support.builders import Cache, tree

URL = "https://files.example/demo"
MACHINES = pytest.mark.parametrize("machine", [a_system, partial(a_system, has_descriptors=False, max_handles=0)])


def planted(cache: Cache, change: Callable[[dict[str, Any]], None], *, lines: bytes = b"") -> Path:
    """Move an entry to the trash, and change what the manifest says of it."""
    cache.http_v2(URL, b"x")
    trashed(cache)
    (run,) = runs(cache)
    head, *rest = (run / "manifest").read_bytes().splitlines(keepends=True)
    value = json.loads(rest[0])
    change(value)
    (run / "manifest").write_bytes(head + json.dumps(value).encode() + b"\n" + lines)
    return run


EVIL = [
    "../outside/x",
    "/etc/pipcacheplus-evil",
    "http-v2/../../outside/x",
    "notes.txt",
    "wheels/18/ac/23/" + "5" * 50 + "/tmpab12cd_9/../../../../../../outside/x",
    "http-v2/0/1/2/4/8/01248" + "a" * 51 + "\0",
    "",
    ".",
]


@MACHINES
@pytest.mark.parametrize("path", EVIL)
def test_a_manifest_that_names_what_is_not_pips_brings_nothing(
    cache: Cache,
    tmp_path: Path,
    path: str,
    machine: Callable[..., System],
) -> None:
    (tmp_path / "outside").mkdir()

    def change(value: dict[str, Any]) -> None:
        value["id"] = path
        for file in value["files"]:
            file[1] = path

    planted(cache, change)
    before = tree(tmp_path)
    for is_planned in (True, False):
        report = undone(cache, system=machine(), is_planned=is_planned)
        assert (only(report).state, only(report).error) == (State.FAILED, "has a name that no pip writes")
        assert only(report).action == report.plan.actions[0]
    assert tree(tmp_path) == before


@pytest.mark.parametrize("path", EVIL)
def test_a_manifest_that_names_such_a_directory_makes_none(cache: Cache, tmp_path: Path, path: str) -> None:
    def change(value: dict[str, Any]) -> None:
        value["files"] = []
        value["id"] = path
        value["folders"] = [[path, 0, 0, 0]]

    planted(cache, change)
    before = tree(tmp_path)
    report = undone(cache)
    assert report.outcomes == ()
    assert report.warnings
    assert tree(tmp_path) == before


LINES = [
    b"\n",
    b"{}\n",
    b"[]\n",
    b"7\n",
    b'"format"\n',
    b'{"format": 2}\n',
    b"\xff\xff\n",
    b'{"disarmed": -1, "offset": 0, "before": "", "after": ""}\n',
    b'{"disarmed": 0, "offset": 0, "before": "YQ==", "after": ""}\n',
    b'{"disarmed": true, "offset": 0, "before": "", "after": ""}\n',
    b"[" * 100_000 + b"\n",
]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_a_line_that_cannot_be_read_is_told_and_the_rest_comes(cache: Cache, line: bytes) -> None:
    planted(cache, lambda _value: None, lines=line)
    report = undone(cache)
    assert [warning.message for warning in report.warnings] == ["line 3 cannot be read"]
    assert only(report).state is State.RESTORED
    assert len(left(cache)) == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("area", "http-v9"),
        ("files", [[0, "x"]]),
        ("files", [[0, "\ud800", 1, 1, 1, 1, 1, 1, 1, 1]]),
        ("files", [[10**10, "x", 1, 1, 1, 1, 1, 1, 1, 1]]),
        ("files", [[0, "x", 1, 1, 1, 1, 1, 1, 1, 1]] * 2),
        ("files", [["../x", "x", 1, 1, 1, 1, 1, 1, 1, 1]]),
        ("tags", [1]),
        ("project", 1),
        ("folders", [["x"]]),
        ("url_source", "guess"),
        ("fresh_until_s", "x"),
    ],
)
def test_an_entry_that_cannot_be_read_stays_in_the_trash_and_is_told(cache: Cache, key: str, value: object) -> None:
    run = planted(cache, lambda line: line.update({key: value}))
    report = undone(cache)
    assert [warning.message for warning in report.warnings] == [
        "line 2 cannot be read",
        "holds files that are not in the manifest",
    ]
    assert (report.outcomes, sorted(path.name for path in run.iterdir())) == ((), ["0", "1", "manifest"])
    assert left(cache) == {"http-v2/"}


def test_a_link_or_a_directory_in_place_of_a_file_is_not_brought_back(cache: Cache, tmp_path: Path) -> None:
    run = planted(cache, lambda _value: None)
    (tmp_path / "outside").write_bytes(b"mine")
    (run / "0").unlink()
    (run / "0").symlink_to(tmp_path / "outside")
    (run / "1").unlink()
    (run / "1").mkdir()
    assert undone(cache).outcomes == ()
    assert (tmp_path / "outside").read_bytes() == b"mine"
    assert left(cache) == {"http-v2/"}


@MACHINES
def test_a_link_in_place_of_the_manifest_is_refused(
    cache: Cache, tmp_path: Path, machine: Callable[..., System]
) -> None:
    run = planted(cache, lambda _value: None)
    (run / "manifest").rename(tmp_path / "outside")
    (run / "manifest").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="symbolic links"):
        undone(cache, system=machine())
    (run / "manifest").unlink()
    os.mkfifo(run / "manifest")
    with pytest.raises(BadRequestError, match="not a regular file"):
        undone(cache, system=machine())
    assert left(cache) == {"http-v2/"}


@MACHINES
def test_a_link_in_place_of_a_directory_of_the_cache_leads_nowhere(
    cache: Cache,
    tmp_path: Path,
    machine: Callable[..., System],
) -> None:
    head = cache.http_v2(URL, b"x")
    trashed(cache)
    (tmp_path / "outside").mkdir()
    cache.real("http-v2").rmdir()
    cache.real("http-v2").symlink_to(tmp_path / "outside")
    report = undone(cache, system=machine())
    assert (only(report).state, only(report).error) == (State.CHANGED, "its place is taken by another file")
    assert list((tmp_path / "outside").iterdir()) == []
    assert head


def test_a_run_without_a_manifest_is_told(cache: Cache) -> None:
    run = planted(cache, lambda _value: None)
    (run / "manifest").unlink()
    report = undone(cache)
    assert [warning.message for warning in report.warnings] == ["holds files that are not in the manifest"]
    assert sorted(path.name for path in run.iterdir()) == ["0", "1"]
    assert left(cache) == {"http-v2/"}
