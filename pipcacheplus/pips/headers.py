"""Facts about the body of a response in its headers: its length, and an ETag that is its digest."""

import re

from pipcacheplus.model.facts import Facts, Head

__all__ = ["is_short", "single_part_md5", "stated_size"]

_MD5_ETAG = re.compile(r'"([0-9a-f]{32})"')
_FILE_HOST_HEADER = "x-pypi-file-"
_MAX_DIGITS = 18


def single_part_md5(head: Head) -> str | None:
    """Return the ETag of a file if it is an MD5; `None` if it may be anything else.

    Only the host that sends `x-pypi-file-*` headers is known to make its ETags so. One of a file that was uploaded in
    parts ends in `-N`, and is not a digest of the content.
    """
    if not any(name.startswith(_FILE_HOST_HEADER) for name, _ in head.headers):
        return None
    found = _MD5_ETAG.fullmatch(head.header("etag") or "")
    return found[1] if found else None


def stated_size(head: Head) -> int | None:
    """Return the `Content-Length` in bytes; `None` if there is none, or if the body may have any other length.

    A permanent redirect is stored without its body. After a 304 the head keeps the length of the body that is stored
    with it.
    """
    stated = (head.header("content-length") or "").strip()
    # Longer numbers are not a length, and from some thousand digits on Python refuses to convert them.
    if head.is_permanent_redirect or not (stated.isascii() and stated.isdecimal() and len(stated) <= _MAX_DIGITS):
        return None
    return int(stated)


def is_short(facts: Facts) -> bool:
    """Return whether a stored body ends before the length that its head states."""
    if not isinstance(facts.head, Head) or facts.body_size is None:
        return False
    stated = stated_size(facts.head)
    return stated is not None and facts.body_size < stated
