"""Executors: whichever runs the units, the results are the same, also if one of its workers is killed."""

import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from pipcacheplus.errors import BadRequestError
from pipcacheplus.fleet import engines
from pipcacheplus.fleet.engines import engine_of
from pipcacheplus.fleet.fleet import Fleet
from tests.fleet.caches import Ran, comparable, demo_wheel, fill, options_for, rows_of
from tests.fleet.clusters import client_of, cluster, security_of
from tests.support.builders import Cache, tree
from tests.support.owners import is_root
from tests.support.processes import PIPCACHEPLUS, started
from tests.support.processes import run as run_process

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied"),
    pytest.mark.timeout(600),
]
CACHES = 8
_WITH_COPY = 2
Run = Callable[..., Ran]


@pytest.fixture
def many(tmp_path: Path) -> list[Cache]:
    """Build caches, one with damage, and one that is none."""
    wheel = demo_wheel(tmp_path)
    made = [Cache(tmp_path / "many" / f"{number}") for number in range(CACHES)]
    for number, cache in enumerate(made):
        fill(cache, wheel, own=f"own-{number}")
    made[3].built_wheel("broken", content=b"no wheel")
    (tmp_path / "many" / "none").mkdir()
    (tmp_path / "many" / "none" / "letter").write_text("mine")
    return made


def expected(many: list[Cache], *words: str) -> list[Any]:
    """Return the rows of a plain loop over one worker."""
    paths = [*(str(one.path) for one in many), str(many[0].path.parent / "none")]
    with ThreadPoolExecutor(1) as executor:
        return rows_of([*Fleet(paths).run(*words, executor=executor)])


def with_executor(many: list[Cache], executor: Executor, *words: str) -> list[Any]:
    """Return the rows of an executor."""
    paths = [*(str(one.path) for one in many), str(many[0].path.parent / "none")]
    return rows_of([*Fleet(paths).run(*words, executor=executor)])


def lines_of(ran: Ran) -> list[Any]:
    """Return the documents of a run, in the order of the caches."""
    return sorted(map(comparable, ran.lines), key=lambda line: str(line["path"]))


@pytest.mark.parametrize("words", [("verify",), ("list", "demo-app")], ids=" ".join)
def test_threads_and_processes_give_the_same_rows(many: list[Cache], words: tuple[str, ...]) -> None:
    rows = expected(many, *words)
    assert len(rows) == CACHES + 1
    with ThreadPoolExecutor(3) as executor:
        assert with_executor(many, executor, *words) == rows
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert with_executor(many, executor, *words) == rows


def test_the_command_line_gives_the_same_with_threads_and_with_processes(many: list[Cache]) -> None:
    runs = [
        run_process([*PIPCACHEPLUS, "verify", *options_for(many), "--format", "jsonl", "--executor", word])
        for word in ("threads:2", "processes:2")
    ]
    threads, processes = (lines_of(Ran(done.returncode, done.stdout, done.stderr)) for done in runs)
    assert threads == processes
    assert [done.returncode for done in runs] == [3, 3]


def test_a_dask_cluster_gives_the_same_rows_in_python_and_on_the_command_line(
    many: list[Cache], tmp_path: Path
) -> None:
    rows = expected(many, "verify")
    with cluster(tmp_path) as address:
        with client_of(address) as client:
            assert with_executor(many, client.get_executor(), "verify") == rows
        command = [*PIPCACHEPLUS, "verify", *options_for(many), "--format", "jsonl", "--executor"]
        dask, threads = (run_process([*command, word], is_checked=False) for word in (f"dask:{address}", "threads:2"))
        assert dask.returncode == threads.returncode == 3, dask.stderr
        assert lines_of(Ran(3, dask.stdout, "")) == lines_of(Ran(3, threads.stdout, ""))
        if os.geteuid() == 0:
            before = [tree(one.path) for one in many]
            done = run_process(
                [*PIPCACHEPLUS, "prune", "--partial", *options_for(many), "--executor", f"dask:{address}"]
            )
            assert (done.returncode, done.stdout) == (2, "")
            assert "is not authenticated, and its workers would remove files as root" in done.stderr
            assert [tree(one.path) for one in many] == before
            with client_of(address) as client:
                executor = client.get_executor()
                for removal in (Fleet([str(many[0].path)]).prune, lambda **more: Fleet([]).run("remove", "x", **more)):
                    with pytest.raises(BadRequestError, match="is not authenticated"):
                        [*removal(executor=executor)]
                assert [one.code for one in Fleet([str(many[0].path)]).prune("--dry-run", executor=executor)] == [0]
            assert [tree(one.path) for one in many] == before
            dry = [*PIPCACHEPLUS, "prune", "-n", "--partial", *options_for(many), "--executor", f"dask:{address}"]
            assert run_process(dry).returncode == 0


@is_root
def test_removal_as_root_over_a_scheduler_with_tls_is_done(many: list[Cache], tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("takes openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    run_process(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        is_checked=True,
    )
    words = ("--tls-ca-file", str(certificate), "--tls-cert", str(certificate), "--tls-key", str(key))
    with cluster(tmp_path, *words) as address:
        assert address.startswith("tls://")
        tls = {"CA_FILE": certificate, "CLIENT__CERT": certificate, "CLIENT__KEY": key}
        environ = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(path) for name, path in tls.items()}
        command = [
            *PIPCACHEPLUS,
            "prune",
            "--partial",
            "--exclusive",
            *options_for(many),
            "--executor",
            f"dask:{address}",
        ]
        with client_of(address, security=security_of(words)) as client:
            [first] = Fleet([str(many[0].path)]).prune("--partial", executor=client.get_executor())
        assert (first.error, (first.document or {})["summary"]["entries"]) == (None, 1)
        done = run_process([*command, "--format", "jsonl"], env={**os.environ, **environ})
        assert done.returncode == 0, done.stderr
        assert sorted(line["summary"]["entries"] for line in Ran(0, done.stdout, "").lines) == [0, *[1] * (CACHES - 1)]
        assert not [path for one in many for path in tree(one.path) if path.endswith(".tmp")]


def test_mpi_with_two_ranks_gives_the_same_rows(many: list[Cache]) -> None:
    pytest.importorskip("mpi4py")
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("takes mpiexec")
    words = ["verify", *options_for(many), "--format", "jsonl", "--executor"]
    environ = {
        **os.environ,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_MCA_btl": "self,vader",
        "OMPI_MCA_plm_rsh_agent": "",
    }
    command = [mpiexec, "-n", "2", sys.executable, "-m", "mpi4py.futures", "-m", "pipcacheplus", *words, "mpi"]
    done = run_process(command, env=environ)
    assert done.returncode == 3, done.stderr
    threads = run_process([*PIPCACHEPLUS, *words, "threads:1"])
    assert lines_of(Ran(3, done.stdout, "")) == lines_of(Ran(3, threads.stdout, ""))


class Killing(ProcessPoolExecutor):
    """A pool of one worker for each unit; the one of a chosen unit is killed when it has begun, once."""

    def __init__(self, victim: str) -> None:
        super().__init__(1, mp_context=get_context("spawn"))
        self.victim, self.killed = victim, 0

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:  # noqa: ANN401 - as of the class
        """Run a function in a process of its own."""
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        pool.submit(os.getpid).result()
        future = pool.submit(function, *arguments, **more)
        if arguments[0].path == self.victim and not self.killed:
            self.killed += 1
            [worker] = pool._processes or {}
            own = psutil.Process(worker)
            while not future.done() and len(own.children(recursive=True)) < _WITH_COPY:
                pass  # until it has started a server, and that one a copy of itself, which runs the command
            os.kill(worker, signal.SIGKILL)
        future.add_done_callback(lambda _future: pool.shutdown(wait=False))
        return future


@pytest.mark.parametrize("words", [("verify",), ("prune", "--corrupt", "--partial", "--exclusive")], ids=" ".join)
def test_a_worker_that_is_killed_changes_no_result(many: list[Cache], tmp_path: Path, words: tuple[str, ...]) -> None:
    twins = [Cache(tmp_path / "twins" / one.path.name) for one in many]
    for one, twin in zip(many, twins, strict=True):
        shutil.rmtree(twin.path)
        shutil.copytree(one.path, twin.path, symlinks=True)
    with ThreadPoolExecutor(1) as plain:
        [*Fleet([str(one.path) for one in twins]).run(*words, executor=plain)]
    executor = Killing(str(many[2].path))
    results = [*Fleet([str(one.path) for one in many]).run(*words, executor=executor)]
    executor.shutdown()
    assert executor.killed == 1
    assert sorted(one.path for one in results) == sorted(str(one.path) for one in many)
    assert [one.error for one in results] == [None] * CACHES
    for one, twin in zip(many, twins, strict=True):
        assert sorted(tree(one.path)) == sorted(tree(twin.path)), "nothing else is gone"


def test_the_workers_of_an_engine_that_are_killed_cost_no_cache(many: list[Cache], tmp_path: Path) -> None:
    with cluster(tmp_path) as address, client_of(address) as client:
        workers = {info["name"]: name for name, info in client.scheduler_info()["workers"].items()}
        pid = client.run(os.getpid, workers=[workers["a"]])[workers["a"]]
        paths = [str(one.path) for one in many]
        results = Fleet(paths).run("verify", executor=client.get_executor(retries=1))
        first = next(results)
        os.kill(pid, signal.SIGKILL)
        rows = rows_of([first, *results])
    with ThreadPoolExecutor(1) as plain:
        assert rows == rows_of([*Fleet(paths).verify(executor=plain)])


def test_an_address_that_does_not_answer_is_one_sentence(many: list[Cache]) -> None:
    pytest.importorskip("distributed")
    command = [*PIPCACHEPLUS, "verify", *options_for(many[:2]), "--executor", "dask:tcp://127.0.0.1:1"]
    done = run_process(command, limit_s=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ERROR: --executor dask:tcp://127.0.0.1:1: does not answer (")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("slurm", "there is no 'slurm'"),
        ("threads:none", "'none' is no number of workers"),
        ("threads:0", "'0' is no number of workers"),
        ("processes:99999", "'99999' is no number of workers"),
        ("dask", "names no scheduler"),
        ("dask:nonsense://x", "does not answer"),
        ("dask:tls://127.0.0.1:1", "does not answer .*; check .* the certificates"),
        ("mpi:3", "takes no number"),
        ("", "there is no ''"),
    ],
)
def test_an_executor_that_cannot_be_had_is_one_sentence(word: str, problem: str) -> None:
    if word.startswith("dask:"):
        pytest.importorskip("distributed")
    with pytest.raises(BadRequestError, match=problem), engine_of(word):
        pass


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 400 Bad Request\r\n\r\n" * 100], ids=["none", "another"])
def test_a_program_that_is_no_scheduler_is_one_sentence(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(engines, "_CONNECT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    connection.sendall(answer)

        connections: list[socket.socket] = []
        Thread(target=serve, daemon=True).start()
        with pytest.raises(BadRequestError, match=r"does not answer \("), engine_of(f"dask:127.0.0.1:{port}"):
            pass
        for one in connections:
            one.close()


def test_a_scheduler_without_a_worker_is_one_sentence_and_no_empty_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(engines, "_CONNECT_S", 2)
    with (
        cluster(tmp_path, workers=()) as address,
        pytest.raises(BadRequestError, match="has no worker"),
        engine_of(f"dask:{address}"),
    ):
        pass


def test_ctrl_c_ends_in_order_with_the_caches_that_are_done(many: list[Cache], tmp_path: Path) -> None:
    listed = tmp_path / "listed"
    for number in range(300):
        (tmp_path / "copies").mkdir(exist_ok=True)
        shutil.copytree(many[0].path, tmp_path / "copies" / str(number))
    listed.write_text("".join(f"{path}\n" for path in (tmp_path / "copies").iterdir()))
    command = [*PIPCACHEPLUS, "list", "--caches-from", str(listed), "--executor", "threads:1", "--format", "jsonl"]
    with started(command, bufsize=1) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate()
    lines = [json.loads(line) for line in (first + rest).splitlines()]
    assert process.returncode == 130
    assert 1 <= len(lines) < 300
    assert "Traceback" not in err
