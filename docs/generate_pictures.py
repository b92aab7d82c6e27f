"""Draw the picture of the README from the output of two commands: `python docs/generate_pictures.py`.

The cache is that of `demo`, after the bit has flipped. Nothing of this machine is in the output: no path, no time, and
no version of its pip. A test compares the text; only sizes may differ, which follow from the file system.
"""

import io
import os
import struct
import subprocess
import sys
import tempfile  # noqa: TID251 - not of the package
import time
from pathlib import Path

import pipcacheplus
from pipcacheplus.wrap.demo.damage import damage, find_copy
from pipcacheplus.wrap.demo.index import Index
from pipcacheplus.wrap.demo.players import DescribedPip
from pipcacheplus.wrap.demo.story import OLD, WHEELS

PICTURE = Path(__file__).with_name("pictures") / "verify-and-prune.svg"
COMMANDS = ("verify --python-version 3.13", "prune --corrupt --python-version 3.13 --dry-run")
COLUMNS = 96
_PIP = "26.3"
"""The pip that is found: what a finding means depends on it."""
_SCRIPT = "import sys\nfrom pipcacheplus.__main__ import main\nsys.exit(main())\n"
# As rich has it, without the font that it would load from a server: a picture needs no network.
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
  font-variant-east-asian: full-width;
}}
.{unique_id}-title {{
  font-family: system-ui, sans-serif;
  font-size: 18px;
  font-weight: bold;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def printed() -> str:
    """Return the commands and what they print, with colours, as on a terminal."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(os.path.realpath(folder))
        _fill(str(home / ".cache" / "pip"))
        script = home / "bin" / "pipcacheplus"
        script.parent.mkdir()
        script.write_text(f"#!{sys.executable}\n{_SCRIPT}", encoding="utf-8")
        script.chmod(0o755)
        pip = home / "modules" / "pip" / "__init__.py"
        pip.parent.mkdir(parents=True)
        pip.write_text(f'__version__ = "{_PIP}"\n', encoding="utf-8")
        return "\n".join(f"$ pipcacheplus {command}\n{_run(home, script, command)}" for command in COMMANDS).rstrip()


def _fill(cache: str) -> None:
    pip = DescribedPip(Index("http://127.0.0.1:8000", WHEELS, time.time(), (OLD.project,)), cache)
    pip.run((), WHEELS[:2])
    copy = find_copy(cache, WHEELS[1])
    if copy is None:
        sys.exit("the cache of the demonstration has no copy of its wheel")
    damage(copy, WHEELS[1])


def _run(home: Path, script: Path, command: str) -> str:
    environment = {
        "HOME": str(home),
        "PATH": str(script.parent),
        "PYTHONPATH": os.pathsep.join([str(home / "modules"), str(Path(pipcacheplus.__file__).parents[1])]),
        "COLUMNS": str(COLUMNS),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
    }
    return _on_terminal([sys.executable, str(script), *command.split(), "--no-progress"], environment, str(home))


def _on_terminal(words: list[str], environment: dict[str, str], folder: str) -> str:
    """Return what a program prints on a terminal of so many columns."""
    import fcntl  # noqa: PLC0415 - not on Windows
    import pty  # noqa: PLC0415 - as above
    import termios  # noqa: PLC0415 - as above

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    with subprocess.Popen(words, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs):
        os.close(theirs)
        parts = list(iter(lambda: _read(ours), b""))
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


def _read(ours: int) -> bytes:
    try:
        return os.read(ours, 1 << 16)
    except OSError:  # as Linux reports that the program has ended
        return b""


def picture(text: str) -> str:
    """Return text with colours of a terminal as an SVG picture."""
    from rich.console import Console  # noqa: PLC0415 - the rest of this file does without
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(text))
    drawn = console.export_svg(title="pipcacheplus", unique_id="pipcacheplus", code_format=_FORMAT)
    return "\n".join(line.rstrip() for line in drawn.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(printed()), encoding="utf-8")
