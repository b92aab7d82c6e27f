"""Whatever file system a cache lies on: what the page of file systems says of it is so.

By default those that need no image are tried; all of them in a drill.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Kind, Measure, Report, State
from tests.deletion.systems import SYSTEMS, made
from tests.support.builders import Cache, page_headers
from tests.support.drill import IS_DRILL

URL = "https://files.example/demo"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "file-systems.md"
COLUMNS = ("last use", "purge, exclusive", "purge, shared", "bytes freed", "trash")
FAST = ("tmpfs", "bindfs", "overlay, cache in the lower layer")
MEASURES = {Measure.EXACT: "exact", Measure.AT_LEAST: "at least", Measure.UP_TO: "up to"}


def fill(folder: Path) -> None:
    """Make a cache that has of everything that goes in a way of its own."""
    cache = Cache(folder / "cache")
    for number in range(3):
        cache.http_v2(f"{URL}/{number}", b"x" * 9000, headers=page_headers(b"x"))
    cache.http(URL, b"y" * 5000, headers=page_headers(b"y"))
    cache.built_wheel("demo")
    cache.selfcheck("/nonexistent")


@pytest.fixture(params=SYSTEMS if IS_DRILL else FAST)
def system(request: pytest.FixtureRequest) -> str:
    """Return the name of a file system."""
    return str(request.param)


@contextmanager
def on(name: str, folder: Path) -> Iterator[Path]:
    """Yield a cache on such a file system."""
    with made(name, folder, fill) as there:
        yield there / "cache"


def told(name: str) -> dict[str, str]:
    """Return what the page says of a file system, by column."""
    head, _, *rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = {row[0]: row[1:] for row in (re.split(r" *\| *", line.strip("| ")) for line in rows)}
    return dict(zip(re.split(r" *\| *", head.strip("| "))[1:], cells[name], strict=True))


def seen(cache: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return content, rights and time of writing of each file, without a trace."""
    found = {}
    for path in cache.rglob("*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            with open(os.open(path, os.O_RDONLY | os.O_NOATIME), "rb") as file:
                content = file.read()
            found[str(path.relative_to(cache))] = (content, stat.S_IMODE(status.st_mode), status.st_mtime_ns)
    return found


def access_times(cache: Path) -> dict[Path, int]:
    return {path: path.lstat().st_atime_ns for path in cache.rglob("*") if path.is_file()}


def in_words(report: Report) -> str:
    """Return what went, in the words of the page; and look whether that is so."""
    stayed = [outcome for outcome in report.outcomes if outcome.state is not State.REMOVED]
    kinds = {outcome.action.entry.kind for outcome in stayed}
    if not stayed:
        return "all removed"
    if len(stayed) == len(report.outcomes):
        return "nothing removed"
    assert {outcome.state for outcome in stayed} == {State.BUSY}
    names = {Kind.BUILT_WHEEL: "built wheels"}
    return "all but " + " and ".join(sorted({names.get(kind, "responses") for kind in kinds}, reverse=True))


def what_last_use_is_told_by(cache: Path) -> str:
    """Look what reading does to access times."""
    before = access_times(cache)
    opened = PipCache(cache)
    opened.verify()
    has_moved = access_times(cache) != before
    if opened.last_use == "atime":
        assert not has_moved
        return "access times"
    return "times of writing: reading would change access times" if opened.dir.ignores_noatime else "times of writing"


def what_goes(cache: Path, *, exclusive: bool) -> tuple[str, str]:
    """Purge it; return what went, and how the bytes are to be read."""
    before = seen(cache)
    opened = PipCache(cache)
    report = opened.apply(opened.plan_purge(), exclusive=exclusive, wait_s=0.05)
    after = seen(cache)
    gone = {file.path for outcome in report.outcomes for file in outcome.removed}
    assert gone == before.keys() - after.keys()
    assert not {path for path in after if path.endswith(".body")} - {f"{path}.body" for path in after}
    for outcome in report.outcomes:
        own = {file.path for file in outcome.action.files}
        assert (outcome.state is State.REMOVED) is not bool(own & after.keys())
        assert outcome.error or outcome.state is State.REMOVED
    return in_words(report), MEASURES[report.measure]


def what_the_trash_does(cache: Path) -> str:
    """Move all to the trash, and bring it back."""
    before = seen(cache)
    opened = PipCache(cache)
    try:
        away = opened.apply(opened.plan_purge(), exclusive=True, trash=True)
    except BadRequestError as error:
        assert seen(cache) == before
        with pytest.raises(BadRequestError, match=re.escape(str(error))):
            opened.apply(opened.plan_purge(), exclusive=True, trash=True, dry_run=True)
        assert [path.name for path in cache.parent.iterdir() if path.name.startswith(".pipcache")] == []
        return "refused: " + ("cannot be kept private" if "private" in error.problem else "nothing can be written")
    assert {outcome.state for outcome in away.outcomes} == {State.TRASHED}
    assert seen(cache) == {}
    back = opened.undo()
    assert {outcome.state for outcome in back.outcomes} == {State.RESTORED}
    assert seen(cache) == before
    return "all restored"


def test_a_file_system_is_as_its_page_says(tmp_path: Path, system: str) -> None:
    with on(system, tmp_path / "use") as cache:
        last_use = what_last_use_is_told_by(cache)
    with on(system, tmp_path / "exclusive") as cache:
        exclusive, measure = what_goes(cache, exclusive=True)
    with on(system, tmp_path / "shared") as cache:
        shared, _ = what_goes(cache, exclusive=False)
    with on(system, tmp_path / "trash") as cache:
        trash = what_the_trash_does(cache)
    assert dict(zip(COLUMNS, (last_use, exclusive, shared, measure, trash), strict=True)) == told(system)


def test_the_page_has_a_row_for_each_that_is_tried() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][2:]
    assert [row.split("|")[1].strip() for row in rows] == list(SYSTEMS)


def test_an_entry_of_a_lower_layer_is_named_as_such_and_nothing_of_it_is_copied_up(tmp_path: Path) -> None:
    with on("overlay, cache in the lower layer", tmp_path / "it") as cache:
        Cache(cache).http_v2(URL + "/above", b"z" * 9000, headers=page_headers(b"z"))
        upper = tmp_path / "it" / "upper"

        sizes: list[int] = []

        def look(_done: int, _total: int | None) -> None:
            sizes.append(sum(path.lstat().st_size for path in upper.rglob("*") if path.is_file()))

        look(0, None)
        opened = PipCache(cache)
        for dry_run in (True, False):
            report = opened.apply(opened.plan_purge(), dry_run=dry_run, exclusive=False, wait_s=0.05, progress=look)
            assert sum(not outcome.is_lower for outcome in report.outcomes) == 1
            assert {outcome.disk_size for outcome in report.outcomes if outcome.is_lower} == {0}
            assert sum(outcome.disk_size for outcome in report.outcomes) > 9000
        assert max(sizes) == sizes[0]
        assert sizes[-1] == 0
