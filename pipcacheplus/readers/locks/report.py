"""Reader of the report that `pip install --report FILE` writes: the files that an install used.

Source: pip 26.3 `docs/html/reference/installation-report.md`, format 1 (pip 23.0) and 0 (pip 22.2).
"""

from collections.abc import Iterator
from typing import Any

from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.pips.filenames import canonical

__all__ = ["packages_of_report"]


def packages_of_report(document: Any) -> Iterator[LockedPackage]:  # noqa: ANN401 - whatever JSON holds
    """Yield the installed packages, with the file that was used; for an sdist, this stands for the wheel built from it.

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
        # For a source from version control, the cache holds only the built wheel.
        files = (file,) if "archive_info" in info else ()
        yield LockedPackage(canonical(metadata["name"]), str(metadata["version"]), files)
