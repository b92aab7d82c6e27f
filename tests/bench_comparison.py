"""Measure what tools that clean caches do about one flipped bit: python -m tests.bench_comparison.

Each tool gets a small cache of its own kind with one damaged file and a sound one, and its commands run one after the
other, each on a new copy. The table is the one of `docs/explanation/comparison.md`. uv comes from the configured
package index; ccache is left out where it is not installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.checks import damages
from tests.support.builders import FILE_URL, INDEX_URL, Cache
from tests.support.flips import flip_last_member
from tests.support.pages import link, page

_OLD_S = 40 * 86_400


class Tool(NamedTuple):
    """A tool, with a cache of its kind."""

    name: str
    version: str
    cache: Path
    damaged: Path
    sound: Path
    commands: Sequence[Sequence[str]]
    environ: Mapping[str, str]
    target: Path | None = None
    """Where a command installs, if one does."""


def _output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _pip_cache(folder: Path) -> tuple[Path, Path, Path]:
    """Fill a cache of pip with two projects, one of them damaged; return it, the damaged file, the sound one."""
    cache = Cache(folder / "pip")
    content = damages.wheel(cache)
    urls = [f"{FILE_URL}/{name}/demo-1.0-py3-none-any.whl" for name in ("a", "b")]
    digest = hashlib.sha256(content).hexdigest()
    page(cache, f"{INDEX_URL}demo/", "demo", [link(url, hashes={"sha256": digest}) for url in urls])
    names = [cache.http_v2(url, content, headers=damages.headers_of(content)) for url in urls]
    paths = [cache.real(f"{name}.body") for name in names]
    flip_last_member(paths[0])
    return cache.path, paths[0], paths[1]


def _tools(folder: Path) -> Iterator[Tool]:
    cache, damaged, sound = _pip_cache(folder)
    own = {"PIP_CACHE_DIR": str(cache), "XDG_STATE_HOME": str(folder / "state"), "PIP_CONFIG_FILE": os.devnull}
    venv.create(folder / "tool", with_pip=True)
    python = str(folder / "tool" / "bin" / "python")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--upgrade", "pip", "uv"], check=True, stderr=subprocess.DEVNULL
    )
    pip = [python, "-m", "pip"]
    version = _output_of(*pip, "--version").split()[1]
    yield Tool("pip", version, cache, damaged, sound, [[*pip, "cache", *words] for words in (["list"], ["purge"])], own)
    ours = [sys.executable, "-m", "pipcacheplus"]
    commands = [[*ours, "verify"], [*ours, "prune", "--corrupt", "--exclusive"]]
    version = _output_of(*ours, "--version").split()[-1]
    yield Tool("pipcacheplus", version, cache, damaged, sound, commands, own)
    cleaner = ["find", str(cache), "-type", "f", "-atime", "+30", "-delete"]
    yield Tool("find", _output_of("find", "--version").split()[3], cache, damaged, sound, [cleaner], own)
    yield _uv(folder)
    if (program := shutil.which("ccache")) is not None:
        yield _ccache(folder, program)


def _uv(folder: Path) -> Tool:
    target = folder / "target"
    venv.create(target)
    uv, cache = str(folder / "tool" / "bin" / "uv"), folder / "uv"
    environ = {"UV_CACHE_DIR": str(cache), "VIRTUAL_ENV": str(target), "UV_LINK_MODE": "copy"}
    wheels = sorted((folder / "made").glob("*.whl"))
    install = [uv, "pip", "install", "--reinstall", "--offline", *map(str, wheels)]
    subprocess.run(install, env={**os.environ, **environ}, check=True, capture_output=True)
    (damaged,) = cache.rglob("demo.py")
    sound = next(path for path in damaged.parent.rglob("METADATA"))
    _flip(damaged)
    commands = [[uv, "cache", "prune"], install, [uv, "cache", "clean", "demo"], [uv, "cache", "clean"]]
    return Tool("uv", _output_of(uv, "--version").split()[1], cache, damaged, sound, commands, environ, target)


def _ccache(folder: Path, program: str) -> Tool:
    cache = folder / "ccache"
    environ = {"CCACHE_DIR": str(cache), "CCACHE_NOCOMPRESS": "1"}
    (folder / "one.c").write_text("int one(void) { return 1; }\n", encoding="ascii")
    (folder / "two.c").write_text("int two(void) { return 2; }\n", encoding="ascii")
    build = {name: [program, "cc", "-c", f"{name}.c", "-o", f"{name}.o"] for name in ("one", "two")}
    found = set[Path]()
    made: list[Path] = []
    for command in build.values():
        subprocess.run(command, cwd=folder, env={**os.environ, **environ}, check=True)
        made += sorted(set(cache.rglob("*R")) - found, key=lambda path: -path.stat().st_size)[:1]
        found.update(cache.rglob("*R"))
    _flip(made[0])
    commands = [[program, "--show-stats"], [program, "--cleanup"], build["one"], [program, "--clear"]]
    version = _output_of(program, "--version").split()[2]
    return Tool("ccache", version, cache, made[0], made[1], commands, environ)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def main() -> None:
    """Print a row for each command: its exit code, and what became of both files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _print("command", "exit code", "names the damaged entry", "damaged file", "sound file", "installs the damage")
        _print(*["---"] * 6)
        for tool in _tools(folder):
            kept = folder / "kept"
            shutil.copytree(tool.cache, kept, symlinks=True)
            for command in tool.commands:
                shutil.rmtree(tool.cache, ignore_errors=True)
                shutil.copytree(kept, tool.cache, symlinks=True)
                _run(tool, command, folder)
            shutil.rmtree(tool.cache, ignore_errors=True)
            kept.rename(tool.cache)


def _run(tool: Tool, command: Sequence[str], folder: Path) -> None:
    before = {path: path.read_bytes() for path in (tool.damaged, tool.sound)}
    _make_old(tool.cache)  # reading has changed the times of access
    environ = {**os.environ, **tool.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    is_named = "demo 1.0" in done.stdout or str(tool.damaged.relative_to(tool.cache)) in done.stdout
    installed = [] if tool.target is None or "install" not in command else [*tool.target.rglob(tool.damaged.name)]
    words = [Path(word).name if os.sep in word else word for word in command]
    shown = " ".join("WHEEL" if word.endswith(".whl") else word for word in words)
    _print(
        f"`{shown}` ({tool.name} {tool.version})",
        str(done.returncode),
        "yes" if is_named else "no",
        *(_became(path, content) for path, content in before.items()),
        "-" if not installed else "yes" if installed[0].read_bytes() == before[tool.damaged] else "no",
    )


def _make_old(folder: Path) -> None:
    """Let all files have been written and used long ago, as in a cache that a cleaner of the system meets."""
    for path in folder.rglob("*"):
        written_s = path.lstat().st_mtime - _OLD_S
        os.utime(path, (written_s, written_s), follow_symlinks=False)


def _became(path: Path, before: bytes) -> str:
    if not path.exists():
        return "removed"
    return "unchanged" if path.read_bytes() == before else "replaced"


def _print(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
