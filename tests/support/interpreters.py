"""What an interpreter tells of itself, made up: a Python 3.11 under Debian 12, with changes; and what is made of it."""

from pipcacheplus.host.interpreter_probe import InterpreterFacts
from pipcacheplus.host.interpreters import Interpreter

__all__ = ["facts", "interpreter", "interpreter_facts"]


def facts(**changed: object) -> dict[str, object]:
    """Return what a Python 3.11 under Debian 12 answers, with changes."""
    return {
        "implementation": "cpython",
        "version": [3, 11],
        "pypy_version": None,
        "platform": "linux-x86_64",
        "pointer_bytes": 8,
        "prefix": "/usr",
        "executable": "/usr/bin/python3.11",
        "search_path": ["/usr/lib/python3.11", "/usr/lib/python3/dist-packages"],
        "soabi": "cpython-311-x86_64-linux-gnu",
        "ext_suffix": ".cpython-311-x86_64-linux-gnu.so",
        "debug": 0,
        "with_pymalloc": 1,
        "unicode_size": None,
        "gil_disabled": None,
        "has_refcount": False,
        "loads_debug": False,
        "max_unicode": 0x10FFFF,
        "libc": "glibc",
        "libc_version": [2, 36],
        "macos": None,
        "machine": "",
        **changed,
    }


def interpreter_facts(**changed: object) -> InterpreterFacts:
    """Return the same as it is read."""
    found = InterpreterFacts.from_json(facts(**changed))
    assert found is not None
    return found


def interpreter(name: str = "cp311", pip: str | None = "26.3") -> Interpreter:
    """Return a Python of this name, for the checks: it can use pure wheels alone."""
    implementation, version = name[:2], (int(name[2]), int(name[3:]))
    return Interpreter(
        path=f"/usr/bin/python{version[0]}.{version[1]}",
        implementation=implementation,
        version=version,
        prefix="/usr",
        name=name,
        tags=frozenset({"py2-none-any", "py3-none-any"}),
        pip=pip,
    )
