"""Addresses that a file host computes from the content of its files."""

import re

__all__ = ["digest_in_path"]

_FOLDERS = re.compile(r"/packages/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{60})/[^/]+\Z")


def digest_in_path(url: str | None) -> str | None:
    """Return the BLAKE2b-256 in hex from which a file host made the path of a URL; `None` if there is none in it.

    A path of another form has none, nor does that of metadata: there the digest is the wheel's.

    >>> digest_in_path("https://files.example/packages/00/11/" + "2" * 60 + "/demo-1.0.zip") == "0011" + "2" * 60
    True
    """
    if url is None or url.endswith(".metadata"):
        return None
    found = _FOLDERS.search(url.partition("?")[0])
    return "".join(found.groups()) if found else None
