"""What passes between who asks and who answers, both of one user: what is said, what is not, and when it ends."""

import io
import os
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.as_owner import _hearing, answer, ask
from pipcacheplus.apply.told import Told
from pipcacheplus.errors import CacheBusyError
from pipcacheplus.model.values import CacheDir, Report, Source, State
from tests.apply.doing import carried_out, left, planned, states
from tests.support.builders import Cache, tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="users are others there")

URL = "https://files.example/demo"


def carry_out_here(cache: Cache, *, refuses: bool = False, **handed_on: Any) -> Report:  # noqa: ANN401 - `stop`, `progress`
    """Do what the process would, who asks and who answers being of one user."""
    if refuses:
        raise CacheBusyError(str(cache.path), 0)
    return carried_out(planned(cache), **handed_on)


def told_of(cache: Cache, **more: Any) -> Told:  # noqa: ANN401 - any field
    return Told(cache=CacheDir(path=str(cache.path), source=Source.ARGUMENT), **more)


def test_a_process_that_ends_without_a_report_is_an_error(cache: Cache, capfd: pytest.CaptureFixture[str]) -> None:
    cache.http_v2(URL, b"x")
    before = tree(cache.path)
    with pytest.raises(ChildProcessError, match="ended with 1"):
        ask(partial(Report), told_of(cache), stop=None)
    assert "unexpected keyword argument" in capfd.readouterr().err
    assert tree(cache.path) == before


def test_a_process_that_does_not_listen_is_an_error(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipcacheplus.apply.as_owner._ANSWER", "import os; os.close(0); os._exit(3)")
    work = partial(carry_out_here, cache, notes="x" * (1 << 20))  # more than fits into a pipe
    with pytest.raises(ChildProcessError, match="ended with 3"):
        ask(work, told_of(cache), stop=None)


def answered(cache: Cache, *, told: Told | None = None, is_to_stop: bool = False, **more: Any) -> Report | None:  # noqa: ANN401 - any argument
    """Let this very process answer, and hear what it says."""
    told = told or told_of(cache)
    asked, asks = os.pipe()
    says = io.BytesIO()
    with open(asked, "rb") as source, open(asks, "wb") as task:
        pickle.dump((str(cache.path), told.plan is not None, partial(carry_out_here, cache, **more)), task)
        task.flush()
        if is_to_stop:
            task.close()
        answer(source, says)
    for line in says.getvalue().splitlines():
        told.take(line)
    return told.report


def test_who_answers_tells_what_became_of_it(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    report = answered(cache)
    assert report is not None
    assert (states(report), report.is_interrupted) == ({head: State.REMOVED}, False)
    assert left(cache) == {"http-v2/"}


def test_who_answers_tells_how_far_it_is(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    far: list[tuple[int, int | None]] = []
    answered(cache, told=told_of(cache, progress=lambda *so_far: far.append(so_far)))
    assert (far[0], far[-1]) == ((0, 1), (1, 1))


def test_who_answers_does_not_tell_a_plan_that_is_known(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    plan = planned(cache)
    report = answered(cache, told=told_of(cache, plan=plan))
    assert report is not None
    assert report.plan is plan
    assert states(report) == {head: State.REMOVED}
    assert left(cache) == {"http-v2/"}


def test_who_answers_begins_nothing_once_who_asked_is_gone(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    report = answered(cache, is_to_stop=True)
    assert report is not None
    assert (states(report), report.is_interrupted) == ({}, True)
    assert left(cache) == {head, head + ".body"}


def test_who_answers_tells_what_it_refuses(cache: Cache, tmp_path: Path) -> None:
    gone = Cache(tmp_path / "gone")
    gone.path.rmdir()
    with pytest.raises(CacheBusyError):
        answered(cache, refuses=True)
    with pytest.raises(FileNotFoundError):
        answered(gone)


def test_who_answers_goes_on_if_nobody_hears(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    asked, asks = os.pipe()
    hears, says = os.pipe()
    os.close(hears)
    with open(asked, "rb") as source, open(asks, "wb") as task:
        pickle.dump((str(cache.path), False, partial(carry_out_here, cache)), task)
        task.flush()
        with open(says, "wb", buffering=0) as unheard:
            answer(source, unheard)
    assert left(cache) == {"http-v2/"}


def test_who_has_thousands_of_files_open_hears_too() -> None:
    import fcntl  # noqa: PLC0415 - not on Windows
    import resource  # noqa: PLC0415 - as above

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    hears, says = os.pipe()
    try:
        high = fcntl.fcntl(hears, fcntl.F_DUPFD, 2000)
        with _hearing(high) as heard:
            assert not heard.select(0)
            os.write(says, b"x")
            assert heard.select(0)
        os.close(high)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(hears)
        os.close(says)
