"""The build back end that lies in the source distributions of `artefacts.py`: needs nothing but a Python from 3.8 on.

It is a file of its own so that it can be copied into them as it is; `artefacts.py` writes its wheels by it, too.
What to build stands in `demo.json` beside it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import subprocess
import sysconfig
import zipfile
from typing import Any, Mapping, Sequence  # noqa: UP035 - Python 3.8 reads this file

_DATE = (2024, 1, 1, 0, 0, 0)


def write_wheel(
    folder: str, name: str, version: str, tag: str, *, files: Mapping[str, bytes], requires: Sequence[str]
) -> str:
    """Write a wheel with METADATA, WHEEL and a right RECORD; the same input gives the same bytes.

    Args:
        folder: Where the wheel goes; it exists.
        name: Of the project, as METADATA is to spell it.
        version: As METADATA is to spell it.
        tag: Of the file name; may be compressed (`py2.py3-none-any`): WHEEL names its parts one by one.
        files: Content by path within the wheel.
        requires: For the Requires-Dist lines.

    Returns:
        The wheel's file name.
    """
    stem = f"{name.replace('-', '_').lower()}-{version}"
    info = f"{stem}.dist-info"
    members = dict(files)
    members[f"{info}/METADATA"] = metadata(name, version, requires)
    members[f"{info}/WHEEL"] = _about(tag)
    members[f"{info}/RECORD"] = _record(members, f"{info}/RECORD")
    wheel = f"{stem}-{tag}.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, _DATE), content, zipfile.ZIP_DEFLATED)
    return wheel


def metadata(name: str, version: str, requires: Sequence[str]) -> bytes:
    """Return a METADATA file."""
    needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A demo\n{needs}".encode()


def _about(tag: str) -> bytes:
    pythons, abis, platforms = (part.split(".") for part in tag.split("-"))
    is_pure = "true" if platforms == ["any"] else "false"
    tags = [f"Tag: {p}-{abi}-{platform}\n" for p in pythons for abi in abis for platform in platforms]
    return f"Wheel-Version: 1.0\nGenerator: demo\nRoot-Is-Purelib: {is_pure}\n{''.join(tags)}".encode()


def _record(members: Mapping[str, bytes], itself: str) -> bytes:
    rows = []
    for path, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(content)}\n")
    return "".join([*rows, f"{itself},,\n"]).encode()


def get_requires_for_build_wheel(config_settings: object = None) -> list[str]:
    """Need nothing, so that pip asks no index (PEP 517)."""
    return []


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    """Write the metadata without building (PEP 517), so that pip compiles once only."""
    demo = _demo()
    info = f"{demo['name'].replace('-', '_').lower()}-{demo['version']}.dist-info"
    os.makedirs(os.path.join(metadata_directory, info))
    with open(os.path.join(metadata_directory, info, "METADATA"), "wb") as file:
        file.write(metadata(demo["name"], demo["version"], demo["requires"]))
    return info


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    """Build the wheel (PEP 517); with an extension if `demo.json` names its source."""
    demo = _demo()
    files = {f"{demo['module']}.py": f"VERSION = {demo['version']!r}\n".encode()}
    tag = "py3-none-any"
    if demo["source"]:
        python = "cp" + str(sysconfig.get_config_var("py_version_nodot"))
        tag = "-".join((python, python, sysconfig.get_platform().replace("-", "_").replace(".", "_")))
        files.update(_compiled(demo["source"], demo.get("flags", [])))
    return write_wheel(wheel_directory, demo["name"], demo["version"], tag, files=files, requires=demo["requires"])


def _demo() -> dict[str, Any]:
    with open("demo.json", encoding="utf-8") as file:
        demo: dict[str, Any] = json.load(file)
    return demo


def _compiled(source: str, flags: Sequence[str]) -> dict[str, bytes]:
    library = os.path.splitext(source)[0] + str(sysconfig.get_config_var("EXT_SUFFIX"))
    compiler = shlex.split(str(sysconfig.get_config_var("CC")))
    include = "-I" + sysconfig.get_paths()["include"]
    subprocess.run([*compiler, "-shared", "-fPIC", include, source, "-o", library, *flags], check=True, timeout=60)
    with open(library, "rb") as file:
        return {library: file.read()}
