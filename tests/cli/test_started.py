"""Commands that are printed run as they stand there, from a shell, however the program was started."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.cli.base.started import Started, program_words
from tests.support.builders import Cache, tree
from tests.support.processes import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells and scripts are others there")
SCRIPT = "import sys\nfrom pipcacheplus.__main__ import main\nsys.exit(main())\n"
LIKE_UV = "import os, subprocess, sys\nos.environ['UV'] = sys.argv[1]\nsys.exit(subprocess.call(sys.argv[2:]))\n"


def made(folder: Path, name: str = "pipcacheplus", mode: int = 0o755) -> Path:
    """Make a console script as installers do."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / name
    script.write_text(f"#!{sys.executable}\n{SCRIPT}", encoding="utf-8")
    script.chmod(mode)
    return script


@pytest.fixture
def broken(tmp_path: Path) -> Cache:
    """Return a cache, at a path that a shell takes apart, with a damaged wheel, a half and a whole wheel."""
    cache = Cache(tmp_path / "it's a $HOME; `x` \x1b[2J\udcff cache")
    cache.built_wheel("demo_bad", content=b"PK\x03\x04 no wheel")
    cache.built_wheel("demo_good", "1.0")
    cache.http_v2("https://files.example/half", b"half", has_head=False)
    return cache


def seen(start: Sequence[str | Path], *arguments: str, cache: Cache, cwd: Path, path: str | None = None) -> list[str]:
    """Return the commands that a run prints; all of them are printable."""
    env = {**os.environ, "PIP_CACHE_DIR": str(cache.path), "XDG_STATE_HOME": str(cwd / "state"), "LC_ALL": "C.UTF-8"}
    env |= {"PATH": path} if path is not None else {}
    out = run([*map(str, start), *arguments], env=env, cwd=cwd).stdout
    commands = [line.partition(": ")[2] for line in out.splitlines() if line.lstrip().startswith("To ")]
    assert all(command.isprintable() for command in commands)
    return commands


def shell(command: str, *, cwd: Path, path: str | None = None) -> Any:  # noqa: ANN401 - a finished process
    """Run a command as somebody who pastes it: variables of the run that printed it are not set."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    env |= {"XDG_STATE_HOME": str(cwd / "state"), **({"PATH": path} if path is not None else {})}
    return run(["bash", "-c", command], env=env, cwd=cwd)


@pytest.fixture
def starts(tmp_path: Path) -> dict[str, tuple[Sequence[str | Path], str | None, str]]:
    """Return ways to start it: the words, `PATH`, and the beginning of each command."""
    script, spaced = made(tmp_path / "bin"), made(tmp_path / "my 'own' bin")
    plain = made(tmp_path / "plain", mode=0o644)
    uv = tmp_path / "tools" / "uv"
    uv.parent.mkdir()
    uv.symlink_to(sys.executable)
    like_uv = tmp_path / "run.py"
    like_uv.write_text(LIKE_UV, encoding="utf-8")
    found = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    module = (sys.executable, "-m", "pipcacheplus")
    return {
        "script": ((script,), None, str(script)),
        "relative": ((Path("bin/pipcacheplus"),), None, "bin/pipcacheplus"),
        "on PATH": (("pipcacheplus",), found, "pipcacheplus "),
        "path of the one on PATH": ((script,), found, "pipcacheplus "),
        "another on PATH": ((spaced,), found, shlex.quote(str(spaced))),
        "to be quoted": ((spaced,), None, shlex.quote(str(spaced))),
        "not executable": ((sys.executable, plain), None, f"{sys.executable} {plain} "),
        "module": (module, None, " ".join(module)),
        "options": (
            (sys.executable, "-Xutf8", "-bm", "pipcacheplus"),
            None,
            f"{sys.executable} -Xutf8 -bm pipcacheplus ",
        ),
        "uv": ((uv, like_uv, uv, script), found, f"{uv} {like_uv} {uv} {script} "),
    }


WAYS = (
    *("script", "relative", "on PATH", "path of the one on PATH", "another on PATH", "to be quoted", "not executable"),
    *("module", "options", "uv"),
)


@pytest.mark.parametrize("way", WAYS)
def test_the_command_below_a_finding_runs_as_it_stands_there(
    starts: dict[str, tuple[Sequence[str | Path], str | None, str]], way: str, broken: Cache, tmp_path: Path
) -> None:
    start, path, begins = starts[way]
    commands = seen(start, "verify", cache=broken, cwd=tmp_path, path=path)
    assert len(commands) == 2
    for command in commands:
        assert command.startswith(begins)
        done = shell(command, cwd=tmp_path, path=path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].startswith("Entries removed: 1, ")
    assert [Path(left).name for left in tree(broken.path) if left.endswith((".whl", ".body"))] == [
        "demo_good-1.0-py3-none-any.whl"
    ]


def test_options_that_matter_are_repeated(broken: Cache, tmp_path: Path) -> None:
    broken.http_v2("https://files.example/young", b"young", has_head=False, age_s=-3600 * 24 * 365 * 80)
    program = (sys.executable, "-m", "pipcacheplus")
    options = ("--index-url", "https://me:hunter2@index.example/simple/", "--no-catalog", "--min-age=0")
    corrupt, partial = seen(program, "verify", *options, cache=broken, cwd=tmp_path)
    for command in (corrupt, partial):
        assert "--min-age 0 --no-catalog" in command
        assert "--index-url https://index.example/simple/ " in command
        assert "hunter2" not in command
    assert shell(partial, cwd=tmp_path).stdout.splitlines()[-1].startswith("Entries removed: 2, ")


def test_of_what_was_asked_for_nothing_else_goes(broken: Cache, tmp_path: Path) -> None:
    broken.built_wheel("demo_worse", content=b"PK\x03\x04 no wheel")
    (command,) = seen((sys.executable, "-m", "pipcacheplus"), "verify", "demo-worse", cache=broken, cwd=tmp_path)
    assert " remove wheels/" in command
    assert shell(command, cwd=tmp_path).returncode == 0
    left = [path for path in tree(broken.path) if path.endswith(".whl")]
    assert len(left) == 2
    assert not any("demo_worse" in path for path in left)


def test_what_was_moved_to_the_trash_comes_back_by_the_command_that_is_printed(broken: Cache, tmp_path: Path) -> None:
    before = tree(broken.path)
    purge = ("purge", "--yes", "--trash", "--exclusive", "--min-age=0")
    (command,) = seen((sys.executable, "-m", "pipcacheplus"), *purge, cache=broken, cwd=tmp_path)
    assert tree(broken.path) != before
    done = shell(command, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(broken.path) == before


def test_the_commands_of_info_run(broken: Cache, tmp_path: Path) -> None:
    env = {**os.environ, "PIP_CACHE_DIR": str(broken.path), "XDG_STATE_HOME": str(tmp_path / "state")}
    out = run([sys.executable, "-m", "pipcacheplus", "info"], env=env, cwd=tmp_path).stdout
    (line,) = [line for line in out.partition("To reclaim")[2].splitlines() if "prune --partial" in line]
    command = line.strip().partition("  ")[2]
    assert shell(command, cwd=tmp_path).stdout.splitlines()[-1].startswith("Entries removed: 1, ")


def started(*original: str, own: int = 1, **more: Any) -> Started:  # noqa: ANN401 - any field
    """Return how a script was started, with as many arguments of its own."""
    at = len(original) - own
    given = {"module": None, "executable": "/usr/bin/python3", "environ": {"PATH": ""}, **more}
    return Started(argv=[original[at - 1], *original[at:]], original=original, **given)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (
            started("/opt/py", "-I", "-m", "pipcacheplus", "verify", module="pipcacheplus.__main__"),
            "/opt/py -I -m pipcacheplus",
        ),
        (
            started("python", "-m", "pipcacheplus", module="pipcacheplus.__main__", own=0),
            "/usr/bin/python3 -m pipcacheplus",
        ),
        (started("python", "-m", "pytest", "tests", module="pytest.__main__"), "/usr/bin/python3 -m pipcacheplus"),
        (started("python", "mine.py"), "/usr/bin/python3 -m pipcacheplus"),
        (
            started("python", "/none/pipcacheplus.pyz", "list", module="__main__"),
            "/usr/bin/python3 /none/pipcacheplus.pyz",
        ),
        (started("", own=0), "/usr/bin/python3 -m pipcacheplus"),
    ],
)
def test_what_is_not_found_in_path_is_named_in_full(how: Started, words: str) -> None:
    assert " ".join(program_words(how)) == words


@pytest.mark.parametrize(
    ("parent", "words"),
    [
        ("/b/uv tool uvx --from /src pipcacheplus verify", "/b/uv tool run --from /src pipcacheplus"),
        ("/b/uv run python -m pipcacheplus verify", "/b/uv run python -m pipcacheplus"),
        ("/b/uv tool uvx --from git+https://me:hunter2@host.example/x pipcacheplus verify", None),
        ("make verify", None),
        ("/b/uv run other", None),
        ("", None),
    ],
)
def test_what_uv_runs_is_run_by_uv_again(parent: str, words: str | None, tmp_path: Path) -> None:
    script = str(made(tmp_path / "archive" / "bin"))
    environ = {"UV": "/b/uv", "PATH": str(tmp_path / "archive" / "bin")}
    how = started("/b/python", script, "verify", environ=environ, parent=parent.split)
    assert " ".join(program_words(how)) == (words or script)
