"""The page of settings: options that variables, a project's file or pip's configuration can hold."""

from argparse import Action
from collections.abc import Iterator

from generate_commands import grammar
from generate_tables import cell, code, table

from pipcacheplus.cli.base import configuration
from pipcacheplus.cli.base.parsing import command_parser

_EXAMPLES = {
    "keep": "numpy torch",
    "keep-lock": "pylock.toml",
    "keep-env": "~/.venv/bin/python",
    "min-age": "6h",
    "reasons": "corrupt partial",
    "max-size": "2GB",
    "max-age": "90d",
    "max-files": "20000",
    "min-free": "5GB",
    "min-free-inodes": "100000",
    "auto": "weekly",
}


def settings_page() -> str:
    """Return the page of settings."""
    prefix, section = configuration._PREFIX, configuration._SECTION  # noqa: SLF001 - users write them
    lines = [
        "# Settings",
        "",
        "Each setting can be a variable, a key in pip's own configuration files, or, if it only keeps more, a key in a",
        "project's `pyproject.toml`. This page is written from the code; [command line](cli.md#settings) says which",
        "place wins, and `python -m pipcacheplus config` prints what is set, and where.",
        "",
        *table(["setting", "variable", "meaning"], _rows(prefix)),
        "",
        f"In pip's configuration, a setting is a key of the section `[{section}]`:",
        "",
        "```console",
        *(f"python -m pip config set {section}.{name} {_quoted(_EXAMPLES[name])}" for name in ("max-size", "keep")),
        "```",
        "",
        "The same as text, with an example of every setting:",
        "",
        "```ini",
        f"[{section}]",
        *(f"{name} = {_EXAMPLES[name]}" for name in configuration.NAMES),
        "```",
        "",
        f"A project's file may set these alone: {', '.join(f'`{name}`' for name in configuration._OF_PROJECT)}:",  # noqa: SLF001 - as above
        "",
        "```toml",
        f"[tool.{section}]",
        'keep = ["numpy", "torch"]',
        'keep-lock = ["pylock.toml"]',
        'min-age = "6h"',
        "```",
        "",
        "Commands that heed settings: " + ", ".join(f"`{name}`" for name in _configurable()) + ". `--no-settings` does",
        "without them. Limits and reasons are for `prune` alone, and `auto` is for `pip`.",
    ]
    return "\n".join(lines) + "\n"


def _rows(prefix: str) -> Iterator[list[str]]:
    reasons = configuration._REASONS  # noqa: SLF001 - users write them
    texts = {
        "reasons": "reasons of `prune`, if the command line names none: " + ", ".join(map(code, reasons)),
        "auto": "pruning after a wrapped `pip install`: " + ", ".join(map(code, configuration.PERIODS_S)),
    }
    for name in configuration.NAMES:
        text = texts[name] if name in texts else f"as [`--{name}`](commands.md#prune): {cell(_help(name))}"
        yield [code(name), code(prefix + name.upper().replace("-", "_")), text]


def _help(name: str) -> str:
    actions: list[Action] = command_parser("prune", grammar())._actions  # noqa: SLF001 - argparse has no public name
    return next(action.help or "" for action in actions if f"--{name}" in action.option_strings)


def _configurable() -> Iterator[str]:
    return (name for name, command in grammar().commands.items() if command.is_configurable)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text
