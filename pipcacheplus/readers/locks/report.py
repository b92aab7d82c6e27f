"""Read the report that `pip install --report FILE` writes: what an install used.

Source: pip 26.3 `docs/html/reference/installation-report.md`, format 1 (pip 23.0) and 0 (pip 22.2).
"""

from collections.abc import Iterator
from typing import Any

from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.pips.filenames import canonical

__all__ = ["packages_of_report"]


def packages_of_report(document: Any) -> Iterator[LockedPackage]:  # noqa: ANN401 - whatever JSON holds
    """Yield what was installed: the file that was asked for, and so the wheel that was built from it.

    Raises:
        KeyError, TypeError, AttributeError: It is not as pip writes it.
    """
    document["pip_version"]
    for one in document["install"]:
        metadata, info = one["metadata"], one["download_info"]
        archive = info.get("archive_info") or {}
        digest = (archive.get("hashes") or {}).get("sha256")
        if digest is None and (archive.get("hash") or "").startswith("sha256="):
            digest = archive["hash"].removeprefix("sha256=")
        file = LockedFile(url=info["url"], sha256=None if digest is None else digest.lower())
        # Of what comes from a version control system, the wheel that was built is all that a cache holds.
        files = (file,) if "archive_info" in info else ()
        yield LockedPackage(canonical(metadata["name"]), str(metadata["version"]), files)
