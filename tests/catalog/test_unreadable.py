"""What cannot be read or listed is told, and nothing is said of it that nobody has seen."""

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.catalog.queries import run_query
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Checked, Warned
from tests.support.builders import Cache
from tests.support.requests import Inline, whole

URL = "https://files.example/"
LARGE = 9 << 20
"""Bytes of an entry that is read to its end in a task of its own."""


class Meddling(Inline):
    """Does something before the part of the work that has this number, counted from 0."""

    def __init__(self, at: int, meddle: Callable[[], None]) -> None:
        self.is_done = False
        self._left = itertools.count(at, -1)
        self._meddle = meddle

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Do both."""
        if not next(self._left):
            self.is_done = True
            self._meddle()
        return super().submit(fn, *args, **kwargs)


def runs(folder: Path, part: str) -> Iterator[tuple[list[str], Checked]]:
    """Replace a part of a large entry by a link, at each moment of a run; yield what the run says of it."""
    for at in itertools.count():
        cache = Cache(folder / str(at) / "cache")
        head = cache.http_v2(URL, bytes(LARGE))
        real = cache.real(head + part)
        aside = folder / str(at) / "aside"

        def replace_by_link(real: Path = real, aside: Path = aside) -> None:
            real.rename(aside)
            real.symlink_to(aside)

        executor = Meddling(at, replace_by_link)
        warnings: list[Warned] = []
        found = list(run_query(whole(cache, executor=executor), warnings))
        if not executor.is_done:
            return
        (checked,) = (one for one in found if one.entry.id == head)
        yield [one.message for one in warnings], checked


@pytest.mark.skipif(os.name == "nt", reason="takes links")
@pytest.mark.parametrize("part", ["", ".body"])
def test_what_is_replaced_while_the_cache_is_read_is_seen_as_it_is_or_told_as_unverifiable(
    tmp_path: Path, part: str
) -> None:
    outcomes = list(runs(tmp_path, part))
    for warnings, checked in outcomes:
        assert checked.is_unverifiable is bool(warnings)
        assert all(warning.startswith("cannot be read: ") for warning in warnings)
        assert {finding.check for finding in checked.findings} <= {"http-body-missing"}
    assert {checked.is_unverifiable for _, checked in outcomes} == {False, True}


@pytest.mark.parametrize("make", [lambda: None, Inline])
@pytest.mark.parametrize("depth", [Depth.ENDS, Depth.WHOLE])
def test_a_directory_that_lies_too_deep_is_told_by_each_run(
    cache: Cache, tmp_path: Path, make: Callable[[], Executor | None], depth: Depth
) -> None:
    cache.foreign("mine/" + "d/" * 80 + "notes.txt")
    head = cache.http_v2(URL, b"x")
    for _ in range(2):
        warnings: list[Warned] = []
        query = whole(cache, depth=depth, executor=make(), remembers=True, folder=str(tmp_path / "state"))
        found = list(run_query(query, warnings))
        assert ["too many directories" in one.message for one in warnings] == [True]
        assert {one.entry.id for one in found} == {head}
