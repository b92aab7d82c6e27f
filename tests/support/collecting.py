"""A plugin of pytest that lets it collect tests as on Windows: `pytest -p tests.support.collecting -s --collect-only`.

One module that cannot be imported there ends a whole run. What is missing there is removed here, after the libraries of
others were imported, which look at the system as well. It says nothing about how the tests would end.
"""

import importlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
from contextlib import suppress

_LIBRARIES = (
    *("argparse_manpage.manpage", "concurrent.futures.process", "filelock", "http.server", "hypothesis", "jsonschema"),
    *("multiprocessing", "prometheus_client", "psutil", "rich.console", "selenium.webdriver", "sqlite3", "ssl"),
    *("textual.app", "venv", "xml.sax", "yaml"),
)
_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
_OF_OS = (
    *(
        "O_DIRECTORY",
        "O_NOATIME",
        "O_NOFOLLOW",
        "O_NONBLOCK",
        "chown",
        "fork",
        "getegid",
        "geteuid",
        "getgid",
        "getuid",
    ),
    *("mkfifo", "mknod", "setsid", "statvfs", "uname"),
)
_OF_SIGNAL = (
    *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP", "SIGUSR1"),
    *("SIGWINCH", "SIGXFSZ", "pthread_sigmask"),
)


def _become_windows() -> None:
    tempfile.gettempdir()  # which remembers it: as Windows has it, it would be the current directory
    for name in _LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    # Else no path could be made. Python 3.13 has the class in a module of `pathlib`.
    setattr(sys.modules[pathlib.Path.__module__], "WindowsPath", pathlib.PosixPath)  # noqa: B010 - no name of a module
    for name in _MODULES:
        sys.modules[name] = None  # type: ignore[assignment] # importing it fails then
    for module, names in ((os, _OF_OS), (signal, _OF_SIGNAL)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    shutil.which = lambda *_words, **_named: None  # it calls functions of Windows
    os.name, sys.platform = "nt", "win32"


_become_windows()
