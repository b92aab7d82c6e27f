"""Real shells complete commands, options, choices and projects; the cache is not looked at, and nothing is run."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import argcomplete
import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.catalog.project_names import project_names
from tests.support import artefacts, processes
from tests.support.builders import Cache, tree

SCRIPT = f"#!{sys.executable}\nimport sys\nfrom pipcacheplus.__main__ import main\nsys.exit(main())\n"
HOSTILE = ("$(touch pwned)", "`touch pwned`", "demo;touch pwned", "demo\n", "demo\x1b[2J", "demo'", "Demo", "-demo", "")
SHELLS = ("bash", "zsh", "fish")
Completed = Callable[[str], list[str]]


@pytest.fixture
def known(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with two projects, and a catalog that knows them."""
    for name in ("demo-app", "demo-lib", "other"):
        cache.http_v2(f"https://files.example/{name}", artefacts.wheel(tmp_path, name, "1.0").read_bytes())
    env = _environment(tmp_path)
    processes.run([*processes.PIPCACHEPLUS, "list", "--cache-dir", str(cache.path)], env=env, is_checked=True)
    return cache


def _environment(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "pipcacheplus").write_text(SCRIPT, encoding="utf-8")
    (folder / "pipcacheplus").chmod(0o755)
    return {
        **os.environ,
        "PATH": os.pathsep.join((str(folder), os.path.dirname(sys.executable), os.environ["PATH"])),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "HOME": str(tmp_path),
        "TERM": "dumb",
        "PS1": "> ",
    }


@pytest.fixture
def completed(known: Cache, tmp_path: Path) -> Completed:
    """Return a function that completes a line as the code for bash does, without a shell."""

    def completed(line: str) -> list[str]:
        out = tmp_path / "completions"
        out.touch()
        asked = {"COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n"}
        env = {
            **_environment(tmp_path),
            **asked,
            "_ARGCOMPLETE_SHELL": "bash",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(out),
        }
        done = processes.run(["pipcacheplus"], env=env)
        assert "Traceback" not in done.stderr
        return [word.strip() for word in out.read_text(encoding="utf-8").splitlines()]

    return completed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pipcacheplus ver", ["verdict", "verify"]),
        ("pipcacheplus --cache-dir x pru", ["prune"]),
        ("pipcacheplus prune --max-s", ["--max-size"]),
        ("pipcacheplus prune --js", ["--json"]),
        ("pipcacheplus --col", ["--color"]),
        ("pipcacheplus list --sort ", ["name", "size", "used", "written"]),
        ("pipcacheplus list --kind s", ["sdist", "selfcheck"]),
        ("pipcacheplus state c", ["catalogs"]),
        ("pipcacheplus completion p", ["powershell"]),
        ("pipcacheplus list --cache-dir {cache} demo-", ["demo-app", "demo-lib"]),
        ("pipcacheplus --cache-dir {cache} prune --keep demo-l", ["demo-lib"]),
        ("pipcacheplus remove --cache-dir {cache} other demo-", ["demo-app", "demo-lib"]),
        ("pipcacheplus list --cache-dir {cache}-none demo-", []),
        ("pipcacheplus list --cache-dir {cache} kind", []),
        ("pipcacheplus prune --max-size ", []),
        ("pipcacheplus pip inst", []),
    ],
)
def test_a_line_is_completed(completed: Completed, known: Cache, line: str, words: list[str]) -> None:
    assert sorted(completed(line.format(cache=known.path))) == words


def test_the_cache_is_not_looked_at_and_nothing_is_written(completed: Completed, known: Cache, tmp_path: Path) -> None:
    shutil.rmtree(known.path)
    state = tree(tmp_path / "state")
    assert completed(f"pipcacheplus list --cache-dir {known.path} demo-") == ["demo-app", "demo-lib"]
    assert tree(tmp_path / "state") == state
    assert not known.path.exists()


def test_a_name_that_is_none_of_a_project_never_reaches_a_shell(
    completed: Completed, known: Cache, tmp_path: Path
) -> None:
    _rename(tmp_path, HOSTILE)
    assert completed(f"pipcacheplus list --cache-dir {known.path} ") == []
    _rename(tmp_path, ("demo-sound",))
    assert completed(f"pipcacheplus list --cache-dir {known.path} ") == ["demo-sound"]


def _rename(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Write projects into the catalog, in place of those that are there."""
    [database] = (tmp_path / "state").rglob("*.sqlite3")
    with closing(sqlite3.connect(database)) as connection, connection:
        [columns] = connection.execute("SELECT group_concat(name) FROM pragma_table_info('entry') WHERE name != 'id'")
        for number, name in enumerate(names):
            copied = columns[0].replace(",project,", ",?,")
            connection.execute(
                f"INSERT OR REPLACE INTO entry (id, {columns[0]}) SELECT ?, {copied} FROM entry LIMIT 1",  # noqa: S608 - names of columns
                (f"new-{number}".encode(), name),
            )
        connection.execute("DELETE FROM entry WHERE CAST(id AS TEXT) NOT LIKE 'new-%'")
        connection.execute("UPDATE entry SET id = CAST('old' AS BLOB) || id")


def test_a_catalog_that_is_damaged_locked_or_of_another_version_names_nothing(known: Cache, tmp_path: Path) -> None:
    folder, path = str(tmp_path / "state" / "pipcacheplus"), str(known.path)
    [database] = (tmp_path / "state").rglob("*.sqlite3")
    sound = database.read_bytes()

    def names() -> list[str]:
        return project_names(path, folder, "demo", clock_s=lambda: 0.0, limit_s=1.0)

    assert names() == ["demo-app", "demo-lib"]
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert names() == []
        other.execute("ROLLBACK")
        other.execute("PRAGMA user_version = 1")
    assert names() == []
    database.write_bytes(sound[:5000])
    assert names() == []
    database.write_bytes(sound)
    database.chmod(0o666)  # others could have written it
    assert names() == []


def test_a_large_catalog_is_read_only_as_long_as_somebody_waits(known: Cache, tmp_path: Path) -> None:
    _rename(tmp_path, tuple(f"demo-{number}" for number in range(900)))
    folder = str(tmp_path / "state" / "pipcacheplus")
    ticks = iter(range(10_000))
    found = project_names(str(known.path), folder, "demo-", clock_s=lambda: float(next(ticks)), limit_s=2.0)
    assert 0 < len(found) < 900
    assert next(ticks) < 10


class Terminal(NamedTuple):
    """A shell on a terminal, in which somebody types."""

    name: str
    end: int
    """The descriptor of the terminal's other end."""

    def typed(self, text: str, *, until: str) -> str:
        """Type, and return what is shown until a text was."""
        os.write(self.end, text.encode())
        shown = ""
        while until not in shown:
            shown += os.read(self.end, 4096).decode(errors="replace")
        return shown


START = {
    "bash": (["--norc", "--noprofile", "-i"], "bind 'set bell-style none'"),
    "zsh": (["-f", "-i"], "autoload -Uz compinit; compinit -u -D"),
}


@pytest.fixture
def terminal(known: Cache, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    pty = pytest.importorskip("pty")  # not on Windows
    shell: str = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    options, start = START[shell]
    end, inner = pty.openpty()
    command = [shell, *options]
    environment = _environment(tmp_path)
    with processes.started(
        command, stdin=inner, stdout=inner, stderr=inner, env=environment, cwd=tmp_path, start_new_session=True
    ) as process:
        os.close(inner)
        opened = Terminal(shell, end)
        opened.typed(f"{start}\n", until="> ")
        yield opened
        process.kill()
    os.close(end)


@pytest.mark.parametrize("terminal", ["bash", "zsh"], indirect=True)
def test_the_tab_key_completes_in_a_real_shell(terminal: Terminal, known: Cache, tmp_path: Path) -> None:
    terminal.typed(f'eval "$(pipcacheplus completion {terminal.name})"; echo rea""dy\n', until="ready")
    terminal.typed("pipcacheplus verif\t", until="verify ")
    terminal.typed("\x15pipcacheplus prune --max-si\t", until="--max-size")
    terminal.typed(f"\x15pipcacheplus list --cache-dir {known.path} demo-l\t", until="demo-lib")
    terminal.typed("\n", until="1 entry")


@pytest.mark.parametrize("terminal", ["bash"], indirect=True)
def test_the_tab_key_completes_the_module_where_bash_completes_every_module(terminal: Terminal, known: Cache) -> None:
    code = Path(argcomplete.__file__).parent / "bash_completion.d" / "_python-argcomplete"
    terminal.typed(f'source {code}; echo rea""dy\n', until="ready")
    python = Path(sys.executable).name
    terminal.typed(f"{python} -m pipcacheplus list --cache-dir {known.path} demo-l\t", until="demo-lib")
    terminal.typed("\n", until="1 entry")


def test_fish_completes(known: Cache, tmp_path: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("no fish here")
    line = f"pipcacheplus list --cache-dir {known.path} demo-"
    done = processes.run(
        ["fish", "--no-config", "-c", f"pipcacheplus completion fish | source; complete -C '{line}'"],
        env=_environment(tmp_path),
    )
    assert done.stdout.split() == ["demo-app", "demo-lib"], done.stderr


@pytest.mark.parametrize("shell", [*SHELLS, "powershell"])
def test_the_code_names_the_program_and_the_json_holds_it(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    code = capsys.readouterr().out
    assert "pipcacheplus" in code
    assert {"powershell": "Register-ArgumentCompleter"}.get(shell, "complete") in code


def test_no_run_imports_what_only_a_shell_needs(known: Cache, tmp_path: Path) -> None:
    code = "import sys; from pipcacheplus.__main__ import main; main(); print('argcomplete' in sys.modules)"
    for verb in (["list"], ["config"], ["shell-init", "bash"]):
        done = processes.run([sys.executable, "-c", code, *verb], env=_environment(tmp_path))
        assert done.stdout.splitlines()[-1] == "False", done.stderr
