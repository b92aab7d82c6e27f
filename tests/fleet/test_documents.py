"""Documents of processes of other users: nothing in them is trusted, and what is none is one sentence."""

import json
import os
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipcacheplus.fleet import crew
from pipcacheplus.fleet.documents import read_document
from pipcacheplus.fleet.find import FoundCache
from pipcacheplus.fleet.gathered import gathering
from pipcacheplus.fleet.rows import ENTRY, FINDING
from pipcacheplus.fleet.unit import Unit, UnitResult
from pipcacheplus.model.values import Severity
from pipcacheplus.render.json import FORMAT
from tests.fleet.caches import Ran
from tests.support.builders import Cache
from tests.support.drill import IS_DRILL
from tests.support.values import a_finding, a_view, an_entry, an_outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")

_PROGRAM = """\
import sys
sys.path[:] = sys.argv[2:]
from pipcacheplus.fleet.server import serve
def command(words):
    sys.stdout.buffer.write(open(words[1] + "/document", "rb").read())
    return 0
serve(int(sys.argv[1]), command)
"""
"""A server whose command prints the file `document` of the cache, as a process that its user has changed could."""


@pytest.fixture
def printing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let servers print what lies in the cache."""
    servers = crew._Servers()
    monkeypatch.setattr(crew, "_PROGRAM", _PROGRAM)
    monkeypatch.setattr(crew, "_SERVERS", servers)
    yield
    servers.end()


def sound() -> bytes:
    """Return a document with a member of each kind."""
    entry = an_entry("http-v2/a", "http-v2/a.body", project="demo", version="1.0")
    view = a_view("list")._replace(
        entries=(entry, entry),
        findings=(a_finding(entry),),
        outcomes=(an_outcome(entry),),
        warnings=("one ]", "two [\u202e"),
    )
    return rendered(view)


def rendered(view: Any) -> bytes:  # noqa: ANN401 - a view
    """Return the JSON of a view."""
    parts: list[str] = []
    FORMAT.render(view, parts.append, width=None, color=False)
    return "".join(parts).encode("ascii")


_text = st.text(max_size=20) | st.sampled_from(["]", "],", '"]', "}],", "[", "{\n", "\udcff", "\x00", "entries"])
_entries = st.lists(
    st.builds(
        lambda name, project: an_entry(f"http-v2/{name}", project=project, filename=name), _text, st.none() | _text
    ),
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a machine that does something else as well
@given(entries=_entries, warnings=st.lists(_text, max_size=4), messages=st.lists(_text, max_size=4))
def test_a_document_is_the_same_read_by_lines_as_by_a_json_parser(
    entries: list[Any], warnings: list[str], messages: list[str]
) -> None:
    findings = [a_finding(an_entry("http-v2/a"), message=text, severity=Severity.WARNING) for text in messages]
    content = rendered(a_view("list")._replace(entries=entries, findings=findings, warnings=tuple(warnings)))
    whole = json.loads(content)
    lines = content.splitlines(keepends=True)
    assert read_document(lines, gathers=False).document == whole
    gathered = read_document(lines, gathers=True)
    for name, columns in (("entries", ENTRY), ("findings", FINDING)):
        members = whole.pop(name)
        assert [row[0] for row in gathered.rows[name]] == [
            member["id"].encode("utf-8", "backslashreplace").decode() for member in members
        ]
        assert all(len(row) == len(columns) for row in gathered.rows[name])
    del whole["actions"]
    assert gathered.document == whole


def test_a_document_that_is_cut_anywhere_is_refused() -> None:
    content = sound()
    ends = accumulate(len(line) for line in content.splitlines(keepends=True))
    places = {0, *(place + step for place in ends for step in (-2, -1, 0, 1))}
    for place in sorted(place for place in places if place < content.rindex(b"}")):
        with pytest.raises((ValueError, RecursionError)):
            read_document(content[:place].splitlines(keepends=True), gathers=True)
    assert read_document(content.splitlines(keepends=True), gathers=True).document


def member(key: str, value: str) -> bytes:
    """Return a sound document with another value for a key."""
    document = {name: json.dumps(inner) for name, inner in json.loads(sound()).items()}
    return (
        "{\n" + ",\n".join(f'"{name}": {text}' for name, text in {**document, key: value}.items()) + "\n}\n"
    ).encode()


def only_remarks(err: str) -> bool:
    """Return whether stderr has nothing but the few remarks of the documents, counted."""
    lines = err.splitlines()
    return len(lines) <= 2 and all(line.startswith(("WARNING: 2 caches: ", "WARNING: 3 caches: ")) for line in lines)


_NO_DOCUMENTS = {
    "no JSON": b"Segmentation fault\n",
    "half of one": sound()[:-30],
    "bytes that are not UTF-8": b"\xff\xfe\n" * 10,
    "deep JSON": b'{\n"summary": ' + b"[" * 200_000 + b"]" * 200_000 + b"\n}\n",
    "deep JSON in an entry": b'{\n"entries": [\n{"tags": ' + b"[" * 200_000 + b"]" * 200_000 + b"}]\n}\n",
    "a list": b"[1, 2]\n",
    "a summary that is a list": member("summary", "[1, 2]"),
    "a summary that is a string": member("summary", '"many"'),
    "a summary that is null": member("summary", "null"),
    "a cache that is a number": member("cache", "7"),
    "a number of 10,000 digits": member("summary", "9" * 10_000),
    "no summary": b'{\n"cache": {}\n}\n',
}


@pytest.mark.parametrize("content", _NO_DOCUMENTS.values(), ids=_NO_DOCUMENTS)
@pytest.mark.usefixtures("printing")
def test_what_is_no_document_is_one_row_with_an_error(
    content: bytes, caches: list[Cache], run: Callable[..., Ran]
) -> None:
    for number, cache in enumerate(caches):
        cache.write("document", sound() if number else content)
    ran = run("list", *(word for cache in caches for word in ("--cache-dir", str(cache.path))))
    assert ran.code == 4
    assert f"{caches[0].path}: its document cannot be read" in ran.out
    assert "2 caches" in ran.out
    assert "1 cache failed" in ran.out
    assert only_remarks(ran.err)


_STRANGE = {
    "wrong types in a summary": member(
        "summary", '{"entries": "many", "files": -1, "du_bytes": [], "by_last_use": [1], "disk_bytes": null, "why": 3}'
    ),
    "wrong types within": member("summary", '{"by_last_use": {"day": 4}, "by_severity": 5, "reclaimable_at_all": []}'),
    "strings of 10 MB": member("summary", '{"entries": "' + "x" * 10_000_000 + '"}'),
    "an error of 10 MB": member("error", '"' + "x" * 10_000_000 + '"'),
    "a lone surrogate": member("error", r'"\ud800\u202e\u001b[2J"'),
    "an error that is a list": member("error", "[1]"),
    "numbers that are none": member("summary", '{"entries": NaN, "du_bytes": 1e999, "disk_bytes": -Infinity}'),
    "entries of other types": (
        b'{\n"cache": {},\n"summary": {},\n"entries": [\n7,\n{"id": 5, "tags": 3, "size": true}]\n}\n'
    ),
    "a long string in an entry": b'{\n"cache": {},\n"summary": {},\n"entries": [\n{"id": "'
    + b"x" * 10_000_000
    + b'"}]\n}\n',
}


@pytest.mark.parametrize("content", _STRANGE.values(), ids=_STRANGE)
@pytest.mark.usefixtures("printing")
@pytest.mark.parametrize("command", ["info", "list", "verify", "why", "caches"] if IS_DRILL else ["info", "caches"])
def test_values_of_other_types_end_no_run(
    content: bytes, command: str, caches: list[Cache], run: Callable[..., Ran], tmp_path: Path
) -> None:
    for number, cache in enumerate(caches):
        cache.write("document", sound() if number else content)
    where = [str(cache.path) for cache in caches]
    options = where if command == "caches" else [word for path in where for word in ("--cache-dir", path)]
    words = ["demo"] if command == "why" else []
    for more in ([], ["--format", "jsonl"]):
        ran = run(command, *words, *options, *more)
        assert ran.code in {0, 3, 4}
        assert only_remarks(ran.err)
        assert "\x1b" not in ran.out + ran.err
        assert "\u202e" not in ran.out + ran.err
        assert len(ran.out) < 1_000_000 or more


@pytest.mark.usefixtures("printing")
def test_a_document_that_is_too_long_is_one_sentence(caches: list[Cache]) -> None:
    caches[0].write("document", sound())
    result = crew.run_unit(Unit(str(caches[0].path), ("list",), max_bytes=100))
    assert (result.document, result.error) == (None, "its document is longer than 100 bytes")


@pytest.mark.usefixtures("printing")
def test_a_process_that_prints_nothing_is_reported_with_its_exit_code(caches: list[Cache]) -> None:
    caches[0].write("document", b"")
    assert crew.run_unit(Unit(str(caches[0].path), ("list",))).error == "its process ended with 0, and printed nothing"


def test_a_path_and_an_error_that_are_not_utf_8_are_kept_in_a_table() -> None:
    with gathering() as gathered:
        found = FoundCache("/home/\udcff/pip", "named")
        row = (None,) * len(ENTRY)
        place = dict.fromkeys(("owner", "file_system", "mounted_from"))
        gathered.add(found, place, 0, UnitResult("/x", None, 4, None, "bad \ud800", entries=(row,)))
        assert [entry["cache"] for entry in gathered.entries()] == ["/home/\\udcff/pip"]
