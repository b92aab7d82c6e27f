"""Records of what wrapped pips used: added, read, and forgotten."""

import os

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.records import FOLDER, UseRecords
from pipcacheplus.host.state import UntrustedError, state_folder
from pipcacheplus.model.use import RecordedUse

__all__ = ["add_use", "forget_uses", "recorded_uses"]

_WHAT = "the records of use"


def add_use(cache_path: str, recorded: RecordedUse) -> None:
    """Keep what a pip used of a cache.

    Raises:
        OSError: Our state directory cannot be written, or is not ours alone.
    """
    _records().add(os.path.realpath(cache_path), recorded.to_record())


def recorded_uses(cache_path: str) -> tuple[RecordedUse, ...]:
    """Return what wrapped pips used of a cache, the oldest first.

    Raises:
        BadRequestError: Our state directory cannot be read.
    """
    try:
        found = _records().of_cache(os.path.realpath(cache_path))
    except OSError as error:
        why = str(error) if isinstance(error, UntrustedError) else f"{error.filename}: {error.strerror}"
        raise BadRequestError(_WHAT, f"cannot be read ({why})", "remove it, or move it away") from error
    return tuple(one for record in found if (one := RecordedUse.of_record(record)) is not None)


def forget_uses(cache_path: str) -> None:
    """Forget what was recorded of a cache.

    Raises:
        OSError: As `add_use`.
    """
    records = _records()
    records.remove(records.path_of(os.path.realpath(cache_path)))


def _records() -> UseRecords:
    return UseRecords(os.path.join(state_folder(), FOLDER))
