"""Errors with the options of the command line: the library names its own arguments, between backticks."""

import re

from pipcacheplus.errors import OtherOwnerError, PipCachePlusError

__all__ = ["in_options", "sentence"]

_ARGUMENT = re.compile(r"`([a-z][a-z_]*)(?:\(\)|=True)?`")
_OTHERS = {"trashed": "undo --list"}
"""Methods of the library, and the commands that do the same."""


def sentence(error: PipCachePlusError) -> str:
    """Return the text of an error, with options in place of arguments.

    >>> from pipcacheplus.errors import BadRequestError
    >>> sentence(BadRequestError("`min_age_s`", "-5 is below 0", "see `trashed()`, pass `keep_missing_ok=True`"))
    '--min-age: -5 is below 0; see undo --list, pass --keep-missing-ok'
    """
    said = in_options(str(error))
    return f"{said}, or as root with --as-owner" if isinstance(error, OtherOwnerError) else said


def in_options(text: str) -> str:
    """Return text of the library with options in place of arguments.

    >>> in_options("correct it, or pass `cache_dir`")
    'correct it, or pass --cache-dir'
    """
    return _ARGUMENT.sub(_as_option, text)


def _as_option(found: re.Match[str]) -> str:
    name = found[1]
    return _OTHERS.get(name) or "--" + name.removesuffix("_s").replace("_", "-")
