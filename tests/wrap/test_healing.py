"""Real pips that fail by a damaged cache, run by us: each damage is cured by one more run, and nothing sound goes."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipcacheplus import Entry, Kind, PipCache
from pipcacheplus.pips.layout import body_path
from tests.support import artefacts, processes
from tests.support.builders import tree
from tests.support.drill import IS_DRILL
from tests.support.flips import flip_last_member
from tests.support.libraries import CODE, compile_library
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS
from tests.support.server import IndexServer

pytestmark = pytest.mark.pips

PIPS = [("21.3.1", "3.8"), (NEWEST, "3.13")]
if IS_DRILL:
    PIPS += [("22.3.1", "3.11"), ("23.2.1", "3.11"), ("24.0", "3.12"), ("25.0", "3.13")]


@dataclass(frozen=True)
class Job:
    """A folder in which one pip installs, over and over, from one cache."""

    pip: Pip
    server: IndexServer
    folder: Path

    @property
    def cache(self) -> Path:
        """The cache directory."""
        return self.folder / "cache"

    def environ(self) -> dict[str, str]:
        """Return variables with a home, a state and a cache of its own."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "SYSTEMROOT") if name in os.environ}
        own = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state"), "LANG": "C.UTF-8"}
        return {**kept, **own, "PIP_CONFIG_FILE": os.devnull, "PIP_CACHE_DIR": str(self.cache), "NO_PROXY": "*"}

    def install(self, *arguments: str, own: tuple[str, ...] = (), code: int | None = 0) -> "Done":
        """Install into a new folder; `own` are our options, and `code` is what it has to end with."""
        target = self.new_target()
        done = processes.run(self.command(*arguments, own=own, target=target), env=self.environ(), cwd=self.folder)
        assert code in {None, done.returncode}, f"{done.stdout}\n{done.stderr}"
        return Done(done.stdout, done.stderr, target, done.returncode)

    def new_target(self) -> Path:
        """Return a folder that is not there yet."""
        return self.folder / f"target-{len(list(self.folder.glob('target-*')))}"

    def command(self, *arguments: str, own: tuple[str, ...] = (), target: Path | None = None) -> list[str]:
        """Return the command line of an install."""
        options = ("--disable-pip-version-check", "--no-input", "--trusted-host", "127.0.0.1")
        into = ("--target", str(target or self.new_target()))
        words = ("install", "--index-url", self.server.index_url, *into, *arguments)
        # Other pips may run on this machine: they use other caches.
        return [*PIPCACHEPLUS, "--python", self.pip.python, "--exclusive", *own, "pip", *options, *words]

    def entries(self) -> list[Entry]:
        """Return what is in the cache, with its names."""
        return list(PipCache(self.cache, index_urls=[self.server.index_url]).entries())

    def entry(self, kind: Kind, project: str) -> Entry:
        """Return the one entry of a kind and project."""
        (found,) = (one for one in self.entries() if one.kind is kind and one.project == project)
        return found

    def payload(self, kind: Kind, project: str) -> Path:
        """Return the file with the content of an entry."""
        main = self.entry(kind, project).id
        body = self.cache / body_path(main)
        return body if body.exists() else self.cache / main


class Done(NamedTuple):
    """What a wrapped pip did."""

    out: str
    err: str
    target: Path
    code: int

    @property
    def runs(self) -> int:
        """How often pip was run."""
        return self.out.count("Looking in indexes")

    @property
    def removed(self) -> list[str]:
        """The lines that say what was removed."""
        return [line for line in self.err.splitlines() if line.startswith("removed from the cache:")]


@pytest.fixture(params=PIPS, ids=lambda one: f"pip {one[0]}")
def job(request: pytest.FixtureRequest, pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path) -> Job:
    job = Job(pip_of(*request.param), index, tmp_path)
    job.install("demo-app")
    return job


def flip_wheel(job: Job) -> Entry:
    flip_last_member(job.payload(Kind.WHEEL, "demo-lib"))
    return job.entry(Kind.WHEEL, "demo-lib")


def cut_wheel(job: Job) -> Entry:
    found = job.entry(Kind.WHEEL, "demo-lib")
    path = job.payload(Kind.WHEEL, "demo-lib")
    path.write_bytes(path.read_bytes()[:-200])
    return found


def flip_built_wheel(job: Job) -> Entry:
    flip_last_member(job.payload(Kind.BUILT_WHEEL, "demo-source"))
    return job.entry(Kind.BUILT_WHEEL, "demo-source")


def put_foreign_content(job: Job) -> Entry:
    found = job.entry(Kind.WHEEL, "demo-lib")
    path = job.payload(Kind.WHEEL, "demo-lib")
    content = path.read_bytes()
    start = content.index(b"PK\x03\x04")
    page = b"<html><body>Please log in to this network</body></html>"
    path.write_bytes(content[:start] + page.ljust(len(content) - start))
    return found


def change_metadata(job: Job) -> Entry:
    found = job.entry(Kind.METADATA, "demo-lib")
    path = job.payload(Kind.METADATA, "demo-lib")
    content = path.read_bytes()
    assert b"Version: 1.1" in content
    path.write_bytes(content.replace(b"Version: 1.1", b"Version: 9.9"))
    return found


DAMAGES = [flip_wheel, cut_wheel, flip_built_wheel, put_foreign_content, change_metadata]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
def test_what_made_pip_fail_goes_and_one_more_run_succeeds(job: Job, damage: Callable[[Job], Entry]) -> None:
    sound = job.install("demo-app")
    assert sound.removed == []
    if damage is change_metadata and not any(one.kind is Kind.METADATA for one in job.entries()):
        pytest.skip("this pip reads no metadata beside wheels")
    before = tree(job.cache)
    damaged = damage(job)
    done = job.install("demo-app")
    if done.runs == 1:  # a pip that fetches it anew by itself, or does not look
        assert done.removed == []
        return
    assert done.runs == 2
    assert len(done.removed) == 1
    assert damaged.project is not None
    assert f" {damaged.project} " in done.removed[0]
    assert (done.target / "demo_lib.py").exists()
    assert before.keys() - tree(job.cache).keys() == set()
    assert job.install("demo-app").runs == 1


def test_the_damages_of_this_table_make_a_pip_fail(job: Job) -> None:
    # Else the test above would show nothing.
    for damage in (flip_wheel, flip_built_wheel):
        damage(job)
        done = job.install("demo-app", own=("--no-heal",), code=None)
        assert done.code in {1, 2}  # 2 is what pip did not expect
        assert done.runs == 1
        assert done.removed == []
        assert job.install("demo-app").runs == 2


def test_a_hash_that_does_not_fit_is_cured_where_hashes_are_required(job: Job) -> None:
    (digest,) = (one.sha256 for one in PipCache(job.cache).inspect("demo-lib + kind:wheel").entries)
    lock = job.folder / "lock.txt"
    lock.write_text(f"demo-lib==1.1 --hash=sha256:{digest}\n", encoding="utf-8")
    flip_wheel(job)
    done = job.install("--no-deps", "--require-hashes", "-r", str(lock))
    assert done.runs == 2
    assert len(done.removed) == 1


def failing(job: Job) -> dict[str, tuple[str, ...]]:
    broken = job.folder / "broken"
    broken.mkdir()
    (broken / "setup.py").write_text("raise SystemExit('no')\n", encoding="utf-8")
    return {
        "a project that does not exist": ("demo-absent",),
        "a version that does not exist": ("demo-lib==99",),
        "a failing build": ("--no-build-isolation", str(broken)),
    }


@pytest.mark.parametrize("why", ["a project that does not exist", "a version that does not exist", "a failing build"])
def test_what_is_no_fault_of_the_cache_runs_once_and_removes_nothing(job: Job, why: str) -> None:
    before = tree(job.cache)
    done = job.install(*failing(job)[why], code=None)
    assert done.code in {1, 2}  # 2 is what pip did not expect
    assert done.runs <= 1
    assert done.removed == []
    assert before.keys() <= tree(job.cache).keys()


def test_a_wrong_argument_runs_once_with_pips_own_exit_code(job: Job) -> None:
    done = job.install("--no-such-option", code=2)
    assert done.removed == []


PIPED = {
    "a pipe by its name": (["-r", "fifo"], {}),
    "flags before it": (["-qUr", "fifo"], {}),
    "constraints": (["-c", "fifo", "demo-lib"], {}),
    "a stream": (["-r", "/dev/stdin"], {}),
    "a variable": (["--no-deps"], {"PIP_REQUIREMENT": "/dev/stdin"}),
    "a file that includes it": (["-r", "outer.txt"], {}),
}


@pytest.mark.parametrize("how", PIPED)
def test_what_comes_by_a_pipe_is_not_read_twice(job: Job, how: str) -> None:
    flip_wheel(job)
    words, variables = PIPED[how]
    (job.folder / "outer.txt").write_text("-r /dev/stdin\n", encoding="utf-8")
    os.mkfifo(job.folder / "fifo")
    command = job.command(*words)
    feed = "echo 'demo-lib==1.1' > fifo & " if "fifo" in words else "echo demo-lib | "
    done = processes.run(["sh", "-c", feed + shlex.join(command)], env={**job.environ(), **variables}, cwd=job.folder)
    assert done.returncode in {1, 2}, done.stderr
    assert "removed from the cache" not in done.stderr
    assert done.stdout.count("Using cached") <= 2


def test_all_that_is_damaged_of_what_is_wanted_goes_at_once(job: Job) -> None:
    flip_wheel(job)
    flip_built_wheel(job)
    flip_last_member(job.payload(Kind.WHEEL, "demo-app"))
    done = job.install("demo-app")
    assert 2 <= done.runs <= 4  # a pip that reads no metadata comes to one file after the other
    assert len(done.removed) == 3


def test_a_page_that_is_cut_is_cured_where_pip_fails_by_it(job: Job) -> None:
    path = job.payload(Kind.INDEX_PAGE, "demo-lib")
    path.write_bytes(path.read_bytes()[:-20])
    plain = job.install("demo-app", own=("--no-heal",), code=None)
    done = job.install("demo-app")
    assert done.runs == (1 if plain.code == 0 else 2)


def records(job: Job) -> list[dict[str, Any]]:
    (path,) = (job.folder / "state").rglob("*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_is_noted_what_came_from_the_cache_and_what_was_removed(job: Job) -> None:
    job.install("demo-app")
    flip_wheel(job)
    job.install("demo-app")
    first, second, third = records(job)
    assert not any(file["is_cached"] for file in first["use"])
    assert {file["project"] for file in second["use"] if file["is_cached"]} == {"demo-app", "demo-lib", "demo-source"}
    assert [file["project"] for file in third["use"] if not file["is_cached"]] == ["demo-lib"]
    assert len(third["healed"]) == 1
    for file in second["use"]:
        paths = [path for path in job.cache.rglob("*") if path.is_file() and path.stat().st_size == file["size"]]
        assert paths, f"nothing in the cache has the size of {file['name']}"


def test_the_last_line_says_what_the_cache_was_worth(job: Job) -> None:
    done = job.install("demo-app")
    assert done.err.splitlines()[-1].startswith("cache: 3 of 3 files (")
    assert "cache:" not in job.install("-q", "demo-app").err


def test_what_a_wrapped_pip_used_counts_as_used(job: Job) -> None:
    cache = PipCache(job.cache)
    cache.last_use = "mtime"
    os.environ["XDG_STATE_HOME"] = str(job.folder / "state")
    moment = cache.mark()
    old = moment.timestamp() - 9 * 86400
    for path in job.cache.rglob("*"):
        os.utime(path, (old, old))
    assert cache.plan(unused_since=moment).actions == ()
    job.install("--no-deps", "demo-lib")
    plan = cache.plan(unused_since=moment)
    gone = {(action.entry.kind, action.entry.project) for action in plan.actions}
    assert (Kind.WHEEL, "demo-app") in gone
    assert (Kind.WHEEL, "demo-lib") not in gone
    assert (Kind.INDEX_PAGE, "demo-lib") not in gone


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only wheels in ELF are judged")
def test_a_built_wheel_that_cannot_be_loaded_any_more_is_built_anew_if_a_check_fails(
    pip_of: Callable[[str, str], Pip], tmp_path: Path
) -> None:
    if why := artefacts.why_no_compiler():
        pytest.skip(why)
    libraries = tmp_path / "lib"
    old = compile_library(libraries, "demo", 1, answer=1)
    flags = (f"-L{libraries}", "-ldemo", f"-Wl,-rpath,{libraries}")
    sdist = artefacts.extension_sdist(tmp_path / "made", "demo-linked", code=CODE, flags=flags)
    with IndexServer([sdist]) as index:
        job = Job(pip_of(NEWEST, "3.11"), index, tmp_path)

        def install() -> Done:
            target = tmp_path / f"target-{len(list(tmp_path.glob('target-*')))}"
            code = f"import sys; sys.path.insert(0, {str(target)!r}); import _demo_linked; print(_demo_linked.answer())"
            return job.install("demo-linked", own=("--check", shlex.join([job.pip.python, "-c", code])), code=None)

        assert install().code == 0
        old.unlink()
        compile_library(libraries, "demo", 2, answer=2)
        done = install()
        assert done.code == 0, done.err
        assert len(done.removed) == 1
        assert "installing again: demo-linked==1.0" in done.err
        assert done.out.splitlines()[-1] == "2"
        assert install().removed == []
