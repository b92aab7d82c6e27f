"""Where the package says of its own code that only one part of it does something, that is so."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import pipcacheplus

TOP = Path(pipcacheplus.__file__).parent
CLAIM = re.compile(r"(?:^|(?<=[.:;]\s)|(?<=\n\n))(?:Only (?:this|`)|The only (?:module|package|place|file))[^.;]*")
STARTING = {"subprocess", "pty", "multiprocessing.Process", "webbrowser"}
STARTING_CALLS = {"system", "popen", "posix_spawn", "posix_spawnp", "startfile"}
CHANGING = {"remove", "unlink", "rmdir", "removedirs", "rename", "renames", "replace", "truncate", "link", "symlink"}
CHANGING |= {"mkdir", "makedirs", "utime", "chmod", "chown", "ftruncate", "pwrite"}
OF_MACHINE = {"os", "sys", "platform", "pwd", "ctypes", "locale"}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(TOP.rglob("*.py")):
        yield path.relative_to(TOP).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def claims() -> dict[str, list[str]]:
    """Return the sentences of docstrings that claim something for one part of the code alone, by module."""
    found: dict[str, list[str]] = {}
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                for match in CLAIM.finditer(text):
                    found.setdefault(name, []).append(" ".join(match[0].split()))
    return found


def calls_of_os(tree: ast.AST) -> set[str]:
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return names


def starting() -> set[str]:
    """Return the modules that start another program."""
    return {
        name
        for name, tree in trees()
        if imported(tree) & STARTING
        or any(call in STARTING_CALLS or call.startswith(("exec", "spawn")) for call in calls_of_os(tree))
    }


def changing() -> set[str]:
    """Return the modules outside of `apply` that can change a disk."""
    return {
        name
        for name, tree in trees()
        if not name.startswith("apply/")
        and (imported(tree) & {"shutil", "tempfile", "filelock"} or calls_of_os(tree) & CHANGING)
    }


def naming() -> set[str]:
    """Return the modules with a name of pip's in their code; docstrings and messages may have some."""
    found = set()
    for name, tree in trees():
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        ]
        is_name = re.compile(r"http-v[0-9]|\.body\b|debug\.log|selfcheck\.json|^origin\.json$").search
        if any(map(is_name, texts)):
            found.add(name)
    return found


def looking() -> set[str]:
    """Return the functions of `host/machine.py` that look at the machine and are not called by `this_machine`."""
    tree = dict(trees())["host/machine.py"]
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    methods = {node.name: node for part in tree.body if isinstance(part, ast.ClassDef) for node in part.body
               if isinstance(node, ast.FunctionDef)}  # fmt: skip
    called, waiting = {"this_machine"}, ["this_machine"]
    while waiting:
        names = {node.id for node in ast.walk(functions[waiting.pop()]) if isinstance(node, ast.Name)}
        new = names & functions.keys() - called
        called |= new
        waiting.extend(new)
    return {
        name
        for name, node in {**functions, **methods}.items()
        if name not in called and OF_MACHINE & {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    }


CLAIMS: Mapping[tuple[str, str], Callable[[], bool]] = {
    (
        "wrap/child.py",
        (
            "Only this module, `in_place`, the one that runs interpreters, `crew`, and `report --open` start other"
            " programs"
        ),
    ): lambda: (
        starting() == {"cli/report.py", "fleet/crew.py", "host/interpreters.py", "wrap/child.py", "wrap/in_place.py"}
    ),
    ("host/machine.py", "Only `this_machine` and its helpers read the machine"): lambda: not looking(),
    (
        "pips/layout.py",
        "Only this module makes these names and takes them apart",
    ): lambda: naming() == {"pips/layout.py", "model/terms.py"},
    # The others change the directory of our own state, or write temporary files.
    ("apply/__init__.py", "Only this package changes the cache"): lambda: (
        changing()
        == {"host/state.py", "catalog/records.py", "fleet/crew.py", "render/text/sorting.py", "wrap/temporary.py"}
    ),
}


@pytest.mark.parametrize(("module", "claim"), CLAIMS)
def test_a_claim_for_one_part_alone_is_true(module: str, claim: str) -> None:
    assert CLAIMS[module, claim]()


def test_no_claim_is_made_that_no_test_holds() -> None:
    assert {(name, text) for name, texts in claims().items() for text in texts} == set(CLAIMS)
