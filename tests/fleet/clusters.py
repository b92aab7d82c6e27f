"""Clusters of Dask on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.processes import LIMIT_S, started

__all__ = ["client_of", "cluster", "security_of"]


@contextmanager
def cluster(folder: Path, *more: str, workers: Sequence[str] = ("a", "b")) -> Iterator[str]:
    """Run a scheduler and workers with these names on this machine, and yield the address."""
    pytest.importorskip("distributed")
    environ = {**os.environ, "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
    address_file = folder / "scheduler.json"
    with ExitStack() as stack:

        def begin(*words: str) -> None:
            log = stack.enter_context((folder / f"log-{len(words)}-{words[0]}").open("ab"))
            command = [sys.executable, "-m", *words, *more]
            process = stack.enter_context(
                started(command, limit_s=600, stdout=log, stderr=log, env=environ, cwd=folder)
            )
            stack.callback(_end, process)

        common = ("--scheduler-file", str(address_file), "--no-dashboard")
        begin("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common)
        worker = ("distributed.cli.dask_worker", *common, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny")
        for name in workers:
            begin(*worker, "--name", name)
        security = security_of(more)
        with client_of(scheduler_file=str(address_file), timeout=LIMIT_S, security=security) as client:
            if workers:
                client.wait_for_workers(len(workers), timeout=LIMIT_S)
            address = client.scheduler.address
        yield address


def client_of(*arguments: str, **more: Any) -> Any:  # noqa: ANN401 - of an extra
    """Return a client of a scheduler."""
    import distributed  # noqa: PLC0415

    connect: Any = distributed.Client
    return connect(*arguments, **more)


def security_of(words: tuple[str, ...]) -> Any:  # noqa: ANN401 - of an extra
    """Return the certificates that options of a scheduler name; `None` without options."""
    if not words:
        return None
    from distributed.security import Security  # noqa: PLC0415

    given = dict(zip(words[::2], words[1::2], strict=True))
    make: Any = Security
    return make(
        tls_ca_file=given["--tls-ca-file"],
        tls_client_cert=given["--tls-cert"],
        tls_client_key=given["--tls-key"],
        require_encryption=True,
    )


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        for one in psutil.Process(process.pid).children(recursive=True):
            one.kill()
        process.kill()
