"""Surveys of a whole cache at one present, and a pool that does at once what it is given."""

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

from pipcacheplus.catalog.queries import Query
from pipcacheplus.checks.base.check import Context, checks
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Entry
from tests.support.builders import INDEX_URL, NOW_S, Cache
from tests.support.interpreters import interpreter
from tests.support.stored import RUNNING

__all__ = ["NOW", "Inline", "entries_of", "whole"]

NOW = Context(
    now_s=NOW_S,
    tags=frozenset({"py3-none-any", "py2-none-any"}),
    interpreters=("cp311",),
    pips=("24.0", "25.3"),
    considered=(interpreter(f"cp{RUNNING}", "25.3"), interpreter(f"cp{RUNNING}", "24.0")),
    has_path=os.path.lexists,
)


def whole(cache: Cache, **more: Any) -> Query:  # noqa: ANN401 - any field
    """Return the query for all of a cache, with changes; nothing is remembered."""
    made = Query(
        path=str(cache.path),
        depth=Depth.WHOLE,
        checks=checks(),
        context=NOW,
        index_urls=(INDEX_URL,),
        needs_urls=True,
        remembers=False,
    )
    return replace(made, **more)


def entries_of(cache: Cache) -> list[Entry]:
    """List what is in a cache."""
    with OpenCache(str(cache.path)) as opened:
        return [entry for entry in scan(opened) if isinstance(entry, Entry)]


class Inline(Executor):
    """Does what it is given at once, in a pool's place."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Return what is done, or what this class is there for."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
