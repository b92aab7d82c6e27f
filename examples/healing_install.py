"""Install as `pip install` does; if the cache is to blame for a failure, cure it, and say what that was worth.

python healing_install.py REQUIREMENT...
"""

import sys

from pipcacheplus import Pip
from pipcacheplus.errors import PipCachePlusError


def main(*requirements: str) -> int:
    """Install, and return pip's exit code."""
    pip = Pip()
    try:
        print(f"pip {pip.version} of {pip.python}, with the cache {pip.cache().dir.path}")
    except PipCachePlusError as error:  # there is none yet, or it is off: that is plain pip
        print(f"pip {pip.version} of {pip.python}: {error}")
    run = pip.install(*requirements)
    for one in run.healed:
        print(f"was damaged: {one.entry.project or one.entry.id}: {one.why}")
    print(f"from the cache: {len(run.use.hits)} of {len(run.use.files)} files")
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
