"""The default index of a pip, and the hosts of its files: read from pip's own source, or its help.

Sources: pip 18.1 to 26.3, `_internal/models/index.py` and the option `--index-url` in `_internal/cli/cmdoptions.py`,
which are read, and nothing is run; where these have another form, the help of that option, which ends in
`(default ...)` in pip 1.5 to 26.3.
"""

import os
import re
from collections.abc import Mapping
from urllib.parse import urljoin

from pipcacheplus.errors import InterpreterError
from pipcacheplus.host.interpreter_cache import InterpreterCache, interpreter_stamp

__all__ = ["default_index", "file_hosts"]

# Not `-m pip`, which looks for pip in the current directory first, and would run any file of that name there; -P and
# -I, which prevent that, are newer than some Pythons, and -I leaves out a pip that the user installed.
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
_INDEX = re.compile(r"""^PyPI = PackageIndex\(\s*["'](https?://[^"'\s]+)["'],""", re.MULTILINE)
_SIMPLE = re.compile(r"""simple_url = self\._url_for_path\(["']simple["']\)""")
_OPTION = re.compile(r"""["']--index-url["'][^()]*?\bdefault=PyPI\.simple_url,""")
_DEFAULT = re.compile(r"--index-url\b.*?\(default[:\s]+(https?://[^)]*)\)", re.DOTALL)


def file_hosts(pip_file: str) -> tuple[str, ...]:
    """Return the hosts of the files of a pip's default index, `https://host` each, by its own source.

    Source: pip 10.0 to 26.3, `_internal/models/index.py`: `file_storage_domain`. It is read, and nothing is run.

    Args:
        pip_file: Path of the `__init__.py` of the pip.
    """
    text = _source(pip_file, "models", "index.py")
    return tuple(dict.fromkeys(f"https://{host}" for host in _FILE_HOST.findall(text)))


def _source(pip_file: str, *below: str) -> str:
    """Return a file of pip's source, empty if it cannot be read."""
    path = os.path.join(os.path.dirname(pip_file), "_internal", *below)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_MAX_SOURCE)
    except (OSError, UnicodeError):
        return ""


def _index_in_source(pip_file: str) -> str | None:
    """Return the default of `--index-url` if pip's source has the form of pip 18.1 to 26.3; otherwise `None`."""
    models = _source(pip_file, "models", "index.py")
    found = _INDEX.search(models)
    if found is None or not _SIMPLE.search(models) or not _OPTION.search(_source(pip_file, "cli", "cmdoptions.py")):
        return None
    return urljoin(found[1], "simple")


def default_index(
    python: str, pip_file: str, *, environ: Mapping[str, str], null: str, memory: InterpreterCache | None = None
) -> str | None:
    """Return the default index of the pip of an interpreter.

    If its source has another form, pip is run for it, in a process of its own.

    Args:
        python: Path of the interpreter, absolute.
        pip_file: Path of the `__init__.py` of its pip: the stored answer is valid while that file is unchanged.
        environ: Variables for it; those that would set an index are taken out.
        null: The null device, which makes pip read no configuration.
        memory: Earlier answers.

    Returns:
        The URL; `None` if there is no pip, or it does not give the URL.
    """
    found = _index_in_source(pip_file)
    if found is not None:
        return found
    stamp = interpreter_stamp(python, f"default index of {interpreter_stamp(pip_file, '')}")
    known = memory.load(python, stamp) if memory and stamp else None
    if isinstance(known, str):
        return known
    # Slow to import, and not needed for a stored answer.
    from pipcacheplus.host.interpreters import output_of  # noqa: PLC0415 - see above

    variables = {name: value for name, value in environ.items() if not name.upper().startswith("PIP_")}
    # Wide enough that no URL is wrapped to the width of the terminal.
    variables |= {"PIP_CONFIG_FILE": null, "COLUMNS": "500"}
    try:
        status, output = output_of((python, *_COMMAND), timeout_s=30, environ=variables)
    except InterpreterError:
        return None
    default = None if status else _DEFAULT.search(output.decode("utf-8", "replace"))
    if default is None:
        return None
    url = re.sub(r"\s+", "", default[1])
    if memory and stamp:
        memory.store(python, stamp, url)
    return url
