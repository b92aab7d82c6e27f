"""As root: the caches of many users hold whatever they like, and a prune over all of them loses nothing else."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deletion.objects.all_kinds import KINDS
from tests.deletion.objects.ground import Ground, Kind, ground
from tests.deletion.seen import looked_at, stamp
from tests.deletion.talk import talk_problems
from tests.fleet.caches import Ran, demo_wheel, fill
from tests.support.builders import Cache, tree
from tests.support.drill import IS_DRILL
from tests.support.owners import is_root
from tests.support.processes import PIPCACHEPLUS
from tests.support.processes import run as run_process

pytestmark = [
    is_root,
    pytest.mark.skipif(sys.platform != "linux", reason="homes in memory are those of Linux"),
    pytest.mark.timeout(1800 if IS_DRILL else 300),
]
USERS = 40
_FIRST = 23_000
_PLAIN = _FIRST - 1
_UNEXPECTED = re.compile(r"^\w+Error: |belongs to another user")
"""An error of the program, and one of a process that is not the owner."""
_USABLE = [kind for kind in KINDS.values() if not (kind.moves or kind.needs_root)]
"""Kinds that lie still, so that what is left can be compared, and that an ordinary user can make."""


@pytest.fixture
def homes() -> Iterator[Path]:
    """Make a directory that every user gets to."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    top = Path(tempfile.mkdtemp(dir=where, prefix="pipcacheplus-")).resolve()
    top.chmod(0o755)
    yield top
    shutil.rmtree(top)
    for uid in range(_PLAIN, _FIRST + len(_USABLE)):
        shutil.rmtree(f"/var/lib/pipcacheplus/{uid}", ignore_errors=True)


def groups() -> list[list[Kind]]:
    """Return kinds in groups of users: all in a drill, a part by default."""
    chosen = _USABLE if IS_DRILL else _USABLE[:: len(_USABLE) // USERS][:USERS]
    return [chosen[at : at + USERS] for at in range(0, len(chosen), USERS)]


@pytest.mark.parametrize("kinds", groups(), ids=lambda kinds: f"{kinds[0].sentence} and {len(kinds) - 1} others")
def test_a_prune_over_the_caches_of_all_users_takes_nothing_that_is_sound_or_outside(
    kinds: list[Kind], homes: Path
) -> None:
    with ExitStack() as stack:
        made: list[tuple[Kind, Ground]] = []
        for number, kind in enumerate(kinds):
            folder = homes / str(number)
            folder.mkdir(mode=0o755)
            one = stack.enter_context(ground(folder, kind))
            one.give_to(_FIRST + number)
            made.append((kind, one))
        outside = [looked_at(one.outside) for _, one in made]
        foreign = [{path: stamp(one.cache.real(path)) for path in one.foreign} for _, one in made]
        plain = Cache(homes / "plain" / "cache")
        left = fill(plain, demo_wheel(homes), own="own")
        for path in (plain.path.parent, plain.path, *plain.path.rglob("*")):
            os.chown(path, _PLAIN, _PLAIN)
        listed = homes / "listed"
        listed.write_text("".join(f"{path}\n" for path in (plain.path, *(one.cache.path for _, one in made))))
        with ExitStack() as barred:
            for _, one in made:
                barred.enter_context(one.barring())
            command = [*PIPCACHEPLUS, "prune", "--corrupt", "--partial", "--exclusive", "--caches-from", str(listed)]
            done = run_process([*command, "--format", "jsonl"], limit_s=600)
            text = run_process([*PIPCACHEPLUS, "verify", "--caches-from", str(listed)], limit_s=600)
        complaints = [*talk_problems(text.stdout), *talk_problems(text.stderr)]
        lines = {line["path"]: line for line in Ran(0, done.stdout, "").lines}
        assert done.returncode in {0, 4}
        assert lines[str(plain.path)]["summary"]["entries"] == 1
        assert left not in tree(plain.path)
        own = {line["uid"]: line["error"] for line in lines.values() if _UNEXPECTED.search(line["error"] or "")}
        assert own == {}
        assert "Traceback" not in done.stderr + text.stderr
        assert set(lines) == {str(plain.path), *(str(one.cache.path) for _, one in made)}
        for (kind, one), was, kept in zip(made, outside, foreign, strict=True):
            gone = {path for path in one.sound if not os.path.lexists(one.cache.real(path))}
            if gone:
                complaints.append(f"{kind.sentence}: took {sorted(gone)}")
            if looked_at(one.outside) != was:
                complaints.append(f"{kind.sentence}: something outside was touched")
            changed = [path for path, seen in kept.items() if stamp(one.cache.real(path)) != seen]
            if changed:
                complaints.append(f"{kind.sentence}: {changed} changed")
        if complaints:
            pytest.fail("\n".join(map(ascii, complaints)), pytrace=False)
