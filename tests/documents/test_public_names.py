"""The promise: every public name with its signature, pinned."""

import dataclasses
import enum
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import GenericAlias
from typing import Any

import pipcacheplus
from pipcacheplus import errors

GOLDEN = Path(__file__).with_name("public_names.txt")


def described() -> Iterator[str]:
    for name in pipcacheplus.__all__:
        value = getattr(pipcacheplus, name)
        if isinstance(value, GenericAlias):  # which Python 3.10 takes for a class
            yield name
        elif inspect.isclass(value) and issubclass(value, enum.Enum):
            yield f"{name}: {' '.join(member.value for member in value)}"
        elif dataclasses.is_dataclass(value):
            yield f"{name}: {' '.join(field.name for field in dataclasses.fields(value))}"
            yield from methods(name, value)
        elif inspect.isclass(value) and issubclass(value, tuple):  # a named one
            yield f"{name}: {' '.join(inspect.signature(value).parameters)}"
        elif inspect.isclass(value):
            yield f"{name}{inspect.signature(value)}"
            yield from methods(name, value)
        elif inspect.isfunction(value):
            yield f"{name}{inspect.signature(value)}"
        else:
            yield name
    for name in errors.__all__:
        yield f"errors.{name}{inspect.signature(getattr(errors, name).__init__)}"


def methods(owner: str, value: Any) -> Iterator[str]:  # noqa: ANN401 - any class
    inherited = {name: member for kind in reversed(value.__mro__[:-1]) for name, member in vars(kind).items()}
    for name, member in sorted(inherited.items()):
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield f"{owner}.{name}"
        elif callable(getattr(value, name)) and not inspect.ismemberdescriptor(member):
            yield f"{owner}.{name}{inspect.signature(getattr(value, name))}"


def test_the_public_names_are_those_that_were_promised() -> None:
    assert GOLDEN.read_text(encoding="utf-8").splitlines() == list(described()), (
        "write the new line into public_names.txt if it is meant; taking one away breaks users"
    )


def test_every_exception_raised_on_purpose_has_one_root() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.PipCachePlusError)
