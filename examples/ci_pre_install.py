"""A step before `pip install` in CI: heal the cache that was carried over, and say what it cost.

python ci_pre_install.py
"""

import sys

from pipcacheplus import PipCache
from pipcacheplus.errors import CacheDisabledError, CacheNotFoundError, PipCachePlusError


def main() -> int:
    """Prune; a run without a cache is no failure."""
    try:
        cache = PipCache.locate()
        report = cache.apply(cache.plan(corrupt=True, partial=True, stale=True))
    except (CacheNotFoundError, CacheDisabledError) as error:
        print(f"nothing to heal: {error}")
        return 0
    except PipCachePlusError as error:
        print(f"cache left alone: {error}", file=sys.stderr)
        return 1
    print(f"{len(report.removed)} entries removed, {report.freed_disk_bytes} bytes freed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
