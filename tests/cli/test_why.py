"""`why`: whom an entry is for, what is wrong with it, what would remove it, what would keep it."""

import json
from pathlib import Path

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Why
from tests.support.builders import INDEX_URL, Cache, page_headers

NOT_YET = -100 * 365 * 86_400
"""An age that is younger than any grace period, whatever the clock says."""
HERE = "current"


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def said(cache: Cache, what: str, *, keep: tuple[str, ...] = ()) -> Why:
    (found,) = PipCache(cache.path).why(what, pythons=HERE, keep=keep).entries
    return found


def test_a_wheel_for_another_machine_is_said_to_be_for_nobody_with_what_removes_it(cache: Cache) -> None:
    cache.built_wheel("demo", tag="cp27-cp27m-win32")
    why = said(cache, "demo")
    assert why.sentence.startswith("none of 1 interpreter considered can use it, as it is for cp27-cp27m-win32; ")
    assert "prune --incompatible removes it" in why.sentence
    assert (why.usable_by, why.removed_by, why.kept_by) == ((), ("prune --incompatible",), ())


def test_what_would_be_kept_is_said_with_the_option_that_keeps_it(cache: Cache) -> None:
    cache.built_wheel("demo", content=b"not an archive")
    why = said(cache, "demo", keep=("idna", "demo", "kind:built-wheel"))
    assert why.sentence.endswith("prune --corrupt removes it; --keep demo and --keep kind:built-wheel keep it")
    assert why.kept_by == ("--keep demo", "--keep kind:built-wheel")


def test_what_nothing_speaks_against_goes_by_name_alone(cache: Cache) -> None:
    page = b'{"name": "demo", "files": [], "meta": {"api-version": "1.0"}}'
    fresh = page_headers(page) | {"Cache-Control": "max-age=9999999999"}
    cache.http_v2(INDEX_URL + "demo/", page, headers=fresh)
    why = said(cache, "demo")
    expected = (
        "pip 23.3 and later reads it; "
        "prune keeps it unless a limit (--max-age), --unused or the like chooses it; remove and purge remove it"
    )
    assert (why.sentence, why.removed_by) == (expected, ())


def test_a_half_that_may_still_be_growing_is_kept_by_its_age(cache: Cache) -> None:
    head = cache.http_v2("https://files.example/half", b"half", has_head=False, age_s=NOT_YET)
    why = said(cache, f"{head}.body")
    assert why.sentence.endswith("prune --partial removes it; --min-age 1h keeps it")
    (old,) = PipCache(cache.path).why(f"{head}.body", pythons=HERE, min_age_s=0).entries
    assert (old.removed_by, old.kept_by) == (("prune --partial",), ())


def test_a_wheel_in_the_directory_of_another_python_is_said_to_lie_where_nobody_looks(cache: Cache) -> None:
    cache.built_wheel("demo", interpreter="27")
    why = said(cache, "demo")
    assert "it lies in the directory of cp27, where none of their pips looks for it" in why.sentence
    assert why.removed_by == ("prune --incompatible",)
    assert len(why.usable_by) == 1


def test_what_is_no_file_of_pips_is_never_removed(cache: Cache) -> None:
    cache.built_wheel("demo")
    cache.write("notes.txt", b"mine")
    assert said(cache, "notes.txt").sentence == "no pip wrote it; nothing here ever removes it"


def test_an_entry_is_taken_as_well_as_its_name(cache: Cache) -> None:
    cache.built_wheel("demo")
    opened = PipCache(cache.path)
    (entry,) = opened.scan("demo").entries
    assert opened.why(entry, pythons=HERE) == opened.why("demo", pythons=HERE)
    with pytest.raises(BadRequestError):
        opened.why("kind:egg", pythons=HERE)


def test_every_removal_for_a_reason_says_the_same_sentence(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    cache.built_wheel("demo", tag="cp27-cp27m-win32")
    where = ["--cache-dir", str(cache.path), "--python", HERE]
    assert main(["why", "demo", "--format", "json", *where]) == 0
    (told,) = json.loads(capsys.readouterr().out)["summary"]["why"].values()
    assert main(["prune", "--incompatible", "-n", "--format", "json", *where]) == 0
    (action,) = json.loads(capsys.readouterr().out)["actions"]
    assert action["reason"] == told["sentence"] == said(cache, "demo").sentence
    assert main(["prune", "--incompatible", "-n", "-v", *where]) == 0
    assert f"\n    {told['sentence']}\n" in capsys.readouterr().out


def test_what_matches_nothing_is_said(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    cache.built_wheel("demo")
    assert main(["why", "idna", "--cache-dir", str(cache.path), "--python", HERE]) == 0
    assert capsys.readouterr() == ("Nothing matches.\n", 'WARNING: No matching entries for "idna"\n')
