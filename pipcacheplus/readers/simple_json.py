"""Name and files of a JSON page of an index (PEP 691); of a file, only the fields that are used.

msgspec reads it in a third of the time of `json`. Pages that it refuses are passed to `json`, which accepts more (NaN,
a lone surrogate, other encodings than UTF-8) and reports where a page is broken: so the result is that of `json`.
"""

import json
from collections.abc import Sized

import msgspec

from pipcacheplus.model.facts import Broken, Unknown

__all__ = ["SimpleFile", "SimplePage", "read_simple_page"]


class SimpleFile(msgspec.Struct, gc=False):
    """A file of a page: any JSON value in each field, `None` also for one that is not there."""

    url: object = None
    filename: object = None
    hashes: object = None
    core_metadata: object = msgspec.field(name="core-metadata", default=None)
    dist_info_metadata: object = msgspec.field(name="dist-info-metadata", default=None)
    data_dist_info_metadata: object = msgspec.field(name="data-dist-info-metadata", default=None)


class SimplePage(msgspec.Struct, gc=False):
    """A page of one project."""

    files: list[SimpleFile]
    name: object = None


_decode = msgspec.json.Decoder(SimplePage).decode
_FIELDS = {field.encode_name: field.name for field in msgspec.structs.fields(SimpleFile)}


def read_simple_page(data: bytes, *, max_files: int) -> SimplePage | Broken | Unknown:
    """Return the contents of a page; values may be of any type, and numbers are not converted.

    Args:
        data: The decoded content, all of it; in memory it takes up to twenty times as much.
        max_files: With more than these the result is `Unknown`.

    Returns:
        The page; `Broken` if it is truncated or not JSON; `Unknown` if it has no list of files.
    """
    try:
        if not data.isascii():
            data.decode()  # msgspec does not check whether text that it skips is UTF-8
        page = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_slowly(data, max_files)
    return _too_many(page.files) if len(page.files) > max_files else page


def _too_many(files: Sized) -> Unknown:
    return Unknown(reason=f"page of {len(files)} links")


def _read_slowly(data: bytes, max_files: int) -> SimplePage | Broken | Unknown:
    try:
        # No number is used, and int() takes too long for a million digits.
        document = json.loads(data, parse_int=float)
    except json.JSONDecodeError as error:
        # A truncated page ends within a text, or where a token must follow.
        is_cut = error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip()) - len("\\uXXXX")
        return Broken(reason="is not JSON", offset=error.pos, is_cut=is_cut)
    except UnicodeDecodeError as error:
        return Broken(reason="is not JSON", offset=error.start, is_cut="unexpected end" in error.reason)
    except (ValueError, RecursionError):
        return Broken(reason="is not JSON")
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list):
        return Unknown(reason="not an index page")
    if len(files) > max_files:
        return _too_many(files)
    found = [_simple_file(file) for file in files if isinstance(file, dict)]
    return SimplePage(files=found, name=document.get("name"))


def _simple_file(file: dict[str, object]) -> SimpleFile:
    return SimpleFile(**{name: file[key] for key, name in _FIELDS.items() if key in file})
