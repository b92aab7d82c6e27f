"""Standard streams that are closed, full, or read by nobody: what was asked for is done, and the exit code tells."""

import json
import os
import shlex
from pathlib import Path

import pytest

from tests.support.builders import Cache, page_headers, tree
from tests.support.holding import held
from tests.support.processes import PIPCACHEPLUS, run, started

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells are others there")

CLOSED = ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"]
COMMANDS = [
    ("dir", 0),
    ("info", 0),
    ("list", 0),
    ("show demo", 0),
    ("verify", 3),
    ("prune -n --exit-code", 3),
    ("undo --list", 0),
    ("state", 0),
    ("list nothing --error-on-no-match", 23),
    ("purge", 2),
]
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def full(cache: Cache) -> Cache:
    """Put a damaged wheel into the cache, and a leftover."""
    cache.built_wheel("demo", content=b"PK\3\4 and no more")
    cache.temporary(cache.http_v2("https://files.example/demo", b"x", headers=page_headers(b"x")))
    return cache


def shell(words: str, cache: Cache, streams: str) -> tuple[int, str, str]:
    """Run a command with its streams as a shell sets them, and return its exit code and what it wrote."""
    line = f"{shlex.join(PIPCACHEPLUS)} {words} --cache-dir {shlex.quote(str(cache.path))} {streams}"
    done = run(["/bin/sh", "-c", line])
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("streams", CLOSED)
@pytest.mark.parametrize(("words", "code"), COMMANDS, ids=[words for words, _ in COMMANDS])
def test_with_closed_streams_a_command_ends_with_its_code(full: Cache, words: str, code: int, streams: str) -> None:
    ended, out, err = shell(words, full, streams)
    assert ended == code
    assert "Traceback" not in out + err
    assert (out == "") or ">&-" not in streams.replace("2>&-", "")


@pytest.mark.parametrize("streams", CLOSED)
def test_with_closed_streams_what_should_go_goes_and_nothing_else(full: Cache, streams: str) -> None:
    assert shell("prune --exclusive", full, streams)[0] == 0
    left = {path for path in tree(full.path) if not path.endswith("/")}
    assert len(left) == 2
    assert b"Traceback" not in b"".join(path.read_bytes() for path in full.path.parent.rglob("*") if path.is_file())


@needs_full
def test_where_stdout_is_full_the_sum_is_on_stderr_and_the_code_is_1(full: Cache) -> None:
    code, _, err = shell("prune --exclusive", full, ">/dev/full")
    assert code == 1
    assert err.splitlines()[0].startswith("ERROR: stdout: ")
    assert err.splitlines()[-1].startswith("Entries removed: ")
    assert len({path for path in tree(full.path) if not path.endswith("/")}) == 2


@needs_full
@pytest.mark.parametrize("words", ["list", "verify", "dir"])
def test_where_stdout_is_full_nothing_else_ends_with_0(full: Cache, words: str) -> None:
    assert shell(words, full, ">/dev/full")[0] == 1


@needs_full
def test_where_stderr_is_full_a_command_ends_with_its_code(full: Cache) -> None:
    for words, code in COMMANDS:
        assert shell(words, full, "2>/dev/full")[0] == code, words
    assert shell("prune --exclusive", full, "2>/dev/full")[0] == 0


def test_a_removal_that_nobody_reads_tells_the_sum_on_stderr(full: Cache) -> None:
    with started([*PIPCACHEPLUS, "prune", "--exclusive", "--cache-dir", str(full.path)]) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        err = running.stderr.read()
        assert running.wait() == 141
    assert err.splitlines()[-1].startswith("Entries removed: ")
    assert len({path for path in tree(full.path) if not path.endswith("/")}) == 2


def failed(done_code: int, words: str, cache: Cache) -> str:
    """Run a command that fails, and return what the document says of it."""
    code, out, _ = shell(words + " --format json", cache, "")
    assert code == done_code
    document = json.loads(out)
    assert document.keys() == {
        *("format", "tool", "command", "cache", "summary", "entries", "findings", "actions", "warnings", "error")
    }
    assert document["command"] == words.split(maxsplit=1)[0]
    return str(document["error"])


def test_a_cache_that_is_busy_is_a_document(full: Cache) -> None:
    with held(full.path):
        for words in ("prune", "prune -n", "remove demo", "purge --yes"):
            assert "is using" in failed(5, words, full)


def test_where_there_is_no_cache_there_is_a_document(tmp_path: Path) -> None:
    gone = Cache(tmp_path / "gone")
    gone.path.rmdir()
    for words in ("list", "info", "verify", "prune", "purge --yes"):
        assert "no cache directory" in failed(10, words, gone)


def test_a_request_that_makes_no_sense_is_no_document(full: Cache) -> None:
    for words in ("list --format json --bogus", "purge --format json", "list --format json kind:nonsense"):
        assert shell(words, full, "")[:2] == (2, "")


def test_what_succeeds_has_no_error(full: Cache) -> None:
    assert json.loads(shell("list --format json", full, "")[1])["error"] is None
