"""What a user means by a word of the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Area, Entry, Kind, Shape
from pipcacheplus.plan.words import matches, parse_word
from tests.support.values import NUMPY, PAGE, SIX, a_file, an_entry

PRE_RELEASE = an_entry("http-v2/1", project="numpy", version="2.0rc1", filename="numpy-2.0rc1.tar.gz", kind=Kind.SDIST)
ODD = an_entry("http-v2/2", project="numpy", version="2004d", filename="numpy-2004d.tar.gz", kind=Kind.SDIST)
DEMO = an_entry("http-v2/3", project="demo-cext", version="1.0", url="https://host.test/Demo._Cext-1.0.zip")
NOTES = an_entry("notes/numpy", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN)
SELFCHECK = an_entry("selfcheck.json", area=Area.SELFCHECK, shape=Shape.SELFCHECK, kind=Kind.SELFCHECK)
RENAMED = an_entry(
    "wheels/1/Demo_Cext-2.0-cp27-none-any.whl",
    area=Area.WHEELS,
    shape=Shape.BUILT_WHEEL,
    kind=Kind.BUILT_WHEEL,
    filename="demo_cext-2.0-cp27-none-any.whl",
)
KEY = "0123456789ab" + 44 * "0"
OLD = an_entry(
    a_file(f"wheels/01/23/45/{KEY[6:]}/old-1.0-cp27-cp27mu-linux_x86_64.whl", mtime_ns=10**18),
    area=Area.WHEELS,
    shape=Shape.BUILT_WHEEL,
    kind=Kind.BUILT_WHEEL,
    project="old",
    version="1.0",
    tags=("cp27-cp27mu-linux_x86_64",),
)
NOW_S = 1_795_219_200 + 3600
"""An hour after all the others were written."""
BIG = an_entry(a_file("http/1", disk_size=16_400_384), area=Area.HTTP, shape=Shape.SINGLE, kind=Kind.RESPONSE)
ALL = {
    "BIG": BIG,
    "OLD": OLD,
    "NUMPY": NUMPY,
    "PAGE": PAGE,
    "SIX": SIX,
    "PRE_RELEASE": PRE_RELEASE,
    "ODD": ODD,
    "DEMO": DEMO,
    "NOTES": NOTES,
    "SELFCHECK": SELFCHECK,
    "RENAMED": RENAMED,
}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("numpy", {"NUMPY", "PAGE", "PRE_RELEASE", "ODD"}),
        ("NumPy", {"NUMPY", "PAGE", "PRE_RELEASE", "ODD"}),
        ("num", set()),
        ("Demo._Cext", {"DEMO"}),
        ("demo__CEXT", {"DEMO"}),
        ("numpy<2.1", {"PRE_RELEASE"}),
        ("numpy >= 2", {"NUMPY"}),
        ("Numpy==2.*", {"NUMPY", "PRE_RELEASE"}),
        ("numpy (>=2)", {"NUMPY"}),
        ("numpy!=2.1.0", {"PRE_RELEASE"}),
        ("numpy~=2.0", {"NUMPY"}),
        ("numpy>3", set()),
        ("six-1.*", {"SIX"}),
        ("SIX-1.*.whl", {"SIX"}),
        ("*manylinux*", {"NUMPY"}),
        ("[sn]*.whl", {"SIX", "NUMPY"}),
        ("six-1.16.0-py2.py3-none-any.whl", {"SIX"}),
        ("six-1.16.0-py2.py3-none-any", set()),
        ("Demo_Cext-2.0-cp27-none-any.whl", {"RENAMED"}),
        ("demo_cext-2.0-cp27-none-any.whl", {"RENAMED"}),
        ("numpy-2.0rc1.tar.gz", {"PRE_RELEASE"}),
        ("kind:built-wheel", {"SIX", "RENAMED", "OLD"}),
        ("kind:index-page", {"PAGE"}),
        ("kind:foreign", {"NOTES"}),
        ("kind:metadata", set()),
        ("http-v2/a/b/c/d/e/abcde", {"NUMPY"}),
        ("http-v2/a/b/c/d/e/abcde.body", {"NUMPY"}),
        ("http-v2/*", {"NUMPY", "PAGE", "PRE_RELEASE", "ODD", "DEMO"}),
        ("notes/numpy", {"NOTES"}),
        ("selfcheck.json", {"SELFCHECK"}),
        ("https://host.test/Demo._Cext-1.0.zip", {"DEMO"}),
        ("https://host.test/", set()),
        ("*", {"NUMPY", "SIX", "PRE_RELEASE", "ODD", "RENAMED", "OLD"}),
        ("numpy 2.0rc1", {"PRE_RELEASE"}),
        ("kind:built wheel", {"SIX", "RENAMED", "OLD"}),
        ("area:wheels", {"SIX", "RENAMED", "OLD"}),
        ("area:http", {"BIG"}),
        ("host:host.test", {"DEMO"}),
        ("host:*.test", {"DEMO"}),
        ("host:est", set()),
        ("python:py2", {"SIX"}),
        ("python:cp27", {"OLD"}),
        ("python:cp", set()),
        ("https://host.test/*.zip", {"DEMO"}),
        ("https://*.test/*.whl", set()),
        ("http-v2/a/", {"NUMPY"}),
        ("http-v2/a", {"NUMPY"}),
        ("http-v2/a/b/c/d/e/abcd", set()),
        ("wheels/1", {"RENAMED"}),
        ("/cache/http-v2/a/b/c/d/e/abcde", {"NUMPY"}),
        ("/cache/http-v2/a/b/c/d/e/abcde.body", {"NUMPY"}),
        ("/cache/http-v2/*/b/*.body", {"NUMPY"}),
        ("/cache/notes/numpy", {"NOTES"}),
        ("/cache/notes", set()),
        ("0123456789ab", {"OLD"}),
        ("0123456789abd", set()),
        ("larger:16MB", {"BIG"}),
        ("size>16MB", {"BIG"}),
        ("size >= 15 MiB", {"BIG"}),
        ("smaller:1kB", set()),
        ("older:2h", {"OLD"}),
        ("written>2h", {"OLD"}),
        ("written<2026-11-20", {"OLD"}),
        ("older:2026-11-20", {"OLD"}),
        ("newer:2026-11-22", set()),
        ("written>=2026-11-22", set()),
    ],
)
def test_a_word_means_these_entries_and_no_others(what: str, names: set[str]) -> None:
    selector = parse_word(what, cache_dir="/cache", now_s=NOW_S)
    assert names == {name for name, entry in ALL.items() if matches(selector, entry)}


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("", "selects nothing"),
        ("  ", "selects nothing"),
        ("kind:egg", "the kinds are wheel, sdist"),
        ("sha265:" + "0" * 64, "there is no sha265:; did you mean sha256:?"),
        ("numpy<", "no version range"),
        ("numpy<banana", "no version range"),
        ("numpy<2; python_version<'3'", "leave out extras and markers"),
        ("numpy[extra]<2", "leave out extras and markers"),
        ("-numpy", "selects nothing"),
        ("knd:wheel", "did you mean kind:?"),
        ("area:https", "did you mean area:http?"),
        ("area:moon", "the areas are http, http-v2"),
        ("kind:wheels", "did you mean kind:wheel?"),
        ("host:", "names no host"),
        ("python:", "names no Python"),
        ("larger:big", "invalid size 'big': use bytes"),
        ("size>-1", "invalid size '-1'"),
        ("older:yesterday", "invalid date or age 'yesterday'"),
        ("written<2026-02-30", "invalid date or age '2026-02-30'"),
        ("/elsewhere/http-v2/a", "is no path below /cache"),
        ("../http-v2/a", "is no path below /cache"),
        ("n" * 5000, "selects nothing"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_what_can_be(what: str, sentence: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_word(what, cache_dir="/cache")
    assert sentence in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_selection_or_a_bad_request(what: str) -> None:
    try:
        selector = parse_word(what)
    except BadRequestError:
        return
    assert all(matches(selector, entry) in {True, False} for entry in ALL.values())


@given(st.text(max_size=30))
def test_no_selection_but_its_id_or_kind_means_a_foreign_file(what: str) -> None:
    foreign = an_entry("numpy", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN, project="numpy")
    if what != "numpy":
        assert not _means(what, foreign)


def _means(what: str, entry: Entry) -> bool:
    try:
        return matches(parse_word(what), entry)
    except BadRequestError:
        return False
