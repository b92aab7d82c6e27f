"""Settings: where they stand, which of them count, and that no project can make anything go."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from tests.support import artefacts
from tests.support.builders import Cache, file_headers, tree


@pytest.fixture
def full(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with two downloads and a leftover, beside an empty project."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    (tmp_path / "project" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "deep")
    for name in ("one", "two"):
        content = artefacts.wheel(tmp_path, name, "1.0").read_bytes()
        cache.http_v2(f"https://files.example/{name}.whl", content, headers=file_headers(content))
    cache.http_v2("https://files.example/half", b"half", has_head=False)
    return cache


@pytest.fixture
def places(full: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def write(pip: str = "", project: str = "", **variables: str) -> None:
        (tmp_path / "pip.conf").write_text(f"[pipcacheplus]\n{pip}\n" if pip else "", encoding="utf-8")
        text = f"[tool.pipcacheplus]\n{project}\n" if project else ""
        (tmp_path / "project" / "pyproject.toml").write_text(text, encoding="utf-8")
        for name, value in variables.items():
            monkeypatch.setenv(f"PIPCACHEPLUS_{name}", value)

    return write


def prune(cache: Cache, *words: str, command: str = "prune") -> int:
    return main([command, "--exclusive", *words, "--cache-dir", str(cache.path)])


def left(cache: Cache) -> set[str]:
    return {entry.project or "half" for entry in PipCache(cache.path).scan().entries}


def test_a_limit_in_pips_own_file_counts_beside_what_a_bare_prune_takes(
    full: Cache, places: Callable[..., None]
) -> None:
    places("max-files = 2")
    assert prune(full) == 0
    assert left(full) in [{"one"}, {"two"}]


def test_a_limit_on_the_command_line_replaces_it(full: Cache, places: Callable[..., None]) -> None:
    places("max-files = 0")
    assert prune(full, "--max-files", "100") == 0
    assert left(full) == {"one", "two", "half"}


def test_a_reason_on_the_command_line_replaces_those_of_settings(full: Cache, places: Callable[..., None]) -> None:
    places("reasons = partial superseded=2")
    assert prune(full, "--stale") == 0
    assert left(full) == {"one", "two", "half"}
    assert prune(full) == 0
    assert left(full) == {"one", "two"}


@pytest.mark.parametrize(
    "where",
    [
        {"pip": "keep = one"},
        {"pip": "keep =\n  one\n  kind:sdist"},
        {"project": 'keep = ["one"]'},
        {"KEEP": "absent one"},
        {"project": 'keep = "absent one"'},
        {"pip": "keep = kind:wheel + one"},
    ],
    ids=str,
)
def test_what_is_to_be_kept_is_kept_from_every_verb(
    full: Cache, places: Callable[..., None], where: dict[str, str]
) -> None:
    places(**where)
    assert prune(full, "--max-files", "0") == 0
    assert left(full) == {"one"}
    assert prune(full, "--yes", command="purge") == 0
    assert left(full) == {"one"}
    assert prune(full, "--yes", "--no-settings", command="purge") == 0
    assert left(full) == set()


def test_keeps_of_all_places_add_up(full: Cache, places: Callable[..., None]) -> None:
    places("keep = one", 'keep = ["two"]')
    assert prune(full, "--max-files", "0", "--keep", "half-life") == 0
    assert left(full) == {"one", "two"}


@pytest.mark.parametrize(
    "project",
    [
        'max-size = "0"',
        "max-files = 0",
        'reasons = ["corrupt"]',
        'keep-env = ["./python"]',
        'min-age = "0"',
        'max-age = "0"',
    ],
)
def test_a_project_can_make_nothing_go_and_run_nothing(
    full: Cache, places: Callable[..., None], project: str, tmp_path: Path
) -> None:
    python = tmp_path / "project" / "python"
    python.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    python.chmod(0o755)
    places(project=project)
    assert prune(full, "--partial") == 0
    assert left(full) == {"one", "two"}
    assert not (tmp_path / "ran").exists()


def test_a_project_may_have_halves_kept_for_longer_and_never_for_less(
    full: Cache, places: Callable[..., None], tmp_path: Path
) -> None:
    places(project='min-age = "99999d"')
    assert prune(full) == 0
    assert "half" in left(full)
    places("min-age = 99999d", 'min-age = "2h"')
    assert prune(full) == 0
    assert "half" in left(full)


def test_a_lock_of_a_project_lies_beside_its_file(full: Cache, places: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "project" / "lock.txt").write_text("one==1.0\n", encoding="utf-8")
    places(project='keep-lock = ["lock.txt"]')
    assert prune(full, "--max-files", "0") == 0
    assert left(full) == {"one"}


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ({"pip": "kep = one"}, "kep in [pipcacheplus] of "),
        ({"project": 'keep_lok = ["x"]'}, "did you mean keep-lock?"),
        ({"KEEPS": "one"}, "PIPCACHEPLUS_KEEPS: there is no such setting; did you mean keep?"),
        ({"pip": "max-size = huge"}, "max-size in [pipcacheplus] of "),
        ({"MAX_FILES": "wheel=many"}, "PIPCACHEPLUS_MAX_FILES: 'many' is invalid"),
        ({"MIN_AGE": "old"}, "PIPCACHEPLUS_MIN_AGE: cannot be understood; invalid age 'old'"),
        ({"pip": "reasons = everything"}, "'everything' is not a reason"),
        ({"project": 'keep = ["one"]\n<<<<<<< HEAD'}, "pyproject.toml: cannot be parsed"),
        ({"project": "keep = true"}, "is neither text nor a list of texts"),
        ({"project": 'min-age = "x"'}, "min-age in [tool.pipcacheplus] of "),
    ],
)
def test_a_setting_that_makes_no_sense_stops_the_run_and_says_where_it_stands(
    full: Cache, places: Callable[..., None], capsys: pytest.CaptureFixture[str], where: dict[str, str], sentence: str
) -> None:
    places(**where)
    before = tree(full.path)
    try:
        code = prune(full)
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert sentence in capsys.readouterr().err
    assert tree(full.path) == before


def test_config_shows_each_setting_its_place_and_why_it_does_not_count(
    full: Cache, places: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    places("max-size = 1GB\nkeep = one", 'keep = ["two"]\nmax-size = "0"', MAX_SIZE="2GB", COLOUR="no")
    assert main(["config", "--format", "json", "--cache-dir", str(full.path)]) == 0
    settings: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["summary"]["settings"]
    assert [(one["name"], one["values"], one["used"]) for one in settings] == [
        ("colour", ["no"], False),
        ("max-size", ["2GB"], True),
        ("keep", ["two"], True),
        ("max-size", ["0"], False),
        ("max-size", ["1GB"], False),
        ("keep", ["one"], True),
    ]
    assert settings[0]["why"] == "there is no such setting"
    assert settings[3]["why"] == "a project may only set more keeps and longer ages"
    assert settings[4]["why"] == "PIPCACHEPLUS_MAX_SIZE sets it"
    assert main(["config", "--cache-dir", str(full.path)]) == 0
    assert "max-size = 2GB\n    PIPCACHEPLUS_MAX_SIZE\n" in capsys.readouterr().out


def test_without_settings_config_says_how_to_make_one(full: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--cache-dir", str(full.path)]) == 0
    assert "pip config set pipcacheplus.max-size 2GB" in capsys.readouterr().out


def test_info_names_another_cache_that_installs_use(
    full: Cache, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"[global]\ncache-dir = {full.path}\n[install]\ncache-dir = {tmp_path}/other\n"
    (tmp_path / "pip.conf").write_text(text, encoding="utf-8")
    monkeypatch.delenv("PIP_CACHE_DIR", raising=False)
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.lstrip().startswith("pip install uses:")]
    assert line.endswith(f"  {tmp_path}/other (cache-dir in [install] of {tmp_path}/pip.conf)")
    assert os.path.basename(full.path) in out
