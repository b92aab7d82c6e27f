"""The search for caches: by name, by glob, in homes, by settings, by running processes, from a list."""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.errors import BadRequestError
from pipcacheplus.fleet.find import (
    FoundCache,
    User,
    caches_of_processes,
    caches_of_users,
    named_caches,
    unique_caches,
)
from pipcacheplus.fleet.fleet import Fleet
from pipcacheplus.fleet.this_site import variables_of_processes
from pipcacheplus.host.machine import this_machine
from pipcacheplus.host.ownership import import_late
from pipcacheplus.host.patterns import is_pattern
from pipcacheplus.pips.locate import Machine
from tests.fleet.caches import Ran, options_for
from tests.support.builders import Cache
from tests.support.owners import SOMEBODY, given_away, home_of_somebody
from tests.support.processes import PIPCACHEPLUS, started
from tests.support.processes import run as run_process

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")

PATHS = 1_000_000
_MEASURED = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
"""Runs a command, and prints the most memory that it took."""
Run = Callable[..., Ran]


def paths(found: list[FoundCache]) -> list[str]:
    """Return the paths that can be used."""
    return [one.path for one in found if one.problem is None]


def test_a_glob_names_directories_alone(tmp_path: Path) -> None:
    for name in ("a", "b", "c d"):
        (tmp_path / name / "pip").mkdir(parents=True)
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "pip").write_bytes(b"")
    assert paths([*named_caches([f"{tmp_path}/*/pip"])]) == [f"{tmp_path}/{name}/pip" for name in ("a", "b", "c d")]


def test_a_directory_whose_name_looks_like_a_glob_is_that_directory(tmp_path: Path) -> None:
    (tmp_path / "[a]").mkdir()
    (tmp_path / "a").mkdir()
    assert paths([*named_caches([f"{tmp_path}/[a]"])]) == [f"{tmp_path}/[a]"]


def test_what_is_named_in_a_directory_with_brackets_is_no_glob(tmp_path: Path, run: Run) -> None:
    (tmp_path / "[1]").mkdir()
    ran = run("list", "--cache-dir", tmp_path / "[1]" / "none")
    assert (ran.code, "no cache directory at" in ran.err) == (10, True), ran.err
    assert run("list", "--cache-dir", tmp_path / "[1]" / "no*").code == 2
    assert not is_pattern(f"{tmp_path}/[1]/none")
    assert is_pattern(f"{tmp_path}/[1]/n[1]ne")
    assert not is_pattern("a\0*")


def test_a_cache_that_is_named_twice_in_the_same_words_is_one_cache(caches: list[Cache], run: Run) -> None:
    words = ("list", "--cache-dir", caches[0].path, "--format", "paths")
    assert run(*words, "--cache-dir", caches[0].path) == run(*words)


def test_one_cache_with_two_names_counts_once(caches: list[Cache], tmp_path: Path, run: Run) -> None:
    (tmp_path / "link").symlink_to(caches[0].path)
    names = [str(caches[0].path), f"{caches[0].path}/../pip", str(tmp_path / "link"), str(caches[1].path)]
    assert len(unique_caches(named_caches(names))) == 2
    ran = run("list", *(word for name in names for word in ("--cache-dir", name)), "--format", "jsonl")
    assert sorted(line["path"] for line in ran.lines) == sorted(str(one.path) for one in caches[:2])
    assert len(Fleet(names).caches) == 2


@pytest.mark.parametrize("options", [["--cache-dir"], ["--cache-dir", "ada", "--cache-dir"]])
@pytest.mark.usefixtures("caches")
def test_a_glob_that_matches_nothing_is_exit_code_2_and_one_sentence(options: list[str], run: Run) -> None:
    ran = run("list", *options, "nowhere-*/pip")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "ERROR: nowhere-*/pip: matches no directory; check it, and put it in quotes\n"


def test_what_is_no_cache_or_is_not_there_is_a_row_that_says_why(caches: list[Cache], tmp_path: Path, run: Run) -> None:
    other = tmp_path / "documents"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    missing = tmp_path / "missing"
    ran = run("list", *options_for(caches), "--cache-dir", other, "--cache-dir", missing, "--format", "jsonl")
    assert ran.code == 4
    errors = {line["path"]: line["error"] for line in ran.lines if line["error"]}
    assert len(ran.lines) == 5
    assert errors[str(missing)] == "there is no such directory"
    assert "does not look like a pip cache" in errors[str(other)]
    assert [*other.iterdir()] == [other / "letter.txt"]


def test_a_cache_that_vanishes_after_it_was_found_is_a_row(caches: list[Cache]) -> None:
    fleet = Fleet([str(one.path) for one in caches])
    shutil.rmtree(caches[1].path)
    results = {one.path: one for one in fleet.list()}
    assert [results[str(one.path)].error is None for one in caches] == [True, False, True]
    assert results[str(caches[1].path)].code == 10


def test_paths_of_python_are_absolute_and_more_than_one_string() -> None:
    with pytest.raises(BadRequestError, match="is a relative path"):
        Fleet(["relative"])
    with pytest.raises(TypeError, match="pass a list"):
        Fleet("/home/ada/.cache/pip")


def test_a_list_of_caches_is_read_from_a_file_and_from_stdin(caches: list[Cache], tmp_path: Path, run: Run) -> None:
    listed = tmp_path / "listed.txt"
    listed.write_text("\n".join(["", *(str(one.path) for one in caches), "  ", ""]))
    expected = sorted(str(one.path) for one in caches)
    ran = run("list", "--caches-from", listed, "--format", "jsonl")
    assert (ran.code, sorted(line["path"] for line in ran.lines)) == (0, expected)
    with listed.open() as stdin:
        done = run_process([*PIPCACHEPLUS, "list", "--caches-from", "-", "--format", "jsonl"], stdin=stdin)
    assert sorted(line["path"] for line in Ran(0, done.stdout, "").lines) == expected


def test_a_list_that_cannot_be_read_or_is_empty_is_refused(tmp_path: Path, run: Run) -> None:
    assert "cannot be read" in run("list", "--caches-from", tmp_path / "none").err
    (tmp_path / "empty").write_text("\n\n")
    ran = run("list", "--caches-from", tmp_path / "empty")
    assert (ran.code, ran.err) == (2, "ERROR: many caches: none was found; name one with --cache-dir\n")


@pytest.mark.parametrize("command", [("caches", "--no-count", "--json"), ("verify",)], ids=lambda words: words[0])
def test_a_million_paths_on_stdin_are_refused_in_one_sentence_that_says_what_next(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    listed = tmp_path / "listed.txt"
    with listed.open("w") as file:
        file.writelines(f"{tmp_path}/nowhere/{number}\n" for number in range(PATHS))
    measured = [sys.executable, "-c", _MEASURED, *PIPCACHEPLUS, *command, "--caches-from", "-"]
    with listed.open() as stdin, started(measured, stdin=stdin) as process:
        out, err = process.communicate()
        read_bytes = os.lseek(stdin.fileno(), 0, os.SEEK_CUR)  # the process reads at the same place
    assert process.returncode == 2
    assert err == (
        "ERROR: stdin: names more than 100,000 caches; pass them in parts, for instance those of split -l 100000\n"
    )
    assert read_bytes < listed.stat().st_size / 5, "what follows is not read"
    assert int(out) < 128 << 10, "KiB, and nothing else on stdout"


def machine(home: str) -> Machine:
    """Return the rules of this machine for another home."""
    return this_machine({"HOME": home})


def user_with(home: Path, *, cache: bool = True) -> User:
    """Make a home."""
    (home / ".cache" / "pip" if cache else home).mkdir(parents=True)
    return User(os.geteuid(), home.name, str(home))


@pytest.mark.skipif(sys.platform != "linux", reason="the place of a cache is that of Linux")
def test_homes_without_a_cache_are_left_out(tmp_path: Path) -> None:
    users = [user_with(tmp_path / "ada"), user_with(tmp_path / "bob", cache=False), User(7, "eve", "/nonexistent")]
    found = caches_of_users(users, machine(str(tmp_path)), lambda _user: (None, None))
    assert [(one.path, one.source) for one in found] == [(f"{tmp_path}/ada/.cache/pip", "home of ada")]


@pytest.mark.skipif(sys.platform != "linux", reason="the place of a cache is that of Linux")
def test_the_cache_that_the_settings_of_a_user_name_is_found_beside_the_one_in_the_home(tmp_path: Path) -> None:
    ada, bob = user_with(tmp_path / "ada"), user_with(tmp_path / "bob")
    (tmp_path / "large").mkdir()
    settings = tmp_path / "ada" / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[global]\ncache-dir = {tmp_path}/large\n")
    looked_at: list[str] = []

    def named(user: User) -> tuple[str | None, str | None]:
        looked_at.append(user.name)
        return f"{tmp_path}/large", None

    found = [*caches_of_users([ada, bob], machine(str(tmp_path)), named)]
    assert looked_at == ["ada"], "those without settings start no process"
    assert {one.path: one.source for one in found} == {
        f"{tmp_path}/ada/.cache/pip": "home of ada",
        f"{tmp_path}/large": "settings of ada",
        f"{tmp_path}/bob/.cache/pip": "home of bob",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the place of a cache is that of Linux")
def test_the_settings_of_this_user_are_read_as_pip_reads_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".config" / "pip").mkdir(parents=True)
    large = Cache(tmp_path / "large")
    large.foreign()
    (home / ".config" / "pip" / "pip.conf").write_text(f"[global]\ncache-dir = {large.path}\n")
    user = "import os, sys\nfrom pipcacheplus.cli.base.named_caches import _named_by_settings\n"
    program = user + "from pipcacheplus.fleet.find import User\nprint(_named_by_settings(User(os.geteuid(), 'a', '/')))"
    kept = {name: text for name, text in os.environ.items() if name != "PIP_CONFIG_FILE"}
    done = run_process([sys.executable, "-c", program], env={**kept, "HOME": str(home)}, is_checked=True)
    assert done.stdout == f"('{large.path}', None)\n"


def test_a_home_whose_settings_cannot_be_read_is_a_row_that_says_so(tmp_path: Path) -> None:
    ada = user_with(tmp_path / "ada")
    (tmp_path / "ada" / ".pip").mkdir()
    (tmp_path / "ada" / ".pip" / "pip.conf").write_text("")
    found = [*caches_of_users([ada], machine(str(tmp_path)), lambda _user: (None, "is no file of settings"))]
    assert [(one.source, one.problem) for one in found if one.problem] == [
        ("settings of ada", "is no file of settings")
    ]


def test_the_cache_of_a_running_process_is_found(cache: Cache, tmp_path: Path) -> None:
    here = [sys.executable, "-c", "print(flush=True); input()"]
    environ = {**os.environ, "PIP_CACHE_DIR": str(cache.path)}
    with started(here, stdin=subprocess.PIPE, env=environ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = [*caches_of_processes(variables_of_processes())]
        with contextlib.suppress(OSError):
            process.communicate("\n")
    mine = [one for one in found if one.path == str(cache.path)]
    assert [(one.source, one.problem) for one in mine] == [(f"PIP_CACHE_DIR of process {process.pid}", None)]
    assert not [*caches_of_processes([(1, {"PIP_CACHE_DIR": "relative"}), (2, {"PIP_CACHE_DIR": str(tmp_path / "x")})])]


def test_caches_prints_a_row_for_each_with_entries_and_size(caches: list[Cache], tmp_path: Path, run: Run) -> None:
    ran = run("caches", f"{tmp_path}/homes/*/pip", tmp_path / "missing", "--json")
    assert ran.code == 4
    document = json.loads(ran.out)
    rows = {row["path"]: row for row in document["summary"]["caches"]}
    assert rows[str(tmp_path / "missing")]["error"] == "there is no such directory"
    whole = [rows[str(one.path)] for one in caches]
    assert all(row["entries"] == 4 and row["du_bytes"] > 0 and row["error"] is None for row in whole)
    assert document["summary"]["total"] == {
        "caches": 4,
        "counted": 3,
        **{key: sum(row[key] for row in whole) for key in ("entries", "files", "du_bytes")},
    }


def test_one_found_in_several_ways_has_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    status = os.stat(tmp_path / "a")
    one = FoundCache(str(tmp_path / "a"), "named", status.st_uid, status.st_dev, status.st_ino)
    refused = one._replace(source="home of ada", problem="it belongs to another user")
    for found in itertools.permutations([one, one._replace(source="usual place"), refused]):
        [kept] = unique_caches(found)
        assert kept.problem is None
        assert set(kept.source.split("; ")) <= {"named", "usual place", "home of ada"}


def as_somebody(words: list[str], home: Path) -> Ran:
    """Run the command line in a process of a user without a name, or of this one if it is not root."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            os.dup2(writer, 1)
            os.dup2(writer, 2)
            _be_somebody(home)
            sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
            code = main([*words])
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        os._exit(99)
    os.close(writer)
    with open(reader, "rb") as printed:
        text = printed.read().decode()
    return Ran(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text, text)


def _be_somebody(home: Path) -> None:
    os.environ["HOME"] = str(home)
    os.chdir("/")
    if os.geteuid() == 0:
        import_late()
        os.setgroups([])
        os.setgid(SOMEBODY)
        os.setuid(SOMEBODY)


def test_without_root_it_is_reported_that_other_users_were_not_searched(tmp_path: Path) -> None:
    with home_of_somebody() as home:
        home.chmod(0o777)
        own = Cache(home / "own")
        own.built_wheel("demo")
        given_away(own)
        ran = as_somebody(["caches", "--no-count"], home)
        assert "WARNING: without root, homes and processes of other users were not searched" in ran.err, ran.err
        ran = as_somebody(["list", "--all-users", "--cache-dir", str(own.path), "--executor", "threads:1"], home)
        assert "WARNING: --all-users: without root, only the caches of this user were searched" in ran.err, ran.err


def test_a_list_that_is_no_text_is_one_sentence_or_rows(tmp_path: Path, caches: list[Cache], run: Run) -> None:
    listed = tmp_path / "listed"
    listed.write_bytes(b"x" * 200_000)
    ran = run("list", "--caches-from", listed)
    assert (ran.code, ran.out) == (2, "")
    assert "has a line of more than 65,536 characters" in ran.err
    listed.write_bytes(b"/a*\0b\n/\xff\xfe\n\x1b[31m\n" + os.fsencode(caches[0].path))
    ran = run("list", "--caches-from", listed, "--format", "jsonl")
    assert ran.code == 4
    assert [line["path"] for line in ran.lines if line["error"] is None] == [str(caches[0].path)]
    assert len(ran.lines) == 4
    assert "\x1b" not in run("list", "--caches-from", listed).out


def test_an_empty_name_is_not_the_current_directory(caches: list[Cache], run: Run) -> None:
    ran = run("prune", "--partial", "--exclusive", "--cache-dir", "", "--cache-dir", caches[0].path)
    assert (ran.code, ran.out) == (2, "")
    assert "--cache-dir: is empty" in ran.err


def test_a_guessed_place_that_is_no_cache_is_left_out(tmp_path: Path, caches: list[Cache], run: Run) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letter").write_text("mine")
    environs = [{**os.environ, "PIP_CACHE_DIR": str(path)} for path in (tmp_path / "data", caches[0].path)]
    here = [sys.executable, "-c", "print(flush=True); input()"]
    with contextlib.ExitStack() as stack:
        for environ in environs:
            process = stack.enter_context(started(here, stdin=subprocess.PIPE, env=environ))
            assert process.stdout is not None
            process.stdout.readline()
        found = [row["path"] for row in json.loads(run("caches", "--json").out)["summary"]["caches"]]
        for child in psutil.Process().children():
            child.kill()
    assert str(caches[0].path) in found
    assert str(tmp_path / "data") not in found


def test_a_process_that_sees_other_directories_names_none(tmp_path: Path, cache: Cache) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("takes root and unshare")
    cache.foreign()
    environ = {**os.environ, "PIP_CACHE_DIR": str(cache.path)}
    script = f'mount -t tmpfs none {cache.path} && exec "$@"'
    here = [sys.executable, "-c", "print(flush=True); input()"]
    with started(
        ["unshare", "--mount", "sh", "-c", script, "sh", *here], stdin=subprocess.PIPE, env=environ
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = [*caches_of_processes(variables_of_processes())]
        with contextlib.suppress(OSError):
            process.communicate("\n")
    assert str(cache.path) not in [one.path for one in found]


@pytest.mark.skipif(sys.platform != "linux", reason="the place of a cache is that of Linux")
def test_the_cache_that_settings_of_all_users_name_is_found_once(tmp_path: Path) -> None:
    users = [user_with(tmp_path / name, cache=False) for name in ("ada", "bob")]
    for path in (tmp_path / "shared", tmp_path / "ada" / "pips", tmp_path / "bob" / "pips"):
        path.mkdir()
    settings = tmp_path / "pip.conf"
    site = machine(str(tmp_path))._replace(site_config=(str(settings),), prefix="/nowhere")

    def found() -> list[tuple[str, str, str | None]]:
        caches = caches_of_users(users, site, lambda _user: (None, None))
        return [(one.path, one.source, one.problem) for one in caches]

    settings.write_text(f"[global]\ncache-dir = {tmp_path}/shared\n")
    assert found() == [(f"{tmp_path}/shared", "settings of all users", None)]
    settings.write_text("[global]\ncache-dir = ~/pips\n")
    assert found() == [(f"{tmp_path}/{name}/pips", "settings of all users", None) for name in ("ada", "bob")]
    settings.write_text("[global]\nno-cache-dir = true\n")
    assert found() == []
    settings.write_text("global\n")
    [(_, _, problem)] = found()
    assert str(settings) in (problem or "")
