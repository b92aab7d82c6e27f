"""Values of the model, as short as a test wants them."""

from typing import Any

from pipcacheplus.model.values import (
    Action,
    Area,
    CacheDir,
    Entry,
    File,
    Finding,
    Group,
    Kind,
    Outcome,
    Remedy,
    Severity,
    Shape,
    Source,
    State,
)
from pipcacheplus.render.summary import summarize_entries
from pipcacheplus.render.view import View

__all__ = ["NUMPY", "PAGE", "SIX", "a_file", "a_finding", "a_view", "an_action", "an_entry", "an_outcome"]

_DAY_NS = 86_400 * 10**9
_WRITTEN_NS = 1_795_219_200 * 10**9
"""2026-11-21T00:00:00Z."""


def a_file(path: str, size: int = 1000, **more: Any) -> File:  # noqa: ANN401 - any field
    """Make a file that was written on 2026-11-21 and read a day later."""
    given = {"mtime_ns": _WRITTEN_NS, "atime_ns": _WRITTEN_NS + _DAY_NS, "disk_size": 4096, **more}
    return File(path=path, size=size, ctime_ns=0, inode=1, device=1, links=1, **given)


def an_entry(*files: File | str, area: Area = Area.HTTP_V2, shape: Shape = Shape.PAIR, **more: Any) -> Entry:  # noqa: ANN401 - any field
    """Make an entry; its id is the path of the first file."""
    stamped = tuple(a_file(file) if isinstance(file, str) else file for file in files)
    given = {"id": stamped[0].path if stamped else "", "kind": Kind.WHEEL, "url_shown": more.get("url"), **more}
    return Entry(area=area, shape=shape, files=stamped, **given)


def a_finding(entry: Entry, **more: Any) -> Finding:  # noqa: ANN401 - any field
    """Make a finding: the content is not what was published."""
    given: dict[str, Any] = {
        "check": "body-digest-mismatch",
        "group": Group.CORRUPT,
        "severity": Severity.ERROR,
        "message": "content is not what the index published",
        "remedy": Remedy.REMOVE_IF_ASKED,
        "paths": entry.paths,
    }
    return Finding(entry=entry, **(given | more))


def an_action(entry: Entry, *reasons: str) -> Action:
    """Make the intention to remove a whole entry."""
    return Action(entry=entry, reasons=reasons or ("requested",), files=entry.files)


def an_outcome(entry: Entry, state: State = State.REMOVED, *reasons: str, **more: Any) -> Outcome:  # noqa: ANN401 - any field
    """Make an outcome; all files went, if the state says that any did."""
    removed = entry.files if state in {State.REMOVED, State.PLANNED} else ()
    given = {"removed": removed, "disk_size": sum(file.disk_size for file in removed), **more}
    return Outcome(action=an_action(entry, *reasons), state=state, **given)


def a_view(command: str, **more: Any) -> View:  # noqa: ANN401 - any field
    """Make a view of a cache at `/cache`."""
    if command == "list":
        more = {"summary": summarize_entries(more.get("entries", ())), **more}
    given = {"cache": CacheDir(path="/cache", source=Source.DEFAULT), "last_use": "atime", "version": "1.2", **more}
    return View(command=command, **given)


NUMPY = an_entry(
    a_file("http-v2/a/b/c/d/e/abcde", 2_000),
    a_file("http-v2/a/b/c/d/e/abcde.body", 16_400_000),
    project="numpy",
    version="2.1.0",
    filename="numpy-2.1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    tags=("cp312-cp312-manylinux2014_x86_64", "cp312-cp312-manylinux_2_17_x86_64"),
)
SIX = an_entry(
    a_file("wheels/ab/cd/ef/0/six-1.16.0-py2.py3-none-any.whl", 11_053),
    a_file("wheels/ab/cd/ef/0/origin.json", 150),
    area=Area.WHEELS,
    shape=Shape.BUILT_WHEEL,
    kind=Kind.BUILT_WHEEL,
    project="six",
    version="1.16.0",
    filename="six-1.16.0-py2.py3-none-any.whl",
    tags=("py2-none-any", "py3-none-any"),
    interpreter="cp311",
)
PAGE = an_entry("http-v2/0/1/2/3/4/01234", "http-v2/0/1/2/3/4/01234.body", kind=Kind.INDEX_PAGE, project="numpy")
