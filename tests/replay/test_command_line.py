"""On the command line it makes no difference to what is said whether it was read or told again."""

import hashlib
import json
import os
import re
import subprocess
import sys

import pytest

from tests.replay.caches import Full
from tests.support.builders import INDEX_URL

MAIN = """
import os, sys, time

later_s, cache = int(sys.argv.pop(1)), sys.argv.pop(1)
now_ns = time.time_ns() + later_s * 10**9  # the change times of files cannot be set back
time.time_ns = lambda: now_ns
time.time = lambda: now_ns / 1e9
opened = set()


def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and not os.path.isabs(arguments[0]):
        if not arguments[2] & os.O_DIRECTORY:
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


_DIGEST = re.compile(r'"sha256": "[0-9a-f]{64}"')
_NO_DIGEST = '"sha256": null'


def run(full: Full, *arguments: str, later_s: int = 60) -> tuple[int, str, set[str]]:
    """Run a command in a process of its own; return exit code, stdout, and the names of the files it opened."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"XDG_STATE_HOME": full.runs.state, "PIP_CONFIG_FILE": os.devnull}
    path = str(full.runs.cache.path)
    done = subprocess.run(
        [sys.executable, "-c", MAIN, str(later_s), path, *arguments, "--index-url", INDEX_URL],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )
    lines = done.stderr.splitlines()
    assert all(line.startswith("opened ") for line in lines), done.stderr
    opened = {line.removeprefix("opened ") for line in lines}
    return done.returncode, done.stdout, opened & {file.name for file in full.runs.cache.path.rglob("*")}


@pytest.mark.parametrize("form", ["human", "json"])
def test_on_the_command_line_all_ways_tell_the_same(full: Full, form: str) -> None:
    asked = ("verify", "--format", form)
    code, said, opened = run(full, *asked)
    again, said_again, opened_again = run(full, *asked)
    assert (code, said) == (again, said_again)
    assert code == 3
    assert full.page.rpartition("/")[2] in opened
    assert len(opened_again) < len(opened) / 4
    for more in ("--no-catalog", "--no-ledger", "--deep"):
        code_of_more, said_of_more, opened_by_more = run(full, *asked, more)
        # The command that it prints repeats what it was told.
        assert (code_of_more, said_of_more.replace(" --no-catalog", ""), opened_by_more) == (code, said, opened)


@pytest.mark.parametrize("form", ["human", "json"])
def test_names_are_the_same_whatever_was_asked_before(full: Full, form: str) -> None:
    asked = ("list", "--format", form)
    code, said, opened = run(full, *asked)
    assert full.page.rpartition("/")[2] in opened
    run(full, "verify")
    again, said_again, _ = run(full, *asked)
    # The SHA-256 tells what was read to its end, and nothing else tells that.
    assert (again, _DIGEST.sub(_NO_DIGEST, said_again)) == (code, said)


@pytest.mark.parametrize("verb", [("show", "kind:wheel"), ("list",)])
def test_the_sha256_of_what_was_read_is_that_of_the_file(full: Full, verb: tuple[str, ...]) -> None:
    run(full, "verify")
    _, said, _ = run(full, *verb, "--format", "json")
    told = {entry["id"]: entry for entry in json.loads(said)["entries"] if entry["sha256"] is not None}
    assert {entry["kind"] for entry in told.values()} >= {"wheel", *(["built-wheel"] if verb == ("list",) else [])}
    for entry in told.values():
        if entry["area"] in {"http-v2", "wheels"}:
            main = entry["id"] + (".body" if entry["area"] == "http-v2" else "")
            assert hashlib.sha256(full.runs.cache.real(main).read_bytes()).hexdigest() == entry["sha256"]


def test_one_that_is_remembered_says_of_an_entry_what_reading_it_says(full: Full) -> None:
    run(full, "verify")
    asked = ("verify", "--format", "json", "project-that-is-not-there", "kind:wheel")
    assert run(full, *asked)[:2] == run(full, *asked, "--no-catalog")[:2]
