"""The document of a report: inert, small, complete; and its sums."""

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.catalog.results import CacheFacts
from pipcacheplus.model.values import (
    Area,
    CacheDir,
    Count,
    Entry,
    Finding,
    Group,
    Kind,
    Remedy,
    Severity,
    Shape,
    Source,
)
from pipcacheplus.plan.select import Selection
from pipcacheplus.render.report.data import EntryRows, inert
from pipcacheplus.render.report.document import MARK, document
from pipcacheplus.render.report.facts import summarize_facts, with_findings
from pipcacheplus.render.view import View
from tests.support.values import NUMPY, PAGE, SIX, a_file, a_finding, a_view, an_entry

EVIL = "</script><img src=x onerror=alert(1)>\u202e\u2028\udcff'\"&"
EVIL_ENTRY = an_entry(f"odd/{EVIL}", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN)
NOW_S = 1_795_219_200 + 3 * 86_400
ASSETS = files("pipcacheplus.render.report").joinpath("assets")


def facts(entries: Sequence[Entry], findings: Sequence[Finding] = (), **more: Any) -> CacheFacts:  # noqa: ANN401 - any field
    ordered = sorted(entries, key=lambda one: one.id)
    found = sorted(findings, key=lambda one: one.entry.id)
    totals: dict[tuple[Area, Kind], Count] = {}
    for one in ordered:
        count = Count(1, len(one.files), one.size, one.disk_size)
        totals[one.area, one.kind] = totals.get((one.area, one.kind), Count()).plus(count)
    where = CacheDir(path="/cache", source=Source.DEFAULT)
    return CacheFacts(cache=where, entries=ordered, findings=found, totals=totals, **more)


def a_report(found: CacheFacts, **more: Any) -> View:  # noqa: ANN401 - any field
    given = {"entries": found.entries, "findings": found.findings, "redundant": found.redundant, **more}
    return a_view("report", summary=summarize_facts(found, "atime", now_s=NOW_S), **given)


def text_of(view: View) -> str:
    return "".join(document(view))


def data_of(text: str) -> Any:  # noqa: ANN401 - JSON
    (found,) = re.findall(r'<script type="application/json" id="facts">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


def ids_of(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Put the ids of rows together, as the script of the report does."""
    found: list[str] = []
    for common, rest, *_ in rows:
        found.append((found[-1] if found else "")[:common] + rest)
    return found


class Seen(HTMLParser):
    """The elements and the text of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def test_a_report_is_ascii_and_known_by_its_beginning() -> None:
    text = text_of(a_report(facts([NUMPY, SIX, PAGE, EVIL_ENTRY], [a_finding(NUMPY)])))
    assert text.isascii()
    assert text.startswith(MARK)
    assert text.endswith("</html>")


def test_the_policy_names_the_digests_of_the_script_and_the_style_and_allows_nothing_else() -> None:
    seen = text_of(a_report(facts([NUMPY])))
    (script,) = re.findall(r"<script>(.*?)</script>", seen, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", seen, re.DOTALL)
    script_digest, style_digest = (
        f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in (script, style)
    )
    policies = [one["content"] for tag, one in Seen(seen).elements if one.get("http-equiv")]
    assert [policy.split("; ") for policy in map(str, policies)] == [
        [
            *("default-src 'none'", f"script-src {script_digest}", f"style-src {style_digest}"),
            *("img-src data:", "base-uri 'none'", "form-action 'none'"),
        ]
    ]


def test_names_are_never_markup() -> None:
    evil = a_finding(EVIL_ENTRY, message=EVIL, evidence=((EVIL, EVIL),))
    cache = CacheDir(path=f"/{EVIL}", source=Source.ARGUMENT)
    view = a_report(facts([NUMPY, EVIL_ENTRY], [evil]), cache=cache, warnings=(EVIL,))
    other = an_entry("odd/x", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN)
    found = facts([NUMPY, other], [a_finding(other, evidence=(("a", "b"),))])
    plain = Seen(text_of(a_report(found, warnings=("w",))))
    seen = Seen(text_of(view))
    assert [tag for tag, _ in seen.elements] == [tag for tag, _ in plain.elements]
    assert {name for _, attributes in seen.elements for name in attributes} == {
        name for _, attributes in plain.elements for name in attributes
    }
    assert not {"\u202e", "\u2028", "\udcff"} & set(seen.text)
    assert "<img src=x onerror=alert(1)>\\u202e\\u2028\\udcff" in seen.text


def test_nothing_in_a_report_points_anywhere_but_into_itself() -> None:
    for tag, attributes in Seen(text_of(a_report(facts([NUMPY, SIX, PAGE])))).elements:
        assert tag not in {"link", "img", "iframe", "base", "form", "object", "embed"}
        assert not {"src", "action", "style", "srcset", "data"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.text("<>&/!-script\u2028\u2029"),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=9,
    )
)
def test_data_is_inert_and_comes_back_as_it_was(value: Any) -> None:  # noqa: ANN401 - JSON
    text = inert(value)
    assert text.isascii()
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_each_entry_is_in_the_data_by_its_id() -> None:
    found = facts([NUMPY, SIX, PAGE])
    seen = data_of(text_of(a_report(found)))
    assert ids_of(seen["rows"]) == [one.id for one in found.entries]
    by_id = dict(zip(ids_of(seen["rows"]), seen["rows"], strict=True))
    _, _, project, version, kind, target, host, disk, written, used, reasons = by_id[SIX.id]
    assert (project, version, seen["kinds"][kind]) == ("six", "1.16.0", ["built-wheel", "built wheel"])
    assert (seen["targets"][target], host, disk, written, used, reasons) == (
        ["py2.py3 (cp311)", "py2.py3"], -1, 8192, NOW_S // 86_400 - 3, NOW_S // 86_400 - 2, 0,
    )  # fmt: skip


def wheels(count: int, *, disk_size: int = 8192) -> list[Entry]:
    """Make wheels as an index has them."""
    found = []
    for number in range(count):
        key = hashlib.sha224(str(number).encode()).hexdigest()
        id_ = "/".join(("http-v2", *key[:5], key))
        project, version = f"project-of-{number % 700}", f"1.{number % 40}.{number % 7}"
        found.append(
            an_entry(
                a_file(id_, 900), a_file(f"{id_}.body", 5000, disk_size=disk_size),
                project=project, version=version, filename=f"{project}-{version}-cp312-cp312-manylinux2014_x86_64.whl",
                tags=("cp312-cp312-manylinux2014_x86_64", "cp312-cp312-manylinux_2_17_x86_64"),
                url=f"https://files.example/packages/{key[:2]}/{key}/{project}-{version}.whl",
            )
        )  # fmt: skip
    return found


def test_ten_thousand_entries_take_less_than_2_mb() -> None:
    assert len(text_of(a_report(facts(wheels(10_000))))) < 2_000_000


def test_entries_beyond_those_that_are_listed_are_added_up_and_damage_is_listed_all_the_same() -> None:
    entries = [*wheels(300), *(an_entry(a_file(f"http-v2/big{n}", 1, disk_size=1 << 20)) for n in range(20))]
    found = facts(entries, [a_finding(entries[7])])
    (text,) = ["".join(EntryRows(a_report(found), max_rows=100).pieces())]
    seen = json.loads(text)
    listed = ids_of(seen["rows"])
    assert len(listed) in {100, 101}
    assert {f"http-v2/big{n}" for n in range(20)} | {entries[7].id} <= set(listed)
    rest = seen["rest"]
    assert len(listed) + sum(one[4] for one in rest) == len(entries)
    assert sum(row[7] for row in seen["rows"]) + sum(one[5] for one in rest) == sum(one.disk_size for one in entries)
    assert {one[0] for one in rest} <= {entry.project for entry in entries}


def test_sums_of_what_is_not_listed_do_not_fill_the_document() -> None:
    entries = [an_entry(a_file(f"http-v2/{n:06}", 1), project=f"p{n}") for n in range(9000)]
    seen = json.loads("".join(EntryRows(a_report(facts(entries)), max_rows=10).pieces()))
    assert len(seen["rest"]) <= 4001
    assert sum(one[4] for one in seen["rest"]) == 9000 - 10
    assert seen["rest"][-1][0] == 1


NAMES = st.one_of(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1),
    st.binary(min_size=1).map(lambda name: name.decode("utf-8", "surrogateescape")),
    st.text("ab*?[]+ :<>=~!'-/", min_size=1),
).filter(lambda name: name not in {".", ".."} and not {"/", "\0"} & set(name))


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(["wheels", "http", "selfcheck"]))
def test_a_word_selects_its_entry_alone_or_is_not_there(parts: list[str], area: str) -> None:
    id_ = "/".join((area, *parts))
    entry = an_entry(id_, area=Area.WHEELS, shape=Shape.BUILD, kind=Kind.LEFTOVER)
    others = [
        an_entry(f"{id_}x"),
        an_entry(f"{area}/x"),
        an_entry(f"x{id_}"),
        an_entry(f"{area}/{'a' * len(parts[0])}/b"),
    ]
    (row,) = json.loads("".join(EntryRows(a_report(facts([entry]))).pieces()))["rows"]
    if len(row) > 12 and row[12] == 0:
        return
    selection = Selection((id_,), cache_dir="/cache")
    assert selection.is_wanted(entry)
    # Nothing lies below a file.
    others = [one for one in others if one.id != id_ and not one.id.startswith(f"{id_}/")]
    assert not [one.id for one in others if selection.is_wanted(one)]


def test_what_no_pip_wrote_can_not_be_selected() -> None:
    foreign = an_entry("http-v2/mine", shape=Shape.FOREIGN, kind=Kind.FOREIGN)
    (row,) = json.loads("".join(EntryRows(a_report(facts([foreign]))).pieces()))["rows"]
    assert row[12] == 0


def test_an_entry_that_a_project_could_be_mistaken_for_is_selected_by_its_absolute_path() -> None:
    entry = an_entry("selfcheck.json", area=Area.SELFCHECK, shape=Shape.SELFCHECK, kind=Kind.SELFCHECK)
    (row,) = json.loads("".join(EntryRows(a_report(facts([entry]))).pieces()))["rows"]
    assert row[12] == "/cache/selfcheck.json"
    assert Selection(("/cache/selfcheck.json",), cache_dir="/cache").is_wanted(entry)


def test_the_command_is_the_one_that_the_program_was_started_by() -> None:
    repeated = {"--cache-dir": "--cache-dir '/my cache'", "--python": "--python cp311", "--no-catalog": "--no-catalog"}
    view = a_report(facts([NUMPY]), program="uvx pipcacheplus", repeated=repeated)
    assert data_of(text_of(view))["remove"] == ["uvx pipcacheplus remove ", " --cache-dir '/my cache'"]


def test_sums_by_reason_and_by_age_add_up() -> None:
    stale = a_finding(PAGE, group=Group.STALE, severity=Severity.WARNING, check="response-expired")
    unsafe = a_finding(PAGE, group=Group.UNSAFE, severity=Severity.WARNING, check="response-pickled")
    info = a_finding(SIX, group=Group.PARTIAL, severity=Severity.INFO, remedy=Remedy.NONE)
    folder = an_entry(area=Area.WHEELS, shape=Shape.EMPTY_DIRECTORY, kind=Kind.LEFTOVER, id="wheels/aa")
    empty = a_finding(folder, group=Group.PARTIAL, severity=Severity.WARNING)
    redundant = {"superseded": frozenset({NUMPY.id})}
    found = facts([NUMPY, SIX, PAGE], [a_finding(NUMPY), stale, unsafe, info, empty], redundant=redundant)
    summary: Any = summarize_facts(found, "atime", now_s=NOW_S)
    reasons = {
        name: (one["entries"], one["empty_directories"], one["option"]) for name, one in summary["reclaimable"].items()
    }
    assert reasons == {
        "corrupt": (1, 0, "corrupt"),
        "partial": (0, 1, "partial"),
        "stale": (1, 0, "stale"),
        "superseded": (1, 0, "superseded"),
        "unsafe": (1, 0, "unsafe"),
    }
    assert summary["reclaimable_at_all"]["entries"] == 2
    assert summary["reclaimable_at_all"]["disk_bytes"] == NUMPY.disk_size + PAGE.disk_size
    assert summary["damaged"] == 3
    for spans in (summary["by_age"], summary["by_last_use"]):
        assert sum(one["entries"] for one in spans.values()) == 3
        assert sum(one["disk_bytes"] for one in spans.values()) == summary["disk_bytes"]
    assert summary["by_age"]["within-7d"]["entries"] == 3


def test_entries_come_with_their_findings_whatever_lies_between_them() -> None:
    entries = [an_entry(f"http-v2/{name}") for name in "bdf"]
    findings = [a_finding(an_entry(f"http-v2/{name}")) for name in "aabccddg"]
    seen = [(entry.id[-1], len(found)) for entry, found in with_findings(entries, findings)]
    assert seen == [("a", 1), ("a", 1), ("b", 1), ("c", 1), ("c", 1), ("d", 2), ("f", 0), ("g", 1)]


def test_what_was_not_verified_is_said_with_the_command_that_verifies() -> None:
    text = Seen(text_of(a_report(facts([NUMPY], not_read_to_end=Count(1234, 1234, 4_900_000, 5_000_000))))).text
    assert "1,234 entries (5.0 MB) not read to the end" in text
    assert "python -m pipcacheplus verify" in text
    assert "Every file has been read to its end" in Seen(text_of(a_report(facts([NUMPY])))).text


def test_the_report_of_an_empty_cache_says_so() -> None:
    text = Seen(text_of(a_report(facts([])))).text
    assert "Nothing cached." in text
    assert "No damage was found." in text


def test_a_view_without_its_summary_is_written_all_the_same() -> None:
    assert "No damage was found." in Seen(text_of(a_view("report", entries=(NUMPY,)))).text


@pytest.mark.parametrize("name", ["d3.js", "report.js", "report.css", "report.html"])
def test_what_is_put_into_the_document_does_not_end_it(name: str) -> None:
    text = ASSETS.joinpath(name).read_text(encoding="ascii")
    if name != "report.html":
        assert not re.search(r"</?(?:script|style)|<!--", text, re.IGNORECASE)


def test_the_script_makes_no_markup_of_text_and_runs_no_text() -> None:
    text = ASSETS.joinpath("report.js").read_text(encoding="ascii")
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        'setTimeout("',
    ):
        assert word not in text
    assert not re.search(r"\.html\(", text)


def test_the_licence_of_the_charts_lies_beside_them_and_in_each_report() -> None:
    licence = ASSETS.joinpath("d3.LICENSE").read_text(encoding="utf-8")
    notice = "Permission to use, copy, modify, and/or distribute this software for any purpose"
    modules = re.findall(
        r"d3-[a-z-]+ \d+\.\d+\.\d+", ASSETS.joinpath("d3.js").read_text(encoding="ascii").partition("*/")[0]
    )
    assert len(modules) > 5
    assert all(module in licence for module in modules)
    assert notice in licence
    assert notice in text_of(a_report(facts([NUMPY])))


def test_findings_are_shown_errors_first_and_counted_beyond_many() -> None:
    entries = wheels(600)
    kinds = itertools.cycle((Severity.WARNING, Severity.ERROR))
    findings = [
        a_finding(one, severity=severity, group=Group.UNSAFE) for one, severity in zip(entries, kinds, strict=False)
    ]
    text = Seen(text_of(a_report(facts(entries, findings)))).text
    assert "And 100 findings more" in text
    assert text.index("warning project-of") > text.rindex("error project-of")
