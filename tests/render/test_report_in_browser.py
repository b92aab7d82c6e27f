"""A report in a real Chromium, opened from disk: seen, used by mouse and keys, attacked, and judged by axe."""

import itertools
import re
import shlex
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from pipcacheplus.model.values import Area, Entry, Kind, Shape
from pipcacheplus.render.report import data
from pipcacheplus.render.report.document import document
from tests.support import artefacts
from tests.support.asking import PRESENT_S, at, with_state
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers
from tests.support.pages import link, page
from tests.support.values import a_file, a_view, an_entry

if TYPE_CHECKING:
    from tests.support.browser import Page

Show = Callable[[Path], "Page"]

pytestmark = pytest.mark.timeout(300)
HOSTILE = (
    "</script><script>window.broken=1</script>",
    "<img src=x onerror=window.broken=1>",
    "\"onmouseover=window.broken=1 x='",
    "\u202eexe.slx",
    "\u2028\u2029<!--",
    "a\x1b[2J\n\tb",
    "-->'\"`;$(touch x)&|",
    "\u05d0\u05d1\u05d2 abc",
    "* [a-z] ?",
    "not:x",
)
"""Names of files that are not meant well."""


class Site(NamedTuple):
    """A cache, and the report of it."""

    cache: Cache
    report: Path


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("sites")
    with with_state(folder / "state"), at(PRESENT_S):
        yield folder


def filled(folder: Path) -> Cache:
    """Make a cache with wheels of three projects, a page, an sdist, half a response, and a wheel that is damaged."""
    cache = Cache(folder / "cache")
    for name, version in (("alpha", "1.0"), ("alpha", "1.10"), ("alpha", "1.9"), ("beta", "2.0")):
        wheel = artefacts.wheel(folder, name, version).read_bytes()
        cache.http_v2(f"{FILE_URL}/{name}-{version}-py3-none-any.whl", wheel, headers=file_headers(wheel))
    page(cache, f"{INDEX_URL}beta/", "beta", [link(f"{FILE_URL}/beta-2.0-py3-none-any.whl")])
    sdist = artefacts.sdist(folder, "gamma", "3.0").read_bytes()
    cache.http_v2(f"{FILE_URL}/gamma-3.0.tar.gz", sdist, headers=file_headers(sdist), age_s=400 * DAY_S)
    cache.built_wheel("delta", "4.0")
    cache.http_v2(f"{FILE_URL}/half", b"half", has_head=False)
    wheel = artefacts.wheel(folder, "broken", "1.0").read_bytes()
    cache.http_v2(f"{FILE_URL}/broken-1.0-py3-none-any.whl", wheel[:-40], headers=file_headers(wheel))
    page(cache, f"{INDEX_URL}broken/", "broken", [link(f"{FILE_URL}/broken-1.0-py3-none-any.whl")])
    return cache


def with_hostile_names(cache: Cache) -> Cache:
    """Write files of names that are not meant well: of nobody, and in directories in which a pip was building."""
    for number, name in enumerate(one.replace("/", "\u2215") for one in HOSTILE):  # which looks like it
        cache.foreign(f"{name}.txt")
        folder = cache.build_directory(cache.built_wheel("demo", url=f"{FILE_URL}/{number}.tar.gz"))
        cache.write(f"{folder}/{name}")
    content = b'<html><body><a href="x.whl#sha256=0">' + HOSTILE[0].encode() + b"</a></body></html>"
    cache.http_v2(f"{INDEX_URL}evil/", content, headers={"Content-Type": "text/html"})
    return cache


def reported(cache: Cache, path: Path, *, verifies: bool = True) -> Site:
    """Write the report of a cache by the command line, as a user does."""
    own = ["--cache-dir", str(cache.path), "--python", "current", "--quiet"]
    if verifies:
        assert main(["verify", *own]) == 3
    assert main(["report", "--output", str(path), *own]) == 0
    return Site(cache, path)


@pytest.fixture(scope="module")
def plain(state: Path) -> Site:
    return reported(filled(state / "plain"), state / "plain.html")


@pytest.fixture(scope="module")
def evil(state: Path) -> Site:
    return reported(with_hostile_names(filled(state / "evil")), state / "evil.html")


def checked(shown: "Page") -> None:
    """Fail if the page had an error, asked for anything, or was refused something."""
    assert shown.logged() == []
    assert shown.refused() == []
    assert set(shown.requested()) <= {shown.url}


def tiles(shown: "Page") -> list[str]:
    """Return the titles of the tiles, the largest first."""
    return [title.partition(",")[0] for title in shown.run(
        "return [...document.querySelectorAll('.tile')].map((one) => one.title)"
    )]  # fmt: skip


def names(shown: "Page") -> list[str]:
    return shown.texts("#rows th")


def selected_command(shown: "Page") -> str:
    command: str = shown.run("return document.getElementById('command').value")
    return command


def test_it_shows_sums_reasons_damage_and_entries_without_a_request(plain: Site, show: Show) -> None:
    shown = show(plain.report)
    inventory = PipCache(plain.cache.path).scan()
    assert shown.texts(".totals dd")[1] == str(len(inventory.entries))
    assert shown.text("#range") == f"Rows 1 to {len(inventory.entries)} of {len(inventory.entries)}"
    assert "partial" in shown.text("#reclaim")
    assert "prune --partial" in shown.text("#command-1") + shown.text("#reclaim")
    damage = shown.text("#damage")
    assert "broken" in damage
    assert "Every file has been read to its end" in damage
    shown.click("#damage summary")
    assert "effect" in shown.text("#damage dl")
    assert shown.all("#by_age svg .bar")
    assert shown.all("#by_last_use svg .bar")
    assert set(tiles(shown)) >= {"alpha", "beta", "gamma", "delta", "broken"}
    checked(shown)


def test_what_was_not_verified_is_counted_and_said(state: Path, show: Show) -> None:
    site = reported(filled(state / "unread"), state / "unread.html", verifies=False)
    shown = show(site.report)
    assert re.search(r"\d entries \([\d.]+ kB\) not read to the end", shown.text("#damage .note"))
    assert shown.text("#command-verify").endswith(f"verify --cache-dir {site.cache.path} --python current")


def test_tiles_are_zoomed_into_by_mouse_and_left_by_the_crumbs(plain: Site, show: Show) -> None:
    shown = show(plain.report)
    shown.click(".tile[title^='alpha,']")
    assert tiles(shown) == ["wheel"]
    shown.click(".tile")
    assert sorted(tiles(shown)) == ["alpha 1.0", "alpha 1.10", "alpha 1.9"]
    assert shown.texts("#crumbs li") == ["All", "alpha", "wheel"]
    assert shown.text("[aria-current=location]") == "wheel"
    shown.click(".tile")
    assert "1 entry selected" in shown.text("#chosen")
    shown.click("#crumbs li:first-child button")
    assert "beta" in tiles(shown)
    shown.choose("#by", "kind")
    assert "built wheel" in tiles(shown)
    shown.choose("#by", "host")
    assert "files.example" in tiles(shown)
    shown.choose("#by", "interpreter")
    assert "py3" in tiles(shown)
    checked(shown)


def test_tiles_can_be_walked_through_with_the_keyboard_alone(plain: Site, show: Show) -> None:
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - skipped where there is no selenium

    shown = show(plain.report)
    before = tiles(shown)
    assert len(shown.all(".tile[tabindex='0']")) == 1
    shown.run("document.querySelector('.tile').focus()")

    def focused() -> str:
        title: str = shown.run("return document.activeElement.title || document.activeElement.id")
        return title.partition(",")[0]

    def press(key: str) -> None:
        shown.driver.switch_to.active_element.send_keys(key)

    press(Keys.ARROW_RIGHT)
    assert focused() == before[1]
    press(Keys.END)
    assert focused() == before[-1]
    press(Keys.HOME)
    assert focused() == before[0]
    press(Keys.ENTER)
    assert shown.texts("#crumbs li") == ["All", before[0]]
    assert focused() == tiles(shown)[0]
    press(Keys.BACKSPACE)
    assert tiles(shown) == before
    assert shown.run("return document.getElementById('status').textContent").startswith("All: ")
    checked(shown)


def test_a_search_leaves_the_tiles_that_fit_and_they_can_be_listed(plain: Site, show: Show) -> None:
    shown = show(plain.report)
    shown.enter("#tree-search", "ALPHA 1.1")
    assert tiles(shown) == ["alpha"]
    shown.click("#tree-list")
    assert names(shown) == ["alpha 1.10"]
    shown.click("#scope")
    assert len(names(shown)) > 5
    shown.enter("#tree-search", "nothing-of-the-kind")
    assert shown.text("#tree") == "Nothing fits."


def test_the_list_is_sorted_and_filtered(plain: Site, show: Show) -> None:
    shown = show(plain.report)
    sizes = [one.disk_size for one in PipCache(plain.cache.path).scan().entries]
    assert shown.run("return document.querySelectorAll('#heads th')[5].getAttribute('aria-sort')") == "descending"
    assert len(names(shown)) == len(sizes)
    shown.enter("#filter", "alpha")
    shown.click("#heads th:nth-child(2) button")
    assert names(shown) == ["alpha 1.0", "alpha 1.9", "alpha 1.10"]
    shown.click("#heads th:nth-child(2) button")
    assert names(shown) == ["alpha 1.10", "alpha 1.9", "alpha 1.0"]
    shown.enter("#filter", "")
    shown.choose("#kind", "sdist")
    assert names(shown) == ["gamma 3.0"]
    shown.choose("#kind", "any")
    shown.choose("#reason", "corrupt")
    assert names(shown) == ["broken-1.0-py3-none-any.whl"]
    checked(shown)


def test_a_selection_yields_the_command_that_removes_it_and_nothing_else(state: Path, show: Show) -> None:
    site = reported(filled(state / "to-remove"), state / "to-remove.html")
    shown = show(site.report)
    shown.enter("#filter", "alpha")
    shown.click("#select-all")
    shown.enter("#filter", "delta")
    shown.click("#rows input")
    assert "4 entries selected" in shown.text("#chosen")
    entries = PipCache(site.cache.path).scan().entries
    stays = {one.id for one in entries if one.project not in {"alpha", "delta"}}
    assert len(entries) == len(stays) + 4
    words = shlex.split(selected_command(shown))
    assert main([*words[words.index("remove") :], "--exclusive"]) == 0
    assert {one.id for one in PipCache(site.cache.path).scan().entries} == stays
    shown.click("#select-none")
    assert selected_command(shown) == ""
    assert shown.text("#chosen") == "Nothing is selected."
    checked(shown)


def test_names_of_files_are_never_more_than_text(evil: Site, show: Show) -> None:
    shown = show(evil.report)
    entries = PipCache(evil.cache.path).scan().entries
    assert shown.text("#range").endswith(f" of {len(entries)}")
    shown.choose("#by", "kind")
    for tile in ("foreign file", "leftover"):
        shown.click(f".tile[title^='{tile},']")
        shown.click("#crumbs li:first-child button")
    for word in ("script", "<img", "exe", "touch"):
        shown.enter("#filter", word)
        assert names(shown), word
    assert shown.run("return window.broken") is None
    assert shown.run("return document.querySelectorAll('img, iframe, object, embed, link, base, form').length") == 0
    assert shown.run("return document.scripts.length") == 2
    attributes: list[str] = shown.run(
        "return [...document.querySelectorAll('*')].flatMap((one) => [...one.attributes].map((own) => own.name))"
    )
    assert not [name for name in attributes if name.startswith("on")]
    text: str = shown.run("return document.body.textContent")
    assert not {"\u202e", "\x1b"} & set(text)
    checked(shown)


def test_the_command_for_hostile_names_removes_just_them(state: Path, show: Show) -> None:
    site = reported(with_hostile_names(filled(state / "evil-to-remove")), state / "evil-to-remove.html")
    shown = show(site.report)
    before = {one.id for one in PipCache(site.cache.path).scan().entries}
    meant = {id_ for id_ in before if "/tmpab12cd_9/" in id_}
    # A name with wildcards would mean others too: nothing selects it alone, so that its box cannot be ticked.
    stays = {id_ for id_ in meant if set(id_) & set("*?[")}
    assert (len(meant), len(stays)) == (len(HOSTILE), 2)
    shown.enter("#filter", "/tmpab12cd_9/")
    shown.click("#select-all")
    assert f"{len(meant - stays)} entries selected" in shown.text("#chosen")
    command = selected_command(shown)
    assert command.isprintable()
    words = shell_words(command)
    assert main([*words[words.index("remove") :], "--exclusive"]) == 0
    assert {one.id for one in PipCache(site.cache.path).scan().entries} == before - meant | stays


def shell_words(command: str) -> list[str]:
    """Return the words that a shell makes of a command; none of it is run."""
    from tests.support.processes import run  # noqa: PLC0415 - of use here alone

    done = run(["bash", "-c", f'printf "%s\\0" {command}'], is_checked=True, encoding="utf-8", errors="surrogateescape")
    return done.stdout.split("\0")[:-1]


_ATTACK = """
const done = arguments[arguments.length - 1];
for (const tag of ["img", "script", "iframe", "object", "video"]) {
  const node = document.createElement(tag);
  node.setAttribute(tag === "object" ? "data" : "src", "URL");
  document.body.append(node);
}
for (const [tag, text] of [["style", "body { background: url(URL) }"], ["script", "window.broken = 1"]]) {
  const node = document.createElement(tag);
  node.textContent = text;
  document.body.append(node);
}
fetch("URL").catch(() => 0).then(() => setTimeout(() => done(window.refused), 200));
"""


def sent_to(server: socket.socket) -> bytes:
    """Return what arrives at a server: a browser may open a connection before it has read the policy, and is silent."""
    found = b""
    server.settimeout(0.3)
    with suppress(TimeoutError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(0.3)
                with suppress(TimeoutError):
                    found += connection.recv(1000)
    return found


def test_the_policy_refuses_whatever_a_script_would_ask_for(plain: Site, show: Show) -> None:
    shown = show(plain.report)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        told: list[str] = shown.run_later(_ATTACK.replace("URL", url))
        assert sent_to(server) == b""
    refused = " ".join(told)
    for directive in (
        "img-src",
        "script-src-elem",
        "frame-src",
        "object-src",
        "media-src",
        "style-src-elem",
        "connect-src",
    ):
        assert directive in refused
    assert shown.run("return window.broken") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_objection_in_either_scheme(evil: Site, show: Show, axe: str, scheme: str) -> None:
    shown = show(evil.report)
    shown.emulate(scheme=scheme)
    assert shown.run("return matchMedia('(prefers-color-scheme: dark)').matches") is (scheme == "dark")
    assert shown.violations(axe) == []
    shown.click(".tile")
    shown.click("#select-all")
    assert shown.violations(axe) == []


def test_colours_follow_the_scheme_and_print_is_on_white(plain: Site, show: Show) -> None:
    shown = show(plain.report)

    def paper() -> str:
        color: str = shown.run("return getComputedStyle(document.body).backgroundColor")
        return color

    assert paper() == "rgb(255, 255, 255)"
    shown.emulate(scheme="dark")
    assert paper() != "rgb(255, 255, 255)"
    shown.emulate(scheme="dark", medium="print")
    assert paper() == "rgb(255, 255, 255)"
    assert not shown.one("#filter").is_displayed()
    assert shown.one("#list").is_displayed()
    assert shown.one(".tile").is_displayed()


def many(count: int) -> list[Entry]:
    """Make entries of names that are all different, every tenth one hostile."""
    found = []
    for number, name in zip(range(count), itertools.cycle(HOSTILE), strict=False):
        key = f"{number:056x}"
        id_ = "/".join(("http-v2", *key[:5], key))
        file = a_file(id_, 1000 + number, disk_size=4096 * (1 + number % 7))
        project = f"project-{number}" if number % 10 else f"{name}{number}"
        found.append(
            an_entry(file, kind=Kind.WHEEL, project=project, version="1.0", url=f"https://h{number % 9}.example/")
        )
    found.append(an_entry("notes", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN))
    return found


def test_a_hundred_thousand_names_can_be_used(tmp_path: Path, show: Show) -> None:
    entries = many(100_000)
    target = tmp_path / "report.html"
    target.write_text("".join(document(a_view("report", entries=entries, summary=summary_of_many()))), encoding="ascii")
    shown = show(target)
    assert shown.text("#range") == f"Rows 1 to 50 of {data.MAX_ROWS:,}"
    assert "the largest 20,000 are listed" in shown.text("#cut")
    assert len(shown.all(".tile")) <= 161
    total = shown.run(
        "return [...document.querySelectorAll('.tile')].some((one) => one.title.includes('other projects'))"
    )
    assert total
    shown.enter("#filter", "project-66665")
    assert all("project-66665" in name for name in names(shown))
    shown.enter("#filter", "")
    shown.click("#select-all")
    assert "20,000 entries selected" in shown.text("#chosen")
    lines = selected_command(shown).splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= 100_000
    assert sum(len(shlex.split(line)) for line in lines[:1]) > 1000
    checked(shown)


def test_the_report_of_an_empty_cache_can_be_opened(tmp_path: Path, show: Show) -> None:
    target = tmp_path / "report.html"
    target.write_text("".join(document(a_view("report", summary=summary_of_many()))), encoding="ascii")
    shown = show(target)
    assert shown.text("#tree") == "Nothing fits."
    assert shown.text("#range") == "No entry fits."
    assert "Nothing cached." in shown.text("#space")
    checked(shown)


def test_growth_is_drawn_once_there_are_two_days(tmp_path: Path, show: Show) -> None:
    row = {"kind": "wheel", "entries": 1, "bytes": 10, "disk_bytes": 4096}
    days = [{"day": "2026-11-20", **row}, {"day": "2026-11-27", **row, "disk_bytes": 8192}]
    entry = an_entry("http-v2/a", kind=Kind.WHEEL, project="demo")
    for history, layers in ((days[:1], 0), (days, 1)):
        target = tmp_path / f"{len(history)}.html"
        view = a_view("report", entries=(entry,), summary={**summary_of_many(), "history": history})
        target.write_text("".join(document(view)), encoding="ascii")
        shown = show(target)
        assert len(shown.all("#history svg .layer")) == layers
        labels = shown.run("return [...document.querySelectorAll('#history svg')].map(one => one.ariaLabel)")
        assert labels == ["Size on disk from 2026-11-20 (4.1 kB) to 2026-11-27 (8.2 kB)"] * layers
        checked(shown)


def summary_of_many() -> dict[str, Any]:
    return {"made": "2026-11-27T00:00:00Z", "history": [], "by_age": {}, "by_last_use": {}}
