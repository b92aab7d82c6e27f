"""One line about the files that came from a cache, and those that were downloaded."""

from pipcacheplus.model.use import PipUse
from pipcacheplus.render.text.words import size

__all__ = ["worth_in_words"]


def worth_in_words(use: PipUse) -> str:
    """Return the number of files that came from the cache, and of those that were downloaded.

    >>> from pipcacheplus.model.use import UsedFile
    >>> worth_in_words(PipUse((UsedFile("a-1-py3-none-any.whl", "a", "1", 2000, True),)))
    'cache: 1 of 1 file (2.0 kB) came from it'
    """
    hits, misses = use.hits, use.misses
    total = len(use.files)
    line = f"cache: {len(hits)} of {total} {'file' if total == 1 else 'files'}"
    line += f" ({size(sum(one.size for one in hits))}) came from it" if hits else " came from it"
    return line + (f", {len(misses)} downloaded ({size(sum(one.size for one in misses))})" if misses else "")
