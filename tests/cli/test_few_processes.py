"""The command line where processes, memory or descriptors are few: it ends, and says what it says elsewhere."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import FILE_URL, Cache, file_headers
from tests.support.owners import SOMEBODY, given_away, home_of_somebody
from tests.support.processes import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are those of Linux")

Answer = tuple[int, str, str]

COMMANDS = (("list",), ("verify", "--no-ledger"), ("prune", "-n", "--corrupt", "--partial", "--no-ledger"))
# Root may have as many processes as it likes, so it becomes another user. That one may not be able to read Python.
LIMITED = """
import os, resource, signal, sys
from pipcacheplus.__main__ import main
from pipcacheplus.host.ownership import become_owner
path, name, value, *arguments = sys.argv[1:]
become_owner(path)
if name:
    resource.setrlimit(getattr(resource, name), (int(value),) * 2)
exec(os.environ.get("MORE", ""))
sys.exit(main(["--cache-dir", path, *arguments]))
"""


@pytest.fixture(scope="module")
def several_hundred() -> Iterator[Cache]:
    """Return a cache of 400 entries, some of them damaged; it is not root's."""
    with home_of_somebody() as home:
        made = Cache(home / "cache")
        for number in range(360):
            body = b"x" * number
            head = made.http_v2(f"{FILE_URL}{number}", body, headers=file_headers(body, project="demo"))
            if number % 9 == 0:
                made.write(head + ".body", b"y")
            elif number % 10 == 0:
                made.real(head + ".body").unlink()
        for number in range(40):
            made.built_wheel(f"built{number}", "1.0")
        if os.geteuid() == 0:
            given_away(made)
            shutil.chown(home, SOMEBODY, SOMEBODY)
        yield made


def answers(
    cache: Cache, name: str = "", value: int = 0, *, before: tuple[str, ...] = (), more: str = ""
) -> list[Answer]:
    """Return the exit code, and what is said, of each command under a limit, after more statements."""
    environment = os.environ | {"XDG_STATE_HOME": str(cache.path.parent / "state"), "MORE": more}
    found = []
    for command in COMMANDS:
        script = (sys.executable, "-c", LIMITED, str(cache.path), name, str(value))
        done = run([*before, *script, *command, "--format", "json", "--no-input"], env=environment, limit_s=60)
        found.append((done.returncode, done.stdout, done.stderr))
    return found


@pytest.fixture(scope="module")
def expected(several_hundred: Cache) -> list[Answer]:
    """Return the answers without limits."""
    found = answers(several_hundred)
    assert [code for code, _, _ in found] == [0, 3, 0]
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RLIMIT_NPROC", 1),
        ("RLIMIT_NPROC", 2),
        ("RLIMIT_NPROC", 3),
        ("RLIMIT_NOFILE", 24),
        ("RLIMIT_AS", 160 << 20),
        ("RLIMIT_FSIZE", 0),
    ],
)
def test_a_limit_of_a_user_or_a_process_changes_no_answer(
    several_hundred: Cache, expected: list[Answer], name: str, value: int
) -> None:
    assert answers(several_hundred, name, value) == expected


@pytest.fixture
def group() -> Iterator[Path]:
    """Make a control group that can limit processes; skip the test where none can be made."""
    for root in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
        try:
            made = Path(tempfile.mkdtemp(dir=root, prefix="pipcacheplus-"))
        except OSError:
            continue
        try:
            if (made / "pids.max").exists():
                yield made
                return
        finally:
            made.rmdir()
    pytest.skip("no control group that limits processes can be made here")


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_a_limit_of_a_control_group_changes_no_answer(
    several_hundred: Cache, expected: list[Answer], group: Path, count: int
) -> None:
    (group / "pids.max").write_text(str(count), encoding="ascii")
    joining = ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(group))
    assert answers(several_hundred, before=joining) == expected


FAILING = """
name, wanted, count, original = {name!r}, {wanted}, 0, getattr(os, {name!r})
def failing(*arguments):
    global count
    count += 1
    if count >= wanted:
        raise BlockingIOError(11, "injected")
    return original(*arguments)
setattr(os, name, failing)
"""
KILLED = """
fork = os.fork
def killed():
    pid = fork()
    if not pid:
        signal.setitimer(signal.ITIMER_REAL, {after_s})  # SIGALRM ends who does not handle it
    return pid
os.fork = killed
"""


@pytest.mark.parametrize(("name", "wanted"), [("fork", 1), ("fork", 2), ("pipe", 1), ("pipe", 4)])
def test_forks_and_pipes_that_fail_change_no_answer(
    several_hundred: Cache, expected: list[Answer], name: str, wanted: int
) -> None:
    assert answers(several_hundred, more=FAILING.format(name=name, wanted=wanted)) == expected


@pytest.mark.parametrize("after_ms", [1, 10, 100])
def test_children_that_are_killed_at_any_moment_change_no_answer(
    several_hundred: Cache, expected: list[Answer], after_ms: int
) -> None:
    assert answers(several_hundred, more=KILLED.format(after_s=after_ms / 1000)) == expected
