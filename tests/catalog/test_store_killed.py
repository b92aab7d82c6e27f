"""A run that is killed at any moment leaves a catalog that is whole, or one that is begun anew."""

import sys
from pathlib import Path

import pytest

from tests.support.drill import IS_DRILL
from tests.support.processes import run

pytestmark = pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="takes processes of POSIX")

# In one process, which forks: to start an interpreter for each of hundreds of kills takes minutes.
_DRIVER = """
import os, shutil, signal, sys
from pathlib import Path
from pipcacheplus.catalog import files, housekeeping, store as module
from pipcacheplus.host import state as state_module
from tests.support.stores import *

top, before, kind, every = Path(sys.argv[1]), *sys.argv[2:4], int(sys.argv[4])
OURS = {m.__file__ for m in (files, housekeeping, module, state_module)}

def make_before(folder):
    if before != "nothing":
        path = filled(folder, "old")
    if before == "damaged":
        path.write_bytes(b"no database " * 1000)
    if before == "older":
        with database(path) as connection:
            connection.execute("PRAGMA user_version = 1")
    if before == "of a former version":
        (folder / "ledgers").mkdir()
        (folder / "ledgers" / ("0" * 64 + ".sqlite3")).touch()
        (folder / "catalogs" / "kept-house").unlink()

def die_at(point):
    seen = 0
    def look(*_):
        nonlocal seen
        seen += 1
        if seen == point:
            os.kill(os.getpid(), signal.SIGKILL)
    def trace(frame, event, _):
        if frame.f_code.co_filename in OURS:
            if event == "line":
                look()
            return trace
    if kind == "line":
        sys.settrace(trace)
    with module.open_store(CACHE, SCHEMA, folder=str(state)) as store:
        store.connection.execute("PRAGMA cache_size = 1")
        if kind == "step":
            store.connection.set_progress_handler(look, 1)
        add(store, *map(str, range(30)))
        add(store, "last")

point = kills = 0
while True:
    point += every
    state = top / str(point)
    make_before(state)
    child = os.fork()
    if child == 0:
        die_at(point)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    found, trouble = one_run(state, "new")
    assert trouble is None, (point, trouble)
    old = {"old"} if before in {"sound", "of a former version"} else set()
    first = set(map(str, range(30)))
    assert set(found) in (old, old | first, old | first | {"last"}), (point, found)
    with database(file_of_catalog(state)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), point
    assert len(list((state / "catalogs").iterdir())) == 3, point
    shutil.rmtree(state)
    if not os.WIFSIGNALED(status):
        break
    kills += 1
print(kills)
"""


@pytest.mark.parametrize("before", ["nothing", "sound", "damaged", "older", "of a former version"])
@pytest.mark.parametrize(("kind", "every", "least"), [("line", 11, 10), ("step", 17, 10)])
def test_a_run_that_is_killed_anywhere_leaves_what_is_whole(
    tmp_path: Path, before: str, kind: str, every: int, least: int
) -> None:
    command = [sys.executable, "-c", _DRIVER, str(tmp_path), before, kind, str(1 if IS_DRILL else every)]
    done = run(command, is_checked=True, cwd=Path(__file__).parents[2], limit_s=280)
    assert int(done.stdout) >= least
