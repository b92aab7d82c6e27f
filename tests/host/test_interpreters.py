"""Interpreters tell what they can install; what is no interpreter, or misbehaves, ends in an error with its reason."""

import contextlib
import json
import os
import shlex
import sys
import threading
import venv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from packaging.tags import sys_tags

from pipcacheplus.errors import InterpreterError
from pipcacheplus.host.interpreter_cache import InterpreterCache
from pipcacheplus.host.interpreter_probe import MARK
from pipcacheplus.host.interpreters import Interpreter, probe, running
from pipcacheplus.host.wheel_tags import tags_of
from tests.support.interpreters import facts, interpreter_facts
from tests.support.processes import run
from tests.support.pythons import find_python

PYTHON = shlex.quote(sys.executable)
"""As a shell takes it: its path may have spaces."""
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")

STARTS: list[str] = []


def _note_start(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen":
        STARTS.append(str(arguments[0]))


sys.addaudithook(_note_start)


@pytest.fixture
def starts() -> list[str]:
    """Return the programs that this process starts from here on; the list grows."""
    STARTS.clear()
    return STARTS


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that writes a shell script, and returns its path."""

    def script(text: str) -> str:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return script


@pytest.fixture
def environment(tmp_path: Path) -> str:
    """Return the path of the Python of a new environment without pip."""
    folder = tmp_path / "env"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def reason_of(path: str, *, timeout_s: float = 30) -> str:
    with pytest.raises(InterpreterError) as caught:
        probe(path, timeout_s=timeout_s)
    return caught.value.reason


def test_the_running_interpreter_takes_what_packaging_says_and_what_old_pips_took() -> None:
    here = running()
    known = {str(tag) for tag in sys_tags()}
    assert known <= here.tags
    assert f"{here.implementation}{here.version[0]}-none-any" in here.tags - known
    assert (here.path, here.prefix, here.version) == (sys.executable, sys.prefix, sys.version_info[:2])


@pytest.mark.parametrize(
    ("name", "tags", "abi", "libc"),
    [
        ("cp311", ("cp311-cp311-linux_x86_64", "cp311-abi3-manylinux_2_36_x86_64"), "cp311", "glibc 2.36"),
        ("cp36", ("cp36-cp36m-manylinux_2_9_x86_64", "py3-none-manylinux_2_17_x86_64"), "cp36m", "glibc 2.17"),
        ("cp313", ("cp313-cp313t-musllinux_1_2_x86_64", "cp313-none-any"), "cp313t", "musl 1.2"),
        ("pp39", ("pp39-pypy39_pp73-macosx_11_0_arm64",), "pypy39_pp73", None),
        ("cp311", ("py3-none-any",), None, None),
    ],
)
def test_its_tags_tell_its_abi_and_its_c_library(
    name: str, tags: tuple[str, ...], abi: str | None, libc: str | None
) -> None:
    made_up = replace(running(), name=name, tags=frozenset(tags))
    assert (made_up.abi, made_up.libc) == (abi, libc)


def test_the_abi_of_the_running_interpreter_is_that_of_its_first_tag() -> None:
    assert running().abi == next(sys_tags()).abi


def test_the_running_interpreter_says_the_same_of_itself_when_it_is_asked() -> None:
    assert probe(sys.executable) == running()


def test_an_environment_has_a_prefix_of_its_own_and_the_tags_of_its_base(environment: str) -> None:
    asked = probe(environment)
    assert asked.prefix == os.path.dirname(os.path.dirname(environment))
    assert asked.tags == running().tags


@posix
@pytest.mark.parametrize("version", ["3.6", "3.8", "3.13"])
def test_a_prefix_beyond_ascii_is_told_in_any_locale(version: str, tmp_path: Path) -> None:
    base = find_python(version)
    if base is None:
        pytest.skip(f"no Python {version} here")
    folder = tmp_path / "na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve"
    run((base, "-m", "venv", "--without-pip", folder), is_checked=True)
    python = str(folder / "bin" / "python")
    assert {probe(python, environ={"LC_ALL": locale}).prefix for locale in ("C", "C.UTF-8")} == {str(folder)}


def test_a_relative_path_is_made_absolute(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.path.dirname(environment))
    assert probe(os.path.join(os.curdir, os.path.basename(environment))).path == environment


def test_nothing_is_taken_from_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    assert probe(sys.executable).name == running().name


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONPLATLIBDIR", "PYTHONINSPECT"])
def test_variables_that_make_it_another_python_are_kept_from_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    assert probe(sys.executable, environ={**os.environ, name: str(tmp_path)}).name == running().name


@posix
def test_other_variables_are_passed_on(script: Callable[[str], str]) -> None:
    path = script(f'test "$CHOSEN" = yes && exec {PYTHON} "$@"; exit 4')
    assert probe(path, environ={**os.environ, "CHOSEN": "yes"}).name == running().name
    with pytest.raises(InterpreterError):
        probe(path, environ={**os.environ, "CHOSEN": "no"})


@posix
def test_what_start_up_files_print_does_no_harm(script: Callable[[str], str]) -> None:
    path = script(f'echo hello; echo {MARK} is not it; {PYTHON} "$@"; echo bye >&2')
    assert probe(path).tags == running().tags


@posix
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo hello", "it is not a Python, and printed 'hello'"),
        ("exit 0", "it is not a Python"),
        ("exit 3", "it ended with exit code 3"),
        ("echo 'not installed' >&2; exit 127", "it ended with exit code 127, and printed 'not installed'"),
        ("kill -9 $$", "it was ended by signal 9"),
        (f"echo '{MARK}nonsense'", "it gave an answer that is not JSON"),
        (f"echo '{MARK}'", "it gave an answer that is not JSON"),
        (f"printf '{MARK}'; yes '[' | tr -d '\\n' | head -c 100000", "it gave an answer that is not JSON"),
        (f"echo '{MARK}[]'", "it is not a Python that reports its version and platform"),
        (f"echo '{MARK}{{}}'", "it is not a Python that reports its version and platform"),
        ("printf '\\377\\376'", "it is not a Python, and printed '\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}'"),
        ("yes", "it printed more than 1048576 bytes"),
        ("cat /dev/zero", "it printed more than 1048576 bytes"),
    ],
)
def test_what_is_no_python_is_told(script: Callable[[str], str], text: str, reason: str) -> None:
    assert reason_of(script(text)) == reason


@posix
@pytest.mark.parametrize("odd", ["\0", chr(0xD800), chr(0xDCFF), "x" * 5000, 7, None])
def test_odd_paths_in_an_answer_do_no_harm(script: Callable[[str], str], odd: object, tmp_path: Path) -> None:
    (tmp_path / "answer").write_text(MARK + json.dumps(facts(prefix=odd, executable=odd)))
    asked = probe(script(f"cat {tmp_path}/answer"), memory=InterpreterCache(str(tmp_path / "state")))
    assert asked.tags == tags_of(interpreter_facts())


@posix
@pytest.mark.parametrize("text", ["exec cat fifo", "cat fifo", "exec >/dev/null 2>&1; read line <fifo"])
def test_what_does_not_answer_in_time_is_ended(
    script: Callable[[str], str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.chdir(tmp_path)
    assert reason_of(script(text), timeout_s=0.2).endswith("within 0.2 s")


@posix
def test_what_it_started_is_ended_with_it(script: Callable[[str], str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    number = tmp_path / "number"
    assert reason_of(script(f"cat {tmp_path}/fifo & echo $! > {number}; wait"), timeout_s=1) == (
        "it did not answer within 1 s"
    )
    # It may be a zombie, where nobody waits for orphans.
    with contextlib.suppress(psutil.NoSuchProcess):
        left = psutil.Process(int(number.read_text()))
        assert left.status() == psutil.STATUS_ZOMBIE or left.wait(timeout=10) is None


@pytest.mark.skipif(os.name == "nt", reason="a thread is needed there")
def test_no_thread_is_needed_to_hear_it(script: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_thread: threading.Thread) -> None:
        raise RuntimeError

    monkeypatch.setattr(threading.Thread, "start", failing)
    assert reason_of(script("echo heard; exit 1")) == "it ended with exit code 1, and printed 'heard'"


@pytest.mark.skipif(os.name == "nt", reason="processes are ended in another way there")
def test_what_cannot_be_killed_is_not_waited_for_without_end(script: Callable[[str], str]) -> None:
    asked = """
import os, signal, sys
from pipcacheplus.errors import InterpreterError
from pipcacheplus.host import interpreters
kill, groups = os.killpg, []
def refused(group, number):
    groups.append(group)
    raise PermissionError  # as of a program that has become another user
os.killpg, interpreters._END_S = refused, 0.1
try:
    interpreters.probe(sys.argv[1], timeout_s=0.2)
except InterpreterError as error:
    print(error.reason)
kill(groups[0], signal.SIGKILL)
"""
    done = run([sys.executable, "-c", asked, script("exec cat /dev/zero > /dev/null")], is_checked=True)
    assert (done.stdout, done.stderr) == ("it did not answer within 0.2 s\n", "")


@pytest.mark.skipif(os.name == "nt", reason="there is no such limit there")
def test_what_cannot_be_started_is_told() -> None:
    asked = """
import os, resource, sys
from pipcacheplus.errors import InterpreterError
from pipcacheplus.host.interpreters import probe
resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/dev/fd"))) + 1,) * 2)
try:
    probe(sys.executable)
except InterpreterError as error:
    print(error.reason)
"""
    done = run([sys.executable, "-c", asked], is_checked=True)
    assert (done.stdout, done.stderr) == ("it cannot be run (Too many open files)\n", "")


def test_a_name_without_a_directory_is_refused() -> None:
    assert reason_of("python3") == "it is a name, not a path"


def test_what_cannot_be_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    (tmp_path / "program").write_bytes(b"\x7fELF")
    (tmp_path / "program").chmod(0o755)
    assert reason_of(str(tmp_path / "missing")).startswith("it cannot be found")
    assert reason_of(str(tmp_path / "nul\0")).startswith("it cannot be found")
    assert reason_of(str(tmp_path)) == "it is not a file"
    if os.name != "nt":
        assert reason_of(str(tmp_path / "text")) == "it is not executable"
        assert reason_of(str(tmp_path / "program")).startswith("it cannot be run")


def test_the_error_names_the_interpreter_and_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="pass the path of a Python that runs") as caught:
        probe(str(tmp_path))
    assert str(tmp_path) in str(caught.value)


# Remembering.


def test_what_was_asked_is_remembered(environment: str, tmp_path: Path, starts: list[str]) -> None:
    memory = InterpreterCache(str(tmp_path / "state" / "interpreters"))
    first = probe(environment, memory=memory)
    assert len(starts) == 1
    assert probe(environment, memory=memory) == first
    assert len(starts) == 1


def test_another_pip_is_seen_although_the_python_is_remembered(environment: str, tmp_path: Path) -> None:
    memory = InterpreterCache(str(tmp_path / "state"))
    where = (environment, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    folder = Path(run(where, is_checked=True).stdout.strip())
    assert probe(environment, memory=memory).pip is None
    (folder / "pip").mkdir()
    for version in ("24.0", "26.3"):
        (folder / "pip" / "__init__.py").write_text(f'__version__ = "{version}"\n')
        assert probe(environment, memory=memory).pip == version


def test_without_a_memory_it_is_asked_each_time(environment: str, starts: list[str]) -> None:
    assert probe(environment) == probe(environment)
    assert len(starts) == 2


def test_two_paths_to_one_file_are_remembered_apart(environment: str, tmp_path: Path, starts: list[str]) -> None:
    memory = InterpreterCache(str(tmp_path / "state"))
    prefixes = [probe(path, memory=memory).prefix for path in (environment, sys.executable) * 2]
    assert len(starts) == 2
    assert prefixes == [os.path.dirname(os.path.dirname(environment)), sys.prefix] * 2


def test_an_environment_whose_settings_changed_is_asked_again(
    environment: str, tmp_path: Path, starts: list[str]
) -> None:
    memory = InterpreterCache(str(tmp_path / "state"))
    probe(environment, memory=memory)
    settings = tmp_path / "env" / "pyvenv.cfg"
    settings.write_text(settings.read_text() + "prompt = other\n")
    probe(environment, memory=memory)
    assert len(starts) == 2


@posix
def test_an_environment_that_got_another_python_is_asked_again(environment: str, tmp_path: Path) -> None:
    other = next((path for version in ("3.8", "3.9", "3.12", "3.13") if (path := find_python(version))), None)
    if other is None or probe(other).version == running().version:
        pytest.skip("takes a second Python")
    memory = InterpreterCache(str(tmp_path / "state"))
    assert probe(environment, memory=memory).version == running().version
    os.unlink(environment)
    os.symlink(os.path.realpath(other), environment)
    assert probe(environment, memory=memory).version == probe(other).version


@posix
def test_what_passes_the_call_on_is_asked_each_time(
    script: Callable[[str], str], tmp_path: Path, starts: list[str]
) -> None:
    path = script(f'exec {PYTHON} "$@"')
    memory = InterpreterCache(str(tmp_path / "state"))
    assert probe(path, memory=memory) == probe(path, memory=memory)
    assert len(starts) == 2
    assert not (tmp_path / "state").exists()


@posix
def test_a_remembered_interpreter_that_may_not_be_run_any_more_is_told(environment: str, tmp_path: Path) -> None:
    memory = InterpreterCache(str(tmp_path / "state"))
    probe(environment, memory=memory)
    os.unlink(environment)
    with pytest.raises(InterpreterError, match="it cannot be found"):
        probe(environment, memory=memory)


def test_a_folder_that_cannot_be_made_costs_time_only(environment: str, tmp_path: Path, starts: list[str]) -> None:
    (tmp_path / "file").touch()
    memory = InterpreterCache(str(tmp_path / "file" / "state"))
    assert probe(environment, memory=memory) == probe(environment, memory=memory)
    assert len(starts) == 2


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_every_python_here_can_be_asked(version: str, tmp_path: Path) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    memory = InterpreterCache(str(tmp_path))
    first: Interpreter = probe(python, memory=memory)
    assert first.name == "cp" + version.replace(".", "")
    assert f"{first.name}-none-any" in first.tags
    assert probe(python, memory=memory) == first
