"""What index pages and pages of links say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Link, Page, Unknown
from pipcacheplus.readers.page import MAX_LINKS, MAX_TAGS, read_page

HOST = "https://files.example/packages/ab"
DIGEST = "0a" * 32
MD5 = "0b" * 16


def read(data: bytes | str, content_type: str | None = None) -> Page | Broken | Unknown:
    return read_page(data if isinstance(data, bytes) else data.encode(), content_type=content_type)


def page(data: bytes | str, content_type: str | None = None) -> Page:
    found = read(data, content_type)
    assert isinstance(found, Page), found
    return found


def link(attributes: str) -> Link:
    (only,) = page(f"<title>Links for demo</title><a {attributes}>demo</a>").links
    return only


def json_link(**file: object) -> Link:
    (only,) = page(json.dumps({"name": "demo", "files": [file]})).links
    return only


def test_an_html_page_says_its_project_and_files() -> None:
    text = f"""<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.4">
    <title>Links for Demo.Pure</title></head><body><h1>Links for demo-pure</h1>
    <a href="{HOST}/demo-1.0.tar.gz#sha256={DIGEST}" data-requires-python="&gt;=3.8" >demo-1.0.tar.gz</a><br />
    </body></html><!--SERIAL 1000-->"""
    expected = Link(url=f"{HOST}/demo-1.0.tar.gz", filename="demo-1.0.tar.gz", hashes=(("sha256", DIGEST),))
    assert Page(name="Demo.Pure", format="html", is_index=True, links=(expected,)) == read(text)


def test_a_json_page_says_its_project_and_files() -> None:
    file = {"filename": "demo-1.0.zip", "url": f"{HOST}/demo-1.0.zip", "hashes": {"sha256": DIGEST, "md5": MD5}}
    text = json.dumps({"meta": {"api-version": "1.1"}, "name": "demo", "files": [file | {"size": 10**30}]})
    hashes = (("sha256", DIGEST), ("md5", MD5))
    expected = Link(url=f"{HOST}/demo-1.0.zip", filename="demo-1.0.zip", hashes=hashes)
    assert Page(name="demo", format="json", is_index=True, links=(expected,)) == read(text)


@pytest.mark.parametrize(
    ("text", "name", "is_index"),
    [
        ("<title>Links for demo</title>", "demo", True),
        ("<TITLE\n>root/pypi: links for demo </TITLE>", "demo", True),
        ("<h1>Links for demo</h1>", "demo", True),
        ("<title>Index</title><h1 class=x>Links for a&amp;b</h1>", "a&b", True),
        ('<meta content=1.0 name="PyPI:repository-version"><a href=x>x</a>', None, True),
        ("<title>Downloads</title><a href=x>x</a>", None, False),
        ("<title>Links for you and me</title><a href=x>x</a>", None, False),
        ("<a href=x>Links for demo</a>", None, False),
        ("<!-- <title>Links for demo</title> --><a href=x>x</a>", None, False),
    ],
)
def test_a_page_of_one_project_is_told_from_a_page_of_links(text: str, name: str | None, *, is_index: bool) -> None:
    found = page(text)
    assert (name, is_index) == (found.name, found.is_index)


@pytest.mark.parametrize(
    ("attributes", "url", "filename"),
    [
        (f'href="{HOST}/a-1.zip"', f"{HOST}/a-1.zip", "a-1.zip"),
        ("HREF='../../a-1.zip'", "../../a-1.zip", "a-1.zip"),
        ("href=a-1.zip", "a-1.zip", "a-1.zip"),
        ("class=x  href = 'a-1.zip' rel", "a-1.zip", "a-1.zip"),
        ('href="/p/a-1%2Blocal.zip?x=1&amp;y=2#frag"', "/p/a-1%2Blocal.zip?x=1&y=2", "a-1+local.zip"),
        ('title="a > b" href="a-1.zip"', "a-1.zip", "a-1.zip"),
        ('href="a-1.zip"data-x=1', "a-1.zip", "a-1.zip"),
        ('href=" a-1.zip\n"', "a-1.zip", "a-1.zip"),
        ('href="é-1.zip"', "é-1.zip", "é-1.zip"),
        ('="x" href="a-1.zip"', "a-1.zip", "a-1.zip"),
    ],
)
def test_a_link_is_read_in_all_spellings(attributes: str, url: str, filename: str) -> None:
    assert (url, filename) == (link(attributes).url, link(attributes).filename)


@pytest.mark.parametrize("text", ["<a name=x>", '<a href="">', '<a href="#top">', "<abbr href=x>", "<A/>"])
def test_an_anchor_without_an_address_is_no_link(text: str) -> None:
    assert page(f"<title>Links for demo</title>{text}").links == ()


@pytest.mark.parametrize(
    ("fragment", "hashes"),
    [
        ("", ()),
        (f"#sha256={DIGEST.upper()}", (("sha256", DIGEST),)),
        (f"#egg=demo&amp;md5={MD5}&subdirectory=x", (("md5", MD5),)),
        (f"#md5={MD5}&sha256={DIGEST}", (("md5", MD5),)),
        (f"#sha256={DIGEST}&md5={MD5}", (("sha256", DIGEST),)),
        (f"?a=1&sha256={DIGEST}#md5={MD5}", ()),
        (f"#sha512={'a' * 128}", (("sha512", "a" * 128),)),
        (f"#sha384={'a' * 96}", (("sha384", "a" * 96),)),
        (f"#sha224={'a' * 56}", (("sha224", "a" * 56),)),
        (f"#sha1={'a' * 40}", (("sha1", "a" * 40),)),
        (f"#SHA256={DIGEST}", ()),
        (f"#x-sha256={DIGEST}", ()),
        (f"#sha256=xyz&md5={MD5}", ()),
        ("#sha256=", ()),
        (f"#sha256={DIGEST}0", ()),
        (f"#whirlpool={DIGEST}", ()),
    ],
)
def test_the_digest_that_pip_finds_in_a_link_is_taken(fragment: str, hashes: tuple[tuple[str, str], ...]) -> None:
    assert hashes == link(f'href="a.zip{fragment}"').hashes


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", None),
        (f'data-core-metadata="sha256={DIGEST.upper()}"', (("sha256", DIGEST),)),
        (f'data-dist-info-metadata="sha256={DIGEST}"', (("sha256", DIGEST),)),
        (f'data-dist-info-metadata="md5={MD5}"', (("md5", MD5),)),
        (f'data-dist-info-metadata="sha256={DIGEST}" data-core-metadata="true"', ()),
        (f'data-core-metadata="sha256={DIGEST}&md5={MD5}"', ()),
        (f'data-core-metadata="{DIGEST}"', ()),
        (f'data-core-metadata="blake2b={DIGEST}"', ()),
        ("data-core-metadata", ()),
        ('data-core-metadata="false"', None),
    ],
)
def test_metadata_beside_a_file_is_seen(attributes: str, expected: tuple[tuple[str, str], ...] | None) -> None:
    assert expected == link(f"href=a.whl {attributes}").metadata_hashes


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({}, None),
        ({"core-metadata": False}, None),
        ({"core-metadata": True}, ()),
        ({"core-metadata": {"sha256": DIGEST.upper()}}, (("sha256", DIGEST),)),
        ({"core-metadata": {"md5": MD5, "blake2b": DIGEST, "sha256": DIGEST}}, (("md5", MD5), ("sha256", DIGEST))),
        ({"core-metadata": {"sha3_256": DIGEST}}, ()),
        ({"dist-info-metadata": {"sha256": DIGEST}}, (("sha256", DIGEST),)),
        ({"data-dist-info-metadata": {"sha256": DIGEST}}, (("sha256", DIGEST),)),
        ({"core-metadata": True, "dist-info-metadata": {"sha256": DIGEST}}, ()),
        ({"core-metadata": None, "dist-info-metadata": True}, ()),
        ({"core-metadata": "yes"}, None),
    ],
)
def test_metadata_beside_a_file_is_seen_in_json(
    file: dict[str, object], expected: tuple[tuple[str, str], ...] | None
) -> None:
    assert expected == json_link(url="a.whl", **file).metadata_hashes


def test_the_digests_of_a_file_in_json_are_those_that_pip_knows_in_the_order_of_the_page() -> None:
    hashes = {"md5": MD5, "blake2b": DIGEST, "sha256": DIGEST.upper(), "sha1": 7, "sha224": "ab"}
    assert json_link(url="a.zip", hashes=hashes).hashes == (("md5", MD5), ("sha256", DIGEST))


def test_a_digest_in_the_fragment_of_a_file_in_json_counts_before_its_hashes() -> None:
    other = "1c" * 32
    assert json_link(url=f"a.zip#sha256={other}", hashes={"sha256": DIGEST}).hashes == (("sha256", other),)


@pytest.mark.parametrize(
    ("names", "project"),
    [
        (("demo_a-1.0-py3-none-any.whl", "demo-a-1.0.tar.gz", "../"), "demo-a"),
        (("demo_a-1.0-py3-none-any.whl", "demo-b-1.0.tar.gz"), None),
        (("demo-a-1.0.tar.gz", "demo-b-1.0.tar.gz"), None),
        (("demo/", "index.html", "demo.zip"), None),
    ],
)
def test_a_page_that_does_not_say_its_project_has_that_of_all_its_files(
    names: tuple[str, ...], project: str | None
) -> None:
    links = "".join(f'<a href="../{name}#x">{name}</a>' for name in names)
    found = page(f"<title>Simple Index</title>{links}")
    files = [{"url": f"../{name}", "filename": name} for name in names]
    in_json = page(json.dumps({"files": files}))
    assert (found.name, found.is_index) == (in_json.name, in_json.is_index) == (project, False)


@pytest.mark.parametrize(
    "file", [{"url": "p/a%2B.zip"}, {"url": "p/a%2B.zip#sha256=ab", "filename": 7, "hashes": ["sha256"]}]
)
def test_a_file_in_json_that_says_little_is_still_a_link(file: dict[str, object]) -> None:
    assert Link(url="p/a%2B.zip", filename="a+.zip") == json_link(**file)


def test_what_is_no_file_in_json_is_left_out() -> None:
    text = json.dumps({"name": "demo", "files": [None, 1, "x", {}, {"url": 3}, [], {"url": "a.zip"}]})
    assert [found.url for found in page(text).links] == ["a.zip"]


def test_the_first_base_counts() -> None:
    text = '<base target=x><base href="https://a.example/"><base href="https://b.example/"><a href=x>x</a>'
    assert page(text).base == "https://a.example/"


@pytest.mark.parametrize(
    "text", ["<script>var a = '<a href=y>';</script>", "<style><a href=y></STYLE>", "<!--<a href=y>-->"]
)
def test_what_is_not_shown_is_no_link(text: str) -> None:
    assert [found.url for found in page(f"<a href=x>x</a>{text}").links] == ["x"]


@pytest.mark.parametrize(
    ("data", "content_type", "url"),
    [
        ("é.zip".encode(), None, "é.zip"),
        ("é.zip".encode("latin-1"), None, "é.zip"),
        ("é.zip".encode("latin-1"), "text/html; charset=ISO-8859-1", "é.zip"),
        ("é.zip".encode(), "text/html; charset=iso-8859-1", "Ã©.zip"),
        ("é.zip".encode(), "text/html; charset=utf-8", "é.zip"),
        ("é.zip".encode(), "text/html; charset=klingon", "é.zip"),
    ],
)
def test_a_page_is_decoded_as_its_header_says(data: bytes, content_type: str | None, url: str) -> None:
    assert url == page(b'<a href="' + data + b'">x</a>', content_type).links[0].url


@pytest.mark.parametrize(
    "text", ["plain text", "<html><body>404</body></html>", '{"message": 1}', "[1]", '{"files": 1}', "[]", "{}"]
)
def test_a_page_without_links_and_marks_is_unknown(text: str) -> None:
    assert Unknown(reason="not an index page") == read(text)


def test_json_without_a_name_is_no_index_page() -> None:
    assert Page(name=None, format="json", is_index=False, links=()) == read('{"files": []}')


def test_json_cut_anywhere_is_cut() -> None:
    files = [{"url": "https://é.example/x", "n": [1, True, None, "\u0001\u20ac"], "d": {}}]
    for ascii_only in (True, False):
        data = json.dumps({"name": "demo", "files": files}, ensure_ascii=ascii_only).encode()
        for keep in range(len(data)):
            found = read(data[:keep])
            assert isinstance(found, Broken)
            assert found.is_cut


@pytest.mark.parametrize(
    "text", ['{"name": "demo" "files": []} and a lot of other text behind it', '{"a": ' + "[" * 200_000]
)
def test_what_is_no_json_is_broken(text: str) -> None:
    found = read(text)
    assert isinstance(found, Broken)
    assert not found.is_cut


@pytest.mark.parametrize("end", ['<a href="x', "<a href=", "<a ", "<!-- x", '<a title="x>y'])
def test_html_that_ends_inside_a_tag_is_cut(end: str) -> None:
    found = read(f"<title>Links for demo</title><a href=x>x</a>{end}")
    assert isinstance(found, Broken)
    assert found.is_cut


def test_a_number_of_many_digits_is_no_obstacle() -> None:
    assert page('{"name": "demo", "files": [], "x": ' + "9" * 100_000 + "}").is_index
    assert page(f'<a href="&#{"9" * 10_000};">x</a>').links


def test_a_lone_surrogate_in_json_can_be_encoded() -> None:
    (only,) = page('{"name": "\\ud800", "files": [{"url": "\\udfff/x"}]}').links
    assert only.url.encode() == b"?/x"


@pytest.mark.parametrize("kind", ["html", "json"])
def test_a_page_of_too_many_links_is_unknown(kind: str) -> None:
    count = MAX_LINKS + 1
    text = "<a href=x>" * count if kind == "html" else '{"name": "x", "files": [' + '{"url": ""},' * count + "0]}"
    assert isinstance(read(text), Unknown)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", "<a href=", '<a href="', "<a b='", "<a x= ", "<!--", "<title>", "<script>", "<a" + " " * 9, "&"],
)
def test_a_page_of_nothing_but_beginnings_ends(piece: str) -> None:
    data = piece * (2_000_000 // len(piece))
    assert isinstance(read(data), (Broken, Unknown, Page))


@given(data=st.binary())
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    for front in (b"", b"{", b"<a href=", b"<title>Links for "):
        assert isinstance(read(front + data), (Page, Broken, Unknown))


@given(
    text=st.lists(st.sampled_from(["<a ", "<", ">", "href", "=", '"', "'", " ", "x", "&#1", "<!--", "-->", "<h1"])).map(
        "".join
    )
)
def test_no_mark_up_makes_the_reader_raise(text: str) -> None:
    assert isinstance(read("<title>Links for x</title>" + text), (Page, Broken))


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["url", "hashes", "core-metadata", "sha256"]), inner)
    ),
    max_leaves=20,
)


@given(files=st.lists(_JSON), name=_JSON)
def test_no_document_makes_the_reader_raise(files: list[object], name: object) -> None:
    assert isinstance(read(json.dumps({"name": name, "files": files})), Page)


def test_a_page_of_too_many_tags_is_unknown() -> None:
    assert isinstance(read_page(b"<h1>" * (MAX_TAGS + 2), content_type=None), Unknown)
