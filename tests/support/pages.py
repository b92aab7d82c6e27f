"""Index pages that are stored in a cache, and what they link."""

import json
from collections.abc import Iterable

from tests.support.builders import Cache, page_headers

__all__ = ["link", "page"]


def link(url: str, **more: object) -> dict[str, object]:
    """Return an item of a JSON page (PEP 691): a file without digests, with changes."""
    return {"filename": url.rpartition("/")[2], "url": url, "hashes": {}, **more}


def page(cache: Cache, url: str, name: str, links: Iterable[dict[str, object]]) -> str:
    """Store the JSON page of a project, and return the path of its head."""
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": list(links)}).encode()
    return cache.http_v2(url, body, headers=page_headers(body))
