"""Measure what `uv cache` does about one flipped bit: python -m tests.bench_comparison WHEEL.

Installs uv from the configured package index into a temporary environment, and prints a table in Markdown.
WHEEL is any wheel with a module whose name is that of its project.
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def main(wheel: str) -> None:
    """Print a line for each command: its exit code, and whether the damaged file is cached or installed after it."""
    module = Path(wheel).name.split("-")[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for environment in ("tool", "target"):
            venv.create(folder / environment, with_pip=environment == "tool")
        python = folder / "tool" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", "uv"], check=True)
        cache, target = folder / "cache", folder / "target"

        def uv(*arguments: str) -> int:
            variables = os.environ | {"UV_CACHE_DIR": str(cache), "VIRTUAL_ENV": str(target), "UV_LINK_MODE": "copy"}
            return subprocess.run(
                [python.with_name("uv"), *arguments], env=variables, capture_output=True, check=False
            ).returncode

        install = ("pip", "install", "--reinstall", "--offline", os.path.abspath(wheel))
        uv(*install)
        (cached,) = cache.rglob(f"{module}.py")
        content = bytearray(cached.read_bytes())
        content[0] ^= 1
        cached.write_bytes(content)
        sys.stdout.write(
            "| command | exit code | damaged file in the cache | damaged file installed |\n| --- | --- | --- | --- |\n"
        )
        for command in (("cache", "prune"), install, ("cache", "clean", module)):
            code = uv(*command)
            is_cached, is_installed = (
                any(path.read_bytes() == content for path in place.rglob(f"{module}.py")) for place in (cache, target)
            )
            shown = "uv " + " ".join((*command[:-1], Path(command[-1]).name))
            sys.stdout.write(
                f"| `{shown}` | {code} | {'yes' if is_cached else 'no'} | {'yes' if is_installed else 'no'} |\n"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
