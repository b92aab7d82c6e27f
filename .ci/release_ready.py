"""Print what is missing before an upload, and end with 1 if anything is: `python .ci/release_ready.py`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOP = Path(__file__).parents[1]
LINK = re.compile(r"^\[[^\]]+\]: (?!https://)(\S+)", re.MULTILINE)
"""The definition of a link that leads to a file beside the README, which is not there on the page of an index."""


def missing(folder: Path) -> Iterator[str]:
    """Yield a sentence for each thing that the project in a folder lacks before an upload."""
    project = tomllib.loads(folder.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    if not project.get("urls"):
        yield "pyproject.toml has no [project.urls]: name the address of the repository there (docs/how-to/release.md)"
    links = LINK.findall(folder.joinpath("README.md").read_text(encoding="utf-8"))
    if links:
        yield (
            f"README.md has {len(links)} relative links, as to {links[0]}, which an index page does not have: "
            "put the address of the repository before them (docs/how-to/release.md)"
        )
    dated = rf"^## {re.escape(project['version'])} \(\d{{4}}-\d\d-\d\d\)$"
    if not re.search(dated, folder.joinpath("CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE):
        yield f"CHANGELOG.md has no dated heading for {project['version']}: run towncrier (docs/how-to/release.md)"


if __name__ == "__main__":
    sentences = list(missing(TOP))
    sys.exit("\n".join(f"not ready: {sentence}" for sentence in sentences) if sentences else None)
