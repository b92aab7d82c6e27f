"""Removing by the command line while others may be at work: options, signals, owners."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.cli.base.signals import stopping
from pipcacheplus.errors import NotACacheError
from pipcacheplus.host.ownership import become_owner
from pipcacheplus.model.values import State
from pipcacheplus.one_call import prune_partial
from pipcacheplus.render.text.words import pip_size
from tests.apply.trashes import everything, seen
from tests.deletion.caches import make_cache
from tests.support import processes
from tests.support.builders import Cache, page_headers, tree
from tests.support.holding import held
from tests.support.owners import SOMEBODY, given_away, home_of_somebody, is_root
from tests.support.processes import PIPCACHEPLUS, line_of, started

URL = "https://files.example/demo"
NOT_YET = -100 * 365 * 86_400
"""An age that is younger than any grace period, whatever the clock says."""
is_posix = pytest.mark.skipif(os.name == "nt", reason="signals and users are others there")


def command(*arguments: str, cache: Cache) -> list[str]:
    return [*PIPCACHEPLUS, *arguments, "--cache-dir", str(cache.path)]


def run(*arguments: str, cache: Cache, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return processes.run(command(*arguments, cache=cache), cwd=cwd)


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize("verb", [("prune",), ("remove", "demo"), ("purge", "--yes")], ids=lambda verb: verb[0])
def test_nobody_can_be_sure_of_both(cache: Cache, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*verb, "--exclusive", "--shared", "--cache-dir", str(cache.path)])
    assert stopped.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


@is_root
@pytest.mark.parametrize("dry", [(), ("-n",)])
def test_what_belongs_to_somebody_else_is_told_once_with_what_changes_that(cache: Cache, dry: tuple[str, ...]) -> None:
    with home_of_somebody() as home:
        theirs = Cache(home / "cache")
        heads = [theirs.http_v2(f"{URL}{number}", b"x", headers=page_headers(b"x")) for number in range(3)]
        theirs.built_wheel("demo")
        given_away(theirs)
        for head in heads:
            os.chown(theirs.real(head).parent, 0, 0)
        before = tree(theirs.path)
        words = ["purge", "--yes", "--exclusive", "--as-owner", *dry]
        done = run(*words, cache=theirs)
        assert done.returncode == 4
        size = pip_size(
            sum(path.stat().st_blocks * 512 for head in heads for path in theirs.real(head).parent.iterdir())
        )
        failed = [line for line in done.stdout.splitlines() if line.startswith(("failed", "  To change"))]
        assert failed == [
            f"failed: 3 entries ({size}): Permission denied: of root (uid 0) (-v names them)",
            f"  To change that: sudo chown -Rh {SOMEBODY} {theirs.path}",
        ]
        left = {path for path in before if path.startswith("http-v2")} | {"wheels/"}
        assert set(tree(theirs.path)) == (set(before) if dry else left)
        told = json.loads(run(*words, "--format", "json", cache=theirs).stdout)
        assert told["summary"]["chown"] == f"sudo chown -Rh {SOMEBODY} {theirs.path}"


def test_a_directory_that_a_build_may_use_stays_and_is_no_failure(cache: Cache) -> None:
    folder = cache.directory("wheels/18/ac/23/" + "5" * 50)
    os.utime(cache.real(folder))
    done = run("prune", "--shared", "--min-age", "0", cache=cache)
    assert (done.returncode, done.stderr) == (0, "")
    assert "kept: in use" in done.stdout
    assert tree(cache.path).keys() == {folder + "/"}


@pytest.mark.parametrize(("option", "code"), [("--exclusive", 0), ("--shared", 4)])
def test_a_wheel_of_today_goes_if_no_pip_is_at_work(cache: Cache, option: str, code: int) -> None:
    wheel = cache.built_wheel("demo")
    os.utime(cache.real(wheel))
    done = run("purge", "--yes", option, cache=cache)
    assert (done.returncode, done.stderr) == (code, "")
    assert cache.real(wheel).exists() == (code == 4)
    assert ("kept: in use" in done.stdout) == (code == 4)


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_the_library_is_told_the_same(cache: Cache, is_exclusive: bool) -> None:  # noqa: FBT001 - a row's value
    wheel = cache.built_wheel("demo")
    os.utime(cache.real(wheel))
    opened = PipCache(cache.path)
    report = opened.apply(opened.plan_purge(), exclusive=is_exclusive)
    assert report.outcomes[0].state is (State.REMOVED if is_exclusive else State.BUSY)
    assert cache.real(wheel).exists() == (not is_exclusive)


LOOKS_LIKE_PIP = "import sys; print('ready', flush=True); sys.stdin.read()  # as pip would wait"


def test_if_nothing_is_said_a_pip_on_this_machine_counts(cache: Cache) -> None:
    wheel = cache.built_wheel("demo")
    os.utime(cache.real(wheel))
    opened = PipCache(cache.path)
    with started([sys.executable, "-c", LOOKS_LIKE_PIP], stdin=subprocess.PIPE) as waiting:
        assert line_of(waiting) == "ready"
        report = opened.apply(opened.plan_purge())
        waiting.communicate()
    assert [outcome.state for outcome in report.outcomes] == [State.BUSY]
    assert cache.real(wheel).exists()


def test_the_pip_that_is_waited_for_is_named_once_with_the_way_round_it(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    with started([sys.executable, "-c", LOOKS_LIKE_PIP], stdin=subprocess.PIPE) as waiting:
        assert line_of(waiting) == "ready"
        with started(command("purge", "--yes", cache=cache)) as running:
            assert running.stderr is not None
            said = running.stderr.readline()
            running.send_signal(signal.SIGTERM)
            running.communicate()
        waiting.communicate()
    found = re.fullmatch(
        r"pip \(process [0-9]+\) is running: entries to remove are invalidated, and removed after up to 20 s,"
        r" when no pip relies on them any more; --exclusive skips this\n",
        said,
    )
    assert found is not None, said
    assert cache.real(head).exists()


def test_what_is_in_use_is_one_line_with_a_number_and_names_with_v(cache: Cache) -> None:
    for version in ("1.0", "2.0", "3.0"):
        os.utime(cache.real(cache.built_wheel("demo", version)))
    os.utime(cache.real(cache.directory("wheels/18/ac/23/" + "5" * 50)))
    brief, full = (
        run("purge", "--yes", "--shared", "--min-age", "0", *more, cache=cache).stdout for more in ([], ["-v"])
    )
    line = next(line for line in brief.splitlines() if "in use" in line)
    assert line.startswith("kept: in use: 3 entries (")
    assert line.endswith("), 1 empty directory; pass --exclusive if no pip is running (-v names them)")
    assert brief.count("in use") == 1
    assert "could not be removed" not in brief
    assert full.count("kept: in use: demo") == 3


def test_wheels_that_are_broken_side_by_side_go_together_and_their_origin_with_the_last(cache: Cache) -> None:
    for tag in ("cp311-cp311-linux_x86_64", "py2-none-any", "py3-none-any"):
        cache.built_wheel("demo", tag=tag, content=b"not an archive")
    sound = cache.built_wheel("idna")
    done = json.loads(run("prune", "--corrupt", "--exclusive", "--format", "json", cache=cache).stdout)
    assert [len(outcome["paths"]) for outcome in done["actions"]] == [1, 1, 2]
    assert done["summary"]["entries"] == 3
    folder = sound.rpartition("/")[0]
    assert {path for path in tree(cache.path) if "." in path} == {sound, f"{folder}/origin.json"}


def test_what_stays_as_it_could_not_be_judged_is_counted_with_the_option_that_judges_it(cache: Cache) -> None:
    cache.http_v2(URL, b"a half", has_head=False, age_s=NOT_YET)
    for reason in ("--partial", "--corrupt"):
        done = run("prune", reason, cache=cache)
        assert "Not judged: 1 entry (" in done.stdout
        assert "that a pip may still be writing (--min-age 0 judges them)" in done.stdout
        document = json.loads(run("prune", reason, "--format", "json", cache=cache).stdout)
        assert document["summary"]["not_judged"]["young"]["entries"] == 1
    gone = json.loads(run("prune", "--partial", "--min-age", "0", "--format", "json", cache=cache).stdout)["summary"]
    assert (gone["entries"], gone["not_judged"]) == (1, {})


def test_what_is_not_asked_about_is_none_that_could_not_be_judged(cache: Cache) -> None:
    cache.http_v2(URL, b"a half", has_head=False, age_s=NOT_YET)
    cache.built_wheel("demo", content=b"not an archive")
    for words in (["purge", "--yes"], ["remove", "demo"], ["prune", "--stale"]):
        document = json.loads(run(*words, "-n", "--format", "json", cache=cache).stdout)
        assert document["summary"]["not_judged"] == {}


def test_why_something_stays_is_said_in_the_words_of_whoever_asks(cache: Cache) -> None:
    os.utime(cache.real(cache.built_wheel("demo")))
    (outcome,) = PipCache(cache.path).apply(PipCache(cache.path).plan_purge(), exclusive=False).outcomes
    assert outcome.error == "used or written within a day, and pips may be running; `exclusive=True` means that none is"
    document = json.loads(run("purge", "--yes", "--shared", "--format", "json", cache=cache).stdout)
    (told,) = document["actions"]
    assert told["error"] == "used or written within a day, and pips may be running; --exclusive means that none is"


def test_the_one_call_functions_hand_it_on(cache: Cache) -> None:
    folder = cache.directory("wheels/18/ac/23/" + "5" * 50)
    os.utime(cache.real(folder))
    report = prune_partial(cache_dir=str(cache.path), min_age_s=0, exclusive=False)
    assert [outcome.state for outcome in report.outcomes] == [State.BUSY]
    assert prune_partial(cache_dir=str(cache.path), min_age_s=0, exclusive=True).failed == ()
    assert set(tree(cache.path)) == {"wheels/"}


def test_another_one_that_does_not_end_in_time_is_exit_5(cache: Cache) -> None:
    cache.temporary(cache.http_v2(URL, b"x"))
    before = tree(cache.path)
    with held(cache.path):
        done = run("prune", "--lock-timeout", "0.2", cache=cache)
    assert (done.returncode, done.stdout) == (5, "")
    assert "waited 0.2 s" in done.stderr
    assert tree(cache.path) == before


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Hear interrupts as at a terminal, also where whoever started the tests made them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@is_posix
@pytest.mark.usefixtures("interruptible")
def test_a_second_signal_takes_effect_at_once() -> None:
    def ask_twice() -> None:
        with stopping() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop()
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        ask_twice()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@is_posix
def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with stopping() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert not stop()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_no_signal_is_heard() -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - one test needs it

    def ask() -> bool:
        with stopping() as stop:
            return stop()

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(ask).result() is False


@is_root
def test_root_is_refused_the_cache_of_another_user_and_told_the_way(theirs: Cache) -> None:
    theirs.temporary(theirs.http_v2(URL, b"x"))
    given_away(theirs)
    before = tree(theirs.path)
    done = run("purge", "--yes", cache=theirs)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--as-owner" in done.stderr
    assert tree(theirs.path) == before


@is_root
def test_root_removes_as_the_owner_what_the_owner_could_remove(theirs: Cache) -> None:
    leftover = theirs.temporary(theirs.http_v2(URL, b"x"))
    stuck = theirs.http(URL, b"x")
    given_away(theirs)
    os.chown(theirs.real(stuck).parent, 0, 0)
    theirs.real(stuck).parent.chmod(0o755)
    done = run("purge", "--yes", "--exclusive", "--as-owner", cache=theirs, cwd=theirs.path.parent)
    assert (done.returncode, done.stderr) == (4, "")
    assert "Permission denied" in done.stdout
    assert {path for path in tree(theirs.path) if not path.endswith("/")} == {stuck}
    assert leftover not in tree(theirs.path)


@is_root
def test_what_root_moved_to_the_trash_as_the_owner_comes_back_byte_for_byte(theirs: Cache) -> None:
    everything(theirs)
    given_away(theirs)
    before = seen(theirs.path)
    done = run("purge", "--yes", "--exclusive", "--trash", "--min-age", "0", "--as-owner", cache=theirs)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path for path in tree(theirs.path) if not path.endswith("/")} == {"notes.txt", "http-v2/0/notes.txt"}
    (trash,) = (path for path in theirs.path.parent.iterdir() if path != theirs.path)
    assert {path.stat().st_uid for path in (trash, *trash.rglob("*"))} == {SOMEBODY}
    assert run("undo", cache=theirs).returncode == 2
    done = run("undo", "--as-owner", cache=theirs)
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(theirs.path) == before


@is_root
def test_the_owner_need_not_be_able_to_read_the_interpreter(theirs: Cache) -> None:
    whole = make_cache(theirs.path.parent)
    stays = [whole.http_v2(f"https://files.example/{number}", b"x") for number in range(200)]  # more than one process
    given_away(whole)
    reasons = ("--corrupt", "--partial", "--stale", "--unsafe", "--orphaned", "--incompatible", "--outdated-builds")
    done = run("prune", *reasons, "--exclusive", "--as-owner", cache=whole, cwd=whole.path.parent / "outside")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(stays) <= set(tree(whole.path))
    assert not [path for path in tree(whole.path) if "/broken-1.0" in path]


@is_root
def test_what_root_owns_needs_no_owner(cache: Cache) -> None:
    cache.temporary(cache.http_v2(URL, b"x"))
    become_owner(str(cache.path))
    assert os.geteuid() == 0
    assert run("purge", "--yes", "--exclusive", "--as-owner", cache=cache).returncode == 0
    assert set(tree(cache.path)) == {"http-v2/"}


def test_who_is_not_root_cannot_become_another(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: cache.path.stat().st_uid + 1)
    with pytest.raises(NotACacheError, match="only root"):
        become_owner(str(cache.path))
    monkeypatch.delattr(os, "geteuid")
    with pytest.raises(NotACacheError, match="no owners"):
        become_owner(str(cache.path))


CHANGES = """
import os, sys
from pipcacheplus.host.ownership import become_owner
become_owner(sys.argv[1])
print(os.getresuid(), os.getresgid(), os.getgroups(), os.environ["HOME"])
try:
    os.setuid(0)
except PermissionError:
    print("no way back")
"""


@is_root
def test_the_change_is_for_good(cache: Cache) -> None:
    os.chown(cache.path, SOMEBODY, SOMEBODY + 1)
    env = {**os.environ, "HOME": "/kept"}
    done = processes.run([sys.executable, "-c", CHANGES, str(cache.path)], env=env, is_checked=True)
    uid, gid = SOMEBODY, SOMEBODY + 1
    assert done.stdout == f"({uid}, {uid}, {uid}) ({gid}, {gid}, {gid}) [{gid}] /kept\nno way back\n"


@is_root
def test_a_user_with_a_name_brings_groups_and_home(cache: Cache) -> None:
    import pwd  # noqa: PLC0415 - not on Windows

    entry = pwd.getpwnam("nobody")
    os.chown(cache.path, entry.pw_uid, SOMEBODY)
    done = processes.run([sys.executable, "-c", CHANGES, str(cache.path)], is_checked=True)
    uid, gid = entry.pw_uid, entry.pw_gid
    groups = sorted(os.getgrouplist("nobody", gid))
    assert done.stdout == f"({uid}, {uid}, {uid}) ({gid}, {gid}, {gid}) {groups} {entry.pw_dir}\nno way back\n"
