"""Reader of self-checks, in which pip stores when it last looked for a newer pip.

Sources: pip 26.3 and 19.3 `_internal/self_outdated_check.py` (one environment a file), pip 18.0
`_internal/utils/outdated.py` (one file for all environments).
"""

from pipcacheplus.model.facts import Broken, Selfcheck
from pipcacheplus.readers.origin import read_object

__all__ = ["read_selfcheck"]


def read_selfcheck(data: bytes) -> Selfcheck | Broken:
    """Read either form; more than `MAX_OBJECT_BYTES` counts as broken.

    Where several environments are named, date and version are those of the latest look.
    """
    document = read_object(data)
    if isinstance(document, Broken):
        return document
    if isinstance(key := document.get("key"), str):
        looks: dict[str, dict[str, object]] = {key: document}
    else:
        looks = {name: look for name, look in document.items() if isinstance(look, dict)}
    if not looks:
        return Broken(reason="names no environment")
    return _selfcheck(looks)


def _selfcheck(looks: dict[str, dict[str, object]]) -> Selfcheck:
    # The dates of one file have one form, so that they sort as text.
    latest = max(looks.values(), key=lambda look: _text(look.get("last_check")) or "")
    return Selfcheck(
        environments=tuple(looks),
        last_check=_text(latest.get("last_check")),
        pip_version=_text(latest.get("pypi_version")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
