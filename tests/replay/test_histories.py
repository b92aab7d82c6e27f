"""Whatever happens to a cache, whoever asks, in whatever order: what is remembered makes no difference."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.replay.held import Held
from tests.replay.histories import Machine
from tests.support.drill import IS_DRILL

OFTEN = settings(
    max_examples=1500 if IS_DRILL else 20,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held | None]:
    """Return where runs are held and killed, if this system has what it takes."""
    if sys.platform != "linux":
        yield None
        return
    with Held(tmp_path_factory.mktemp("state")) as process:
        yield process


def test_whatever_happens_what_is_remembered_makes_no_difference(held: Held | None) -> None:
    class WithHeld(Machine):
        """Another class each time: hypothesis keeps what it learns of one."""

    WithHeld.held = held
    run_state_machine_as_test(WithHeld, settings=OFTEN)
