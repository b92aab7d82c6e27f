"""Tasks in forked processes: results in order, no matter what becomes of the children, and nobody is left behind."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.catalog.forking import BEGIN, forks, ran
from tests.support.processes import run

pytestmark = forks


def test_results_come_in_order_from_several_processes() -> None:
    script = """
before = descriptors()
found = list(side_by_side(with_pid, None, range(300), processes=3))
say([[task for task, _ in found], len({pid for _, pid in found} - {PARENT}), PARENT in dict(found).values(),
     nobody_is_left(), descriptors() == before])
"""
    assert ran(script) == [list(range(300)), 3, False, True, True]


@pytest.mark.parametrize("size", [0, 1, (1 << 16) - 8, 1 << 16, 3 << 20])
def test_tasks_and_results_may_be_larger_than_a_pipe(size: int) -> None:
    script = """
size = int(sys.argv[1])
def doubled(shared, task):
    return task + task, is_child()
found = list(side_by_side(doubled, None, (bytes([n]) * size for n in range(9)), processes=2))
say(found == [(bytes([n]) * size * 2, True) for n in range(9)])
"""
    assert ran(script, size) is True


def test_what_all_share_is_inherited_and_need_not_be_pickled() -> None:
    script = "say(list(side_by_side(lambda shared, n: shared(n), lambda n: [n, is_child()], range(3), processes=2)))"
    assert ran(script) == [[0, True], [1, True], [2, True]]


def test_a_result_may_be_nothing() -> None:
    assert ran("say(list(side_by_side(lambda shared, n: None, None, range(5), processes=2)))") == [None] * 5


def test_tasks_are_taken_in_this_process_a_handful_ahead() -> None:
    script = """
taken = []
def tasks():
    for n in range(100):
        taken.append(os.getpid())
        yield n
ahead = [len(taken) - done for done, _ in enumerate(side_by_side(with_pid, None, tasks(), processes=2))]
say([max(ahead) <= 8, max(ahead) >= 2, set(taken) == {PARENT}, len(taken)])
"""
    assert ran(script) == [True, True, True, 100]


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_task_is_done_here(count: int) -> None:
    script = "say([pid == PARENT for _, pid in side_by_side(with_pid, None, range(int(sys.argv[1])), processes=2)])"
    assert ran(script, count) == [True] * count


def test_nobody_is_started_who_would_have_nothing_to_do() -> None:
    script = """
say(len({pid for _, pid in side_by_side(with_pid, None, range(2), processes=64)}) <= 2)
"""
    assert ran(script) is True


def test_an_error_is_raised_as_it_is_at_the_turn_of_its_task() -> None:
    script = """
class Odd(Exception):
    def __init__(self, one, two):
        super().__init__("odd")
found = []
def failing(shared, task):
    if task == 5:
        raise shared
    return task
for error in (FileNotFoundError(errno.ENOENT, "no such file", "name"), Odd(1, 2), MemoryError()):
    try:
        for task in side_by_side(failing, error, range(40), processes=2):
            found.append(task)
    except Exception as raised:
        found.append([type(raised).__name__, getattr(raised, "errno", 0), nobody_is_left()])
say(found)
"""
    first = list(range(5))
    names = [["FileNotFoundError", 2, True], ["Odd", 0, True], ["MemoryError", 0, True]]
    assert ran(script) == [*first, names[0], *first, names[1], *first, names[2]]


def test_an_error_that_only_a_child_meets_is_none() -> None:
    script = """
def failing(shared, task):
    if is_child() and task % 3 == 0:
        raise MemoryError
    return task
say(list(side_by_side(failing, None, range(20), processes=2)))
"""
    assert ran(script) == list(range(20))


def test_what_cannot_be_pickled_is_done_here() -> None:
    script = """
class Refusing:
    def __init__(self, how):
        self.how = how
    def __reduce__(self):
        if self.how == "out":
            raise RuntimeError
        return (int, ("x",)) if self.how == "in" else (Refusing, (self.how,))
def kept(shared, task):
    return is_child(), task
def made(shared, how):
    return is_child(), Refusing(how)
hows = ["", "out", "in", ""] * 4
say([[where for where, _ in side_by_side(kept, None, map(Refusing, hows), processes=2)],
     [where for where, _ in side_by_side(made, None, hows, processes=2)]])
"""
    assert ran(script) == [[True, False, False, True] * 4] * 2


def test_an_error_of_the_tasks_ends_the_children() -> None:
    script = """
def tasks():
    yield from range(10)
    raise OSError(errno.EIO, "the table of tasks")
try:
    list(side_by_side(with_pid, None, tasks(), processes=2))
except OSError as error:
    say([error.errno == errno.EIO, nobody_is_left()])
"""
    assert ran(script) == [True, True]


def test_who_stops_in_the_middle_leaves_nobody_behind() -> None:
    script = """
before = descriptors()
def endless(shared, task):
    while is_child() and task > 3:
        pass
    return task
running = side_by_side(endless, None, range(100), processes=3)
found = [next(running), next(running)]
running.close()
say([found, nobody_is_left(), descriptors() == before])
"""
    assert ran(script) == [[0, 1], True, True]


@pytest.mark.parametrize("at", [1, 2, 9, 25])
def test_an_interrupt_leaves_nobody_behind(at: int) -> None:
    script = """
found = []
try:
    for task, _ in side_by_side(with_pid, None, range(200), processes=3):
        found.append(task)
        if len(found) == int(sys.argv[1]):
            os.killpg(0, signal.SIGINT)  # as a terminal sends it: to all of them
except KeyboardInterrupt:
    say([found, nobody_is_left(), signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()])
"""
    assert ran(script, at, start_new_session=True) == [list(range(at)), True, True]


def test_an_interrupt_that_the_parent_takes_note_of_ends_nobody() -> None:
    script = """
signal.signal(signal.SIGINT, lambda *_: None)
found = []
for task, pid in side_by_side(with_pid, None, range(60), processes=2):
    found.append(pid != PARENT)
    if task % 9 == 0:
        os.killpg(0, signal.SIGINT)
say(found)
"""
    assert ran(script, start_new_session=True) == [True] * 60


def test_an_interrupt_while_it_waits_leaves_nobody_behind() -> None:
    script = """
def interrupting(shared, task):
    if is_child() and task == 5:
        os.kill(PARENT, signal.SIGINT)
        signal.pause()
    return task
try:
    list(side_by_side(interrupting, None, range(200), processes=3))
except KeyboardInterrupt:
    say(nobody_is_left())
"""
    assert ran(script) is True


def test_interrupts_at_any_moment_leave_nobody_behind() -> None:
    script = """
left = 0
for n in range(150):
    signal.setitimer(signal.ITIMER_REAL, 0.0002 * (n + 1))
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        list(side_by_side(with_pid, None, range(500), processes=2))
    except KeyboardInterrupt:
        pass
    try:
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        pass
    left += not nobody_is_left()
say([left, signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set(), gc.isenabled()])
"""
    assert ran(script) == [0, True, True]


def test_children_end_when_their_parent_is_killed() -> None:
    script = """
running = side_by_side(with_pid, None, range(100), processes=3)
for _ in range(20):
    print(next(running)[1] != PARENT)
sys.stdout.flush()
os.kill(PARENT, signal.SIGKILL)
"""
    # What it prints into ends only when no child has it open any more.
    done = run([sys.executable, "-c", BEGIN + script])
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "True\n" * 20, "")


def test_a_copy_of_this_process_made_by_others_takes_nothing_from_it() -> None:
    script = """
running = side_by_side(with_pid, None, range(60), processes=2)
first = next(running)
copy = os.fork()
if not copy:
    running.close()
    os._exit(0)
os.waitpid(copy, 0)
found = [first, *running]
say([[task for task, _ in found], PARENT in dict(found).values(), nobody_is_left()])
"""
    assert ran(script) == [list(range(60)), False, True]


def test_two_runs_at_once_do_not_disturb_each_other() -> None:
    script = """
one = side_by_side(with_pid, None, range(50), processes=2)
two = side_by_side(with_pid, None, range(50), processes=2)
pairs = [[next(one)[0], next(two)[0]] for _ in range(30)]
one.close()
say([pairs == [[n, n] for n in range(30)], [task for task, _ in two] == list(range(30, 50)), nobody_is_left()])
"""
    assert ran(script) == [True, True, True]


def test_children_collect_and_flush_nothing_that_they_inherit() -> None:
    script = """
class Noted:
    def __del__(self):
        os.write(2, b"collected")
gc.disable()
cycle = [Noted()]
cycle.append(cycle)
del cycle
sys.stdout.write("[0, ")  # waits in a buffer
def collecting(shared, task):
    if is_child():
        gc.collect()
    return is_child()
print(json.dumps(list(side_by_side(collecting, None, range(8), processes=2))), "]", flush=True)
os._exit(0)
"""
    assert ran(script) == [0, [True] * 8]


def test_children_run_no_handlers_of_their_parent() -> None:
    script = """
for name in ("SIGTERM", "SIGUSR1"):
    signal.signal(getattr(signal, name), lambda *_: os.write(2, b"handled"))
def dying(shared, task):
    if is_child():
        os.kill(os.getpid(), [signal.SIGTERM, signal.SIGUSR1][task % 2])
    return task
say(list(side_by_side(dying, None, range(8), processes=2)))
"""
    assert ran(script) == list(range(8))


def test_a_transaction_of_the_parent_goes_on_whatever_children_do(tmp_path: Path) -> None:
    script = """
import sqlite3
path = os.path.join(sys.argv[1], "db")
def opened():
    made = sqlite3.connect(path, isolation_level=None)
    made.execute("PRAGMA cache_size = 4")
    return made
database = opened()
database.execute("CREATE TABLE t (n INTEGER, filling BLOB)")
database.execute("BEGIN IMMEDIATE")
for n, pid in side_by_side(with_pid, None, range(200), processes=2):
    database.execute("INSERT INTO t VALUES (?, zeroblob(3000))", (n,))
database.execute("COMMIT")
say([opened().execute("SELECT count(*) FROM t").fetchone(), opened().execute("PRAGMA integrity_check").fetchone()])
"""
    assert ran(script, tmp_path) == [[200], ["ok"]]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGHUP"])
def test_whenever_a_child_is_killed_all_results_come(name: str) -> None:
    script = """
before = descriptors()
def dying(shared, task):
    if is_child() and task in shared:
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    return task
wrong = [n for n in range(24)
         if list(side_by_side(dying, {n}, range(24), processes=2)) != list(range(24)) or not nobody_is_left()]
say([wrong, list(side_by_side(dying, set(range(99)), range(24), processes=3)) == list(range(24)),
     nobody_is_left(), descriptors() == before])
"""
    assert ran(script, name) == [[], True, True, True]


def test_after_one_child_is_killed_the_others_go_on() -> None:
    script = """
def dying(shared, task):
    if is_child() and task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return is_child()
say(list(side_by_side(dying, None, range(30), processes=2)))
"""
    assert ran(script) == [number != 3 for number in range(30)]


def test_a_child_that_ends_by_itself_is_one_that_is_killed() -> None:
    script = """
def leaving(shared, task):
    if is_child() and task == 4:
        raise SystemExit
    return task
say([list(side_by_side(leaving, None, range(20), processes=2)), nobody_is_left()])
"""
    assert ran(script) == [list(range(20)), True]


def test_half_a_result_counts_for_nothing() -> None:
    script = """
write = os.write
def half(end, data):
    write(end, data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
def cut(shared, task):
    if is_child() and task in (2, 7):
        os.write = half
    return [task] * 10_000
say([[found[0] for found in side_by_side(cut, None, range(20), processes=3)], nobody_is_left()])
"""
    assert ran(script) == [list(range(20)), True]


def test_children_are_killed_from_outside_while_they_are_sent_a_large_task() -> None:
    script = """
def told(shared, task):
    return task[0], os.getpid()
def tasks():
    for n in range(30):
        yield n, bytes(3 << 20)
found = []
for n, pid in side_by_side(told, None, tasks(), processes=2):
    found.append(n)
    if pid != PARENT and n > 4:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
say([found, nobody_is_left()])
"""
    assert ran(script) == [list(range(30)), True]


def test_the_task_of_a_child_that_is_stopped_is_done_here_in_time() -> None:
    script = """
Patience.LOOK_S = 0.01
def stopping(shared, task):
    if is_child() and task in (3, 9):
        os.kill(os.getpid(), signal.SIGSTOP)
    return task
say([list(side_by_side(stopping, None, range(30), processes=2)), nobody_is_left()])
"""
    assert ran(script) == [list(range(30)), True]


def test_a_child_that_is_stopped_before_it_takes_its_task_is_not_waited_for() -> None:
    script = """
Patience.LOOK_S = 0.01
def told(shared, task):
    return task[0], os.getpid()
found, stopped = [], set()
for n, pid in side_by_side(told, None, ((n, bytes(1 << 20)) for n in range(30)), processes=2):
    found.append(n)
    if n == 2 and pid != PARENT:
        os.kill(pid, signal.SIGSTOP)
say([found, nobody_is_left()])
"""
    assert ran(script) == [list(range(30)), True]


def test_a_child_that_never_comes_to_an_end_is_not_waited_for() -> None:
    script = """
Patience.LOOK_S = 0.001
def endless(shared, task):
    while is_child() and task == 3:
        pass
    return task
say([list(side_by_side(endless, None, range(12), processes=2)), nobody_is_left()])
"""
    assert ran(script) == [list(range(12)), True]


def test_a_child_that_works_keeps_its_task_for_longer() -> None:
    script = """
from pipcacheplus.catalog import patience
Patience.LOOK_S = 0.05  # half a second for one that stands still
patience._MAX_SILENT_LOOKS = 10**9
def long(shared, task):
    end_s = time.process_time() + (0 if task else 1)
    while time.process_time() < end_s:
        pass
    return is_child()
say(list(side_by_side(long, None, range(2), processes=2)))
"""
    assert ran(script) == [True, True]


NTH = """
wanted, name, number = int(sys.argv[1]), sys.argv[2], 0
error = OSError(getattr(errno, sys.argv[3]), "injected")
original = getattr(os, name)
def failing(*arguments):
    global number
    number += 1
    if number == wanted or (number > wanted and sys.argv[4] == "on"):
        raise error
    return original(*arguments)
before = descriptors()
setattr(os, name, failing)
found = list(side_by_side(with_pid, None, range(40), processes=4))
say([[task for task, _ in found], nobody_is_left(), descriptors() == before, number >= wanted])
"""


@pytest.mark.parametrize("how", ["once", "on"])
@pytest.mark.parametrize(
    ("name", "error"),
    [("fork", "EAGAIN"), ("fork", "ENOMEM"), ("fork", "ENOSYS"), ("pipe", "EMFILE"), ("pipe", "ENFILE")],
)
def test_whichever_fork_or_pipe_fails_all_results_come(name: str, error: str, how: str) -> None:
    wanted, is_reached = 0, True
    while is_reached:
        wanted += 1
        tasks, nobody_is_left, has_closed, is_reached = ran(NTH, wanted, name, error, how)
        assert (tasks, nobody_is_left, has_closed) == (list(range(40)), True, True)
    assert wanted == (5 if name == "fork" else 9)


@pytest.mark.parametrize("more", range(18))
def test_few_descriptors_are_enough(more: int) -> None:
    script = """
highest = max(map(int, descriptors()))
resource.setrlimit(resource.RLIMIT_NOFILE, (highest + int(sys.argv[1]),) * 2)
say([[task for task, _ in side_by_side(with_pid, None, range(40), processes=4)], nobody_is_left()])
"""
    assert ran(script, more) == [list(range(40)), True]


@pytest.mark.parametrize("more_mib", [0, 1, 8, 64])
def test_little_memory_is_enough(more_mib: int) -> None:
    script = """
with open("/proc/self/statm", encoding="ascii") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (int(sys.argv[1]) << 20) + (2 << 20),) * 2)
say([[task for task, _ in side_by_side(with_pid, None, range(40), processes=4)], nobody_is_left()])
"""
    assert ran(script, more_mib) == [list(range(40)), True]


def test_where_sigchld_is_ignored_all_results_come() -> None:
    script = """
def dying(shared, task):
    if is_child() and task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
say([list(side_by_side(dying, None, range(20), processes=2)), nobody_is_left()])
"""
    assert ran(script) == [list(range(20)), True]


@pytest.mark.parametrize(
    "how",
    [
        "threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "__import__('_thread').start_new_thread(signal.sigwait, ({signal.SIGUSR1},))",  # as of a library
        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)",
    ],
    ids=["thread", "unknown thread", "SIGPIPE"],
)
@pytest.mark.parametrize("threads", [False, True])
def test_where_a_copy_could_hang_or_harm_nothing_is_forked(how: str, threads: bool) -> None:  # noqa: FBT001 - a row's value
    script = """
exec(sys.argv[1])
os.fork = None
found = side_by_side(lambda shared, n: [n, threading.get_ident()], None, range(30), processes=2,
                     threads=sys.argv[2] == "True")
found = list(found)
say([[n for n, _ in found] == list(range(30)), threading.get_ident() in dict(found).values()])
"""
    assert ran(script, how, threads) == [True, not threads]


def test_a_thread_that_is_started_meanwhile_keeps_others_from_being_forked() -> None:
    script = """
fork, forked = os.fork, []
def counting():
    forked.append(threading.active_count())
    return fork()
os.fork = counting
def tasks():
    yield from range(2)
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    yield from range(2, 40)
found = [task for task, _ in side_by_side(with_pid, None, tasks(), processes=4)]
say([found == list(range(40)), set(forked) == {1}, nobody_is_left()])
"""
    assert ran(script) == [True, True, True]


def test_neither_pools_nor_sockets_are_imported() -> None:
    script = """
list(side_by_side(with_pid, None, range(30), processes=2))
say(sorted({"concurrent.futures", "multiprocessing", "socket", "selectors", "logging"} & set(sys.modules)))
"""
    assert ran(script) == []


def test_all_cores_of_this_process_are_used_and_no_others() -> None:
    script = """
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
say({pid == PARENT for _, pid in side_by_side(with_pid, None, range(30))} == {True})
"""
    assert ran(script) is True
    if len(os.sched_getaffinity(0)) > 1:
        assert ran("say(len({pid for _, pid in side_by_side(with_pid, None, range(300))}))") > 1
