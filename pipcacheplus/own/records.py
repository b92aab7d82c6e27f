"""Records of wrapped pips: added, read and removed."""

import os

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.records import UseRecords
from pipcacheplus.host.state import why_unusable
from pipcacheplus.model.use import RecordedUse

__all__ = ["add_use", "forget_uses", "recorded_uses"]

_WHAT = "the records of use"


def add_use(cache_path: str, recorded: RecordedUse) -> None:
    """Store a record of the entries that a pip used.

    Raises:
        OSError: The state directory cannot be written, or is not only this user's.
    """
    UseRecords().add(os.path.realpath(cache_path), recorded.to_record())


def recorded_uses(cache_path: str) -> tuple[RecordedUse, ...]:
    """Return the records of a cache, the oldest first.

    Raises:
        BadRequestError: The state directory cannot be read.
    """
    try:
        found = UseRecords().of_cache(os.path.realpath(cache_path))
    except OSError as error:
        problem = f"cannot be read ({why_unusable(error)})"
        raise BadRequestError(_WHAT, problem, "remove it, or move it away") from error
    return tuple(one for record in found if (one := RecordedUse.of_record(record)) is not None)


def forget_uses(cache_path: str) -> None:
    """Remove the records of a cache.

    Raises:
        OSError: As `add_use`.
    """
    records = UseRecords()
    records.remove(records.path_of(os.path.realpath(cache_path)))
