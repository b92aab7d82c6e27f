"""Every page is on the site, and every link in a page leads to something that is there.

`nox -s docs` builds the site. People read the pages on code hosts as well, so this reads them as hosts do: a link is
relative to its page, and a heading has the anchor that hosts and the site make of its text.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import pipcacheplus

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"
PACKAGE = Path(pipcacheplus.__file__).parent
"""Where it is installed, which may be elsewhere than the pages."""
_NOT_IN_AN_ANCHOR = re.compile(r"[^\w\- ]")
_READER = MarkdownIt("commonmark").enable("table")


class Link(NamedTuple):
    """A link or a picture in a page."""

    target: str
    line: int


def pages() -> list[Path]:
    """Return all pages; those above `docs/` are the ones that people find in a repository."""
    return [*sorted(DOCS.rglob("*.md")), *sorted(TOP.glob("*.md"))]


def shown(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def tokens_of(text: str) -> Iterator[tuple[Token, int]]:
    """Yield all parts of a text, those inside of lines too, with the line on which the block begins."""
    line = 1
    for token in _READER.parse(text):
        line = token.map[0] + 1 if token.map else line
        yield token, line
        yield from ((child, line) for child in token.children or ())


def links_of(text: str) -> list[Link]:
    found = ((token.attrs.get("href") or token.attrs.get("src"), line) for token, line in tokens_of(text))
    return [Link(str(target), line) for target, line in found if target]


def anchors_of(text: str) -> set[str]:
    """Return the anchors of the headings; one whose text was there before has a number behind it."""
    found = set[str]()
    parts = [token for token, _ in tokens_of(text)]
    for token, after in pairwise(parts):
        if token.type != "heading_open":
            continue
        plain = "".join(part.content for part in after.children or () if part.type in {"text", "code_inline"})
        name = _NOT_IN_AN_ANCHOR.sub("", plain.lower()).replace(" ", "-")
        numbers = (f"{name}-{number}" if number else name for number in range(len(found) + 1))
        found.add(next(anchor for anchor in numbers if anchor not in found))
    return found


@cache
def anchors_in(page: Path) -> set[str]:
    return anchors_of(page.read_text(encoding="utf-8"))


def problem_of(page: Path, target: str, *, top: Path = TOP) -> str | None:
    """Return what is wrong with a link of a page, `None` if nothing is; links to other hosts are not judged."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    if parts.path.startswith("/"):
        return "is not relative"
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if path.is_relative_to(top.resolve() / PACKAGE.name):
        path = PACKAGE / path.relative_to(top.resolve() / PACKAGE.name)
    elif not path.is_relative_to(top.resolve()):
        return "is outside of the repository"
    if not path.exists():
        return "is not there"
    if parts.fragment and parts.fragment not in anchors_in(path):
        return f"has no heading {parts.fragment}"
    return None


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = links_of(page.read_text(encoding="utf-8"))
    problems = {f"{link.line}: {link.target}": problem_of(page, link.target) for link in links}
    assert {link: problem for link, problem in problems.items() if problem} == {}


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("page.md", None),
        ("page.md#one-more-step", None),
        ("page.md#verify---what-it-prints", None),
        ("#twice-1", None),
        ("https://example.org/x.md#y", None),
        ("pages.md", "is not there"),
        ("page.md#another", "has no heading another"),
        ("#no-heading", "has no heading no-heading"),
        ("#twice-2", "has no heading twice-2"),
        ("/page.md", "is not relative"),
        ("pipcacheplus/render/schemas/list.json", None),
        ("pipcacheplus/render/schemas/lists.json", "is not there"),
        ("../outside.md", "is outside of the repository"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, target: str, problem: str | None) -> None:
    (tmp_path / "outside.md").touch()
    page = tmp_path / "repository" / "page.md"
    page.parent.mkdir()
    page.write_text(
        "# One *more* step\n\n## `verify` - what it prints\n\n## Twice\n\n```text\n# No heading\n```\n\n## Twice\n\n"
        f"| a | b |\n| --- | --- |\n| c | [d]({target}) |\n\n`[code](nowhere.md)`\n",
        encoding="utf-8",
    )
    (link,) = links_of(page.read_text(encoding="utf-8"))
    assert problem == problem_of(page, link.target, top=page.parent)


def test_every_page_of_the_documentation_can_be_reached_from_the_first_one() -> None:
    """An index names its pages, or takes all of its folder."""
    seen, waiting = set[Path](), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            waiting += _below(page)
    assert {shown(page) for page in DOCS.rglob("*.md")} - {shown(page) for page in seen} == set()


def _below(page: Path) -> Iterator[Path]:
    for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line and not line.startswith(":"):
                yield from page.parent.glob(f"{line}.md")


def test_a_page_begins_with_its_only_title() -> None:
    for page in pages():
        levels = [token.tag for token, _ in tokens_of(page.read_text(encoding="utf-8")) if token.type == "heading_open"]
        assert (levels[0], levels.count("h1")) == ("h1", 1), shown(page)
