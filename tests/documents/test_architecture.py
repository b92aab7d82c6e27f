"""The page on the architecture shows the package as it is, and the package has the shape that the page promises."""

import ast
import re
from pathlib import Path

import pipcacheplus

TOP = Path(pipcacheplus.__file__).parent
PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
MODULES = [path.relative_to(TOP) for path in sorted(TOP.rglob("*.py")) if path.stem not in {"__init__", "__main__"}]
RIDDLE = re.compile(r"(What|How|Which|Who|Whoever|Whether|Where|Why|When)\b")


def test_every_module_is_named_on_the_page_in_the_row_of_its_room() -> None:
    rows = dict(re.findall(r"^\| `([\w/.]+)` \| (.*) \|$", PAGE.partition("## Modules")[2], re.MULTILINE))
    named = {(room, name) for room, text in rows.items() for name in re.findall(r"`(\w+)`", text)}
    there = {
        (f"{path.parent.as_posix()}/", path.stem)
        for path in MODULES
        if path.parent != Path() and path.parent != Path("checks")  # each check has its own page
    }
    assert there - named == set(), "docs/explanation/architecture.md does not name these in the rows of their rooms"
    assert {(room, name) for room, name in named if not (TOP / room / f"{name}.py").exists()} <= WORDS


WORDS = {("model/", "Group"), ("plan/", "sdist")}
"""Words in backticks that are no modules."""


def test_every_room_has_one_line() -> None:
    table = PAGE.partition("## Rooms")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([\w.]+)/?` \|", table, re.MULTILINE)
    there = [path.name for path in TOP.iterdir() if path.is_dir() and path.name != "__pycache__"]
    there += [path.name for path in TOP.glob("*.py") if path.stem not in {"__init__", "__main__"}]
    assert sorted(named) == sorted(there)
    assert len(there) + 2 <= 19


def test_the_layers_are_those_that_are_held() -> None:
    shown = PAGE.partition("<!-- layers -->\n```\n")[2].partition("```")[0].splitlines()
    settings = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    held = re.findall(r'"([^"]+)"', settings.partition("\nlayers = [")[2].partition("]")[0])
    assert shown == [layer.replace("pipcacheplus.", "") for layer in held]
    assert len(shown) == 8


def test_every_module_begins_with_an_order_or_a_name() -> None:
    first = {
        path.as_posix(): ast.get_docstring(ast.parse((TOP / path).read_text(encoding="utf-8"))) for path in MODULES
    }
    assert [path for path, text in first.items() if not text or RIDDLE.match(text)] == []


def test_every_public_class_and_function_has_a_name_of_its_own() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse((TOP / path).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(path.as_posix())
    shared = {name for name, places in homes.items() if len(places) > 1}
    assert shared == {"lines"}  # what each module of `render/text` gives `render/human`
