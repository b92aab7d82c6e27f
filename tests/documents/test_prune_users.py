"""The example that prunes the caches of all users of a machine: as root, by processes that become the owners."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.builders import Cache, tree
from tests.support.holding import held
from tests.support.owners import SOMEBODY, home_of_somebody, is_root

PROGRAM = Path(__file__).parents[2] / "examples" / "prune_users.py"
URL = "https://files.example/demo"
PLANTED = "import sys; open({!r}, 'w').close()\n"
"""Also what a line of a `.pth` file has to look like, to be run."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="users are others there")


@pytest.fixture
def homes() -> Iterator[Path]:
    with home_of_somebody() as folder:
        yield folder


def a_cache(homes: Path, name: str) -> Cache:
    """Make a home and its cache, with half an entry that is to go and a whole one that is to stay."""
    cache = Cache(homes / name / ".cache" / "pip")
    cache.http_v2(URL + "/half", b"x", has_head=False)
    cache.http_v2(URL, b"y")
    return cache


def give(home: Path, owner: int) -> None:
    """Give a home away, with all in it."""
    for path in (home, *home.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)


def bodies(cache: Cache) -> set[bytes | str]:
    return {content for path, content in tree(cache.path).items() if path.endswith(".body")}


def run(
    *arguments: object, python: tuple[str, ...] = ("-I",), cwd: Path | None = None, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *python, str(PROGRAM), *map(str, arguments)]
    return processes.run(command, cwd=cwd, env=env)


@is_root
def test_the_cache_of_each_home_is_pruned_and_has_a_line(homes: Path) -> None:
    ada, eve, zoe = (a_cache(homes, name) for name in ("ada", "eve", "zoe"))
    for number, cache in enumerate((ada, eve, zoe)):
        give(cache.path.parents[1], SOMEBODY + number)
    for area in eve.path.iterdir():
        area.rename(eve.path / "documents")  # not a pip cache any more
    (homes / "bob").mkdir()
    before = tree(eve.path)
    done = run(homes)
    assert (done.returncode, done.stderr) == (1, "")
    first, second, third, fourth = done.stdout.splitlines()
    assert first.startswith(f"{homes}/ada: 1 entries removed, ")
    assert second == f"{homes}/bob: no cache"
    assert third.startswith(f"{homes}/eve: {eve.path} does not look like a pip cache: ")
    assert fourth.startswith(f"{homes}/zoe: 1 entries removed, ")
    assert bodies(ada) == bodies(zoe) == {b"y"}
    assert tree(eve.path) == before


@is_root
def test_each_cache_is_pruned_with_the_rights_of_its_owner(homes: Path) -> None:
    cache = a_cache(homes, "ada")
    stuck = cache.http_v2(URL + "/other", b"x", has_head=False)
    give(homes / "ada", SOMEBODY)
    os.chown(cache.real(stuck).parent, 0, 0)
    cache.real(stuck).parent.chmod(0o755)
    done = run(homes)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"{homes}/ada: 1 entries removed, ")
    assert done.stdout.endswith(", 1 could not be removed\n")
    assert bodies(cache) == {b"x", b"y"}


@is_root
def test_a_link_to_the_cache_of_somebody_else_is_left_alone(homes: Path) -> None:
    ada = a_cache(homes, "ada")
    give(homes / "ada", SOMEBODY)
    (homes / "eve" / ".cache").mkdir(parents=True)
    (homes / "eve" / ".cache" / "pip").symlink_to(a_cache(homes.parent / "root", "").path)
    (homes / "zoe").mkdir()
    (homes / "zoe" / ".cache").symlink_to(ada.path.parent)
    for number, name in enumerate(("eve", "zoe"), 1):
        give(homes / name, SOMEBODY + number)
    ada.path.chmod(0o500)  # nothing of it goes in its own turn
    before = tree(homes.parent)
    done = run(homes)
    words = "the cache belongs to somebody else than the home"
    assert done.stdout.splitlines()[1:] == [f"{homes}/eve: {words}", f"{homes}/zoe: {words}"]
    assert bodies(Cache(homes.parent / "root" / ".cache" / "pip")) == {b"x", b"y"}
    assert {path for path in tree(homes.parent) if path.startswith("root/")} == {
        path for path in before if path.startswith("root/")
    }


@is_root
def test_nothing_that_a_user_plants_is_run_by_root(homes: Path) -> None:
    cache = a_cache(homes, "ada")
    home, marker = homes / "ada", homes.parent / "marker"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    own = home / ".local" / "lib" / version / "site-packages"
    own.mkdir(parents=True)
    for planted in ("json.py", "pipcacheplus.py", "sitecustomize.py"):
        (home / planted).write_text(PLANTED.format(str(marker)), encoding="utf-8")
    for planted in ("usercustomize.py", "planted.pth"):
        (own / planted).write_text(PLANTED.format(str(marker)), encoding="utf-8")
    give(home, SOMEBODY)
    hostile = os.environ | {"PYTHONPATH": str(home), "PYTHONUSERBASE": str(home / ".local"), "HOME": str(home)}
    done = run(homes, cwd=home, env=hostile)
    assert (done.returncode, done.stderr) == (0, "")
    assert bodies(cache) == {b"y"}
    assert not marker.exists()
    run(homes, cwd=home, env=hostile, python=())
    assert marker.exists()  # so the test would have noticed


@is_root
def test_a_cache_that_is_in_use_is_reported_and_the_next_has_its_turn(homes: Path) -> None:
    ada, zoe = a_cache(homes, "ada"), a_cache(homes, "zoe")
    give(homes / "ada", SOMEBODY)
    give(homes / "zoe", SOMEBODY)
    with held(ada.path):
        done = run(homes)
    assert (done.returncode, done.stderr) == (1, "")
    first, second = done.stdout.splitlines()
    assert "is using" in first
    assert second.startswith(f"{homes}/zoe: 1 entries removed, ")
    assert (bodies(ada), bodies(zoe)) == ({b"x", b"y"}, {b"y"})


@is_root
def test_a_process_that_takes_too_long_is_ended(homes: Path) -> None:
    cache = a_cache(homes, "ada")
    give(homes / "ada", SOMEBODY)
    done = run("--timeout", "0", homes)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == f"{homes}/ada: ended after 0 s; the next run finishes the rest\n"
    assert bodies(cache) == {b"x", b"y"}


@is_root
def test_without_homes_it_ends_with_a_sentence(tmp_path: Path) -> None:
    for arguments, words in (
        ((), "the following arguments are required: homes"),
        ((tmp_path / "nowhere",), f"{tmp_path / 'nowhere'}: No such file or directory"),
        ((PROGRAM,), f"{PROGRAM}: Not a directory"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines()[-1] == f"prune_users.py: error: {words}"
        assert "Traceback" not in done.stderr


AS_SOMEBODY = f"""
import os, runpy, sys
program = runpy.run_path(sys.argv[1])
if os.geteuid() == 0:
    os.setuid({SOMEBODY})
sys.argv[:] = sys.argv[1:]
sys.exit(program["main"]())
"""
"""Root imports it: somebody may be unable to read the interpreter."""


def test_whoever_is_not_root_gets_a_sentence_and_nothing_goes(homes: Path) -> None:
    cache = a_cache(homes, "ada")
    command = [sys.executable, "-I", "-c", AS_SOMEBODY, str(PROGRAM), str(homes)]
    done = processes.run(command)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.endswith("error: only root can become the owner of each cache\n")
    assert "Traceback" not in done.stderr
    assert bodies(cache) == {b"x", b"y"}
