"""Pips and pruners in any order, with stale plans, crashes and failures: what must hold after each step."""

import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from pipcacheplus.apply import entries, folders, run
from pipcacheplus.apply import files as leaving
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.values import Action, State
from pipcacheplus.plan import plan as planning
from tests.deletion.model import Machine
from tests.support.drill import IS_DRILL

pytestmark = pytest.mark.skipif(os.name == "nt", reason="directories have no descriptors there")

OFTEN = settings(
    max_examples=20_000 if IS_DRILL else 600,
    stateful_step_count=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_whatever_pips_and_pruners_do_in_turn_nothing_goes_that_should_stay() -> None:
    run_state_machine_as_test(Machine, settings=OFTEN)


def always(value: object) -> Callable[..., object]:
    return lambda *_arguments, **_named: value


def without_a_word(real: Callable[..., State]) -> Callable[..., State]:
    """Remove, and tell nobody."""

    def remove(*arguments: Any, **named: Any) -> State:  # noqa: ANN401 - as given
        state = real(*arguments, **named)
        removed = arguments[3]
        removed.files.clear()
        return state

    return remove


def whole_tree(cache: OpenCache, path: str, _system: object, _removed: object, *, must: bool, note: object) -> bool:
    shutil.rmtree(f"{cache.path}/{path}", ignore_errors=True)
    return True


def at_once(itself: Any, _at: int, action: Action) -> object:  # noqa: ANN401 - a class of the package's own
    return itself.remover.remove(action)


WRONGS: dict[str, tuple[object, str, object, str]] = {
    "takes what has changed": (leaving, "is_same", always(value=True), "others: "),
    "takes the head first": (planning, "_in_order", lambda entry: entry.files, "order: "),
    "tells nobody": (entries, "remove", without_a_word(leaving.remove), "report: "),
    "takes what is in use": (entries, "why_busy", always(None), "guard: "),
    "takes directories in use": (entries, "is_in_use", always(value=False), "guard: "),
    "takes whole directories": (folders, "_remove_folder", whole_tree, "(others|report): "),
    "does not wait": (run._Run, "_disarmed", at_once, "waits: "),
    "takes the origin of another": (entries.Remover, "_needed_by_others", always(()), "order: "),
}
"""What is patched, and what the machine says to it."""


@pytest.mark.parametrize("wrong", WRONGS)
def test_the_machine_would_notice(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    where, name, planted, says = WRONGS[wrong]
    monkeypatch.setattr(where, name, planted)
    with pytest.raises(AssertionError, match=f"^{says}"):
        run_state_machine_as_test(Machine, settings=settings(OFTEN, phases=[Phase.generate]))
