"""The Pythons of a machine are asked once each, and only those that may be run; the others are named."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipcacheplus.errors import InterpreterError
from pipcacheplus.host.interpreter_cache import InterpreterCache
from pipcacheplus.host.interpreters import keep_silence, probe, running
from pipcacheplus.host.python_candidates import Surroundings
from pipcacheplus.host.pythons import AT_ONCE, find_pythons
from pipcacheplus.model.pythons import FoundPython, Interpreter
from tests.support.made_machines import MadeMachine
from tests.support.owners import SOMEBODY, home_of_somebody, is_root

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the made-up machines have files of POSIX")

NOW_S = 1.8e9
DAY_S = 86_400
UID = os.geteuid() if hasattr(os, "geteuid") else None


class Asked:
    """Answers for interpreters, and notes who was asked."""

    def __init__(self, **refusals: str) -> None:
        self.paths: list[str] = []
        self.limits_s: list[float] = []
        self._refusals = refusals

    def __call__(self, path: str, limit_s: float) -> Interpreter:
        """Answer as a Python 3.9 would."""
        self.paths.append(path)
        self.limits_s.append(limit_s)
        reason = self._refusals.get(os.path.basename(path).replace(".", "_"))
        if reason is not None:
            raise InterpreterError(path, reason)
        return Interpreter(
            path=path,
            implementation="cp",
            version=(3, 9),
            prefix=os.path.dirname(os.path.dirname(path)),
            name="cp39",
            tags=frozenset({"cp39-cp39-linux_x86_64"}),
            pip="23.0.1",
        )


@pytest.fixture
def machine(tmp_path: Path) -> MadeMachine:
    return MadeMachine(tmp_path / "machine")


def find(
    here: Surroundings,
    folder: Path,
    asks: Asked | None = None,
    *,
    uid: int | None = UID,
    one_s: float = 10,
    all_s: float = 60,
    now_s: float = NOW_S,
) -> dict[str, FoundPython]:
    """Find Pythons, and return them by their paths below a folder; without the one that runs this."""
    memory = InterpreterCache(str(folder.parent / "state" / "interpreters"))
    environ = os.environ
    found = find_pythons(
        here, uid=uid, memory=memory, environ=environ, asks=asks, one_s=one_s, all_s=all_s, now_s=now_s
    )
    others = [one for one in found if "running" not in one.sources]
    assert len(others) == len(found) - 1
    return {os.path.relpath(one.path, folder): one for one in others}


def test_the_running_one_is_there_whatever_is_found_and_is_not_started(machine: MadeMachine, tmp_path: Path) -> None:
    asked = Asked()
    memory = InterpreterCache(str(tmp_path / "state"))
    for path in ("", sys.executable, "/nonexistent/python"):
        here = machine.surroundings(running=path)
        (one,) = find_pythons(here, uid=UID, memory=memory, environ={}, asks=asked)
        assert (one.interpreter, one.sources) == (running(), ("running",))
    assert asked.paths == []


def test_each_is_asked_once_however_many_names_it_has(machine: MadeMachine) -> None:
    real = machine.program("home/.pyenv/versions/3.9.1/bin/python3.9")
    machine.link("bin/python3", real)
    asked = Asked()
    found = find(machine.surroundings(), machine.folder, asked)
    assert asked.paths == [str(machine.bin / "python3")]
    assert found["bin/python3"].interpreter is not None
    assert found["bin/python3"].sources == ("PATH", "pyenv")


def test_who_gives_no_answer_is_named_with_the_reason_and_the_others_are_asked(machine: MadeMachine) -> None:
    for name in ("python3.7", "python3.8", "python3.9"):
        machine.program(f"bin/{name}", name)
    found = find(machine.surroundings(), machine.folder, Asked(python3_8="it was ended by signal 11"))
    assert {path: one.reason for path, one in found.items()} == {
        "bin/python3.7": None,
        "bin/python3.8": "it was ended by signal 11",
        "bin/python3.9": None,
    }
    assert found["bin/python3.8"].version == "3.8"


def test_an_environment_that_the_cache_alone_names_is_read_and_not_run(machine: MadeMachine) -> None:
    base = machine.program("bin/python3.9")
    machine.environment("venv", base, pip="22.1")
    asked = Asked()
    found = find(machine.surroundings(environments=(f"{machine.folder}/venv",)), machine.folder, asked)
    assert asked.paths == [base]
    one = found["venv/bin/python"]
    assert one.was_read
    assert one.interpreter is not None
    assert one.interpreter.prefix == f"{machine.folder}/venv"
    assert (one.interpreter.name, one.pip, one.sources) == ("cp39", "22.1", ("selfcheck",))
    assert found["bin/python3.9"].pip == "23.0.1"


def test_environments_of_tools_are_read_and_the_python_that_they_were_made_of_is_asked_once(
    machine: MadeMachine,
) -> None:
    base = machine.program("bin/python3.9")
    tools = [f"home/.local/share/{folder}/black" for folder in ("pipx/venvs", "uv/tools")]
    for tool in tools:
        machine.environment(tool, base)
        (machine.folder / tool / "lib/python3.9/site-packages").mkdir(parents=True)
    asked = Asked()
    found = find(machine.surroundings(), machine.folder, asked)
    assert asked.paths == [base]
    for tool in tools:
        one = found[f"{tool}/bin/python"]
        assert one.was_read
        assert one.interpreter is not None
        assert one.interpreter.search_path == (f"{machine.folder}/{tool}/lib/python3.9/site-packages",)


def test_the_python_that_an_environment_was_made_of_counts_too(machine: MadeMachine) -> None:
    base = machine.program("opt/python3.9/bin/python3.9")
    machine.environment("venv", base)
    found = find(machine.surroundings(environments=(f"{machine.folder}/venv",)), machine.folder, Asked())
    assert {path: one.sources for path, one in found.items()} == {
        "venv/bin/python": ("selfcheck",),
        "opt/python3.9/bin/python3.9": ("base",),
    }


def test_an_environment_with_a_copy_is_read_by_its_settings(machine: MadeMachine) -> None:
    base = machine.program("bin/python3.9", "the base")
    copy = machine.environment("venv", base, pip="21.0")
    Path(copy).unlink()
    machine.program("venv/bin/python", "a copy")
    asked = Asked()
    found = find(machine.surroundings(environments=(f"{machine.folder}/venv",)), machine.folder, asked)
    assert asked.paths == [base]
    assert (found["venv/bin/python"].was_read, found["venv/bin/python"].pip) == (True, "21.0")


def test_packages_of_the_base_count_where_the_environment_says_so(machine: MadeMachine) -> None:
    base = machine.program("bin/python3.9")
    machine.environment("venv", base)
    settings = machine.folder / "venv" / "pyvenv.cfg"
    settings.write_text(settings.read_text() + "include-system-site-packages = true\n")
    elsewhere = machine.folder / "lib"
    machine.program("lib/pip/__init__.py", '__version__ = "20.3"\n')

    class WithPackages(Asked):
        def __call__(self, path: str, limit_s: float) -> Interpreter:
            return replace(super().__call__(path, limit_s), search_path=(str(elsewhere),))

    here = machine.surroundings(environments=(f"{machine.folder}/venv",))
    assert find(here, machine.folder, WithPackages())["venv/bin/python"].pip == "20.3"


def test_an_environment_whose_base_does_not_answer_is_asked_itself(machine: MadeMachine) -> None:
    base = machine.program("opt/bin/python3.9")
    machine.environment("venv", base)
    asked = Asked(python3_9="it is not a Python")
    found = find(machine.surroundings(environments=(f"{machine.folder}/venv",)), machine.folder, asked)
    assert asked.paths == [base, f"{machine.folder}/venv/bin/python"]
    assert (found["venv/bin/python"].was_read, found["venv/bin/python"].reason) == (False, None)


def test_without_owners_nothing_is_run_because_a_cache_names_it(machine: MadeMachine) -> None:
    machine.program("prefix/bin/python")
    asked = Asked()
    found = find(machine.surroundings(environments=(f"{machine.folder}/prefix",)), machine.folder, asked, uid=None)
    assert (asked.paths, found["prefix/bin/python"].reason) == ([], "only the cache names it")


def test_no_one_is_asked_once_the_time_for_all_is_over(machine: MadeMachine) -> None:
    for at in range(30):
        machine.program(f"home/.pyenv/versions/3.{at}/bin/python", str(at))
    asked = Asked()
    found = find(machine.surroundings(), machine.folder, asked, all_s=0)
    assert asked.paths == []
    assert {one.reason for one in found.values()} == {"there was no time left to run it"}


def test_a_hundred_that_hang_are_bounded_in_time(machine: MadeMachine) -> None:
    for at in range(100):
        machine.program(f"home/.pyenv/versions/3.{at:02}/bin/python", "#!/bin/sh\nexec sleep 1000\n")
    found = find(machine.surroundings(), machine.folder, all_s=0.5)
    assert len(found) == 100
    reasons = [str(one.reason) for one in found.values()]
    assert sum(reason.startswith("it did not answer within 0") for reason in reasons) >= AT_ONCE - 1
    assert set(reasons) - {"there was no time left to run it"} == {one for one in reasons if "did not answer" in one}


HANGS = "#!/bin/sh\nexec sleep 1000\n"


def test_one_that_hangs_is_asked_again_only_after_a_day(machine: MadeMachine) -> None:
    machine.program("bin/python", HANGS)
    here = machine.surroundings()
    (first,) = find(here, machine.folder, one_s=0.05).values()
    assert first.reason == "it did not answer within 0.05 s"
    asked = Asked()
    (later,) = find(here, machine.folder, asked, now_s=NOW_S + DAY_S - 1).values()
    assert (later.interpreter, later.reason) == (None, f"{first.reason}, and is not run again within a day")
    assert asked.paths == []
    find(here, machine.folder, asked, now_s=NOW_S + DAY_S)
    find(here, machine.folder, asked, now_s=NOW_S - 1)
    assert len(asked.paths) == 2


def test_one_that_hung_is_asked_again_once_its_file_changed(machine: MadeMachine) -> None:
    machine.program("bin/python", HANGS)
    find(machine.surroundings(), machine.folder, one_s=0.05)
    (machine.bin / "python").write_text("#!/bin/sh\necho mended\n")
    asked = Asked()
    find(machine.surroundings(), machine.folder, asked)
    assert len(asked.paths) == 1


def test_one_that_had_less_time_than_it_may_take_is_asked_again(machine: MadeMachine) -> None:
    machine.program("bin/python", HANGS)
    find(machine.surroundings(), machine.folder, all_s=0.05)
    asked = Asked()
    find(machine.surroundings(), machine.folder, asked)
    assert len(asked.paths) == 1


def test_one_that_hung_and_answers_when_it_is_named_is_known_from_then_on(machine: MadeMachine) -> None:
    python = machine.environment("home/.pyenv/versions/mine", os.path.realpath(sys.executable))
    memory = InterpreterCache(str(machine.folder.parent / "state" / "interpreters"))
    keep_silence(python, "it did not answer within 10 s", memory, now_s=NOW_S)
    answer = probe(python, memory=memory)
    (found,) = [one for one in find(machine.surroundings(), machine.folder, Asked()).values() if one.path == python]
    assert found.interpreter == answer


BAD: dict[str, tuple[str, str]] = {
    "crashes": ("#!/bin/sh\nkill -SEGV $$\n", "it was ended by signal 11"),
    "fails": ("#!/bin/sh\necho no; exit 3\n", "it ended with exit code 3, and printed 'no'"),
    "prints rubbish": ("#!/bin/sh\nhead -c 100000 /dev/zero\n", "it is not a Python"),
    "prints megabytes": ("#!/bin/sh\nexec yes\n", "it printed more than 1048576 bytes"),
    "is for another architecture": ("\x7fELF\x02\x01\x01rubbish", "it cannot be run (Exec format error)"),
    "has no loader": ("#!/nonexistent/loader\n", "it cannot be run (No such file or directory)"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_misbehaves_is_named(machine: MadeMachine, kind: str) -> None:
    text, reason = BAD[kind]
    machine.program("bin/python", text)
    (one,) = find(machine.surroundings(), machine.folder).values()
    assert str(one.reason).startswith(reason)
    assert one.interpreter is None


def test_who_answered_before_is_not_run_again_until_its_file_changes(machine: MadeMachine) -> None:
    base = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    python = machine.environment("home/.pyenv/versions/mine", os.path.realpath(base))
    first = find(machine.surroundings(), machine.folder)
    assert first[os.path.relpath(python, machine.folder)].interpreter is not None
    # From now on it could not be run any more.
    asked = Asked()
    again = find(machine.surroundings(), machine.folder, asked)
    assert (asked.paths, again) == ([], first)
    Path(python).parent.parent.joinpath("pyvenv.cfg").write_text(f"home = {os.path.dirname(base)}\nversion = 3.0\n")
    find(machine.surroundings(), machine.folder, asked)
    assert asked.paths == [python]


def test_no_secret_of_the_environment_is_passed_on(machine: MadeMachine, tmp_path: Path) -> None:
    machine.program("bin/python", '#!/bin/sh\nenv > "$HOME/told"\n')
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C", "INDEX_TOKEN": "s3cret"}
    memory = InterpreterCache(str(tmp_path / "state"))
    find_pythons(machine.surroundings(), uid=UID, memory=memory, environ=environ)
    told = (tmp_path / "told").read_text()
    assert "LC_ALL=C" in told
    assert "s3cret" not in told


TELLING = '#!/bin/sh\necho run >> "{mark}"\nexit 1\n'


def shared(folder: Path) -> None:
    os.chown(folder, -1, SOMEBODY)
    folder.chmod(0o775)


PLANTED: dict[str, Callable[[Path], object]] = {
    "the file": lambda python: os.chown(python, SOMEBODY, SOMEBODY),
    "its environment": lambda python: os.chown(python.parents[1], SOMEBODY, SOMEBODY),
    "writable by a group": lambda python: shared(python.parent),
    "writable by all": lambda python: python.parents[1].chmod(0o777),
    "writable by all, and sticky": lambda python: python.parents[1].chmod(0o1777),
}


@is_root
@pytest.mark.parametrize("uid", [0, 54_321])
@pytest.mark.parametrize("source", ["selfcheck", "PATH", "pyenv"])
@pytest.mark.parametrize("plant", PLANTED)
def test_what_an_attacker_could_have_put_there_is_not_run(plant: str, source: str, uid: int) -> None:
    with home_of_somebody() as home:
        machine = MadeMachine(home / "machine")
        mark = home / "mark"
        where = {"selfcheck": "planted", "PATH": "planted", "pyenv": "home/.pyenv/versions/3.9.1"}[source]
        python = machine.program(f"{where}/bin/python3.9", TELLING.format(mark=mark))
        if uid:
            for path in (Path(python), *Path(python).parents):
                if path.is_relative_to(home):
                    os.chown(path, uid, uid)
        PLANTED[plant](Path(python))
        here = machine.surroundings(
            environ={"PATH": os.path.dirname(python)} if source == "PATH" else None,
            environments=(f"{machine.folder}/planted",) if source == "selfcheck" else (),
        )
        (one,) = find(here, machine.folder, uid=uid).values()
        assert not mark.exists()
        assert "another user" in str(one.reason) or "can be written by others" in str(one.reason)
        assert (one.interpreter, one.sources, one.version) == (None, (source,), "3.9")


@is_root
def test_what_is_our_own_is_run(tmp_path: Path) -> None:
    with home_of_somebody() as home:
        machine = MadeMachine(home / "machine")
        machine.program("planted/bin/python3.9", TELLING.format(mark=tmp_path / "mark"))
        here = machine.surroundings(environments=(f"{machine.folder}/planted",))
        (one,) = find(here, machine.folder).values()
        assert (tmp_path / "mark").exists()
        assert one.reason == "it ended with exit code 1"


@is_root
def test_an_environment_that_may_not_be_run_is_read_if_its_base_may_be() -> None:
    with home_of_somebody() as home:
        machine = MadeMachine(home / "machine")
        base = machine.program("bin/python3.9")
        python = machine.environment("planted", base, pip="22.0")
        os.chown(Path(python).parents[1], SOMEBODY, SOMEBODY)
        asked = Asked()
        here = machine.surroundings(environments=(f"{machine.folder}/planted",))
        one = find(here, machine.folder, asked)["planted/bin/python"]
        assert (asked.paths, one.was_read, one.pip) == ([base], True, "22.0")


@is_root
def test_settings_that_name_a_base_of_an_attacker_keep_an_environment_from_being_run() -> None:
    with home_of_somebody() as home:
        machine = MadeMachine(home / "machine")
        base = machine.program("theirs/bin/python3.9", "theirs")
        python = Path(machine.environment("home/.pyenv/versions/mine", base))
        python.unlink()
        machine.program("home/.pyenv/versions/mine/bin/python", "a copy")
        os.chown(Path(base).parents[1], SOMEBODY, SOMEBODY)
        asked = Asked()
        found = find(machine.surroundings(), machine.folder, asked)
        assert asked.paths == []
        assert f"uid {SOMEBODY}" in str(found["home/.pyenv/versions/mine/bin/python"].reason)
