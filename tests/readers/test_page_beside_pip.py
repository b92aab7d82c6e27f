"""Digests of links are those that real pips find in them."""

import json
from collections.abc import Callable

import pytest

from pipcacheplus.model.facts import Page
from pipcacheplus.readers.page import read_page
from tests.support import processes
from tests.support.pips import NEWEST, Pip

SHA256, OTHER, MD5, SHA1 = "0a" * 32, "1b" * 32, "0c" * 16, "0d" * 20
FRAGMENTS = (
    "",
    f"#sha256={SHA256}",
    f"#sha256={SHA256.upper()}",
    f"#egg=demo&md5={MD5}&subdirectory=x",
    f"#md5={MD5}&sha256={SHA256}",
    f"#sha256={SHA256}&md5={MD5}",
    f"#SHA256={SHA256}",
    f"#x-sha256={SHA256}",
    f"#whirlpool={SHA256}&sha1={SHA1}",
    "#sha256=",
    f"#sha512={'e' * 128}",
    f"#sha384={'e' * 96}",
    f"#sha224={'e' * 56}",
)
METADATA: tuple[object, ...] = (
    None,
    False,
    True,
    {"sha256": SHA256},
    {"md5": MD5, "blake2b": SHA256, "sha256": SHA256},
    {"sha3_256": SHA256},
)
ATTRIBUTES = ("true", f"sha256={SHA256}", f"md5={MD5}", f"sha3_256={SHA256}", SHA256)
PROGRAM = """
import json, sys
from pip._internal.models.link import Link
fragments, metadata, attributes = json.loads(sys.argv[1])
url = "https://files.example/demo-1.0-py3-none-any.whl"
def of(link):
    return [] if not link.hash else [[link.hash_name, link.hash.lower()]]
def beside(link):
    data = link.metadata_file_data
    return None if data is None else [list(pair) for pair in (data.hashes or {}).items()]
def element(**attributes):
    return Link.from_element({"href": url, **attributes}, page_url=url, base_url=url)
json.dump([
    [of(Link.from_element({"href": url + end}, page_url=url, base_url=url)) for end in fragments],
    [beside(Link.from_json({"url": url, "core-metadata": given}, url)) for given in metadata],
    [beside(element(**{"data-core-metadata": given})) for given in attributes],
    of(Link.from_json({"url": url, "hashes": {"md5": "MD5", "sha256": "SHA"}}, url)),
], sys.stdout)
"""


def ours(text: str) -> Page:
    found = read_page(text.encode(), content_type="text/html")
    assert isinstance(found, Page)
    return found


def in_html(attributes: str) -> Page:
    return ours(f"<title>Links for demo</title><a {attributes}>demo</a>")


def in_json(**file: object) -> Page:
    return ours(json.dumps({"name": "demo", "files": [{"url": "demo-1.0-py3-none-any.whl", **file}]}))


def as_lists(hashes: tuple[tuple[str, str], ...] | None) -> list[list[str]] | None:
    return None if hashes is None else [list(pair) for pair in hashes]


@pytest.mark.parametrize(("version", "interpreter"), [("23.2.1", "3.11"), ("24.0", "3.12"), (NEWEST, "3.13")])
def test_what_a_page_publishes_is_what_pip_goes_by(
    pip_of: Callable[[str, str], Pip], version: str, interpreter: str
) -> None:
    pip = pip_of(version, interpreter)
    asked = json.dumps([FRAGMENTS, METADATA, ATTRIBUTES])
    said = processes.run([pip.python, "-c", PROGRAM, asked], env={}, is_checked=True).stdout
    fragments, metadata, attributes, first = json.loads(said)
    url = "https://files.example/demo-1.0-py3-none-any.whl"
    assert fragments == [as_lists(in_html(f'href="{url}{end}"').links[0].hashes) for end in FRAGMENTS]
    assert metadata == [as_lists(in_json(**{"core-metadata": given}).links[0].metadata_hashes) for given in METADATA]
    told = [in_html(f'href="{url}" data-core-metadata="{given}"').links[0].metadata_hashes for given in ATTRIBUTES]
    assert attributes == [as_lists(hashes) for hashes in told]
    assert first == [["md5", "md5"]]  # the first of the page, not the strongest
