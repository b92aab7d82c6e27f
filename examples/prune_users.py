"""As root, prune the caches of all users of a machine, each with the rights of its owner.

python prune_users.py /home
"""

import sys
from pathlib import Path

from pipcacheplus import PipCache
from pipcacheplus.errors import PipCachePlusError


def main(homes: str) -> int:
    """Prune one cache after the other; one that cannot be pruned is told, and the others have their turn."""
    code = 0
    for path in sorted(Path(homes).glob("*/.cache/pip")):
        try:
            cache = PipCache(path)
            report = cache.apply(cache.plan(corrupt=True, partial=True), as_owner=True)
        except (PipCachePlusError, OSError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            code = 1
        else:
            print(f"{path}: {len(report.removed)} entries removed, {report.freed_bytes} bytes freed")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
