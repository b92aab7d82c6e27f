"""Built wheels whose libraries are liars, or want to be read for ever."""

import sys
import sysconfig
from collections.abc import Mapping

from tests.deletion.objects.ground import FORGED, Ground, hostile
from tests.support.builds import compiled
from tests.support.elves import elf

__all__: list[str] = []

_TALK = f"\x1b[2J\x9b31m\u202e\n{FORGED}\r\x07"


def _built(ground: Ground, files: Mapping[str, bytes]) -> None:
    """Build a wheel for the interpreter that looks at it."""
    own = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    compiled(ground.cache, files, project="hostile", tag=f"{own}-{own}-{platform}", interpreter=own[2:])


@hostile("a library that needs a version which talks to the terminal", "built-wheel-outdated")
def _talking(ground: Ground) -> None:
    module = elf(["libc.so.6"], versions={"libc.so.6": [_TALK]}, rpath=_TALK, soname=_TALK, comment=_TALK)
    _built(ground, {"_hostile.so": module})


@hostile("a wheel of libraries with more names than are kept")
def _names(ground: Ground) -> None:
    large = elf(["libc.so.6"], rpath="/x" * 2000, comment="y" * 4000)
    _built(ground, {f"{number}.so": large for number in range(2000)})


@hostile("a library of garbage behind its magic")
def _garbage(ground: Ground) -> None:
    fronts = [b"\x7fELF" + bytes([bits, order]) for bits in (1, 2) for order in (1, 2)]
    _built(ground, {f"_{number}.so": front + b"\xff" * 5000 for number, front in enumerate(fronts)})


@hostile("a library with a search path of devices and five hundred directories")
def _devices(ground: Ground) -> None:
    folders = ":".join(["/dev", "/dev/fd", "/proc/self/fd", "/proc/self/map_files", *(f"/{n}" for n in range(500))])
    _built(ground, {"_hostile.so": elf(["libc.so.6"], runpath=folders[:4000])})
