"""Symptoms of old pips: they hang, cannot read what newer ones write, and do not ask for pages."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import entry_path, page_key
from tests.support import artefacts, processes
from tests.support.builders import Cache
from tests.support.certificates import make_certificate
from tests.support.drill import IS_DRILL
from tests.support.pips import Pip, give_up
from tests.support.pythons import find_python
from tests.support.server import IndexServer
from tests.symptoms.page import symptom
from tests.symptoms.scene import PipOf, Scene, UnpackedPipOf

HANGS = symptom("hangs")
UNREADABLE = symptom("deserialization failed")
OLDER = symptom("older version")
REDIRECTS = symptom("30 redirects")
FILE = "demo_lib-1.1-py2.py3-none-any.whl"

_DUMP = """
import faulthandler, runpy
faulthandler.dump_traceback_later(1, repeat=True)
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""Runs pip, and prints where it is once a second."""
_ENOUGH = 3
"""So many times in a row at the same place means that it hangs there."""
_GONE = 4_000_001
"""No process has this number."""


class ByName(IndexServer):
    """An index that is asked by name, as its certificate has it: these pips store only what comes by TLS."""

    @property
    def url(self) -> str:
        """The URL with the name."""
        return f"https://localhost:{self.port}"


@pytest.fixture
def scene(pip_of: PipOf, demo_files: tuple[Path, ...], tmp_path: Path) -> Iterator[Scene]:
    certificate = make_certificate(tmp_path, "localhost") or give_up("openssl is not here")
    with ByName(demo_files, certificate=certificate) as index:
        scene = Scene(pip_of("18.1", "3.6"), index, tmp_path)
        scene.options = ("--cert", str(certificate), "--no-deps")
        yield scene


@pytest.fixture
def older(scene: Scene, unpacked_pip_of: UnpackedPipOf) -> Scene:
    """Return the same scene with a pip that is older still."""
    python = find_python("2.7") or give_up("Python 2.7 is not here")
    pip = Pip(version="9.0.3", python=python, interpreter="2.7", home=scene.pip.home)
    found = replace(scene, pip=pip, variables={"PYTHONPATH": str(unpacked_pip_of("9.0.3"))})
    found.cache = scene.cache
    return found


def test_an_old_pip_cannot_read_what_a_newer_one_writes_and_is_cured_by_its_own_writing(
    scene: Scene, older: Scene
) -> None:
    said = UNREADABLE.message("9.0.3")
    assert scene.install("demo-lib").code == 0
    scene.heal(UNREADABLE)
    sick = older.install("demo-lib", target=scene.folder / "older")
    assert sick.code == 0
    assert said.is_in(sick.out)  # the command does not help: nothing is damaged
    assert not said.is_in(older.install("demo-lib", target=scene.folder / "older-still").out)


def test_an_old_pip_does_not_ask_for_a_page_and_is_cured(scene: Scene, older: Scene) -> None:
    assert older.install("demo-lib").code == 0
    scene.index.add(artefacts.wheel(scene.folder / "newer", "demo-lib", "1.2", tag="py2.py3-none-any"))
    scene.index.clear_requests()
    assert "Successfully installed demo-lib-1.1" in older.install("demo-lib").out
    assert scene.index.requests == ()
    older.heal(OLDER, project="demo-lib")
    assert "Successfully installed demo-lib-1.2" in older.install("demo-lib").out


def test_an_old_pip_that_hangs_by_a_lock_of_a_killed_one_is_cured(scene: Scene) -> None:
    page = entry_path(Area.HTTP, page_key(scene.index.page_url("demo-lib")))
    Cache(scene.cache).lock_directory(page, host=socket.gethostname(), pid=_GONE)
    words = ("--cache-dir", str(scene.cache), "install", "--index-url", scene.index.index_url, "demo-lib")
    command = (scene.pip.python, "-u", "-c", _DUMP, "--isolated", *words, *scene.options)
    given = {"PATH": os.defpath, "HOME": scene.pip.home, "PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "*"}
    waiting = 0
    with processes.started(command, env=given, cwd=scene.folder) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            waiting += "lockfile" in line and " in acquire" in line
            if waiting == _ENOUGH:
                break
        process.kill()
        said = process.stdout.read()
    assert waiting == _ENOUGH
    assert HANGS.message("18.1").is_in(said)
    assert said.splitlines()[-1].startswith("Collecting demo-lib")
    scene.heal(HANGS)
    well = scene.install("demo-lib")
    assert well.code == 0, well.out


@pytest.mark.skipif(not IS_DRILL, reason="newer pips do the same; `nox -s drill-symptoms` does it")
@pytest.mark.parametrize("which", ["18.1", "9.0.3"])
def test_a_circle_of_redirects_is_cured_for_an_old_pip(scene: Scene, older: Scene, which: str) -> None:
    one = older if which == "9.0.3" else scene
    there, elsewhere = scene.index.path_of(FILE), f"/elsewhere/{FILE}"
    scene.index.redirect(there, scene.index.url + elsewhere)
    scene.index.redirect(elsewhere, scene.index.url + there)
    assert one.install("demo-lib").code != 0
    scene.index.restore(there)
    sick = one.install("demo-lib")
    assert sick.code != 0
    assert REDIRECTS.message(which).is_in(sick.out)
    one.heal(REDIRECTS)
    assert one.install("demo-lib").code == 0
