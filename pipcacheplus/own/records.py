"""Records of what wrapped pips used: added, read, and forgotten."""

import os

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.records import UseRecords
from pipcacheplus.host.state import why_unusable
from pipcacheplus.model.use import RecordedUse

__all__ = ["add_use", "forget_uses", "recorded_uses"]

_WHAT = "the records of use"


def add_use(cache_path: str, recorded: RecordedUse) -> None:
    """Keep what a pip used of a cache.

    Raises:
        OSError: Our state directory cannot be written, or is not ours alone.
    """
    UseRecords().add(os.path.realpath(cache_path), recorded.to_record())


def recorded_uses(cache_path: str) -> tuple[RecordedUse, ...]:
    """Return what wrapped pips used of a cache, the oldest first.

    Raises:
        BadRequestError: Our state directory cannot be read.
    """
    try:
        found = UseRecords().of_cache(os.path.realpath(cache_path))
    except OSError as error:
        problem = f"cannot be read ({why_unusable(error)})"
        raise BadRequestError(_WHAT, problem, "remove it, or move it away") from error
    return tuple(one for record in found if (one := RecordedUse.of_record(record)) is not None)


def forget_uses(cache_path: str) -> None:
    """Forget what was recorded of a cache.

    Raises:
        OSError: As `add_use`.
    """
    records = UseRecords()
    records.remove(records.path_of(os.path.realpath(cache_path)))
