"""Several who remove at once, full and read-only disks, immutable files: what is told, and what is left."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipcacheplus.apply.run import apply
from pipcacheplus.apply.system import this_system
from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.model.values import State
from tests.support import artefacts, processes
from tests.support.builders import Cache, file_headers, file_url, page_headers, tree
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS, line_of, started

NUMBER = 150
"""So many entries that those who remove them meet."""
URL = "https://files.example/demo"

PipOf = Callable[[str, str], Pip]


class Ran(NamedTuple):
    """What became of a command."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Return the JSON that was printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def removed(self) -> list[str]:
        """Return the paths that it says it removed."""
        actions = self.document["actions"]
        return [path for action in actions if action["outcome"] == "removed" for path in action["paths"]]


@contextmanager
def at_work(*arguments: str, cache: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start the command as a user does."""
    words = [*PIPCACHEPLUS, *arguments, "--cache-dir", str(cache), "--format", "json"]
    with started(words, env={**os.environ, "XDG_STATE_HOME": str(cache.parent / "state")}) as process:
        yield process


def finished(process: "subprocess.Popen[str]") -> Ran:
    out, err = process.communicate()
    return Ran(process.returncode, out, err)


def run(*arguments: str, cache: Path) -> Ran:
    with at_work(*arguments, cache=cache) as process:
        return finished(process)


def fill(cache: Cache, number: int = NUMBER) -> set[str]:
    """Store responses of both layouts and built wheels; return the paths of all files."""
    for at in range(number):
        cache.http_v2(f"{URL}{at}", b"x" * at, headers=page_headers(b"x"))
        cache.http(f"{URL}{at}", b"y" * at, headers=file_headers(b"y"))
        if not at % 5:
            cache.built_wheel(f"demo-{at}")
    cache.foreign()
    return {path for path in tree(cache.path) if path != "notes.txt"}


def files(cache: Cache) -> set[str]:
    return {path for path in tree(cache.path) if not path.endswith("/")}


def no_traceback(*commands: Ran) -> None:
    assert [ran.err for ran in commands if "Traceback" in ran.err] == []


def all_at_once(cache: Cache, number: int, *how: str) -> list[Counter[str]]:
    """Let so many processes plan to remove all, and then all carry it out; return the paths that each removed."""
    command = [sys.executable, "-m", "tests.deletion.test_together", str(cache.path), *how]
    where = Path(__file__).parents[2]
    with ExitStack() as stack:
        them = [
            stack.enter_context(started(command, stdin=subprocess.PIPE, stderr=None, cwd=where)) for _ in range(number)
        ]
        assert [line_of(one) for one in them] == ["planned"] * number
        for one in them:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        done = [one.communicate()[0] for one in them]
    assert [one.returncode for one in them] == [0] * number
    found = [json.loads(out) for out in done]
    assert [one["failed"] for one in found] == [[]] * number
    return [Counter(one["removed"]) for one in found]


def plan_and_wait(path: str, mode: str, locks: str, unlinks: str) -> None:
    """Be one of these processes."""
    system = this_system()
    if locks == "without-locks":
        system = replace(system, lock=_no_lock, lock_folder=os.path.join(os.devnull, "locks"))
    if unlinks == "claiming":
        system = replace(system, unlink=_claim)
    cache = PipCache(path)
    plan = cache.plan_purge()
    print("planned", flush=True)  # noqa: T201 - to whoever started it
    sys.stdin.readline()
    report = apply(plan, is_exclusive=mode == "exclusive", system=system, lock_timeout_s=60, wait_s=0.1)
    removed = [file.path for outcome in report.outcomes for file in outcome.removed]
    failed = [outcome.error for outcome in report.outcomes if outcome.state is State.FAILED]
    print(json.dumps({"removed": removed, "failed": failed}))  # noqa: T201 - as above


def _no_lock(_descriptor: int) -> bool:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def _claim(name: str, **where: int) -> None:
    """Say that it went, whoever took it."""
    with suppress(FileNotFoundError):
        os.unlink(name, **where)


@pytest.mark.parametrize("locks", ["with-locks", "without-locks"])
@pytest.mark.parametrize("number", [2, 4])
def test_of_those_that_prune_at_once_each_removes_what_no_other_did(cache: Cache, number: int, locks: str) -> None:
    stored = fill(cache)
    removed = all_at_once(cache, number, "exclusive", locks, "as-it-is")
    assert sum(removed, Counter()) == Counter(stored)
    assert files(cache) == {"notes.txt"}


@pytest.mark.parametrize("locks", ["with-locks", "without-locks"])
def test_of_those_that_share_at_once_none_removes_what_another_did(cache: Cache, locks: str) -> None:
    """What one disarms has changed for the other; if each changed it for the other, it is left for the next."""
    stored = fill(cache)
    removed = sum(all_at_once(cache, 3, "shared", locks, "as-it-is"), Counter[str]())
    assert set(removed.values()) <= {1}
    assert files(cache) == stored - set(removed) | {"notes.txt"}
    bodies = {path for path in files(cache) if path.endswith(".body")}
    assert {path.removesuffix(".body") for path in bodies} <= files(cache)
    run("purge", "--yes", "--exclusive", cache=cache.path)
    assert files(cache) == {"notes.txt"}


def test_who_claims_what_another_removed_would_be_noticed(cache: Cache) -> None:
    for _ in range(20):  # they have to meet
        fill(cache)
        removed = all_at_once(cache, 4, "exclusive", "without-locks", "claiming")
        if max(sum(removed, Counter[str]()).values()) > 1:
            return
    pytest.fail("nobody claimed what another removed")


def test_who_does_not_wait_for_the_other_ends_with_5_and_touches_nothing(cache: Cache) -> None:
    stored = fill(cache)
    purge = ("purge", "--yes", "--exclusive")
    with ExitStack() as stack:
        them = [stack.enter_context(at_work(*purge, cache=cache.path)) for _ in range(4)]
        done = [finished(one) for one in them]
    no_traceback(*done)
    assert {ran.status for ran in done} <= {0, 5}
    refused = [json.loads(ran.out) for ran in done if ran.status == 5]
    assert all(told["error"] is not None and told["actions"] == [] for told in refused)
    told = Counter(path for ran in done if not ran.status for path in ran.removed)
    assert told == Counter(stored)
    assert files(cache) == {"notes.txt"}


@pytest.mark.parametrize("mode", ["--exclusive", "--shared"])
def test_what_pips_own_purge_takes_meanwhile_is_no_failure(cache: Cache, pip_of: PipOf, mode: str) -> None:
    pip = pip_of(NEWEST, "3.13")
    stored = fill(cache)
    if mode == "--shared":
        for path in tree(cache.path):  # what would have to be waited for is not what this is about
            if path.startswith("http"):
                cache.real(path).unlink()
        stored = files(cache) - {"notes.txt"}
    with at_work("purge", "--yes", mode, cache=cache.path) as ours:
        pip.run("cache", "purge", cache_dir=cache.path, is_checked=False)  # it has been seen to stumble over others
        done = finished(ours)
    no_traceback(done)
    assert set(done.removed) <= stored
    outcomes = {action["outcome"] for action in done.document["actions"]}
    # A leaf that pip emptied a moment ago is one that a build may use: it is left alone, and told.
    assert outcomes <= {"removed", "gone", "changed", *({"busy"} if mode == "--shared" else ())}
    assert done.status == (4 if "busy" in outcomes else 0)
    assert files(cache) == {"notes.txt"}


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount a small file system in memory; skip where that is not to be had."""
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("takes root on Linux")
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", ",".join(("size=2m", *options)), "pipcacheplus", str(folder)]
    if (done := processes.run(command)).returncode:
        pytest.skip(f"nothing can be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        processes.run(["umount", "--lazy", str(folder)], is_checked=True)


def make_full(folder: Path) -> None:
    """Leave no room for a single byte."""
    with open(folder / "filler", "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    assert shutil.disk_usage(folder).free == 0


def test_a_full_disk_can_be_verified_and_pruned(tmp_path: Path) -> None:
    """The cache and what is remembered of it lie there both."""
    with mounted(tmp_path / "disk") as disk:
        cache = Cache(disk / "cache")
        wheel = artefacts.wheel(tmp_path / "made", "demo")
        content = wheel.read_bytes()
        broken = cache.http_v2(file_url(content, wheel.name), content[:-1] + b"!", headers=file_headers(content))
        fill(cache, 20)
        make_full(disk)
        before = tree(cache.path)
        for _ in range(2):
            found = run("verify", cache=cache.path)
            no_traceback(found)
            assert found.status == 3
            assert broken in {finding["id"] for finding in found.document["findings"]}
        assert tree(cache.path) == before
        done = run("prune", "--corrupt", "--exclusive", cache=cache.path)
        no_traceback(done)
        assert done.status == 0
        assert {broken, broken + ".body"} <= set(done.removed) < set(before)
        assert files(cache) == set(before) - set(done.removed)


def test_on_a_full_disk_what_goes_is_disarmed_all_the_same(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        cache = Cache(disk / "cache")
        head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
        make_full(disk)
        seen: list[bytes] = []
        opened = PipCache(cache.path)
        report = opened.apply(
            opened.plan_purge(),
            exclusive=False,
            wait_s=0.1,
            progress=lambda _done, _all: seen.append(
                cache.real(head).read_bytes() if cache.real(head).exists() else b""
            ),
        )
        assert [outcome.state for outcome in report.outcomes] == [State.REMOVED]
        assert any(b'"~~' in content for content in seen)
        assert files(cache) == set()


def test_nothing_goes_from_a_file_system_that_cannot_be_written_and_all_of_it_is_told(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        cache = Cache(disk / "cache")
        fill(cache, 5)
        before = tree(cache.path)
        processes.run(["mount", "-o", "remount,ro", str(disk)], is_checked=True)
        found = run("verify", cache=cache.path)
        done = run("purge", "--yes", "--exclusive", cache=cache.path)
        opened = PipCache(cache.path)
        shared = opened.apply(opened.plan_purge(), exclusive=False, wait_s=0)
        no_traceback(found, done)
        assert found.status in {0, 3}
        assert done.status == 4
        assert done.removed == []
        assert {action["outcome"] for action in done.document["actions"]} == {"failed"}
        assert {action["error"] for action in done.document["actions"]} == {os.strerror(errno.EROFS)}
        assert {outcome.removed for outcome in shared.outcomes} == {()}
        assert {outcome.state for outcome in shared.outcomes} <= {State.FAILED, State.BUSY}
        assert tree(cache.path) == before


@contextmanager
def immutable(*paths: Path) -> Iterator[None]:
    """Mark files or directories as such; skip where that is not to be had."""
    if shutil.which("chattr") is None or os.geteuid():
        pytest.skip("takes root, and marks on files")
    marked: list[Path] = []
    try:
        for path in paths:
            if processes.run(["chattr", "+i", str(path)]).returncode:
                pytest.skip("the file system has no such marks")
            marked.append(path)
        yield
    finally:
        for path in marked:
            processes.run(["chattr", "-i", str(path)], is_checked=True)


@pytest.mark.parametrize("which", ["head", "body", "folder"])
def test_what_is_immutable_stays_whole_or_harmless_and_the_rest_goes(cache: Cache, which: str) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    fill(cache, 10)
    stuck = {"head": head, "body": head + ".body", "folder": head.rpartition("/")[0]}[which]
    with immutable(cache.real(stuck)):
        done = run("purge", "--yes", "--exclusive", cache=cache.path)
        again = run("purge", "--yes", "--exclusive", cache=cache.path)
        left = files(cache)
    no_traceback(done, again)
    assert (done.status, again.status) == (4, 4)
    assert [action["id"] for action in done.document["actions"] if action["outcome"] == "failed"] == [head]
    # A head alone is a miss for pip; a body is never left alone.
    assert left == {"notes.txt", head} | (set() if which == "head" else {head + ".body"})
    last = run("purge", "--yes", "--exclusive", "--min-age", "0", cache=cache.path)
    assert last.status == 0
    assert files(cache) == {"notes.txt"}


if __name__ == "__main__":
    plan_and_wait(*sys.argv[1:])
