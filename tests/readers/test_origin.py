"""What an `origin.json` says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Origin
from pipcacheplus.readers.origin import MAX_OBJECT_BYTES, read_origin

URL = "https://files.example/demo-1.0.tar.gz"


def read(**document: object) -> Origin | Broken:
    return read_origin(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"archive_info": {}}, Origin(url=URL, is_directory=False)),
        (
            {"archive_info": {"hash": "sha256=AB"}},
            Origin(url=URL, is_directory=False, hashes=(("sha256", "ab"),)),
        ),
        (
            {"archive_info": {"hash": "sha256=ab", "hashes": {"sha256": "ab", "md5": "0b"}}, "subdirectory": "s"},
            Origin(url=URL, is_directory=False, hashes=(("sha256", "ab"), ("md5", "0b")), subdirectory="s"),
        ),
        ({"dir_info": {}}, Origin(url=URL, is_directory=True)),
        ({"dir_info": {"editable": True}, "vcs_info": None}, Origin(url=URL, is_directory=True)),
        (
            {"vcs_info": {"vcs": "git", "commit_id": "c", "requested_revision": "main"}, "subdirectory": "s"},
            Origin(url=URL, is_directory=False, vcs="git", commit="c", requested_revision="main", subdirectory="s"),
        ),
    ],
)
def test_a_direct_url_is_read(document: dict[str, object], expected: Origin) -> None:
    assert expected == read(url=URL, **document)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"dir_info": {}}, "has no url"),
        ({"url": 7, "dir_info": {}}, "has no url"),
        ({"url": URL}, "has not exactly one of archive_info, dir_info and vcs_info"),
        (
            {"url": URL, "dir_info": {}, "archive_info": {}},
            "has not exactly one of archive_info, dir_info and vcs_info",
        ),
        ({"url": URL, "dir_info": []}, "dir_info is not a JSON object"),
        ({"url": URL, "dir_info": {}, "subdirectory": 1}, "subdirectory is not text"),
        ({"url": URL, "vcs_info": {"vcs": "git"}}, "vcs_info has no vcs or no commit_id"),
        ({"url": URL, "archive_info": {"hashes": []}}, "archive_info has hashes that are not text"),
        ({"url": URL, "archive_info": {"hashes": {"md5": 1}}}, "archive_info has hashes that are not text"),
        ({"url": URL, "archive_info": {"hash": "ab"}}, "archive_info has a hash without an algorithm"),
        ({"url": URL, "archive_info": {"hash": 1}}, "archive_info has a hash without an algorithm"),
    ],
)
def test_what_pip_would_not_accept_is_broken(document: dict[str, object], reason: str) -> None:
    assert Broken(reason=reason) == read(**document)


@pytest.mark.parametrize(
    ("data", "is_cut"),
    [
        (b"", True),
        (b'{"url": "https://loc', True),
        (b"[]", False),
        (b"\xff}", False),
        (b"[" * 100_000, True),
        (b" " * (MAX_OBJECT_BYTES + 1), False),
    ],
)
def test_what_is_no_json_object_is_broken(data: bytes, *, is_cut: bool) -> None:
    found = read_origin(data)
    assert isinstance(found, Broken)
    assert is_cut == found.is_cut


_JSON = st.recursive(
    st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(data=st.binary(), info=_JSON, digest=_JSON)
def test_nothing_makes_the_reader_raise(data: bytes, info: object, digest: object) -> None:
    assert isinstance(read_origin(data), (Origin, Broken))
    for name in ("archive_info", "dir_info", "vcs_info"):
        assert isinstance(read(url=URL, **{name: info}), (Origin, Broken))
    assert isinstance(read(url=URL, archive_info={"hash": digest}), (Origin, Broken))
    assert isinstance(read(url=URL, archive_info={"hashes": digest}), (Origin, Broken))
