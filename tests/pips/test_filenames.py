"""Under which names an index may have published a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipcacheplus.model.facts import Facts, Sdist, Wheel
from pipcacheplus.pips.filenames import file_names
from tests.support.values import an_entry

WHEEL = Wheel(name="Demo.X", version="1.0", tags=(), build=None, stem="Demo_X-1.0", members=3)


def names(stem: str, *tags: str, build: str | None = None) -> list[str]:
    wheel = replace(WHEEL, stem=stem, tags=tuple(sorted(tags)), tags_as_written=tags, build=build)
    return list(file_names(an_entry("http-v2/x"), Facts(payload=wheel)))


@pytest.mark.parametrize(
    ("published", "tags"),
    [
        ("Demo_X-1.0-py2.py3-none-any.whl", ["py2-none-any", "py3-none-any"]),
        ("demo_x-1.0-py3.py2-none-any.whl", ["py3-none-any", "py2-none-any"]),
        (
            "Demo_X-1.0-cp39-cp39-manylinux_2_5_x86_64.manylinux1_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            [
                "cp39-cp39-manylinux_2_5_x86_64",
                "cp39-cp39-manylinux1_x86_64",
                "cp39-cp39-manylinux_2_17_x86_64",
                "cp39-cp39-manylinux2014_x86_64",
            ],
        ),
        (
            "Demo_X-1.0-cp27-none-macosx_10_6_intel.macosx_10_9_intel.macosx_10_10_intel.macosx_11_0_arm64.whl",
            [
                "cp27-none-macosx_11_0_arm64",
                "cp27-none-macosx_10_10_intel",
                "cp27-none-macosx_10_6_intel",
                "cp27-none-macosx_10_9_intel",
            ],
        ),
        ("Demo_X-1.0-cp39-cp39-c.a.b.whl", ["cp39-cp39-a", "cp39-cp39-b", "cp39-cp39-c"]),
    ],
    ids=["sorted", "as written", "as auditwheel writes", "by number", "any order of four"],
)
def test_the_name_that_was_published_is_among_those_that_are_tried(published: str, tags: list[str]) -> None:
    assert published in names("Demo_X-1.0", *tags)


def test_the_order_of_the_lines_is_tried_first() -> None:
    assert names("demo-1.0", "cp39-cp39-b", "cp39-cp39-a")[0] == "demo-1.0-cp39-cp39-b.a.whl"


def test_a_build_number_stands_behind_the_version() -> None:
    assert names("demo-1.0", "py3-none-any", build="2") == ["demo-1.0-2-py3-none-any.whl"]


@given(tags=st.lists(st.from_regex(r"[a-z]{1,3}-[a-z]{1,3}-[a-z0-9_]{1,8}", fullmatch=True), max_size=60))
def test_names_are_bounded_and_none_comes_twice(tags: list[str]) -> None:
    found = names("demo-1.0", *tags)
    assert len(found) == len(set(found)) <= 4096


def test_an_sdist_is_tried_in_every_spelling_of_its_name() -> None:
    sdist = Sdist(name="Demo.X", version="1.0", format="tar.gz", top="Demo.X-1.0")
    found = list(file_names(an_entry("http-v2/x"), Facts(payload=sdist)))
    assert {"Demo.X-1.0.tar.gz", "demo_x-1.0.tar.gz", "demo-x-1.0.tar.gz", "Demo_X-1.0.tar.gz"} <= set(found)
