"""As root, prune the caches of all users of a machine, each in a process that becomes its owner.

python -I prune_users.py /home

The interpreter imports modules as root. So install pipcacheplus where only root can write, and start this
with `-I`: it leaves out the current directory, the variables `PYTHON*` and the packages in a home directory.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile  # noqa: TID251 - for reports, which a user makes as long as they like; not below a cache
from pathlib import Path
from typing import BinaryIO

PRUNE = ("-I", "-m", "pipcacheplus", "prune", "--corrupt", "--partial", "--as-owner", "--format", "json")
MAX_REPORT_BYTES = 64 << 20
MAX_ERROR_BYTES = 1000


def main() -> int:
    """Print one line for each home; return 1 if a cache could not be pruned, or not all that should go went."""
    parser = argparse.ArgumentParser(description="As root, prune the pip caches of all users of a machine.")
    parser.add_argument("homes", type=Path, help="the directory that holds the home directories: /home")
    parser.add_argument(
        "--timeout", type=float, default=3600, metavar="S", help="seconds for each cache (default 3600)"
    )
    arguments = parser.parse_args()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        parser.error("only root can become the owner of each cache")
    try:
        homes = sorted(path for path in arguments.homes.iterdir() if os.path.isdir(path))
    except OSError as error:
        parser.error(f"{arguments.homes}: {error.strerror}")
    is_all_well = True
    for home in homes:
        words, is_well = prune(home, timeout_s=arguments.timeout)
        print(printable(f"{home}: {words}"), flush=True)
        is_all_well &= is_well
    return 0 if is_all_well else 1


def prune(home: Path, *, timeout_s: float) -> tuple[str, bool]:
    """Prune the cache of one home; return what was done, or why not, and whether all is well."""
    cache = home / ".cache" / "pip"
    try:
        if cache.stat().st_uid != home.stat().st_uid:  # a link to the cache of somebody else, for instance
            return "the cache belongs to somebody else than the home", False
    except FileNotFoundError:
        return "no cache", True
    except OSError as error:
        return f"the cache cannot be examined: {error.strerror}", False
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            done = subprocess.run(
                [sys.executable, *PRUNE, "--cache-dir", os.path.abspath(cache)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/",  # not a directory that a user could rename or fill
                env={"HOME": "/"},  # no variable of root's, with a token in it for instance, gets to the user
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:  # the owner may stop the process, which is theirs by then
            return f"ended after {timeout_s:g} s; the next run finishes the rest", False
        return summary(out, err, done.returncode)


def summary(out: BinaryIO, err: BinaryIO, code: int) -> tuple[str, bool]:
    """Return what a run reports. Its numbers count; what it says of an error is shown as text, and no more."""
    out.seek(0)
    err.seek(0)
    try:
        report = json.loads(out.read(MAX_REPORT_BYTES))["summary"]
        entries, freed_bytes, failed = (int(report[key]) for key in ("entries", "disk_bytes", "failed"))
    except (ValueError, LookupError, TypeError, RecursionError):
        lines = err.read(MAX_ERROR_BYTES).decode(errors="replace").splitlines()
        return lines[-1].removeprefix("ERROR: ") if lines else f"no report, exit code {code}", False
    stayed = f", {failed} could not be removed" if failed else ""
    return f"{entries} entries removed, {freed_bytes} bytes freed{stayed}", code == 0


def printable(text: str) -> str:
    """Replace what a terminal would not print but obey, and what is not UTF-8."""
    return "".join(character if character.isprintable() else "?" for character in text)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # the present cache is left as by a killed run: see "What is safe"
        sys.exit("interrupted")
