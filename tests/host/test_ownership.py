"""What a process imports before it becomes the owner of a cache: afterwards, the files of modules may be unreadable."""

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pipcacheplus
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.ownership import become_user, import_late
from tests.support.owners import SOMEBODY, is_root
from tests.support.processes import run

PACKAGE = Path(pipcacheplus.__file__).parent
OF_OTHER_RUNS = {
    *("argcomplete", "jinja2", "rich", "textual", "webbrowser"),  # commands that do not become an owner
    *("distributed", "mpi4py", "pyarrow"),  # the program that starts them
    *("msvcrt", "winreg"),  # Windows
}
"""Packages that are imported where they are needed, and that no process needs which has become an owner."""
BROWSING = PACKAGE / "cli" / "browsing"


def imported_in_functions() -> Iterator[str]:
    """Yield the modules that functions of the package import, other than its own."""
    for path in PACKAGE.rglob("*.py"):
        if BROWSING in path.parents:
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import):
                        yield from (alias.name for alias in node.names)
                    elif isinstance(node, ast.ImportFrom) and node.module:
                        yield node.module


def test_all_that_functions_import_is_imported_before_the_process_becomes_an_owner() -> None:
    wanted = {
        name
        for name in imported_in_functions()
        if name.partition(".")[0] not in {"pipcacheplus", *OF_OTHER_RUNS}
        and not (name == "tomli" and sys.version_info >= (3, 11))
    }
    code = "import sys; from pipcacheplus.host.ownership import import_late; import_late(); print(*sys.modules)"
    loaded = set(run([sys.executable, "-c", code], is_checked=True).stdout.split())
    assert wanted - loaded == set()
    assert import_late.__module__ in loaded


@is_root
def test_a_process_that_is_not_root_says_that_it_cannot_become_another_user() -> None:
    pid = os.fork()
    if not pid:
        try:
            os.setuid(SOMEBODY)
            become_user(SOMEBODY)
            become_user(SOMEBODY + 1)
        except BadRequestError as error:
            os._exit(3 if f"cannot become the owner (uid {SOMEBODY + 1})" in str(error) else 4)
        finally:
            os._exit(5)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
