"""Commands as on Windows and macOS, in whole processes: `elsewhere` lacks and refuses what these systems do."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import artefacts
from tests.support.builders import Cache, file_headers, page_headers, tree
from tests.support.holding import opened
from tests.support.processes import PIPCACHEPLUS, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks for open files as Linux lists them")

SYSTEMS = pytest.mark.parametrize("system", ["windows", "windows,folds", "macos", "macos,folds"])
WINDOWS = pytest.mark.parametrize("system", ["windows", "windows,folds"])
URL = "https://files.example"
BODY = b"<html></html>"


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with an entry of each shape, a damaged one, and a file that no pip wrote."""
    wheel = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2(f"{URL}/demo-1.0-py3-none-any.whl", wheel, headers=file_headers(wheel))
    cache.http_v2(f"{URL}/torn-1.0-py3-none-any.whl", wheel[:-30], headers=file_headers(wheel))
    cache.http_v2(f"{URL}/page", BODY, headers=page_headers(BODY))
    cache.http_v2(f"{URL}/half", b"x", has_head=False)
    cache.http(f"{URL}/old", BODY, headers=page_headers(BODY))
    cache.built_wheel("built")
    cache.selfcheck("/nonexistent")
    cache.directory("http-v2/0/1/2")
    cache.foreign()
    return cache


def document(cache: Path, *words: str, system: str | None = None, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Run a command, here or as on another system, and return its JSON; each system has a state of its own."""
    program = PIPCACHEPLUS if system is None else (sys.executable, "-m", "tests.support.elsewhere", system)
    environment = {**os.environ, "XDG_STATE_HOME": str(cache.parent / f"state-{system}")}
    here = Path(__file__).parents[2]
    done = run((*program, *words, "--cache-dir", str(cache), "--format", "json"), env=environment, cwd=here)
    assert done.returncode in codes, (done.returncode, done.stderr)
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def files(cache: Path) -> dict[str, bytes | str]:
    """Return all but empty directories."""
    return {path: seen for path, seen in tree(cache).items() if not path.endswith("/")}


@contextmanager
def open_elsewhere(path: Path) -> Iterator[None]:
    """Let another process, which is this one, have a file open."""
    with opened(path):
        yield


@SYSTEMS
@pytest.mark.parametrize("command", ["list", "verify"])
def test_what_is_read_is_the_same_as_here(full: Cache, system: str, command: str) -> None:
    before = tree(full.path)
    here = document(full.path, command, codes=(0, 3))
    there = document(full.path, command, system=system, codes=(0, 3))
    assert here["entries"] or here["findings"]
    for entry in (*here["entries"], *there["entries"]):
        entry.pop("used")  # the first run has moved it where reading does
    assert (here["entries"], here["findings"]) == (there["entries"], there["findings"])
    assert tree(full.path) == before


@SYSTEMS
def test_the_last_use_is_that_before_the_first_reading_and_it_is_reported_that_reading_changes_it(
    full: Cache, system: str
) -> None:
    here = {entry["id"]: entry["used"] for entry in document(full.path, "list")["entries"]}
    there = document(full.path, "list", system=system)
    assert {entry["id"]: entry["used"] for entry in there["entries"]} == here
    assert [warning for warning in there["warnings"] if "access times" in warning] == [
        "reading changes access times here, so that files seem to have been used just now"
    ]


@SYSTEMS
def test_all_that_pip_wrote_goes_and_no_file_is_open_that_goes(full: Cache, system: str) -> None:
    done = document(full.path, "purge", "--yes", "--exclusive", system=system)
    assert {action["outcome"] for action in done["actions"]} == {"removed"}
    assert set(tree(full.path)) == {"notes.txt", "http/", "http-v2/", "selfcheck/", "wheels/"}


@SYSTEMS
def test_what_was_moved_to_the_trash_comes_back_byte_for_byte(full: Cache, system: str) -> None:
    before = files(full.path)
    done = document(full.path, "purge", "--yes", "--exclusive", "--trash", system=system)
    assert {action["outcome"] for action in done["actions"]} == {"trashed"}
    assert set(files(full.path)) == {"notes.txt"}
    document(full.path, "undo", system=system)
    assert files(full.path) == before


@WINDOWS
@pytest.mark.parametrize("more", [(), ("--trash",)], ids=["removed", "to the trash"])
def test_what_another_process_has_open_stays_whole_and_goes_with_the_next_run(
    full: Cache, system: str, more: tuple[str, ...]
) -> None:
    (wheel,) = [e for e in document(full.path, "list", "demo")["entries"] if e["kind"] == "wheel"]
    purge = ("purge", "--yes", "--exclusive", *more)
    with open_elsewhere(full.path / wheel["paths"][-1]):
        done = document(full.path, *purge, system=system, codes=(4,))
    outcomes = {action["id"]: action["outcome"] for action in done["actions"]}
    assert outcomes.pop(wheel["id"]) == "busy"
    assert set(outcomes.values()) == {"trashed" if more else "removed"}
    assert set(files(full.path)) == {"notes.txt", *wheel["paths"]}
    assert document(full.path, "verify", system=system)["findings"] == []
    document(full.path, *purge, system=system)
    assert set(files(full.path)) == {"notes.txt"}


def test_here_an_open_file_goes(full: Cache) -> None:
    (wheel,) = [e for e in document(full.path, "list", "demo")["entries"] if e["kind"] == "wheel"]
    with open_elsewhere(full.path / wheel["paths"][-1]):
        document(full.path, "purge", "--yes", "--exclusive")
    assert set(files(full.path)) == {"notes.txt"}


def two_names(cache: Cache, folder: Path) -> dict[str, bytes]:
    """Store two built wheels whose names differ in case alone, and return their content by name."""
    contents = {}
    for name in ("Demo", "demo"):
        (folder / name).mkdir()
        content = artefacts.wheel(folder / name, "demo", "1.0", requires=[f"needed-by-{name}"]).read_bytes()
        path = cache.real(cache.built_wheel("demo", url=f"{URL}/{name}.tar.gz", content=content))
        named = path.rename(path.with_name(f"{name}-1.0-py3-none-any.whl"))
        contents[named.name] = content
    return contents


@pytest.mark.parametrize("system", ["windows", "macos"])
def test_where_case_counts_both_names_are_exported(cache: Cache, tmp_path: Path, system: str) -> None:
    contents = two_names(cache, tmp_path)
    out = tmp_path / "out"
    document(cache.path, "export", "demo", "--to", str(out), system=system)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == contents


@pytest.mark.parametrize("system", ["windows,folds", "macos,folds"])
def test_where_case_does_not_count_the_second_export_overwrites_nothing_and_is_reported(
    cache: Cache, tmp_path: Path, system: str
) -> None:
    contents = two_names(cache, tmp_path)
    out = tmp_path / "out"
    done = document(cache.path, "export", "demo", "--to", str(out), system=system, codes=(4,))
    assert sorted(one["state"] for one in done["summary"]["exports"]) == ["exported", "occupied"]
    (path,) = out.iterdir()
    assert path.read_bytes() == contents[path.name]


@pytest.mark.parametrize("system", ["windows,folds", "macos,folds"])
def test_where_case_does_not_count_a_cache_is_found_by_any_case(full: Cache, system: str) -> None:
    other = full.path.with_name("CACHE")
    entries = document(other, "list", system=system)["entries"]
    assert [entry["id"] for entry in entries] == [entry["id"] for entry in document(full.path, "list")["entries"]]
    document(other, "purge", "--yes", "--exclusive", system=system)
    assert set(files(full.path)) == {"notes.txt"}


LOOKS = {
    "a descriptor of a directory": ("windows", "os.stat('held', dir_fd=3)", "NotImplementedError"),
    "the listing of a descriptor": ("windows", "os.scandir(3)", "NotImplementedError"),
    "an open directory": ("windows", "os.open('.', os.O_RDONLY)", "PermissionError"),
    "a removal of an open file": ("windows", "os.unlink(os.path.abspath('held'))", "InUseError"),
    "a name for an open file": ("windows", "os.rename(os.path.abspath('held'), 'other')", "InUseError"),
    "a flag for access times": ("macos", "os.O_NOATIME", "AttributeError"),
    "a directory by its path alone": ("windows", "os.O_DIRECTORY", "AttributeError"),
    "a removal on macOS": ("macos", "os.unlink(os.path.abspath('held'))", "None"),
    "a name in another case": ("windows,folds", "open(os.path.abspath('HELD')).close()", "None"),
    "a name in another case, where it counts": ("windows", "open(os.path.abspath('HELD'))", "FileNotFoundError"),
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_is_as_elsewhere(tmp_path: Path, look: str) -> None:
    system, call, raised = LOOKS[look]
    code = f"""
import os, sys
from tests.support.elsewhere import as_on
as_on(*{system.split(",")!r})
os.chdir(sys.argv[1])
held = open(os.path.abspath("held"))
try:
    {call}
    print(None)
except Exception as error:
    print(type(error).__name__)
"""
    (tmp_path / "held").write_text("x", encoding="utf-8")
    here = Path(__file__).parents[2]
    assert run((sys.executable, "-c", code, str(tmp_path)), cwd=here, is_checked=True).stdout == f"{raised}\n"
