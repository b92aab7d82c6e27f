"""How long we take beside what a user would run instead: `nox -s bench`. Prints ratios; nothing is asserted.

Makes caches of a realistic mix, runs ours and the yardstick in turn, and compares medians. With
`--write docs/reference/benchmarks.md` the table goes between the benchmark marks of that file.
"""

import argparse
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tests import bench_caches
from tests.bench_measures import PIP, US, Bench
from tests.support import artefacts
from tests.support.server import IndexServer

RUNS = 5
SMALL, MANY, VERY_MANY, MOST = 10, 10_000, 100_000, 300_000
WHEELS = 30
SITE, EACH = int(os.environ.get("PIPCACHEPLUS_BENCH_SITE", "5000")), 50
"""Entries of all caches of a site, and of each; 50,000 entries take 20 minutes."""
_DONE = "done"
"""The name of what stands beside a cache once all of it is there."""


def cache_of(bench: Bench, size: int) -> Path:
    """Return a cache of so many small entries."""
    root, done = bench.folder / str(size), bench.folder / f"{size}-{_DONE}"
    if not done.exists():
        shutil.rmtree(root, ignore_errors=True)
        bench_caches.fill(root, size)
        done.touch()
    return root


def hashes(root: Path, pattern: str, *, at_once: int) -> list[str]:
    """Return the command that makes SHA-256 of files on two cores, so many files by one process."""
    found = f"find {shlex.quote(str(root))} -type f -name '{pattern}' -print0"
    return ["sh", "-c", f"{found} | xargs -0 -P 2 -n {at_once} openssl dgst -sha256"]


def start(bench: Bench) -> None:
    """Measure a command that does hardly anything."""
    bench.compare("`dir`", [*US, "dir"], f"`{bench.pip} --version`", [*PIP, "--version"])


def read(bench: Bench) -> None:
    """Measure what looks at names, heads and pages."""
    root = cache_of(bench, VERY_MANY)
    at, words = ["--cache-dir", str(root)], f"{VERY_MANY:,} entries"
    bench.compare(f"`info`, {words}", [*US, "info", *at], "`du -s`", ["du", "-s", str(root)])
    ours, pip_info = [*US, "list", *at], [*PIP, "cache", "info", *at]
    bench.compare(f"`list`, {words}, first", ours, f"`{bench.pip} cache info`", pip_info, before=bench.forget)
    bench.compare(f"`list`, {words}, again", ours, f"`{bench.pip} cache info`", pip_info)


def verify(bench: Bench) -> None:
    """Measure the verification of small entries: all of them, and again."""
    root = cache_of(bench, VERY_MANY)
    ours, words = [*US, "verify", "--cache-dir", str(root)], f"{VERY_MANY:,} small entries"
    openssl = hashes(root, "*", at_once=200)
    bench.compare(f"`verify`, {words}, first", ours, "`openssl dgst -sha256`", openssl, before=bench.forget)
    bench.compare(f"`verify`, {words}, again", ours, "`du -s`", ["du", "-s", str(root)])


def renewed(bench: Bench) -> None:
    """Count the files that are opened once a pip has renewed a page."""
    root = cache_of(bench, MANY)
    arguments = ["verify", "--cache-dir", str(root)]
    bench.forget()
    for _ in range(2):  # what was written a moment ago is not remembered
        bench.run([*US, *arguments])
    bench_caches.renew_page(root)
    bench.opens(f"one of {MANY:,} entries renewed, then `verify`: files opened", arguments, root)


def verify_large(bench: Bench) -> None:
    """Measure the verification of large wheels by their published digests."""
    root, words = _with_wheels(bench, are_published=True)
    ours, openssl = [*US, "verify", "--cache-dir", str(root)], hashes(root, "*.body", at_once=1)
    bench.compare(f"`verify`, {words}, first", ours, "`openssl dgst -sha256`", openssl, before=bench.forget)


def prune(bench: Bench) -> None:
    """Measure the removal of a tenth."""
    with _removable(left=MANY // 10) as (full, root, listed):

        def fresh() -> None:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(full, root)

        ours = [*US, "prune", "--partial", "--exclusive", "--cache-dir", str(root)]
        where = shlex.quote(str(root))
        # No name says that a head is missing: find lists the bodies, and what goes is known beforehand.
        find, rm = f"find {where} -type f -name '*.body' > /dev/null", f"xargs -0 rm < {shlex.quote(str(listed))}"
        by_hand = ["sh", "-c", f"{find}; {rm}; find {where} -type d -empty -delete"]
        words = f"a tenth of {MANY:,} entries"
        bench.compare(
            f"`prune --partial`, {words}",
            ours,
            "`find` by name, `rm`, `find -empty -delete`",
            by_hand,
            before=fresh,
        )


def memory(bench: Bench) -> None:
    """Measure how much is held at once, when nothing is remembered yet."""
    for size in (VERY_MANY, MOST):
        for command in ("info", "list", "verify"):
            at = ["--cache-dir", str(cache_of(bench, size))]
            bench.forget()
            bench.memory(f"memory of `{command}`, {size:,} entries", [*US, command, *at])


def small(bench: Bench) -> None:
    """Measure a cache of hardly anything: what each command costs before it begins."""
    root = cache_of(bench, SMALL)
    at = ["--cache-dir", str(root)]
    for command in ("info", "list", "verify"):
        work, yardstick = f"`{command}`, {SMALL} entries", [*PIP, "cache", "info", *at]
        bench.compare(work, [*US, command, *at], f"`{bench.pip} cache info`", yardstick)


def checksums(bench: Bench) -> None:
    """Measure the verification of large wheels that nothing but their own checksums can prove."""
    root, words = _with_wheels(bench, are_published=False)
    unzip = ["sh", "-c", f"for f in {shlex.quote(str(bench.folder / 'wheels'))}/*.whl; do unzip -tqq $f; done"]
    ours = [*US, "verify", "--cache-dir", str(root)]
    bench.compare(f"every checksum of {words}", ours, "`unzip -tqq`", unzip, before=bench.forget)


def purge(bench: Bench) -> None:
    """Measure the removal of everything."""
    with _removable(left=0) as (full, root, _):

        def fresh() -> None:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(full, root)

        ours = [*US, "purge", "--yes", "--exclusive", "--cache-dir", str(root)]
        rm_all = ["rm", "-rf", str(root / "http-v2"), str(root / "wheels")]
        work = f"`purge`, {MANY:,} entries"
        bench.compare(work, ours, "`rm -rf`", rm_all, before=fresh)
        no_wait = f"c = PipCache({str(root)!r}); c.apply(c.plan_purge(), exclusive=False, wait_s=0)"
        careful = [sys.executable, "-c", f"from pipcacheplus import PipCache; {no_wait}"]
        apart = f"{work}, while pips may be running, the wait apart"
        bench.compare(apart, careful, "`rm -rf`", rm_all, before=fresh)
        pip_purge = [*PIP, "cache", "purge", "--cache-dir", str(root)]
        bench.compare(work, ours, f"`{bench.pip} cache purge`", pip_purge, before=fresh)


def wrapped(bench: Bench) -> None:
    """Measure what it costs to run pip by us: at its start, for an install from the cache, and when it fails."""
    bench.compare("`pip --version`, wrapped", [*US, "pip", "--version"], "`pip --version`", [*PIP, "--version"])
    names = [f"demo-{number}" for number in range(WHEELS)]
    with tempfile.TemporaryDirectory() as folder:
        place, site = Path(folder), Path(folder, "site")
        content = {"demo/data": os.urandom(1 << 20)}
        files = [artefacts.wheel(place / "wheels", name, files=content) for name in names]
        with IndexServer(files) as index:
            options = ("--index-url", index.index_url, "--trusted-host", "127.0.0.1", "--target", str(site))
            install = ["install", "--cache-dir", str(place / "cache"), *options]

            def fresh() -> None:
                shutil.rmtree(site, ignore_errors=True)

            work, yardstick = f"`pip install` of {WHEELS} cached wheels", "the same"
            bench.compare(
                f"{work}, wrapped", [*US, "pip", *install, *names], yardstick, [*PIP, *install, *names], before=fresh
            )
            failing = ["install", "--cache-dir", str(cache_of(bench, MANY)), *options, "demo-absent"]
            ours, plain = (shlex.join([*words, *failing]) + "; true" for words in ([*US, "pip"], PIP))
            work = f"`pip install` of what is not there, cache of {MANY:,} entries"
            bench.compare(f"{work}, wrapped", ["sh", "-c", ours], yardstick, ["sh", "-c", plain], before=fresh)


def many(bench: Bench) -> None:
    """Measure many small caches beside one with as many entries: time, and memory of all processes."""
    caches = SITE // EACH
    whole, site = cache_of(bench, SITE), bench.folder / f"site-{caches}"
    for number in range(caches):
        root, done = site / f"{number}", site / f"{number}-{_DONE}"
        if not done.exists():
            shutil.rmtree(root, ignore_errors=True)
            bench_caches.fill(root, EACH)
            done.touch()
    listed = bench.folder / f"site-{caches}.txt"
    listed.write_text("".join(f"{site / str(number)}\n" for number in range(caches)), encoding="utf-8")
    words = f"{caches:,} caches of {EACH} entries"
    for command in ("list", "verify"):
        ours = [*US, command, "--caches-from", str(listed)]
        alone = [*US, command, "--cache-dir", str(whole)]
        bench.compare(f"`{command}`, {words}", ours, f"one cache of {SITE:,}", alone, before=bench.forget)
        bench.forget()
        bench.memory(f"memory of `{command}`, {words}", ours)


def _with_wheels(bench: Bench, *, are_published: bool) -> tuple[Path, str]:
    found = bench_caches.wheels(bench.folder / "wheels")
    root = bench.folder / ("published" if are_published else "unpublished")
    if not root.is_dir():
        bench_caches.fill_with_wheels(root, found, are_published=are_published)
    return root, f"{len(found)} wheels, {sum(path.stat().st_size for path in found) / 1e9:.1f} GB"


@contextmanager
def _removable(*, left: int) -> Iterator[tuple[Path, Path, Path]]:
    """Make a cache with so many bodies left alone, in memory where the system has such a place: disks differ too much.

    Yields:
        The cache, to be copied; where to; and a file that names the bodies there, each with a zero byte.
    """
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        full, root, listed = Path(folder, "full"), Path(folder, "cache"), Path(folder, "list")
        bench_caches.fill(full, MANY)
        names = [path.replace(str(full), str(root)) for path in bench_caches.leave_bodies(full, left)]
        listed.write_text("\0".join(names), encoding="ascii")
        yield full, root, listed


_TABLE = (start, read, verify, renewed, verify_large, prune, memory)
_MORE = (small, checksums, purge, wrapped, many)


def main() -> None:
    """Measure and print; write into files if asked."""
    parts = {part.__name__: part for part in (*_TABLE, *_MORE)}
    parser = argparse.ArgumentParser(description="Compare with what a user would run instead.")
    parser.add_argument("--runs", type=int, default=RUNS)
    more = ", ".join(part.__name__ for part in _MORE)
    parser.add_argument("--only", choices=parts, action="append", help=f"measure a part; {more} only so")
    parser.add_argument("--write", type=Path, nargs="*", default=(), help="files with the benchmark marks")
    parser.add_argument("--folder", type=Path, help="make caches there, and use those of an earlier run")
    options = parser.parse_args()
    made = tempfile.TemporaryDirectory() if options.folder is None else nullcontext(options.folder)
    with made as folder:
        bench = Bench(Path(folder), options.runs)
        for name in options.only or [part.__name__ for part in _TABLE]:
            parts[name](bench)
    text = "\n".join(bench.rows)
    for file in options.write:
        old = file.read_text(encoding="utf-8")
        new = re.sub(r"(<!-- benchmark -->\n).*?(<!-- /benchmark -->)", rf"\g<1>{text}\n\2", old, flags=re.DOTALL)
        file.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
