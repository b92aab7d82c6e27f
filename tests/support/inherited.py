"""Signals and settings that this process inherited, kept from the processes that tests start."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

__all__ = ["IGNORED", "MACHINE", "default_signals_for_children", "without_settings"]

MACHINE = dict(os.environ)
"""The variables of the machine as they were when tests began."""
_NAMES = ("SIGALRM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
IGNORED = tuple(
    int(getattr(signal, name))
    for name in _NAMES
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN
)
"""The signals that whoever started this process made it ignore, as `nohup` and a job in the background do."""
_SETTINGS = ("PIP_", "XDG_")
_HOMES_OF_PYTHONS = ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "ASDF_DATA_DIR", "MISE_DATA_DIR")
_OF_CI = frozenset({"GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITLAB_CI"})
"""What makes a run one of a CI job, so that it prints something else."""
_WORDS = frozenset({"COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONIOENCODING"}) | _OF_CI


def default_signals_for_children(ignored: Iterable[int]) -> None:
    """Let the programs that are started from here have their own way with signals, as at a terminal.

    What is ignored stays ignored in a new program, what is handled does not (POSIX, `exec`). So a signal that is
    ignored gets a handler that does nothing: to this process it makes no difference.

    Args:
        ignored: What is ignored here: `IGNORED`, or that of the process that distributes the tests.
    """
    for number in ignored:
        signal.signal(number, lambda _number, _frame: None)
    if hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else the exit codes of children are lost
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


@contextmanager
def without_settings(state: str) -> Iterator[None]:
    """Take the settings of pip and of the machine from this process and what it starts; give them back at the end.

    Args:
        state: What takes the place of `~/.local/state`.
    """
    before = dict(os.environ)
    for name in before:
        if name.startswith(_SETTINGS) or name in _WORDS:
            del os.environ[name]
    # Of the interpreters of this machine, those on the search path are left: to find all is the matter of few tests.
    none = {name: os.path.join(state, "none") for name in _HOMES_OF_PYTHONS}
    os.environ |= {"PIP_CONFIG_FILE": os.devnull, "XDG_STATE_HOME": state, **none}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
