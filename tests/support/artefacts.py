"""Real wheels and source distributions, made on the spot; the same arguments give the same bytes."""

import gzip
import io
import json
import shlex
import shutil
import subprocess
import sysconfig
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support import backend

__all__ = ["extension_sdist", "sdist", "wheel", "why_no_compiler"]

_DATE_S = 1_704_067_200
_PYPROJECT = b"""\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
_SOURCE = """\
#include <Python.h>
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "{module}", NULL, -1, NULL}};
PyMODINIT_FUNC PyInit_{module}(void) {{ return PyModule_Create(&module); }}
"""


def wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a wheel and return its path.

    Args:
        folder: Where it goes; made if it is not there.
        name: Of the project.
        version: Of the project.
        tag: May be compressed (`py2.py3-none-any`): WHEEL names its parts one by one.
        requires: Requirements in METADATA.
        files: Content by path within the wheel; without it, one module of the project's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if files is None:
        files = {f"{_module(name)}.py": f"VERSION = {version!r}\n".encode()}
    return folder / backend.write_wheel(str(folder), name, version, tag, files=files, requires=requires)


def sdist(folder: Path, name: str, version: str = "1.0", *, requires: Sequence[str] = ()) -> Path:
    """Write a source distribution that any pip from 20.0 on builds offline, and return its path."""
    return _sdist(folder, name, version, requires=requires, source=None)


def extension_sdist(
    folder: Path, name: str, version: str = "1.0", *, code: str = _SOURCE, flags: Sequence[str] = ()
) -> Path:
    """Write a source distribution with one C extension, `_<module>`, and return its path.

    To build it takes a C compiler: see `why_no_compiler`.

    Args:
        folder: Where it goes; made if it is not there.
        name: Of the project.
        version: Of the project.
        code: Of the extension, with `{module}` for its name, and with braces doubled.
        flags: Arguments for the compiler besides its own.
    """
    return _sdist(folder, name, version, requires=(), source=f"_{_module(name)}.c", code=code, flags=flags)


def why_no_compiler() -> str | None:
    """Return why this machine cannot compile an extension of this Python, `None` if it can."""
    command = shlex.split(sysconfig.get_config_var("CC") or "cc")
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    if shutil.which(command[0]) is None:
        return f"there is no C compiler {command[0]}"
    if not header.exists():
        return f"there is no {header}"
    works = subprocess.run((*command, "--version"), capture_output=True, check=False, timeout=60).returncode == 0
    return None if works else f"{command[0]} does not run"


def _module(name: str) -> str:
    return name.replace("-", "_").lower()


def _sdist(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str],
    source: str | None,
    code: str = _SOURCE,
    flags: Sequence[str] = (),
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{_module(name)}-{version}"
    demo = {"name": name, "version": version, "module": _module(name), "requires": list(requires), "source": source}
    demo |= {"flags": list(flags)} if flags else {}
    members = {
        "PKG-INFO": backend.metadata(name, version, requires),
        "pyproject.toml": _PYPROJECT,
        "backend.py": Path(backend.__file__).read_bytes(),
        "demo.json": json.dumps(demo, sort_keys=True).encode(),
    }
    if source is not None:
        members[source] = code.format(module=source.removesuffix(".c")).encode()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in members.items():
            member = tarfile.TarInfo(f"{stem}/{path}")
            member.size = len(content)
            member.mtime = _DATE_S
            archive.addfile(member, io.BytesIO(content))
    target = folder / f"{stem}.tar.gz"
    target.write_bytes(gzip.compress(plain.getvalue(), mtime=0))
    return target
