"""A pip that is not released yet writes nothing unknown: `nox -s next-pip -- FOLDER` runs this with that of a checkout.

Without one, it runs with the newest pip of `tests/support/pips.py`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import artefacts
from tests.support.builders import Cache
from tests.support.filled import fill
from tests.support.inherited import MACHINE
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS, run
from tests.support.server import IndexServer

GIVEN = os.environ.get("PIPCACHEPLUS_PIP")
"""What that pip installs itself from: a folder, or any requirement."""
KNOWN = {"built-wheel", "index-page", "links-page", "metadata", "redirect", "response", "sdist", "selfcheck", "wheel"}
"""Kinds of entries that a pip which was not interrupted leaves."""


@pytest.fixture
def given_pip(request: pytest.FixtureRequest, tmp_path: Path) -> Pip:
    """Return the pip that was passed, in an environment of its own."""
    if GIVEN is None:
        pip_of: Callable[[str, str], Pip] = request.getfixturevalue("pip_of")
        return pip_of(NEWEST, "3.13")
    place = tmp_path / "environment"
    (place / "home").mkdir(parents=True)
    run((sys.executable, "-m", "venv", str(place / "venv")), is_checked=True)
    python = str(place / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    install = (python, "-m", "pip", "install", "--quiet", "--upgrade", GIVEN)
    # The settings of this machine say which registry has what that pip is built with.
    subprocess.run(install, check=True, timeout=250, env=MACHINE, stdin=subprocess.DEVNULL)
    version = run((python, "-m", "pip", "--version"), is_checked=True).stdout.split()[1]
    interpreter = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Pip(version=version, python=python, interpreter=interpreter, home=str(place / "home"))


def document(*words: str, cache: Path, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Run a command on a cache, and return its JSON."""
    environment = {**os.environ, "XDG_STATE_HOME": str(cache.parent / "state")}
    done = run((*PIPCACHEPLUS, *words, "--cache-dir", str(cache), "--format", "json"), env=environment)
    assert done.returncode in codes, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def unknown_in(cache: Path) -> list[str]:
    """Return a line for each file and each finding that no release of pip accounts for."""
    entries = document("list", cache=cache)["entries"]
    lines = [f"{entry['kind']}: {path}" for entry in entries if entry["kind"] not in KNOWN for path in entry["paths"]]
    listed = {path for entry in entries for path in entry["paths"]}
    files = {path.relative_to(cache).as_posix() for path in cache.rglob("*") if not path.is_dir()}
    lines += [f"in no entry: {path}" for path in sorted(files - listed)]
    verified = document("verify", cache=cache, codes=(0, 3))
    lines += [f"{finding['check']}: {finding['message']}" for finding in verified["findings"]]
    return lines


@pytest.mark.pips
def test_all_that_the_given_pip_writes_is_known_and_sound(
    given_pip: Pip, index: IndexServer, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("pip", given_pip.version)
    cache = tmp_path / "cache"
    has_extension = artefacts.why_no_compiler() is None
    (tmp_path / "scratch").mkdir()
    fill(given_pip, cache, index.index_url, tmp_path / "scratch", has_extension=has_extension)
    assert unknown_in(cache) == []
    entries = document("list", cache=cache)["entries"]
    assert {"built-wheel", "index-page", "sdist", "selfcheck", "wheel"} <= {entry["kind"] for entry in entries}
    assert {entry["project"] for entry in entries if entry["kind"] in {"wheel", "sdist"}} > {"demo-app", "demo-source"}
    built = given_pip.run("cache", "list", "--format", "abspath", cache_dir=cache).stdout.split()
    ours = [path for entry in entries if entry["kind"] == "built-wheel" for path in entry["paths"]]
    assert {os.path.realpath(path) for path in built} == {
        os.path.realpath(cache / path) for path in ours if path.endswith(".whl")
    }


@pytest.mark.pips
def test_what_the_given_pip_would_not_use_again_is_found_and_it_installs_after_a_prune(
    given_pip: Pip, index: IndexServer, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    options = ("--quiet", "--target", str(tmp_path / "installed"), "--upgrade")
    given_pip.run("install", *options, "demo-lib", cache_dir=cache, index=index.index_url)
    (wheel,) = [entry for entry in document("list", cache=cache)["entries"] if entry["kind"] == "wheel"]
    body = cache / wheel["paths"][-1]
    content = bytearray(body.read_bytes())
    content[content.index(b"PK\3\4") + 60] ^= 0x55
    body.write_bytes(content)
    again = ("install", *options, "demo-lib")
    assert given_pip.run(*again, cache_dir=cache, index=index.index_url, is_checked=False).returncode
    assert any(line.startswith("body-digest-mismatch: ") for line in unknown_in(cache))
    document("prune", "--corrupt", "--exclusive", cache=cache)
    given_pip.run(*again, cache_dir=cache, index=index.index_url)


def test_a_file_that_no_pip_writes_is_in_the_list_of_unknown_ones(cache: Cache) -> None:
    cache.built_wheel("demo")
    assert unknown_in(cache.path) == []
    notes = cache.foreign()
    cache.http_v2("https://files.example/half", b"x", has_head=False)
    kinds = {line.partition(":")[0] for line in unknown_in(cache.path)}
    assert f"foreign: {notes}" in unknown_in(cache.path)
    assert "leftover" in kinds
