"""The check `redirect-circle`, and what redirects are called."""

from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.queries import run_query
from pipcacheplus.catalog.schema import FACTS
from pipcacheplus.checks.base.check import checks
from pipcacheplus.model.values import Checked, Finding, Kind
from pipcacheplus.pips.layout import page_key
from pipcacheplus.pips.redirects import MAX_REDIRECTS
from tests.checks.objections import CONTEXT
from tests.replay.caches import Runs
from tests.support.asking import Asker, question
from tests.support.builders import FILE_URL, INDEX_URL, Cache, page_headers
from tests.support.requests import whole

NAME = "demo-1.0-py3-none-any.whl"


def url(number: object) -> str:
    return f"{FILE_URL}/{number}/{NAME}"


def redirect(cache: Cache, start: str, to: str, *, status: int = 301, is_old: bool = False) -> str:
    return (cache.http if is_old else cache.http_v2)(start, status=status, headers={"Location": to})


def line(cache: Cache, count: int) -> list[str]:
    """Store redirects, each to the next; return the paths of their heads."""
    return [redirect(cache, url(number), url(number + 1)) for number in range(count)]


def found(cache: Cache) -> dict[str, Finding]:
    (check,) = [check for check in checks() if check.slug == "redirect-circle"]
    what = whole(cache, checks=(check,), context=CONTEXT, only_findings=True)
    return {one.entry.id: finding for one in run_query(what, []) for finding in one.findings}


def told(cache: Cache) -> dict[str, tuple[str, str, str]]:
    return {id_: (one.severity.value, one.remedy.value, one.message) for id_, one in found(cache).items()}


def of_circle(size: int) -> tuple[str, str, str]:
    return "error", "remove-if-asked", f"redirects form a circle of {size}"


@pytest.mark.parametrize("size", [1, 2, 3, MAX_REDIRECTS, MAX_REDIRECTS + 1, 50])
@pytest.mark.parametrize("status", [301, 308])
@pytest.mark.parametrize("is_old", [False, True])
def test_every_redirect_of_a_circle_is_an_error(cache: Cache, size: int, status: int, *, is_old: bool) -> None:
    paths = [
        redirect(cache, url(number), url((number + 1) % size), status=status, is_old=is_old) for number in range(size)
    ]
    assert told(cache) == dict.fromkeys(paths, of_circle(size))


def test_a_redirect_that_leads_to_a_circle_is_an_error_and_need_not_go(cache: Cache) -> None:
    first, second = redirect(cache, url("a"), url("b")), redirect(cache, url("b"), url(0))
    circle = [redirect(cache, url(0), url(1)), redirect(cache, url(1), url(0))]
    expected = "error", "none", "leads to redirects in a circle of 2"
    assert told(cache) == {**dict.fromkeys(circle, of_circle(2)), first: expected, second: expected}


def test_redirects_that_end_are_fine_up_to_the_number_that_pip_follows(cache: Cache) -> None:
    paths = line(cache, MAX_REDIRECTS)
    cache.http_v2(url(MAX_REDIRECTS), b"content")
    assert told(cache) == {}
    more = redirect(cache, url("more"), url(0))
    assert told(cache) == {more: ("error", "remove-if-asked", "leads to 30 more redirects, and pip follows 30")}
    assert more not in paths


def test_a_line_to_a_circle_goes_where_it_is_too_long_itself(cache: Cache) -> None:
    paths = line(cache, MAX_REDIRECTS + 2)
    circle = redirect(cache, url(MAX_REDIRECTS + 2), url(MAX_REDIRECTS + 2))
    remedies = {id_: one.remedy.value for id_, one in found(cache).items()}
    assert remedies == {
        circle: "remove-if-asked",
        **dict.fromkeys(paths[:2], "remove-if-asked"),
        **dict.fromkeys(paths[2:], "none"),
    }


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_redirect_for_now_is_none_that_pip_follows_out_of_its_cache(cache: Cache, status: int) -> None:
    redirect(cache, url(0), url(0), status=status)
    assert told(cache) == {}


def test_redirects_in_different_areas_form_no_circle(cache: Cache) -> None:
    redirect(cache, url(0), url(1), is_old=True)
    redirect(cache, url(1), url(0))
    assert told(cache) == {}


@pytest.mark.parametrize(
    ("location", "is_found"),
    [
        (url(0), True),
        (url(0).replace("files", "FILES"), False),  # pip 23.3 and later look for it just so, and have stored another
        (url(0) + "#fragment", False),
        (url(0).replace("demo", "%64emo"), True),
        (f"../0/{NAME}", True),
        (NAME, True),
        ("", False),
        ("http://[", False),
        ("/%zz", False),
    ],
)
def test_the_target_is_spelt_as_pip_spells_it(cache: Cache, location: str, *, is_found: bool) -> None:
    redirect(cache, url(0), location)
    body = f'<title>Links for demo</title><a href="{url(0)}">demo</a>'.encode()
    cache.http_v2(f"{INDEX_URL}demo/", body, headers=page_headers(body, content_type="text/html"))
    assert bool(told(cache)) is is_found


@pytest.mark.parametrize(
    "location", [url(0).replace("FILES", "files"), url(0).replace("files", "FILES"), url(0) + "#x"]
)
def test_pips_before_23_3_find_the_target_whatever_its_case_and_fragment(cache: Cache, location: str) -> None:
    redirect(cache, url(0), location, is_old=True)
    assert len(told(cache)) == 1


def test_where_a_relative_redirect_lies_has_to_be_known(cache: Cache) -> None:
    redirect(cache, url(0), NAME)
    assert told(cache) == {}


def test_status_and_target_are_evidence(cache: Cache) -> None:
    path = redirect(cache, url(0), url(0), status=308)
    evidence = dict(found(cache)[path].evidence)
    assert (evidence["status"], evidence["location"], evidence["circle"]) == (308, url(0), 1)


def _case(cache: Cache) -> tuple[str, str, str]:
    """Store a mirror that was set up wrongly: a page, and two redirects of its file that lead to each other."""
    name = "aa-1.0-py3-none-any.whl"
    top = INDEX_URL.removesuffix("/simple/")
    body = f"<!DOCTYPE html><a href='/a/{name}'>{name}</a>".encode()
    return (
        cache.http_v2(f"{INDEX_URL}aa/", body, headers=page_headers(body, content_type="text/html")),
        redirect(cache, f"{top}/a/{name}", f"/b/{name}"),
        redirect(cache, f"{top}/b/{name}", f"/a/{name}"),
    )


def test_page_and_redirects_are_called_as_the_file_that_they_lead_to(cache: Cache, tmp_path: Path) -> None:
    page, one, other = _case(cache)
    asker = Asker(cache.path, tmp_path / "state")
    for remembers in (False, True, True):
        entries = {entry.id: entry for entry in asker.ask(question("scan"), remembers=remembers).entries}
        assert {entry.project for entry in entries.values()} == {"aa"}
        assert (entries[one].version, entries[one].status, entries[one].location) == ("1.0", 301, _target("b"))
        assert (entries[other].kind, entries[other].location) == (Kind.REDIRECT, _target("a"))
        assert (entries[page].status, entries[page].location) == (None, None)
        selected = asker.ask(question("scan", "aa"), remembers=remembers).entries
        removed = asker.ask(question("plan_removal", "aa"), remembers=remembers).actions
        assert {entry.id for entry in selected} == {action.entry.id for action in removed} == {page, one, other}
        pruned = asker.ask(question("plan", corrupt=True), remembers=remembers).reasons
        assert pruned == dict.fromkeys((one, other), ("redirect-circle",))


def _target(folder: str) -> str:
    return f"/{folder}/aa-1.0-py3-none-any.whl"


def remembered(folder: Path, end: int) -> Runs:
    """Return runs over two redirects, of which the second leads to this one, and that have read them."""
    cache = Cache(folder / "cache")
    redirect(cache, url(0), url(1))
    redirect(cache, url(1), url(end))
    runs = Runs(cache, folder / "state")
    runs.with_catalog()
    return runs


def test_no_redirect_goes_on_what_is_remembered_of_those_behind_it(tmp_path: Path) -> None:
    line, circle = remembered(tmp_path / "line", 2), remembered(tmp_path / "circle", 0)
    names = ", ".join(FACTS)
    with circle.database() as database:
        rows = database.execute(f"SELECT {names}, id FROM entry").fetchall()  # noqa: S608 - our own words
    with line.database() as database:
        changes = ", ".join(f"{name} = ?" for name in FACTS)
        database.executemany(f"UPDATE entry SET {changes} WHERE id = ?", rows)  # noqa: S608 - as above
    assert "redirect-circle" in line.with_catalog().checks
    assert "redirect-circle" not in line.with_catalog(would_go=_would_go).checks
    assert "redirect-circle" in circle.with_catalog(would_go=_would_go).checks


def _would_go(one: Checked) -> bool:
    # As if the other were to be kept.
    return one.entry.id.endswith(page_key(url(0))) and bool(one.findings)


def test_a_target_is_told_without_its_credentials(cache: Cache) -> None:
    redirect(cache, url(0), "https://me:secret@files.example/x")
    (entry,) = PipCache(cache.path).scan(remembers=False).entries
    assert (entry.status, entry.location) == (301, "https://…@files.example/x")
