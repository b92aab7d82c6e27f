"""Reading verbs write nothing below the cache: every file event of the interpreter is watched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import artefacts
from tests.support.builders import Cache, tree

GUARD = """
import os, sys

cache = sys.argv.pop(1)
# At which places of their arguments the descriptors of directories stand, if they have any.
WRITING = {"os.remove": [1], "os.rename": [2, 3], "os.rmdir": [1], "os.mkdir": [2], "os.link": [2, 3],
           "os.symlink": [2], "os.chmod": [2], "os.chown": [3], "os.utime": [3], "os.truncate": [], "os.setxattr": [],
           "os.removexattr": [], "shutil.rmtree": [1], "shutil.move": [], "shutil.copyfile": []}


def ours(folder):
    # The cache, or what lies beside it, as the trash does; whatever is not known, too.
    path = f"/proc/self/fd/{folder}"
    return not os.path.exists(path) or os.path.realpath(path).startswith(os.path.dirname(cache))


def inside(path, folders=()):
    path = os.fsdecode(path) if isinstance(path, (str, bytes)) else ""
    if path and not os.path.isabs(path):
        return not folders or any(map(ours, folders))
    return path.startswith(cache)


def watch(event, arguments):
    if event in WRITING and inside(arguments[0], [arguments[at] for at in WRITING[event] if at < len(arguments)]):
        os.write(2, f"GUARD {event} {arguments!r}\\n".encode())
        os._exit(99)
    if event == "open" and inside(arguments[0]) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        os.write(2, f"GUARD open {arguments!r}\\n".encode())
        os._exit(99)


sys.addaudithook(watch)
sys.dont_write_bytecode = True
from pipcacheplus.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
VERBS = [
    ["dir"],
    ["info"],
    ["info", "-v"],
    ["list"],
    ["list", "--format", "json"],
    ["show", "demo"],
    ["verify"],
    ["verify", "--format", "json"],
    ["prune", "-n", "--corrupt", "--partial", "--stale", "--incompatible", "--unsafe", "--orphaned"],
    ["remove", "-n", "demo"],
    ["purge", "-n", "--yes"],
    ["purge", "-n", "--yes", "--trash"],
    ["undo", "-n"],
    ["undo", "--list"],
]


def guarded(cache: Cache, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"XDG_STATE_HOME": str(cache.path.parent / "state")}
    command = [sys.executable, "-c", GUARD, str(cache.path), "--cache-dir", str(cache.path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with sound, broken and left-over entries."""
    cache.http_v2("https://files.example/a", artefacts.wheel(tmp_path, "demo", "1.0").read_bytes())
    cache.http("https://files.example/b", artefacts.sdist(tmp_path, "demo", "1.0").read_bytes(), cc=2)
    cache.http_v2("https://files.example/c", b"half", has_body=False)
    cache.temporary(cache.built_wheel("demo", tag="cp27-cp27m-win32"))
    cache.selfcheck("/nonexistent")
    cache.foreign()
    return cache


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_reading_verb_writes_nothing_below_the_cache(full: Cache, verb: list[str]) -> None:
    before = tree(full.path)
    times = {path: os.lstat(full.real(path)) for path in before}
    done = guarded(full, *verb)
    assert done.returncode in {0, 3}, done.stderr
    assert tree(full.path) == before
    assert {p: s.st_mtime_ns for p, s in times.items()} == {p: os.lstat(full.real(p)).st_mtime_ns for p in before}


def test_the_guard_would_notice(full: Cache) -> None:
    done = guarded(full, "prune", "--orphaned")
    assert done.returncode == 99
    assert "GUARD os.remove" in done.stderr


def test_the_guard_would_notice_a_trash_beside_the_cache(full: Cache) -> None:
    done = guarded(full, "prune", "--orphaned", "--trash")
    assert done.returncode == 99
    assert "GUARD os.mkdir ('.pipcacheplus-trash-" in done.stderr
