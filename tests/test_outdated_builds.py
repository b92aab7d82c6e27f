"""Outdated builds from the outside: a real pip builds, a library changes, the import fails, and works after a prune."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.host.loader import why_libraries_may_come
from tests.support import artefacts, processes
from tests.support.drill import IS_DRILL
from tests.support.libraries import CODE, NUMPY_CODE, compile_library
from tests.support.numpys import with_numpy
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS
from tests.support.server import IndexServer

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only wheels in ELF are judged")

PipOf = Callable[[str, str], Pip]
PYTHON = "3.11"


class Home:
    """A cache, an index with one sdist whose extension is linked with `libdemo`, and a pip."""

    def __init__(self, folder: Path, pip: Pip) -> None:
        self.folder = folder
        self.pip = pip
        self.cache = folder / "cache"
        self.libraries = folder / "lib"

    def install(self, index: IndexServer) -> str | None:
        """Install anew from the cache, if it has what is needed; return what the import said that failed."""
        target = self.folder / f"site-{len(list(self.folder.glob('site-*')))}"
        self.pip.run(*("install", "--target", str(target), "demo-linked"), cache_dir=self.cache, index=index.index_url)
        ask = f"import sys; sys.path.insert(0, {str(target)!r}); import _demo_linked; print(_demo_linked.answer())"
        done = processes.run((self.pip.python, "-c", ask))
        return done.stderr.strip().rpartition("\n")[2] if done.returncode else None

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run the command as a user does; return its JSON."""
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state")}
        options = ("--cache-dir", str(self.cache), "--python", self.pip.python, "--format", "json")
        done = processes.run([*PIPCACHEPLUS, *arguments, *options], env=environment, is_checked=True)
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def prune(self) -> list[str]:
        """Return the reasons for what went."""
        # Where modules may supply what is missing, more has to be asked for.
        word = "--outdated-builds" if why_libraries_may_come(os.environ) is None else "--outdated-builds=strict"
        return [reason for action in self.run("prune", word, "--exclusive")["actions"] for reason in action["reasons"]]


@pytest.fixture
def home(pip_of: PipOf, tmp_path: Path) -> Home:
    reason = artefacts.why_no_compiler()
    if reason is not None:
        pytest.skip(reason)
    return Home(tmp_path, pip_of(NEWEST, PYTHON))


WheelOf = Callable[[str, str, str], Path]
OLD, NEW = "1.26.4", "2.2.0"


@pytest.mark.skipif(not IS_DRILL, reason="half a minute; `nox -s drill-builds` does it")
@pytest.mark.parametrize(
    ("before", "after", "flags", "says"),
    [
        (OLD, NEW, (), "numpy.core.multiarray failed to import"),
        (NEW, OLD, ("-DNPY_TARGET_VERSION=NPY_2_0_API_VERSION",), "numpy._core.multiarray failed to import"),
    ],
)
def test_a_wheel_is_built_anew_after_a_prune_once_numpy_has_another_abi(
    home: Home,
    unpacked_pip_of: Callable[[str], Path],
    unpacked_wheel_of: WheelOf,
    before: str,
    after: str,
    flags: tuple[str, ...],
    says: str,
) -> None:
    numpys = {version: unpacked_wheel_of("numpy", version, PYTHON) for version in (OLD, NEW)}
    environment = with_numpy(home.folder, home.pip, unpacked_pip_of(NEWEST), numpys)
    one = Home(home.folder, environment.pip)
    sdist = artefacts.extension_sdist(
        home.folder / "made", "demo-linked", code=NUMPY_CODE, flags=(f"-I{environment.headers}", *flags)
    )
    with IndexServer((sdist,)) as index:
        environment.use(before)
        assert one.install(index) is None
        assert one.prune() == []
        environment.use(after)
        assert says in str(one.install(index))
        assert one.prune() == ["built-wheel-outdated"]
        assert one.install(index) is None
        assert one.prune() == []


def sdist(home: Home) -> Path:
    flags = (f"-L{home.libraries}", "-ldemo", f"-Wl,-rpath,{home.libraries}")
    return artefacts.extension_sdist(home.folder / "made", "demo-linked", code=CODE, flags=flags)


def test_a_wheel_is_built_anew_after_a_prune_once_a_library_that_it_needs_is_gone(home: Home) -> None:
    old = compile_library(home.libraries, "demo", 1, answer=1)
    with IndexServer((sdist(home),)) as index:
        assert home.install(index) is None
        assert home.prune() == []
        old.unlink()
        compile_library(home.libraries, "demo", 2, answer=2)
        assert "libdemo.so.1" in str(home.install(index))
        assert home.prune() == ["built-wheel-outdated"]
        assert home.install(index) is None
        assert home.prune() == []


def test_a_wheel_is_built_anew_after_a_prune_once_a_library_has_only_older_symbols(home: Home) -> None:
    compile_library(home.libraries, "demo", 1, answer=2, versions=("DEMO_1", "DEMO_2"))
    with IndexServer((sdist(home),)) as index:
        assert home.install(index) is None
        assert home.prune() == []
        compile_library(home.libraries, "demo", 1, answer=1, versions=("DEMO_1",))
        assert "DEMO_2" in str(home.install(index))
        assert home.prune() == ["built-wheel-outdated"]
        assert home.install(index) is None
        assert home.prune() == []
