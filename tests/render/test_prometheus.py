"""Metrics for a text-file collector: a parser of others reads them, whatever the cache is called."""

import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipcacheplus.model.values import Count, Kind
from pipcacheplus.render import prometheus
from pipcacheplus.render.view import View
from tests.render.censuses import CACHE, WHEELS, a_view_of, census
from tests.support.values import a_view

EVIL = '/srv/"quoted"\\back\nslash} 1\n# TYPE x gauge\u202e'


def written(view: View) -> str:
    pieces: list[str] = []
    prometheus.FORMAT.render(view, pieces.append, width=None, color=False)
    return "".join(pieces)


def samples(document: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return the values by name and labels, without that of the cache."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for family in text_string_to_metric_families(document):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for sample in family.samples:
            labels = tuple(pair for pair in sample.labels.items() if pair[0] != "cache")
            assert (sample.name, labels) not in found
            found[sample.name, labels] = sample.value
    return found


def test_the_metrics_are_the_counts_of_the_summary() -> None:
    view = a_view_of(census(unread={Kind.RESPONSE: Count(7)}, lacking_end=Count(8)))
    found = samples(written(view))
    assert found["pipcacheplus_info", (("version", "1.2"),)] == 1
    assert found["pipcacheplus_cache_bytes", ()] == view.summary["du_bytes"] == 700_000
    assert found["pipcacheplus_entries", (("kind", "wheel"),)] == WHEELS.entries
    assert found["pipcacheplus_entries_bytes", (("kind", "wheel"),)] == WHEELS.disk_bytes
    assert found["pipcacheplus_reclaimable_bytes", (("reason", "incompatible"),)] == 45_000
    assert found["pipcacheplus_reclaimable_any_bytes", ()] == 180_000
    assert found["pipcacheplus_unread_entries", (("kind", "response"),)] == 7
    assert found["pipcacheplus_not_read_to_end_entries", ()] == 8
    assert found["pipcacheplus_problem_entries", ()] == 2
    assert found["pipcacheplus_last_use_entries", (("span", "within-90d"),)] == 9


@pytest.mark.parametrize("path", [EVIL, "/caf\xe9", "C:\\\\cache\\pip", ""])
def test_a_path_is_one_label_whatever_is_in_it(path: str) -> None:
    document = written(a_view_of(census(), cache=CACHE._replace(path=path)))
    assert document.endswith("\n")
    assert not re.search(r"\n\n|^\s", document)
    families = [*text_string_to_metric_families(document)]
    assert {sample.labels["cache"] for family in families for sample in family.samples} == {path}
    assert {family.name.partition("_")[0] for family in families} == {"pipcacheplus"}


def test_bytes_that_are_not_utf_8_are_spelt_out() -> None:
    document = written(a_view_of(census(), cache=CACHE._replace(path="/\udcff")))
    document.encode("utf-8")
    labels = {sample.labels["cache"] for one in text_string_to_metric_families(document) for sample in one.samples}
    assert labels == {"/\\udcff"}


def test_all_samples_of_a_metric_stand_together_behind_its_help_and_type() -> None:
    names = re.findall(r"^(?:# (HELP|TYPE) )?(pipcacheplus_\w+)", written(a_view_of(census())), re.MULTILINE)
    seen: list[str] = []
    for word, name in names:
        if word == "HELP":
            assert name not in seen
            seen.append(name)
        assert seen[-1] == name


def test_what_is_unknown_has_no_sample() -> None:
    summary: dict[str, Any] = {"du_bytes": None, "by_kind": {}}
    assert {name for name, _ in samples(written(a_view("info", summary=summary)))} == {"pipcacheplus_info"}
