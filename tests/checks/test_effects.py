"""What pip does with each damage, by its version and by where the entry lies: what real pips were seen to do."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from pipcacheplus.catalog.queries import run_query
from pipcacheplus.checks.base.builds import Builds
from pipcacheplus.checks.base.check import checks
from tests.checks.damages import (
    URL,
    built,
    built_elsewhere,
    changed,
    disagreeing,
    flipped,
    garbage,
    half,
    longer,
    metadata_of_another,
    misnamed,
    new,
    new_head,
    not_as_recorded,
    nothing,
    old,
    old_entry,
    page_cut,
    source_replaced,
    wheel,
    with_other_metadata,
    zlib_flipped,
)
from tests.checks.objections import CONTEXT
from tests.support.builders import INDEX_URL, Cache, leaf
from tests.support.builds import CP311
from tests.support.requests import whole

FAILS = "fails at every install until it is removed"
AGAIN = "downloads it again"
NEVER = "never reads it"
IGNORES = "ignores it"
TRACEBACK = "ends with a traceback at every install until it is removed"
FETCHES = "fetches what is missing"
DEPENDENCIES = "uses the dependencies that it names"
COMPARES = "fails if it names other dependencies than the wheel"
UNSEEN = "installs it if the index serves JSON, and fails if not"
INCONSISTENT = "fails or ignores that version, until it is removed"
OTHER_PAGE = "fails at every install through a page that publishes another digest"
ASKS = "asks the index again"
PAGE = "fails or misses files, until it is removed or the index changes the page"

BEFORE_10 = "6.1.1 8.1.2 9.0.3"
TO_22_2 = "10.0.1 20.3.4 22.2.2"
TO_23_2 = f"{TO_22_2} 22.3.1 23.2.1"
SINCE_23_3 = "23.3 24.0 25.0.1 25.1.1 25.2 25.3 26.3"
"""Versions of pip, as those in the tables."""

DAMAGES: dict[str, tuple[str, Callable[[Cache], object], dict[str, str]]] = {
    "http-v2, metadata of another project than the wheel's": (
        "metadata-mismatch",
        metadata_of_another,
        {f"{BEFORE_10} {TO_23_2}": NEVER, SINCE_23_3: INCONSISTENT},
    ),
    "http, other metadata than in the wheel": (
        "metadata-mismatch",
        partial(with_other_metadata, is_old=True),
        {BEFORE_10: AGAIN, f"{TO_22_2} {SINCE_23_3}": NEVER, "22.3 23.2.1": DEPENDENCIES},
    ),
    "http-v2, other metadata than in the wheel": (
        "metadata-mismatch",
        partial(with_other_metadata, is_old=False),
        {f"{BEFORE_10} {TO_23_2}": NEVER, SINCE_23_3.removesuffix(" 26.3"): DEPENDENCIES, "26.3": COMPARES},
    ),
    "http, cc=2, byte flipped": (
        "body-digest-mismatch",
        old(2, flipped),
        {"6.0.6": AGAIN, f"6.0.7 {BEFORE_10} {TO_22_2} 23.0 23.2.1": FAILS, "22.3 22.3.1": UNSEEN, SINCE_23_3: NEVER},
    ),
    "http, cc=4, byte flipped": (
        "body-digest-mismatch",
        old(4, flipped),
        {f"6.0.6 {BEFORE_10}": AGAIN, f"{TO_22_2} 23.0 23.2.1": FAILS, "22.3 22.3.1": UNSEEN, SINCE_23_3: NEVER},
    ),
    "http-v2, byte flipped": (
        "body-digest-mismatch",
        new(flipped),
        {f"{BEFORE_10} {TO_23_2}": NEVER, SINCE_23_3: FAILS},
    ),
    "http, pages that disagree": (
        "pages-disagree",
        partial(disagreeing, is_old=True),
        {BEFORE_10: AGAIN, TO_23_2: OTHER_PAGE, SINCE_23_3: NEVER},
    ),
    "http-v2, pages that disagree": (
        "pages-disagree",
        partial(disagreeing, is_old=False),
        {f"{BEFORE_10} {TO_23_2}": NEVER, SINCE_23_3: OTHER_PAGE},
    ),
    "http, file replaced": (
        "download-replaced",
        partial(disagreeing, is_old=True, is_replaced=True),
        {BEFORE_10: AGAIN, f"{TO_22_2} 23.0 23.2.1": FAILS, "22.3 22.3.1": UNSEEN, SINCE_23_3: NEVER},
    ),
    "http-v2, file replaced": (
        "download-replaced",
        partial(disagreeing, is_old=False, is_replaced=True),
        {f"{BEFORE_10} {TO_23_2}": NEVER, SINCE_23_3: FAILS},
    ),
    "http-v2, redirect of a file to itself": (
        "redirect-circle",
        lambda cache: cache.http_v2(URL, status=301, headers={"Location": URL}),
        {f"{BEFORE_10} {TO_23_2}": NEVER, SINCE_23_3: FAILS},
    ),
    "http, redirect of a file to itself": (
        "redirect-circle",
        lambda cache: cache.http(URL, status=301, headers={"Location": URL}),
        {BEFORE_10: AGAIN, TO_23_2: FAILS, SINCE_23_3: NEVER},
    ),
    "http-v2, redirect of a page to itself": (
        "redirect-circle",
        lambda cache: cache.http_v2(INDEX_URL, status=301, headers={"Location": INDEX_URL}),
        {f"{BEFORE_10} {TO_23_2}": NEVER, "23.3 24.0 26.1.2": ASKS, "26.2 26.3": FAILS},
    ),
    "http, redirect of a page to itself": (
        "redirect-circle",
        lambda cache: cache.http(INDEX_URL, cc=2, status=301, headers={"Location": INDEX_URL}),
        {"9.0.3 10.0.1 18.0": FAILS, "18.1 20.3.4 23.2.1": ASKS, SINCE_23_3: NEVER},
    ),
    "http, archive with a byte flipped": (
        "archive-broken",
        old(4, flipped),
        {BEFORE_10: AGAIN, TO_23_2: FAILS, SINCE_23_3: NEVER},
    ),
    "http-v2, archive with a byte flipped": ("archive-broken", new(flipped), {TO_23_2: NEVER, SINCE_23_3: FAILS}),
    "http-v2, wheel with another module than in RECORD": (
        "archive-broken",
        lambda cache: cache.http_v2(URL, changed(wheel(cache))),
        {TO_23_2: NEVER, SINCE_23_3: "installs it unchecked"},
    ),
    **{
        f"http-v2, body {name} ({slug})": (
            slug,
            new(change),
            {f"{BEFORE_10} {TO_23_2}": NEVER, "23.3 24.0 25.0.1 25.1.1": FAILS, "25.2 25.3 26.3": FETCHES},
        )
        for name, change in (("cut in half", half), ("empty", nothing))
        for slug in ("archive-broken", "body-digest-mismatch", "body-length-mismatch")
    },
    "http-v2, body too long": ("body-length-mismatch", new(longer), {TO_23_2: NEVER, SINCE_23_3: FAILS}),
    "http, body too long": (
        "body-length-mismatch",
        old(4, longer),
        {BEFORE_10: AGAIN, f"{TO_22_2} 23.0 23.2.1": FAILS, "22.3 22.3.1": UNSEEN, SINCE_23_3: NEVER},
    ),
    "http, body cut in half": (
        "body-length-mismatch",
        old(4, half),
        {BEFORE_10: AGAIN, TO_23_2: FAILS, SINCE_23_3: NEVER},
    ),
    "http-v2, body missing": (
        "http-body-missing",
        lambda cache: cache.http_v2(URL, has_body=False),
        {TO_23_2: NEVER, "23.3 23.3.0": FAILS, "23.3.1 24.0 25.3 26.3": AGAIN},
    ),
    "http-v2, head missing": (
        "http-head-missing",
        lambda cache: cache.http_v2(URL, b"body", has_head=False),
        {TO_23_2: NEVER, SINCE_23_3: "ignores it, until a new metadata file is written beside it"},
    ),
    "http, cc=2, entry cut in half": (
        "head-unreadable",
        old_entry(2, half),
        {"6.0.6": AGAIN, f"6.0.7 {BEFORE_10}": TRACEBACK, TO_23_2: AGAIN, SINCE_23_3: NEVER},
    ),
    "http, cc=2, packed byte flipped": (
        "head-unreadable",
        old_entry(2, zlib_flipped),
        {"6.0.6": AGAIN, f"6.0.7 {BEFORE_10}": TRACEBACK, TO_23_2: AGAIN, SINCE_23_3: NEVER},
    ),
    "http, cc=1, pickle cut off": (
        "head-unreadable",
        lambda cache: cache.write(cache.http(URL), b"cc=1,\x80\x02}q\x00("),
        {f"6.0 6.0.6 {BEFORE_10} {TO_23_2}": TRACEBACK, SINCE_23_3: NEVER},
    ),
    **{
        f"http, cc=4, {name}": (
            "head-unreadable",
            old_entry(4, change),
            {f"{BEFORE_10} {TO_23_2}": AGAIN, SINCE_23_3: NEVER},
        )
        for name, change in (
            ("entry cut short", lambda content: content[:20]),
            ("empty file", nothing),
            ("garbage", garbage),
            ("trailing bytes", longer),
            ("unknown format", lambda content: b"cc=9" + content[4:]),
        )
    },
    **{
        f"http-v2, {name}": ("head-unreadable", new_head(change), {f"{BEFORE_10} {TO_23_2}": NEVER, SINCE_23_3: AGAIN})
        for name, change in (
            ("head cut in half", half),
            ("empty head", nothing),
            ("garbage", garbage),
            ("trailing bytes", longer),
            ("unknown format", lambda content: b"cc=9" + content[4:]),
        )
    },
    "http, cc=1": (
        "response-pickled",
        lambda cache: cache.http(URL, b"x", cc=1),
        {f"6.0 6.0.6 {BEFORE_10} {TO_23_2}": "runs the functions that it names", SINCE_23_3: NEVER},
    ),
    "http, page cut in half": (
        "page-broken",
        page_cut(is_old=True),
        {BEFORE_10: AGAIN, TO_23_2: PAGE, SINCE_23_3: NEVER},
    ),
    "http-v2, page cut in half": ("page-broken", page_cut(is_old=False), {TO_23_2: NEVER, SINCE_23_3: PAGE}),
    "http-v2, page too short": ("body-length-mismatch", page_cut(is_old=False), {TO_23_2: NEVER, SINCE_23_3: PAGE}),
    "http-v2, metadata garbled": (
        "page-broken",
        lambda cache: cache.http_v2(f"{URL}.metadata", b"Metadata-Version: 2.1\nName: demo\n\n"),
        {TO_23_2: NEVER, SINCE_23_3: FAILS},
    ),
    "http, temporary": (
        "temporary-left",
        lambda cache: cache.temporary(cache.http(URL)),
        {TO_23_2: IGNORES, SINCE_23_3: NEVER},
    ),
    "http-v2, temporary": (
        "temporary-left",
        lambda cache: cache.temporary(cache.http_v2(URL)),
        {TO_23_2: NEVER, SINCE_23_3: IGNORES},
    ),
    "http, lock": (
        "lock-left",
        lambda cache: cache.lock_directory(cache.http(URL), host="here", pid=1),
        {f"{BEFORE_10} 10.0.1 19.2.3": "waits for it without end", "19.3 20.3.4 23.2.1": IGNORES, SINCE_23_3: NEVER},
    ),
    "wheels, half": (
        "built-wheel-broken",
        built(half),
        {"6.1.1 9.0.3 19.3.1": NEVER, f"20.0.2 23.2.1 {SINCE_23_3}": FAILS},
    ),
    "wheels, empty": ("built-wheel-broken", built(nothing), {"19.3.1": NEVER, f"20.0.2 23.2.1 {SINCE_23_3}": FAILS}),
    "wheels, not as RECORD says": (
        "built-wheel-broken",
        not_as_recorded,
        {"19.3.1": NEVER, f"20.0.2 23.2.1 {SINCE_23_3}": "installs what is damaged"},
    ),
    "wheels, old key, half": (
        "built-wheel-broken",
        built(half, None),
        {"6.1.1": NEVER, "7.0 9.0.3 19.3.1 20.3.4": FAILS, f"21.0 23.2.1 {SINCE_23_3}": NEVER},
    ),
    "wheels, another project": (
        "built-wheel-misnamed",
        misnamed("other", "1.0"),
        {"19.3.1": NEVER, f"20.0.2 20.2.4 20.3.4 {SINCE_23_3}": FAILS},
    ),
    "wheels, another version": (
        "built-wheel-misnamed",
        misnamed("demo", "2.0"),
        {
            "19.3.1": NEVER,
            "20.0.2 20.2.4": "installs it by its file name",
            f"20.3 20.3.4 {SINCE_23_3}": "ignores that version",
        },
    ),
    "wheels, from a directory": (
        "built-wheel-from-directory",
        lambda cache: cache.built_wheel(
            "demo", url="file:///src/demo-1.0", origin={"url": "file:///src/demo-1.0", "dir_info": {}}
        ),
        {
            "22.2 25.3 26.1.2": "installs it again, although the source may have changed",
            "26.2 26.3": NEVER,
        },
    ),
    "wheels, source replaced, its key is made of the URL": (
        "built-wheel-source-changed",
        partial(source_replaced, is_published=False),
        {"19.3.1": NEVER, f"20.0.2 23.2.1 {SINCE_23_3}": "installs the old build instead of the source"},
    ),
    "wheels, source replaced, its key is made of a digest": (
        "built-wheel-source-changed",
        partial(source_replaced, is_published=True),
        {"19.3.1": NEVER, f"20.0.2 23.2.1 {SINCE_23_3}": "looks for it only where the old digest is published"},
    ),
    "wheels, for another machine": (
        "built-wheel-outdated",
        built_elsewhere,
        {"6.1.1 9.0.3 19.3.1": NEVER, f"20.0.2 23.2.1 {SINCE_23_3}": "installs it unchanged"},
    ),
    "wheels, build directory": (
        "build-directory-left",
        lambda cache: cache.build_directory(f"{leaf(URL)}/demo-1.0-py3-none-any.whl", b"half"),
        {"6.1.1": NEVER, f"7.0 9.0.3 {TO_23_2} {SINCE_23_3}": IGNORES},
    ),
}


def told(cache: Cache, slug: str, pips: tuple[str, ...]) -> set[object]:
    chosen = tuple(check for check in checks() if check.slug == slug)
    context = replace(CONTEXT, pips=pips, considered=(CP311,), builds=Builds())
    what = whole(cache, checks=chosen, context=context, index_urls=(INDEX_URL,))
    return {dict(finding.evidence).get("effect") for one in run_query(what, []) for finding in one.findings}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_each_pip_does_with_a_damage_is_told(cache: Cache, damage: str) -> None:
    slug, build, table = DAMAGES[damage]
    build(cache)
    for versions, does in table.items():
        # One clause without versions: all of them do the same.
        found = told(cache, slug, tuple(versions.split()))
        if does == NEVER and found != {NEVER}:
            (found_clause,) = found
            assert str(found_clause).endswith((" found here, does not read it", " found here, do not read it")), (
                versions
            )
        else:
            assert (versions, {does}) == (versions, found)


def test_everything_that_a_check_says_of_pip_is_in_the_table() -> None:
    listed = {(slug, does) for slug, _, table in DAMAGES.values() for does in table.values()}
    said = {(check.slug, row.text) for check in checks() for effects in check.effects for row in effects.rows}
    assert said - listed == set(), "DAMAGES needs a row for each of these"


def test_two_pips_that_do_different_things_are_told_apart(cache: Cache) -> None:
    new(half)(cache)
    assert told(cache, "body-length-mismatch", ("26.3", "24.0")) == {f"pip 24.0 {FAILS}, pip 26.3 {FETCHES}"}


def test_pips_that_the_cache_proves_are_told_of_too(cache: Cache) -> None:
    old(4, half)(cache)
    (alone,) = told(cache, "body-length-mismatch", ("19.3.1",))
    cache.http("https://files.example/pickled", b"x", cc=1)
    assert told(cache, "body-length-mismatch", ("6.0.8", "19.3.1")) == {f"pip 6.0.8 {AGAIN}, pip 19.3.1 {FAILS}"}
    (pickled,) = told(cache, "body-length-mismatch", ("19.3.1",))
    cache.http_v2("https://files.example/new", b"x")
    (both,) = told(cache, "body-length-mismatch", ("19.3.1",))
    assert alone == FAILS
    assert AGAIN in str(pickled)
    assert f"pip 23.3 and later {NEVER}" not in str(pickled)
    assert f"pip 23.3 and later {NEVER}" in str(both)


def test_without_any_pip_it_is_told_what_the_newest_do_and_since_when(cache: Cache) -> None:
    new(half)(cache)
    assert told(cache, "body-length-mismatch", ()) == {f"pip from 25.2 on {FETCHES}"}
