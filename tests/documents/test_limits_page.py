"""The page of limits says what the code has."""

from pathlib import Path

import pytest

from pipcacheplus.cache import locks, pip_cache
from pipcacheplus.catalog import guesses, page_links, queries
from pipcacheplus.checks.base import builds
from pipcacheplus.disk.open_cache import _MAX_DEPTH
from pipcacheplus.host import pythons
from pipcacheplus.host.python_candidates import MAX_CANDIDATES, MAX_ENVIRONMENTS
from pipcacheplus.host.source_files import MAX_SOURCE_BYTES
from pipcacheplus.pips.index_layouts import MAX_BASES, MAX_PLACE
from pipcacheplus.readers import elf, integrity, libraries, metadata, page, wheel
from pipcacheplus.readers.archive import decompress, zip_directory
from pipcacheplus.readers.elf import Budget
from pipcacheplus.readers.entry import PAGE_LIMIT
from pipcacheplus.readers.http import cc1_pickle, cc2_json
from pipcacheplus.readers.http.stored_response import HEAD_LIMIT, MAX_HEADERS
from pipcacheplus.readers.locks.lock import MAX_LOCK_BYTES
from pipcacheplus.render.report import data

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")
MIB, GIB = 1 << 20, 1 << 30


@pytest.mark.parametrize(
    "said",
    [
        f"{HEAD_LIMIT // MIB} MiB, {MAX_HEADERS:,} headers",
        f"{cc2_json.FREE_BYTES // MIB} MiB, and {cc2_json.MAX_RATIO} bytes from each packed byte",
        f"{PAGE_LIMIT // MIB} MiB, 1,000 packed parts",
        f"{page.MAX_JSON_BYTES // MIB} MiB, {page.MAX_LINKS:,} files",
        f"{page.MAX_LINKS:,} links, {page.MAX_TAGS:,} tags of interest",
        f"{zip_directory.MAX_MEMBERS:,}; {zip_directory.MAX_DIRECTORY_BYTES // MIB} MiB of central directory",
        f"{integrity._MAX_TAR_HEADERS:,}",
        f"{decompress.MAX_BYTES // GIB} GiB; {decompress.MAX_RATIO:,} bytes from each packed byte",
        f"{decompress.MAX_DECODER_BYTES // MIB} MiB",
        f"{integrity.MAX_RECORD_BYTES // MIB} MiB",
        f"{metadata.MAX_HEADER_BYTES // MIB} MiB of header fields; {wheel._MAX_METADATA_BYTES // MIB} MiB",
        f"{wheel._MAX_TAGS:,}",
        f"{libraries._MAX_LIBRARIES:,}; {Budget().records:,} records and {Budget().characters:,} characters of names",
        f"{libraries._FRONT_BYTES // MIB} MiB at the front, {libraries._TAIL_BYTES // MIB} MiB at the end",
        f"{elf._MAX_RECORDS:,} records of one; {builds._MAX_FOLDERS:,} directories of each environment",
        f"{cc1_pickle.MAX_PICKLE_BYTES // MIB} MiB, {cc1_pickle.MAX_OPCODES:,} opcodes",
        (
            f"{MAX_BASES} bases, of which {guesses.MAX_FOUND_BASES} may prove right; {guesses.MAX_PROBES:,} hashes,"
            f" and {guesses.MAX_FILE_PROBES:,} for files; {guesses.MAX_NAMES:,} names"
        ),
        f"| indexes of pip's settings | {pip_cache._MAX_INDEXES} |",
        f"| {MAX_CANDIDATES}; {pythons.AT_ONCE} at a time, {pythons.ONE_S:g} s each, {pythons.ALL_S:g} s all together",
        f"| environments that self-checks name | {MAX_ENVIRONMENTS:,} |",
        f"URLs of {MAX_PLACE:,} characters, {page_links._MAX_PLACES} places, {page_links._MAX_LISTED:,} projects",
        f"| source of a built wheel that lies outside of the cache | {MAX_SOURCE_BYTES // GIB} GiB;",
        f"| lock, requirements, report of pip | {MAX_LOCK_BYTES // MIB} MiB; {locks._MAX_FILES} files",
        f"| words of a selection for which similar names are searched | {queries._MAX_HINTS} |",
        f"| entries that a report lists one by one | {data.MAX_ROWS:,}, the largest; {data._MAX_DAMAGED:,} more",
        f"added up, up to {data._MAX_GROUPS:,} sums by project, kind, interpreter and host",
        f"| directories below each other | {_MAX_DEPTH} |",
    ],
)
def test_a_limit_is_what_the_page_says(said: str) -> None:
    assert said in PAGE
