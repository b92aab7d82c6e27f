"""Sizes as people write them: `500000`, `2GB`, `512MiB`."""

import re
from argparse import ArgumentTypeError

__all__ = ["SIZE_HELP", "size_bytes"]

SIZE_HELP = "bytes, or a number with kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB or TiB: 500MB, 2GB, 1.5GiB"

_SIZE = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,9})?) ?(?:(?P<power>[kmgt])(?P<binary>i)?)?b?", re.IGNORECASE)
_POWERS = "kmgt"


def size_bytes(text: str) -> int:
    """Return a size in bytes.

    Raises:
        ArgumentTypeError: It is no size.

    >>> size_bytes("0"), size_bytes("2GB"), size_bytes("1.5 KiB"), size_bytes("10m")
    (0, 2000000000, 1536, 10000000)
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        problem = f"{text!r} is no size; write {SIZE_HELP}"
        raise ArgumentTypeError(problem)
    power = _POWERS.index(match["power"].lower()) + 1 if match["power"] else 0
    return int(float(match["number"]) * (1024 if match["binary"] else 1000) ** power)
