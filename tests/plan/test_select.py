"""Words side by side are alternatives, `+` narrows, `not:` takes out; what fits nothing is reported."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Area, Entry, Kind, Shape
from pipcacheplus.plan.select import Selection, alternatives_of
from tests.support.values import NUMPY, PAGE, SIX, an_entry

KEY = "deadbeef" + 48 * "0"
SDIST = an_entry("http-v2/1", project="six", version="1.16.0", filename="six-1.16.0.tar.gz", kind=Kind.SDIST)
KEYED = an_entry(f"http-v2/d/e/a/d/b/{KEY}", kind=Kind.RESPONSE)
ALL = {"NUMPY": NUMPY, "PAGE": PAGE, "SIX": SIX, "SDIST": SDIST, "KEYED": KEYED}


def selected(selection: Selection, entries: Sequence[Entry] = tuple(ALL.values())) -> set[str]:
    """Return the names of the entries that are meant; all are asked about."""
    names = {entry.id: name for name, entry in ALL.items()}
    return {names.get(entry.id, entry.id) for entry in entries if selection.is_wanted(entry)}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ((), set(ALL)),
        (("six",), {"SIX", "SDIST"}),
        (("six", "kind:index-page"), {"SIX", "SDIST", "PAGE"}),
        (("six", "+", "kind:built-wheel"), {"SIX"}),
        (("six + kind:built-wheel",), {"SIX"}),
        (("numpy", "six", "+", "kind:sdist"), {"NUMPY", "PAGE", "SDIST"}),
        (("six", "+", "kind:sdist", "numpy"), {"NUMPY", "PAGE", "SDIST"}),
        (("six", "+", "not:kind:sdist"), {"SIX"}),
        (("not:kind:sdist", "+", "six"), {"SIX"}),
        (("six", "+", "not:kind:sdist", "+", "not:kind:built-wheel"), set()),
        (("numpy==2.1+cu118",), set()),
        ((Kind.SDIST,), {"SDIST"}),
    ],
)
def test_what_words_mean_together(what: tuple[str, ...], names: set[str]) -> None:
    assert selected(Selection(what)) == names


@pytest.mark.parametrize("what", [("+",), ("six", "+"), ("+", "six"), ("six", "+", "+", "kind:sdist"), ("six + ", "+")])
def test_a_plus_with_nothing_beside_it_is_refused(what: tuple[str, ...]) -> None:
    with pytest.raises(BadRequestError, match="put it between two words"):
        Selection(what)


def test_what_takes_out_alone_is_refused_as_it_would_mean_everything_else() -> None:
    with pytest.raises(BadRequestError, match=r"name the entries to exclude it from: kind:wheel \+ not:six"):
        Selection(("not:six",))


def test_alternatives_that_fit_nothing_are_told_as_they_were_written() -> None:
    selection = Selection(("six", "numpy + kind:sdist", "flask", "six + not:sixx"))
    selected(selection)
    assert selection.unmatched == ("numpy + kind:sdist", "flask", "not:sixx")
    assert [word.what for word in selection.unknown] == ["flask"]
    assert [word.what for word in selection.unknown_exceptions] == ["sixx"]


def test_the_beginning_of_a_hash_that_is_a_project_too_is_refused_with_both_readings() -> None:
    project = an_entry("http-v2/2", project="deadbeef", version="1", filename="deadbeef-1.tar.gz", kind=Kind.SDIST)
    for entries, names in (((KEYED, SIX), {"KEYED"}), ((project, SIX), {"http-v2/2"})):
        selection = Selection(("deadbeef",))
        assert selected(selection, entries) == names
        selection.refuse_ambiguous()
    selection = Selection(("deadbeef",))
    selected(selection, (project, KEYED))
    with pytest.raises(BadRequestError) as caught:
        selection.refuse_ambiguous()
    assert f"pass {KEY}, or 'deadbeef>=0' for the project" in str(caught.value)
    assert selected(Selection(("deadbeef>=0",)), (project, KEYED)) == {"http-v2/2"}


def test_the_beginning_of_several_hashes_is_refused() -> None:
    other = an_entry("http-v2/d/e/a/d/b/deadbeef" + 48 * "1", kind=Kind.RESPONSE)
    selection = Selection(("deadbeef",))
    selected(selection, (KEYED, other))
    with pytest.raises(BadRequestError, match="is the beginning of 2 hashes in this cache; add digits"):
        selection.refuse_ambiguous()
    wheels = [
        an_entry(f"wheels/de/ad/be/ef{48 * '0'}/{name}", area=Area.WHEELS, shape=Shape.BUILT_WHEEL)
        for name in ("six-1-py2-none-any.whl", "six-1-py3-none-any.whl")
    ]
    selection = Selection(("deadbeef",))
    assert len(selected(selection, wheels)) == 2
    selection.refuse_ambiguous()


def test_options_narrow_every_alternative() -> None:
    assert alternatives_of(["aa", "bb", "+", "cc"], [], ["host:h"]) == ("aa + host:h", "bb + cc + host:h")
    assert alternatives_of([], ["kind:sdist", "kind:wheel"]) == ("kind:sdist", "kind:wheel")
    assert selected(Selection(alternatives_of(["six", "numpy"], ["kind:sdist", "kind:index-page"]))) == {
        "SDIST",
        "PAGE",
    }


WORDS = st.sampled_from(["six", "numpy", "kind:sdist", "kind:index-page", "*", "area:wheels", "older:1s", "http-v2"])


@given(st.lists(WORDS, min_size=1, max_size=4), WORDS, WORDS)
def test_a_further_word_widens_a_plus_narrows_and_an_exception_takes_out(
    words: list[str], word: str, other: str
) -> None:
    def of(*what: str) -> set[str]:
        return selected(Selection(what))

    assert of(*words, word) == of(*words) | of(word)
    assert of(word, "+", other) == of(word) & of(other)
    assert of(word, "+", f"not:{other}") == of(word) - of(other)
