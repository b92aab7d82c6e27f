"""What is listed: a line says what its entry says, and what cannot be shown is found before anything is."""

from hashlib import sha256
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.records import Entries
from pipcacheplus.catalog.stored_facts import RowDamagedError, pack, unpack_each
from pipcacheplus.model.values import Brief
from tests.catalog.mixtures import BUILDS, mixed
from tests.support.asking import KEPT, Asker, question
from tests.support.builders import FILE_URL, Cache, file_headers
from tests.support.stores import forged

SOME = ("wheel, published", "wheel and metadata", "sdist", "built wheel of a link", "self-check", "response")
FILE = ["name", 1, 1, 1, 1, 1, 1, 0, 1]


def test_a_line_says_of_an_entry_what_the_entry_says(folder: Path) -> None:
    names = [name for name in BUILDS if name != "http, lock file"]  # it would be there twice
    entries = PipCache(mixed(folder, names).path).scan(remembers=False).entries
    assert isinstance(entries, Entries)
    assert len(entries) > len(BUILDS) / 2
    assert list(entries.briefs()) == [Brief.of(entry) for entry in entries]


def test_an_entry_is_the_same_wherever_it_is_asked_for(folder: Path) -> None:
    entries = PipCache(mixed(folder, SOME).path).scan(remembers=False).entries
    together = list(entries)
    assert [entries[at] for at in reversed(range(len(entries)))] == together[::-1]
    assert entries[-1] == together[-1]
    assert entries[1:3] == tuple(together[1:3])


def test_a_look_at_all_shows_the_same_whatever_was_read_before(folder: Path) -> None:
    cache = Cache(folder / "cache")
    content = b"Metadata-Version: 2.1\nName: one\nVersion: 1.0\n"
    headers = file_headers(content) | {"ETag": 'W/"x"'}
    cache.http_v2(f"{FILE_URL}/one-1.0-py3-none-any.whl.metadata", content, headers=headers)
    asker = Asker(cache.path, folder / "state")
    asker.ask(question("verify", "kind:wheel"))
    said, true = asker.ask(question("inspect")), asker.ask_anew(question("inspect"))
    assert said == true
    assert [entry.sha256 for entry in said.entries] == [sha256(content).hexdigest()]


@pytest.mark.parametrize(
    "files",
    [
        b"",
        b"\xc1",
        pack(([], [])) * 2,
        pack(()),
        pack((FILE,)),
        pack(([FILE[:-1]],)),
        pack(([[2, *FILE[1:]]],)),
        pack(([[*FILE[:4], None, *FILE[5:]]],)),
        pack(([FILE], [["folder", 1, 1]])),
    ],
)
def test_files_that_are_damaged_are_read_anew_before_anything_is_shown(folder: Path, files: bytes) -> None:
    asker = Asker(mixed(folder, SOME).path, folder / "state")
    before = asker.ask(question("scan"))
    (catalog,) = (path for name in KEPT for path in (folder / "state" / "pipcacheplus" / name).glob("*.sqlite3"))
    with forged(catalog) as connection:
        connection.execute("UPDATE entry SET files = ? WHERE id = (SELECT max(id) FROM entry)", (files,))
    assert asker.ask(question("scan")) == before


@pytest.mark.parametrize("packed", [(b"\x01\x02", b""), (b"", b"\x01"), (b"\x92\x01", b"\x02"), (b"\x01", b"\x02\x03")])
def test_values_that_lie_across_two_columns_are_damaged(packed: tuple[bytes, ...]) -> None:
    assert unpack_each((b"\x01", b"\x92\x01\x02")) == [1, (1, 2)]
    with pytest.raises(RowDamagedError):
        unpack_each(packed)
