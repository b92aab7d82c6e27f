"""What `list` prints as an id can be given to every command, and means that one entry."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from pipcacheplus.model.values import Entry
from pipcacheplus.plan.select import Selection
from tests.catalog.mixtures import BUILDS, mixed
from tests.support.builders import FILE_URL, Cache, file_headers

TIMES = "\N{MULTIPLICATION SIGN}"
URL = f"{FILE_URL}/twice-1.0-py3-none-any.whl"


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with every sort of entry, and with some that have the key of another one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    cache = mixed(tmp_path, [*BUILDS])
    head = cache.http_v2(URL, b"both")
    cache.http(URL, b"both", headers=file_headers(b"both"))
    cache.temporary(head)
    cache.temporary(f"{head}.body")
    wheel = cache.built_wheel("sibling", "1.0", "py2-none-any", sha256="0" * 64)
    cache.built_wheel("sibling", "1.0", "py3-none-any", sha256="0" * 64)
    cache.foreign(f"{wheel.rpartition('/')[0]}/notes.txt")
    cache.selfcheck("/env")
    cache.log()
    return cache


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    main([*arguments, "--format", "json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_an_id_means_its_entry_to_every_command(everything: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    inventory = PipCache(everything.path).scan(short_ids=True)
    assert inventory.short_ids is not None
    at = ("--cache-dir", str(everything.path))
    entries, of_kind = tuple(inventory.entries), dict[object, Entry]()
    for entry in entries:
        short = inventory.short_ids.of(entry.id)
        assert re.fullmatch("[0-9a-f]{8,9}", short)
        selection = Selection((short,))
        assert [one.id for one in entries if selection.is_wanted(one)] == [entry.id]
        is_shared = any(name in entry.id for name in ("sibling", "ab12cd_9", "notes.txt"))
        of_kind[entry.kind, entry.area, entry.id if is_shared else None] = entry
    for entry in of_kind.values():
        short = inventory.short_ids.of(entry.id)
        for command in ("list", "show"):
            assert [one["id"] for one in document(capsys, command, short, *at)["entries"]] == [entry.id]
        removed = document(capsys, "remove", "-n", short, *at)["actions"]
        assert {one["id"] for one in removed} <= {entry.id}
        assert removed or entry.kind.value == "foreign", entry.id
        verified = document(capsys, "verify", short, *at)
        assert verified["summary"]["entries"] == 1
        assert {one["id"] for one in verified["findings"]} <= {entry.id}


def test_a_table_prints_ids_that_are_short(
    everything: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    inventory = PipCache(everything.path).scan(short_ids=True)
    assert inventory.short_ids is not None
    at = ("--cache-dir", str(everything.path))
    assert main(["list", "--no-color", *at]) == 0
    table = capsys.readouterr().out.partition("\n\n")[0].splitlines()[1:]
    last = [line.rpartition(" ")[2] for line in table]
    ids = [one for one in last if not one.startswith(TIMES)]
    assert set(ids) <= {inventory.short_ids.of(entry.id) for entry in inventory.entries}
    assert len(ids) == len(set(ids)) > 20
    assert len(ids) + sum(int(one[1:]) for one in last if one.startswith(TIMES)) == len(inventory.entries)


def test_an_id_of_a_selection_is_short_enough_for_the_whole_cache(cache: Cache, tmp_path: Path) -> None:
    key = "deadbeef" + 48 * "0"
    for number, name in ((0, "one"), (1, "two")):
        folder = f"wheels/{key[:2]}/{key[2:4]}/{key[4:6]}/{key[6:-1]}{number}"
        cache.write(f"{folder}/{name}-1.0-py3-none-any.whl", b"x")
    found = PipCache(cache.path).scan("one-1.0-py3-none-any.whl", short_ids=True, remembers=False)
    assert found.short_ids is not None
    (entry,) = found.entries
    # All but the last of 56 digits are the same: these are not compared to their end.
    assert found.short_ids.of(entry.id) not in {"", key[:8]}
    (again,) = PipCache(cache.path).scan(found.short_ids.of(entry.id), remembers=False).entries
    assert again.id == entry.id
