"""Where the Pythons of this machine are that tests run pip with."""

import glob
import os
import shutil
import subprocess
import sys

from tests.support.inherited import MACHINE

__all__ = ["find_python"]


def find_python(version: str) -> str | None:
    """Return the path of a Python of this minor version ("3.8") that runs, or `None` if there is none.

    The running one comes first, then the search path, then the versions that pyenv keeps.
    """
    name = f"python{version}"
    root = MACHINE.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    kept = glob.glob(os.path.join(glob.escape(root), "versions", f"{version}.*", "bin", name))
    candidates = (sys.executable, shutil.which(name), *sorted(kept, reverse=True))
    return next((path for path in candidates if path and _version_of(path) == version), None)


def _version_of(python: str) -> str | None:
    # Not -I, which 2.7 lacks.
    command = (python, "-E", "-s", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip()
