"""Ages, dates and sizes as arguments."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TypeVar

__all__ = ["argument"]

_T = TypeVar("_T")


def argument(reads: Callable[[str], _T]) -> Callable[[str], _T]:
    """Return a function that reads an argument, and whose errors argparse prints as they are."""

    def read(text: str) -> _T:
        try:
            return reads(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return read
