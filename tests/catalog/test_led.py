"""A page that links a redirect publishes a digest of what the redirect leads to."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.model.values import Severity
from pipcacheplus.pips.redirects import MAX_REDIRECTS
from tests.support.asking import Asker, question
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers, page_headers, tree

NAME = "demo-1.0.zip"
CONTENT = b"the file that the redirects lead to"
RIGHT, WRONG = (hashlib.sha256(text).hexdigest() for text in (CONTENT, b"another"))
MIRROR = "https://mirror.example/simple/"
MISMATCH = "body-digest-mismatch"
REPLACED = "download-replaced"


def url(number: int) -> str:
    return f"{FILE_URL}/{number}/{NAME}"


def redirect(cache: Cache, start: int, to: int, *, is_old: bool = False, status: int = 301) -> str:
    return (cache.http if is_old else cache.http_v2)(url(start), status=status, headers={"Location": url(to)})


def body(cache: Cache, number: int, *, is_old: bool = False) -> str:
    headers = file_headers(CONTENT) | {"ETag": 'W/"x"'}
    return (cache.http if is_old else cache.http_v2)(url(number), CONTENT, headers=headers)


def publish(cache: Cache, number: int, digest: str, *, index: str = INDEX_URL, age_s: int = 0) -> str:
    page = f'<title>Links for demo</title><a href="{url(number)}#sha256={digest}">demo</a>'.encode()
    headers = page_headers(page, content_type="text/html", age_s=age_s)
    return cache.http_v2(f"{index}demo/", page, headers=headers)


def errors(cache: Cache) -> set[tuple[str, str]]:
    found = PipCache(cache.path).verify(remembers=False).findings
    return {(one.check, one.entry.id) for one in found if one.severity is Severity.ERROR}


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("status", [301, 308])
@pytest.mark.parametrize("count", [1, 2, MAX_REDIRECTS])
def test_a_file_behind_redirects_is_held_against_what_the_page_publishes(
    cache: Cache, count: int, status: int, *, is_old: bool
) -> None:
    for number in range(count):
        redirect(cache, number, number + 1, is_old=is_old, status=status)
    file = body(cache, count, is_old=is_old)
    publish(cache, 0, RIGHT)
    assert errors(cache) == set()
    publish(cache, 0, WRONG)
    assert errors(cache) == {(MISMATCH, file)}


def test_the_page_proves_a_file_that_nothing_else_proves(cache: Cache) -> None:
    redirect(cache, 0, 1)
    file = body(cache, 1)
    assert PipCache(cache.path).inspect(file, remembers=False).evidence[file]["proof"] is None
    publish(cache, 0, RIGHT)
    assert PipCache(cache.path).inspect(file, remembers=False).evidence[file]["proof"] == "index-page"


def test_a_file_that_more_redirects_lead_to_than_pip_follows_is_not_compared(cache: Cache) -> None:
    for number in range(MAX_REDIRECTS + 1):
        redirect(cache, number, number + 1)
    body(cache, MAX_REDIRECTS + 1)
    publish(cache, 0, WRONG)
    assert MISMATCH not in {check for check, _ in errors(cache)}


@pytest.mark.parametrize("is_old", [False, True])
def test_a_pip_that_uses_another_area_does_not_follow_the_redirect(cache: Cache, *, is_old: bool) -> None:
    redirect(cache, 0, 1, is_old=is_old)
    body(cache, 1, is_old=not is_old)
    publish(cache, 0, WRONG)
    assert errors(cache) == set()


def test_a_redirect_for_now_leads_nowhere(cache: Cache) -> None:
    redirect(cache, 0, 1, status=302)
    body(cache, 1)
    publish(cache, 0, WRONG)
    assert errors(cache) == set()


@pytest.mark.parametrize(
    ("linked", "linked_directly", "is_replaced"), [(RIGHT, WRONG, True), (WRONG, RIGHT, False)], ids=["wrong", "right"]
)
def test_of_pages_that_link_the_file_and_the_redirect_the_newest_decides(
    cache: Cache, linked: str, linked_directly: str, *, is_replaced: bool
) -> None:
    redirect(cache, 0, 1)
    file = body(cache, 1)
    publish(cache, 0, linked, index=MIRROR, age_s=DAY_S)
    publish(cache, 1, linked_directly)
    found = {one.check for one in PipCache(cache.path).verify(remembers=False).findings if one.entry.id == file}
    assert found == ({REPLACED, "pages-disagree"} if is_replaced else {"pages-disagree"})


def test_a_file_to_which_many_redirects_lead_is_compared_with_each_of_their_pages(cache: Cache) -> None:
    for number in range(1, 40):
        redirect(cache, number, 0)
        publish(cache, number, RIGHT, index=f"https://mirror-{number}.example/simple/")
    file = body(cache, 0)
    assert errors(cache) == set()
    publish(cache, 17, WRONG, index="https://mirror-17.example/simple/", age_s=-DAY_S)
    assert errors(cache) == {(REPLACED, file)}


STEPS: dict[str, Callable[[Cache], object]] = {
    "first redirect": lambda cache: redirect(cache, 0, 1),
    "second redirect": lambda cache: redirect(cache, 1, 2),
    "file": lambda cache: body(cache, 2),
    "page": lambda cache: publish(cache, 0, WRONG),
    "the second redirect leads elsewhere": lambda cache: redirect(cache, 1, 3),
    "the page is right": lambda cache: publish(cache, 0, RIGHT),
    "the first redirect leads there": lambda cache: redirect(cache, 0, 2),
}


@pytest.mark.parametrize("seed", range(12))
def test_what_is_remembered_makes_no_difference_in_whatever_order_things_come(
    cache: Cache, folder: Path, seed: int
) -> None:
    asker = Asker(cache.path, folder / "state")
    cache.directory("http-v2")
    order = list(STEPS.values()) * 2
    random.Random(seed).shuffle(order)  # noqa: S311 - the same in each run
    for step in order:
        step(cache)
        for what in ("verify", "scan"):
            assert asker.ask(question(what)) == asker.ask_anew(question(what))


def test_what_goes_is_the_file_alone(cache: Cache) -> None:
    kept = {redirect(cache, 0, 1), redirect(cache, 1, 2), publish(cache, 0, WRONG)}
    file = body(cache, 2)
    own = PipCache(cache.path)
    plan = own.plan(corrupt=True)
    assert {action.entry.id for action in plan.actions} == {file}
    own.apply(plan)
    left = tree(cache.path)
    assert {path for path in kept if path in left} == kept
    assert not any(path.startswith(file) for path in left)
