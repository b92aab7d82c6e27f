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

import pytest

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
from pipcacheplus.pips.locate import Machine
from tests.fleet.caches import Ran, options_for
from tests.support.builders import Cache
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
