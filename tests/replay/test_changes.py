"""Whatever could make a difference is looked at, and what is found then is what is there."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipcacheplus.checks.base.check import DAY_S
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import entry_path, page_key
from pipcacheplus.plan.select import Selection
from tests.replay.caches import FILES, NAME, Found, Full, fill, page, plain, rewritten, rot
from tests.support.builders import INDEX_URL, NOW_S, Cache, page_headers
from tests.support.requests import NOW

NEW = entry_path(Area.HTTP_V2, page_key(FILES + "new"))
SPARE = entry_path(Area.HTTP_V2, page_key(FILES + "spare-1.0-py3-none-any.whl"))


def _add(full: Full) -> None:
    full.runs.cache.http_v2(FILES + "new", b"new", has_body=False)


def _add_spare(full: Full) -> None:
    full.runs.cache.http_v2(FILES + full.spare.name, full.spare.read_bytes())


def _remove(*which: str) -> Callable[[Full], None]:
    def change(full: Full) -> None:
        for head in which:
            for path in (getattr(full, head), getattr(full, head) + ".body"):
                full.runs.cache.real(path).unlink()

    return change


def _head(full: Full) -> None:
    full.runs.cache.http_v2(FILES + NAME, b"", headers=plain(b""), has_body=False, age_s=5)


def _origin(full: Full) -> None:
    path = full.built.rpartition("/")[0] + "/origin.json"
    rewritten(full.runs, path, b"{}" + b" " * (full.runs.cache.real(path).stat().st_size - 2))


def _page(full: Full) -> None:
    page(full.runs.cache, (NAME, b"something else"), serial=2)


def _discover(full: Full) -> None:
    """Store a page that names nothing, whose index follows from where its files lie."""
    body = f'<!DOCTYPE html><a href="../../packages/{NAME}#sha256={"0" * 64}">demo</a>'.encode()
    url = FILES.replace("/packages/", "/simple/demo/")
    full.runs.cache.http_v2(url, body, headers=page_headers(body, content_type="text/html"))


def _move(full: Full) -> None:
    for path in (full.wheel, full.wheel + ".body"):
        real = full.runs.cache.real(path)
        real.rename(real.with_name("aside"))
        shutil.copy2(real.with_name("aside"), real)
        real.with_name("aside").unlink()


def _context(**more: object) -> Callable[[Full], None]:
    def change(full: Full) -> None:
        full.runs.context = replace(full.runs.context, **more)  # type: ignore[arg-type] # any field

    return change


def _index(full: Full) -> None:
    full.runs.indexes = ()


CHANGES: dict[str, tuple[Callable[[Full], object], set[str]]] = {
    "an entry added": (_add, {"new"}),
    "an entry added that the page links to": (_add_spare, {"page", "spare"}),
    "an entry removed": (_remove("broken"), set()),
    "a foreign file": (lambda full: full.runs.cache.foreign("http-v2/notes"), set()),
    "a body, under its old time": (lambda full: rot(full.runs, full.wheel + ".body"), {"wheel"}),
    "a built wheel, under its old time": (lambda full: rot(full.runs, full.built), {"built"}),
    "a head": (_head, {"wheel"}),
    "an origin": (_origin, {"built"}),
    "an origin gone": (
        lambda full: full.runs.cache.real(full.built).parent.joinpath("origin.json").unlink(),
        {"built"},
    ),
    "a page": (_page, {"page", "wheel"}),
    "a page of an index that nobody names": (_discover, set()),
    "a page gone": (_remove("page"), {"wheel"}),
    "a page gone, and what it linked to": (_remove("page", "wheel"), set()),
    "a copy with the same times": (_move, {"wheel"}),
    "an empty directory": (lambda full: full.runs.cache.directory("wheels/0d"), set()),
    "an empty directory gone": (lambda full: full.runs.cache.real("wheels/0a/0b/0c").rmdir(), set()),
    "another index": (_index, set()),
    "other pythons": (_context(tags=frozenset({"cp27-cp27m-win32"}), interpreters=("cp27",)), set()),
    "other names of pythons": (_context(interpreters=("cp312",)), set()),
    "other pips": (_context(pips=("22.3",)), set()),
    "another grace period": (_context(min_age_s=30 * DAY_S), set()),
    "a clock set back": (_context(now_s=NOW_S - 1), set()),
    "a clock set back by ten days": (_context(now_s=NOW_S - 10 * DAY_S), set()),
    "nothing": (lambda _full: None, set()),
    "a second later": (_context(now_s=NOW_S + 1), set()),
    "a year later": (_context(now_s=NOW_S + 365 * DAY_S), set()),
}
"""Each with the entries that are read again for it."""


@pytest.mark.parametrize(("change", "is_read"), CHANGES.values(), ids=CHANGES)
def test_only_what_a_change_concerns_is_read_again_and_what_is_found_is_what_is_there(
    known: Full, change: Callable[[Full], object], is_read: set[str]
) -> None:
    change(known)
    expected = known.runs.without()
    found = known.runs.with_catalog()
    assert found.told == expected.told
    assert _of_entries(known, found) == is_read
    again = known.runs.with_catalog()
    assert again.told == expected.told
    assert again.opened == set()


def _of_entries(full: Full, found: Found) -> set[str]:
    """Return by which of these names the entries are known whose files were opened."""
    paths = {"page": full.page, "wheel": full.wheel, "other": full.other, "broken": full.broken, "new": NEW}
    paths |= {"spare": SPARE, "built": full.built}
    return {name for name, path in paths.items() if found.has_read(path) or found.has_read(path + ".body")}


def test_that_a_file_was_read_is_seen_without_reading_it(known: Full) -> None:
    known.runs.cache.real(known.wheel + ".body").read_bytes()
    found = known.runs.with_catalog()
    assert found.told == known.runs.without().told
    assert found.opened == set()


@pytest.mark.parametrize("seconds", [0, 0.5, 1])
def test_a_page_is_told_to_be_expired_as_soon_as_it_is(full: Full, seconds: float) -> None:
    page(full.runs.cache, age_s=0)
    until_s = NOW_S + 600
    for now_s in (NOW_S, until_s, until_s + seconds):
        full.runs.context = replace(NOW, now_s=now_s)
        found = full.runs.with_catalog()
        assert found.told == full.runs.without().told
        assert (now_s > until_s) == any(
            finding.entry.id == full.page for one in found.entries for finding in one.findings
        )


def test_a_page_is_told_to_be_older_than_asked_for_as_soon_as_it_is(full: Full) -> None:
    page(full.runs.cache, age_s=0)
    for now_s in (NOW_S + 100, NOW_S + 400):
        full.runs.context = replace(NOW, now_s=now_s, stale_age_s=300)
        assert full.runs.with_catalog().told == full.runs.without().told


@pytest.mark.parametrize("age_s", [3599, 3600, 10 * 3600, DAY_S - 1])
def test_what_was_young_is_told_again_only_until_it_is_old(full: Full, age_s: int) -> None:
    full.runs.cache.http_v2(FILES + "young", b"x", has_body=False, age_s=age_s)
    full.runs.cache.build_directory(full.built, b"half", name="tmpyoung_12", age_s=age_s)
    full.runs.cache.directory("wheels/0f", age_s=age_s)
    for later_s in (0, 0, 1, 2, 3600, DAY_S):
        full.runs.context = replace(NOW, now_s=NOW_S + later_s)
        assert full.runs.with_catalog().told == full.runs.without().told


def test_what_was_published_broken_is_unpacked_once_no_page_says_so_any_more(full: Full) -> None:
    published = ("demo-3.0-py3-none-any.whl", _body(full, full.broken))
    for files in ([published], [], [(published[0], b"else")], [published]):
        page(full.runs.cache, *files, serial=len(files))
        found = [full.runs.with_catalog(), full.runs.with_catalog()]
        assert [one.told for one in found] == [full.runs.without().told] * 2
        assert ("archive-broken" in found[0].checks) is (files != [published])


STEPS: dict[str, Callable[[Full, int], object]] = {
    "add": lambda full, n: full.runs.cache.http_v2(f"{FILES}{n}", b"new", has_body=n % 2 == 0),
    "old": lambda full, n: full.runs.cache.http(f"{FILES}old{n}", full.spare.read_bytes(), cc=1 + n % 2),
    "young": lambda full, n: full.runs.cache.http_v2(f"{FILES}y{n}", b"", has_body=False, age_s=n * 700),
    "remove": lambda full, n: _any_file(full, n).unlink(),
    "rot": lambda full, n: rot(full.runs, _relative(full, _any_file(full, n, min_size=40))),
    "cut": lambda full, n: rewritten(
        full.runs, path := _relative(full, _any_file(full, n)), full.runs.cache.real(path).read_bytes()[: n * 9]
    ),
    "published": lambda full, n: page(full.runs.cache, (NAME, _body(full, full.wheel)), serial=n, age_s=n),
    "published otherwise": lambda full, n: page(full.runs.cache, (NAME, b"else"), serial=n, age_s=n),
    "no digests": lambda full, n: page(full.runs.cache, serial=n, age_s=0),
    "of a broken one": lambda full, n: page(
        full.runs.cache, ("demo-3.0-py3-none-any.whl", _body(full, full.broken)), serial=n
    ),
    "directory": lambda full, n: full.runs.cache.directory(f"wheels/{n:02x}"),
    "origin": lambda full, n: full.runs.cache.write(
        full.built.rpartition("/")[0] + "/origin.json", b"{}" if n % 2 else b'{"url": "file:///x", "dir_info": {}}'
    ),
    "later": lambda full, n: _context(now_s=full.runs.context.now_s + 61 * n)(full),
    "earlier": lambda full, n: _context(now_s=full.runs.context.now_s - n * n)(full),
    "grace": lambda full, n: _context(min_age_s=1000.0 * n)(full),
    "tags": lambda full, n: _context(tags=frozenset({"py3-none-any"} if n % 2 else {"cp27-cp27m-win32"}))(full),
    "age": lambda full, n: _context(stale_age_s=60.0 * n if n % 2 else None)(full),
    "index": lambda full, n: setattr(full.runs, "indexes", (INDEX_URL,) if n % 2 else ()),
    "linked": lambda full, n: full.runs.cache.http_v2(
        FILES + full.spare.name, full.spare.read_bytes() if n % 2 else b"else", has_head=n != 3, has_body=n != 5
    ),
    "names": lambda full, _n: full.runs.with_catalog(depth=Depth.ENDS),
    "some": lambda full, n: full.runs.with_catalog(selection=Selection(("demo" if n % 2 else "kind:sdist",))),
    "deep": lambda full, _n: full.runs.with_catalog(is_deep=True),
    "nothing": lambda _full, _n: None,
}


def _any_file(full: Full, number: int, *, min_size: int = 0) -> Path:
    root = full.runs.cache.path
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size >= min_size)
    return files[number * 7 % len(files)]


def _relative(full: Full, path: Path) -> str:
    return path.relative_to(full.runs.cache.path).as_posix()


def _body(full: Full, head: str) -> bytes:
    path = full.runs.cache.real(head + ".body")
    return path.read_bytes() if path.exists() else b""


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 15)), min_size=1, max_size=8))
def test_whatever_happens_to_a_cache_a_catalog_changes_nothing_of_what_is_found(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("one")
    full = fill(Cache(folder / "cache"), folder / "scratch")
    full.runs.with_catalog()
    for step, number in steps:
        STEPS[step](full, number)
        expected = full.runs.without().told
        assert expected == full.runs.with_catalog().told
        assert expected == full.runs.with_catalog().told
