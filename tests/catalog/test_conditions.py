"""The condition of a check chooses every entry that the check objects to, and every entry that it cannot judge."""

from pathlib import Path

import pytest

from pipcacheplus.catalog.queries import Run, answered
from pipcacheplus.checks.base.check import Check, checks
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Checked
from tests.catalog.mixtures import BUILDS, mixed
from tests.support.requests import whole


@pytest.mark.parametrize("depth", [Depth.ENDS, Depth.WHOLE])
@pytest.mark.parametrize("build", sorted(BUILDS))
def test_what_the_conditions_choose_is_all_that_the_checks_object_to(tmp_path: Path, build: str, depth: Depth) -> None:
    cache = mixed(tmp_path, [build])
    put: tuple[Check, ...] = tuple(check for check in checks() if check.depth <= depth)

    def answer(run: Run) -> tuple[list[Checked], list[Checked]]:
        return list(run.checked()), list(run.objections())

    everything, chosen = answered(whole(cache, depth=depth, checks=put), answer, [])
    assert [one for one in everything if one.findings or one.is_unverifiable] == chosen
