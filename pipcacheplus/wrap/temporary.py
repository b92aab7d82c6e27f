"""A folder for what pip writes for us, or downloads beside its cache: it goes again."""

import tempfile  # noqa: TID251 - outside of the cache
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["temporary_folder"]


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Make a folder, and remove it in the end.

    Raises:
        OSError: It cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="pipcacheplus-", ignore_cleanup_errors=True) as folder:
        yield folder
