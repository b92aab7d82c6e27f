"""Ages as people write them: `90`, `15m`, `30d`."""

import re
from argparse import ArgumentTypeError

__all__ = ["AGE_HELP", "age_s"]

AGE_HELP = "seconds, or a number with s, m, h, d or w: 90, 15m, 12h, 30d, 2w"

_AGE = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,9})?)(?P<unit>[smhdw]?)")
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def age_s(text: str) -> float:
    """Return an age in seconds.

    Raises:
        ArgumentTypeError: It is no age.

    >>> age_s("90"), age_s("15m"), age_s("1.5d")
    (90.0, 900.0, 129600.0)
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        problem = f"{text!r} is no age; write {AGE_HELP}"
        raise ArgumentTypeError(problem)
    return float(match["number"]) * _UNITS_S[match["unit"]]
