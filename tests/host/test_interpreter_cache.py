"""What an interpreter told is given back under its stamp only, and a file that is not as it was written is none."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.host.interpreter_cache import InterpreterCache, interpreter_stamp
from tests.support.owners import SOMEBODY, home_of_somebody, is_root

posix = pytest.mark.skipif(os.name == "nt", reason="takes pipes, links and modes of POSIX")


@pytest.fixture
def kept(tmp_path: Path) -> tuple[InterpreterCache, str, str, Path]:
    """Return a memory, a path and a stamp under which it keeps `{"a": 1}`, and its file."""
    program = tmp_path / "program"
    program.write_text("one")
    memory, path = InterpreterCache(str(tmp_path / "state")), str(program)
    stamp = interpreter_stamp(path, "?")
    assert stamp is not None
    memory.store(path, stamp, {"a": 1})
    (file,) = (tmp_path / "state").iterdir()
    return memory, path, stamp, file


def test_an_answer_is_given_back_under_its_stamp_only(kept: tuple[InterpreterCache, str, str, Path]) -> None:
    memory, path, stamp, _file = kept
    assert memory.load(path, stamp) == {"a": 1}
    assert memory.load(path, "0" * 64) is None
    assert memory.load(path + "2", stamp) is None


def test_a_newer_answer_takes_the_place_of_the_former(kept: tuple[InterpreterCache, str, str, Path]) -> None:
    memory, path, stamp, file = kept
    memory.store(path, stamp, [2])
    assert memory.load(path, stamp) == [2]
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
def test_a_foreign_file_is_as_good_as_none(kept: tuple[InterpreterCache, str, str, Path], content: bytes) -> None:
    memory, path, stamp, file = kept
    file.write_bytes(content)
    assert memory.load(path, stamp) is None


def test_a_file_that_is_torn_or_edited_is_as_good_as_none(kept: tuple[InterpreterCache, str, str, Path]) -> None:
    memory, path, stamp, file = kept
    whole = file.read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        assert memory.load(path, stamp) is None
    file.write_bytes(whole.replace(b'"a": 1', b'"a": 2'))
    assert memory.load(path, stamp) is None
    file.write_bytes(whole)
    assert memory.load(path, stamp) == {"a": 1}


@posix
@pytest.mark.parametrize("kind", ["directory", "pipe", "link", "second name"])
def test_what_lies_in_the_place_of_a_file_is_neither_read_nor_written(
    kept: tuple[InterpreterCache, str, str, Path], kind: str, tmp_path: Path
) -> None:
    memory, path, stamp, file = kept
    target = file.rename(tmp_path / "target")
    make: dict[str, Callable[[], None]] = {
        "directory": file.mkdir,
        "pipe": lambda: os.mkfifo(file),
        "link": lambda: file.symlink_to(target),
        "second name": lambda: os.link(target, file),
    }
    make[kind]()
    before = target.read_bytes()
    memory.store(path, stamp, [2])
    assert memory.load(path, stamp) is None
    assert target.read_bytes() == before


@posix
def test_what_others_can_write_is_neither_read_nor_written(kept: tuple[InterpreterCache, str, str, Path]) -> None:
    memory, path, stamp, file = kept
    before = file.read_bytes()
    for place in (file, file.parent, file.parent.parent):
        mode = place.stat().st_mode
        place.chmod(mode | 0o022)
        assert memory.load(path, stamp) is None
        memory.store(path, stamp, [2])
        assert file.read_bytes() == before
        place.chmod(mode)
    assert memory.load(path, stamp) == {"a": 1}


@is_root
def test_root_keeps_no_answer_below_the_home_of_a_user() -> None:
    with home_of_somebody() as home:
        os.chown(home, SOMEBODY, SOMEBODY)
        memory = InterpreterCache(str(home / "state" / "interpreters"))
        memory.store("/usr/bin/python3", "0" * 64, {"a": 1})
        assert memory.load("/usr/bin/python3", "0" * 64) is None
        assert list(home.iterdir()) == []


@posix
def test_only_the_user_may_read_and_write_what_is_remembered(kept: tuple[InterpreterCache, str, str, Path]) -> None:
    file = kept[3]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("change", ["content", "time", "file", "question", "settings"])
def test_a_stamp_changes_with_what_the_answer_depends_on(tmp_path: Path, change: str) -> None:
    program = tmp_path / "bin" / "program"
    program.parent.mkdir()
    program.write_text("one")
    before = interpreter_stamp(str(program), "?")
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
    assert interpreter_stamp(str(program), "!" if change == "question" else "?") != before


def test_a_stamp_stays_while_nothing_changes(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("one")
    before = interpreter_stamp(str(program), "?")
    program.read_text()
    program.chmod(0o700)
    assert interpreter_stamp(str(program), "?") == before
    assert interpreter_stamp(str(tmp_path / "missing"), "?") is None
