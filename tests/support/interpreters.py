"""What an interpreter tells of itself, made up: a Python 3.11 under Debian 12, with changes."""

from pipcacheplus.host.interpreter_probe import InterpreterFacts

__all__ = ["facts", "interpreter_facts"]


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
