"""How pip spells a URL before it makes a key of it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipcacheplus.pips.urls import is_absolute, join_url, spellings, without_user


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Host.EXAMPLE/Path#sha256=00", ("https://host.example/Path",)),
        ("https://host.example", ("https://host.example/",)),
        ("https://host.example/a?", ("https://host.example/a",)),
        ("https://host.example/a?b=C", ("https://host.example/a?b=C",)),
        ("https://user:Pw@host.example:443/a", ("https://user:pw@host.example:443/a", "https://host.example:443/a")),
        ("https://@host.example/a", ("https://@host.example/a", "https://host.example/a")),
        ("https://host.example:/a", ("https://host.example/a",)),
        ("https://host.example:0443/a", ("https://host.example:443/a",)),
        ("https://[::1]:8080/a", ("https://[::1]:8080/a",)),
        ("https://b\xfccher.example/a", ("https://xn--bcher-kva.example/a",)),
        ("https://host.example/a/./b/../c", ("https://host.example/a/./b/../c", "https://host.example/a/c")),
        ("https://host.example/a?b=%2fc d", ("https://host.example/a?b=%2fc%20d", "https://host.example/a?b=%2Fc%20d")),
        ("https://host.example/%7ea", ("https://host.example/~a",)),
        ("https://host.example/a%zz", ("https://host.example/a%25zz",)),
        ("https://host.example/a+b", ("https://host.example/a+b", "https://host.example/a%2Bb")),
        ("https://host.example/a%2fb", tuple(f"https://host.example/{path}" for path in ("a%2fb", "a%2Fb", "a/b"))),
        ("https://host.example/a@b", ("https://host.example/a@b",)),
        ("relative/link", ()),
        ("https://[broken/a", ()),
        ("https://host.example/\udc80", ()),
        ("https://" + "\xfc" * 70 + ".example/a", ()),
        ("", ()),
    ],
)
def test_a_url_is_spelt_as_pip_spells_it(url: str, expected: tuple[str, ...]) -> None:
    assert expected == spellings(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:secret@index.example/simple/", "https://index.example/simple/"),
        ("https://token@index.example", "https://index.example"),
        ("https://me:p@ss@index.example/a@b/", "https://index.example/a@b/"),
        ("https://index.example?mail=me@host", "https://index.example?mail=me@host"),
        ("https://index.example/#me@host", "https://index.example/#me@host"),
        ("index.example", "index.example"),
    ],
)
def test_only_the_user_goes(url: str, expected: str) -> None:
    assert without_user(url) == expected


@given(st.text() | st.text("/.%a:@?[]").map("https://h".__add__))
@example("A://:")
def test_a_spelling_is_a_url_of_ascii_without_fragment(url: str) -> None:
    for spelling in spellings(url):
        assert spelling.isascii()
        assert "#" not in spelling
        assert spellings(spelling)


def test_only_a_scheme_makes_a_link_absolute() -> None:
    assert is_absolute("https://host.example/a")
    assert not is_absolute("../a")
    assert not is_absolute("//host.example/a")


def test_a_link_is_resolved_against_its_page() -> None:
    assert (
        join_url("https://host.example/simple/six/", "../../packages/six.whl")
        == "https://host.example/packages/six.whl"
    )
    assert join_url("https://host.example/", "https://[broken") is None
