"""As root: each cache is opened by a process that became its owner first, and that has nothing of root's."""

import json
import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pipcacheplus
from pipcacheplus.fleet.crew import run_unit
from pipcacheplus.fleet.find import User, caches_of_users, named_caches, unique_caches
from pipcacheplus.fleet.fleet import Fleet
from pipcacheplus.fleet.unit import Unit
from pipcacheplus.host.machine import this_machine
from tests.fleet.caches import Ran, comparable, demo_wheel, fill, living_children, options_for
from tests.support.builders import Cache, tree
from tests.support.holding import held
from tests.support.owners import SOMEBODY, given_away, is_root
from tests.support.processes import LIMIT_S, PIPCACHEPLUS, started
from tests.support.processes import run as run_process

pwd = pytest.importorskip("pwd")
pytestmark = is_root
_ANOTHER = SOMEBODY + 1
_WATCHED = """\
import os, sys
sys.path[:] = sys.argv[3:]
from pipcacheplus.cli.base.run import run_on_streams
from pipcacheplus.fleet.server import serve
cache = sys.argv[2]

def hook(event, arguments):
    if event in ("open", "os.scandir", "os.listdir") and arguments and isinstance(arguments[0], (str, bytes)):
        if os.fsdecode(arguments[0]).startswith(cache):
            os.write(2, f"OPENED as {os.geteuid()} {os.getegid()} {os.getgroups()}\\n".encode())

sys.addaudithook(hook)
serve(int(sys.argv[1]), run_on_streams)
"""
"""The server of the package, which prints the user as whom it opens the cache."""


@pytest.fixture(autouse=True)
def _site() -> Iterator[None]:
    """Remove the state directories of users who are not there, which runs as root leave."""
    yield
    for uid in (SOMEBODY, _ANOTHER, pwd.getpwnam("daemon").pw_uid):
        shutil.rmtree(f"/var/lib/pipcacheplus/{uid}", ignore_errors=True)


@pytest.fixture
def closed(theirs: Cache, tmp_path: Path) -> Cache:
    """Build a cache that only its owner may open, a user without an entry in the user database."""
    fill(theirs, demo_wheel(tmp_path), own="own")
    given_away(theirs)
    theirs.path.chmod(0o700)
    return theirs


@pytest.fixture
def site() -> Iterator[Path]:
    """Make a state directory of the site, which only root can change."""
    folder = Path(tempfile.mkdtemp(dir="/var/lib", prefix="pipcacheplus-test-"))
    folder.chmod(0o755)
    yield folder / "state"
    shutil.rmtree(folder)


def test_a_process_is_the_owner_before_it_opens_anything_of_the_cache(closed: Cache, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(LIMIT_S)
    arguments = [str(theirs.fileno()), str(closed.path), *filter(os.path.isabs, sys.path)]
    words = ["--cache-dir", str(closed.path), "verify", "--format", "json"]
    request = json.dumps({"words": words, "environ": {"HOME": "/"}, "uid": SOMEBODY, "limit_s": LIMIT_S})
    with started([sys.executable, "-I", "-c", _WATCHED, *arguments], pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
            socket.send_fds(ours, [request.encode() + b"\n"], [out.fileno(), err.fileno()])
            answer = json.loads(ours.recv(4096))
        ours.close()
        assert process.wait(LIMIT_S) == 0
    assert answer["code"] == 0
    assert json.loads((tmp_path / "out").read_text())["summary"]["entries"] == 4
    opened = [line for line in (tmp_path / "err").read_text().splitlines() if line.startswith("OPENED")]
    assert set(opened) == {f"OPENED as {SOMEBODY} {SOMEBODY} [{SOMEBODY}]"}


def test_what_the_process_makes_is_the_owners_and_lies_in_the_state_directory_of_the_site(
    closed: Cache, site: Path
) -> None:
    before = tree(closed.path.parent)
    result = run_unit(Unit(str(closed.path), ("verify",), SOMEBODY, state_root=str(site)))
    assert (result.error, result.code) == (None, 0)
    assert tree(closed.path.parent) == before, "nothing is made in the home"
    made = [*(site / str(SOMEBODY)).rglob("*")]
    assert any(path.is_file() for path in made), "the catalog is kept"
    assert {path.lstat().st_uid for path in (site / str(SOMEBODY), *made)} == {SOMEBODY}
    assert stat.S_IMODE((site / str(SOMEBODY)).stat().st_mode) == 0o700
    assert site.stat().st_uid == 0
    assert not site.stat().st_mode & 0o022


def test_a_second_run_uses_the_catalog_of_the_site(closed: Cache, site: Path) -> None:
    unit = Unit(str(closed.path), ("verify",), SOMEBODY, state_root=str(site))
    first, second = run_unit(unit), run_unit(unit)
    alone = run_unit(Unit(str(closed.path), ("verify", "--no-catalog"), SOMEBODY))
    assert comparable(first.document) == comparable(second.document)
    assert (first.document or {})["findings"] == (alone.document or {})["findings"]


def test_a_link_in_the_place_of_a_state_directory_is_not_followed(closed: Cache, site: Path, tmp_path: Path) -> None:
    site.mkdir(mode=0o711)
    (tmp_path / "roots").mkdir(mode=0o700)
    (site / str(SOMEBODY)).symlink_to(tmp_path / "roots")
    assert run_unit(Unit(str(closed.path), ("verify",), SOMEBODY, state_root=str(site))).code == 0
    assert (tmp_path / "roots").stat().st_uid == 0
    assert [*(tmp_path / "roots").iterdir()] == []


def test_no_variable_of_root_reaches_the_process_of_a_user(
    closed: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://robot:s3cret@files.example/simple/")
    monkeypatch.setenv("SOME_TOKEN", "s3cret")
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "roots"))
    for server in living_children():
        server.kill()  # so that one is started with these variables
    results = [run_unit(Unit("", ("dir",), SOMEBODY)) for _ in range(20)]
    where = [(one.document or {})["cache"]["dir"] for one in results if one.document is not None]
    assert where
    assert str(tmp_path / "roots") not in where
    environs = [Path(f"/proc/{one.pid}/environ").read_bytes() for one in living_children()]
    assert environs
    assert not any(b"s3cret" in environ or b"PIP_" in environ for environ in environs)
    assert run_unit(Unit(str(closed.path), ("list",), SOMEBODY)).error is None


def test_modules_that_only_root_can_read_work_for_all_commands(closed: Cache, tmp_path: Path, cache: Cache) -> None:
    package = Path(pipcacheplus.__file__).parent
    private = tmp_path / "private"
    shutil.copytree(package, private / "pipcacheplus", ignore=shutil.ignore_patterns("__pycache__"))
    private.chmod(0o700)
    cache.built_wheel("demo")
    environ = {**os.environ, "PYTHONPATH": str(private), "PYTHONDONTWRITEBYTECODE": "1"}
    for words in (["info"], ["list"], ["verify"], ["why", "demo-app"], ["prune", "-n", "--corrupt", "--partial"]):
        command = [*PIPCACHEPLUS, *words, *options_for([closed, cache]), "--format", "jsonl"]
        done = run_process(command, env=environ, cwd="/")
        lines = {line["path"]: line for line in Ran(0, done.stdout, "").lines}
        assert [one["error"] for one in lines.values()] == [None, None], (words, lines)
        assert lines[str(closed.path)]["uid"] == SOMEBODY
        if words == ["verify"]:
            assert [one["severity"] for one in lines[str(closed.path)]["findings"]] == ["warning"], "checks are found"
    alone = [*PIPCACHEPLUS, "verify", "--cache-dir", str(closed.path), "--json"]
    assert len(json.loads(run_process(alone, env=environ, cwd="/").stdout)["findings"]) == 1


def test_caches_of_several_users_are_pruned_by_their_owners_alone(closed: Cache, cache: Cache, tmp_path: Path) -> None:
    left = fill(cache, demo_wheel(tmp_path), own="roots")
    ran = run_process(
        [*PIPCACHEPLUS, "prune", "--partial", "--exclusive", *options_for([closed, cache]), "--format", "jsonl"]
    )
    lines = {line["path"]: line for line in Ran(0, ran.stdout, "").lines}
    assert {path: line["summary"]["entries"] for path, line in lines.items()} == {
        str(closed.path): 1,
        str(cache.path): 1,
    }, (lines, ran.stderr)
    assert left not in tree(cache.path)
    assert {path.lstat().st_uid for path in closed.path.rglob("*")} == {SOMEBODY}
    assert {path.lstat().st_uid for path in cache.path.rglob("*")} == {0}


def test_a_cache_that_a_run_of_its_owner_is_pruning_is_left_to_that_one(closed: Cache, cache: Cache) -> None:
    left = fill(cache, demo_wheel(cache.path.parent), own="roots")
    before = tree(closed.path)
    with held(closed.path):
        ran = run_process(
            [*PIPCACHEPLUS, "prune", "--partial", "--exclusive", *options_for([closed, cache]), "--format", "jsonl"]
        )
    lines = {line["path"]: line for line in Ran(0, ran.stdout, "").lines}
    assert ran.returncode == 4
    assert "another pipcacheplus is using" in lines[str(closed.path)]["error"]
    assert tree(closed.path) == before
    assert left not in tree(cache.path)


@pytest.mark.parametrize("timeout", ["0", "60"])
def test_a_prune_of_the_owner_and_one_of_root_at_once_remove_each_leftover_once(closed: Cache, timeout: str) -> None:
    expected = {path for path in tree(closed.path) if not path.endswith((".tmp", "/"))}
    for number in range(200):
        closed.http_v2(f"https://files.example/{number}", b"x", has_head=False)
    given_away(closed)
    files = {path for path in tree(closed.path) if not path.endswith("/")}
    words = ["prune", "--partial", "--exclusive", "--lock-timeout", timeout, "--min-age", "0"]
    command = [*PIPCACHEPLUS, *words, "--cache-dir", str(closed.path), "--format"]
    with started([*command, "json", "--as-owner"]) as own:
        done = run_process([*command, "jsonl", "--executor", "threads:1"])
        out, err = own.communicate()
    documents = [json.loads(out), *Ran(0, done.stdout, "").lines]
    codes = sorted([own.returncode, documents[1]["exit_code"]])
    assert codes in ([0, 0], [0, 5]), (documents, err)
    assert codes == [0, 0] or timeout == "0"
    assert sum((one.get("summary") or {}).get("files", 0) for one in documents) == len(files - expected)
    assert {path for path in tree(closed.path) if not path.endswith("/")} == expected


def test_a_cache_that_the_owner_may_not_enter_is_a_row_that_says_so(closed: Cache, cache: Cache) -> None:
    """So does a file server that gives root no rights."""
    cache.built_wheel("demo")
    closed.path.parent.chmod(0o700)
    os.chown(closed.path.parent, 0, 0)
    ran = run_process([*PIPCACHEPLUS, "list", *options_for([closed, cache]), "--format", "jsonl"])
    lines = {line["path"]: line for line in Ran(0, ran.stdout, "").lines}
    assert ran.returncode == 4
    assert str(closed.path) in lines[str(closed.path)]["error"]
    assert lines[str(cache.path)]["error"] is None


def test_a_link_in_a_home_to_the_cache_of_another_user_is_refused(closed: Cache, tmp_path: Path) -> None:
    home = closed.path.parent.parent / "other"
    (home / ".cache").mkdir(parents=True)
    (home / ".cache" / "pip").symlink_to(closed.path)
    for path in (home, home / ".cache", home / ".cache" / "pip"):
        os.chown(path, _ANOTHER, _ANOTHER, follow_symlinks=False)
    user = User(_ANOTHER, "eve", str(home))
    [found] = caches_of_users([user], this_machine({"HOME": str(home)}), lambda _user: (None, None))
    assert found.problem == f"it belongs to another user (uid {SOMEBODY})"


@pytest.mark.parametrize("at", [".cache", ".cache/pip"])
def test_a_glob_follows_no_link_that_a_user_made_to_what_is_not_the_users(closed: Cache, cache: Cache, at: str) -> None:
    """As root, `prune --cache-dir '/home/*/.cache/pip'` must not become the owner of what a user points to."""
    cache.foreign()
    roots = cache.path.parent / "roots" / "pip"
    roots.parent.mkdir()
    cache.path.rename(roots)
    home = closed.path.parent.parent / "eve"
    (home / at).parent.mkdir(parents=True)
    (home / at).symlink_to(roots.parent if at == ".cache" else roots)
    for path in (home, *home.rglob("*")):
        os.chown(path, _ANOTHER, _ANOTHER, follow_symlinks=False)
    [found] = unique_caches(named_caches([f"{home.parent}/*/.cache/pip"]))
    assert found.problem is not None
    assert f"{home}, in which it lies, belongs to another user (uid {_ANOTHER})" in found.problem
    [result] = Fleet([f"{home.parent}/*/.cache/pip"]).list()
    assert (result.document, result.error) == (None, found.problem)


def test_a_link_of_root_or_of_the_owner_is_followed(closed: Cache, cache: Cache) -> None:
    cache.foreign()
    homes = closed.path.parent.parent / "homes"
    for name, uid, target in (("a", 0, closed.path), ("b", SOMEBODY, closed.path)):
        (homes / name).mkdir(parents=True)
        (homes / name / "pip").symlink_to(target)
        os.chown(homes / name / "pip", uid, uid, follow_symlinks=False)
    found = [*named_caches([f"{homes}/*/pip"])]
    assert [one.problem for one in found] == [None, None]
    assert [one.uid for one in unique_caches(found)] == [SOMEBODY]


def test_all_users_are_those_of_the_user_database(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pwd, "getpwall", list)
    ran = run("list", "--all-users")
    assert (ran.code, ran.err) == (2, "ERROR: many caches: none was found; name one with --cache-dir\n")


_SEARCH = """\
import json, sys
from pipcacheplus.cli.base.named_caches import _named_by_settings
from pipcacheplus.fleet.crew import run_unit
from pipcacheplus.fleet.find import User, caches_of_users, named_caches
from pipcacheplus.fleet.units import unit_for
from pipcacheplus.host.machine import this_machine
uid, home = int(sys.argv[1]), sys.argv[2]
found = [*caches_of_users([User(uid, "eve", home)], this_machine({"HOME": home}), _named_by_settings)]
results = [run_unit(unit_for(one, ["list"], limit_s=60)) for one in found if one.problem is None]
named = [*named_caches([f"{home}/.cache/pip", f"{home}/.cache/*"])]
print(json.dumps([found, [(one.error, (one.document or {}).get("summary")) for one in results], named]))
"""


def test_a_home_that_is_closed_to_root_is_searched_and_read_as_its_user(closed: Cache, tmp_path: Path) -> None:
    """As on a file server that gives root no rights; FUSE gives none to users who did not mount it."""
    if None in map(shutil.which, ("bindfs", "setpriv", "unshare")):
        pytest.skip("takes bindfs, setpriv and unshare")
    uid = pwd.getpwnam("daemon").pw_uid  # fusermount mounts for users with a name
    home = closed.path.parent
    (home / ".cache").mkdir()
    closed.path.rename(home / ".cache" / "pip")
    seen = home.parent / "seen"
    device = home.parent / "fuse"
    seen.mkdir()
    for path in (seen, home, *home.rglob("*")):
        os.chown(path, uid, uid)
    os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(10, 229))
    device.chmod(0o666)
    as_user = f"setpriv --reuid {uid} --regid {uid} --clear-groups"
    mount = f"mount --bind {device} /dev/fuse && {as_user} bindfs --no-allow-other {home} {seen}"
    search = f'"$0" -c "$1" {uid} {seen}'
    script = f"{mount} || exit 77; {search}; code=$?; umount {seen}; exit $code"
    done = run_process(["unshare", "--mount", "sh", "-c", script, sys.executable, _SEARCH])
    if done.returncode == 77:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    found, results, named = json.loads(done.stdout)
    assert [(one[0], one[1], one[2], one[5]) for one in found] == [(f"{seen}/.cache/pip", "home of eve", uid, None)]
    assert [(error, summary["entries"]) for error, summary in results] == [(None, 4)]
    assert [one[5] for one in named] == ["Permission denied", "cannot be listed: Permission denied"]


def test_a_prune_of_caches_that_other_machines_may_mount_says_once_what_no_lock_excludes(
    cache: Cache, tmp_path: Path
) -> None:
    if None in map(shutil.which, ("bindfs", "unshare")):
        pytest.skip("takes bindfs and unshare")
    left = fill(cache, demo_wheel(tmp_path), own="own")
    seen = tmp_path / "seen"
    for name in ("a", "b"):
        shutil.copytree(cache.path, tmp_path / "real" / name)
    seen.mkdir()
    mount = f"bindfs --no-allow-other {tmp_path / 'real'} {seen}"
    script = f'{mount} || exit 77; "$@"; code=$?; umount {seen}; exit $code'
    prune = [*PIPCACHEPLUS, "prune", "--partial", "--cache-dir", f"{seen}/*", "--exclusive"]
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    done = run_process(["unshare", "--mount", "sh", "-c", script, "sh", *prune], env=environ)
    if done.returncode == 77:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no lock excludes their runs of pipcacheplus") == 1
    assert "WARNING: 2 caches: other machines may mount this file system" in done.stderr
    assert not (tmp_path / "real" / "a" / left).exists()
