"""The machine of a CI job: few variables, a home, a `python`, and a cache with something to find."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pipcacheplus
from tests.support import artefacts, processes
from tests.support.builders import Cache

__all__ = ["TOP", "Machine", "assigned", "without_installs"]

TOP = Path(__file__).parents[2]
_NOT_RUN = re.compile(r"-m (?:pip|venv|pytest)\b")
_URL = "https://files.example/"


def assigned(file: Path) -> dict[str, str]:
    """Return what a file of outputs assigns, read as GitHub's runner does: up to the line that is the delimiter."""
    found: dict[str, str] = {}
    lines = iter(file.read_text(encoding="utf-8", errors="surrogateescape").split("\n"))
    for line in lines:
        if line:
            name, _, end = line.partition("<<")
            value = []
            while (part := next(lines)) != end:
                value.append(part)
            found[name] = "\n".join(value)
    return found


def without_installs(script: str) -> tuple[str, ...]:
    """Return the commands of a script that need no index and no project: those of pipcacheplus."""
    joined = script.replace("\\\n", " ")
    commands = [part.strip() for line in joined.splitlines() for part in line.split("&&")]
    return tuple(command for command in commands if command and not _NOT_RUN.search(command))


class Machine:
    """A home in which `python` is the one that runs the tests, and what is started there."""

    def __init__(self, folder: Path) -> None:
        """Make the home, and the directory of programs."""
        self.home = folder / "home"
        self.temporary = folder / "temporary"
        self.home.mkdir()
        self.temporary.mkdir()
        self._programs = folder / "programs"
        self._folder = folder
        self.python_at(self._programs / "python")

    def python_at(self, path: Path) -> None:
        """Make a program that is this interpreter; a link would be one outside of its environment."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
        path.chmod(0o755)

    def cache(self, path: Path | None = None) -> Cache:
        """Make a cache with a sound wheel, a cut one and a leftover, in a directory or where pip has its own."""
        made = Cache(path or self.home / ".cache" / "pip")
        made.path.mkdir(parents=True, exist_ok=True)
        wheel = artefacts.wheel(self._folder, "demo", "1.0").read_bytes()
        made.http_v2(f"{_URL}sound", wheel)
        made.http_v2(f"{_URL}cut", wheel[: len(wheel) // 2])
        made.http_v2(f"{_URL}half", b"x", has_head=False)
        return made

    def install_tool(self) -> None:
        """Put the tool where an earlier step of the action would have installed it."""
        folder = self.temporary / f"pipcacheplus-{sys.implementation.cache_tag}"
        folder.mkdir()
        (folder / "installed").touch()
        (folder / "pipcacheplus").symlink_to(Path(pipcacheplus.__file__).parent)

    def run(
        self,
        script: str | Iterable[str],
        variables: Mapping[str, str],
        *,
        interpreter: str = "bash",
        cwd: Path | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a script, which ends with its first command that fails, with these variables and nearly no others."""
        text = script if isinstance(script, str) else "\n".join(script)
        environment = {
            "HOME": str(self.home),
            "PATH": f"{self._programs}:/usr/bin:/bin",
            "XDG_STATE_HOME": str(self.home / ".local" / "state"),
            "PIP_CONFIG_FILE": os.devnull,
            **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
            **variables,
        }
        return processes.run([interpreter, "-e", "-c", text], env=environment, cwd=cwd or self.home)
