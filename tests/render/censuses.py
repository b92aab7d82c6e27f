"""Counts of a made-up cache, and the view of `info` that is made of them."""

from typing import Any

from pipcacheplus.catalog.census import CacheCounts
from pipcacheplus.catalog.counts import Counts, PipCount
from pipcacheplus.cli.info import summarize_census
from pipcacheplus.model.values import Area, CacheDir, Count, Group, Kind, Source, Survey
from pipcacheplus.render.view import View
from tests.support.values import a_view

__all__ = ["BUILT", "CACHE", "PROGRAM", "WHEELS", "a_view_of", "census", "counts"]

PAGES, WHEELS, BUILT = Count(15, 30, 900, 120_000), Count(9, 18, 200, 240_000), Count(18, 36, 300, 300_000)
PROGRAM = "/opt/a/long/path/to/a/python3.11 -m pipcacheplus"
CACHE = CacheDir(
    path="/srv/a directory/with a very long name/of a cache/that is shared by many/pip", source=Source.ARGUMENT
)


def counts(**more: Any) -> Counts:  # noqa: ANN401 - any field
    made = Counts(
        totals={
            (Area.HTTP_V2, Kind.INDEX_PAGE): PAGES,
            (Area.HTTP_V2, Kind.WHEEL): WHEELS,
            (Area.WHEELS, Kind.BUILT_WHEEL): BUILT,
        },
        by_last_use={0: PAGES, 3: WHEELS, 4: Count(8, 8, 8, 8), 5: BUILT},
        reclaimable={
            (Kind.INDEX_PAGE, "stale"): PAGES,
            (Kind.BUILT_WHEEL, "corrupt"): Count(2, 4, 40, 30_000),
            (Kind.BUILT_WHEEL, "incompatible"): Count(3, 6, 60, 45_000),
        },
        reclaimable_at_all={Kind.INDEX_PAGE: PAGES, Kind.BUILT_WHEEL: Count(4, 8, 80, 60_000)},
        empty_directories={Group.PARTIAL: 2},
        pip=PipCount(),
        errors=2,
    )
    return made._replace(**more)


def census(**more: Any) -> CacheCounts:  # noqa: ANN401 - as above
    made = CacheCounts(
        counts=counts(),
        survey=Survey(directories=10, directory_bytes=40_000),
        warnings=(),
        unread={},
        lacking_end=Count(),
        projects=(("numpy", WHEELS), ("x\x1b[2J", PAGES)),
        pages_without_url=0,
    )
    return made._replace(**more)


def a_view_of(found: CacheCounts, **more: Any) -> View:  # noqa: ANN401 - as above
    summary = {**summarize_census(CACHE, found, most=10), "read": False}
    given = {"cache": CACHE, "program": PROGRAM, "repeated": {"--cache-dir": f"--cache-dir '{CACHE.path}'"}, **more}
    return a_view("info", summary=summary, **given)
