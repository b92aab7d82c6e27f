"""What tests of the trash share: caches with something of everything, and calls that fail or are broken off."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.undo import undo
from pipcacheplus.model.values import CacheDir, Report, Source
from tests.apply.doing import a_system, carried_out, planned
from tests.support.builders import Cache, page_headers

__all__ = [
    "CALLS",
    "BrokenOffError",
    "bodies_alone",
    "breaking",
    "everything",
    "place_of_trash",
    "refusing",
    "runs",
    "seen",
    "the_trash",
    "trashed",
    "undone",
]

URL = "https://files.example/demo"
CALLS = ("mkdir", "write", "sync", "rename", "link", "unlink", "rmdir", "utime")


def everything(cache: Cache) -> None:
    """Fill a cache with something of every shape, a stranger among it."""
    cache.http_v2(URL, b"x" * 3000, headers=page_headers(b"x"))
    cache.http(URL, b"y", headers=page_headers(b"y"))
    cache.http(URL + "/old", b"z", cc=2)
    cache.http_v2(URL + "/half", b"half", has_head=False)
    cache.built_wheel("demo")
    cache.build_directory(cache.built_wheel("other"), b"half")
    cache.selfcheck("/nonexistent")
    cache.temporary("http-v2/0/1/2/4/8/01248" + "a" * 51)
    cache.lock_file("http/0/1/2/4/8/01248" + "a" * 51, host="here", pid=5)
    cache.directory("http-v2/f/e")
    cache.foreign()
    cache.foreign("http-v2/0/notes.txt")


def seen(path: Path) -> dict[str, object]:
    """Return what lies below a directory, with rights and times; of a directory its rights alone.

    That somebody looked is not seen: access times are as before.
    """
    return dict(_seen(path))


def _seen(path: Path) -> Iterator[tuple[str, object]]:
    for one in sorted(path.rglob("*")):
        status = one.lstat()
        name = str(one.relative_to(path))
        if stat.S_ISDIR(status.st_mode):
            yield name + "/", stat.S_IMODE(status.st_mode)
        else:
            content = one.read_bytes()
            os.utime(one, ns=(status.st_atime_ns, status.st_mtime_ns))
            yield name, (content, stat.S_IMODE(status.st_mode), status.st_mtime_ns, status.st_ino)


def bodies_alone(cache: Cache) -> set[str]:
    """Return the bodies that lie without their heads."""
    bodies = (path for path in cache.path.rglob("*.body"))
    return {str(body.relative_to(cache.path)) for body in bodies if not body.with_suffix("").exists()}


def trashed(cache: Cache, *ids: str, **more: Any) -> Report:  # noqa: ANN401 - any argument
    """Move these entries, or all, to the trash."""
    return carried_out(planned(cache, *ids), trash=True, **more)


def undone(cache: Cache, run: str | None = None, *, system: System | None = None, **more: Any) -> Report:  # noqa: ANN401 - any argument
    """Bring a run back."""
    return undo(CacheDir(path=str(cache.path), source=Source.ARGUMENT), system=system or a_system(), run=run, **more)


def place_of_trash(cache: Cache) -> Path:
    """Return where the trash of a cache has to lie, so that each version finds what another one moved there."""
    digest = hashlib.sha224(os.fsencode(cache.path.name)).hexdigest()[:16]
    return cache.path.resolve().parent / f".pipcacheplus-trash-{digest}"


def the_trash(cache: Cache) -> Path:
    """Return where the trash lies."""
    (found,) = cache.path.parent.glob(".pipcacheplus-trash-*")
    return found


def runs(cache: Cache) -> list[Path]:
    """Return the runs in the trash, oldest first; none if there is no trash."""
    return sorted(path for trash in cache.path.parent.glob(".pipcacheplus-trash-*") for path in trash.iterdir())


class BrokenOffError(BaseException):
    """The process is gone at this point."""


def breaking(system: System, at: int, *, after: bool) -> tuple[System, list[str]]:
    """Return a machine on which everything ends right before, or after, the call of this number, and its calls."""
    calls: list[str] = []

    def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
            calls.append(name)
            if len(calls) > at and not (after and len(calls) == at + 1):
                raise BrokenOffError
            try:
                return real(*arguments, **more)
            finally:
                if after and len(calls) == at + 1:
                    raise BrokenOffError

        return call

    changes: dict[str, Any] = {name: wrapped(name, getattr(system, name)) for name in CALLS}
    return replace(system, **changes), calls


def refusing(number: int, *, unless: Callable[[str], bool] = lambda _name: False) -> Callable[..., Any]:
    """Return a call that fails, unless it is to rename what may be."""

    def call(name: str, *arguments: Any, **where: Any) -> None:  # noqa: ANN401 - whatever it is given
        if unless(name):
            os.rename(name, *arguments, **where)
            return
        raise OSError(number, os.strerror(number), name)

    return call
