"""Whatever lies in a cache: nothing outside it is touched, nothing hangs or crashes, and it is told in plain words.

Each kind meets `verify`, `prune` and `purge`, and one of the other commands that read, by turns; all in a drill.
"""

import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deletion.objects.all_kinds import KINDS
from tests.deletion.objects.ground import FORGED, Ground, Kind, ground
from tests.deletion.seen import looked_at, stamp
from tests.deletion.talk import REASONS, talk_problems, values_problems
from tests.deletion.walled import NOBODY, PURGE_SHARED, Ran, Walled
from tests.support.drill import IS_DRILL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits, pidfd and /proc are those of Linux")

READING = (
    ("verify", "--format", "json"),
    ("verify", "-v"),
    ("list", "-v"),
    ("info", "--read"),
)
MEMORY_BYTES = 400 << 20
TIME_S = 20
MAX_SHOWN = 40
ALLOWED = {"verify": {0, 3, 4}}


@pytest.fixture(scope="module")
def folders() -> Iterator[Iterator[Path]]:
    """Give empty folders, in memory if there is such a thing: there, times may lie beyond the year 9999."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    top = Path(tempfile.mkdtemp(dir=where, prefix="pipcacheplus-")).resolve()
    top.chmod(0o755)
    try:
        yield (top / str(number) for number in itertools.count())
    finally:
        shutil.rmtree(top)


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walled]:
    with Walled(tmp_path_factory.mktemp("state"), memory_bytes=MEMORY_BYTES, time_s=TIME_S) as process:
        yield process


@pytest.fixture
def folder(folders: Iterator[Path]) -> Iterator[Path]:
    path = next(folders)
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path)


def problems(arguments: tuple[str, ...], ran: Ran) -> Iterator[str]:
    """Yield what is wrong with a run whatever it ran on."""
    if ran.status is None:
        yield f"still ran after {ran.taken_s:.0f} s"
        return
    if ran.status not in ALLOWED.get(arguments[0], {0, 4}) or "Traceback" in ran.err:
        yield f"ended with {ran.status}: {ran.err[-1500:]}"
    if ran.peak_bytes > MEMORY_BYTES:
        yield f"took {ran.peak_bytes >> 20} MiB"
    yield from talk_problems(ran.err)
    if "json" not in arguments:
        yield from (values_problems if arguments[0] == "list" else talk_problems)(ran.out)
    elif ran.status >= 0:
        yield from (f"JSON: {problem}" for problem in document_problems(arguments[0], ran))


def document_problems(command: str, ran: Ran) -> Iterator[str]:
    """Yield where an exit code and a document do not fit."""
    document = json.loads(ran.out)
    if not ran.out.isascii():
        yield "not ASCII"
    failed = [action for action in document["actions"] if action["outcome"] == "failed"]
    errors = [finding for finding in document["findings"] if finding["severity"] == "error"]
    own = [told for told in document["warnings"] if "access times" in told]
    expected = 4 if failed or len(document["warnings"]) > len(own) else 3 if errors and command == "verify" else 0
    if ran.status != expected:
        yield f"exit code {ran.status}, {len(failed)} failed, {len(errors)} errors, {document['warnings']}"


class Trial:
    """One kind of object, and what was complained of."""

    def __init__(self, made: Ground, kind: Kind, walled: Walled) -> None:
        self.made, self.kind, self.walled = made, kind, walled
        self.complaints: list[str] = []
        self.uid = NOBODY if kind.as_user and os.geteuid() == 0 else None
        if self.uid is not None:
            made.give_to(self.uid)
        self.outside = looked_at(made.outside)
        self.foreign = {path: stamp(made.cache.real(path)) for path in made.foreign}

    def run(self, *arguments: str) -> Ran:
        """Run a command, and look whether all is well."""
        where = () if arguments[0] == PURGE_SHARED else ("--cache-dir", str(self.made.cache.path))
        with self.made.barring():
            ran = self.walled.run(*arguments[:1], *where, *arguments[1:], uid=self.uid)
        found = [*problems(arguments, ran), *self._harm()]
        self.complaints += [f"{' '.join(arguments)[:80]}: {problem}" for problem in found]
        return ran

    def document(self, *arguments: str) -> Mapping[str, Any]:
        """Run a command that prints JSON; what it printed, or nothing if that is none."""
        ran = self.run(*arguments)
        try:
            document: dict[str, Any] = json.loads(ran.out)
        except ValueError:
            return {"findings": (), "entries": (), "actions": ()}
        return document

    def _harm(self) -> Iterator[str]:
        if looked_at(self.made.outside) != self.outside:
            yield "something outside was touched"
        for path, was in self.foreign.items():
            real = self.made.cache.real(path)
            if not os.path.lexists(real):
                yield f"{path!r} is gone"
            elif not self.kind.moves and stamp(real) != was:
                yield f"{path!r} is not as it was"

    def sound_left(self) -> set[str]:
        """Return which of the sound files are there."""
        return {path for path in self.made.sound if os.path.lexists(self.made.cache.real(path))}


def read_and_prune(trial: Trial) -> None:
    """Run what reads, then `prune` for every reason, then `purge`."""
    made, kind = trial.made, trial.kind
    found = trial.document(*READING[0])
    slugs = {finding["check"] for finding in found["findings"]}
    if slugs != kind.finds and not kind.moves:
        trial.complaints.append(f"verify finds {sorted(slugs)}, not {sorted(kind.finds)}")
    turn = list(KINDS).index(kind.sentence)
    for number, arguments in enumerate(READING[1:]):
        if IS_DRILL or turn % len(READING) == number:
            trial.run(*arguments)
    if IS_DRILL or turn % len(READING) == len(READING) - 1:
        listed = trial.document("list", "--format", "json")["entries"]
        ids = [entry["id"] for entry in listed if "/" in entry["id"]]  # one without is taken for the name of a project
        trial.run("show", *ids[:MAX_SHOWN], "kind:foreign")
    ran = trial.run("prune", *REASONS, "--exclusive")
    if trial.sound_left() != made.sound:
        trial.complaints.append(f"prune took {sorted(made.sound - trial.sound_left())}")
    statuses = {ran.status}
    statuses.add(trial.run("purge", "--yes", "--exclusive", "--min-age", "0", "--format", "json").status)
    if trial.sound_left() and not kind.is_refused:
        trial.complaints.append(f"purge left {sorted(trial.sound_left())}")
    if (4 in statuses) is not kind.is_refused and not kind.moves:
        trial.complaints.append(f"prune and purge ended with {statuses}")


def purge_while_others_are_at_work(trial: Trial) -> None:
    """Run what writes over heads before it removes them."""
    trial.run(PURGE_SHARED, str(trial.made.cache.path))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_hostile_harms_nothing_and_is_told_in_plain_words(kind: Kind, folder: Path, walled: Walled) -> None:
    if kind.needs_root and os.geteuid() != 0:
        pytest.skip("only root can make such a thing")
    complaints = []
    for number, course in enumerate((read_and_prune, purge_while_others_are_at_work)):
        (folder / str(number)).mkdir(mode=0o755)
        with ground(folder / str(number), kind) as made:
            trial = Trial(made, kind, walled)
            course(trial)
            complaints += trial.complaints
    if complaints:
        pytest.fail("\n".join(map(ascii, complaints)), pytrace=False)  # they may hold what no terminal should see


def test_there_are_as_many_kinds_as_is_said() -> None:
    assert len(KINDS) > 370


@pytest.mark.parametrize(
    ("text", "is_bad"),
    [
        ("a\t1.0\twheel\t-\t1\t-\t-\tid\n", False),
        ("a\tb\t1.0\twheel\t-\t1\t-\t-\tid\n", True),
        ("a\t1.0\twheel\n", True),
        ("a\x1b\t1.0\twheel\t-\t1\t-\t-\tid\n", True),
    ],
)
def test_the_look_at_values_would_notice(text: str, is_bad: bool) -> None:  # noqa: FBT001 - a column
    assert is_bad is bool(list(values_problems(text)))


@pytest.mark.parametrize(
    ("text", "is_bad"),
    [
        ("caf\xe9, 1.4 MB\n", False),
        ("\x1b[2J", True),
        ("\u202egpj", True),
        ("\x9b2J", True),
        ("\udcff", True),
        (f"a\n{FORGED}", True),
        (f"a {FORGED}", False),
    ],
)
def test_the_look_at_what_is_printed_would_notice(text: str, is_bad: bool) -> None:  # noqa: FBT001 - a column
    assert is_bad is bool(list(talk_problems(text)))
