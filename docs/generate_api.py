"""The page of the Python interface: the public names, in the order of the pipeline."""

import enum
import inspect
from collections.abc import Iterator, Sequence
from types import GenericAlias
from typing import Any

from generate_tables import cell, table

import pipcacheplus
from pipcacheplus import errors

_FIRST = ("PipCache", "Pip")
_GROUPS = ("The cache", "Functions for a single call", "Values", "Words", "Exceptions")


def api_page() -> str:
    """Return the page of the Python interface."""
    groups = dict(zip(_GROUPS, _grouped(), strict=True))
    lines = [
        "# Python interface",
        "",
        "The names of `pipcacheplus`, and the exceptions of `pipcacheplus.errors`. All values are typed and frozen;",
        "nothing prints or asks. This page is written from the code.",
        "",
        "```python",
        "from pipcacheplus import PipCache",
        "",
        "cache = PipCache.locate()",
        "for finding in cache.verify().errors:",
        "    print(finding.entry.label, finding.message)",
        "```",
    ]
    for title, names in groups.items():
        lines += ["", f"## {title}", "", *table(["name", "is"], ([f"`{name}`", cell(_first(name))] for name in names))]
        lines += ["", "```{eval-rst}", *_directives(names), "```"]
    return "\n".join(lines) + "\n"


def _grouped() -> Iterator[Sequence[str]]:
    public = [name for name in pipcacheplus.__all__ if not name.startswith("__")]
    functions = [name for name in public if inspect.isfunction(getattr(pipcacheplus, name))]
    words = [name for name in public if _is_enum(getattr(pipcacheplus, name))]
    yield _FIRST
    yield functions
    yield [name for name in public if name not in {*_FIRST, *functions, *words}]
    yield words
    yield errors.__all__


def _is_class(value: Any) -> bool:  # noqa: ANN401 - any public name
    return inspect.isclass(value) and not isinstance(value, GenericAlias)  # which Python 3.10 takes for a class


def _is_enum(value: Any) -> bool:  # noqa: ANN401 - any public name
    return _is_class(value) and issubclass(value, enum.Enum)


def _value(name: str) -> Any:  # noqa: ANN401 - as above
    return getattr(errors if name in errors.__all__ else pipcacheplus, name)


def _first(name: str) -> str:
    """Return the first sentence of a docstring; a name for a type of functions has none."""
    value = _value(name)
    text = inspect.getdoc(value) if _is_class(value) or inspect.isfunction(value) else None
    return (text or "a type of functions").partition("\n\n")[0]


def _directives(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        value = _value(name)
        home = "pipcacheplus.errors" if name in errors.__all__ else "pipcacheplus"
        kind = "class" if _is_class(value) else "function" if inspect.isfunction(value) else "data"
        yield f".. auto{kind}:: {home}.{name}"
        if kind == "class":
            yield "   :members:"
