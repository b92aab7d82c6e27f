"""Every command line of pipcacheplus in a page can be typed: it runs on a small cache, and ends well.

Lines are those of blocks marked `console`, and code in the text that begins with `python -m pipcacheplus`. The lines
of a block run in their order, in one home. What they change lies in that home; the wrapped pip installs nothing.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import artefacts
from tests.support.jobs import TOP, Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the lines are those of shells of POSIX")

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`(python -m pipcacheplus [^`]+)`")
_RUNS = re.compile(
    r'(?:\w+=\$\(|\w+=\S* |sudo |eval "\$\()*'  # what may stand before a program
    r"(?:\S*/)?(?:python\S* (?:-\w+ )*-m )?pipcacheplus(?=[ )]|$)"
)
_PROMPT = "$ "
_TERMINAL = re.compile(r"pipcacheplus browse\b")
"""`browse` needs one; its own tests have it."""
_PLACEHOLDER = re.compile(r"(?<![\w$./-])[A-Z][A-Z_]+(?![\w=.])")
SUBSTITUTES = {
    r"\[?WHAT\.\.\.\]?": "demo",
    r"\bPROJECT\b": "demo",
    r"\bCOMMAND\b": "dir",
    r"\bDIR\b": "folder",
    r"\bFILE\b": "plan.json",
    r"purge$": "purge --yes",
    r"pipcacheplus pip$": "pipcacheplus pip --version",
    r"\| source$": "| cat",
    r"pip install (?:…|\.\.\.)$": "pip install demo",
    r"import numpy": "import sys",
    r"--as-owner ": "--as-owner " if hasattr(os, "geteuid") and os.geteuid() == 0 else "",
    r"/home/\w+/\.cache/pip": "~/.cache/pip",
    r"/home/\*/\.cache/pip": "~/.cache/p*",
    r"/srv/ci/pip-cache": "~/.cache/pip",
    r"--all-users": "--cache-dir ~/.cache/pip --cache-dir '~/.cache/p*'",
    r"pipcacheplus caches$": "pipcacheplus caches --no-count ~",
    r"pipcacheplus caches --no-count$": "pipcacheplus caches --no-count ~",
    r"/opt/pipcacheplus/bin/python -I": "python",
    r"--executor dask:tls://\S+": "--executor threads:1",
    r"caches\.parquet": "caches.parquet" if find_spec("pyarrow") else "rows.sqlite",  # an extra
    r" \\\|": " |",
    r"(pipcacheplus (?:prune|remove|purge|apply)\b)(?!.*--(?:exclusive|shared)\b)": r"\1 --exclusive",
}
"""What stands for something else in a page, as a pattern, and what is run in its place.

A removal does not wait for pips that other programs run on this machine, and no line searches the homes of this
machine: they are not those of the test."""
_LOCK = """\
lock-version = "1.0"
created-by = "a test"
[[packages]]
name = "demo"
version = "1.0"
wheels = [{{name = "{name}", url = "https://files.example/{name}", hashes = {{sha256 = "00"}}}}]
"""
_GOOD = {0, 3}
"""Done, and done with a finding of `verify`: the cache has a damaged wheel."""


class Lines(NamedTuple):
    """The command lines of one block, or one in the text."""

    place: str
    commands: tuple[str, ...]


def lines_of(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the command lines of a page, block by block, with the number of the line on which they begin."""
    for block in _BLOCK.finditer(text):
        if commands := tuple(_commands(block[1])):
            yield text.count("\n", 0, block.start()) + 2, commands
    prose = _FENCED.sub(lambda block: "\n" * block[0].count("\n"), text)
    for code in _CODE.finditer(prose):
        yield prose.count("\n", 0, code.start()) + 1, (code[1],)


def _commands(block: str) -> Iterator[str]:
    """Yield the parts of lines that run pipcacheplus; where some lines have a prompt, the others are output."""
    lines = block.replace("\\\n", " ").splitlines()
    if any(line.startswith(_PROMPT) for line in lines):
        lines = [line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT)]
    for line in lines:
        for part in line.split(" && "):
            if _RUNS.match(part.strip()):
                yield part.strip()


def all_lines() -> list[Lines]:
    """Return the command lines of all pages; those that stand in several pages once."""
    found: dict[tuple[str, ...], str] = {}
    for page in (TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))):
        for number, commands in lines_of(page.read_text(encoding="utf-8")):
            found.setdefault(
                tuple(one.removeprefix(".venv/bin/") for one in commands),
                f"{page.relative_to(TOP).as_posix()}:{number}",
            )
    return [Lines(place, commands) for commands, place in found.items() if not any(map(_TERMINAL.search, commands))]


def of_a_fresh_machine() -> list[Lines]:
    """Return the lines of the README that may be the first ones; `demo` has a cache of its own."""
    later = re.compile("pipcacheplus (?:apply|demo)")
    return [
        one for one in all_lines() if one.place.startswith("README.md") and not any(map(later.search, one.commands))
    ]


def substituted(command: str) -> str:
    """Return a line as it is run."""
    for pattern, word in SUBSTITUTES.items():
        command = re.sub(pattern, word, command)
    return command


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a home in which the programs of all lines are this interpreter, with the files that they name."""
    made = Machine(tmp_path)
    made.python_at(made.home / ".venv" / "bin" / "python")
    for name, start in (("pipcacheplus", f'"{sys.executable}" -m pipcacheplus'), ("sudo", "")):
        program = tmp_path / "programs" / name
        program.write_text(f'#!/bin/sh\nexec {start} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    (made.home / "requirements.txt").write_text("demo==1.0\n", encoding="utf-8")
    (made.home / "advisory.json").write_text("00" * 32, encoding="ascii")
    wheel = artefacts.wheel(made.home, "demo", "1.0")
    (made.home / "pylock.toml").write_text(_LOCK.format(name=wheel.name), encoding="utf-8")
    return made


def run(machine: Machine, command: str) -> "subprocess.CompletedProcess[str]":
    """Run one line, and fail unless it ends well."""
    line = substituted(command)
    assert not _PLACEHOLDER.search(line), f"{line}: add what stands for something else to SUBSTITUTES"
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(machine.home), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = machine.run(line, {**index, "PIP_DRY_RUN": "1", "BROWSER": "true"})
    assert done.returncode in _GOOD, f"{line} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("lines", all_lines(), ids=lambda lines: lines.place)
def test_every_command_line_of_a_page_ends_well(machine: Machine, lines: Lines) -> None:
    machine.cache()
    if "plan.json" in (all_ := substituted("\n".join(lines.commands))) and "--plan-out" not in all_:
        run(machine, "python -m pipcacheplus prune --corrupt --plan-out plan.json")
    for command in lines.commands:
        run(machine, command)


@pytest.mark.parametrize("lines", of_a_fresh_machine(), ids=lambda lines: lines.place)
def test_every_command_line_of_the_readme_ends_well_where_there_is_no_cache(machine: Machine, lines: Lines) -> None:
    for command in lines.commands:
        done = run(machine, command)
        assert done.returncode == 0
        assert done.stderr.count("\n") <= 1, done.stderr


PAGE = r"""
Run `python -m pipcacheplus list [WHAT...]`, or `list`.

```console
$ python -m pipcacheplus dir
pipcacheplus is no command here
$ cd /tmp && python3 -I -m pipcacheplus info > x && mv x y
```

```text
pipcacheplus purge
```

```console
pip install pipcacheplus && .venv/bin/python -m pipcacheplus \
prune -n
sudo pipcacheplus state
eval "$(pipcacheplus shell-init bash)"
python -m pip install pipcacheplus
```
"""


def test_command_lines_are_found_as_they_are_written() -> None:
    assert list(lines_of(PAGE)) == [
        (5, ("python -m pipcacheplus dir", "python3 -I -m pipcacheplus info > x")),
        (
            15,
            (
                ".venv/bin/python -m pipcacheplus  prune -n",
                "sudo pipcacheplus state",
                'eval "$(pipcacheplus shell-init bash)"',
            ),
        ),
        (2, ("python -m pipcacheplus list [WHAT...]",)),
    ]


def test_a_line_that_is_wrong_is_found(machine: Machine) -> None:
    machine.cache()
    for wrong in ("python -m pipcacheplus prune --corupt", "pipcacheplus list NAME", "pipcacheplus export demo"):
        with pytest.raises(AssertionError):
            run(machine, wrong)
