"""Machines of files alone: interpreters that are none, but lie where Pythons do, and environments made of them."""

import os
from collections.abc import Mapping
from pathlib import Path

from pipcacheplus.host.python_candidates import Surroundings

__all__ = ["MadeMachine"]


class MadeMachine:
    """A folder with a home, a search path, and places of the system."""

    def __init__(self, folder: Path) -> None:
        """Make the home and a folder that is on the search path."""
        self.folder = folder
        self.home = folder / "home"
        self.bin = folder / "bin"
        self.home.mkdir(parents=True)
        self.bin.mkdir()

    def program(self, path: str, text: str = "\x7fELF", *, mode: int = 0o755) -> str:
        """Write a program, and return its path: below the folder of the machine, if it is relative."""
        real = self.folder / path
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_text(text, encoding="utf-8")
        real.chmod(mode)
        return str(real)

    def link(self, path: str, target: str) -> str:
        """Make a link, and return its path."""
        real = self.folder / path
        real.parent.mkdir(parents=True, exist_ok=True)
        real.symlink_to(target)
        return str(real)

    def environment(self, path: str, base: str, *, version: str = "3.9.7", pip: str | None = None) -> str:
        """Make a virtual environment of a Python, and return the path of its interpreter."""
        python = self.link(f"{path}/bin/python", base)
        settings = f"home = {os.path.dirname(base)}\nversion = {version}\n"
        (self.folder / path / "pyvenv.cfg").write_text(settings, encoding="utf-8")
        if pip is not None:
            minor = ".".join(version.split(".")[:2])
            self.program(f"{path}/lib/python{minor}/site-packages/pip/__init__.py", f'__version__ = "{pip}"\n')
        return python

    def surroundings(
        self,
        *,
        running: str = "",
        platform: str = "linux",
        environ: Mapping[str, str] | None = None,
        registered: tuple[str, ...] = (),
        environments: tuple[str, ...] = (),
    ) -> Surroundings:
        """Return where its Pythons may lie."""
        return Surroundings(
            environ={"PATH": str(self.bin), **(environ or {})},
            home=str(self.home),
            platform=platform,
            executable=running,
            root=str(self.folder),
            registered=registered,
            environments=environments,
        )
