"""What pip remembers of its last look for a newer pip."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Selfcheck
from pipcacheplus.readers.origin import MAX_OBJECT_BYTES
from pipcacheplus.readers.selfcheck import read_selfcheck

OLD = {"last_check": "2018-01-01T00:00:00Z", "pypi_version": "18.0"}
NEW = {"last_check": "2019-01-01T00:00:00Z", "pypi_version": "19.0"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"key": "/venv", **NEW}, Selfcheck(environments=("/venv",), last_check=NEW["last_check"], pip_version="19.0")),
        ({"/venv": OLD}, Selfcheck(environments=("/venv",), last_check=OLD["last_check"], pip_version="18.0")),
        (
            {"/a": NEW, "/b": OLD, "/c": {}, "note": "text"},
            Selfcheck(environments=("/a", "/b", "/c"), last_check=NEW["last_check"], pip_version="19.0"),
        ),
        ({"key": "/venv", "last_check": 7}, Selfcheck(environments=("/venv",), last_check=None, pip_version=None)),
    ],
)
def test_both_forms_are_read(document: dict[str, object], expected: Selfcheck) -> None:
    assert expected == read_selfcheck(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("data", "is_cut"),
    [
        (b"", True),
        (b'{"key": "/ven', True),
        (b"{}", False),
        (b"[]", False),
        (json.dumps(NEW).encode(), False),
        (b"[" * 100_000, True),
        (b" " * (MAX_OBJECT_BYTES + 1), False),
    ],
)
def test_what_names_no_environment_is_broken(data: bytes, *, is_cut: bool) -> None:
    found = read_selfcheck(data)
    assert isinstance(found, Broken)
    assert is_cut == found.is_cut


_JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(data=st.binary(), value=_JSON, looks=st.dictionaries(st.text(), _JSON))
def test_nothing_makes_the_reader_raise(data: bytes, value: object, looks: dict[str, object]) -> None:
    assert isinstance(read_selfcheck(data), (Selfcheck, Broken))
    for document in (looks, looks | {"key": value}, {"/a": {"last_check": value}, "/b": {"last_check": ""}}):
        assert isinstance(read_selfcheck(json.dumps(document).encode()), (Selfcheck, Broken))
