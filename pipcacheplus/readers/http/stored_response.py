"""Fields that pip stores of a response in every format, checked and combined into a head.

Source: pip 6.0.7 to 26.3, `cachecontrol/serialize.py`: `{"response": {"body", "headers", "status", …}, "vary": {…}}`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pipcacheplus.model.facts import Head, Span

__all__ = ["HEAD_LIMIT", "MAX_HEADERS", "DamageError", "head_of", "unique"]

HEAD_LIMIT = 1 << 20
"""Most bytes of a head, the payload not counted; pip's own stay below 20 KiB."""
MAX_HEADERS = 1_000
"""Ten times what `http.client` lets through, so that no valid head is refused."""


class DamageError(Exception):
    """The bytes are not those of a response; the text is the reason. Never leaves the readers."""

    def __init__(self, reason: str, *, is_cut: bool = False) -> None:
        self.is_cut = is_cut
        super().__init__(reason)


def unique(pairs: object, what: str) -> dict[Any, Any]:
    """Return a map, of which the decoders make a tuple of pairs, and of nothing else.

    Raises:
        DamageError: It is none, or has a key twice.
    """
    if not isinstance(pairs, tuple):
        raise DamageError(reason=f"{what} is not a map")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DamageError(reason=f"a name twice in {what}")
    return found


def head_of(
    cc: int,
    response: Mapping[str, Any],
    vary: object,
    *,
    text: Callable[[object], str],
    body: Span | None = None,
    body_size: int,
) -> Head:
    """Return the head.

    Args:
        cc: Number of the format.
        response: What is stored under `response`; maps in it are tuples of pairs.
        vary: What is stored under `vary`.
        text: How a value becomes text.
        body: As in `Head`.
        body_size: As in `Head`.

    Raises:
        DamageError: A field is missing, or of the wrong type.
        ValueError: A value cannot be decoded.
    """
    for name in ("headers", "status"):
        if name not in response:
            raise DamageError(reason=f"response without {name}")
    status, reason = response["status"], response.get("reason")
    if not isinstance(status, int) or isinstance(status, bool):
        raise DamageError(reason="status is not a number")
    headers, varied = unique(response["headers"], "headers"), unique(vary, "vary")
    if len(headers) > MAX_HEADERS or len(varied) > MAX_HEADERS:
        raise DamageError(reason="too many headers")
    return Head(
        cc=cc,
        status=status,
        headers=tuple([(text(name).lower(), text(value)) for name, value in headers.items()]),
        vary=tuple([(text(name), None if value is None else text(value)) for name, value in varied.items()]),
        reason=None if reason is None else text(reason),
        body=body,
        body_size=body_size,
    )
