"""Where a hostile object is put: a cache with something sound of each sort in it, and beside it what is not ours.

What lies outside has pip's own names: whoever is led there finds what it would remove.
"""

import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import entry_path, page_key
from tests.readers.archives import wheel
from tests.support.builders import Cache, file_headers, file_url
from tests.support.stored import leaf

__all__ = ["FORGED", "HEAD", "KINDS", "LEAF", "PLACES", "SINGLE", "Ground", "Kind", "hostile", "key"]

FORGED = "FORGED"
"""What names with a line end have behind it: no line of what is printed may begin so."""
_LARGE = 1 << 20


def key(name: str) -> str:
    """Return the key of a response."""
    return page_key(f"https://files.example/{name}")


LEAF = leaf("https://files.example/hostile.tar.gz")
HEAD = entry_path(Area.HTTP_V2, key("hostile"))
SINGLE = entry_path(Area.HTTP, key("hostile"))
PLACES = {
    "a head": HEAD,
    "a body": f"{HEAD}.body",
    "a response of one file": SINGLE,
    "a built wheel": f"{LEAF}/hostile-1.0-py3-none-any.whl",
    "an origin.json": f"{LEAF}/origin.json",
    "a self-check": f"selfcheck/{key('hostile')}",
}
"""Where files of pip's lie, by what they are."""


@dataclass(slots=True)
class Ground:
    """A cache, and what lies beside it; builders add to it."""

    cache: Cache
    outside: Path
    """What nobody may touch; shaped like a cache as well."""
    undo: ExitStack
    sound: set[str] = field(default_factory=set)
    """Files of the cache that nothing is wrong with: nothing but `purge` removes them."""
    foreign: set[str] = field(default_factory=set)
    """What has to stay, whatever runs."""
    barred: dict[Path, int] = field(default_factory=dict)
    """Rights that hold while a command runs: the test itself has to see what became of it."""

    @classmethod
    def make(cls, folder: Path, undo: ExitStack) -> "Ground":
        """Make it, without anything hostile."""
        ground = cls(Cache(folder / "cache"), folder / "outside", undo)
        ground.sound |= _sound(ground.cache)
        ground.foreign.add(ground.cache.foreign())
        _sound(Cache(ground.outside))
        for path in (ground.head("hostile"), "wheels/ab/cd/ef/" + "0" * 50 + "/origin.json", "kept.txt"):
            Cache(ground.outside).write(path, b"kept: " + path.encode())
        Cache(ground.outside).directory("empty/deep")
        return ground

    def head(self, name: str, area: Area = Area.HTTP_V2) -> str:
        """Return the path of a response, nothing there."""
        return entry_path(area, key(name))

    def pair(self, name: str, body: bytes, **more: str) -> str:
        """Write a response with these headers on top, and return the path of its head."""
        headers = file_headers(body) | more
        return self.cache.http_v2(f"https://files.example/{name}", body, headers=headers)

    def stays(self, path: str) -> str:
        """Say that something stays, and return its path."""
        self.foreign.add(path)
        return path

    def room(self, path: str) -> Path:
        """Make the directory in which something is to lie, and return its real path."""
        self.cache.directory(path.rpartition("/")[0])
        return self.cache.real(path)

    def sparse(self, path: str, size: int, start: bytes = b"") -> str:
        """Write a file that is longer than it looks, and return its path."""
        self.cache.write(path, start)
        os.truncate(self.cache.real(path), size)
        self.cache.set_age(path, 7 * 86_400)
        return path

    def link(self, path: str, target: str | Path) -> str:
        """Put a link there, and return its path."""
        self.room(path).symlink_to(target)
        self.cache.set_age(path, 7 * 86_400)
        return self.stays(path)

    def all_along(self, step: Callable[[], object]) -> None:
        """Do something again and again, as fast as it goes, as long as the cache is looked at."""
        is_over = threading.Event()

        def repeat() -> None:
            while not is_over.is_set():
                with suppress(OSError):
                    step()

        thread = threading.Thread(target=repeat)
        thread.start()
        self.undo.callback(thread.join)
        self.undo.callback(is_over.set)

    def give_to(self, uid: int) -> None:
        """Make all of it another user's, as far as it may be listed."""
        for folder in (self.cache.path.parent, self.cache.path, self.outside):
            os.chown(folder, uid, uid)
        for top in (self.cache.path, self.outside):
            for path, folders, files in os.walk(top):
                for name in folders + files:
                    os.chown(os.path.join(path, name), uid, uid, follow_symlinks=False)

    @contextmanager
    def barring(self) -> Iterator[None]:
        """Take the rights away meanwhile."""
        self._set({path: mode for path, mode in self.barred.items() if path.exists()})
        try:
            yield
        finally:
            self._set({path: 0o755 for path in self.barred if path.exists()})

    @staticmethod
    def _set(modes: dict[Path, int]) -> None:
        for path, mode in modes.items():
            path.chmod(mode)

    def settle(self, *, moves: bool) -> None:
        """Take stock: what no pip writes stays, if it lies still, and what is not there any more is not sound."""
        for path, status in () if moves else _below(self.cache.path):
            if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
                self.foreign.add(path)
        self.sound = {path for path in self.sound if _is_reached(self.cache.path, path)}


def _sound(cache: Cache) -> set[str]:
    """Write something sound of each sort."""
    content = wheel("sound")
    url = file_url(content, "sound-1.0-py3-none-any.whl")
    head = cache.http_v2(url, content, headers=file_headers(content, project="sound", version="1.0"))
    built = cache.built_wheel("sound", url="https://files.example/sound.tar.gz")
    origin = f"{built.rpartition('/')[0]}/origin.json"
    return {head, f"{head}.body", built, origin, cache.selfcheck(sys.prefix), cache.http(url, content)}


def _below(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            yield os.path.relpath(path, root), os.lstat(path)


def _is_reached(root: Path, path: str) -> bool:
    """Return whether a file lies there, and no part of the path is a link."""
    parts = path.split("/")
    above = ("/".join(parts[:at]) for at in range(1, len(parts)))
    return all(stat.S_ISDIR(os.lstat(root / one).st_mode) for one in above if os.path.lexists(root / one)) and (
        (root / path).is_file() and not (root / path).is_symlink()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of hostile object."""

    sentence: str
    """What it is; the name of its test."""
    build: Callable[[Ground], object]
    finds: frozenset[str]
    """Slugs of the checks that object to it in `verify`."""
    as_user: bool
    """Whether it means something to an ordinary user only."""
    needs_root: bool
    moves: bool
    """Whether it changes while it is looked at: then nothing can be said of what is found."""
    is_refused: bool
    """Whether something cannot be examined or removed, so that commands end with 4."""


KINDS: dict[str, Kind] = {}
"""By their sentence."""


def hostile(
    sentence: str,
    *finds: str,
    as_user: bool = False,
    needs_root: bool = False,
    moves: bool = False,
    is_refused: bool = False,
) -> Callable[[Callable[[Ground], object]], Callable[[Ground], object]]:
    """Return a decorator that makes a function a kind of hostile object."""

    def enter(build: Callable[[Ground], object]) -> Callable[[Ground], object]:
        assert sentence not in KINDS, sentence
        KINDS[sentence] = Kind(
            sentence=sentence,
            build=build,
            finds=frozenset(finds),
            as_user=as_user,
            needs_root=needs_root,
            moves=moves,
            is_refused=is_refused,
        )
        return build

    return enter


@contextmanager
def ground(folder: Path, kind: Kind) -> Iterator[Ground]:
    """Give a ground with an object of this kind."""
    with ExitStack() as undo:
        made = Ground.make(folder, undo)
        kind.build(made)
        made.settle(moves=kind.moves)
        yield made
