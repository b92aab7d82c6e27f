"""Tables of all entries, sums over all caches, and one document a cache."""

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pipcacheplus.fleet.find import named_caches
from pipcacheplus.fleet.gathered import Damage, gathering
from pipcacheplus.fleet.rows import ENTRY, FINDING, row_of
from pipcacheplus.fleet.run import results_of
from pipcacheplus.fleet.unit import Unit
from tests.fleet.caches import Ran, comparable, demo_wheel, digest, fill, options_for
from tests.support import artefacts
from tests.support.builders import Cache, file_headers, file_url
from tests.support.processes import PIPCACHEPLUS, started

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")
Run = Callable[..., Ran]


@pytest.fixture
def varied(caches: list[Cache], tmp_path: Path) -> list[Cache]:
    """Build caches with shared wheels of several projects, and damage in one."""
    for number, cache in enumerate(caches):
        for name in ("large", "small")[: number + 1]:
            files = {f"{name}.py": name.encode() * (30_000 if name == "large" else 10)}
            wheel = artefacts.wheel(tmp_path / name, name, "2.0", files=files)
            content = wheel.read_bytes()
            cache.http_v2(
                file_url(content, wheel.name), content, headers=file_headers(content, project=name, version="2.0")
            )
    content = demo_wheel(tmp_path / "damaged").read_bytes()
    url = file_url(content, "damaged-1.0-py3-none-any.whl")
    caches[0].http_v2(url, content[: len(content) // 2].ljust(len(content), b"0"), headers=file_headers(content))
    return caches


def documents(run: Run, words: tuple[str, ...], caches: list[Cache]) -> list[Any]:
    """Return the document of each cache, of a command of its own."""
    return [json.loads(run(*words, "--cache-dir", one.path, "--json").out) for one in caches]


@pytest.mark.parametrize(("command", "code"), [("list", 0), ("verify", 3)])
def test_sqlite_and_parquet_have_the_rows_of_the_documents(
    varied: list[Cache], run: Run, tmp_path: Path, command: str, code: int
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    whole = documents(run, (command, "-v"), varied)
    options = options_for(varied)
    assert run(command, *options, "--output", tmp_path / "all.sqlite").code == code
    assert run(command, *options, "--output", tmp_path / "all.parquet").code == code
    expected = [
        (str(one.path), *row_of(entry, ENTRY))
        for one, document in zip(varied, whole, strict=True)
        for entry in document["entries"]
    ]
    used = ["cache", *ENTRY].index("used")

    def without_use(rows: Any) -> list[Any]:  # noqa: ANN401 - of any table
        return sorted(([*row[:used], *row[used + 1 :]] for row in rows), key=str)

    columns = ", ".join(f'e."{name}"' for name in ENTRY)
    connection = sqlite3.connect(tmp_path / "all.sqlite")
    in_sqlite = connection.execute(
        f"SELECT c.path, {columns} FROM entry e JOIN cache c ON c.number = e.cache"  # noqa: S608 - our names
    ).fetchall()
    connection.close()
    table = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert without_use(in_sqlite) == without_use(expected)
    assert without_use([[row[name] for name in ("cache", *ENTRY)] for row in table]) == without_use(expected)
    assert {row["owner"] for row in table} == {row[0] for row in _column(tmp_path / "all.sqlite", "owner")}


def test_verify_keeps_findings_in_a_table_or_a_second_file(varied: list[Cache], run: Run, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    whole = documents(run, ("verify", "-v"), varied)
    options = options_for(varied)
    run("verify", *options, "--output", tmp_path / "all.db")
    run("verify", *options, "--output", tmp_path / "all.parquet")
    expected = sorted(
        (str(one.path), *row_of(finding, FINDING))
        for one, document in zip(varied, whole, strict=True)
        for finding in document["findings"]
    )
    assert any("error" in row for row in expected)
    columns = ", ".join(f'f."{name}"' for name in FINDING)
    connection = sqlite3.connect(tmp_path / "all.db")
    in_sqlite = connection.execute(
        f"SELECT c.path, {columns} FROM finding f JOIN cache c ON c.number = f.cache"  # noqa: S608 - our names
    ).fetchall()
    connection.close()
    table = parquet.read_table(tmp_path / "all.findings.parquet").to_pylist()
    assert sorted(in_sqlite) == expected
    assert sorted(tuple(row[name] for name in ("cache", *FINDING)) for row in table) == expected
    assert list(table[0]) == ["cache", "owner", *FINDING]
    ids = {(row["cache"], row["id"]) for row in parquet.read_table(tmp_path / "all.parquet").to_pylist()}
    assert {(row["cache"], row["id"]) for row in table} <= ids, "each finding is of a row of the first file"


def test_list_writes_no_file_of_findings(varied: list[Cache], run: Run, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow.parquet")
    run("list", *options_for(varied), "--output", tmp_path / "all.parquet")
    assert [path.name for path in tmp_path.glob("*.parquet")] == ["all.parquet"]


def test_a_file_of_findings_that_exists_is_refused_before_the_work(
    varied: list[Cache], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "all.findings.parquet").write_text("mine")
    ran = run("verify", *options_for(varied), "--output", tmp_path / "all.parquet")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"ERROR: {tmp_path / 'all.findings.parquet'}: exists; name a new file\n"
    assert not (tmp_path / "all.parquet").exists()


def test_a_parquet_file_of_prune_is_refused_as_it_would_have_no_rows(
    varied: list[Cache], run: Run, tmp_path: Path
) -> None:
    ran = run("prune", "-n", *options_for(varied), "--output", tmp_path / "all.parquet")
    assert (ran.code, ran.out) == (2, "")
    assert "would have no rows, as prune lists no entries" in ran.err
    assert run("prune", "-n", *options_for(varied), "--output", tmp_path / "all.sqlite").code == 0
    assert len(_column(tmp_path / "all.sqlite", "path")) == len(varied)


def test_verify_lists_entries_as_json_with_v_alone(varied: list[Cache], run: Run) -> None:
    one = varied[0].path
    plain, more = (json.loads(run("verify", *v, "--cache-dir", one, "--json").out) for v in ((), ("-v",)))
    listed = json.loads(run("list", "--cache-dir", one, "--json").out)
    assert plain["entries"] == []
    digests = [entry.pop("sha256") for entry in more["entries"] if entry["kind"] in {"wheel", "built-wheel"}]
    for entry in (*more["entries"], *listed["entries"]):
        entry.pop("sha256", None)  # `list` reads no file to its end
    assert comparable(more["entries"]) == comparable(listed["entries"])
    assert len([*filter(None, digests)]) >= 3
    assert more["findings"] == plain["findings"]
    some = json.loads(run("verify", "-v", "demo-app", "--cache-dir", one, "--json").out)
    assert {entry["project"] for entry in some["entries"]} == {"demo-app"}


def _column(path: Path, name: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT {name} FROM cache ORDER BY path").fetchall()  # noqa: S608 - our names
    finally:
        connection.close()


def test_the_table_of_caches_has_a_row_for_each(varied: list[Cache], run: Run, tmp_path: Path) -> None:
    assert run("verify", *options_for(varied), "--output", tmp_path / "all.db").code == 3
    assert _column(tmp_path / "all.db", "path") == [(str(one.path),) for one in varied]
    assert [code for (code,) in _column(tmp_path / "all.db", "exit_code")] == [3, 0, 0]


@pytest.mark.parametrize("name", ["all.sqlite", "all.parquet"])
def test_a_file_that_exists_is_refused_and_stays_as_it_is(
    varied: list[Cache], run: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("mine")
    ran = run("list", *options_for(varied), "--output", tmp_path / name)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"ERROR: {tmp_path / name}: exists; name a new file\n"
    assert (tmp_path / name).read_text() == "mine"


def test_another_ending_and_a_folder_that_is_not_there_are_refused(
    varied: list[Cache], run: Run, tmp_path: Path
) -> None:
    ran = run("list", *options_for(varied), "--output", tmp_path / "all.csv")
    assert (ran.code, "ends with neither" in ran.err) == (2, True)
    for ending in ("sqlite", "parquet"):
        ran = run("list", *options_for(varied), "--output", tmp_path / "no" / f"all.{ending}")
        assert ran.code in {1, 2}
        assert ran.err.count("\n") == 1, ran.err
        assert str(tmp_path / "no") in ran.err


def test_sums_are_those_of_a_plain_computation_over_the_documents(
    varied: list[Cache], run: Run, tmp_path: Path
) -> None:
    words = (
        "list",
        *(f"sha256:{digest(wheel)}" for wheel in sorted(tmp_path.rglob("*.whl")) if "pip" not in wheel.parts),
    )
    listed = documents(run, words, varied)
    found = documents(run, ("verify",), varied)
    projects: dict[str, list[Any]] = defaultdict(lambda: [set(), 0, 0])
    contents: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, document in enumerate(listed):
        for entry in document["entries"]:
            if entry["project"] is not None:
                row = projects[entry["project"]]
                row[0].add(number)
                row[1] += 1
                row[2] += entry["disk_size"]
            if entry["sha256"] is not None:
                contents[entry["sha256"]].append((number, entry["disk_size"]))
    shared = [found for found in contents.values() if len({number for number, _ in found}) > 1]
    assert shared, "the shared wheels have digests"
    damage = {
        (number, finding["id"])
        for number, document in enumerate(found)
        for finding in document["findings"]
        if finding["severity"] == "error"
    }
    with gathering() as gathered, ThreadPoolExecutor(2) as executor:
        for command in (words, ("verify",)):
            units = [Unit(str(one.path), command, gathers=True) for one in varied]
            by_path = {one.path: one for one in named_caches(str(one.path) for one in varied)}
            for result in results_of(units, executor, ahead=2):
                if command == words or result.findings:
                    kept = result if command == words else result._replace(entries=())
                    place = {"owner": "ada", "file_system": "nfs4", "mounted_from": "fs1:/homes"}
                    gathered.add(by_path[result.path], place, result.code, kept)
        expected = sorted(
            ((name, len(c), n, size) for name, (c, n, size) in projects.items()), key=lambda r: (-r[3], r[0])
        )
        assert gathered.projects() == expected[:10]
        assert gathered.shared()[:3] == (
            len(shared),
            sum(map(len, shared)),
            sum(sum(size for _, size in one) - max(size for _, size in one) for one in shared),
        )
        assert gathered.damage() == [Damage("nfs4", "fs1:/homes", len({number for number, _ in damage}), len(damage))]
    total = sum(document["summary"]["entries"] for document in listed)
    out = run(*words, *options_for(varied)).out
    assert f"3 caches, {total} entries" in out
    assert f"{len(shared)} files with the same content in several caches" in out


def test_json_lines_have_one_document_a_cache_and_a_line_for_one_that_fails(
    caches: list[Cache], run: Run, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    ran = run("verify", *options_for(caches), "--cache-dir", missing, "--format", "jsonl")
    lines = {line["path"]: line for line in ran.lines}
    assert ran.code == 4
    assert set(lines) == {*(str(one.path) for one in caches), str(missing)}
    assert (lines[str(missing)]["error"], lines[str(missing)]["exit_code"]) == ("there is no such directory", 4)
    for one in caches:
        alone = json.loads(run("verify", "--cache-dir", one.path, "--json").out)
        line = lines[str(one.path)]
        assert {key: line[key] for key in ("format", "command", "cache", "findings", "summary")} == {
            key: alone[key] for key in ("format", "command", "cache", "findings", "summary")
        }
        assert (line["exit_code"], line["error"]) == (0, None)


def test_json_lines_are_written_as_the_caches_end(caches: list[Cache], tmp_path: Path) -> None:
    """A reader that has the first lines ends the program before it has begun the last caches."""
    listed = tmp_path / "listed"
    paths = []
    for number in range(60):
        cache = Cache(tmp_path / "copies" / str(number))
        fill(cache, demo_wheel(tmp_path), own=f"own-{number}")
        paths.append(str(cache.path))
    listed.write_text("\n".join(paths))
    command = [*PIPCACHEPLUS, "list", "--caches-from", str(listed), "--format", "jsonl", "--executor", "threads:1"]
    with started(command) as process:
        assert process.stdout is not None
        first = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert process.poll() is None, "the first lines come while others are read"
        rest = process.stdout.read().splitlines()
        assert process.wait() == 0
    assert len({line["path"] for line in first} | {json.loads(line)["path"] for line in rest}) == 60


@pytest.mark.parametrize("form", ["paths", "prometheus"])
def test_a_format_for_one_cache_is_refused_for_many(caches: list[Cache], run: Run, form: str) -> None:
    ran = run("list" if form != "prometheus" else "info", *options_for(caches), "--format", form)
    assert (ran.code, ran.out) == (2, "")
    assert "use --format json, or jsonl with a line for each cache" in ran.err


@pytest.mark.parametrize("command", [["show", "demo"], ["purge", "--yes"], ["remove", "demo"], ["dir"]])
def test_a_command_for_one_cache_is_refused_for_many(caches: list[Cache], run: Run, command: list[str]) -> None:
    ran = run(*command, *options_for(caches))
    assert (ran.code, ran.out) == (2, "")
    assert "works on one cache at a time" in ran.err


WORDS = [
    ("list",),
    ("list", "demo-app"),
    ("verify",),
    ("info",),
    ("info", "--read"),
    ("prune", "-n", "--incompatible"),
    ("prune", "--partial"),
    ("why", "demo-app", "kind:index-page"),
    ("report",),
]


def objections(name: str, document: object) -> list[str]:
    """Return what a schema of the package objects to."""
    folder = resources.files("pipcacheplus.render") / "schemas"
    schemas = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    found = Draft202012Validator(schemas[name], registry=registry).iter_errors(document)
    return [f"{error.json_path}: {error.message[:300]}" for error in found]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_lines_and_the_document_of_all_are_as_their_schemas_say(
    varied: list[Cache], run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    options = (*options_for(varied), "--cache-dir", tmp_path / "missing")
    lines = run(*words, *options, "--format", "jsonl").lines
    assert len(lines) == len(varied) + 1
    assert [objections("line.json", line) for line in lines] == [[]] * len(lines)
    whole = json.loads(run(*words, *options, "--json").out)
    assert objections("many.json", whole) == []
    one = next(line for line in lines if line["error"] is None)
    for spoilt in (
        {**one, "more": 1},
        {key: value for key, value in one.items() if key != "mounted_from"},
        {key: value for key, value in one.items() if key != "findings"},
        {**one, "summary": {**one["summary"], "more": 1}},
    ):
        assert objections("line.json", spoilt) != []
    row = next(row for row in whole["summary"]["caches"] if row["error"] is None)
    wrong: tuple[dict[str, Any], ...] = (
        {"more": 1},
        {"caches": [{**row, "more": 1}]},
        {"caches": [{**row, "summary": {**row["summary"], "more": 1}}]},
        {"total": {}},
        {"damage": [{}]},
    )
    for more in wrong:
        assert objections("many.json", {**whole, "summary": {**whole["summary"], **more}}) != [], more


def test_the_document_of_no_cache_that_can_be_read_is_as_its_schema_says(run: Run, tmp_path: Path) -> None:
    for words in WORDS:
        options = ("--cache-dir", tmp_path / "none", "--cache-dir", tmp_path / "missing")
        ran = run(*words, *options, "--json")
        assert ran.code == 4
        assert objections("many.json", json.loads(ran.out)) == []


def test_a_line_is_the_document_of_the_command_with_the_cache_beside_it(caches: list[Cache], run: Run) -> None:
    for line in run("list", *options_for(caches), "--format", "jsonl").lines:
        for name in ("path", "uid", "owner", "file_system", "mounted_from", "exit_code"):
            place = line.pop(name)
            assert name != "path" or place == line["cache"]["dir"]
        assert objections("list.json", line) == []
