"""Links in every place, to everything."""

import os
from collections.abc import Callable

from pipcacheplus.model.values import Area
from tests.deletion.objects.ground import HEAD, LEAF, PLACES, SINGLE, Ground, hostile
from tests.support.builders import Cache
from tests.support.stored import page_headers

__all__: list[str] = []

_FILES = {
    **PLACES,
    "a temporary": f"{HEAD}ab12cd_9.tmp",
    "a lock": f"{SINGLE}.lock",
    "a file in the cache directory": "selfcheck.json",
}
_FOLDERS = {
    "a leaf of http-v2": HEAD.rpartition("/")[0],
    "a directory between http-v2 and its leaves": "/".join(HEAD.split("/")[:3]),
    "a leaf of wheels": LEAF,
    "a directory between wheels and its leaves": "/".join(LEAF.split("/")[:2]),
    "a build directory": f"{LEAF}/tmpab12cd_9",
    "a directory that is no pip's": "notes",
}


def _targets(ground: Ground, path: str) -> dict[str, str]:
    outside = ground.outside
    return {
        "a file outside": str(outside / "kept.txt"),
        "what lies there outside": str(outside / path),
        "a directory outside": os.path.relpath(outside, ground.cache.real(path).parent),
        "nothing": "nowhere",
        "itself": path.rpartition("/")[2],
        "an endless device": "/dev/zero",
        "the cache itself": str(ground.cache.path),
    }


def _linking(path: str, target: str) -> Callable[[Ground], object]:
    return lambda ground: ground.link(path, _targets(ground, path)[target])


def _enter_all() -> None:
    for place, path in _FILES.items():
        for target in ("a file outside", "itself", "an endless device"):
            hostile(f"a link to {target} in place of {place}")(_linking(path, target))
    for place, path in _FOLDERS.items():
        for target in ("what lies there outside", "nothing", "the cache itself"):
            hostile(f"a link to {target} in place of {place}")(_linking(path, target))
    for area in (Area.HTTP, Area.HTTP_V2, Area.WHEELS, Area.SELFCHECK):
        hostile(f"a link to what lies there outside in place of {area.value}")(_swapping_area(area.value, "outside"))
        hostile(f"a link to itself in place of {area.value}")(_swapping_area(area.value, "itself"))


def _swapping_area(area: str, target: str) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        ground.cache.real(area).rename(ground.outside.with_name("moved"))
        ground.link(area, ground.outside / area if target == "outside" else area)

    return build


_enter_all()


@hostile("a head that is a link to another head of the cache", "http-head-missing")
def _link_to_a_sound_head(ground: Ground) -> None:
    sound = next(path for path in sorted(ground.sound) if path.startswith("http-v2"))
    ground.link(ground.head("hostile"), ground.cache.real(sound))
    ground.cache.write(ground.head("hostile") + ".body", b"x" * 100)


@hostile("a sound leaf beside a loop of two links")
def _loop(ground: Ground) -> None:
    ground.link("http-v2/a/b/c/d/e/one", "two")
    ground.link("http-v2/a/b/c/d/e/two", "one")


@hostile("a thousand links to one directory outside")
def _many(ground: Ground) -> None:
    for number in range(1000):
        ground.link(f"http-v2/a/b/c/d/{number}", ground.outside)


@hostile("a head and a body that are hard links to a response outside", "response-expired")
def _hard_pair(ground: Ground) -> None:
    outside = Cache(ground.outside)
    path = outside.http_v2("https://files.example/hostile", b"body", headers=page_headers(b"body"))
    for name in (path, f"{path}.body"):
        os.link(outside.real(name), ground.room(name))


@hostile("a wheel and an origin.json that are hard links to files outside", "built-wheel-broken", "origin-unreadable")
def _hard_wheel(ground: Ground) -> None:
    for path in (_FILES["a built wheel"], _FILES["an origin.json"]):
        os.link(ground.outside / "kept.txt", ground.room(path))


@hostile(
    "a temporary and a self-check that are hard links to one file outside", "selfcheck-unreadable", "temporary-left"
)
def _hard_leftovers(ground: Ground) -> None:
    for path in (_FILES["a temporary"], _FILES["a self-check"]):
        os.link(ground.outside / "kept.txt", ground.room(path))
