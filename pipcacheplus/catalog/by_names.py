"""Queries that need only names and stamps, without a catalog: only heads that checks suspect are read."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from pipcacheplus.catalog.names import identify
from pipcacheplus.checks.base.check import Check, Context, judge
from pipcacheplus.disk.file_content import read_up_to
from pipcacheplus.disk.open_cache import ChangedError, OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Checked, Entry, File, Progress, Shape, Warned
from pipcacheplus.readers.entry import read
from pipcacheplus.readers.http.stored_response import HEAD_LIMIT
from pipcacheplus.readers.page import keep_none

__all__ = ["checked_by_names"]

_END_BYTES = HEAD_LIMIT
"""Bytes of the beginning and of the end of a file that are examined: in a response in one file, headers follow the
body. A larger head is not read at all."""
_HEADS = frozenset({Shape.PAIR, Shape.SINGLE})


def checked_by_names(
    path: str, context: Context, checks: Sequence[Check], warnings: list[Warned], progress: Progress | None
) -> Iterator[Checked]:
    """Yield all entries of a cache, in order of ids, with their findings.

    Args:
        path: Path of the cache directory.
        context: The context of the checks.
        checks: Those that need no more than names, or that suspect heads.
        warnings: Receives warnings of entries that could not be examined.
        progress: Called with the number of entries.
    """
    nothing = Facts()
    suspecting = tuple(check.is_suspect for check in checks if check.is_suspect is not None)
    with OpenCache(path) as cache:
        for done, entry in enumerate(scan(cache), 1):
            if isinstance(entry, Warned):
                warnings.append(entry)
                continue
            facts = nothing
            if suspecting and entry.shape in _HEADS:
                try:
                    facts = _facts_of_suspect(entry, cache, suspecting)
                except (ChangedError, FileNotFoundError):
                    pass  # it is gone, or was replaced, so that there is nothing to report
                except OSError as error:
                    warnings.append(Warned(path=entry.id, message=f"cannot be read: {error.strerror or error}"))
            named = identify(entry, nothing)
            yield Checked(named, *judge(named, facts, context, checks))
            if progress is not None:
                progress(done, None)


def _facts_of_suspect(entry: Entry, cache: OpenCache, suspecting: Iterable[Callable[[bytes], bool]]) -> Facts:
    """Return the head of an entry as facts, empty if no check suspects it.

    Raises:
        OSError: It cannot be read.
    """
    ends = _ends(entry.files[0], cache)
    if not any(is_suspect(ends) for is_suspect in suspecting):
        return Facts()
    if entry.shape is Shape.PAIR:
        return read(Shape.HEAD, entry.files[:1], cache, depth=Depth.ENDS)
    return read(entry.shape, entry.files, cache, depth=Depth.ENDS, keeps=keep_none)


def _ends(file: File, cache: OpenCache) -> bytes:
    if file.size <= 2 * _END_BYTES:
        return cache.read_same(file, file.size)
    with cache.open_same(file) as opened:
        start = read_up_to(opened, _END_BYTES)
        opened.seek(file.size - _END_BYTES)
        return start + read_up_to(opened, _END_BYTES)
