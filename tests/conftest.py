"""What tests ask for by name: caches built by hand, an index, real pips, caches that real pips filled."""

import functools
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support import artefacts
from tests.support.builders import Cache
from tests.support.filled import Filled, fill
from tests.support.inherited import IGNORED, default_signals_for_children, without_settings
from tests.support.owners import home_of_somebody
from tests.support.pips import (
    GENERATIONS,
    Pip,
    UnavailableError,
    give_up,
    pip_environment,
    set_back,
    unpacked_pip,
    unpacked_wheel,
)
from tests.support.server import IndexServer

_DAY_S = 86_400
_PIP_FIXTURES = frozenset({"filled_cache", "pip_of", "unpacked_pip_of", "unpacked_wheel_of"})


def pytest_configure(config: pytest.Config) -> None:
    """Put right what was inherited of signals; to the processes of pytest-xdist, the first one says what that is."""
    default_signals_for_children(getattr(config, "workerinput", {}).get("ignored", IGNORED))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - a class of pytest-xdist, which need not be there
    """Tell a process of pytest-xdist what this one ignores."""
    node.workerinput["ignored"] = IGNORED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run real pips, by the fixtures they ask for."""
    for item in items:
        if _PIP_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("pips")


@pytest.fixture(scope="session", autouse=True)
def _settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the settings and the state of this machine's user out of all tests."""
    with without_settings(str(tmp_path_factory.mktemp("state"))):
        yield


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Return an empty cache to build in."""
    return Cache(tmp_path / "cache")


@pytest.fixture
def theirs() -> Iterator[Cache]:
    """Return an empty cache to build in, and to give away to another user."""
    with home_of_somebody() as home:
        yield Cache(home / "cache")


@pytest.fixture(scope="session")
def demo_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Make the wheels and source distributions that the index offers."""
    folder = tmp_path_factory.mktemp("demo")
    return (
        artefacts.wheel(folder, "demo-app", "1.0", requires=["demo-lib>=1", "demo-source"]),
        artefacts.wheel(folder, "demo-lib", "1.0", tag="py2.py3-none-any"),
        artefacts.wheel(folder, "demo-lib", "1.1", tag="py2.py3-none-any"),
        artefacts.sdist(folder, "demo-source", "2.0"),
        artefacts.wheel(folder, "demo-tool", "0.5"),
        artefacts.sdist(folder, "demo-tool", "0.5"),
        artefacts.extension_sdist(folder, "demo-ext", "1.0"),
        artefacts.wheel(folder, "pip", "99.0"),
    )


@pytest.fixture
def index(demo_files: tuple[Path, ...]) -> Iterator[IndexServer]:
    """Run an index of one's own that offers the demo files."""
    with IndexServer(demo_files) as server:
        yield server


@pytest.fixture(scope="session")
def _shared_index(demo_files: tuple[Path, ...]) -> Iterator[IndexServer]:
    with IndexServer(demo_files) as server:
        yield server


@pytest.fixture(scope="session")
def _pips(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where pips are kept from run to run; for this run only if pytest keeps nothing, or must not."""
    kept = getattr(request.config, "cache", None)
    if kept is not None:
        with suppress(OSError):
            return Path(kept.mkdir("pips"))
    return tmp_path_factory.mktemp("pips")


@pytest.fixture(scope="session")
def unpacked_pip_of(_pips: Path) -> Callable[[str], Path]:
    """Return a function from a version to a directory with that pip, for any interpreter: 2.7 has no environments.

    As `pip_of`, it skips or fails the test if there is none.
    """

    @functools.cache
    def look(version: str) -> Path | UnavailableError:
        try:
            return unpacked_pip(version, _pips)
        except UnavailableError as error:
            return error

    def unpacked_pip_of(version: str) -> Path:
        found = look(version)
        return found if isinstance(found, Path) else give_up(f"pip {version}: {found}")

    return unpacked_pip_of


@pytest.fixture(scope="session")
def unpacked_wheel_of(_pips: Path) -> Callable[[str, str, str], Path]:
    """Return a function from a project, a version and a Python ("3.11") to a directory with its wheel unpacked.

    As `pip_of`, it skips or fails the test if there is none.
    """

    def unpacked_wheel_of(name: str, version: str, interpreter: str) -> Path:
        try:
            return unpacked_wheel(name, version, interpreter, _pips)
        except UnavailableError as error:
            give_up(str(error))

    return unpacked_wheel_of


@pytest.fixture(scope="session")
def pip_of(_pips: Path) -> Callable[[str, str], Pip]:
    """Return a function from pip's and Python's version to a pip that runs; it skips the test if there is none.

    With `PIPCACHEPLUS_REQUIRE_PIPS` set the test fails instead.
    """

    @functools.cache  # a registry that does not answer costs a minute: it is asked once for each pip
    def look(version: str, interpreter: str) -> Pip | UnavailableError:
        try:
            return pip_environment(version, interpreter, _pips)
        except UnavailableError as error:
            return error

    def pip_of(version: str, interpreter: str) -> Pip:
        found = look(version, interpreter)
        if isinstance(found, UnavailableError):
            give_up(f"pip {version} under Python {interpreter}: {found}")
        return found

    return pip_of


@pytest.fixture(scope="session")
def _filled(
    pip_of: Callable[[str, str], Pip], _shared_index: IndexServer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Filled]:
    made: dict[str, Filled] = {}
    has_extension = artefacts.why_no_compiler() is None

    def filled(generation: str) -> Filled:
        if generation not in made:
            folder = tmp_path_factory.mktemp(f"filled-{generation}")
            pips = tuple(pip_of(version, interpreter) for version, interpreter in GENERATIONS[generation])
            for number, pip in enumerate(pips):
                scratch = folder / str(number)
                scratch.mkdir()
                fill(pip, folder / "cache", _shared_index.index_url, scratch, has_extension=has_extension)
            made[generation] = Filled(
                path=folder / "cache", pips=pips, index=_shared_index, has_extension=has_extension
            )
        return made[generation]

    return filled


@pytest.fixture
def filled_cache(_filled: Callable[[str], Filled], tmp_path: Path) -> Callable[[str], Filled]:
    """Return a function from a name in `pips.GENERATIONS` to a copy of the cache that those pips filled.

    All files and directories are three days older than they are, so that no period of grace hides anything.
    """

    def copy(generation: str) -> Filled:
        filled = _filled(generation)
        target = tmp_path / f"cache-{generation}"
        shutil.copytree(filled.path, target, symlinks=True)
        set_back(target, 3 * _DAY_S)
        filled.index.clear_requests()
        return Filled(path=target, pips=filled.pips, index=filled.index, has_extension=filled.has_extension)

    return copy
