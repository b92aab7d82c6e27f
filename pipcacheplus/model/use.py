"""Values for the use of a cache by pips, with the downloads that it saved."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["PipUse", "RecordedUse", "UsedFile"]


class UsedFile(NamedTuple):
    """A wheel or source distribution that a pip got from its cache, or from a server."""

    name: str
    """Name of the file."""
    project: str
    """Canonical name (PEP 503)."""
    version: str
    size: int
    """Bytes of the file; in a one-file entry of an old pip, with its head."""
    is_cached: bool
    """Whether it came from the cache."""
    url: str | None = None
    """Without credentials; `None` for a wheel that was built here, or if it is not known."""
    sha256: str | None = None
    """As in a report of pip."""


class PipUse(NamedTuple):
    """The use of the cache by one pip."""

    files: tuple[UsedFile, ...] = ()

    @property
    def hits(self) -> tuple[UsedFile, ...]:
        """Return the files that came from the cache."""
        return tuple(one for one in self.files if one.is_cached)

    @property
    def misses(self) -> tuple[UsedFile, ...]:
        """Return the files that were downloaded."""
        return tuple(one for one in self.files if not one.is_cached)


class RecordedUse(NamedTuple):
    """The use of the cache by one pip, with its time."""

    at_s: float
    """When it ended, in seconds since 1970."""
    command: str
    """`install`."""
    exit_code: int
    seconds: float
    """Seconds that it ran."""
    healed: tuple[str, ...] = ()
    """Ids of entries that were removed because they were damaged."""
    use: PipUse = PipUse()

    def to_record(self) -> dict[str, Any]:
        """Return it as a value for JSON."""
        return {**self._asdict(), "healed": list(self.healed), "use": [one._asdict() for one in self.use.files]}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "RecordedUse | None":
        """Return the value that `to_record` wrote; `None` if it is anything else."""
        at_s, seconds = _time(record.get("at_s")), _time(record.get("seconds"))
        command, exit_code = record.get("command"), record.get("exit_code")
        healed, files = record.get("healed"), record.get("use")
        if at_s is None or seconds is None or not isinstance(command, str) or not isinstance(exit_code, int):
            return None
        if not isinstance(healed, list) or not isinstance(files, list):
            return None
        return cls(at_s, command, exit_code, seconds, tuple(map(str, healed)), PipUse(tuple(_files(files))))


def _time(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < _MAX_S else None  # type: ignore[arg-type, operator] # a number


_MAX_S = 1e11
"""No time since 1970 is later: the year 5138."""


def _files(files: list[Any]) -> Iterator[UsedFile]:
    for one in files:
        if not isinstance(one, dict) or not all(isinstance(one.get(name), str) for name in _TEXTS):
            continue
        size, url, sha256 = one.get("size"), one.get("url"), one.get("sha256")
        if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < _MAX_SIZE:
            yield UsedFile(
                **{name: one[name] for name in _TEXTS},
                size=size,
                is_cached=one.get("is_cached") is True,
                url=url if isinstance(url, str) else None,
                sha256=sha256 if isinstance(sha256, str) else None,
            )


_TEXTS = ("name", "project", "version")
_MAX_SIZE = 1 << 60
