"""`browse` on real terminals: where it refuses, what it draws, and that it gives the terminal back."""

import os
import re
import shlex
import shutil
import signal
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import pipcacheplus
import tests
from tests.support import artefacts
from tests.support.builders import Cache, file_headers, tree
from tests.support.guarding import guarded_command, state_of
from tests.support.processes import LIMIT_S, PIPCACHEPLUS, run
from tests.support.terminals import Terminal, on_terminal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="takes terminals of POSIX")

DRAWN = b"Quit"
"""The last word that is drawn of the view."""
LEFT = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l")
"""What brings back the other screen and the cursor, and the mouse to its owner."""
COLOR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")

REVERSED = re.compile(rb"\x1b\[(?:[0-9;]*;)?7[;m]")


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with a wheel and a built one."""
    content = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2("https://files.example/demo", content, headers=file_headers(content))
    cache.built_wheel("built")
    return cache


def environment(cache: Cache, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR", "COLUMNS", "LINES"}}
    return {**kept, "TERM": "xterm-256color", "XDG_STATE_HOME": str(state_of(cache)), **more}


def wait_for_end_of(process: int) -> None:
    """Wait until a process is gone that is no child of this one."""
    with suppress(psutil.NoSuchProcess):
        psutil.Process(process).wait(timeout=LIMIT_S)


def words(cache: Cache, *arguments: str) -> list[str]:
    return [*PIPCACHEPLUS, "--cache-dir", str(cache.path), "browse", "--exclusive", "--python", "current", *arguments]


@pytest.fixture
def terminal(full: Cache) -> Iterator[Terminal]:
    """Return a terminal on which the view of the cache was drawn."""
    pytest.importorskip("textual", reason="needs the extra tui")
    with on_terminal(words(full), env=environment(full)) as found:
        found.wait_for(DRAWN)
        yield found


def _end_by(number: int) -> Callable[[Terminal], None]:
    return lambda terminal: terminal.process.send_signal(number)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda terminal: terminal.type(b"q"), 0),
        (lambda terminal: terminal.type(b"\x03"), 130),
        (_end_by(signal.SIGINT), 130),
        (_end_by(signal.SIGTERM), 143),
        (_end_by(getattr(signal, "SIGHUP", 1)), 129),
    ],
    ids=["q", "Ctrl-C", "SIGINT", "SIGTERM", "SIGHUP"],
)
def test_however_it_ends_the_terminal_is_as_before(
    terminal: Terminal, end: Callable[[Terminal], None], code: int
) -> None:
    assert not terminal.echoes()
    begun = len(terminal.drawn)
    end(terminal)
    assert terminal.end() == code
    assert all(sequence in terminal.drawn[begun:] for sequence in LEFT)
    assert terminal.echoes()
    assert b"Traceback" not in terminal.drawn
    assert (b"interrupted by" in terminal.drawn) == (code != 0)


_BLOCKED = """
import sys, threading
from pathlib import Path
from pipcacheplus.cli.browsing.app import Browser
from pipcacheplus.cli.browsing.job import ScreenJob
from pipcacheplus.cli.browsing.session import run_browser
from tests.cli.browsing.showing import work_of
from tests.support.builders import Cache

class Blocked(Browser):
    def on_ready(self):
        self._begin(ScreenJob("blocked"), threading.Event().wait, print)

work = work_of(Cache(Path(sys.argv[1])))
run_browser(Blocked(work, work.read(None)))
"""


def test_a_second_signal_ends_it_while_something_blocks(full: Cache) -> None:
    pytest.importorskip("textual", reason="needs the extra tui")
    path = os.pathsep.join(str(Path(one.__file__ or "").parents[1]) for one in (pipcacheplus, tests))
    command = [sys.executable, "-c", _BLOCKED, str(full.path)]
    with on_terminal(command, env=environment(full, PYTHONPATH=path)) as terminal:
        terminal.wait_for(b"blocked ...")
        terminal.process.send_signal(signal.SIGTERM)
        terminal.wait_for(b"stopping blocked")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 143
        assert terminal.echoes()
    assert all(sequence in terminal.drawn for sequence in LEFT)


@pytest.mark.parametrize("keys", [b"", b"?" + b"jk" * 40], ids=["list", "dialog"])
def test_it_ends_when_the_terminal_is_closed(full: Cache, terminal: Terminal, keys: bytes) -> None:
    terminal.type(keys)
    if keys:
        terminal.wait_for(b"Keys")
    terminal.close()
    assert terminal.process.wait(timeout=LIMIT_S) == 129
    assert list(full.path.rglob("*.whl"))


def test_without_colour_attributes_alone_are_drawn(full: Cache) -> None:
    pytest.importorskip("textual", reason="needs the extra tui")
    drawn = {}
    for more, arguments in (("", ()), ("1", ()), ("", ("--no-color",))):
        env = environment(full, **({"NO_COLOR": more} if more else {}))
        with on_terminal(words(full, *arguments), env=env) as terminal:
            terminal.wait_for(DRAWN)
            terminal.type(b" x")
            terminal.wait_for(b"To remove")
            terminal.type(b"r")
            terminal.wait_for(b"Remove 1 entry")
            terminal.type(b"nq")
            assert terminal.end() == 0
            drawn[more, arguments] = terminal.drawn
    assert not COLOR.search(drawn["1", ()])
    assert not COLOR.search(drawn["", ("--no-color",)])
    assert COLOR.search(drawn["", ()])
    assert REVERSED.search(drawn["1", ()])


def test_what_was_removed_is_said_once_the_screen_is_gone(full: Cache, terminal: Terminal) -> None:
    terminal.type(b" x")
    terminal.wait_for(b"To remove")
    terminal.type(b"r")
    terminal.wait_for(b"Remove 1 entry")
    terminal.type(b"y")
    terminal.wait_for(b"Entries removed: 1")
    terminal.type(b"q")
    assert terminal.end() == 0
    after = terminal.drawn.rpartition(LEFT[0])[2]
    assert re.search(rb"Entries removed: 1, files: 2 \([0-9.]+ kB\)", after)


def test_walking_writes_nothing_below_the_cache(full: Cache) -> None:
    pytest.importorskip("textual", reason="needs the extra tui")
    before = tree(full.path)
    command = guarded_command(full, "browse", "--python", "current", "--exclusive")
    with on_terminal(command, env=environment(full)) as terminal:
        terminal.wait_for(DRAWN)
        for keys, text in ((b"2", b"by kind"), (b"3", b"by reason"), (b"5", b"Entry"), (b"w", b"Written:")):
            terminal.type(keys)
            terminal.wait_for(text)
        terminal.type(b"q x")
        terminal.wait_for(b"To remove")
        terminal.type(b"qq")
        assert terminal.end() == 0
    assert tree(full.path) == before
    assert b"GUARD" not in terminal.drawn


@pytest.mark.parametrize(
    ("more", "said"),
    [({"TERM": "dumb"}, "TERM=dumb"), ({"CI": "true"}, "CI is set"), ({"TERM": ""}, "TERM=")],
    ids=["dumb", "CI", "no TERM"],
)
def test_where_nothing_can_be_drawn_one_sentence_says_so(full: Cache, more: dict[str, str], said: str) -> None:
    pytest.importorskip("textual", reason="needs the extra tui")
    with on_terminal(words(full), env=environment(full, **more)) as terminal:
        assert terminal.end() == 2
    lines = terminal.drawn.decode().splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_a_pipe_gets_one_sentence(full: Cache) -> None:
    pytest.importorskip("textual", reason="needs the extra tui")
    done = run(words(full), env=environment(full))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "ERROR: browse: it needs a terminal for its input and its output, and somebody who may be asked;"
        " use info, list and prune --dry-run\n"
    )


def test_a_cache_that_does_not_exist_yet_is_no_error(cache: Cache, tmp_path: Path) -> None:
    pytest.importorskip("textual", reason="needs the extra tui")
    env = environment(cache, PIP_CACHE_DIR=str(tmp_path / "none"), PIP_CONFIG_FILE=os.devnull)
    with on_terminal([*PIPCACHEPLUS, "browse"], env=env) as terminal:
        assert terminal.end() == 0
    assert b"nothing to browse" in terminal.drawn
    assert len(terminal.drawn.splitlines()) == 1


def test_without_the_extra_one_sentence_says_how_to_get_it(full: Cache, tmp_path: Path) -> None:
    folder = tmp_path / "libraries"
    folder.mkdir()
    for libraries in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for one in Path(libraries).iterdir():
            if not one.name.lower().startswith("textual"):
                (folder / one.name).symlink_to(one)
    if not (folder / "pipcacheplus").exists():  # it is run from a checkout
        (folder / "pipcacheplus").symlink_to(Path(pipcacheplus.__file__).parent)
    env = environment(full, PYTHONPATH=str(folder))
    command = [sys.executable, "-S", "-m", "pipcacheplus", "--cache-dir", str(full.path), "browse"]
    done = run(command, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "ERROR: browse: it needs textual, which is not installed; run: python -m pip install 'rich>=14' 'textual>=8'\n"
    )


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_in_tmux_80_columns_and_24_lines_are_enough(full: Cache, tmp_path: Path) -> None:
    pytest.importorskip("textual", reason="needs the extra tui")
    env = environment(full, TMUX_TMPDIR=str(tmp_path))
    env.pop("TMUX", None)

    def tmux(*arguments: str) -> str:
        return run(["tmux", "-f", os.devnull, *arguments], env=env, is_checked=True).stdout

    def screen(text: str) -> list[str]:
        """Wait until a text is on the screen, and return its lines."""
        end_s = time.monotonic() + LIMIT_S
        while text not in (shown := tmux("capture-pane", "-p")):
            assert time.monotonic() < end_s, shown
        return shown.splitlines()

    tmux("new-session", "-d", "-x", "80", "-y", "24", shlex.join(words(full)))
    try:
        first = screen("Quit")
        assert first[0].startswith("2 entries (")
        assert first[1] == " 1 Projects  2 Kinds  3 Reasons  4 Ages  5 Entries"
        assert first[3].split() == ["Project", "Entries", "Size", "Last", "used", "Reclaimable"]
        assert sorted(line.split()[0] for line in first[4:6]) == ["built", "demo"]
        assert first[23].split()[-2:] == ["q", "Quit"]
        assert len(first) == 24
        tmux("send-keys", "a", "x")
        going = screen("To remove: 2 entries")
        assert going[0][0] == "┌"
        assert "Cancel" in going[22]
        assert "r: Remove" in going[22]
        tmux("send-keys", "q")
        screen("1 Projects")
        tmux("send-keys", "?")
        assert any("q        quit" in line for line in screen("Keys"))
    finally:
        process = int(tmux("display-message", "-p", "#{pane_pid}"))
        tmux("kill-server")
    wait_for_end_of(process)
