"""Which interpreter looks for a built wheel."""

import pytest

from pipcacheplus.model.facts import Origin
from pipcacheplus.pips.wheel_keys import LEGACY, SdistLink, interpreter_of
from tests.support.builders import leaf

URL = "https://files.example/demo-1.0.tar.gz"
SHA = ("sha256", "a" * 64)


@pytest.mark.parametrize(
    ("interpreter", "sha256", "expected"),
    [
        ("311", None, "cp311"),
        ("27", SHA[1], "cp27"),
        (None, None, LEGACY),
        (None, SHA[1], LEGACY),
        ("399", SHA[1], None),
    ],
)
def test_a_key_that_can_be_made_again_tells_its_interpreter(
    interpreter: str | None, sha256: str | None, expected: str | None
) -> None:
    path = leaf(URL, sha256=sha256, interpreter=interpreter) + "/demo-1.0-py3-none-any.whl"
    assert expected == interpreter_of(path, Origin(url=URL, is_directory=False, hashes=(SHA,)), ())
    assert expected == interpreter_of(path, None, [SdistLink(url=URL, hashes=(SHA,))])


def test_another_source_tells_nothing() -> None:
    path = leaf(URL) + "/demo-1.0-py3-none-any.whl"
    assert interpreter_of(path, None, [SdistLink(url=URL + "x", hashes=())]) is None


def test_a_commit_is_part_of_the_url() -> None:
    commit = "c" * 40
    path = leaf(f"git+https://host.example/demo@{commit}", interpreter="311") + "/demo-1.0-py3-none-any.whl"
    origin = Origin(url="https://host.example/demo", is_directory=False, vcs="git", commit=commit)
    assert interpreter_of(path, origin, ()) == "cp311"


def test_a_url_with_half_a_character_tells_nothing() -> None:
    half = URL + "\ud800"
    path = leaf(URL) + "/demo-1.0-py3-none-any.whl"
    assert interpreter_of(path, Origin(url=half, is_directory=False), [SdistLink(url=half, hashes=(SHA,))]) is None
