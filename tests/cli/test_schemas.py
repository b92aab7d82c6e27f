"""What commands print with `--json` is what the schemas in the package say, for caches of every kind."""

import json
import os
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pipcacheplus.__main__ import main
from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family
from pipcacheplus.model.terms import (
    Area,
    ExportState,
    Group,
    Kind,
    Measure,
    NotJudged,
    OwnKind,
    Remedy,
    Severity,
    Source,
    State,
    Stays,
    Transfer,
    UrlSource,
)
from pipcacheplus.model.use import PipUse, RecordedUse, UsedFile
from pipcacheplus.own.records import add_use
from tests.checks import damages
from tests.support import artefacts
from tests.support.builders import FILE_URL, INDEX_URL, Cache, page_headers
from tests.support.filled import Filled

COMMANDS = Family("pipcacheplus.cli", "COMMAND", Command)
WITHOUT_JSON = {"pip"}
"""Commands that write what a pip writes."""
COMMON = {"document.json", "line.json", "many.json"}
"""Schemas that are not of one command."""
SCHEMAS = {
    path.name: json.loads(path.read_text(encoding="utf-8"))
    for path in (resources.files("pipcacheplus.render") / "schemas").iterdir()
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
PAGE = b"<html></html>"
REASONS = ("corrupt", "partial", "stale", "incompatible", "outdated-builds", "unsafe", "orphaned", "superseded")
LOOKS = [
    "dir",
    "info",
    "info -v",
    "info --read --fail-above 1kB",
    "list",
    "list demo nobody",
    "list --total",
    "list --by project",
    "list --by host",
    "list --sort size --limit 2",
    "show demo",
    "show kind:built-wheel kind:redirect",
    "why demo",
    "verify",
    "verify demo --min-age 0",
    "prune -n",
    f"prune -n {' '.join(f'--{reason}' for reason in REASONS)} --duplicates --built-sdists",
    "prune -n --max-size 1kB --max-files 1 --min-free 1kB --max-size wheel=1kB --keep demo",
    "prune -n --ci",
    "prune -n --plan-out plan-of-nothing.json",
    "remove -n demo",
    "purge -n",
    "export demo --to files -n",
    "config",
    "mark",
    "mark other -n",
    "verdict",
    "verdict never",
    "stats",
    "stats --by project",
    "stats --by command",
    "state",
    "state --clear -n",
    "pythons",
    "report",
    "report --output report.html -n",
    "undo --list",
    "undo -n",
    "shell-init fish",
    "completion powershell",
    "demo",
    "caches .",
    "caches nowhere",
    "caches . --no-count",
]
CHANGES = [
    "prune --corrupt --partial --trash --exclusive",
    "undo --list",
    "undo",
    "prune --unsafe --corrupt --plan-out plan.json",
    "apply plan.json --exclusive",
    "export * --to files",
    "export demo --to files",
    "remove demo --exclusive",
    "mark",
    "purge --yes --exclusive",
    "purge --yes --exclusive --trash-size 0",
    "state --clear --yes",
]
Printed = Callable[[str], dict[str, Any] | None]


def objections(document: dict[str, Any]) -> list[str]:
    schema = SCHEMAS[f"{document['command']}.json"]
    found = Draft202012Validator(schema, registry=REGISTRY).iter_errors(document)
    return [f"{one.json_path}: {one.message[:300]}" for one in found]


@pytest.fixture
def printed(
    cache: Cache, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Printed:
    """Return a function that runs a command on the cache, and returns its document; `None` if the exit code is 2."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_CACHE_DIR", str(cache.path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIPCACHEPLUS_MIN_AGE", "2h")

    def printed(words: str) -> dict[str, Any] | None:
        capsys.readouterr()
        code = main([*words.split(), "--json"])
        out, _ = capsys.readouterr()
        assert code != 2 or not out
        return None if code == 2 else dict(json.loads(out))

    return printed


def fill(cache: Cache, folder: Path) -> None:
    """Put sound entries of every kind into a cache, and what pips used of it into the records."""
    cache.path.mkdir(exist_ok=True)
    wheel = artefacts.wheel(folder, "demo", "1.0")
    cache.http_v2(f"{FILE_URL}/{wheel.name}", wheel.read_bytes())
    cache.http_v2(f"{FILE_URL}/again/{wheel.name}", wheel.read_bytes())
    cache.http_v2(f"{FILE_URL}/demo-0.9.tar.gz", artefacts.sdist(folder, "demo", "0.9").read_bytes())
    cache.http_v2(f"{INDEX_URL}demo/", PAGE, headers=page_headers(PAGE))
    cache.http_v2(f"{FILE_URL}/moved", status=301, headers={"location": f"{FILE_URL}/{wheel.name}"})
    cache.http_v2(f"https://user:word@files.example/{wheel.name}", wheel.read_bytes())
    cache.http_v2(f"{FILE_URL}/young", b"half", has_head=False, age_s=0)
    cache.built_wheel("demo", "1.0", url=f"{FILE_URL}/demo-1.0.tar.gz")
    cache.built_wheel(
        "demo",
        "1.1",
        interpreter=None,
        origin={"url": "https://h/a", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
    )
    cache.selfcheck("/nonexistent")
    file = UsedFile(name=wheel.name, project="demo", version="1.0", size=1, is_cached=True)
    add_use(str(cache.path), RecordedUse(time.time(), "install", 0, 1.5, healed=("x",), use=PipUse((file,))))


def damage(cache: Cache, folder: Path) -> None:
    """Put sound entries into a cache, and damaged, old, half and foreign ones."""
    fill(cache, folder)
    cache.http_v2(f"{FILE_URL}/bad-1.0-py3-none-any.whl", damages.flipped(damages.wheel(cache)))
    cache.http_v2(f"{FILE_URL}/half", b"x", has_head=False)
    cache.http_v2(f"{FILE_URL}/other", b"x", has_body=False)
    cache.http(f"{FILE_URL}/pickled", b"x", cc=1)
    cache.write("http-v2/a/b/c/d/e/" + "abcde" + "f" * 51, b"garbage")
    cache.built_wheel("bad", content=b"no zip")
    cache.temporary(cache.built_wheel("demo", "2.0", tag="cp27-cp27m-win32"))
    cache.directory("wheels/aa/bb/cc")
    cache.foreign()
    cache.foreign("caf\udce9")


def leave_absent(cache: Cache, folder: Path) -> None:
    """Make no cache."""


def leave_empty(cache: Cache, folder: Path) -> None:
    """Make a cache without an entry."""
    cache.path.mkdir(exist_ok=True)


def switch_off(cache: Cache, folder: Path) -> None:
    """Have the settings of pip switch the cache off."""
    os.environ["PIP_NO_CACHE_DIR"] = "1"


@pytest.mark.parametrize("make", [leave_absent, leave_empty, fill, damage, switch_off])
def test_what_looks_and_dry_runs_print_is_valid(
    make: Callable[[Cache, Path], None],
    printed: Printed,
    cache: Cache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "")  # put back what a case sets
    monkeypatch.delenv("PIP_NO_CACHE_DIR")
    make(cache, tmp_path)
    documents = [document for words in LOOKS if (document := printed(words)) is not None]
    assert [(one["command"], objections(one)) for one in documents if objections(one)] == []
    assert len(documents) >= len(LOOKS) - 2
    assert {one["command"] for one in documents} >= set(COMMANDS) - {*WITHOUT_JSON, "apply", "browse", "warm"}


def test_what_changes_print_is_valid(printed: Printed, cache: Cache, tmp_path: Path) -> None:
    damage(cache, tmp_path)
    documents = [printed(words) for words in CHANGES]
    assert [
        (one and one["command"], one and objections(one)) for one in documents if one is None or objections(one)
    ] == []
    assert any(one and one["actions"] for one in documents)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in {*WITHOUT_JSON, "warm"}])
def test_what_a_failure_prints_is_valid(
    command: str, cache: Cache, tmp_path: Path, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = {
        "show": " demo",
        "why": " demo",
        "remove": " demo",
        "purge": " -n",
        "export": " --to x",
        "apply": " plan.json",
    }
    needed |= {"shell-init": " bash", "completion": " bash"}
    document = printed(f"{command}{needed.get(command, '')} --cache-dir {tmp_path / 'none'}")
    if document is not None:
        assert objections(document) == []


def test_what_warm_prints_is_valid(printed: Printed, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    document = printed("warm demo-absent --python current")
    assert document is not None
    assert [one["exit_code"] for one in document["summary"]["warmed"]] == [1]
    assert objections(document) == []


@pytest.mark.parametrize("generation", ["newest", "http"])
def test_what_is_printed_of_a_cache_that_real_pips_filled_is_valid(
    generation: str, filled_cache: Callable[[str], Filled], printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = filled_cache(generation)
    monkeypatch.setenv("PIP_CACHE_DIR", str(filled.path))
    words = (
        "info -v",
        "list",
        "verify",
        "show demo-lib",
        "why kind:built-wheel",
        f"verify --index-url {filled.index.index_url}",
    )
    documents = [printed(one) for one in words]
    assert [one and objections(one) for one in documents] == [[]] * len(words)
    assert documents[1] is not None
    assert documents[1]["entries"]


def test_every_command_has_a_schema_and_every_schema_a_command() -> None:
    assert set(SCHEMAS) == {*COMMON, *(f"{name}.json" for name in set(COMMANDS) - WITHOUT_JSON)}
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert name in COMMON or schema["properties"]["command"] == {"const": name.removesuffix(".json")}


def objects(schema: object) -> Iterator[dict[str, Any]]:
    """Yield each schema of an object with keys of its own."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def test_every_key_is_always_there_and_there_is_no_other() -> None:
    for name, schema in SCHEMAS.items():
        for one in objects(schema):
            is_line = one is SCHEMAS["line.json"]  # that of a cache that cannot be read has no document
            assert is_line or one["required"] == [*one["properties"]], name
            assert one["additionalProperties"] is False, name


@pytest.mark.parametrize(
    ("schema", "path", "words"),
    [
        ("document", "$defs/area", Area),
        ("document", "$defs/kind", Kind),
        ("document", "$defs/group", Group),
        ("document", "$defs/severity", Severity),
        ("document", "$defs/measure", Measure),
        ("document", "$defs/finding/properties/remedy", Remedy),
        ("document", "$defs/action/properties/outcome", State),
        ("document", "$defs/not_judged/propertyNames", NotJudged),
        ("document", "$defs/limit/properties/staying/propertyNames", Stays),
        ("document", "$defs/entry/properties/url_source", UrlSource),
        ("document", "properties/cache/properties/source", Source),
        ("export", "$defs/summary/properties/exports/items/properties/state", ExportState),
        ("export", "$defs/summary/properties/exports/items/properties/transfer", Transfer),
        ("state", "$defs/summary/properties/state/items/properties/kind", OwnKind),
    ],
)
def test_the_words_are_those_that_the_code_has(schema: str, path: str, words: Any) -> None:  # noqa: ANN401 - an enum
    found = SCHEMAS[f"{schema}.json"]
    for part in path.split("/"):
        found = found[part]
    assert {word for word in found["enum"] if word is not None} == {word.value for word in words}


def test_a_key_more_a_key_less_and_another_word_are_objected_to(printed: Printed, cache: Cache, tmp_path: Path) -> None:
    fill(cache, tmp_path)
    document = printed("list")
    assert document is not None
    assert objections(document) == []
    entry = document["entries"][0]
    for spoilt in (
        {**document, "more": 1},
        {key: value for key, value in document.items() if key != "warnings"},
        {**document, "summary": {**document["summary"], "more": 1}},
        {**document, "summary": {}},
        {**document, "entries": [{**entry, "kind": "wheels"}]},
        {**document, "entries": [{**entry, "written": "yesterday"}]},
        {**document, "error": "why"},
    ):
        assert objections(spoilt) != []
