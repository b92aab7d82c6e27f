"""What is cut out of a URL, and what stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.pips.credentials import has_credentials, is_cut, shown_text, shown_url

WHOLE = (
    "https://index.example/simple/six/",
    "https://files.example/packages/ab/cd/0123456789abcdef0123456789abcdef/six-1.0-py3-none-any.whl",
    "https://files.example/packages/" + "0" * 60 + "/glfw-2.5.0-py2.py27.py3.py30.py31-none-any.whl",
    "https://files.example/six.whl?a=b&raw=true",
    "https://files.example/six.whl#sha256=" + "0" * 64,
    "https://index.example/public/owner/repository/python/simple/six/",
    "git+ssh://git@host.example/a/b.git@main",
    "git+https://${USER}:${TOKEN}@host.example/a.git",
    "file:///home/me/six-1.0.zip",
    "https://host.example/a@b/c",
    "",
)
CUT = {
    "https://me:pw@host.example/a": "https://…@host.example/a",
    "https://token@host.example": "https://…@host.example",
    "//me:pw@host.example/a": "//…@host.example/a",
    "git+https://me:pw@host.example/a.git@v1": "git+https://…@host.example/a.git@v1",
    "git+ssh://me@host.example/a.git": "git+ssh://…@host.example/a.git",
    "https://git:pw@host.example/a.git": "https://…@host.example/a.git",
    "https://me:p@ss@host.example/a": "https://…@host.example/a",
    "https://me:p/ss@host.example/a": "https://…@host.example/a",
    "https://host.example/a?x=1&sig=2": "https://host.example/a?…",
    "https://host.example/a?X%2DAmz%2DSignature=2": "https://host.example/a?…",
    "https://host.example/a?x=0123456789abcdef": "https://host.example/a?…",
    "https://host.example/a?0123456789abcdef": "https://host.example/a?…",
    "https://host.example/a;x?a;token=1#b": "https://host.example/a;x?…#b",
    "https://host.example/a#access_token=1": "https://host.example/a#…",
    "?token=1": "?…",
    "https://host.example/0123456789ABCDEf/owner/repository/python/a.whl": (
        "https://host.example/…/owner/repository/python/a.whl"
    ),
    "https://host.example/t/abcdefgh/simple/": "https://host.example/t/…/simple/",
    "https://host.example/glpat-0123456789abcdefghij/a": "https://host.example/…/a",
    "https://host.example/t/abcdefgh/a?b=c": "https://host.example/t/…/a?b=c",
}


@pytest.mark.parametrize("url", WHOLE)
def test_what_holds_no_credentials_stays_as_it_is(url: str) -> None:
    assert (shown_url(url), has_credentials(url), is_cut(url)) == (url, False, False)


@pytest.mark.parametrize(("url", "shown"), CUT.items())
def test_credentials_are_cut_and_the_rest_stays(url: str, shown: str) -> None:
    assert (shown_url(url), has_credentials(url), is_cut(shown)) == (shown, True, True)


@given(st.text() | st.text("/.%a:@?#[]=&;").map("https://h".__add__))
def test_what_was_cut_holds_no_more_credentials(url: str) -> None:
    assert not has_credentials(shown_url(url))


@given(st.sampled_from(WHOLE[:5]), st.text("abc/:@?#%", max_size=9))
def test_a_password_never_stays(url: str, user: str) -> None:
    assert "SeCrEt" not in shown_url(url.replace("//", f"//{user}:SeCrEt@"))


@pytest.mark.parametrize(("url", "shown"), CUT.items())
def test_urls_in_a_sentence_are_cut(url: str, shown: str) -> None:
    if "://" in url:
        assert (
            shown_text(f'no "{url}" in {url}, and no other') == f'no "{shown}" in {shown_url(f"{url},")} and no other'
        )


def test_a_scheme_need_not_stand_apart() -> None:
    assert shown_text("1https://me:pw@host.example") == "1https://…@host.example"


@pytest.mark.parametrize("piece", [":", "/", "@", "a", "%", "?", "/t/", "/0123456789abcdef", "://", "&a="])
def test_a_url_of_a_megabyte_takes_no_longer_than_its_length(piece: str) -> None:
    url = "https://h" + piece * (1 << 20)
    assert not has_credentials(shown_url(url))
    assert shown_text(url)
