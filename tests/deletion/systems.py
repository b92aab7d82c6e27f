"""File systems that a machine may let us make: each with a cache on it, or skipped with what the machine said."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.processes import run

__all__ = ["SYSTEMS", "Fill", "made"]

Fill = Callable[[Path], None]
"""Makes a cache in a folder."""
_SIZE = 64 << 20
_XFS_SIZE = 300 << 20
"""Bytes; `mkfs.xfs` refuses less."""


@contextmanager
def made(name: str, folder: Path, fill: Fill) -> Iterator[Path]:
    """Make a file system, a cache in it, and yield the folder in which the cache lies; in the end all of it goes."""
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("mounting takes root on Linux")
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        yield SYSTEMS[name](folder, fill, stack)


def _do(*command: str | Path) -> None:
    """Run a command, and skip if there is no such tool, or it says no."""
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        pytest.skip(f"there is no {words[0]}")
    done = run(words)
    if done.returncode:
        pytest.skip(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")


def _mount(stack: ExitStack, target: Path, *command: str | Path) -> Path:
    """Mount something there; the command comes without the target."""
    target.mkdir(exist_ok=True)
    _do(*command, target)
    stack.callback(run, ["umount", "--lazy", str(target)])
    return target


def _image(folder: Path, size: int = _SIZE) -> Path:
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(size)
    return image


def _disk(options: str, *make: str, size: int = _SIZE) -> Callable[[Path, Fill, ExitStack], Path]:
    """Return a system that lies in an image, made by a command and mounted with options."""

    def system(folder: Path, fill: Fill, stack: ExitStack) -> Path:
        image = _image(folder, size)
        _do(*make, image)
        there = _mount(stack, folder / "disk", "mount", "-o", f"loop,{options}", image)
        fill(there)
        return there

    return system


def _btrfs(folder: Path, fill: Fill, stack: ExitStack) -> Path:
    """Return a folder of which a snapshot holds all that lies in it."""
    image = _image(folder)
    _do("mkfs.btrfs", "-q", "--mixed", image)
    disk = _mount(stack, folder / "disk", "mount", "-o", "loop", image)
    _do("btrfs", "-q", "subvolume", "create", disk / "volume")
    fill(disk / "volume")
    _do("btrfs", "-q", "subvolume", "snapshot", "-r", disk / "volume", disk / "snapshot")
    return disk / "volume"


def _tmpfs(folder: Path, fill: Fill, stack: ExitStack) -> Path:
    there = _mount(stack, folder / "disk", "mount", "-t", "tmpfs", "-o", "size=64m", "none")
    fill(there)
    return there


def _overlay(*, is_lower: bool) -> Callable[[Path, Fill, ExitStack], Path]:
    """Return an overlay with the cache in its lower layer or in its upper one."""

    def system(folder: Path, fill: Fill, stack: ExitStack) -> Path:
        layers = [folder / name for name in ("lower", "upper", "work")]
        for layer in layers:
            layer.mkdir()
        if is_lower:
            fill(layers[0])
        options = ",".join(f"{layer.name}dir={layer}" for layer in layers)
        there = _mount(stack, folder / "merged", "mount", "-t", "overlay", "none", "-o", options)
        if not is_lower:
            fill(there)
        return there

    return system


def _fuse_overlay(folder: Path, fill: Fill, stack: ExitStack) -> Path:
    layers = [folder / name for name in ("lower", "upper", "work")]
    for layer in layers:
        layer.mkdir()
    fill(layers[0])
    options = ",".join(f"{layer.name}dir={layer}" for layer in layers)
    return _mount(stack, folder / "merged", "fuse-overlayfs", "-o", options)


def _squashfs(folder: Path, fill: Fill, stack: ExitStack) -> Path:
    (folder / "source").mkdir()
    fill(folder / "source")
    _do("mksquashfs", folder / "source", folder / "image", "-quiet", "-no-progress")
    return _mount(stack, folder / "disk", "mount", "-t", "squashfs", "-o", "loop", folder / "image")


def _bindfs(folder: Path, fill: Fill, stack: ExitStack) -> Path:
    (folder / "source").mkdir()
    there = _mount(stack, folder / "bound", "bindfs", folder / "source")
    fill(there)
    return there


def _fuse_disk(mount: str, *make: str) -> Callable[[Path, Fill, ExitStack], Path]:
    """Return a system that a program mounts from a device."""

    def system(folder: Path, fill: Fill, stack: ExitStack) -> Path:
        image = _image(folder)
        _do(*make, image)
        found = run(["losetup", "--find", "--show", str(image)])
        if found.returncode:
            pytest.skip(f"losetup: {found.stderr.strip()}")
        device = found.stdout.strip()
        stack.callback(run, ["losetup", "--detach", device])
        there = _mount(stack, folder / "disk", mount, device)
        fill(there)
        return there

    return system


_EXT4 = ("mkfs.ext4", "-q", "-F")
SYSTEMS: dict[str, Callable[[Path, Fill, ExitStack], Path]] = {
    "ext4, relatime": _disk("relatime", *_EXT4),
    "ext4, strictatime": _disk("strictatime", *_EXT4),
    "ext4, lazytime": _disk("lazytime", *_EXT4),
    "ext4, noatime": _disk("noatime", *_EXT4),
    "XFS": _disk("relatime", "mkfs.xfs", "-q", size=_XFS_SIZE),
    "btrfs, with a snapshot": _btrfs,
    "tmpfs": _tmpfs,
    "overlay, cache in the upper layer": _overlay(is_lower=False),
    "overlay, cache in the lower layer": _overlay(is_lower=True),
    "SquashFS": _squashfs,
    "bindfs": _bindfs,
    "fuse-overlayfs": _fuse_overlay,
    "exFAT, exfat-fuse": _fuse_disk("mount.exfat-fuse", "mkfs.exfat"),
    "NTFS, ntfs-3g": _fuse_disk("ntfs-3g", "mkfs.ntfs", "-Q", "-q", "-F"),
}
"""Makes each of them, with a cache, in a folder; what is to be undone is given to the stack."""
