"""What a user means by a word of the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Area, Entry, Kind, Shape
from pipcacheplus.plan.select import matches, parse_selection
from tests.support.values import NUMPY, PAGE, SIX, an_entry

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
ALL = {
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
        ("kind:built-wheel", {"SIX", "RENAMED"}),
        ("kind:index-page", {"PAGE"}),
        ("kind:foreign", {"NOTES"}),
        ("kind:metadata", set()),
        ("http-v2/a/b/c/d/e/abcde", {"NUMPY"}),
        ("http-v2/a/b/c/d/e/abcde.body", set()),
        ("http-v2/*", set()),
        ("notes/numpy", {"NOTES"}),
        ("selfcheck.json", {"SELFCHECK"}),
        ("https://host.test/Demo._Cext-1.0.zip", {"DEMO"}),
        ("https://host.test/", set()),
        ("*", {"NUMPY", "SIX", "PRE_RELEASE", "ODD", "RENAMED"}),
    ],
)
def test_a_selection_means_these_entries_and_no_others(what: str, names: set[str]) -> None:
    selector = parse_selection(what)
    assert names == {name for name, entry in ALL.items() if matches(selector, entry)}


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("", "selects nothing"),
        ("  ", "selects nothing"),
        ("kind:egg", "the kinds are wheel, sdist"),
        ("sha256:" + "0" * 64, "pass a project (numpy)"),
        ("numpy<", "no version range"),
        ("numpy<banana", "no version range"),
        ("numpy<2; python_version<'3'", "leave out extras and markers"),
        ("numpy[extra]<2", "leave out extras and markers"),
        ("-numpy", "selects nothing"),
        ("n" * 5000, "selects nothing"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_what_can_be(what: str, sentence: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_selection(what)
    assert sentence in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_selection_or_a_bad_request(what: str) -> None:
    try:
        selector = parse_selection(what)
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
        return matches(parse_selection(what), entry)
    except BadRequestError:
        return False
