"""The environments that self-checks of a cache name, read before any other query."""

from pipcacheplus.disk.file_content import read_up_to
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.host.python_candidates import MAX_ENVIRONMENTS
from pipcacheplus.model.facts import Selfcheck
from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import Role, role_of
from pipcacheplus.readers.origin import MAX_OBJECT_BYTES
from pipcacheplus.readers.selfcheck import read_selfcheck

__all__ = ["environments_in"]


def environments_in(path: str) -> tuple[str, ...]:
    """Return `sys.prefix` of the environments whose pips have looked for a newer pip, each once, in order of names.

    They are claims of any program that wrote to the cache. An unreadable file names none. If there are more than
    `MAX_ENVIRONMENTS`, the last one stands for them.

    Args:
        path: Path of the cache directory.
    """
    named: dict[str, None] = {}
    try:
        with OpenCache(path) as cache:
            for file in _files(cache):
                found = _read(cache, file)
                named |= dict.fromkeys(found.environments if found is not None else ())
                if len(named) > MAX_ENVIRONMENTS:
                    break
    except OSError:
        return ()  # the next reader of the cache reports that it cannot be read
    return tuple(named)[: MAX_ENVIRONMENTS + 1]


def _files(cache: OpenCache) -> list[str]:
    """Return the paths of the self-checks: one file for each environment since pip 19.1, one for all before."""
    found: list[str] = []
    for folder in ("", Area.SELFCHECK.value):
        try:
            _, names = cache.names(folder)
        except OSError:
            continue
        prefix = f"{folder}/" if folder else ""
        found += sorted(prefix + name for name in names if role_of(folder, name) is Role.SELFCHECK)
    return found[: MAX_ENVIRONMENTS + 1]


def _read(cache: OpenCache, path: str) -> Selfcheck | None:
    try:
        with cache.open(path) as file:
            found = read_selfcheck(read_up_to(file, MAX_OBJECT_BYTES + 1))
    except OSError:
        return None
    return found if isinstance(found, Selfcheck) else None
