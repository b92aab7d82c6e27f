"""Measure what many caches cost, a directory and an entry, on a local disk and on one as slow as a file server.

`python -m tests.bench_fleet --caches 1000 docs/explanation/scale.md` makes small caches, measures, and compares
the model of that page with them.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench_caches import fill
from tests.support.slow import Slow

_COMMANDS = {
    "`info`": (("info",), False),
    "`list`, first": (("list",), True),
    "`list`, again": (("list",), False),
    "`verify`, first": (("verify",), True),
    "`verify`, again": (("verify",), False),
}
"""Command lines by the name of a row, and whether the catalog is removed before."""
_SAMPLES = 20
"""Caches of one shape."""
_ENTRIES, _MORE_ENTRIES, _MORE_DIRECTORIES = 10, 2_000, 500
_DENSE = 4
"""Caches with more entries."""
_SIMULATED_ENTRIES = 20
_LARGE_ENTRIES = 20_000
_DELAYS_S = (0.0005, 0.001, 0.005)
_DELAYED = 32
"""Caches that are read with slow calls."""
_DELAYED_ENTRIES = 50
_WORKERS = (1, 4, 16)
_HOMES = 10_000
_HOME_ENTRIES = 20_000
_START = """\
import runpy, sys
from pipcacheplus.fleet import crew
crew._PASSED += ("LD_PRELOAD", "SLOW_ROOT", "SLOW_US", "SLOW_COUNT")
runpy.run_module("pipcacheplus", run_name="__main__", alter_sys=True)
"""
"""Runs the command line, and lets the shim into the processes of the caches, which get few variables."""


class _Cost(NamedTuple):
    """Seconds of wall time and processor time, and metadata calls."""

    wall_s: float
    processor_s: float
    calls: float

    def minus(self, other: "_Cost") -> "_Cost":
        return _Cost(*(mine - its for mine, its in zip(self, other, strict=True)))

    def times(self, factor: float) -> "_Cost":
        return _Cost(*(one * factor for one in self))

    def plus(self, other: "_Cost") -> "_Cost":
        return self.minus(other.times(-1))


class _Model(NamedTuple):
    """Costs of one command."""

    start: _Cost
    """A run, without its caches."""
    cache: _Cost
    """A cache, without its directories and entries."""
    directory: _Cost
    entry: _Cost

    def of(self, directories: float, entries: float) -> _Cost:
        """Return the costs of one cache."""
        return self.cache.plus(self.directory.times(directories)).plus(self.entry.times(entries))


class _Fleets:
    """Trees of caches below one folder, and commands on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.slow = Slow(folder)

    def tree(self, name: str, caches: int, entries: int, *, directories: int = 0) -> Path:
        """Return a tree of copies of one cache, made if it is not there.

        Args:
            name: Of the tree.
            caches: Copies.
            entries: Entries of each.
            directories: Empty directories that are added to each.
        """
        root = self.folder / name
        if root.exists():
            return root
        model = self.folder / f"{name}.model"
        fill(model, entries)
        for number in range(directories):
            (model / "http-v2" / "f" / "f" / f"{number:04x}").mkdir(parents=True)
        for number in range(caches):
            shutil.copytree(model, root / f"user{number:05}" / ".cache" / "pip", copy_function=shutil.copyfile)
        return root

    def once(self, root: Path, row: str, *, workers: int, delay_s: float = 0.0) -> _Cost:
        """Return the costs of a run that takes minutes: those of an earlier run in this folder, if there was one."""
        results = self.folder / "results.json"
        known = json.loads(results.read_text()) if results.exists() else {}
        key = f"{root.name} {row} {workers} {delay_s:g}"
        if key not in known:
            known[key] = self.run(root, row, workers=workers, delay_s=delay_s)
            results.write_text(json.dumps(known))
        return _Cost(*known[key])

    def run(self, root: Path, row: str, *, workers: int = 1, delay_s: float = 0.0, most: str = "*") -> _Cost:
        """Run the command of a row on the caches of a tree, and return its costs."""
        words, is_first = _COMMANDS[row]
        state = self.folder / "state" / root.name
        if is_first:
            shutil.rmtree(state, ignore_errors=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        own = {"XDG_STATE_HOME": os.fspath(state), "PIP_CONFIG_FILE": os.devnull}
        where = ["--cache-dir", f"{root}/user{most}/.cache/pip", "--executor", f"threads:{workers}"]
        self.slow.calls()
        before, start_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        ran = subprocess.run(
            [sys.executable, "-c", _START, *words, *where],
            env={**kept, **own, **self.slow.environment(root, delay_s)},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        assert ran.returncode == 0, f"{words} ended with {ran.returncode}"
        wall_s, after = time.perf_counter() - start_s, resource.getrusage(resource.RUSAGE_CHILDREN)
        return _Cost(
            wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, float(self.slow.calls())
        )


def _directories(cache: Path) -> int:
    return sum(len(names) for _, names, _ in os.walk(cache)) + 1


def _one(root: Path) -> Path:
    return root / "user00000" / ".cache" / "pip"


def _models(fleets: _Fleets) -> dict[str, _Model]:
    """Return the costs of each command, from caches of three shapes."""
    few = fleets.tree("few", _SAMPLES, _ENTRIES)
    wide = fleets.tree("wide", _SAMPLES, _ENTRIES, directories=_MORE_DIRECTORIES)
    dense = fleets.tree("dense", _DENSE, _MORE_ENTRIES)
    few_directories, dense_directories = _directories(_one(few)), _directories(_one(dense))
    found = {}
    for row in _COMMANDS:
        single, of_few, of_wide, of_dense = (
            fleets.run(few, row, most="00000"),
            *(fleets.run(root, row) for root in (few, wide, dense)),
        )
        each = of_few.minus(single).times(1 / (_SAMPLES - 1))
        directory = of_wide.minus(of_few).times(1 / (_SAMPLES * _MORE_DIRECTORIES))
        start = single.minus(each)
        more = of_dense.minus(start).times(1 / _DENSE).minus(each)
        more = more.minus(directory.times(dense_directories - few_directories))
        entry = more.times(1 / (_MORE_ENTRIES - _ENTRIES))
        cache = each.minus(directory.times(few_directories)).minus(entry.times(_ENTRIES))
        found[row] = _Model(start, cache, directory, entry)
        print(row, found[row], file=sys.stderr, flush=True)  # noqa: T201 - progress
    return found


def _worker_s(fleets: _Fleets) -> float:
    """Return the processor time that each further worker takes to start."""
    root, row = fleets.tree("few", _SAMPLES, _ENTRIES), "`list`, again"
    one, many = (fleets.run(root, row, workers=workers) for workers in (1, _SAMPLES))
    return (many.processor_s - one.processor_s) / (_SAMPLES - 1)


def _table_of_costs(models: dict[str, _Model]) -> list[str]:
    rows = [
        "| command | processor: a cache | a directory | an entry | calls: a cache | a directory | an entry |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row, model in models.items():
        parts = (model.cache, model.directory, model.entry)
        processor = [
            f"{parts[0].processor_s * 1e3:.0f} ms",
            *(f"{one.processor_s * 1e6:.0f} µs" for one in parts[1:]),
        ]
        calls = [f"{one.calls:.1f}" for one in parts]
        rows.append(f"| {row} | {' | '.join([*processor, *calls])} |")
    return rows


def _table_of_delays(fleets: _Fleets, models: dict[str, _Model], worker_s: float) -> list[str]:
    """Compare the model with runs in which calls are slow."""
    root = fleets.tree("slow", _DELAYED, _DELAYED_ENTRIES)
    directories = _directories(_one(root))
    rows = [
        "| command | added to a call | workers | model | measured | processor, measured |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in ("`list`, first", "`list`, again"):
        for delay_s in _DELAYS_S:
            for workers in _WORKERS:
                if delay_s > 0.001 and workers == 1:  # minutes, to the same end
                    continue
                cost = fleets.once(root, row, workers=workers, delay_s=delay_s)
                model = models[row]
                starts_s = model.start.wall_s + worker_s * (workers - 1) / _cores()
                expected_s = starts_s + _wall_s(
                    model, _DELAYED, directories, _DELAYED_ENTRIES, delay_s, workers, _cores()
                )
                rows.append(
                    f"| {row} | {delay_s * 1e3:g} ms | {workers} | {expected_s:.1f} s | {cost.wall_s:.1f} s"
                    f" | {cost.processor_s:.1f} s |"
                )
                print(rows[-1], file=sys.stderr, flush=True)  # noqa: T201 - progress
    return rows


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _wall_s(
    model: _Model,
    caches: int,
    directories: float,
    entries: float,
    delay_s: float,
    workers: int,
    cores: int,
) -> float:
    """Return the formula of the page: workers wait for calls side by side, and share the processors."""
    each = model.of(directories, entries)
    return caches * max((each.processor_s + each.calls * delay_s) / workers, each.processor_s / cores)


def _table_of_simulation(fleets: _Fleets, models: dict[str, _Model], caches: int) -> list[str]:
    """Compare the model with many small caches, and with a large one."""
    rows = [
        "| caches | entries of each | command | processor, model | measured | ratio | wall time, measured |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    shapes = [("large", 1, _LARGE_ENTRIES), ("small", caches, _SIMULATED_ENTRIES)]
    for name, count, entries in shapes:
        root = fleets.tree(name, count, entries)
        directories = _directories(_one(root))
        for row in ("`list`, first", "`list`, again"):
            cost = fleets.once(root, row, workers=_cores())
            model = models[row]
            expected_s = model.start.processor_s + count * model.of(directories, entries).processor_s
            rows.append(
                f"| {count:,} | {entries:,} | {row} | {expected_s:.0f} s | {cost.processor_s:.0f} s"
                f" | {cost.processor_s / expected_s:.2f} | {cost.wall_s:.0f} s |"
            )
            print(rows[-1], file=sys.stderr, flush=True)  # noqa: T201 - progress
    return rows


def _table_of_site(models: dict[str, _Model], directories: int) -> list[str]:
    """Return the cost of a site: processor hours, calls, and wall time by workers."""
    rows = [
        "| command | processor time | calls | added to a call | 16 workers | 64 | 256 | calls a second of 64 workers |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row, model in models.items():
        each = model.of(directories, _HOME_ENTRIES)
        for delay_s in _DELAYS_S:
            walls = [
                _wall_s(model, _HOMES, directories, _HOME_ENTRIES, delay_s, workers, workers)
                for workers in (16, 64, 256)
            ]
            rate = _HOMES * each.calls / walls[1]
            rows.append(
                f"| {row} | {_HOMES * each.processor_s / 3600:.0f} h | {_HOMES * each.calls / 1e9:.2f} billion"
                f" | {delay_s * 1e3:g} ms | {' | '.join(f'{wall / 3600:.1f} h' for wall in walls)} | {rate:,.0f} |"
            )
    return rows


def _write(file: Path, tables: Mapping[str, Sequence[str]]) -> None:
    text = file.read_text(encoding="utf-8")
    for name, rows in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        text = before + begin + "\n".join(rows) + "\n" + end + rest.partition(end)[2]
    file.write_text(text, encoding="utf-8")


def main() -> None:
    """Measure, and write the tables into the page."""
    parser = argparse.ArgumentParser(description="Measure many caches.")
    parser.add_argument("--caches", type=int, default=1000, help="small caches of the simulation")
    parser.add_argument("page", type=Path, help="the page with the marks of the tables")
    parser.add_argument(
        "--folder",
        type=Path,
        help="make caches there, and use the caches and the longer measurements of an earlier run",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        folder.mkdir(exist_ok=True)
        fleets = _Fleets(folder.resolve())
        models = _models(fleets)
        worker_s = _worker_s(fleets)
        tables = {
            "costs": _table_of_costs(models),
            "worker": [f"Each worker takes {worker_s:.2f} s of processor time to start."],
            "delays": _table_of_delays(fleets, models, worker_s),
            "simulation": _table_of_simulation(fleets, models, options.caches),
            "site": _table_of_site(models, _directories(_one(fleets.tree("large", 1, _LARGE_ENTRIES)))),
        }
    _write(options.page, tables)


if __name__ == "__main__":
    main()
