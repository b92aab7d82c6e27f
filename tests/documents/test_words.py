"""No text of the package uses a word that the glossary has retired."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import pipcacheplus

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "reference" / "words.md"
_RETIRED_HEADING = "## Retired words"
_ONE_WORD = re.compile(r"[^\s]*")
_CODE = re.compile(r"`[^`\n]*`|^[ ]*(?:>>>|\.\.\.) .*$", re.MULTILINE)
"""Names in backticks, and lines of a doctest."""
_PACKAGE = Path(pipcacheplus.__file__).parent
"""Where it is installed; the tests may lie elsewhere, without the files of the project."""
_FOLDERS = (_PACKAGE, ROOT / "docs", ROOT / "newsfragments", ROOT / "examples")
_FILES = ("action.yml", "noxfile.py", "pyproject.toml")
_SUFFIXES = frozenset({".py", ".md", ".sh", ".yml", ".yaml", ".toml", ".ini", ".service", ".timer"})


class Use(NamedTuple):
    """A retired word in a text of the package."""

    path: str
    line: int
    word: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}"


def retired_words() -> tuple[str, ...]:
    """Return the words in the first column of the table, which are separated by `·`."""
    rows = GLOSSARY.read_text(encoding="utf-8").partition(_RETIRED_HEADING)[2].splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| ")][2:]
    return tuple(word.strip() for cell in cells for word in cell.split("·"))


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each text of a file with the line on which it begins."""
    content = path.read_text(encoding="utf-8")
    if path == GLOSSARY:
        content = content.partition(_RETIRED_HEADING)[0]
    if path.suffix != ".py":
        yield 1, content
        return
    for node in ast.walk(ast.parse(content)):
        # One word alone is a name: a value of the JSON, a key, a slug.
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _ONE_WORD.fullmatch(node.value):
            yield node.lineno, node.value
    first = 0
    comments: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if comments and line != first + len(comments):
            yield first, "\n".join(comments)
            comments = []
        first = first if comments else line
        comments.append(token.string.lstrip("#").strip())
    if comments:
        yield first, "\n".join(comments)


def uses(path: Path, words: tuple[str, ...]) -> Iterator[Use]:
    """Yield the retired words in a file; a phrase may be broken over two lines."""
    patterns = [
        (word, re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])".replace(r"\ ", r"\s+"), re.IGNORECASE))
        for word in words
    ]
    name = shown(path)
    for line, text in texts(path):
        prose = _CODE.sub(lambda code: "`" * len(code[0]), text)
        for word, pattern in patterns:
            for found in pattern.finditer(prose):
                yield Use(name, line + prose.count("\n", 0, found.start()), word)


def shown(path: Path) -> str:
    """Return the path of a file below the project, or below where the package lies."""
    top = next((top for top in (_PACKAGE.parent, ROOT) if path.is_relative_to(top)), path.parent)
    return path.relative_to(top).as_posix()


def pages() -> list[Path]:
    """Return every file of the package that people read."""
    found = [path for folder in _FOLDERS for path in sorted(folder.rglob("*")) if path.suffix in _SUFFIXES]
    return [*found, *sorted(ROOT.glob("*.md")), *(path for name in _FILES if (path := ROOT / name).exists())]


def test_the_table_of_retired_words_is_read() -> None:
    words = retired_words()
    assert {"told", "nobody", "head without body"} <= set(words)
    assert "retired" not in words
    assert len(words) == len(set(words))


@pytest.mark.parametrize("path", pages(), ids=shown)
def test_no_text_uses_a_retired_word(path: Path) -> None:
    assert [str(use) for use in uses(path, retired_words())] == []


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("doc.py", '"""Return what it was told."""\n', [(1, "told")]),
        ("comment.py", "x = 1  # nobody reads it\n", [(1, "nobody")]),
        ("phrase.py", "# It is true as far\n# as one sees.\n", [(1, "as far as")]),
        ("message.py", 'def f(n: int) -> str:\n    return f"{n} were told"\n', [(2, "told")]),
        ("name.py", 'x = "young"\ntold = unasked = 1  # a finding\n', []),
        ("code.py", "# The value `disarmed` of the JSON.\n", []),
        ("doctest.py", '"""Return it.\n\n>>> told(1)\n"""\n', []),
        ("inside.py", "# Retold, and un-told.\n", []),
        ("page.md", "# Title\n\nIt was\nbroken\noff.\n", [(4, "broken off")]),
    ],
)
def test_a_planted_word_is_found(tmp_path: Path, name: str, content: str, found: list[tuple[int, str]]) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert found == [(use.line, use.word) for use in uses(path, retired_words())]


def test_the_glossary_is_sorted_and_has_each_word_once() -> None:
    lines = GLOSSARY.read_text(encoding="utf-8").partition(_RETIRED_HEADING)[0].splitlines()
    words = [line.split("**")[1] for line in lines if line.startswith("* **")]
    assert words == sorted(set(words))
