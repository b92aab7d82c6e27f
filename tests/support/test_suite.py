"""What holds for all tests: they wait for nothing without a limit, and share helpers, not each other."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MAY_WAIT = {"bench_caches.py", "bench_comparison.py", "bench_fleet.py", "bench_measures.py", "support/processes.py"}
"""Programs, which may take as long as they take, and what sets the limit."""
RUNS_OTHERS = {"apply/test_wrong_protocols.py"}
"""Runs tests on purpose, to see that they fail."""


def unlimited(tree: ast.AST) -> Iterator[int]:
    """Yield the lines in which a process is started that nobody ends."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "subprocess"):
            continue
        if node.func.attr == "Popen" or "timeout" not in {word.arg for word in node.keywords}:
            yield node.lineno


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("subprocess.run([], timeout=60)", []),
        ("subprocess.run([])", [1]),
        ("\nx = subprocess.check_output([], text=True)", [2]),
        ("subprocess.Popen([], timeout=60)", [1]),
        ("run([])", []),
    ],
)
def test_a_process_that_nobody_ends_would_be_found(text: str, lines: list[int]) -> None:
    assert list(unlimited(ast.parse(text))) == lines


def of_tests(tree: ast.AST) -> Iterator[int]:
    """Yield the lines in which something is imported from a module of tests."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
            names = (*(node.module or "").split("."), *(alias.name for alias in node.names))
            if any(name.startswith("test_") or name == "conftest" for name in names):
                yield node.lineno


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("from tests.support.builders import Cache", []),
        ("from tests.apply.test_trash import x", [1]),
        ("\nfrom tests.apply import test_trash", [2]),
        ("from tests.conftest import Filled", [1]),
        ("from pipcacheplus import test_x", []),
    ],
)
def test_an_import_from_a_test_would_be_found(text: str, lines: list[int]) -> None:
    assert list(of_tests(ast.parse(text))) == lines


@pytest.mark.parametrize(("look", "but"), [(unlimited, MAY_WAIT), (of_tests, RUNS_OTHERS)])
def test_no_test_waits_without_a_limit_or_imports_another(
    look: Callable[[ast.AST], Iterator[int]], but: set[str]
) -> None:
    names = {path.relative_to(TESTS).as_posix(): path for path in TESTS.rglob("*.py")}
    found = {name for name, path in names.items() if any(look(ast.parse(path.read_text(encoding="utf-8"))))}
    assert found == but
