"""How long a stored body should be, by its head."""

from pipcacheplus.model.facts import Facts, Head

__all__ = ["is_short", "stated_size"]

_MAX_DIGITS = 18


def stated_size(head: Head) -> int | None:
    """Return the `Content-Length` in bytes; `None` if there is none, or if the body may have any other length.

    A permanent redirect is stored without its body. After a 304 the head keeps the length of the body that it lies on.
    """
    stated = (head.header("content-length") or "").strip()
    # Longer numbers are no length, and from some thousand digits on Python refuses to convert them.
    if head.is_permanent_redirect or not (stated.isascii() and stated.isdecimal() and len(stated) <= _MAX_DIGITS):
        return None
    return int(stated)


def is_short(facts: Facts) -> bool:
    """Return whether a stored body ends before the length that its head states."""
    if not isinstance(facts.head, Head) or facts.body_size is None:
        return False
    stated = stated_size(facts.head)
    return stated is not None and facts.body_size < stated
