"""Possible Pythons of a machine, by the names of files in the places where tools install them; nothing is run.

Names of folders are those that the tools document: pyenv 2.x (`PYENV_ROOT`), uv 0.x (`UV_PYTHON_INSTALL_DIR`,
`UV_TOOL_DIR`), pipx 1.x (`PIPX_HOME`), conda (`environments.txt`, which conda 4.4 and later keep for each user), asdf
and mise (`installs/python`), PEP 514 for the registry of Windows.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

__all__ = [
    "MAX_CANDIDATES",
    "MAX_ENVIRONMENTS",
    "Candidate",
    "Surroundings",
    "candidates",
    "settings_of",
    "this_environment",
]

MAX_CANDIDATES = 256
"""Most interpreters; if there are more, the rest is not examined, which is reported."""
MAX_ENVIRONMENTS = 4096
"""Most environments that a cache names; if there are more, the rest is not examined, which is reported."""
_MAX_FOLDERS = 4096
"""Most names in one folder that are treated as environments."""
_MAX_TEXT_BYTES = 1 << 16
_START_BYTES = 1024
_NAME = re.compile(r"(?:python|pypy|graalpy)(?:\d+(?:\.\d+)?t?d?)?(?:\.exe)?", re.IGNORECASE)
_SHIM = re.compile(rb"\b(?:pyenv|asdf)\b")
_ORDER = ("python", "python3", "python2")
_SETTINGS = "pyvenv.cfg"
_FLAGS: int = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_CONDA_HOMES = ("anaconda3", "miniconda3", "miniforge3", "mambaforge", "micromamba", ".conda")
_CONDA_ROOTS = ("opt/anaconda3", "opt/miniconda3", "opt/miniforge3", "opt/conda", "usr/share/miniconda")
_FRAMEWORKS = (
    "Library/Frameworks/Python.framework/Versions",
    "Library/Frameworks/PythonT.framework/Versions",
    "Library/Developer/CommandLineTools/Library/Frameworks/Python3.framework/Versions",
    "Applications/Xcode.app/Contents/Developer/Library/Frameworks/Python3.framework/Versions",
    "opt/homebrew/opt",
    "usr/local/opt",
)
_APPLE_STUBS = "/usr/bin"
"""Its `python3` is not a Python, but offers to install one, in a window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything that decides which interpreters there are, apart from the files."""

    environ: Mapping[str, str]
    home: str
    """Home directory of the user; empty if it is unknown."""
    platform: str
    """The value of `sys.platform`."""
    executable: str = ""
    """Path of the interpreter that runs this program; empty if it has none."""
    root: str = "/"
    """Directory above the places of the system."""
    registered: tuple[str, ...] = ()
    """Paths of interpreters that the registry of Windows names."""
    environments: tuple[str, ...] = ()
    """`sys.prefix` of environments that the cache names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file that may be an interpreter."""

    path: str
    """Absolute, as it was found."""
    real: str
    """The same with all links followed."""
    environment: str = ""
    """The directory of the virtual environment whose interpreter it is, links followed; empty if it is of none."""
    sources: tuple[str, ...]
    """The places that name it: `running`, `PATH`, `pyenv`, `uv`, `uv tool`, `pipx`, `conda`, `asdf`, `mise`,
    `framework`, `registry`, `selfcheck`; `base` for the base Python of an environment."""
    obstacle: str = ""
    """The reason why it cannot be run, as a clause; empty if there is none."""

    @property
    def key(self) -> tuple[str, str]:
        """Return a key that is the same for two paths of one interpreter: an environment's differs from its base's."""
        return self.real, self.environment


def candidates(here: Surroundings) -> tuple[Candidate, ...]:
    """List possible interpreters, each once, with all places that name it; nothing is run.

    The running one comes first. Dangling links, shims of pyenv and asdf (which stand for interpreters that are
    listed themselves) and stand-ins of Apple and Microsoft are left out. The last one stands for all others if there
    are more than `MAX_CANDIDATES`: its path is that of the first of these.
    """
    found: dict[tuple[str, str], Candidate] = {}
    for path, source in _paths(here):
        one = _candidate(path, source, here)
        if one is None:
            continue
        known = found.get(one.key)
        if known is None:
            found[one.key] = one
        elif source not in known.sources:
            found[one.key] = replace(known, sources=(*known.sources, source))
        if len(found) > MAX_CANDIDATES:
            key, last = found.popitem()
            found[key] = replace(last, obstacle=f"there are more than {MAX_CANDIDATES}, this one and others")
            break
    if len(here.environments) > MAX_ENVIRONMENTS:
        path = here.environments[MAX_ENVIRONMENTS]
        obstacle = f"the cache names more than {MAX_ENVIRONMENTS} environments, this one and others"
        found[path, ""] = Candidate(path=path, real=path, sources=("selfcheck",), obstacle=obstacle)
    return tuple(found.values())


def _paths(here: Surroundings) -> Iterator[tuple[str, str]]:
    """Yield paths with the name of their source; some lead to the same file, some to none."""
    if here.executable:
        yield here.executable, "running"
    for folder in _on_path(here):
        yield from ((path, "PATH") for path in _in_folder(folder))
    for source, prefixes in _prefixes(here):
        for prefix in prefixes:
            yield from ((path, source) for path in _in_prefix(prefix, here))
    if here.platform == "darwin":
        for versions in _FRAMEWORKS:
            for prefix in _inside(os.path.join(here.root, versions)):
                yield from ((path, "framework") for path in _in_folder(os.path.join(prefix, "bin")))
    yield from ((path, "registry") for path in here.registered)
    for prefix in here.environments[:MAX_ENVIRONMENTS]:
        yield from ((path, "selfcheck") for path in _of_environment(prefix, here))


def _on_path(here: Surroundings) -> Iterator[str]:
    # An entry that is empty or relative depends on the current directory.
    for folder in dict.fromkeys(here.environ.get("PATH", "").split(os.pathsep)):
        if os.path.isabs(folder):
            yield folder


def _prefixes(here: Surroundings) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield the prefixes of tools, with the tool."""
    is_windows = here.platform == "win32"
    yield "pyenv", _of_pyenv(here, is_windows=is_windows)
    data = here.environ.get("XDG_DATA_HOME") or _below(here.home, ".local", "share")
    if is_windows:
        data = here.environ.get("APPDATA", "")
    uv = _below(data, "uv", *(("data",) if is_windows else ()))
    yield "uv", _inside(here.environ.get("UV_PYTHON_INSTALL_DIR") or _below(uv, "python"))
    yield "uv tool", _inside(here.environ.get("UV_TOOL_DIR") or _below(uv, "tools"))
    yield "pipx", _of_pipx(here)
    yield "conda", _of_conda(here)
    asdf = here.environ.get("ASDF_DATA_DIR") or _below(here.home, ".asdf")
    yield "asdf", _inside(_below(asdf, "installs", "python"))
    mise = here.environ.get("MISE_DATA_DIR") or _below(data, "mise")
    yield "mise", _inside(_below(mise, "installs", "python"))


def _of_pyenv(here: Surroundings, *, is_windows: bool) -> Iterator[str]:
    usual = (".pyenv", "pyenv-win") if is_windows else (".pyenv",)
    for version in _inside(_below(here.environ.get("PYENV_ROOT") or _below(here.home, *usual), "versions")):
        yield version
        yield from _inside(os.path.join(version, "envs"))  # pyenv-virtualenv


def _of_pipx(here: Surroundings) -> Iterator[str]:
    # pipx 1.7.1 `paths.py`: its home by platformdirs, or that of earlier releases; and one for all users.
    data = here.environ.get("XDG_DATA_HOME") or _below(here.home, ".local", "share")
    if here.platform == "win32":
        data = _below(here.environ.get("LOCALAPPDATA", ""), "pipx")
    elif here.platform == "darwin":
        data = _below(here.home, "Library", "Application Support")
    own = here.environ.get("PIPX_HOME", "")
    usual = (_below(data, "pipx"), _below(here.home, ".local", "pipx"), _below(here.home, "pipx"))
    of_all = here.environ.get("PIPX_GLOBAL_HOME") or os.path.join(here.root, "opt", "pipx")
    for home in dict.fromkeys((*((own,) if own else usual), of_all)):
        yield from _inside(_below(home, "venvs"))


def _of_conda(here: Surroundings) -> Iterator[str]:
    listed = _lines_of(_below(here.home, ".conda", "environments.txt"))
    roots = [here.environ.get("MAMBA_ROOT_PREFIX", ""), here.environ.get("CONDA_ROOT", "")]
    if program := here.environ.get("CONDA_EXE"):
        roots.append(os.path.dirname(os.path.dirname(program)))
    roots += [_below(here.home, name) for name in _CONDA_HOMES]
    roots += [os.path.join(here.root, name) for name in _CONDA_ROOTS]
    yield from filter(os.path.isabs, (here.environ.get("CONDA_PREFIX", ""), *listed))
    for root in filter(os.path.isabs, dict.fromkeys(roots)):
        yield root
        yield from _inside(os.path.join(root, "envs"))
    for name in ("CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"):
        for folder in here.environ.get(name, "").split(os.pathsep):
            yield from _inside(folder)


def _of_environment(prefix: str, here: Surroundings) -> Iterator[str]:
    """Yield the interpreters of an environment that a cache names, or the folder itself if it cannot be examined."""
    if not os.path.isabs(prefix):
        return
    try:
        os.listdir(prefix)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return
    except OSError:
        yield prefix
        return
    yield from _in_prefix(prefix, here)


def _in_prefix(prefix: str, here: Surroundings) -> Iterator[str]:
    if here.platform == "win32":
        yield from _in_folder(prefix)
        yield from _in_folder(os.path.join(prefix, "Scripts"))
    yield from _in_folder(os.path.join(prefix, "bin"))


def _in_folder(folder: str) -> Iterator[str]:
    """Yield files with the name of an interpreter; the shortest names first, which people use."""
    try:
        names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]
    except (OSError, ValueError):
        return
    for name in sorted(names, key=lambda name: (name not in _ORDER, name)):
        yield os.path.join(folder, name)


def _inside(folder: str) -> Iterator[str]:
    """Yield the paths in a folder, in order; nothing if its path is empty or relative."""
    if not os.path.isabs(folder):
        return
    try:
        names = sorted(os.listdir(folder))
    except (OSError, ValueError):
        return
    yield from (os.path.join(folder, name) for name in names[:_MAX_FOLDERS] if not name.startswith("."))


def _below(folder: str, *names: str) -> str:
    return os.path.join(folder, *names) if folder else ""


def _lines_of(path: str) -> Sequence[str]:
    data = _read(path, _MAX_TEXT_BYTES) if path else None
    return [] if data is None else [os.fsdecode(line.strip()) for line in data.splitlines()]


def _read(path: str, limit: int) -> bytes | None:
    """Return the first bytes of a regular file; `None` if it is not one, or cannot be read."""
    try:
        descriptor = os.open(path, _FLAGS)
        with open(descriptor, "rb") as file:
            return file.read(limit) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except (OSError, ValueError):
        return None


def _candidate(path: str, source: str, here: Surroundings) -> Candidate | None:
    """Examine a file; `None` if it is not an interpreter for any user."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:  # it is dangling, too
            return None
        obstacle = f"it cannot be examined ({error.strerror or error})"
        return Candidate(path=path, real=path, sources=(source,), obstacle=obstacle)
    if stat.S_ISDIR(status.st_mode) and source == "selfcheck":
        return Candidate(path=path, real=path, sources=(source,), obstacle="its directory cannot be examined")
    if not stat.S_ISREG(status.st_mode) or not status.st_size:  # Microsoft's stand-ins are empty
        return None
    real = os.path.realpath(path)
    if here.platform == "darwin" and os.path.dirname(real) == _APPLE_STUBS:
        return None
    if os.name != "nt" and not os.access(path, os.X_OK):
        is_program = status.st_mode & 0o111
        found = Candidate(path=path, real=real, sources=(source,), obstacle="this user may not execute it")
        return found if is_program else None
    start = _read(real, _START_BYTES) or b""
    if start.startswith(b"#!") and _SHIM.search(start):
        return None
    return Candidate(path=path, real=real, environment=this_environment(path), sources=(source,))


def this_environment(path: str) -> str:
    """Return the directory of the virtual environment of an interpreter path, links followed; empty if none.

    Source: PEP 405; `pyvenv.cfg` lies beside the interpreter or one directory above it, by the path that is run.
    """
    here = os.path.dirname(path)
    for folder in (here, os.path.dirname(here)):
        if os.path.isfile(os.path.join(folder, _SETTINGS)):
            return os.path.realpath(folder)
    return ""


def settings_of(environment: str) -> Mapping[str, str]:
    """Return the settings in the `pyvenv.cfg` of an environment, keys in lower case; none if it cannot be read."""
    data = _read(os.path.join(environment, _SETTINGS), _MAX_TEXT_BYTES)
    pairs = (line.partition("=") for line in os.fsdecode(data or b"").splitlines())
    return {key.strip().lower(): value.strip() for key, separator, value in pairs if separator}
