"""The terminal view, used by its keys and the mouse: what it shows, and what is left of the cache."""

import os
import shutil
import threading
from pathlib import Path

import pytest

pytest.importorskip("textual", reason="needs the extra tui")

from textual.pilot import Pilot

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.cli.browsing.dialogs import FileName, Question, Reader, Removal
from pipcacheplus.cli.browsing.job import ScreenJob
from pipcacheplus.cli.browsing.table import RowTable
from tests.cli.browsing.showing import browser_of, idle, screen, use, work_of
from tests.support import artefacts
from tests.support.asking import PRESENT_S, at
from tests.support.builders import DAY_S, INDEX_URL, NOW_S, Cache, file_headers, page_headers, tree


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with a large and a small wheel, a page that is stale, and a half that a pip may be writing."""
    large = artefacts.wheel(tmp_path, "large", "1.0", files={"large/data.bin": os.urandom(50_000)}).read_bytes()
    small = artefacts.wheel(tmp_path, "small", "2.0", files={"small/data.bin": os.urandom(20_000)}).read_bytes()
    head = cache.http_v2("https://files.example/large", large, headers=file_headers(large), age_s=9 * DAY_S)
    cache.http_v2("https://files.example/small", small, headers=file_headers(small), age_s=400 * DAY_S)
    page = b'{"meta": {"api-version": "1.0"}, "name": "small", "files": []}'
    cache.http_v2(f"{INDEX_URL}small/", page, headers=page_headers(page), age_s=30 * DAY_S)
    cache.built_wheel("built")
    cache.temporary(head, age_s=NOW_S - PRESENT_S + 60)
    return cache


def rows(text: str) -> list[str]:
    """Return the first cell of each row of the table, behind the sign of its mark."""
    lines = text.splitlines()[4:-2]
    return [line[3:].split("  ")[0] for line in lines if line.strip() and line != "Nothing matches."]


def marked(text: str) -> list[str]:
    return [line[3:].split("  ")[0] for line in text.splitlines()[4:-2] if line[:1] in {"*", "+"}]


def test_projects_are_listed_the_largest_first_and_opened_and_left_again(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        first = screen(pilot)
        assert rows(first) == ["large", "small", "built", "(no project)"]
        inside = await idle(pilot, "down", "enter")
        assert rows(inside) == ["small 2.0, wheel for py3", "small, index page"]
        assert "stale" in inside
        assert await idle(pilot, "escape") == first
        assert pilot.app.query_one(RowTable).cursor == 1

    use(browser_of(full), play)


def test_the_same_cache_is_walked_by_kind_reason_and_age(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        assert {*rows(await idle(pilot, "2"))} == {"wheel", "index page", "built wheel", "leftover"}
        assert "stale: past its lifetime" in await idle(pilot, "3")
        assert "used more than 365 days ago" in rows(await idle(pilot, "4"))
        assert len(rows(await idle(pilot, "5"))) == 5
        by_kind = await idle(pilot, "1", "down", "enter", "2")
        assert "small, by kind" in by_kind
        assert rows(by_kind) == ["wheel", "index page"]

    use(browser_of(full), play)


def test_rows_are_in_order_of_size_last_use_or_name(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        assert rows(screen(pilot))[0] == "large"
        assert rows(await idle(pilot, "s"))[0] == "small"
        assert "the longest unused first" in screen(pilot)
        assert rows(await idle(pilot, "5"))[0] == "small 2.0, wheel for py3"
        named = rows(await idle(pilot, "1", "s"))
        assert named == ["built", "large", "small", "(no project)"]

    use(browser_of(full), play)


def test_a_search_shows_what_contains_the_text_and_escape_shows_all_again(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        assert rows(await idle(pilot, "slash", "L", "A", "R", "enter")) == ["large"]
        assert len(rows(await idle(pilot, "escape"))) == 4
        assert rows(await idle(pilot, "5", "slash", *"index", "enter")) == []
        assert "Nothing matches." in screen(pilot)
        assert len(rows(await idle(pilot, "slash", "escape"))) == 5

    use(browser_of(full), play)


def test_marks_are_counted_and_stay_on_the_way(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        assert "Nothing marked" in screen(pilot)
        text = await idle(pilot, "down", "space")
        assert marked(text) == ["small"]
        assert "2 entries marked" in text
        assert marked(await idle(pilot, "up", "enter", "space", "escape")) == ["small"]
        assert screen(pilot).splitlines()[5].startswith("+")
        assert "1 entry marked" in screen(pilot)
        assert "5 entries marked" in await idle(pilot, "a")
        assert "Nothing marked" in await idle(pilot, "u")

    use(browser_of(full), play)


def test_why_says_what_would_remove_an_entry(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        text = await idle(pilot, "down", "enter", "down", "w")
        assert isinstance(pilot.app.screen, Reader)
        assert "small, index page" in text
        assert "prune --stale removes it" in " ".join(text.replace("│", " ").split())
        await idle(pilot, "escape")
        assert not isinstance(pilot.app.screen, Reader)

    use(browser_of(full), play)


def test_what_would_go_is_shown_with_what_keeps_the_rest(full: Cache) -> None:
    before = tree(full.path)

    async def play(pilot: Pilot[None]) -> None:
        text = await idle(pilot, "a", "x")
        assert isinstance(pilot.app.screen, Removal)
        assert "To remove: 3 entries (" in text
        assert ") in 6 files, and " in text
        assert "Kept by --keep large: 1 entry" in text
        assert "Kept by --min-age 1h: 1 entry" in text
        await idle(pilot, "escape")

    use(browser_of(full, "--keep", "large"), play)
    assert tree(full.path) == before


def test_a_lock_is_named_that_keeps_an_entry(full: Cache, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("large==1.0\n")

    async def play(pilot: Pilot[None]) -> None:
        assert "Kept by a lock or an environment" in await idle(pilot, "x")

    use(browser_of(full, "--keep-lock", str(lock)), play)


def test_a_plan_is_written_that_apply_carries_out(full: Cache, tmp_path: Path) -> None:
    before = tree(full.path)
    path = tmp_path / "new.json"

    async def play(pilot: Pilot[None]) -> None:
        await idle(pilot, "down", "space", "x", "s")
        assert isinstance(pilot.app.screen, FileName)
        text = await idle(pilot, "enter")
        assert "Saved. To carry it out: apply" in text

    browser = browser_of(full, plan_name=str(path))
    use(browser, play)
    assert tree(full.path) == before
    assert browser.saved == [str(path)]
    plan = PipCache(full.path).load_plan(str(path))
    assert sorted(action.entry.project or "" for action in plan.actions) == ["small", "small"]


def test_a_plan_overwrites_no_file(full: Cache, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text("mine")

    async def play(pilot: Pilot[None]) -> None:
        text = await idle(pilot, "x", "s", "enter")
        assert "mine.json" in "".join(text.replace("│", "").split())
        assert isinstance(pilot.app.screen, Reader)

    use(browser_of(full, plan_name=str(path)), play)
    assert path.read_text() == "mine"


def test_after_yes_what_was_marked_is_gone_and_the_rest_is_left(full: Cache) -> None:
    kept = {path for path in tree(full.path) if "http-v2" not in path}
    (large,) = (one.id for one in PipCache(full.path).entries("large"))

    async def play(pilot: Pilot[None]) -> None:
        text = await idle(pilot, "down", "space", "x", "r")
        assert isinstance(pilot.app.screen, Question)
        assert "Remove 2 entries (" in text
        text = await idle(pilot, "y")
        assert rows(text) == ["large", "built", "(no project)"]
        assert "Entries removed: 2, files: 4" in text
        assert "Nothing marked" in text

    browser = browser_of(full)
    use(browser, play)
    left = set(tree(full.path))
    assert kept <= left
    assert {large, large + ".body"} <= left
    assert not list(PipCache(full.path).entries("small"))
    assert [one.sums["entries"] for one in browser.removed] == [2]


@pytest.mark.parametrize("keys", [("enter",), ("n",), ("escape",), ("tab", "escape")], ids="-".join)
def test_any_answer_but_yes_leaves_everything(full: Cache, keys: tuple[str, ...]) -> None:
    before = tree(full.path)

    async def play(pilot: Pilot[None]) -> None:
        await idle(pilot, "a", "x", "r")
        assert isinstance(pilot.app.screen, Question)
        assert len(rows(await idle(pilot, *keys))) == 4

    browser = browser_of(full)
    use(browser, play)
    assert (tree(full.path), browser.removed) == (before, [])


def test_what_went_to_the_trash_comes_back(full: Cache) -> None:
    before = tree(full.path)

    async def play(pilot: Pilot[None]) -> None:
        assert "To the trash: " in await idle(pilot, "x", "t")
        await idle(pilot, "r", "y")

    use(browser_of(full), play)
    assert tree(full.path) != before
    PipCache(full.path).undo()
    assert tree(full.path) == before


def test_a_dry_run_offers_no_removal(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        text = await idle(pilot, "x")
        assert "s: Save a plan" in text
        assert "Remove" not in text
        await idle(pilot, "r")
        assert isinstance(pilot.app.screen, Removal)

    use(browser_of(full, may_remove=False), play)


def test_an_entry_that_changed_since_it_was_shown_stays_and_is_named(full: Cache) -> None:
    (large,) = (one.id for one in PipCache(full.path).entries("large"))

    async def play(pilot: Pilot[None]) -> None:
        await idle(pilot, "x", "r")
        full.real(large + ".body").write_bytes(b"another")
        assert "changed" in await idle(pilot, "y")

    use(browser_of(full), play)
    assert full.real(large + ".body").read_bytes() == b"another"


def test_damage_is_found_once_every_byte_is_read(full: Cache) -> None:
    (large,) = (one.id for one in PipCache(full.path).entries("large"))
    body = full.real(large + ".body")
    content = bytearray(body.read_bytes())
    content[len(content) // 2] ^= 1
    body.write_bytes(content)

    async def play(pilot: Pilot[None]) -> None:
        assert "corrupt" not in await idle(pilot, "3")
        text = await idle(pilot, "v")
        assert "corrupt: fails verification" in text
        assert "Verified." in text

    use(browser_of(full), play)


def test_names_are_shown_and_neither_obeyed_nor_taken_for_markup(cache: Cache, tmp_path: Path) -> None:
    name = "[bold red]evil[/bold red]\x1b[2J\u202egpj[@click=app.bell]x[/]"
    cache.foreign(name)
    cache.write(f"wheels/a/b/c/d/{'0' * 56}/{name}.whl", b"PK")
    content = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    url = f"https://h.example/[bold]demo[/bold]{name}-1.0-py3-none-any.whl"
    cache.http_v2(url, content, headers=file_headers(content))

    async def play(pilot: Pilot[None]) -> None:
        texts = [screen(pilot)]
        for key in "2345":
            texts += [await idle(pilot, key)]
        for row in range(3):
            texts += [await idle(pilot, "home", *["down"] * row, key) for key in ("w", "escape", "x", "escape")]
        texts += [await idle(pilot, "slash", "[", "b", "o"), await idle(pilot, "enter")]
        together = "\n".join(texts)
        assert "[bold red]evil[/bold red]\\x1b[2J\\u202egpj[@click=app.bell]x[/]" in together
        assert together.replace("\n", "").isprintable()

    use(browser_of(cache), play, width=200)


def test_a_name_that_reads_as_a_pattern_takes_nothing_that_was_not_marked(cache: Cache) -> None:
    built = cache.built_wheel("demo")
    pattern = cache.foreign(f"{built.rpartition('/')[0]}/*.whl")
    before = tree(cache.path)

    async def play(pilot: Pilot[None]) -> None:
        text = await idle(pilot, "5", "s", "s", "end", "x")
        assert "To remove: 0 entries" in text
        assert "Foreign, never removed: 1 file" in text
        assert "Remove" not in text

    use(browser_of(cache), play)
    with at(PRESENT_S):
        assert work_of(cache).prepare([pattern], is_to_trash=False, progress=None).plan.actions == ()
    assert tree(cache.path) == before


def test_an_empty_cache_says_so_and_no_key_does_anything(cache: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        assert "Nothing cached." in screen(pilot)
        text = await idle(pilot, "down", "enter", "space", "a", "w", "x", "s", "2", "end", "pagedown", "v")
        assert "0 entries" in text
        assert "Nothing cached." in text

    use(browser_of(cache), play)


@pytest.mark.parametrize("key", ["r", "v", "x", "w"])
def test_a_cache_that_vanishes_gives_a_message(full: Cache, key: str) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await idle(pilot, "5")
        shutil.rmtree(full.path)
        text = await idle(pilot, key)
        assert isinstance(pilot.app.screen, Reader)
        assert "Failed: " in text
        assert "Traceback" not in text
        assert len(rows(await idle(pilot, "escape"))) == 5

    use(browser_of(full), play)


def test_what_is_read_again_is_shown_with_the_marks_that_were_set(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await idle(pilot, "down", "enter", "space")
        full.http_v2("https://files.example/another", b"x")
        text = await idle(pilot, "r")
        assert "6 entries" in text
        assert marked(text) == ["small 2.0, wheel for py3"]
        assert "small: the largest first" in text

    use(browser_of(full), play)


def test_the_screen_lives_while_something_is_read_and_escape_stops_that(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        job, is_asked = ScreenJob("reading"), threading.Event()

        def read() -> None:
            is_asked.wait()
            job.progress(1, 4)

        browser._begin(job, read, lambda _nothing: None)
        job.note(1, 4)
        await pilot.press("down")
        browser._show_status()
        await pilot.pause()
        assert browser.table.cursor == 1
        assert "reading 25% ... (Escape stops it)" in screen(pilot)
        await pilot.press("escape")
        is_asked.set()
        assert "Stopped reading." in await idle(pilot, "up")

    browser = browser_of(full)
    use(browser, play)


def test_the_mouse_marks_opens_sorts_and_changes_the_view(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.click(RowTable, offset=(0, 2))
        assert marked(screen(pilot)) == ["small"]
        await pilot.click(RowTable, offset=(10, 1), times=2)
        assert "large: the largest first" in await idle(pilot)
        await idle(pilot, "escape")
        await pilot.click(RowTable, offset=(10, 0))
        assert "in order of name" in await idle(pilot)
        await pilot.click("#kind")
        assert "by kind" in await idle(pilot)

    use(browser_of(full), play)


@pytest.mark.parametrize("size", [(20, 6), (40, 10), (200, 60), (1, 1)], ids=str)
def test_a_terminal_of_any_size_will_do(full: Cache, size: tuple[int, int]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(*size)
        for keys in ("enter", ("5", "end", "space"), ("x", "escape"), ("question_mark", "escape"), ("slash", "escape")):
            lines = (await idle(pilot, *([keys] if isinstance(keys, str) else keys))).splitlines()
            assert len(lines) <= size[1]
            assert max(map(len, lines), default=0) <= size[0]

    use(browser_of(full), play)


def test_the_help_names_every_key(full: Cache) -> None:
    async def play(pilot: Pilot[None]) -> None:
        text = await idle(pilot, "question_mark")
        for word in ("space", "verify", "quit", "Esc", "PgUp"):
            assert word in text

    use(browser_of(full), play)
