"""Write the responses of an index as pip 23.3 and later store them: for a demonstration where no pip can do it."""

import os
from urllib.parse import urlsplit

import msgpack

from pipcacheplus.model.terms import Area
from pipcacheplus.pips.layout import body_path, entry_path, page_key
from pipcacheplus.wrap.demo.index import Answer, Index
from pipcacheplus.wrap.temporary import write_file

__all__ = ["store_response"]


def store_response(cache: str, index: Index, url: str) -> None:
    """Store what an index answers to a request for a URL, as a metadata file and a content file.

    Source: pip 26.3 `_vendor/cachecontrol/serialize.py` and `_internal/network/cache.py`.
    """
    answer = index.answer(urlsplit(url).path)
    path = os.path.join(cache, *entry_path(Area.HTTP_V2, page_key(url)).split("/"))
    write_file(path, _metadata(answer))
    write_file(body_path(path), answer.body)


def _metadata(answer: Answer) -> bytes:
    response = {
        "body": b"",
        "headers": dict(answer.headers),
        "status": answer.status,
        "version": 11,
        "reason": "OK",
        "decode_content": False,
    }
    return b"cc=4," + bytes(msgpack.packb({"vary": {}, "response": response}, use_bin_type=True))
