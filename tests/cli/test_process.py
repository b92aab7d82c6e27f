"""The command line as a process of its own: what it imports, who reads it, who answers it, who stops it."""

import io
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.cli.base.console import Console
from tests.support.builders import Cache, tree
from tests.support.processes import PIPCACHEPLUS, run, started

SLOW = {
    *("filelock", "sqlite3", "packaging", "msgpack", "msgspec", "psutil", "platformdirs", "zipfile", "tarfile"),
    *("configparser", "dataclasses", "inspect", "shutil", "pipcacheplus.model.values"),
}


def command(*arguments: str, cache: Path) -> list[str]:
    return [*PIPCACHEPLUS, *arguments, "--cache-dir", str(cache)]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    made = Cache(tmp_path / "cache")
    made.built_wheel("demo_lib", "2.0")
    return made


def test_dir_imports_nothing_slow(cache: Cache) -> None:
    asked = f"""
import sys
from pipcacheplus.__main__ import main
main(["dir", "--cache-dir", {str(cache.path)!r}])
print(sorted({SLOW!r} & set(sys.modules)))
"""
    done = run([sys.executable, "-c", asked], is_checked=True)
    assert done.stdout.splitlines() == [str(cache.path), "[]"]


def test_a_reader_that_goes_away_is_no_error(cache: Cache) -> None:
    for number in range(300):
        cache.foreign(f"notes/{number}-{'x' * 200}")
    with started(command("list", cache=cache.path)) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert (running.stderr.read(), running.wait()) == ("", 0)


@pytest.mark.skipif(os.name == "nt", reason="names are not bytes there")
def test_names_that_are_not_utf_8_go_out_as_the_bytes_that_they_are(cache: Cache) -> None:
    name = os.fsencode(cache.path) + b"/caf\xe9"
    with open(name, "wb"):
        pass
    done = run(command("list", "kind:foreign", "--format", "paths", cache=cache.path), is_checked=True)
    assert os.fsencode(done.stdout) == name + b"\n"


def test_an_encoding_that_lacks_letters_stops_nothing(tmp_path: Path) -> None:
    made = Cache(tmp_path / "caf\u00e9 \u65e5")
    made.built_wheel("demo_lib", "2.0")
    made.foreign("\u65e5")
    for form in ("human", "paths", "json"):
        listing = command("list", "--format", form, cache=made.path)
        done = run(listing, env={**os.environ, "PYTHONIOENCODING": "ascii"}, is_checked=True)
        assert "\\u65e5" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are others there")
@pytest.mark.parametrize(
    ("reply", "code", "is_gone"), [("y", 0, True), ("", 1, False), ("n", 1, False), ("yes", 0, True)]
)
def test_purge_asks_on_a_terminal(cache: Cache, reply: str, code: int, is_gone: bool) -> None:  # noqa: FBT001 - a row's value
    said, exit_code = on_a_terminal(command("purge", cache=cache.path), reply + "\n")
    assert "Remove 1 entry (" in said
    assert "[y/N]" in said
    assert code == exit_code
    assert is_gone == (not list(cache.path.rglob("*.whl")))


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are others there")
def test_purge_asks_for_what_it_is_told_to_do(cache: Cache) -> None:
    said, exit_code = on_a_terminal(command("purge", "--trash", cache=cache.path), "n\n")
    assert "Move 1 entry (" in said
    assert "to the trash? [y/N]" in said
    assert exit_code == 1
    assert list(cache.path.rglob("*.whl"))


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are others there")
def test_purge_does_not_ask_if_it_must_not(cache: Cache) -> None:
    said, exit_code = on_a_terminal(command("purge", "--no-input", cache=cache.path), "y\n")
    assert "needs a confirmation" in said
    assert exit_code == 2
    assert list(cache.path.rglob("*.whl"))


ALL = [("*",), ("**",), ("?*",), ("*.whl",), ("*-*",), ("demo_l*", "demo_o*"), ("[a-z]*", "nobody")]
FEW = [("demo_l*",), ("demo-lib",), ("kind:built-wheel",), ("demo-lib>=0", "demo-other"), ("*", "--keep", "*")]


@pytest.fixture
def two(cache: Cache) -> Cache:
    """Return a cache of two wheels and a page; the latter has no file name, so no pattern fits it."""
    cache.built_wheel("demo_other", "1.0")
    cache.http_v2("https://index.example/simple/demo-other/", b"<a href='x'>x</a>")
    cache.foreign("notes.txt")
    return cache


@pytest.mark.parametrize("what", ALL, ids=" ".join)
def test_patterns_that_fit_every_file_need_yes_where_nobody_is(two: Cache, what: tuple[str, ...]) -> None:
    before = tree(two.path)
    done = run(command("remove", *what, cache=two.path))
    assert (done.returncode, done.stdout) == (2, "")
    problem = "this matches every file and needs a confirmation, which this run cannot ask for"
    assert done.stderr == f"ERROR: remove: {problem}; pass --yes\n"
    dry = run(command("remove", "-n", "--exclusive", *what, cache=two.path), is_checked=True)
    assert dry.stdout.splitlines()[-1].startswith("Entries to remove: 2, ")
    assert tree(two.path) == before
    done = run(command("remove", "--yes", "--exclusive", *what, cache=two.path), is_checked=True)
    assert done.stdout.splitlines()[-1].startswith("Entries removed: 2, ")
    assert not [path for path in tree(two.path) if path.endswith(".whl")]
    assert "notes.txt" in tree(two.path)


@pytest.mark.parametrize("what", FEW, ids=" ".join)
def test_nothing_else_is_asked(two: Cache, what: tuple[str, ...]) -> None:
    run(command("remove", "--exclusive", *what, cache=two.path), is_checked=True)
    assert len(list(two.path.rglob("*.whl"))) == {"demo_l*": 1, "demo-lib": 1, "*": 2}.get(what[0], 0)


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are others there")
@pytest.mark.parametrize(("typed", "code", "left"), [("n\n", 1, 2), ("\n", 1, 2), ("y\n", 0, 0)])
def test_patterns_that_fit_every_file_ask_on_a_terminal(two: Cache, typed: str, code: int, left: int) -> None:
    said, exit_code = on_a_terminal(command("remove", "--exclusive", "*", cache=two.path), typed)
    assert re.search(rf"Remove 2 entries \([0-9]+ kB\) from {re.escape(str(two.path))}\? \[y/N\] ", said)
    assert exit_code == code
    assert len(list(two.path.rglob("*.whl"))) == left


def test_python_asks_nobody_and_tells_what_a_plan_takes(two: Cache) -> None:
    opened = PipCache(two.path)
    assert opened.plan_removal("*").is_for_all
    assert not opened.plan_removal("demo_l*").is_for_all
    assert not opened.plan_removal("nobody*").is_for_all
    assert not opened.plan_removal("kind:built-wheel").is_for_all
    assert not opened.plan_purge().is_for_all


def on_a_terminal(words: Sequence[str], typed: str) -> tuple[str, int]:
    """Run a command on a terminal of its own, type something, and return what was said and its exit code."""
    import pty  # noqa: PLC0415 - not on Windows

    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm"}
    with started(words, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True) as running:
        os.close(theirs)
        os.write(ours, typed.encode())
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
        except OSError:
            pass  # so Linux tells that the other end is closed
        os.close(ours)
    return said.decode(), running.returncode


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal there")
def test_an_interrupt_is_one_sentence_and_130(cache: Cache) -> None:
    # The question is where it surely waits.
    import pty  # noqa: PLC0415 - not on Windows

    ours, theirs = pty.openpty()
    with started(command("purge", cache=cache.path), stdin=theirs, stderr=theirs) as running:
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(ours, 4096)
        running.send_signal(signal.SIGINT)
        assert running.wait() == 130
        assert b"ERROR: interrupted by SIGINT" in os.read(ours, 4096)
        os.close(ours)
        assert running.stdout is not None
        assert running.stdout.read() == ""
    assert list(cache.path.rglob("*.whl"))


def test_a_message_repeats_no_credentials() -> None:
    err = io.StringIO()
    console = Console(io.StringIO(), err, None, color=False, shows_progress=False, is_quiet=False, can_ask=False)
    console.say("ERROR: https://me:hunter2@host.example/: is not a directory")
    assert err.getvalue() == "ERROR: https://\\u2026@host.example/: is not a directory\n"
