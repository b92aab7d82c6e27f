"""Machines of all three systems, with homes and folders of their own."""

import os
from pathlib import Path

import pytest

from pipcacheplus.host.machine import Machine

__all__ = ["linux", "macos", "posix_only", "windows", "write"]

posix_only = pytest.mark.skipif(os.name == "nt", reason="needs files with names of POSIX")


def linux(folder: Path, /, pip_version: str = "26.3", **environ: str) -> Machine:
    """Return one that runs Linux, with all of its folders in one."""
    return Machine(
        environ={"HOME": f"{folder}/home", **environ},
        platform="linux",
        home="/of/the/database",
        cwd=str(folder),
        prefix=f"{folder}/venv",
        uid=None,
        site_config=(f"{folder}/etc/pip.conf",),
        pip_version=tuple(map(int, pip_version.split("."))),
    )


def macos(folder: str = "/Users/me", /, pip_version: str = "26.3", **environ: str) -> Machine:
    """Return one that runs macOS."""
    return Machine(
        environ={"HOME": folder, **environ},
        platform="darwin",
        home="/of/the/database",
        cwd="/elsewhere",
        prefix="/venv",
        uid=None,
        base_prefix="/opt/homebrew/opt/python@3.13/Frameworks/Python.framework/Versions/3.13",
        pip_version=tuple(map(int, pip_version.split("."))),
    )


def windows(pip_version: str = "26.3", **environ: str) -> Machine:
    """Return one that runs Windows."""
    return Machine(
        environ={"USERPROFILE": r"C:\Users\Me", "USERNAME": "Me", **environ},
        platform="win32",
        home=r"C:\Users\Database",
        cwd=r"D:\Work",
        prefix=r"C:\Venv",
        uid=None,
        local_app_data=r"C:\Users\Me\AppData\Local",
        roaming_app_data=r"C:\Users\Me\AppData\Roaming",
        program_data=r"C:\ProgramData",
        pip_version=tuple(map(int, pip_version.split("."))),
    )


def write(path: Path, text: str) -> None:
    """Write a file, and make the directories on the way to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
