"""Text in the log of a CI job: folded, no name in it is obeyed, and tables and values that hold any name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.values import Area, CacheDir, Group, Kind, Measure, Severity, Shape, Source, State
from pipcacheplus.render import human
from pipcacheplus.render.ci import FORMAT
from pipcacheplus.render.summary import summarize_findings, summarize_outcomes
from pipcacheplus.render.text.step_summary import markdown, outputs_of, step_summary
from pipcacheplus.render.text.workflow_commands import disarmed, workflow_command
from pipcacheplus.render.view import FailedCommand, Job, Service, View
from tests.support.values import NUMPY, PAGE, SIX, a_finding, a_view, an_entry, an_outcome

GITHUB = Job(Service.GITHUB, 1_795_219_200, 1_795_219_203)
GITLAB = GITHUB._replace(service=Service.GITLAB)
EVIL = an_entry("::add-mask::a|b`<img src=x>##[debug]\n::warning::x", area=Area.OTHER, shape=Shape.FOREIGN,
                kind=Kind.FOREIGN)  # fmt: skip
_REGISTERED = (
    "add-mask|add-matcher|debug|echo|endgroup|error|group|notice|save-state|set-env|set-output|stop-commands|warning"
)


def text(view: View, *, color: bool = False, form: str = "ci") -> str:
    pieces: list[str] = []
    (FORMAT if form == "ci" else human.FORMAT).render(view, pieces.append, width=None, color=color)
    return "".join(pieces)


def is_obeyed(line: str) -> bool:
    """Return whether the runner takes a line for a command; so its `TryParseV2` and `TryParse` read it."""
    return bool(
        re.match(rf"\s*::(?:{_REGISTERED})(?: .*?)?::", line)
        or re.search(rf"##\[(?:{_REGISTERED})(?: [^\]]*)?\]", line)
    )


def lines_of_reader(written: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", written)


def test_text_for_people_is_folded_on_github() -> None:
    view = a_view("list", entries=(NUMPY, PAGE, SIX))
    told = text(view._replace(job=GITHUB))
    assert told == f"::group::pipcacheplus list\n{text(view)}::endgroup::\n"
    assert text(view).startswith("PROJECT")


def test_text_for_people_is_folded_and_collapsed_on_gitlab() -> None:
    view = a_view("list", entries=(NUMPY, PAGE, SIX))
    first = "\x1b[0Ksection_start:1795219200:pipcacheplus_list_1795219200[collapsed=true]\r\x1b[0Kpipcacheplus list\n"
    last = "\x1b[0Ksection_end:1795219203:pipcacheplus_list_1795219200\r\x1b[0K\n"
    assert text(view._replace(job=GITLAB)) == first + text(view) + last


def test_without_a_service_it_is_text_for_people_without_colour() -> None:
    view = a_view("verify", findings=(a_finding(NUMPY),), warnings=("a",))
    assert text(view, color=True) == text(view, form="human")
    assert text(view, color=True, form="human") != text(view, form="human")
    assert not FORMAT.has_warnings(view)


@pytest.mark.parametrize("job", [GITHUB, GITLAB])
@pytest.mark.parametrize(
    "view",
    [a_view("dir"), a_view("shell-init", summary={"shell": "bash", "code": "pip() { :; }\n"})],
    ids=["dir", "shell-init"],
)
def test_a_value_for_a_shell_is_printed_as_it_is(view: View, job: Job) -> None:
    assert text(view._replace(job=job)) == text(view, form="human")


def test_a_line_that_breaks_off_ends_the_fold() -> None:
    written: list[str] = []

    def write(piece: str) -> None:
        written.append(piece)
        if len(written) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FORMAT.render(a_view("list", entries=(NUMPY,), job=GITHUB), write, width=None, color=False)
    assert written[-1] == "::endgroup::\n"


@pytest.mark.parametrize(
    "view",
    [
        a_view("list", entries=(EVIL,), verbosity=1),
        a_view("show", entries=(EVIL,)),
        a_view("verify", findings=(a_finding(EVIL, message="::error::x"),), verbosity=1),
        a_view("prune", outcomes=(an_outcome(EVIL, State.FAILED, "::x::", error="##[error]x"),), verbosity=1),
        a_view("purge", kept=(EVIL,), warnings=("::add-mask::x\n::warning::y", "##[add-mask]x")),
    ],
    ids=["list", "show", "verify", "prune", "purge"],
)
def test_no_name_is_obeyed_by_the_runner(view: View) -> None:
    told = lines_of_reader(text(view._replace(job=GITHUB)))
    obeyed = [line for line in told if is_obeyed(line)]
    assert obeyed[:2] == [f"::group::pipcacheplus {view.command}", "::endgroup::"]
    assert all(line.startswith("::warning title=pipcacheplus") for line in obeyed[2:])
    assert len(obeyed) - 2 == len(view.warnings) + len(view.findings)


@given(st.text(st.sampled_from(": \t\r\n\x0b\u00a0#[]a") | st.characters(), max_size=40))
def test_no_text_is_obeyed_once_it_is_disarmed(some: str) -> None:
    for line in lines_of_reader(disarmed(some)):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@given(st.text(), st.text())
def test_a_command_is_one_line_and_its_parts_can_be_read_back(data: str, title: str) -> None:
    line = workflow_command("warning", data, {"title": title})
    found = re.fullmatch(r"::warning title=([^:,\r\n]*)::([^\r\n]*)", line)
    assert found is not None
    escapes = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
    read = list(found.groups())
    for escape, char in escapes:
        read = [part.replace(escape, char) for part in read]
    assert read[0] == title
    assert data == found[2].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


@pytest.mark.parametrize(
    ("warnings", "errors", "shown", "more"),
    [(0, 0, 0, None), (3, 7, 10, None), (10, 1, 10, "1 more warning"), (12, 0, 10, "2 more warnings"),
     (1, 20, 10, "11 more warnings")],
)  # fmt: skip
def test_ten_warnings_are_shown_and_the_others_counted(
    warnings: int, errors: int, shown: int, more: str | None
) -> None:
    findings = [a_finding(an_entry(f"http-v2/{at}")) for at in range(errors)]
    findings.insert(0, a_finding(PAGE, group=Group.STALE, severity=Severity.WARNING))
    view = a_view("verify", findings=tuple(findings), warnings=tuple(f"w{at}" for at in range(warnings)), job=GITHUB)
    told = text(view).partition("::endgroup::\n")[2].splitlines()
    assert sum(line.startswith("::warning ") for line in told) == shown
    assert [line.rpartition("::")[2].partition(":")[0] for line in told[shown:]] == ([] if more is None else [more])


def test_an_entry_that_is_damaged_is_one_warning_however_much_is_wrong_with_it_as_the_verdict_counts() -> None:
    unreadable = a_finding(PAGE, severity=Severity.WARNING, message="cannot be read")
    findings = (a_finding(NUMPY, message="is cut"), a_finding(NUMPY, message="is another"), unreadable)
    told = text(a_view("verify", findings=findings, summary={"entries": 3}, job=GITHUB)).splitlines()
    assert told[1] == "2 damaged of 3 entries; nothing else is wrong"
    assert not any(line.startswith("::notice") for line in told)
    assert [line.rpartition("::")[2] for line in told if line.startswith("::warning ")] == [
        "numpy 2.1.0, wheel for cp312 on manylinux x86_64: is cut; is another",
        "numpy, index page: cannot be read",
    ]


def test_credentials_in_a_warning_are_cut() -> None:
    view = a_view("list", warnings=("https://me:secret@index.example/simple: gone",), job=GITHUB)
    assert "secret" not in text(view)


@pytest.mark.parametrize(("job", "shown"), [(GITHUB, 1), (GITLAB, 0), (None, 0)])
def test_a_failure_is_an_error_on_github_alone(job: Job | None, shown: int) -> None:
    written: list[str] = []
    assert FORMAT.render_failure is not None
    FORMAT.render_failure(FailedCommand("prune", "1.2", "a\n::b", None, job), written.append)
    assert written == ["::error title=pipcacheplus prune::a\\x0a::b\n"] * shown


def a_removal(**more: object) -> View:
    outcomes = (
        an_outcome(NUMPY, State.REMOVED, "body-digest-mismatch"),
        an_outcome(PAGE, State.FAILED, "response-expired"),
    )
    return a_view("prune", outcomes=outcomes, summary={**summarize_outcomes(outcomes, ()), "corrupt": 1}, **more)


def test_a_removal_is_summed_up_by_reason() -> None:
    assert step_summary(a_removal()) == (
        "### pipcacheplus prune\n\nCache: /cache\n\n"
        "| Reason | entries | files | freed |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| body digest mismatch | 1 | 2 | 8192 bytes |\n"
        "| response expired | 0 | 0 | 0 bytes |\n"
        "| all | 1 | 2 | 8192 bytes |\n"
        "| could not be removed | 1 |  |  |\n\n"
    ).replace("8192 bytes", "8.2 kB")


def rows(view: View) -> list[list[str]]:
    found = [line.strip("| ").split(" | ") for line in step_summary(view).splitlines() if line.startswith("| ")]
    return found[2:]


@pytest.mark.parametrize("is_dry_run", [False, True])
def test_a_removal_counts_directories_and_its_rows_add_up_to_all(*, is_dry_run: bool) -> None:
    state = State.PLANNED if is_dry_run else State.REMOVED
    outcomes = (
        an_outcome(NUMPY, state, "body-digest-mismatch", "response-expired", folders=2, folder_disk_size=8192),
        an_outcome(PAGE, state, "response-expired"),
    )
    summary = summarize_outcomes(outcomes, ())
    view = a_view("prune", outcomes=outcomes, summary=summary, is_dry_run=is_dry_run)
    assert (summary["disk_bytes"], summary["du_bytes"]) == (16_384, 24_576)
    assert rows(view) == [
        ["body digest mismatch", "1", "2", "16 kB"],
        ["response expired", "2", "4", "24 kB"],
        ["for several of these", "-1", "-2", "-16 kB"],
        ["all", "2", "4", "24 kB"],
    ]
    assert outputs_of(view)["bytes-freed"] == ("0" if is_dry_run else "24576")


@pytest.mark.parametrize(("measure", "freed"), [(Measure.AT_LEAST, "8192"), (Measure.EXACT, "12288")])
def test_directories_are_no_part_of_bytes_that_are_only_a_bound(measure: Measure, freed: str) -> None:
    outcomes = (an_outcome(NUMPY, State.REMOVED, "requested", folders=1, folder_disk_size=4096),)
    summary = {**summarize_outcomes(outcomes, ()), "disk_bytes_measure": measure.value}
    assert outputs_of(a_view("remove", outcomes=outcomes, summary=summary))["bytes-freed"] == freed


def test_what_is_in_the_trash_is_not_freed() -> None:
    outcomes = (an_outcome(NUMPY, State.TRASHED, "requested", moved=NUMPY.files),)
    view = a_view("remove", outcomes=outcomes, summary={**summarize_outcomes(outcomes, ()), "run": "20260101T000000Z"})
    assert "| Reason | entries | files | moved to the trash |" in step_summary(view)
    assert rows(view)[-1] == ["all", "1", "2", "8.2 kB"]
    assert outputs_of(view)["bytes-freed"] == "0"


def test_findings_are_summed_up_by_group_and_severity_and_the_first_that_are_damaged_named() -> None:
    findings = (a_finding(NUMPY), a_finding(PAGE, group=Group.STALE, severity=Severity.WARNING))
    summary = {"entries": 3, "disk_bytes": 4096, **summarize_findings(findings)}
    told = step_summary(a_view("verify", findings=findings, summary=summary)).splitlines()
    assert told[4:] == [
        "1 damaged, 1 stale of 3 entries",
        "",
        "| Findings | count |",
        "| --- | ---: |",
        "| corrupt | 1 |",
        "| stale | 1 |",
        "| of all, error | 1 |",
        "| of all, warning | 1 |",
        "| of all, info | 0 |",
        "| all, in 3 entries checked (4.1 kB) | 2 |",
        "",
        "| Damaged, the first | problem |",
        "| --- | --- |",
        "| numpy 2.1.0, wheel for cp312 on manylinux x86&#95;64 | content is not what the index published |",
        "",
    ]


def test_a_command_that_counts_nothing_has_no_table() -> None:
    assert step_summary(a_view("mark", summary={"mark": "mark", "at": None})) == ""
    assert step_summary(a_view("dir")) == ""


@given(st.text())
def test_no_text_ends_a_cell_or_begins_markup(some: str) -> None:
    assert re.fullmatch(r"(?:[^\x00-\x7f]|[A-Za-z0-9 .,/()-]|&#\d+;)*", markdown(some))


def test_values_for_later_steps_are_those_that_the_command_knows() -> None:
    assert outputs_of(a_view("mark")) == {"cache-dir": "/cache"}
    removal = {"bytes-freed": "8192", "removed-entries": "1", "corrupt-entries": "1"}
    assert outputs_of(a_removal()) == {"cache-dir": "/cache", **removal}
    findings = (a_finding(NUMPY), a_finding(NUMPY, check="archive-broken"), a_finding(PAGE, group=Group.STALE))
    verified = {"bytes-before": "9", "bytes-after": "9", "corrupt-entries": "1"}
    assert outputs_of(a_view("verify", findings=findings, summary={"disk_bytes": 9})) == {
        "cache-dir": "/cache",
        **verified,
    }
    off = CacheDir(path="", source=Source.ENVIRONMENT)
    assert outputs_of(a_view("mark", cache=off)) == {}


def test_a_dry_run_frees_nothing() -> None:
    outputs = outputs_of(a_removal(is_dry_run=True))
    assert (outputs["bytes-freed"], outputs["removed-entries"], outputs["corrupt-entries"]) == ("0", "0", "1")
