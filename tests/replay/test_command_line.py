"""On the command line it makes no difference to what is said whether it was read or told again."""

import os
import subprocess
import sys

import pytest

from pipcacheplus.catalog.recording import LOOSE
from pipcacheplus.catalog.rows import entry_stamp
from tests.replay.caches import Full, names
from tests.support.builders import INDEX_URL

MAIN = """
import os, sys, time

later_s, cache = int(sys.argv.pop(1)), sys.argv.pop(1)
now = time.time
time.time = lambda: now() + later_s  # the change times of files cannot be set back
opened = set()


def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and not os.path.isabs(arguments[0]):
        is_ours = sys._getframe(1).f_globals["__name__"] == "pipcacheplus.host.state"  # outside of the cache
        if not is_ours and not arguments[2] & os.O_DIRECTORY:
            opened.add(arguments[0])


sys.addaudithook(watch)
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # nothing is opened by another process
sys.dont_write_bytecode = True
from pipcacheplus.__main__ import main
code = main(["--cache-dir", cache, *sys.argv[1:]])
sys.stderr.write("".join(f"opened {name}\\n" for name in sorted(opened)))
sys.exit(code)
"""


def verified(full: Full, *arguments: str, later_s: int = 60) -> tuple[int, str, set[str]]:
    """Run `verify` in a process of its own; return exit code, stdout, and the names of the files it opened."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"XDG_STATE_HOME": full.runs.state, "PIP_CONFIG_FILE": os.devnull}
    path = str(full.runs.cache.path)
    done = subprocess.run(
        [sys.executable, "-c", MAIN, str(later_s), path, "verify", "--index-url", INDEX_URL, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )
    lines = done.stderr.splitlines()
    assert all(line.startswith("opened ") for line in lines), done.stderr
    return done.returncode, done.stdout, {line.removeprefix("opened ") for line in lines}


@pytest.mark.parametrize("form", ["human", "json"])
def test_on_the_command_line_all_ways_tell_the_same(full: Full, form: str) -> None:
    asked = ("--format", form)
    code, said, opened = verified(full, *asked)
    again, checked_from_json, opened_again = verified(full, *asked)
    assert (code, said) == (again, checked_from_json)
    assert code == 3
    may_be_opened = set[str]()
    for entry in full.runs.entries():
        if entry.shape in LOOSE or entry_stamp(entry)[0] % 64 == 1:
            may_be_opened |= names(entry)
    assert full.page.rpartition("/")[2] in opened
    assert opened_again <= may_be_opened
    for more in ("--no-ledger", "--deep"):
        assert verified(full, *asked, more)[:2] == (code, said)


def test_one_that_is_remembered_says_of_an_entry_what_reading_it_says(full: Full) -> None:
    verified(full)
    asked = ("--format", "json", "project-that-is-not-there", "kind:wheel")
    assert verified(full, *asked)[:2] == verified(full, *asked, "--no-ledger")[:2]
