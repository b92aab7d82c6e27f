"""Ages, dates and sizes as people write them: `90`, `15m`, `30d`; `2025-03-31`; `500000`, `2GB`, `512MiB`."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import
    from datetime import datetime

__all__ = ["AGE_HELP", "DATE_HELP", "SIZE_HELP", "age_of_entry_s", "age_s", "date_or_age", "size_bytes"]

AGE_HELP = "seconds, or a number with s, m, h, d or w: 90, 15m, 12h, 30d, 2w"
DATE_HELP = "a day or a time as 2025-03-31 or 2025-03-31T12:00:00Z, or an age"
SIZE_HELP = "bytes, or a number with kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB or TiB: 500MB, 2GB, 1.5GiB"

_AGE = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,9})?)(?P<unit>[smhdw]?)")
_YEAR = re.compile(r"19[0-9]{2}|20[0-9]{2}|2100")
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SIZE = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,9})?) ?(?:(?P<power>[kmgt])(?P<binary>i)?)?b?", re.IGNORECASE)
_POWERS = "kmgt"


def age_s(text: str) -> float:
    """Return an age in seconds.

    Raises:
        ValueError: The text is not an age.

    >>> age_s("90"), age_s("15m"), age_s("1.5d")
    (90.0, 900.0, 129600.0)
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        problem = f"invalid age {text!r}: use {AGE_HELP}"
        raise ValueError(problem)
    return float(match["number"]) * _UNITS_S[match["unit"]]


def age_of_entry_s(text: str) -> float:
    """Return an age in seconds, from which on entries are removed.

    Raises:
        ValueError: The text is not an age, or a bare number that could be a year.

    >>> age_of_entry_s("2025s")
    2025.0
    """
    if _YEAR.fullmatch(year := text.strip()):
        problem = f"invalid age {text!r}: it could be a year or seconds: write {year}s, or days as 365d"
        raise ValueError(problem)
    return age_s(text)


def date_or_age(text: str) -> "float | datetime":
    """Return an age in seconds, or a date; a day begins at midnight, local time.

    Raises:
        ValueError: The text is neither, or a bare number that could be a year.

    >>> date_or_age("30d"), date_or_age("2025-03-31T12:00:00Z").isoformat()
    (2592000.0, '2025-03-31T12:00:00+00:00')
    """
    if _YEAR.fullmatch(year := text.strip()):
        problem = f"{year} could be a year or seconds: write {year}-01-01 or {year}s"
        raise ValueError(problem)
    if _AGE.fullmatch(text.strip()):
        return age_s(text)
    from datetime import datetime  # noqa: PLC0415 - slow to import, and of use to few

    try:
        # Python up to 3.10 does not read the Z.
        return datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", text.strip()))
    except ValueError:
        problem = f"invalid date or age {text!r}: use {DATE_HELP}: {AGE_HELP}"
        raise ValueError(problem) from None


def size_bytes(text: str) -> int:
    """Return a size in bytes.

    Raises:
        ValueError: The text is not a size.

    >>> size_bytes("0"), size_bytes("2GB"), size_bytes("1.5 KiB"), size_bytes("10m")
    (0, 2000000000, 1536, 10000000)
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        problem = f"invalid size {text!r}: use {SIZE_HELP}"
        raise ValueError(problem)
    power = _POWERS.index(match["power"].lower()) + 1 if match["power"] else 0
    return int(float(match["number"]) * (1024 if match["binary"] else 1000) ** power)
