"""A command that is run within another one: what it writes comes back, and nothing of this process stays changed."""

import os
import signal
import sys
from types import FrameType

import pytest

from pipcacheplus.cli.base.captured import run_captured
from pipcacheplus.cli.base.signals import StoppedError, raising
from tests.support.builders import Cache


def test_what_it_writes_comes_back_with_its_exit_code(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    done = run_captured(["dir", "--cache-dir", str(cache.path)], {})
    assert (done.exit_code, done.lines) == (0, (str(cache.path),))
    done = run_captured(["list", "--cache-dir", str(cache.path / "absent")], {})
    assert done.exit_code == 10
    assert done.lines[0].startswith("ERROR: no cache directory at ")
    assert run_captured(["list", "--nonsense"], {}).exit_code == 2
    assert capsys.readouterr() == ("", "")


def test_it_is_laid_out_for_a_terminal_and_has_no_colours(cache: Cache) -> None:
    cache.built_wheel("demo", "1.0")
    done = run_captured(["list", "--cache-dir", str(cache.path)], {"FORCE_COLOR": "1", "COLUMNS": "200"})
    assert done.lines[0].split() == ["PROJECT", "VERSION", "KIND", "FOR", "SIZE", "USED", "ID"]
    assert max(map(len, done.lines)) <= 75
    assert "\x1b" not in "".join(done.lines)


def test_it_has_the_variables_that_are_given_and_this_process_has_its_own_again() -> None:
    before = dict(os.environ)
    streams = sys.stdout, sys.stderr
    assert run_captured(["dir"], {"PIP_CONFIG_FILE": os.devnull, "PIP_CACHE_DIR": "/elsewhere"}).lines == (
        "/elsewhere",
    )
    assert os.environ == before
    assert (sys.stdout, sys.stderr) == streams


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_ends_it_ends_what_it_is_part_of(number: signal.Signals) -> None:
    def interrupt(frame: FrameType, _event: str, _arg: object) -> None:
        if frame.f_code.co_name == "make_view":
            sys.setprofile(None)
            signal.raise_signal(number)

    before = dict(os.environ)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        sys.setprofile(interrupt)
        with raising(), pytest.raises(KeyboardInterrupt) as raised:
            run_captured(["dir"], {"PIP_CONFIG_FILE": os.devnull})
    finally:
        signal.signal(signal.SIGINT, handler)
    assert isinstance(raised.value, StoppedError) == (number is signal.SIGTERM)
    assert os.environ == before
