"""The page of symptoms can be searched: what is in somebody's clipboard leads to one section, and to one command."""

import re

import pytest

from tests.symptoms.page import PAGE, Symptom, symptoms

TITLES = (
    "THESE PACKAGES DO NOT MATCH THE HASHES",
    "BadZipFile",
    "is not a supported wheel on this platform",
    "located at … is invalid",
    "has inconsistent version",
    "Cache entry deserialization failed, entry ignored",
    "The cache has been disabled.",
    "No space left on device",
    "An older version is installed again and again",
    "undefined symbol",
    "cannot open shared object file",
    "numpy.dtype size changed",
    "Exceeded 30 redirects",
    "pip hangs",
)
CLIPBOARDS = {
    "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE": "prune --corrupt",
    "Cache entry deserialization failed, entry ignored": "prune",
    "cannot open shared object file: No such file or directory": "prune --outdated-builds",
    "Exceeded 30 redirects": "prune --corrupt",
    "numpy.dtype size changed, may indicate binary incompatibility": "prune --outdated-builds",
    "[Errno 28] No space left on device": "prune --min-free 1GB",
    "BadZipFile: File is not a zip file": "prune --corrupt",
}


@pytest.mark.parametrize("title", TITLES)
def test_each_symptom_has_a_section(title: str) -> None:
    assert [one.title for one in symptoms() if title in one.title] != []


def test_no_section_has_no_test() -> None:
    assert len(symptoms()) == len(TITLES)


@pytest.mark.parametrize("one", symptoms(), ids=lambda one: one.title[:40])
def test_each_section_has_words_one_command_and_what_to_do_otherwise(one: Symptom) -> None:
    assert len(one.cures) == 1
    assert "**If " in one.text
    assert one.look is not None or "removes nothing" in one.text
    if one.look is not None and re.search("prune|remove", one.cure):
        # The same command, and it changes nothing.
        assert one.look.replace(" -n", "", 1) == one.cure


@pytest.mark.parametrize("clipboard", CLIPBOARDS)
def test_the_first_place_in_a_section_that_a_search_finds_is_above_the_command(clipboard: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    at = text.index(clipboard, text.index("\n## "))
    found = re.search(r"```console\n(.+)\n```", text[at:])
    assert found is not None
    assert found[1] == f"python -m pipcacheplus {CLIPBOARDS[clipboard]}"


def test_the_table_has_the_commands_of_the_sections_in_their_order() -> None:
    before = PAGE.read_text(encoding="utf-8").partition("\n## ")[0]
    rows = [line.split("|")[2].strip(" `") for line in before.splitlines() if line.startswith("| ")][2:]
    assert rows == [one.cure for one in symptoms()]


@pytest.mark.parametrize(
    ("version", "words"), [("21.3.1", "filename has"), ("22.3.1", "expected"), ("26.3", "expected")]
)
def test_the_words_of_a_version_are_those_of_its_range(version: str, words: str) -> None:
    (one,) = (one for one in symptoms() if "inconsistent" in one.title)
    assert words in one.message(version).lines[0]


def test_a_version_without_words_is_an_error() -> None:
    (one,) = (one for one in symptoms() if "located at" in one.title)
    with pytest.raises(ValueError, match="unpack"):
        one.message("21.3.1")


def test_other_words_than_those_of_the_page_are_not_found_in_an_output() -> None:
    (one,) = (one for one in symptoms() if "redirects" in one.title)
    message = one.message("26.3")
    assert message.is_in("ERROR: it\n  Exceeded 30\n redirects.\n")
    assert not message.is_in("ERROR: Exceeded 31 redirects.")
