"""An environment of a real pip in which one NumPy takes the place of another."""

from dataclasses import replace
from pathlib import Path

from tests.support import processes
from tests.support.pips import Pip

__all__ = ["WithNumpy", "with_numpy"]


class WithNumpy:
    """The environment; `pip` is its pip, and `headers` a folder with the headers of its NumPy."""

    def __init__(self, pip: Pip, site: Path, headers: Path, numpys: dict[str, Path]) -> None:
        """Take what `with_numpy` made."""
        self.pip = pip
        self.headers = headers
        self._site = site
        self._numpys = numpys

    def use(self, version: str) -> None:
        """Have this NumPy installed, and be built with its headers."""
        for other in self._site.glob("numpy*"):
            other.unlink()
        for part in self._numpys[version].glob("numpy*"):
            (self._site / part.name).symlink_to(part)
        self.headers.unlink(missing_ok=True)
        (found,) = self._numpys[version].glob("numpy/*core/include")
        self.headers.symlink_to(found)


def with_numpy(folder: Path, pip: Pip, unpacked_pip: Path, numpys: dict[str, Path]) -> WithNumpy:
    """Make an environment of its own for a pip, still without a NumPy.

    Args:
        folder: Where the environment and the link to the headers go.
        pip: Whose interpreter it is.
        unpacked_pip: A directory with the pip.
        numpys: Directories with an unpacked NumPy each, by version.
    """
    environment = folder / "env"
    processes.run((pip.python, "-m", "venv", "--without-pip", str(environment)), is_checked=True)
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "pip.pth").write_text(f"{unpacked_pip}\n", encoding="utf-8")
    python = str(environment / "bin" / "python")
    return WithNumpy(replace(pip, python=python), site, folder / "include", numpys)
