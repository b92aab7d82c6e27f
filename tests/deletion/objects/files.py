"""What is not a regular file, or is one where a directory belongs."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

from tests.deletion.objects.ground import HEAD, LEAF, PLACES, Ground, hostile, key

__all__: list[str] = []

_PLACES = {
    **PLACES,
    "a directory of http-v2": "http-v2/0",
    "a build directory": f"{LEAF}/tmpab12cd_9",
}


def _socket(path: Path) -> None:
    """Bind one; its whole path would be too long for an address."""
    with socket.socket(socket.AF_UNIX) as one:
        folder = os.open(path.parent, os.O_RDONLY)
        one.bind(f"/proc/self/fd/{folder}/{path.name[:40]}")
        os.close(folder)
    path.with_name(path.name[:40]).rename(path)


def _device(path: Path) -> None:
    os.mknod(path, 0o020666, os.makedev(1, 5))  # as /dev/zero


def _disk(path: Path) -> None:
    os.mknod(path, 0o060666, os.makedev(7, 200))  # a loop device, of nothing


_MAKERS: dict[str, tuple[Callable[[Path], object], bool]] = {
    "a FIFO": (lambda path: os.mkfifo(path), False),  # noqa: PLW0108 - not there on Windows
    "a socket": (_socket, False),
    "an endless device": (_device, True),
    "a disk": (_disk, True),
}


def _making(path: str, make: Callable[[Path], object]) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        real = ground.room(path)
        if real.is_dir():
            os.rename(real, real.with_name("x"))
        make(real)
        ground.cache.set_age(path, 7 * 86_400)

    return build


for _what, (_make, _needs_root) in _MAKERS.items():
    for _place, _path in _PLACES.items():
        hostile(f"{_what} in place of {_place}", needs_root=_needs_root)(_making(_path, _make))


@hostile("a FIFO in place of a head, its body beside it", "http-head-missing")
def _fifo_with_body(ground: Ground) -> None:
    os.mkfifo(ground.room(HEAD))
    ground.cache.write(f"{HEAD}.body", b"body")


@hostile("a FIFO in place of a body, its head beside it", "http-body-missing")
def _fifo_with_head(ground: Ground) -> None:
    ground.cache.http_v2("https://files.example/hostile", has_body=False)
    os.mkfifo(ground.room(f"{HEAD}.body"))


@hostile("a FIFO in a build directory", "build-directory-left")
def _fifo_in_build(ground: Ground) -> None:
    ground.cache.write(f"{LEAF}/tmpab12cd_9/built.whl")
    os.mkfifo(ground.room(f"{LEAF}/tmpab12cd_9/fifo"))


def _folder(path: str, *, is_full: bool) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        ground.cache.directory(path)
        if is_full:
            ground.stays(ground.cache.write(f"{path}/notes.txt", b"mine"))

    return build


for _place, _path in list(_PLACES.items())[:6]:
    hostile(f"a directory in place of {_place}")(_folder(_path, is_full=False))
    hostile(f"a directory with files in place of {_place}")(_folder(_path, is_full=True))


@hostile("a directory named like a body beside its head", "http-body-missing")
def _folder_as_body(ground: Ground) -> None:
    ground.cache.http_v2("https://files.example/hostile", has_body=False)
    ground.stays(ground.cache.write(f"{HEAD}.body/{key('hostile')}", b"mine"))


@hostile("a file in place of http")
def _file_as_area(ground: Ground) -> None:
    ground.cache.real("http").rename(ground.outside.with_name("moved"))
    ground.stays(ground.cache.write("http", b"mine"))


@hostile("files where directories of http-v2 and wheels belong")
def _files_as_folders(ground: Ground) -> None:
    for path in ("http-v2/0", "http-v2/a/b/c/d/e", "wheels/00", "wheels/ab/cd/ef"):
        parts = path.split("/")
        if all(not ground.cache.real("/".join(parts[:at])).is_file() for at in range(1, len(parts) + 1)) and (
            not ground.cache.real(path).exists()
        ):
            ground.stays(ground.cache.write(path, b"mine"))
