"""What the page about releases says is checked before an upload is checked, and its commands do what it says."""

import importlib.util
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.processes import run

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs" / "how-to" / "release.md"
ADDRESS = "https://code.example/pipcacheplus"


@pytest.fixture(scope="module")
def ready() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release_ready", TOP / ".ci" / "release_ready.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the files that are checked, as ready as the page makes them."""
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(TOP / name, tmp_path)
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 0.1.0 (2026-01-31)\n", encoding="utf-8")
    (urls,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    settings = re.sub(r"\[project\.urls\]\n(?:.+\n)*", "", (tmp_path / "pyproject.toml").read_text(encoding="utf-8"))
    urls = "\n".join(line.strip() for line in urls.splitlines()).replace("ADDRESS", ADDRESS)
    (tmp_path / "pyproject.toml").write_text(f"{settings}\n{urls}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="the command is for the sed of Linux")
def test_what_the_page_says_to_do_makes_the_project_ready(ready: ModuleType, project: Path) -> None:
    (command,) = re.findall(r"^ +(sed -i .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    run(["sh", "-c", command.replace("ADDRESS", ADDRESS)], cwd=project, is_checked=True)
    assert list(ready.missing(project)) == []
    readme = (project / "README.md").read_text(encoding="utf-8")
    targets = [target for _, target in re.findall(r"^\[([^\]]+)\]: (\S+)$", readme, re.MULTILINE)]
    assert len(targets) > 10
    for target in targets:
        assert (TOP / re.sub(rf"^{re.escape(ADDRESS)}/(?:blob|raw)/main/", "", target)).is_file(), target


@pytest.mark.parametrize(
    ("file", "before", "after", "sentence"),
    [
        ("pyproject.toml", "[project.urls]", "[tool.of-another]", "pyproject.toml has no [project.urls]"),
        ("README.md", "[words]: ", "[words]: docs/", "relative links"),
        ("CHANGELOG.md", "0.1.0 (2026-01-31)", "0.1.0", "no dated heading for 0.1.0"),
        ("CHANGELOG.md", "## 0.1.0", "## 0.2.0", "no dated heading for 0.1.0"),
    ],
)
def test_each_thing_that_is_missing_has_its_sentence(
    ready: ModuleType, project: Path, file: str, before: str, after: str, sentence: str
) -> None:
    text = (project / file).read_text(encoding="utf-8")
    assert before in text
    (project / file).write_text(text.replace(before, after), encoding="utf-8")
    assert [one for one in ready.missing(project) if sentence in one]


def test_each_workflow_names_actions_by_commit_and_gives_no_right_by_default() -> None:
    workflows = sorted((TOP / ".github" / "workflows").iterdir())
    assert [path.name for path in workflows] == ["ci.yml", "nightly.yml", "release.yml"]
    for path in workflows:
        text = path.read_text(encoding="utf-8")
        used = re.findall(r"uses: (\S+)(.*)", text)
        assert used
        for action, comment in used:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
        assert "\npermissions: {}\n" in text
        assert "secrets." not in text


def test_each_python_of_the_classifiers_is_one_of_the_workflow() -> None:
    versions = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (TOP / "pyproject.toml").read_text("utf-8"))
    (matrix,) = re.findall(r"python: \[(.+)\]", (TOP / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert versions
    assert set(versions) <= set(re.findall(r"[\d.]+", matrix))
