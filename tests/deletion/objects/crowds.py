"""Too many, too deep, and what changes while it is looked at."""

import itertools
import os
from contextlib import suppress

import pytest

from tests.deletion.objects.ground import LEAF, Ground, hostile
from tests.readers.archives import wheel
from tests.support.processes import run
from tests.support.stored import file_headers, response

__all__: list[str] = []

_MIB = 1 << 20


@hostile("ten thousand files of somebody else in one directory")
def _crowd(ground: Ground) -> None:
    folder = ground.room("http-v2/a/b/c/d/e/x").parent
    for number in range(10_000):
        (folder / f"notes-{number}").touch()
    ground.stays("http-v2/a/b/c/d/e/notes-0")


@hostile("three thousand heads without bodies in one directory", "http-body-missing")
def _heads(ground: Ground) -> None:
    folder = ground.room("http-v2/a/a/a/a/a/x").parent
    for number in range(3_000):
        os.utime(_touched(f"{folder}/aaaaa{number:051x}"), (1, 1))


def _touched(path: str) -> str:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    return path


@hostile("a thousand empty directories below wheels", "directory-empty")
def _empty(ground: Ground) -> None:
    for number in range(1_000):
        ground.cache.real(f"wheels/{number % 256:02x}/{number // 256:02x}/00/{number:050x}").mkdir(parents=True)
    for folder, _, _ in os.walk(ground.cache.real("wheels")):
        os.utime(folder, (1e9, 1e9))


def _deep(ground: Ground, top: str, depth: int) -> None:
    """Make directories below each other, by descriptors: the path may be longer than a path can be."""
    ground.cache.directory(top)
    folder = os.open(ground.cache.real(top), os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("0", dir_fd=folder)
        below = os.open("0", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("notes.txt", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)


@hostile("400 directories below each other", is_refused=True)
def _deep_foreign(ground: Ground) -> None:
    _deep(ground, "http-v2/0/0/0/0/0", 400)


@hostile("400 directories below each other in a build directory", is_refused=True)
def _deep_build(ground: Ground) -> None:
    _deep(ground, f"{LEAF}/tmpab12cd_9", 400)


@hostile("a mount of another file system in the cache", needs_root=True, is_refused=True)
def _mount(ground: Ground) -> None:
    path = ground.room(ground.head("hostile")).parent
    if run(["mount", "-t", "tmpfs", "none", path]).returncode:
        pytest.skip("no file system can be mounted here")
    ground.undo.callback(lambda: run(["umount", path], is_checked=True))
    for name in (ground.head("hostile"), ground.head("hostile") + ".body"):
        ground.stays(ground.cache.write(name, b"mine"))


@hostile("a body that grows while it is read", moves=True)
def _grows(ground: Ground) -> None:
    path = ground.cache.real(ground.pair("hostile", b"x" * (16 << 20)) + ".body")

    def grow() -> None:
        with path.open("r+b") as file:  # not made anew once it is gone
            file.seek(0, os.SEEK_END)
            if file.tell() < 64 * _MIB:
                file.write(b"x" * 1000)

    ground.all_along(grow)


@hostile("a body that is cut while it is read", moves=True)
def _shrinks(ground: Ground) -> None:
    path = ground.cache.real(ground.pair("hostile", b"x" * (16 << 20)) + ".body")
    sizes = itertools.cycle((0, 16 << 20, 100))
    ground.all_along(lambda: os.truncate(path, next(sizes)))


@hostile("a body that vanishes and comes back", moves=True)
def _vanishes(ground: Ground) -> None:
    path = str(ground.cache.real(ground.pair("hostile", wheel("hostile")))) + ".body"

    def blink() -> None:
        os.rename(path, path + ".away")
        os.rename(path + ".away", path)

    ground.all_along(blink)


@hostile("a head that is another one each time", moves=True)
def _changes(ground: Ground) -> None:
    path = str(ground.cache.real(ground.pair("hostile", b"x")))
    contents = itertools.cycle((response(b"", file_headers(b"x")), b"cc=4,", b"cc=1,x", b"\xff" * 5000))

    def change() -> None:
        with open(f"{path}ab12cd_9.tmp", "wb") as file:
            file.write(next(contents))
        os.replace(f"{path}ab12cd_9.tmp", path)

    ground.all_along(change)


@hostile("a leaf that is a directory now and a link to outside then", moves=True)
def _swaps(ground: Ground) -> None:
    path = str(ground.cache.real(ground.pair("hostile", b"x")).parent)
    os.symlink(ground.outside, path + ".link")

    def swap() -> None:
        for source, target in (
            (path, path + ".x"),
            (path + ".link", path),
            (path, path + ".link"),
            (path + ".x", path),
        ):
            with suppress(OSError):
                os.rename(source, target)

    ground.all_along(swap)


@hostile("files that come into a directory while it is emptied", moves=True)
def _comes(ground: Ground) -> None:
    folder = ground.cache.real(ground.pair("hostile", b"x")).parent
    numbers = itertools.count()

    def come() -> None:
        path = f"{folder}/notes-{next(numbers) % 50}"
        _touched(path)
        os.remove(path)

    ground.all_along(come)
