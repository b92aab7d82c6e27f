"""A small file that holds one JSON object."""

import json

from pipcacheplus.model.facts import Broken

__all__ = ["read_object"]


def read_object(data: bytes, *, limit: int) -> dict[str, object] | Broken:
    """Read one JSON object; more than `limit` bytes count as broken."""
    if not data:
        return Broken(reason="is empty", offset=0, is_cut=True)
    if len(data) > limit:
        return Broken(reason=f"is longer than {limit} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        # Also UnicodeDecodeError. pip writes such files in place, so that they may be cut.
        return Broken(reason="is not JSON", offset=getattr(error, "pos", None), is_cut=not data.rstrip().endswith(b"}"))
    return document if isinstance(document, dict) else Broken(reason="is not a JSON object")
