"""What an ETag says of the content that it was sent with."""

import re

from pipcacheplus.model.facts import Head

__all__ = ["single_part_md5"]

_MD5_ETAG = re.compile(r'"([0-9a-f]{32})"')
_FILE_HOST_HEADER = "x-pypi-file-"


def single_part_md5(head: Head) -> str | None:
    """Return the MD5 that the ETag of a file is, `None` where it may be anything else.

    Only the host that sends `x-pypi-file-*` headers is known to make its ETags so. One of a file that was uploaded in
    parts ends in `-N`, and says nothing of the content.
    """
    if not any(name.startswith(_FILE_HOST_HEADER) for name, _ in head.headers):
        return None
    found = _MD5_ETAG.fullmatch(head.header("etag") or "")
    return found[1] if found else None
