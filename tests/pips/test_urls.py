"""How pip spells a URL before it makes a key of it."""

import pytest

from pipcacheplus.pips.urls import is_absolute, join_url, spellings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Host.EXAMPLE/Path#sha256=00", ("https://host.example/Path",)),
        ("https://host.example", ("https://host.example/",)),
        ("https://host.example/a?", ("https://host.example/a",)),
        ("https://host.example/a?b=C", ("https://host.example/a?b=C",)),
        ("https://user:Pw@host.example:443/a", ("https://user:pw@host.example:443/a",)),
        ("https://host.example/a+b", ("https://host.example/a+b", "https://host.example/a%2Bb")),
        ("https://host.example/a%2fb", ("https://host.example/a%2fb",)),
        ("https://host.example/a@b", ("https://host.example/a@b",)),
        ("relative/link", ()),
        ("https://[broken/a", ()),
        ("", ()),
    ],
)
def test_a_url_is_spelt_as_pip_spells_it(url: str, expected: tuple[str, ...]) -> None:
    assert expected == spellings(url)


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
