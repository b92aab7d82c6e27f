"""The check `wheel-tag-incompatible`."""

from pathlib import Path

import pytest

from tests.checks.objections import told
from tests.support import artefacts
from tests.support.builders import Cache

URL = "https://files.example/demo"


TAGS = frozenset({"cp311-cp311-linux_x86_64", "py3-none-any"})


@pytest.mark.parametrize(
    ("tag", "objections"),
    [("py3-none-any", 0), ("py2.py3-none-any", 0), ("cp311-cp311-linux_x86_64", 0), ("cp27-cp27m-win32", 1)],
)
def test_a_wheel_is_told_if_none_of_its_tags_fits(cache: Cache, tmp_path: Path, tag: str, objections: int) -> None:
    cache.built_wheel("demo", tag=tag)
    cache.http_v2(URL, artefacts.wheel(tmp_path, "demo", "1.0", tag=tag).read_bytes())
    assert len(told("wheel-tag-incompatible", cache, tags=TAGS)) == 2 * objections


def test_nothing_is_told_if_no_interpreter_was_asked(cache: Cache) -> None:
    cache.built_wheel("demo", tag="cp27-cp27m-win32")
    assert told("wheel-tag-incompatible", cache) == []


def test_while_an_interpreter_was_not_asked_nothing_is_to_be_removed_and_the_message_names_it(cache: Cache) -> None:
    cache.built_wheel("demo", tag="cp27-cp27m-win32")
    cache.built_wheel("demo", tag="py3-none-any")
    one = told("wheel-tag-incompatible", cache, tags=TAGS, unasked=("/opt/python",))
    several = told("wheel-tag-incompatible", cache, tags=TAGS, unasked=("/opt/python", "/srv/python", "/x/python"))
    message = "no interpreter considered can use cp27-cp27m-win32, but /opt/python"
    assert one == [(f"{message} was not run", "warning", "none")]
    assert several == [(f"{message} and 2 others were not run", "warning", "none")]
