"""The command line as a process of its own: what it imports, who reads it, who answers it, who stops it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.builders import Cache

SLOW = {"rich", "filelock", "sqlite3", "packaging", "msgpack", "psutil", "platformdirs", "zipfile", "tarfile"}


def started(*arguments: str, cache: Path) -> list[str]:
    return [sys.executable, "-m", "pipcacheplus", *arguments, "--cache-dir", str(cache)]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, **more}


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
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(cache.path), "[]"]


def test_a_reader_that_goes_away_is_no_error(cache: Cache) -> None:
    for number in range(300):
        cache.foreign(f"notes/{number}-{'x' * 200}")
    with subprocess.Popen(
        started("list", cache=cache.path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert (running.stderr.read(), running.wait()) == (b"", 0)


@pytest.mark.skipif(os.name == "nt", reason="names are not bytes there")
def test_names_that_are_not_utf_8_go_out_as_the_bytes_that_they_are(cache: Cache) -> None:
    name = os.fsencode(cache.path) + b"/caf\xe9"
    with open(name, "wb"):
        pass
    done = subprocess.run(
        started("list", "kind:foreign", "--format", "paths", cache=cache.path),
        capture_output=True,
        env=environment(),
        check=True,
    )
    assert done.stdout == name + b"\n"


def test_an_encoding_that_lacks_letters_stops_nothing(tmp_path: Path) -> None:
    made = Cache(tmp_path / "caf\u00e9 \u65e5")
    made.built_wheel("demo_lib", "2.0")
    made.foreign("\u65e5")
    for form in ("human", "paths", "json"):
        done = subprocess.run(
            started("list", "--format", form, cache=made.path),
            capture_output=True,
            env=environment(PYTHONIOENCODING="ascii"),
            check=True,
        )
        assert b"\\u65e5" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are others there")
@pytest.mark.parametrize(
    ("reply", "code", "is_gone"), [("y", 0, True), ("", 1, False), ("n", 1, False), ("yes", 0, True)]
)
def test_purge_asks_on_a_terminal(cache: Cache, reply: str, code: int, is_gone: bool) -> None:  # noqa: FBT001 - a row's value
    said, exit_code = on_a_terminal(started("purge", cache=cache.path), reply + "\n")
    assert "Remove 1 entry (" in said
    assert "[y/N]" in said
    assert code == exit_code
    assert is_gone == (not list(cache.path.rglob("*.whl")))


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are others there")
def test_purge_asks_for_what_it_is_told_to_do(cache: Cache) -> None:
    said, exit_code = on_a_terminal(started("purge", "--trash", cache=cache.path), "n\n")
    assert "Move 1 entry (" in said
    assert "to the trash? [y/N]" in said
    assert exit_code == 1
    assert list(cache.path.rglob("*.whl"))


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are others there")
def test_purge_does_not_ask_if_it_must_not(cache: Cache) -> None:
    said, exit_code = on_a_terminal(started("purge", "--no-input", cache=cache.path), "y\n")
    assert "there is nobody to ask" in said
    assert exit_code == 2
    assert list(cache.path.rglob("*.whl"))


def on_a_terminal(command: list[str], typed: str) -> tuple[str, int]:
    """Run a command on a terminal of its own, type something, and return what was said and its exit code."""
    import pty  # noqa: PLC0415 - not on Windows

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(TERM="xterm"), start_new_session=True
    ) as running:
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
    with subprocess.Popen(
        started("purge", cache=cache.path), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment()
    ) as running:
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(ours, 4096)
        running.send_signal(signal.SIGINT)
        assert running.wait() == 130
        assert b"ERROR: interrupted" in os.read(ours, 4096)
        os.close(ours)
        assert running.stdout is not None
        assert running.stdout.read() == b""
    assert list(cache.path.rglob("*.whl"))
