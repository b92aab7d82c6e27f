"""Which projects take most of the cache.

python largest_projects.py [HOW_MANY]
"""

import sys
from collections import Counter

from pipcacheplus import PipCache


def main(how_many: int = 10) -> None:
    """Print the projects with the most bytes."""
    sizes: Counter[str] = Counter()
    for entry in PipCache.locate().scan().entries:
        sizes[entry.project or f"({entry.kind.value})"] += entry.size
    for project, size in sizes.most_common(how_many):
        print(f"{size / 1e6:10.1f} MB  {project}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
