"""JSON pages of an index: whatever they hold, what is found is what the standard library finds."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.simple_json import SimpleFile, SimplePage, read_simple_page

FIELDS = ("url", "filename", "hashes", "core-metadata", "dist-info-metadata", "data-dist-info-metadata")
FILE = '{"url": "https://files.example/a.whl", "filename": "a.whl", "hashes": {"sha256": "ab"}, "size": 7}'
PIECES = [
    *(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        "\\",
        " ",
        "\n",
        "\x00",
        "\x1f",
        "\x7f",
        "\x80",
        "é",
        "😀",
        "\ufeff",
        "\u2028",
    ),
    *('"url"', '"files"', '"name"', '"hashes"', '"core-metadata"', '"x"', '{"url":"x"}', '"files":[]', '{"files":['),
    *(
        "null",
        "true",
        "NaN",
        "-Infinity",
        "0",
        "-",
        "01",
        "1.",
        "1e999",
        "9" * 400,
        "\\u0041",
        "\\ud800",
        "\\udc00",
        "\\x",
    ),
]


def by_json(data: bytes) -> tuple[object, list[list[object]]] | None:
    """Return name and files as the standard library reads them; `None` if it is no page."""
    try:
        page = json.loads(data, parse_int=float)
    except (ValueError, RecursionError):
        return None
    if not isinstance(page, dict) or not isinstance(page.get("files"), list):
        return None
    files = [file for file in page["files"] if isinstance(file, dict)]
    return page.get("name"), [[file.get(field) for field in FIELDS] for file in files]


def found(data: bytes) -> tuple[object, list[list[object]]] | None:
    page = read_simple_page(data, max_files=100)
    return (page.name, [_values(file) for file in page.files]) if isinstance(page, SimplePage) else None


def _values(file: SimpleFile) -> list[object]:
    metadata = [file.core_metadata, file.dist_info_metadata, file.data_dist_info_metadata]
    return [file.url, file.filename, file.hashes, *metadata]


def same(data: bytes) -> bool:
    """Return whether both find the same; numbers, at which nobody looks, are only compared as such."""
    return without_numbers(by_json(data)) == without_numbers(found(data))


def without_numbers(value: object) -> object:
    if isinstance(value, dict):
        return [(name, without_numbers(inner)) for name, inner in value.items()]
    if isinstance(value, (list, tuple)):
        return [without_numbers(inner) for inner in value]
    return "a number" if isinstance(value, (int, float)) and not isinstance(value, bool) else value


@pytest.mark.parametrize(
    "text",
    [
        f'{{"name": "demo", "files": [{FILE}, {FILE}], "versions": ["1.0"]}}',
        f'{{"files": [], "files": [{FILE}], "name": 1, "name": "demo"}}',  # the last one counts
        f'{{"files": 1, "files": [{FILE}]}}',
        f'{{"files": [{FILE}], "files": 1}}',
        '{"files": [{"url": 1, "url": "b", "hashes": {"a": "b", "c": "d", "a": "e"}}], "name": "x"}',
        '{"files": [{"url": NaN, "size": -Infinity}], "name": "x"}',
        '{"files": [{"url": "\\ud800", "filename": "\\ud83d\\ude00"}], "name": "\\udfff"}',
        '{"files": [{"url": null, "yanked": "\\ud800 and more"}], "name": null}',
        '{"files": [null, 1, "x", [], {}, {"url": {"url": "x"}}], "name": ["x"]}',
        '{"files": [{"url": "x", "size": ' + "9" * 5000 + "}]}",
        '{"files": [{"url": 18446744073709551616, "filename": 1e400, "hashes": [1.5, -0]}]}',
        '{"files": [{"url": "x", "more": ' + "[" * 500 + "]" * 500 + "}]}",
        '{"files": [{"url": "x", "more": ' + "[" * 200_000 + "]" * 200_000 + "}]}",
        '{"files": []} more',
        '{"files": []} \n\t',
        '{"files": [],}',
        '{"files": [{"x": "\t"}]}',
        '{"files": [{"x": "\\x"}]}',
        '{"files": [{"x": 01}]}',
        '[{"files": []}]',
        '{"name": "x"}',
        "{",
        "",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_page_is_read_as_by_the_standard_library(text: str, encoding: str) -> None:
    assert same(text.encode(encoding))


@pytest.mark.parametrize("place", ['{"files": [{"x": "%"}]}', '{"files": [{"url": "%"}]}', '{"files": [], "%": 1}'])
@pytest.mark.parametrize("raw", [b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xc3\xa9"])
def test_bytes_that_are_no_utf_8_are_found_wherever_they_stand(place: str, raw: bytes) -> None:
    assert same(place.encode().replace(b"%", raw))


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
@example(pieces=['{"files":[', '{"url":"x"}', "]", "}"])
def test_pieces_of_json_are_read_as_by_the_standard_library(pieces: list[str]) -> None:
    text = "".join(pieces)
    for whole in (text, f'{{"name":"x","files":[{text}]}}', f'{{"files":[{{"url":"a","x":{text}}}]}}'):
        assert same(whole.encode("utf-8", "surrogatepass"))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(), max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FIELDS, "sha256", "é"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(files=st.lists(_VALUES, max_size=4), name=_VALUES, ensure_ascii=st.booleans())
def test_any_values_are_read_as_by_the_standard_library(
    files: list[object], name: object, *, ensure_ascii: bool
) -> None:
    text = json.dumps({"name": name, "files": files}, ensure_ascii=ensure_ascii)
    assert same(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("more", ["", ", null", ', "half a pair": "\\ud800"'])
def test_a_page_of_too_many_files_is_unknown(more: str) -> None:
    for count, is_read in ((100, True), (101, False)):
        text = '{"files": [' + ", ".join(['{"url": "x"' + more * (": " in more) + "}"] * count) + "]}"
        page = read_simple_page(text.encode(), max_files=100)
        assert isinstance(page, SimplePage) == is_read
        assert is_read or page == Unknown(reason="page of 101 links")


def test_a_page_that_is_cut_says_where() -> None:
    assert Broken(reason="is not JSON", offset=10, is_cut=True) == read_simple_page(b'{"files": ', max_files=100)
