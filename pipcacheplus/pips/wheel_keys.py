"""Keys of built wheels, by which the interpreter is found that looks for a wheel in its directory.

Sources: pip 26.3 `_internal/cache.py` `_get_cache_path_parts`; pip 19.3 `_internal/cache.py` for the key without
interpreter; pip 22.3 `_internal/models/link.py`, which uses no hash of a JSON page.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipcacheplus.model.facts import Origin

__all__ = ["LEGACY", "SdistLink", "WheelKey", "interpreter_of", "key_of_wheel", "leaf_key"]

LEGACY = "legacy"
"""For the keys of pip up to 19.3, which are the same for every interpreter."""

_INTERPRETERS = tuple(("cp", f"{major}{minor}") for major, minor in ((2, 7), *((3, m) for m in range(4, 16)))) + tuple(
    ("pp", f"{major}{minor}") for major, minor in ((2, 7), *((3, m) for m in range(5, 13)))
)

_ANY = ("*name*", "*version*")


class SdistLink(NamedTuple):
    """A source distribution that a page links to."""

    url: str
    hashes: tuple[tuple[str, str], ...]


def leaf_key(
    url: str, digest: tuple[str, str] | None, interpreter: tuple[str, str] | None, subdirectory: str | None
) -> str:
    """Return the SHA-224 in hex digits that names the directory for wheels built from a source.

    Args:
        url: Without fragment.
        digest: Algorithm and hex digest, if the link had one.
        interpreter: `("cp", "311")`; `None` for the key of pip up to 19.3.
        subdirectory: The one that the link names, if any.
    """
    if interpreter is None:
        return _sha224(url if digest is None else f"{url}#{digest[0]}={digest[1]}")
    return _sha224(_leaf_text(url, digest, interpreter, subdirectory))


def _leaf_text(url: str, digest: tuple[str, str] | None, interpreter: tuple[str, str], subdirectory: str | None) -> str:
    parts = {"interpreter_name": interpreter[0], "interpreter_version": interpreter[1], "url": url}
    parts |= {digest[0]: digest[1]} if digest else {}
    parts |= {"subdirectory": subdirectory} if subdirectory else {}
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _sha224(text: str) -> str:
    # JSON can hold a lone surrogate; no pip can have made a key of that, and this key matches nothing.
    return hashlib.sha224(text.encode("utf-8", "surrogatepass")).hexdigest()


class WheelKey(NamedTuple):
    """The parts of which the key of a built wheel was made."""

    interpreter: str
    """`cp311`; `legacy` for the keys of pip up to 19.3."""
    url: str
    digest: tuple[str, str] | None
    """Algorithm and hex digest, if the link had one."""

    @property
    def is_of_url_alone(self) -> bool:
        """Return whether it holds the URL of an archive on a server, and no digest of it."""
        return self.digest is None and self.url.startswith(("https:", "http:"))


def interpreter_of(path: str, origin: Origin | None, sources: Sequence[SdistLink]) -> str | None:
    """Return the interpreter in whose directory a built wheel lies; arguments as of `key_of_wheel`.

    Returns:
        `cp311`, `legacy` for the keys of pip up to 19.3, or `None` if no key matches.
    """
    key = key_of_wheel(path, origin, sources)
    return None if key is None else key.interpreter


def key_of_wheel(path: str, origin: Origin | None, sources: Sequence[SdistLink]) -> WheelKey | None:
    """Return the parts of the key that names the directory in which a built wheel lies.

    Args:
        path: Path of the wheel in the cache.
        origin: The origin beside it.
        sources: Source distributions of the project that pages link to.

    Returns:
        `None` if no key matches: the source is unknown, or the wheel was built for an interpreter that is unknown here.
    """
    key = "".join(path.split("/")[1:-1])
    subdirectory = origin.subdirectory if origin else None
    for url, digest in _candidates(origin, sources):
        if leaf_key(url, digest, None, None) == key:
            return WheelKey(LEGACY, url, digest)
        text = _leaf_text(url, digest, _ANY, subdirectory)
        for name, version in _INTERPRETERS:
            # Computed once for all keys: the URL and the digest are the longest part.
            if _sha224(text.replace(_ANY[0], name, 1).replace(_ANY[1], version, 1)) == key:
                return WheelKey(name + version, url, digest)
    return None


def _candidates(origin: Origin | None, sources: Iterable[SdistLink]) -> Iterator[tuple[str, tuple[str, str] | None]]:
    seen = set()
    for url, hashes in [*_of_origin(origin), *((source.url, source.hashes) for source in sources)]:
        for digest in (None, *hashes):
            if (url, digest) not in seen:
                seen.add((url, digest))
                yield url, digest


def _of_origin(origin: Origin | None) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    if origin is None:
        return
    url = f"{origin.vcs}+{origin.url}@{origin.commit}" if origin.vcs and origin.commit else origin.url
    yield url, origin.hashes
    if ":///" in url:
        yield url.replace(":///", ":/", 1), origin.hashes  # as pip 26.3 spells a git URL without a host
