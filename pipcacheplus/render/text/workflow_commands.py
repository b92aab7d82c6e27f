r"""GitHub's workflow commands: lines of a log that its runner executes, written only on purpose.

The runner executes a line that begins with `::`, after any spaces, and one that contains `##[` anywhere; it
reads stdout and stderr alike. `::stop-commands::` would switch that off, but permanently if a run ends before it
switches it on again. So other text is escaped, as control characters are for a terminal.

Source: actions/runner 2.336.0 `Runner.Common/ActionCommand.cs` (`TryParseV2`, `TryParse`, the tables of escapes) and
`Runner.Worker/Handlers/OutputManager.cs`.
"""

import re
from collections.abc import Mapping

__all__ = ["disarmed", "workflow_command"]

_NO_PROPERTIES: Mapping[str, str] = {}
_BEGIN = re.compile(r"((?:\A|(?<=[\r\n]))[^\S\r\n]*):(?=:)")
"""The beginning of a line that would be a command; the runner treats a lone carriage return as the end of a line
too."""


def workflow_command(name: str, data: str = "", properties: Mapping[str, str] = _NO_PROPERTIES) -> str:
    r"""Return one line, without its end.

    >>> workflow_command("warning", "50 %\n::x", {"title": "a:b,c"})
    '::warning title=a%3Ab%2Cc::50 %25%0A::x'
    """
    words = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name}{' ' if words else ''}{words}::{_data(data)}"


def _data(text: str) -> str:
    # The escape character comes first, or it would escape those that follow.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def disarmed(text: str) -> str:
    r"""Return text of any number of lines, none of which the runner executes.

    >>> disarmed("  ::add-mask::x\nsix ##[debug]::y\na::b\n")
    '  \\x3a:add-mask::x\nsix \\x23#[debug]::y\na::b\n'
    """
    return _BEGIN.sub(r"\1\\x3a", text).replace("##[", r"\x23#[")
