"""Large caches: several workers read the contents of one, and the result is that of a single unit."""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.fleet.portions import results_in_portions
from pipcacheplus.fleet.run import results_of
from pipcacheplus.fleet.unit import Unit, UnitResult
from pipcacheplus.pips.layout import body_path
from tests.catalog.mixtures import BUILDS, made, mixed, plain
from tests.fleet.caches import rows_of
from tests.support.builders import FILE_URL, Cache, file_headers, file_url, tree

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied"),
    pytest.mark.timeout(600),
]
PORTION_BYTES = 3000
"""So small that a portion has few files."""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that gives the processes another state directory."""

    def use(name: str) -> Path:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))
        return tmp_path / name

    use("state")
    return use


@pytest.fixture
def large(tmp_path: Path) -> Cache:
    """Build a cache with all sorts of entries and damage, in both layouts, and files of others."""
    cache = mixed(tmp_path / "large", sorted(BUILDS))
    for number in range(20):
        content = made(cache, f"unlinked{number}")
        cache.http_v2(f"{FILE_URL}/{number}/unlinked{number}-1.0-py3-none-any.whl", content, headers=plain(content))
        cache.http(file_url(content, f"old{number}-1.0-py3-none-any.whl"), content, headers=file_headers(content))
    flipped = bytearray(made(cache, "flipped"))
    flipped[len(flipped) // 3] ^= 1
    cache.http_v2(f"{FILE_URL}/flipped-1.0-py3-none-any.whl", bytes(flipped), headers=plain(bytes(flipped)))
    cache.built_wheel("broken", content=b"no wheel")
    cache.foreign("letter.txt")
    return cache


def single(cache: Cache, *words: str, gathers: bool = True) -> Any:  # noqa: ANN401 - rows
    """Return the rows of a single unit."""
    with ThreadPoolExecutor(1) as executor:
        return rows_of([*results_of([Unit(str(cache.path), ("verify", *words), gathers=gathers)], executor, ahead=1)])


def in_portions(
    cache: Cache, *words: str, executor: Executor, gathers: bool = True, portion_bytes: int = PORTION_BYTES
) -> Any:  # noqa: ANN401 - rows
    """Return the rows of units that read portions."""
    units = [Unit(str(cache.path), ("verify", *words), gathers=gathers)]
    return rows_of([*results_in_portions(units, executor, ahead=4, portion_bytes=portion_bytes)])


class Counting(ThreadPoolExecutor):
    """An executor that counts the units by their phase, and can lose those of one."""

    def __init__(self, workers: int, *, loses: str = "") -> None:
        super().__init__(workers)
        self.phases = Counter[str]()
        self.order: list[tuple[str, str]] = []
        self.loses = loses

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:  # noqa: ANN401 - as of the class
        """Run a function in a thread."""
        [unit] = arguments
        phase = next((word for word in ("--portion-bytes", "--portion", "--result") if word in unit.words), "")
        self.phases[phase] += 1
        self.order.append((os.path.basename(unit.path), phase))
        if phase == self.loses:
            future = Future[Any]()
            future.set_exception(RuntimeError("a worker is gone"))
            return future
        return super().submit(function, *arguments, **more)


@pytest.mark.parametrize("words", [(), ("--deep",), ("--no-catalog",), ("unlinked3", "kind:built-wheel")], ids=" ".join)
def test_the_result_of_portions_is_that_of_one_unit(
    large: Cache, state: Callable[[str], Path], words: tuple[str, ...]
) -> None:
    before = tree(large.path)
    expected = single(large, *words)
    state("other")
    with Counting(3) as executor:
        assert in_portions(large, *words, executor=executor) == expected
    assert executor.phases["--portion-bytes"] == executor.phases["--result"] == 1
    assert executor.phases["--portion"] >= 2
    assert tree(large.path) == before


@pytest.mark.filterwarnings("ignore:resource_tracker:UserWarning")  # another test may have ended its process
def test_the_document_of_portions_is_that_of_one_unit_in_processes_too(
    large: Cache, state: Callable[[str], Path]
) -> None:
    expected = single(large, gathers=False)
    assert expected[0][1] == 3
    state("other")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert in_portions(large, executor=executor, gathers=False) == expected


def contents(folder: Path) -> list[Any]:
    """Return the rows of contents of a catalog, and whether it lacks none."""
    [path] = folder.rglob("*.sqlite3")
    with sqlite3.connect(path) as connection:
        return [
            connection.execute("SELECT * FROM content ORDER BY id").fetchall(),
            connection.execute("SELECT count(*) FROM entry").fetchall(),
            connection.execute("SELECT count(*) FROM whole").fetchall(),
        ]


def test_the_catalog_has_the_contents_of_all_portions_and_the_next_run_uses_them(
    large: Cache, state: Callable[[str], Path]
) -> None:
    one = state("one")
    expected = single(large)
    other = state("other")
    with Counting(3) as executor:
        in_portions(large, executor=executor)
        assert contents(other) == contents(one)
        assert in_portions(large, executor=executor) == expected
        assert contents(other) == contents(one)


def test_portions_that_are_lost_are_read_by_the_last_unit(large: Cache, state: Callable[[str], Path]) -> None:
    expected = single(large)
    state("other")
    with Counting(2, loses="--portion") as executor:
        assert in_portions(large, executor=executor) == expected
    assert executor.phases["--portion"] >= 4, "each was tried twice"


def test_an_entry_that_changes_while_portions_are_read_is_read_again(
    large: Cache, state: Callable[[str], Path], cache: Cache
) -> None:
    content = made(cache, "changing")
    url = f"{FILE_URL}/changing-1.0-py3-none-any.whl"
    path = large.http_v2(url, content, headers=plain(content))
    units = [Unit(str(large.path), ("verify", "changing"), gathers=True)]
    large.http_v2(f"{FILE_URL}/x/changing-1.0-py3-none-any.whl", content, headers=plain(content))

    class Changing(Counting):
        def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:  # noqa: ANN401 - as above
            if "--result" in arguments[0].words:
                damaged = content[: len(content) // 2] + b"!" + content[len(content) // 2 + 1 :]
                large.write(body_path(path), damaged, age_s=60)
            return super().submit(function, *arguments, **more)

    with Changing(2) as executor:
        [result] = results_in_portions(units, executor, ahead=4, portion_bytes=100)
    assert executor.phases["--portion"] == 2
    assert result.code == 3
    assert [(row[0], row[3]) for row in result.findings if row[3] == "error"] == [(path, "error")]


@pytest.mark.parametrize("text", ["", "no base64", "gAE=", "kgGR", "k6EAoQChAA=="])
def test_a_text_that_is_no_result_decides_nothing(large: Cache, state: Callable[[str], Path], text: str) -> None:
    expected = single(large)
    state("other")
    assert single(large, "--result", text) == expected
    [refused] = single(large, "--portion", text)
    assert refused[1] == 2
    assert "is not one of this version of pipcacheplus" in refused[2]


def test_the_units_of_a_large_cache_come_before_caches_that_have_not_begun(large: Cache, tmp_path: Path) -> None:
    small = [Cache(tmp_path / f"small{number}") for number in range(12)]
    for cache in small:
        cache.built_wheel("demo")
    units = [Unit(str(one.path), ("verify",)) for one in (large, *small)]
    with Counting(1) as executor:
        results = [*results_in_portions(units, executor, ahead=2, portion_bytes=100_000_000)]
        assert len(results) == 13
        assert executor.phases["--portion"] == 0, "a cache with little to read is one unit"
        executor.order.clear()
        state_of_another = [unit._replace(words=("verify", "--deep")) for unit in units]
        results = [*results_in_portions(state_of_another, executor, ahead=2, portion_bytes=PORTION_BYTES)]
    assert sorted(one.path for one in results) == sorted(unit.path for unit in units)
    places = [number for number, (name, _) in enumerate(executor.order) if name == "cache"]
    assert places[-1] <= len(places) + 4, "no other cache was begun meanwhile, but for those that were submitted"


def test_the_summary_of_a_hostile_process_makes_no_more_units_than_a_cache_may_have(tmp_path: Path) -> None:
    class Hostile(ThreadPoolExecutor):
        submitted = 0

        def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:  # noqa: ANN401 - as above
            self.submitted += 1
            future = Future[Any]()
            future.set_result(UnitResult(arguments[0].path, None, 0, answers.pop(0), None))
            return future

    shapes: list[Any] = [["x"] * 65, "x", [1, 2], ["x", None], {"x": "y"}, ["\u2028", "x"], ["x" * (13 << 20), "x"]]
    for shape in shapes:
        answers = [{"cache": {}, "summary": {"portions": shape}}]
        with Hostile(1) as executor:
            assert len([*results_in_portions([Unit("/x", ("verify",))], executor, ahead=2)]) == 1
        assert executor.submitted == 1


def test_a_run_that_is_stopped_while_portions_are_read_has_no_result_of_that_cache(large: Cache) -> None:
    with Counting(1) as executor:
        units = [Unit(str(large.path), ("verify", "--deep"), gathers=True)]
        stop = lambda: executor.phases["--portion"] > 0  # noqa: E731 - one line
        assert [*results_in_portions(units, executor, ahead=1, stop=stop, portion_bytes=PORTION_BYTES)] == []
    assert executor.phases["--result"] == 0
