"""The page of exit codes, from `cli/base/exits.py`."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise

from generate_tables import cell, table

from pipcacheplus import errors
from pipcacheplus.cli.base import exits


def exits_page() -> str:
    """Return the page of exit codes."""
    rows = [[f"`{code}`", cell(text)] for code, text in sorted(_codes())]
    rows.append(["`128` + signal", cell(_text_of("_STOPPED"))])
    by_error = [[f"`{name}`", f"`{exits.code_for(_error(name))}`"] for name in sorted(errors.__all__)]
    worst = ", ".join(f"`{code}`" for code in exits._ORDER[:-1])  # noqa: SLF001 - the order is of no other use
    lines = [
        "# Exit codes",
        "",
        "This page is written from the code.",
        "",
        *table(["code", "meaning"], rows),
        "",
        f"If several apply, the worst wins: stopped by a signal, then {worst}. Nothing is done by a run that ends with",
        f"`{exits.USAGE}` or `{exits.NO_CACHE}`.",
        "",
        "Functions of the [Python interface](api.md) raise exceptions instead. The command line ends with these codes",
        "for them:",
        "",
        *table(["exception", "code"], by_error),
        "",
        "`pip`, the [wrapped pip](../how-to/wrap-pip.md), ends with the code of pip.",
    ]
    return "\n".join(lines) + "\n"


def _codes() -> Iterator[tuple[int, str]]:
    for name in exits.__all__:
        if name.isupper():
            yield getattr(exits, name), _text_of(name)


def _text_of(name: str) -> str:
    """Return the docstring of a constant: the text behind its assignment."""
    body = ast.parse(inspect.getsource(exits)).body
    for node, after in pairwise(body):
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                return str(after.value.value).rstrip(".")
            break
    problem = f"exits.{name} has no docstring"
    raise ValueError(problem)


def _error(name: str) -> errors.PipCachePlusError:
    """Return an exception of this class; its arguments do not matter for its code."""
    kind: type[errors.PipCachePlusError] = getattr(errors, name)
    return kind.__new__(kind)
