"""The command line in a process whose interpreter ends it as soon as it writes below the cache, or beside it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.builders import Cache
from tests.support.processes import run

__all__ = ["guarded", "guarded_command", "state_of"]

_GUARD = """
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
    if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        # The event has no descriptor; where files of our own are opened, the caller has it.
        caller = sys._getframe(1)
        is_own = caller.f_globals["__name__"] == "pipcacheplus.host.state"
        if inside(arguments[0], [caller.f_locals["self"].descriptor] if is_own else []):
            os.write(2, f"GUARD open {arguments!r}\\n".encode())
            os._exit(99)


sys.addaudithook(watch)
sys.dont_write_bytecode = True
from pipcacheplus.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def guarded(cache: Cache, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command on a cache; exit code 99, and the event on stderr, if it writes."""
    return run(guarded_command(cache, *arguments), env={**os.environ, "XDG_STATE_HOME": str(state_of(cache))})


def guarded_command(cache: Cache, *arguments: str) -> list[str]:
    """Return the words that start such a process; `XDG_STATE_HOME` has to be `state_of` the cache."""
    return [sys.executable, "-c", _GUARD, str(cache.path), "--cache-dir", str(cache.path), *arguments]


def state_of(cache: Cache) -> Path:
    """Return what takes the place of `~/.local/state`: not beside the cache, where nothing may be written."""
    above = cache.path.parent
    return above.parent / f"state-of-{above.name}"
