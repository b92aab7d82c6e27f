"""The default index of a pip, and the hosts of its files: read from pip's own help and source.

Source: the help of `--index-url`, which ends in `(default ...)` in pip 1.5 to 26.3.
"""

import os
import re
from collections.abc import Mapping

from pipcacheplus.errors import InterpreterError
from pipcacheplus.host.interpreter_cache import InterpreterCache, interpreter_stamp

__all__ = ["default_index", "file_hosts"]

# Not `-m pip`, which looks for pip in the current directory first, and would run whatever has that name there; -P and
# -I, which keep that from happening, are newer than some Pythons, and -I leaves out a pip that the user installed.
_RUN_PIP = """
import sys
sys.path[:] = [p for p in sys.path if p]
import runpy
sys.argv = ["pip", "--isolated", "install", "--help"]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
_COMMAND = ("-B", "-E", "-c", _RUN_PIP)
_MAX_SOURCE = 1 << 20
_FILE_HOST = re.compile(r"""\bfile_storage_domain\s*=\s*["']([a-z0-9.:-]+)["']""")
_DEFAULT = re.compile(r"--index-url\b.*?\(default[:\s]+(https?://[^)]*)\)", re.DOTALL)


def file_hosts(pip_file: str) -> tuple[str, ...]:
    """Return the hosts that a pip takes the files of its default index from, `https://host` each, by its own source.

    Source: pip 10.0 to 26.3, `_internal/models/index.py`: `file_storage_domain`. It is read, and nothing is run.

    Args:
        pip_file: Path of the `__init__.py` of the pip.
    """
    path = os.path.join(os.path.dirname(pip_file), "_internal", "models", "index.py")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_MAX_SOURCE)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(f"https://{host}" for host in _FILE_HOST.findall(text)))


def default_index(
    python: str, pip_file: str, *, environ: Mapping[str, str], null: str, memory: InterpreterCache | None = None
) -> str | None:
    """Ask the pip of an interpreter, in a process of its own, for its default index.

    Args:
        python: Path of the interpreter, absolute.
        pip_file: A file of its pip: what was answered holds as long as it stays the same.
        environ: Variables for it; those that would set an index are taken out.
        null: The null device, which tells pip to read no configuration.
        memory: What was answered before.

    Returns:
        The URL; `None` if there is no pip, or none that tells.
    """
    stamp = interpreter_stamp(python, f"default index of {interpreter_stamp(pip_file, '')}")
    known = memory.load(python, stamp) if memory and stamp else None
    if isinstance(known, str):
        return known
    # Slow to import, and an answer that is remembered does without.
    from pipcacheplus.host.interpreters import output_of  # noqa: PLC0415 - see above

    variables = {name: value for name, value in environ.items() if not name.upper().startswith("PIP_")}
    # Wide enough that no URL is broken, as help is to the width of the terminal.
    variables |= {"PIP_CONFIG_FILE": null, "COLUMNS": "500"}
    try:
        status, output = output_of((python, *_COMMAND), timeout_s=30, environ=variables)
    except InterpreterError:
        return None
    found = None if status else _DEFAULT.search(output.decode("utf-8", "replace"))
    if found is None:
        return None
    url = re.sub(r"\s+", "", found[1])
    if memory and stamp:
        memory.store(python, stamp, url)
    return url
