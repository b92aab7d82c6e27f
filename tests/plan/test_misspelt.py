"""What a keep that fits nothing may have meant, among the entries that would go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.values import Entry
from pipcacheplus.plan.misspelt import meant, mistake_in
from pipcacheplus.plan.words import Form, matches, parse_word
from tests.support.values import an_entry

WHEEL = "http-v2/0/1/2/4/8/01248" + "a" * 51
ENTRIES = (
    an_entry(
        WHEEL,
        WHEEL + ".body",
        project="demo-tiny",
        version="1.0",
        filename="demo_tiny-1.0-py3-none-any.whl",
        url="https://files.example/ab/demo_tiny-1.0-py3-none-any.whl",
    ),
    an_entry("http-v2/1/1/1/1/1/" + "1" * 56, project="six", version="1.16.0", filename="six-1.16.0.tar.gz"),
    an_entry(
        "http-v2/2/2/2/2/2/" + "2" * 56, project="qt", version="5.1", filename="qt-5.1-cp311-abi3-linux_x86_64.whl"
    ),
    an_entry("http-v2/3/3/3/3/3/" + "3" * 56, project="torch", filename="torch-2.1-cp311-none-any.whl"),
    an_entry("http-v2/4/4/4/4/4/" + "4" * 56, project="pillow", url="https://index.example/simple/pillow/"),
)


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("demo_tyni", "demo-tiny"),
        ("demotiny", "demo-tiny"),
        ("d_e_m_o_t_i_n_y", "demo-tiny"),
        ("q.t", "qt"),
        ("demo-tinyy", "demo-tiny"),
        ("dmeo-tniy", "demo-tiny"),
        ("demo-tinyabc", None),
        ("demo", None),
        ("Torhc", "torch"),
        ("trch", "torch"),
        ("tort", None),
        ("sxi", "six"),
        ("sax", "six"),
        ("sun", None),
        ("qa", None),
        ("numpy", None),
        ("demo-tiny-1.0", "demo-tiny"),
        ("demo-tyni<2", "demo-tiny"),
        ("six>=2", None),
        ("Demo-Tiny-1.0-py3-none-any.whl", "demo_tiny-1.0-py3-none-any.whl"),
        ("demo_tyni-1.0-py3-none-any.whl", "demo_tiny-1.0-py3-none-any.whl"),
        ("demo_tiny-1.1-py3-none-any.whl", None),
        ("torch-2.1-cp312-none-any.whl", None),
        ("demo-tiny-*", "demo_tiny-1.0-py3-none-any.whl"),
        ("demo_tyni-*.whl", "demo-tiny"),
        ("demo_ty*", "demo-tiny"),
        ("six-2.*", None),
        ("six-1.1*.zip", None),
        ("*banana*", None),
        ("https://index.example/simple/Pillow", "https://index.example/simple/pillow/"),
        ("http://index.example/simple/pilow/", "https://index.example/simple/pillow/"),
        ("https://index.example/simple/numpy/", None),
        (".cache/pip/" + WHEEL, WHEEL),
        (WHEEL[:-1] + "b", WHEEL),
        ("http-v2/5/5/5/5/5/" + "5" * 56, None),
        ("kind:sdist", None),
    ],
)
def test_only_case_separators_and_a_letter_or_two_may_differ(what: str, found: str | None) -> None:
    selector = parse_word(what)
    assert not any(matches(selector, entry) for entry in ENTRIES)
    assert meant(selector, ENTRIES) == found


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("f70d85a8", "no entry has this id; list prints ids; "),
        ("F70D85A8", "no entry has this id; list prints ids; "),
        ("f" * 64, "no entry has this id; list prints ids; "),
        ("f70d85", "no entry has this id; an id has 8 digits or more; "),
        ("sha256:" + "0" * 8, "no entry has this hash; show prints hashes; "),
        ("http-v2/5/5/5/5/5/" + "5" * 56, "no entry has this path; list --format paths prints paths; "),
        ("1.1.1", "no project has this name; did you mean 'PROJECT==1.1.1'? If not, "),
        ("facade", None),
        ("f70d8", None),
        ("3to2", None),
        ("six==1.17", None),
        ("numpy", None),
        ("kind:sdist", None),
        ("wheels/", None),
        ("numpy-2.1-*", None),
        ("https://index.example/simple/numpy/", None),
    ],
)
def test_an_id_a_hash_a_path_and_a_bare_version_that_match_nothing_are_mistakes(what: str, problem: str | None) -> None:
    mistake = mistake_in(parse_word(what))
    assert (None if mistake is None else "; ".join(mistake)) in {
        None if problem is None else f"{problem}if it may be missing, pass `keep_missing_ok=True`",
        f"{problem}pass `keep_missing_ok=True`",
    }


def test_the_closest_name_is_told() -> None:
    entries = [an_entry(f"http-v2/{at}", project=name) for at, name in enumerate(("numpey", "numpi", "nump", "number"))]
    assert meant(parse_word("numpyy"), entries) == "numpey"
    assert meant(parse_word("number1"), entries) == "number"


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_names_can_be_compared(what: str, name: str) -> None:
    entry = an_entry("http-v2/1", project=name or None, filename=name, url=name)
    for form in Form:  # also one that does not go with it
        found = meant(parse_word("six")._replace(what=what, form=form), (entry,)) if what.strip() else None
        assert found is None or isinstance(found, str)


def test_names_beyond_any_that_is_real_are_not_compared_letter_by_letter() -> None:
    hostile = [an_entry(f"http-v2/{at}", project="a" * 600 + f"{at:06}") for at in range(2000)]
    assert meant(parse_word("a" * 599 + "b"), hostile) is None


def entries_of(*names: str) -> list[Entry]:
    return [an_entry(f"http-v2/{name}", project=name) for name in names]


@given(st.from_regex(r"[a-z]{5,12}", fullmatch=True), st.integers(0, 30), st.sampled_from("qz"))
def test_a_letter_put_in_left_out_or_swapped_is_always_noticed(name: str, at: int, letter: str) -> None:
    at %= len(name)
    spelt = {
        name[:at] + letter + name[at:],
        name[:at] + name[at + 1 :],
        name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :],
        name[:at].upper() + name[at:],
    }
    for word in spelt - {name}:
        selector = parse_word(word)
        if len(word) >= 5 and selector.form is Form.PROJECT and selector.project != name:
            assert meant(selector, entries_of(name)) == name
