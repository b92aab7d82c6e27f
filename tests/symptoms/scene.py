"""A pip, its cache and an index: here a test makes a symptom appear, and follows the page."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipcacheplus import Entry, Kind, PipCache
from pipcacheplus.pips.layout import body_path
from tests.support import processes
from tests.support.builders import DAY_S, tree
from tests.support.pips import Pip, set_back
from tests.support.server import IndexServer
from tests.symptoms.page import Symptom

__all__ = ["PROJECT", "PipOf", "Said", "Scene", "SceneOf", "UnpackedPipOf"]

PROJECT = "PROJECT"
"""Stands in a command line of the page for the name of a project."""
_REMOVING = frozenset({"prune", "remove"})
_KEPT = ("PATH", "PYTHONPATH", "TMPDIR", "SYSTEMROOT")


@dataclass
class Scene:
    """One pip that installs over and over from one cache, as its user does who follows the page."""

    pip: Pip
    index: IndexServer
    folder: Path
    cache: Path = field(init=False)
    """The cache directory."""
    variables: dict[str, str] = field(default_factory=dict)
    """Of pip, besides those that every run has."""
    options: tuple[str, ...] = ()
    """Of every install."""
    activated: Path | None = None
    """The environment whose programs the user's shell finds first; none if not given."""
    _runs: int = 0

    def __post_init__(self) -> None:
        """Name a cache that does not exist yet."""
        self.cache = self.folder / "cache"

    def install(self, *words: str, target: Path | None = None, env: Mapping[str, str] | None = None) -> "Said":
        """Install into a new folder with pip itself."""
        self._runs += 1
        into = target or self.folder / f"target-{self._runs}"
        done = self.pip.run(
            *("install", "--target", str(into), *self.options, *words),
            cache_dir=self.cache,
            index=self.index.index_url,
            is_checked=False,
            env={**self.variables, **(env or {})},
        )
        return Said(done.returncode, f"{done.stdout}\n{done.stderr}", into)

    def follow(self, line: str, *, project: str | None = None, is_checked: bool = True) -> str:
        """Run a command line of the page in a shell, and return what it prints.

        Args:
            line: As it stands on the page.
            project: What the user puts in the place of `PROJECT`.
            is_checked: Whether another exit code than 0 fails the test.
        """
        if project is not None:
            assert PROJECT in line
            line = line.replace(PROJECT, project)
        assert PROJECT not in line
        words = line.split()
        if words[:3] == ["python", "-m", "pipcacheplus"] and words[3] in _REMOVING:
            line += " --exclusive"  # other pips may run on this machine: they use other caches
        done = processes.run(("sh", "-c", line), env=self._environ(), cwd=self.folder)
        assert not is_checked or done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return f"{done.stdout}\n{done.stderr}"

    def heal(self, symptom: Symptom, *, project: str | None = None) -> str:
        """Look first, which changes nothing, then run the cure of the page; return what that prints."""
        if symptom.look is not None:
            before = tree(self.cache)
            self.follow(symptom.look, project=project)
            assert tree(self.cache) == before
        return self.follow(symptom.cure, project=project)

    def age(self) -> None:
        """Make the cache three days older, so that nothing in it is young enough to be still written by a pip."""
        set_back(self.cache, 3 * DAY_S)

    def entry(self, kind: Kind, project: str) -> Entry:
        """Return the one entry of a kind and project."""
        cache = PipCache(self.cache, index_urls=[self.index.index_url])
        (found,) = (one for one in cache.entries() if one.kind is kind and one.project == project)
        return found

    def content(self, kind: Kind, project: str) -> Path:
        """Return the file with the content of an entry."""
        main = self.entry(kind, project).id
        body = self.cache / body_path(main)
        return body if body.exists() else self.cache / main

    def metadata_file(self, kind: Kind, project: str) -> Path:
        """Return the file with status and headers of a response; up to pip 23.2 it has the content as well."""
        return self.cache / self.entry(kind, project).id

    def _environ(self) -> dict[str, str]:
        shims = self.folder / "bin"
        if not shims.exists():
            shims.mkdir()
            (shims / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
            (shims / "python").chmod(0o755)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state"), "LANG": "C.UTF-8"}
        own |= {"PIP_CONFIG_FILE": os.devnull, "PIP_CACHE_DIR": str(self.cache), "PIP_NO_INDEX": "1"}
        first = [] if self.activated is None else [str(self.activated / "bin")]
        own["PATH"] = os.pathsep.join([str(shims), *first, kept.get("PATH", os.defpath)])
        return {**kept, **own}


@dataclass(frozen=True)
class Said:
    """What a pip did."""

    code: int
    out: str
    """Both streams."""
    target: Path


PipOf = Callable[[str, str], Pip]
SceneOf = Callable[[str, str], Scene]
"""From the versions of a pip and its Python to a scene with an empty cache."""
UnpackedPipOf = Callable[[str], Path]
