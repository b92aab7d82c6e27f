"""Built wheels that cannot be imported any more: Python's words, and the cure of the page."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.host.loader import why_libraries_may_come
from tests.support import artefacts, processes
from tests.support.drill import IS_DRILL
from tests.support.libraries import CODE, compile_library
from tests.support.numpys import with_numpy
from tests.support.pips import NEWEST
from tests.support.server import IndexServer
from tests.symptoms.page import Message, Symptom, symptom
from tests.symptoms.scene import PipOf, Scene, UnpackedPipOf

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only wheels in ELF are judged")

OBJECT = symptom("cannot open shared object file")
SYMBOL = symptom("undefined symbol")
NUMPY = symptom("numpy.dtype size changed")
PYTHON = "3.11"
AT_IMPORT = "Python, at the import"
MODULE = "_demo_linked"
OLD_NUMPY, NEW_NUMPY, CYTHON = "1.26.4", "2.2.0", "3.0.11"

_PYX = """\
cdef extern from "numpy/arrayobject.h":
    ctypedef class numpy.dtype [object PyArray_Descr]:
        pass
    int _import_array() except -1
_import_array()
def same(dtype one): return one
"""
"""Uses a type of NumPy as `cimport numpy` does, in words that are the same for all NumPys."""
_HEADER = "extern int answer_{0}(void);\n#define answer answer_{0}\n"


@pytest.fixture(autouse=True)
def _compiler() -> None:
    if reason := artefacts.why_no_compiler():
        pytest.skip(reason)


def imported(scene: Scene) -> str:
    """Install from the cache, if it has what is needed, and return what the import prints, with its errors."""
    said = scene.install("demo-linked")
    assert said.code == 0, said.out
    code = f"import sys; sys.path.insert(0, {str(said.target)!r}); import {MODULE}; print('works')"
    done = processes.run((scene.pip.python, "-c", code))
    assert (done.returncode == 0) == (done.stdout == "works\n")
    return done.stdout + done.stderr


def check(scene: Scene, change: Callable[[], object], symptom: Symptom, said: Message, project: str | None) -> None:
    """Build, change something, see that pip's cached build fails at the import, and that the page cures it."""
    assert imported(scene) == "works\n"
    change()
    sick = imported(scene)
    assert said.is_in(sick), f"{said.lines}\n{sick}"
    if IS_DRILL:
        assert said.is_in(imported(scene))  # so a reinstall changes nothing
    scene.heal(symptom, project=project)
    assert imported(scene) == "works\n"


def linked(folder: Path, code: str) -> Path:
    flags = (f"-I{folder}", f"-L{folder}", "-ldemo", f"-Wl,-rpath,{folder}")
    return artefacts.extension_sdist(folder.parent / "made", "demo-linked", code=code, flags=flags)


def why_not_removed() -> str | None:
    return why_libraries_may_come(os.environ)


@pytest.mark.skipif(bool(why_not_removed()), reason="libraries may come from environment modules here")
@pytest.mark.parametrize("how", ["gone", "older"])
def test_a_library_that_is_gone_or_older_is_cured(pip_of: PipOf, tmp_path: Path, how: str) -> None:
    libraries = tmp_path / "lib"
    versions = ("DEMO_1", "DEMO_2") if how == "older" else ()
    first = compile_library(libraries, "demo", 1, answer=1, versions=versions)

    def change() -> None:
        first.unlink()
        if how == "older":
            compile_library(libraries, "demo", 1, answer=1, versions=versions[:1])
        else:
            compile_library(libraries, "demo", 2, answer=2)

    said = OBJECT.message_of(
        AT_IMPORT if how == "gone" else f"{AT_IMPORT}, after a library was replaced by an older one"
    )
    with IndexServer([linked(libraries, CODE)]) as index:
        check(Scene(pip_of(NEWEST, PYTHON), index, tmp_path), change, OBJECT, said, None)


def test_a_symbol_that_is_gone_is_not_seen_by_the_check_and_is_cured_by_name(pip_of: PipOf, tmp_path: Path) -> None:
    libraries = tmp_path / "lib"
    libraries.mkdir()

    def compile_with(number: int) -> None:
        (libraries / "demo.h").write_text(_HEADER.format(number), encoding="utf-8")
        (libraries / "demo.c").write_text(f"int answer_{number}(void) {{ return 1; }}\n", encoding="utf-8")
        command = ("cc", "-shared", "-fPIC", "demo.c", "-o", "libdemo.so", "-Wl,-soname,libdemo.so")
        subprocess.run(command, cwd=libraries, check=True, timeout=60)

    compile_with(1)
    code = CODE.replace("extern int answer(void);", '#include "demo.h"')

    with IndexServer([linked(libraries, code)]) as index:
        scene = Scene(pip_of(NEWEST, PYTHON), index, tmp_path)

        def change() -> None:
            compile_with(2)
            scene.follow(OBJECT.cure)  # finds nothing: the page says so

        check(scene, change, SYMBOL, SYMBOL.message_of(AT_IMPORT), "demo-linked")


@pytest.mark.skipif(not IS_DRILL, reason="half a minute; `nox -s drill-builds` does it")
def test_a_build_for_another_numpy_is_cured(
    pip_of: PipOf, unpacked_pip_of: UnpackedPipOf, unpacked_wheel_of: Callable[[str, str, str], Path], tmp_path: Path
) -> None:
    numpys = {version: unpacked_wheel_of("numpy", version, PYTHON) for version in (OLD_NUMPY, NEW_NUMPY)}
    cython = unpacked_wheel_of("cython", CYTHON, PYTHON)
    one = with_numpy(tmp_path, pip_of(NEWEST, PYTHON), unpacked_pip_of(NEWEST), numpys)
    one.use(OLD_NUMPY)
    source = tmp_path / f"{MODULE}.pyx"
    source.write_text(_PYX, "utf-8")
    paths = {"PYTHONPATH": str(cython), "PATH": os.environ["PATH"]}
    processes.run((one.pip.python, "-m", "cython", "-3", str(source)), env=paths, cwd=tmp_path, is_checked=True)
    code = source.with_suffix(".c").read_text(encoding="utf-8").replace("{", "{{").replace("}", "}}")
    sdist = artefacts.extension_sdist(tmp_path / "made", "demo-linked", code=code, flags=(f"-I{one.headers}",))
    with IndexServer([sdist]) as index:
        scene = Scene(one.pip, index, tmp_path, activated=Path(one.pip.python).parents[1])
        check(scene, lambda: one.use(NEW_NUMPY), NUMPY, NUMPY.message_of(AT_IMPORT), None)
