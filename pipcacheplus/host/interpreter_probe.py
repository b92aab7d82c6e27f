"""The program that an interpreter runs to describe itself, and its answer as a value.

The answer comes from a program that may not be a Python at all, so it is read with limits.
"""

from dataclasses import dataclass

__all__ = ["MARK", "PROBE", "InterpreterFacts"]

MARK = "pipcacheplus-told:"
"""The beginning of the line with the answer."""

# No Python, libc or macOS is near it; it keeps the lists short for any answer of an interpreter.
_MAX_NUMBER = 99
_MAX_TEXT = 4096
_MAX_FOLDERS = 100
_POINTERS = (4, 8)
_WIDE_UNICODE = 0x10FFFF
_WIDE_UNICODE_BYTES = 4

PROBE = (
    """
import sys
sys.path[:] = [p for p in sys.path if p]  # nothing from the current directory
import json, os, platform, struct, sysconfig

def var(name):
    try:
        return sysconfig.get_config_var(name)
    except IOError:
        return None

def text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

def numbers(value):
    found = [part for part in str(value).split(".")[:2] if part.isdigit()]
    return [int(part) for part in found] if len(found) == 2 else None

def glibc():
    try:
        return os.confstr("CS_GNU_LIBC_VERSION").split()[1]
    except Exception:
        pass
    try:
        import ctypes
        ask = ctypes.CDLL(None).gnu_get_libc_version
        ask.restype = ctypes.c_char_p
        return ask().decode("ascii")
    except Exception:
        return None

def musl():
    # Its loader, which is the library itself, prints the version if it is run without arguments.
    import re, subprocess
    with open(sys.executable, "rb") as file:
        loader = re.search(b"/[ -~]*/ld-musl-[ -~]+", file.read(1 << 16))
    if loader is None:
        return None
    said = subprocess.Popen([loader.group().decode("ascii")], stderr=subprocess.PIPE).communicate()[1]
    version = re.search(b"Version ([0-9]+[.][0-9]+)", said)
    return version and version.group(1).decode("ascii")

def libc():
    if not sys.platform.startswith("linux"):
        return None, None
    version = glibc()
    if version:
        return "glibc", numbers(version)
    try:
        version = musl()
    except Exception:
        version = None
    return ("musl", numbers(version)) if version else (None, None)

def suffixes():
    try:
        from importlib.machinery import EXTENSION_SUFFIXES
        return EXTENSION_SUFFIXES
    except ImportError:
        import imp
        return [found[0] for found in imp.get_suffixes()]

def user_packages():
    # The option -s leaves them out, but a pip among them is the one that runs without it.
    if hasattr(sys, "real_prefix") or getattr(sys, "base_prefix", sys.prefix) != sys.prefix:
        return []
    try:
        import site
        return [site.getusersitepackages()]
    except Exception:
        return []

def tell():
    name, version = libc()
    pypy = getattr(sys, "pypy_version_info", None)
    mac = platform.mac_ver() if sys.platform == "darwin" else ("", "", "")
    return {
        "implementation": getattr(getattr(sys, "implementation", None), "name", None)
        or platform.python_implementation().lower(),
        "version": list(sys.version_info[:2]),
        "pypy_version": list(pypy[:2]) if pypy else None,
        "platform": sysconfig.get_platform(),
        "pointer_bytes": struct.calcsize("P"),
        "prefix": text(sys.prefix),
        "executable": text(sys.executable),
        "search_path": [text(folder) for folder in user_packages() + sys.path],
        "soabi": var("SOABI"),
        "ext_suffix": var("EXT_SUFFIX"),
        "debug": var("Py_DEBUG"),
        "with_pymalloc": var("WITH_PYMALLOC"),
        "unicode_size": var("Py_UNICODE_SIZE"),
        "gil_disabled": var("Py_GIL_DISABLED"),
        "has_refcount": hasattr(sys, "gettotalrefcount"),
        "loads_debug": "_d.pyd" in suffixes(),
        "max_unicode": sys.maxunicode,
        "libc": name,
        "libc_version": version,
        "macos": numbers(mac[0]),
        "machine": mac[2],
    }
"""
    f"""
sys.stdout.write("\\n{MARK}" + json.dumps(tell()) + "\\n")
sys.stdout.flush()
"""
)
"""The script that an interpreter runs, in the common part of Python 2.7 and 3. It writes only its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterFacts:
    """The facts of an interpreter in its own answer."""

    implementation: str
    """`cpython`, `pypy`; in lower case."""
    version: tuple[int, int]
    platform: str
    """The result of `sysconfig.get_platform()`: `linux-x86_64`."""
    pointer_bytes: int
    prefix: str = ""
    executable: str = ""
    search_path: tuple[str, ...] = ()
    """`sys.path`, after the folder of the user's own packages if it would look there; at most 100 folders."""
    pypy_version: tuple[int, int] | None = None
    soabi: str = ""
    ext_suffix: str = ""
    is_debug: bool = False
    has_pymalloc: bool = True
    is_wide_unicode: bool = True
    is_free_threaded: bool = False
    libc: str = ""
    """`glibc` or `musl`; empty if there is none, or it is unknown."""
    libc_version: tuple[int, int] = (0, 0)
    macos: tuple[int, int] | None = None
    machine: str = ""
    """macOS only: the processor."""

    @classmethod
    def from_json(cls, answer: object) -> "InterpreterFacts | None":
        """Read the answer to `PROBE`; `None` if it is anything else.

        >>> InterpreterFacts.from_json({"version": [3, 11]}) is None
        True
        """
        if not isinstance(answer, dict):
            return None
        version, pointer_bytes = _pair(answer.get("version")), answer.get("pointer_bytes")
        implementation, platform = _text(answer.get("implementation")), _text(answer.get("platform"))
        if not (version and implementation.isidentifier() and platform and pointer_bytes in _POINTERS):
            return None
        return cls(
            implementation=implementation.lower(),
            version=version,
            platform=platform,
            pointer_bytes=pointer_bytes,
            prefix=_text(answer.get("prefix")),
            executable=_text(answer.get("executable")),
            search_path=_texts(answer.get("search_path")),
            pypy_version=_pair(answer.get("pypy_version")),
            soabi=_text(answer.get("soabi")),
            ext_suffix=_text(answer.get("ext_suffix")),
            is_debug=_is_debug(answer),
            has_pymalloc=answer.get("with_pymalloc") in (None, 1),
            is_wide_unicode=_is_wide_unicode(answer),
            is_free_threaded=answer.get("gil_disabled") == 1,
            libc=_text(answer.get("libc")),
            libc_version=_pair(answer.get("libc_version")) or (0, 0),
            macos=_pair(answer.get("macos")),
            machine=_text(answer.get("machine")),
        )


def _text(value: object) -> str:
    # No path, and no other part of the answer, has a zero byte.
    return value if isinstance(value, str) and len(value) <= _MAX_TEXT and "\0" not in value else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(_text, value[:_MAX_FOLDERS])) if isinstance(value, list) else ()


def _pair(value: object) -> tuple[int, int] | None:
    match value:
        case [int(major), int(minor), *_] if 0 <= major <= _MAX_NUMBER and 0 <= minor <= _MAX_NUMBER:
            return major, minor
    return None


# The three rules below, and that of pymalloc above, are those of packaging 26.3 `tags.py`, `_cpython_abis`: Windows
# sets none of these variables.
def _is_debug(answer: dict[object, object]) -> bool:
    value = answer.get("debug")
    return value == 1 or (value is None and (answer.get("has_refcount") is True or answer.get("loads_debug") is True))


def _is_wide_unicode(answer: dict[object, object]) -> bool:
    size = answer.get("unicode_size")
    return size == _WIDE_UNICODE_BYTES or (size is None and answer.get("max_unicode") == _WIDE_UNICODE)
