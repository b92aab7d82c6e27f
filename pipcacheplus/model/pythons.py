"""Interpreters: one with its tags, one that was found, and one of another machine."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["FoundPython", "Interpreter", "Target"]

_LIBC = re.compile(r"-(many|musl)linux_(\d+)_(\d+)_")
_ANY_ABI = re.compile(r"none|abi\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python, with the tags of wheels that it can install."""

    path: str
    """As it was given, made absolute; empty for a target of another machine that pip's options describe."""
    implementation: str
    """`cp`, `pp`."""
    version: tuple[int, int]
    prefix: str
    """`sys.prefix`: its environment."""
    name: str
    """`cp311`: its name in the keys of built wheels (pip 20.0 and later)."""
    tags: frozenset[str]
    """Every wheel tag (`py3-none-any`) that any pip of this interpreter accepts."""
    pip: str | None = None
    """Version of the pip that it would run, `None` if there is none, or it is not known."""
    search_path: tuple[str, ...] = field(default=(), compare=False)
    """Directories in which it looks for packages, absolute; of the running one also those that variables name."""

    @property
    def libc(self) -> str | None:
        """Return the newest C library whose wheels it accepts, `glibc 2.36` or `musl 1.2`; `None` if there is none.

        Source: PEP 600 and PEP 656: a tag names the oldest C library with which the wheel runs.
        """
        found = [(match[1], int(match[2]), int(match[3])) for match in map(_LIBC.search, self.tags) if match]
        if not found:
            return None
        name, major, minor = max(found)
        return f"{'glibc' if name == 'many' else 'musl'} {major}.{minor}"

    @property
    def abi(self) -> str | None:
        """Return its own ABI with its flags, as in tags: `cp311`, `cp36m`, `cp313t`; `None` if no tag has one."""
        return _abi_of(self.name, self.tags)


@lru_cache(maxsize=64)
def _abi_of(name: str, tags: frozenset[str]) -> str | None:
    """Return an ABI as `Interpreter.abi` does; environments of one Python have the same tags, some thousand."""
    own = (tag.split("-") for tag in tags if tag.startswith(f"{name}-"))
    return max((abi for _, abi, _ in own if not _ANY_ABI.fullmatch(abi)), key=len, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPython:
    """A Python that was found, with its tags, or the reason why these are unknown."""

    path: str
    """Absolute; empty for a target that pip's options describe."""
    sources: tuple[str, ...]
    """The place that names it: `running`, `named`, `PATH`, `pyenv`, `uv`, `uv tool`, `pipx`, `conda`, `asdf`, `mise`,
    `framework`, `registry`, `selfcheck`, `base` (the base Python of an environment), `target`."""
    interpreter: Interpreter | None = None
    """Its tags and its pip; `None` if it was not run or gave no answer."""
    reason: str | None = None
    """The reason why it was not run, or gave no answer, as a clause."""
    was_read: bool = False
    """Whether its facts come from files, and from the answer of its base Python."""
    version: str | None = None
    """`3.11`, with a third number if the files have it; `None` if it is not known."""
    pip: str | None = None
    """Version of its pip, `None` if it has none, or it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Python of another machine; values that are not given are those of the running interpreter, as in pip."""

    platforms: tuple[str, ...] = ()
    """As `--platform`: `manylinux2014_x86_64`, `win_amd64`, `macosx_11_0_arm64`."""
    python_version: str | None = None
    """As `--python-version`: `3.11`, `311` or `3`."""
    implementation: str | None = None
    """As `--implementation`: `cp`, `pp`, or `py` for wheels for any implementation."""
    abis: tuple[str, ...] = ()
    """As `--abi`: `cp311`, `abi3`, `none`."""

    def __str__(self) -> str:
        """Return the options of pip that describe it."""
        words = [f"--platform {platform}" for platform in self.platforms]
        words += [f"--python-version {self.python_version}"] if self.python_version else []
        words += [f"--implementation {self.implementation}"] if self.implementation else []
        return " ".join((*words, *(f"--abi {abi}" for abi in self.abis)))
