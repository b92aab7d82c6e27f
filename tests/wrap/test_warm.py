"""A cache that is filled on purpose: what was asked for is in it, for each interpreter, and is not fetched again."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import Kind, PipCache, Target
from pipcacheplus.errors import BadRequestError
from pipcacheplus.wrap.warm import warm
from tests.support import processes
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS
from tests.support.server import IndexServer


@pytest.mark.pips
def test_what_is_named_is_in_the_cache_afterwards_and_not_downloaded_again(
    pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path
) -> None:
    pip = pip_of(NEWEST, "3.13")
    cache = tmp_path / "cache"
    own = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "PIP_TRUSTED_HOST": "127.0.0.1"}
    environment = {**os.environ, **own, "PIP_CONFIG_FILE": os.devnull}

    def run(*words: str) -> list[dict[str, Any]]:
        options = ("--cache-dir", str(cache), "--index-url", index.index_url, "--python", pip.python)
        done = processes.run([*PIPCACHEPLUS, "warm", *words, *options, "--format", "json"], env=environment)
        assert done.returncode == 0, done.stderr
        warmed: list[dict[str, Any]] = json.loads(done.stdout)["summary"]["warmed"]
        return warmed

    (tmp_path / "lock.txt").write_text("demo-lib==1.1\n", encoding="utf-8")
    (first,) = run("demo-app", "-r", str(tmp_path / "lock.txt"))
    assert (first["what"], first["exit_code"], first["downloaded"]) == (pip.python, 0, 3)
    kinds = {(one.kind, one.project) for one in PipCache(cache).entries()}
    assert {(Kind.WHEEL, "demo-app"), (Kind.WHEEL, "demo-lib"), (Kind.SDIST, "demo-source")} <= kinds
    index.clear_requests()
    (again,) = run("demo-app")
    assert (again["hits"], again["downloaded"]) == (3, 0)
    assert not [one for one in index.requests if one.path.startswith("/packages/")]


def test_nothing_named_is_nothing_downloaded() -> None:
    with pytest.raises(BadRequestError, match="nothing is named"):
        warm()


def test_each_target_is_one_run_with_the_options_of_pip(tmp_path: Path) -> None:
    # What pip makes of them is seen in its failure: there is no index.
    target = Target(python_version="3.11", platforms=("manylinux_2_28_x86_64",), abis=("cp311",))
    options = ["--no-index", "--quiet", "--log", str(tmp_path / "log"), "--disable-pip-version-check"]
    (one,) = warm("demo-absent", pythons=[target], options=options)
    assert one.run.exit_code == 1
    assert one.what == "--platform manylinux_2_28_x86_64 --python-version 3.11 --abi cp311"
