"""How long we take beside what a user would run instead: `nox -s bench`. Prints ratios; nothing is asserted.

Makes caches of a realistic mix, runs ours and the yardstick in turn, and compares medians. With `--write README.md` the
table goes between the benchmark marks of that file.
"""

import argparse
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import bench_caches

RUNS = 5
SMALL, MANY, VERY_MANY = 10, 10_000, 100_000
_US = [sys.executable, "-m", "pipcacheplus"]
_PIP = [sys.executable, "-m", "pip"]
_FINE = frozenset({0, 3})
_START = """
import os, sys
null = os.open(os.devnull, os.O_WRONLY)
silent = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Starts a program and prints its most KiB. Until it is another program, a process counts as large as the one that
started it: so that one has to be small."""


class Bench:
    """Measures pairs of commands, and makes a row of each."""

    def __init__(self, folder: Path, runs: int) -> None:
        self.folder = folder
        self._runs = runs
        self.rows = ["| work | ours | yardstick | | ratio |", "| --- | --- | --- | --- | --- |"]
        told = subprocess.check_output([*_PIP, "--version"], text=True)
        self.pip = "pip " + told.split()[1]

    def cache_of(self, size: int) -> Path:
        """Return a cache of so many small entries."""
        root = self.folder / str(size)
        if not root.is_dir():
            bench_caches.fill(root, size)
        return root

    def compare(
        self,
        work: str,
        ours: Sequence[str],
        name: str,
        yardstick: Sequence[str],
        *,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        """Run both in turn, after one run each that is not counted; add the medians."""
        pairs = []
        for _ in range(self._runs + 1):
            before()
            mine = self._measure(ours)
            before()
            pairs.append((mine, self._measure(yardstick)))
        mine, theirs = (statistics.median(side) for side in zip(*pairs[1:], strict=True))
        self._add(f"| {work} | {mine:.2f} s | {name} | {theirs:.2f} s | {mine / theirs:.2f} |")

    def memory(self, work: str, command: Sequence[str]) -> None:
        """Add the most memory that any process of a command holds, beside an interpreter that does nothing."""
        ours, empty = self._peak(command), self._peak([sys.executable, "-c", "pass"])
        self._add(
            f"| memory of {work} | {ours:.0f} MiB | an empty interpreter | {empty:.0f} MiB | {ours / empty:.1f} |"
        )

    def _add(self, row: str) -> None:
        self.rows.append(row)
        print(row, flush=True)

    def _peak(self, command: Sequence[str]) -> float:
        """Run a command; return the most MiB that it or a child of its held."""
        small = [sys.executable, "-I", "-S", "-c", _START, *command]
        ran = subprocess.run(small, env=self._environment, stdout=subprocess.PIPE, text=True, check=False)
        _check(command, ran.returncode)
        return int(ran.stdout) / 1024

    def _measure(self, command: Sequence[str]) -> float:
        """Run a command; return seconds."""
        start = time.perf_counter()
        ran = subprocess.run(
            command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        took = time.perf_counter() - start
        _check(command, ran.returncode)
        return took

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "XDG_STATE_HOME": str(self.folder / "state"),
        }


def _check(command: Sequence[str], status: int) -> None:
    if status not in _FINE:
        message = f"{shlex.join(command)[:200]} ended with {status}"
        raise SystemExit(message)


def hashes(root: Path, pattern: str) -> list[str]:
    """Return the command that makes SHA-256 of files on two cores."""
    where = shlex.quote(str(root))
    return ["sh", "-c", f"find {where} -type f -name '{pattern}' -print0 | xargs -0 -P 2 -n 200 openssl dgst -sha256"]


def list_entries(bench: Bench) -> None:
    """Measure what only looks at names, heads and pages."""
    bench.compare("`dir`", [*_US, "dir"], f"`{bench.pip} --version`", [*_PIP, "--version"])
    for size in (SMALL, MANY, VERY_MANY):
        root = bench.cache_of(size)
        at, words = ["--cache-dir", str(root)], f"{size:,} entries"
        pip_info = [*_PIP, "cache", "info", *at]
        bench.compare(f"`info`, {words}", [*_US, "info", *at], f"`{bench.pip} cache info`", pip_info)
        bench.compare(f"`info`, {words}", [*_US, "info", *at], "`du -s`", ["du", "-s", str(root)])
        bench.compare(f"`list`, {words}", [*_US, "list", *at], f"`{bench.pip} cache info`", pip_info)


def verify_many(bench: Bench) -> None:
    """Measure the verification of small entries: all of them, and again."""
    for size in (MANY, VERY_MANY):
        root = bench.cache_of(size)
        at, words = ["--cache-dir", str(root)], f"{size:,} small entries"
        ours, openssl = [*_US, "verify", "--no-ledger", *at], hashes(root, "*")
        bench.compare(f"`verify --no-ledger`, {words}", ours, "`openssl sha256`", openssl)
        bench.compare(f"`verify` again, {words}", [*_US, "verify", *at], "`du -s`", ["du", "-s", str(root)])


def memory(bench: Bench) -> None:
    """Measure how much is held at once."""
    for command in ("info", "list", "verify"):
        at = ["--cache-dir", str(bench.cache_of(VERY_MANY))]
        bench.memory(f"`{command}`, {VERY_MANY:,} entries", [*_US, command, *at])


def verify_large(bench: Bench) -> None:
    """Measure the verification of large wheels: by digests, again, and by their own checksums."""
    found = bench_caches.wheels(bench.folder / "wheels")
    words = f"{len(found)} wheels, {sum(path.stat().st_size for path in found) / 1e9:.1f} GB"
    root = bench.folder / "published"
    bench_caches.fill_with_wheels(root, found, are_published=True)
    at = ["--cache-dir", str(root)]
    openssl = ["sh", "-c", f"find {shlex.quote(str(root))} -name '*.body' -print0 | xargs -0 -P 2 -n 1 openssl sha256"]
    bench.compare(f"`verify --no-ledger`, {words}", [*_US, "verify", "--no-ledger", *at], "`openssl sha256`", openssl)
    bench.compare(f"`verify` again, {words}", [*_US, "verify", *at], "`du -s`", ["du", "-s", str(root)])
    if shutil.which("unzip"):
        root = bench.folder / "unpublished"
        bench_caches.fill_with_wheels(root, found, are_published=False)
        unzip = ["sh", "-c", f"for f in {shlex.quote(str(bench.folder / 'wheels'))}/*.whl; do unzip -tqq $f; done"]
        command = [*_US, "verify", "--no-ledger", "--cache-dir", str(root)]
        bench.compare(f"every checksum of {words}", command, "`unzip -tqq`", unzip)


def remove(bench: Bench) -> None:
    """Measure removal, in memory where the system has such a place: disks differ too much from run to run."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        full, root = Path(folder, "full"), Path(folder, "cache")
        bench_caches.fill(full, MANY)
        left = [path.replace(str(full), str(root)) for path in bench_caches.leave_bodies(full, MANY // 10)]
        listed = Path(folder, "list")
        listed.write_text("\0".join(left), encoding="ascii")

        def fresh() -> None:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(full, root)

        at = ["--cache-dir", str(root), "--exclusive"]
        rm = ["sh", "-c", f"xargs -0 rm < {listed}"]
        words = f"a tenth of {MANY:,} entries"
        bench.compare(
            f"`prune --partial`, {words}", [*_US, "prune", "--partial", *at], "`rm` of them", rm, before=fresh
        )
        purge = [*_US, "purge", "--yes", *at]
        rm_all = ["rm", "-rf", str(root / "http-v2"), str(root / "wheels")]
        bench.compare(f"`purge`, {MANY:,} entries", purge, "`rm -rf`", rm_all, before=fresh)
        no_wait = f"c = PipCache({str(root)!r}); c.apply(c.plan_purge(), exclusive=False, wait_s=0)"
        careful = [sys.executable, "-c", f"from pipcacheplus import PipCache; {no_wait}"]
        work = f"the same while pips may be at work, the wait apart, {MANY:,} entries"
        bench.compare(work, careful, "`rm -rf`", rm_all, before=fresh)
        pip_purge = [*_PIP, "cache", "purge", "--cache-dir", str(root)]
        purged = f"`purge`, {MANY:,} entries"
        bench.compare(purged, purge, f"`{bench.pip} cache purge`", pip_purge, before=fresh)
        work = f"{purged}, with as few words as pip has"
        bench.compare(work, [*purge, "--quiet"], f"`{bench.pip} cache purge`", pip_purge, before=fresh)


def main() -> None:
    """Measure and print; write into files if asked."""
    parts = {part.__name__: part for part in (list_entries, verify_many, memory, verify_large, remove)}
    parser = argparse.ArgumentParser(description="Compare with what a user would run instead.")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", choices=parts, action="append", help="measure a part")
    parser.add_argument("--write", type=Path, nargs="*", default=(), help="files with the benchmark marks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.runs)
        for name in options.only or parts:
            parts[name](bench)
    text = "\n".join(bench.rows)
    for file in options.write:
        old = file.read_text(encoding="utf-8")
        new = re.sub(r"(<!-- benchmark -->\n).*?(<!-- /benchmark -->)", rf"\g<1>{text}\n\2", old, flags=re.DOTALL)
        file.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
