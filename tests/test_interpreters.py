"""Interpreters tell what they can install; what is no interpreter, or misbehaves, ends in an error with its reason."""

import contextlib
import json
import os
import stat
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import sys_tags

from pipcacheplus.errors import InterpreterError
from pipcacheplus.interpreters import Interpreter, ask, running
from pipcacheplus.platform_tags import legacy_tags, platforms_of, tags_of
from pipcacheplus.remembered import Memory, stamp_of
from pipcacheplus.state import state_folder
from pipcacheplus.telling import MARK, QUESTION, Told
from tests.pythons import find_python

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
        ask(path, timeout_s=timeout_s)
    return caught.value.reason


def facts(**changed: object) -> dict[str, object]:
    """Return what a Python 3.11 under Debian 12 answers, with changes."""
    return {
        "implementation": "cpython",
        "version": [3, 11],
        "pypy_version": None,
        "platform": "linux-x86_64",
        "pointer_bytes": 8,
        "prefix": "/usr",
        "executable": "/usr/bin/python3.11",
        "search_path": ["/usr/lib/python3.11", "/usr/lib/python3/dist-packages"],
        "soabi": "cpython-311-x86_64-linux-gnu",
        "ext_suffix": ".cpython-311-x86_64-linux-gnu.so",
        "debug": 0,
        "with_pymalloc": 1,
        "unicode_size": None,
        "gil_disabled": None,
        "has_refcount": False,
        "loads_debug": False,
        "max_unicode": 0x10FFFF,
        "libc": "glibc",
        "libc_version": [2, 36],
        "macos": None,
        "machine": "",
        **changed,
    }


PYPY = {"implementation": "pypy", "version": [3, 6], "pypy_version": [7, 3]}


def told(**changed: object) -> Told:
    found = Told.parse(facts(**changed))
    assert found is not None
    return found


def test_the_running_interpreter_takes_what_packaging_says_and_what_old_pips_took() -> None:
    here = running()
    known = {str(tag) for tag in sys_tags()}
    assert known <= here.tags
    assert f"{here.implementation}{here.version[0]}-none-any" in here.tags - known
    assert (here.path, here.prefix, here.version) == (sys.executable, sys.prefix, sys.version_info[:2])


def test_the_running_interpreter_says_the_same_of_itself_when_it_is_asked() -> None:
    assert ask(sys.executable) == running()


def test_an_environment_has_a_prefix_of_its_own_and_the_tags_of_its_base(environment: str) -> None:
    asked = ask(environment)
    assert asked.prefix == os.path.dirname(os.path.dirname(environment))
    assert asked.tags == running().tags


@posix
@pytest.mark.parametrize("version", ["3.6", "3.8", "3.13"])
def test_a_prefix_beyond_ascii_is_told_in_any_locale(version: str, tmp_path: Path) -> None:
    base = find_python(version)
    if base is None:
        pytest.skip(f"no Python {version} here")
    folder = tmp_path / "na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve"
    subprocess.run((base, "-m", "venv", "--without-pip", folder), check=True)
    python = str(folder / "bin" / "python")
    assert {ask(python, environ={"LC_ALL": locale}).prefix for locale in ("C", "C.UTF-8")} == {str(folder)}


def test_a_relative_path_is_made_absolute(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.path.dirname(environment))
    assert ask(os.path.join(os.curdir, os.path.basename(environment))).path == environment


def test_nothing_is_taken_from_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    assert ask(sys.executable).name == running().name


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONPLATLIBDIR", "PYTHONINSPECT"])
def test_variables_that_make_it_another_python_are_kept_from_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    assert ask(sys.executable, environ={**os.environ, name: str(tmp_path)}).name == running().name


@posix
def test_other_variables_are_passed_on(script: Callable[[str], str]) -> None:
    path = script(f'test "$CHOSEN" = yes && exec {sys.executable} "$@"; exit 4')
    assert ask(path, environ={**os.environ, "CHOSEN": "yes"}).name == running().name
    with pytest.raises(InterpreterError):
        ask(path, environ={**os.environ, "CHOSEN": "no"})


@posix
def test_what_start_up_files_print_does_no_harm(script: Callable[[str], str]) -> None:
    path = script(f'echo hello; echo {MARK} is not it; {sys.executable} "$@"; echo bye >&2')
    assert ask(path).tags == running().tags


@posix
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo hello", "it is no Python, and said 'hello'"),
        ("exit 0", "it is no Python"),
        ("exit 3", "it ended with exit code 3"),
        ("echo 'not installed' >&2; exit 127", "it ended with exit code 127, and said 'not installed'"),
        ("kill -9 $$", "it was ended by signal 9"),
        (f"echo '{MARK}nonsense'", "it gave an answer that is no JSON"),
        (f"echo '{MARK}'", "it gave an answer that is no JSON"),
        (f"printf '{MARK}'; yes '[' | tr -d '\\n' | head -c 100000", "it gave an answer that is no JSON"),
        (f"echo '{MARK}[]'", "it is not a Python that tells its version and platform"),
        (f"echo '{MARK}{{}}'", "it is not a Python that tells its version and platform"),
        ("printf '\\377\\376'", "it is no Python, and said '\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}'"),
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
    asked = ask(script(f"cat {tmp_path}/answer"), memory=Memory(str(tmp_path / "state")))
    assert asked.tags == tags_of(told())


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
        ask(str(tmp_path))
    assert str(tmp_path) in str(caught.value)


# What follows from facts: rows that packaging knows, and rows of systems that we do not have.


def test_the_facts_of_the_running_interpreter_give_its_own_tags() -> None:
    done = subprocess.run((sys.executable, "-c", QUESTION), capture_output=True, text=True, check=True)
    found = Told.parse(json.loads(done.stdout.strip().removeprefix(MARK)))
    assert found is not None
    # Without the platforms that packaging names for the running interpreter.
    assert tags_of(found) == running().tags


@pytest.mark.parametrize(
    ("changed", "fits", "does_not"),
    [
        ({}, "cp311-cp311-manylinux_2_36_x86_64", "cp311-cp311-manylinux_2_37_x86_64"),
        ({}, "cp311-cp311-manylinux1_x86_64", "cp311-cp311-manylinux_2_4_x86_64"),
        ({}, "cp32-abi3-linux_x86_64", "cp31-abi3-linux_x86_64"),
        ({}, "py3-none-any", "py4-none-any"),
        ({}, "py30-none-any", "py312-none-any"),
        ({}, "cp311-none-any", "cp310-none-any"),
        ({}, "cp3-none-any", "cp2-none-any"),
        ({}, "cp311-cp311-linux_x86_64", "cp311-cp311d-linux_x86_64"),
        ({"debug": 1}, "cp311-cp311d-linux_x86_64", "cp311-cp311t-linux_x86_64"),
        ({"debug": 1}, "cp311-cp311-linux_x86_64", "cp311-cp311m-linux_x86_64"),
        ({"debug": None, "has_refcount": True}, "cp311-cp311d-linux_x86_64", "cp311-cp311m-linux_x86_64"),
        ({"version": [3, 13], "gil_disabled": 1}, "cp313-cp313t-linux_x86_64", "cp313-cp313-linux_x86_64"),
        ({"version": [3, 13], "gil_disabled": 1}, "cp313-none-any", "cp313-abi3-linux_x86_64"),
        ({"version": [3, 6]}, "cp36-cp36m-linux_x86_64", "cp36-cp36-linux_x86_64"),
        ({"version": [3, 6], "with_pymalloc": 0}, "cp36-cp36-linux_x86_64", "cp36-cp36m-linux_x86_64"),
        ({"version": [3, 6], "debug": 1}, "cp36-cp36dm-linux_x86_64", "cp36-cp36m-linux_x86_64"),
        ({"version": [2, 7], "unicode_size": 4}, "cp27-cp27mu-linux_x86_64", "cp27-cp27m-linux_x86_64"),
        ({"version": [2, 7], "unicode_size": 2}, "cp27-cp27m-linux_x86_64", "cp27-cp27mu-linux_x86_64"),
        ({"version": [2, 7], "max_unicode": 0xFFFF}, "cp27-cp27m-linux_x86_64", "cp27-cp27mu-linux_x86_64"),
        ({"version": [2, 7]}, "py2-none-any", "py3-none-any"),
        ({"version": [2, 7]}, "cp26-none-any", "cp28-none-any"),
        ({"version": [3, 10]}, "cp3_10-cp3_10-linux_x86_64", "cp3_11-none-any"),
        ({"version": [3, 12]}, "py310-none-any", "py3_10-none-any"),
        ({"pointer_bytes": 4}, "cp311-cp311-manylinux1_i686", "cp311-cp311-linux_x86_64"),
        ({"platform": "linux-aarch64"}, "cp311-cp311-manylinux2014_aarch64", "cp311-cp311-manylinux1_aarch64"),
        ({"platform": "linux-aarch64", "pointer_bytes": 4}, "py3-none-linux_armv7l", "py3-none-linux_aarch64"),
        ({"libc": "musl", "libc_version": [1, 2]}, "py3-none-musllinux_1_0_x86_64", "py3-none-manylinux1_x86_64"),
        ({"libc": "musl", "libc_version": [1, 2]}, "py3-none-musllinux_1_2_x86_64", "py3-none-musllinux_1_3_x86_64"),
        ({"libc": None, "libc_version": None}, "py3-none-linux_x86_64", "py3-none-manylinux1_x86_64"),
        ({"platform": "win-amd64", "libc": None}, "cp311-cp311-win_amd64", "cp311-cp311-win32"),
        ({"platform": "win32", "libc": None, "pointer_bytes": 4}, "cp311-none-win32", "py3-none-win_amd64"),
        (
            {"platform": "macosx-10.9-universal2", "libc": None, "macos": [13, 2], "machine": "arm64"},
            "cp311-cp311-macosx_11_0_arm64",
            "cp311-cp311-macosx_14_0_arm64",
        ),
        (
            {"platform": "macosx-10.9-universal2", "libc": None, "macos": [13, 2], "machine": "arm64"},
            "cp311-cp311-macosx_13_2_universal2",  # pip up to 20.3
            "cp311-cp311-macosx_13_3_universal2",
        ),
        (
            {"platform": "macosx-10.9-x86_64", "libc": None, "macos": [10, 15], "machine": "x86_64"},
            "cp311-cp311-macosx_10_6_intel",
            "cp311-cp311-macosx_11_0_x86_64",
        ),
        (
            {**PYPY, "ext_suffix": ".pypy36-pp73-x86_64-linux-gnu.so"},
            "pp36-pypy36_pp73-manylinux2014_x86_64",
            "cp36-cp36m-manylinux2014_x86_64",
        ),
        (
            {**PYPY, "ext_suffix": ".pypy36-pp73-x86_64-linux-gnu.so"},
            "pp373-pypy36_pp73-manylinux1_x86_64",
            "pp372-pypy36_pp73-manylinux1_x86_64",
        ),
        (PYPY, "pp3-none-any", "cp3-none-any"),
        (
            {"implementation": "graalpy", "ext_suffix": ".graalpy-38-native-x86_64-darwin.dylib"},
            "graalpy311-graalpy_38_native-linux_x86_64",
            "graalpy311-abi3-linux_x86_64",
        ),
    ],
)
def test_tags_follow_from_facts(changed: Mapping[str, object], fits: str, does_not: str) -> None:
    tags = tags_of(told(**changed))
    assert fits in tags
    assert does_not not in tags


def test_platforms_that_are_known_to_fit_are_added() -> None:
    assert "cp311-cp311-android_21_x86_64" in tags_of(told(), also_platforms=["android_21_x86_64"])


def test_an_interpreter_never_gets_the_platforms_of_the_running_one() -> None:
    found = told(platform="plan9-mips", libc=None)
    assert list(platforms_of(found)) == ["plan9_mips"]
    assert {tag.rpartition("-")[2] for tag in tags_of(found)} == {"plan9_mips", "any"}


def test_old_pips_take_no_wheels_of_older_minor_versions_under_pythons_that_they_were_not_made_for() -> None:
    assert "cp34-none-any" in legacy_tags("cp", (3, 5), [])
    assert legacy_tags("cp", (3, 6), []) == {"cp3-none-any"}


@pytest.mark.parametrize(
    "changed",
    [
        {"version": [3]},
        {"version": "3.11"},
        {"version": [3, 10**9]},
        {"version": [-3, 1]},
        {"version": [3.0, 11]},
        {"pointer_bytes": 3},
        {"pointer_bytes": [8]},
        {"implementation": "c-python"},
        {"implementation": None},
        {"platform": ""},
        {"platform": "x" * 5000},
    ],
)
def test_an_answer_without_the_main_facts_is_none(changed: Mapping[str, object]) -> None:
    assert Told.parse(facts(**changed)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_reading_an_answer_never_raises(answer: object) -> None:
    assert Told.parse(answer) is None


@given(st.dictionaries(st.sampled_from(sorted(facts())), JSON))
def test_tags_of_any_answer_are_bounded(changed: dict[str, object]) -> None:
    found = Told.parse(facts(**changed))
    assert found is None or 0 < len(tags_of(found)) < 50_000


# Remembering.


def test_what_was_asked_is_remembered(environment: str, tmp_path: Path, starts: list[str]) -> None:
    memory = Memory(str(tmp_path / "state" / "interpreters"))
    first = ask(environment, memory=memory)
    assert len(starts) == 1
    assert ask(environment, memory=memory) == first
    assert len(starts) == 1


def test_another_pip_is_seen_although_the_python_is_remembered(environment: str, tmp_path: Path) -> None:
    memory = Memory(str(tmp_path / "state"))
    where = (environment, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    folder = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    assert ask(environment, memory=memory).pip is None
    (folder / "pip").mkdir()
    for version in ("24.0", "26.3"):
        (folder / "pip" / "__init__.py").write_text(f'__version__ = "{version}"\n')
        assert ask(environment, memory=memory).pip == version


@pytest.mark.parametrize(
    ("search_path", "folders"),
    [(["/a", 1, "/b"], ("/a", "", "/b")), ("/a", ()), (None, ()), (["/a"] * 999, ("/a",) * 100), (["x" * 5000], ("",))],
)
def test_a_search_path_is_read_with_limits(search_path: object, folders: tuple[str, ...]) -> None:
    assert told(search_path=search_path).search_path == folders


def test_without_a_memory_it_is_asked_each_time(environment: str, starts: list[str]) -> None:
    assert ask(environment) == ask(environment)
    assert len(starts) == 2


def test_two_paths_to_one_file_are_remembered_apart(environment: str, tmp_path: Path, starts: list[str]) -> None:
    memory = Memory(str(tmp_path / "state"))
    prefixes = [ask(path, memory=memory).prefix for path in (environment, sys.executable) * 2]
    assert len(starts) == 2
    assert prefixes == [os.path.dirname(os.path.dirname(environment)), sys.prefix] * 2


def test_an_environment_whose_settings_changed_is_asked_again(
    environment: str, tmp_path: Path, starts: list[str]
) -> None:
    memory = Memory(str(tmp_path / "state"))
    ask(environment, memory=memory)
    settings = tmp_path / "env" / "pyvenv.cfg"
    settings.write_text(settings.read_text() + "prompt = other\n")
    ask(environment, memory=memory)
    assert len(starts) == 2


@posix
def test_an_environment_that_got_another_python_is_asked_again(environment: str, tmp_path: Path) -> None:
    other = next((path for version in ("3.8", "3.9", "3.12", "3.13") if (path := find_python(version))), None)
    if other is None or ask(other).version == running().version:
        pytest.skip("takes a second Python")
    memory = Memory(str(tmp_path / "state"))
    assert ask(environment, memory=memory).version == running().version
    os.unlink(environment)
    os.symlink(os.path.realpath(other), environment)
    assert ask(environment, memory=memory).version == ask(other).version


@posix
def test_what_passes_the_call_on_is_asked_each_time(
    script: Callable[[str], str], tmp_path: Path, starts: list[str]
) -> None:
    path = script(f'exec {sys.executable} "$@"')
    memory = Memory(str(tmp_path / "state"))
    assert ask(path, memory=memory) == ask(path, memory=memory)
    assert len(starts) == 2
    assert not (tmp_path / "state").exists()


@posix
def test_a_remembered_interpreter_that_may_not_be_run_any_more_is_told(environment: str, tmp_path: Path) -> None:
    memory = Memory(str(tmp_path / "state"))
    ask(environment, memory=memory)
    os.unlink(environment)
    with pytest.raises(InterpreterError, match="it cannot be found"):
        ask(environment, memory=memory)


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Memory, str, str, Path]:
    """Return a memory, a path and a stamp under which it keeps `{"a": 1}`, and its file."""
    program = tmp_path / "program"
    program.write_text("one")
    memory, path = Memory(str(tmp_path / "state")), str(program)
    stamp = stamp_of(path, "?")
    assert stamp is not None
    memory.keep(path, stamp, {"a": 1})
    (file,) = (tmp_path / "state").iterdir()
    return memory, path, stamp, file


def test_an_answer_is_given_back_under_its_stamp_only(kept: tuple[Memory, str, str, Path]) -> None:
    memory, path, stamp, _file = kept
    assert memory.recall(path, stamp) == {"a": 1}
    assert memory.recall(path, "0" * 64) is None
    assert memory.recall(path + "2", stamp) is None


def test_a_newer_answer_takes_the_place_of_the_former(kept: tuple[Memory, str, str, Path]) -> None:
    memory, path, stamp, file = kept
    memory.keep(path, stamp, [2])
    assert memory.recall(path, stamp) == [2]
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[1]",
        b'{"stamp": 1, "answer": 2}',
        b"\xff\xfe",
        b"[" * 60_000,
        b" " * 200_000,
    ],
)
def test_a_foreign_file_is_as_good_as_none(kept: tuple[Memory, str, str, Path], content: bytes) -> None:
    memory, path, stamp, file = kept
    file.write_bytes(content)
    assert memory.recall(path, stamp) is None


def test_a_file_that_is_torn_or_edited_is_as_good_as_none(kept: tuple[Memory, str, str, Path]) -> None:
    memory, path, stamp, file = kept
    whole = file.read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        assert memory.recall(path, stamp) is None
    file.write_bytes(whole.replace(b'"a": 1', b'"a": 2'))
    assert memory.recall(path, stamp) is None
    file.write_bytes(whole)
    assert memory.recall(path, stamp) == {"a": 1}


@posix
@pytest.mark.parametrize("kind", ["directory", "pipe", "link"])
def test_what_lies_in_the_place_of_a_file_is_neither_read_nor_written(
    kept: tuple[Memory, str, str, Path], kind: str, tmp_path: Path
) -> None:
    memory, path, stamp, file = kept
    target = file.rename(tmp_path / "target")
    make: dict[str, Callable[[], None]] = {
        "directory": file.mkdir,
        "pipe": lambda: os.mkfifo(file),
        "link": lambda: file.symlink_to(target),
    }
    make[kind]()
    before = target.read_bytes()
    memory.keep(path, stamp, [2])
    assert memory.recall(path, stamp) is None
    assert target.read_bytes() == before


def test_a_folder_that_cannot_be_made_costs_time_only(environment: str, tmp_path: Path, starts: list[str]) -> None:
    (tmp_path / "file").touch()
    memory = Memory(str(tmp_path / "file" / "state"))
    assert ask(environment, memory=memory) == ask(environment, memory=memory)
    assert len(starts) == 2


@posix
def test_only_the_user_may_read_and_write_what_is_remembered(kept: tuple[Memory, str, str, Path]) -> None:
    file = kept[3]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("change", ["content", "time", "file", "question", "settings"])
def test_a_stamp_changes_with_what_the_answer_depends_on(tmp_path: Path, change: str) -> None:
    program = tmp_path / "bin" / "program"
    program.parent.mkdir()
    program.write_text("one")
    before = stamp_of(str(program), "?")
    status = program.stat()
    if change == "content":
        program.write_text("three")
        os.utime(program, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "time":
        os.utime(program, ns=(status.st_atime_ns, status.st_mtime_ns + 1000))
    elif change == "file":
        (tmp_path / "other").write_text("one")
        os.utime(tmp_path / "other", ns=(status.st_atime_ns, status.st_mtime_ns))
        (tmp_path / "other").replace(program)
    elif change == "settings":
        (tmp_path / "pyvenv.cfg").touch()
    assert stamp_of(str(program), "!" if change == "question" else "?") != before


def test_a_stamp_stays_while_nothing_changes(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("one")
    before = stamp_of(str(program), "?")
    program.read_text()
    program.chmod(0o700)
    assert stamp_of(str(program), "?") == before
    assert stamp_of(str(tmp_path / "missing"), "?") is None


def test_our_state_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert os.path.isabs(state_folder())
    assert os.path.basename(state_folder()) == "pipcacheplus"


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_every_python_here_can_be_asked(version: str, tmp_path: Path) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    memory = Memory(str(tmp_path))
    first: Interpreter = ask(python, memory=memory)
    assert first.name == "cp" + version.replace(".", "")
    assert f"{first.name}-none-any" in first.tags
    assert ask(python, memory=memory) == first
