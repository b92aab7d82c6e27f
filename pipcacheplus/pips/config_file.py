"""Parse a configuration file as pip does: no interpolation, a duplicate is an error.

Source: pip 26.3, `_internal/configuration.py`.
"""

import configparser
import io
import os
import stat
from collections.abc import Callable, Iterator

from pipcacheplus.errors import BadRequestError

__all__ = ["content_of", "parse"]

_MAX_BYTES = 1 << 20
"""A configuration file is not longer; pip itself has no limit."""


def content_of(file: io.FileIO, path: str) -> bytes:
    """Return the content of a configuration file that was opened without blocking; `path` names it in errors.

    Raises:
        BadRequestError: It is a pipe, or longer than 1 MiB.
        OSError: It cannot be read.
    """
    if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
        raise _refusal(path, "is a pipe")
    content = b""
    while len(content) <= _MAX_BYTES and (part := file.read(_MAX_BYTES)):
        content += part
    if len(content) > _MAX_BYTES:
        raise _refusal(path, f"is longer than {_MAX_BYTES} bytes")
    return content


def parse(content: bytes, path: str, encoding: str, name_of: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
    """Yield section, name and value of each option; `[DEFAULT]` applies to every other section.

    Args:
        content: The bytes of the file.
        path: Path of the file, for errors.
        encoding: Encoding of the file.
        name_of: Returns the spelling by which two options are compared.

    Raises:
        BadRequestError: pip would refuse it.
    """
    parser = _Parser(name_of)
    try:
        parser.read_file(io.TextIOWrapper(io.BytesIO(content), encoding=encoding), source=path)
    except UnicodeError:
        raise _refusal(path, f"is not valid {encoding}") from None
    except configparser.Error as error:
        raise _refusal(path, _reason(error)) from None
    for section in parser.sections():
        for name, value in parser.items(section):
            yield section, name, value


class _Parser(configparser.RawConfigParser):
    def __init__(self, name_of: Callable[[str], str]) -> None:
        super().__init__()
        self._name_of = name_of

    def optionxform(self, optionstr: str) -> str:
        return self._name_of(optionstr)


def _refusal(path: str, problem: str) -> BadRequestError:
    return BadRequestError(path, problem, "correct it, or pass `cache_dir`")


def _reason(error: configparser.Error) -> str:
    # Not the parser's own message: it quotes the line, and these files hold passwords.
    match error:
        case configparser.DuplicateSectionError():
            return f"section [{error.section}] occurs twice (line {error.lineno})"
        case configparser.DuplicateOptionError():
            return f"{error.option} occurs twice in section [{error.section}] (line {error.lineno})"
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno} is before any section"
        case configparser.ParsingError(errors=[(line, _), *_]):
            return f"line {line} is not a setting"
    return f"cannot be parsed ({type(error).__name__})"
