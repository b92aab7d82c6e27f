"""The check `wheel-unreachable`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipcacheplus.catalog.queries import Query, verification_of
from pipcacheplus.checks.base.check import checks
from pipcacheplus.host.interpreters import Interpreter
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.values import Finding, Source
from pipcacheplus.pips.wheel_keys import leaf_key
from tests.checks.damages import unreachable
from tests.checks.objections import CONTEXT
from tests.support.asking import Asker, question
from tests.support.builders import FILE_URL, INDEX_URL, Cache
from tests.support.interpreters import interpreter
from tests.support.pages import link, page
from tests.support.requests import whole

SLUG = "wheel-unreachable"
URL = f"{FILE_URL}/demo-1.0.tar.gz"
DIGEST = "a" * 64
ARCHIVE = {"hash": f"sha256={DIGEST}", "hashes": {"sha256": DIGEST}}


def found(cache: Cache, *considered: Interpreter, unasked: Sequence[str] = ()) -> list[Finding]:
    put = tuple(check for check in checks() if check.slug == SLUG)
    context = replace(
        CONTEXT,
        considered=considered,
        interpreters=tuple(one.name for one in considered),
        pips=tuple(one.pip for one in considered if one.pip is not None),
        unasked=tuple(unasked),
    )
    query: Query = whole(cache, checks=put, context=context)
    said = verification_of(CacheDir(path=str(cache.path), source=Source.ARGUMENT, detail=""), query)
    assert said.not_judged == {}
    return list(said.findings)


def told(cache: Cache, *considered: Interpreter, unasked: Sequence[str] = ()) -> list[tuple[str, str, str]]:
    """Return severity, remedy and message of each finding."""
    return [(one.severity.value, one.remedy.value, one.message) for one in found(cache, *considered, unasked=unasked)]


def names(cache: Cache, *considered: Interpreter) -> set[str | None]:
    """Return the projects of wheels that may be removed."""
    return {one.entry.project for one in found(cache, *considered) if one.remedy.value != "none"}


def built(cache: Cache, name: str = "demo", *, key: str | None = "311", with_digest: bool = True) -> str:
    """Store a wheel of an archive; its key is that of an interpreter."""
    url = f"{FILE_URL}/{name}-1.0.tar.gz"
    origin = {"url": url, "archive_info": ARCHIVE}
    return cache.built_wheel(name, url=url, sha256=DIGEST if with_digest else None, interpreter=key, origin=origin)


def test_a_wheel_of_an_interpreter_that_is_considered_is_reachable(cache: Cache) -> None:
    built(cache)
    built(cache, "older", key="36")
    assert found(cache, interpreter("cp311"), interpreter("cp36", "21.3.1")) == []


def test_a_pure_wheel_of_another_interpreter_is_told_with_its_name(cache: Cache) -> None:
    unreachable(cache)
    assert told(cache, interpreter("cp311"), interpreter("cp312")) == [
        ("warning", "remove-if-asked", "no interpreter considered looks for it, as it was built for cp36")
    ]
    (one,) = found(cache, interpreter())
    assert dict(one.evidence) == {"built_for": "cp36", "interpreters": "cp311", "pips": "26.3"}


def test_a_wheel_without_origin_is_told_by_the_links_of_pages(cache: Cache) -> None:
    unreachable(cache, is_linked=True)
    assert names(cache, interpreter()) == {"demo"}
    assert names(cache, interpreter("cp36")) == set()


def test_a_key_that_cannot_be_made_again_is_no_finding(cache: Cache) -> None:
    cache.built_wheel("demo", interpreter="36", has_origin=False)
    cache.built_wheel("other", interpreter="99")
    assert found(cache, interpreter()) == []


def test_nothing_is_said_if_no_interpreter_was_asked(cache: Cache) -> None:
    unreachable(cache)
    assert found(cache) == []


def test_nothing_goes_if_an_interpreter_of_this_machine_was_not_asked(cache: Cache) -> None:
    unreachable(cache)
    (one,) = found(cache, interpreter(), unasked=["/opt/python/bin/python3"])
    assert (one.severity.value, one.remedy.value) == ("warning", "none")
    assert one.message.endswith("built for cp36, but not every interpreter of this machine was run")
    assert dict(one.evidence)["not_asked"] == "/opt/python/bin/python3"


OLD_PIPS = [
    # versions of the pips considered; whether wheels of pip before 20.0, and those of pip 20.0 and later, are reachable
    (("26.3",), False, True),
    (("21.0",), False, True),
    (("20.3.4",), True, True),
    (("20.0",), True, True),
    (("19.3.1",), True, False),
    (("7.0",), True, False),
    (("6.1.1",), False, False),
    (("19.3.1", "26.3"), True, True),
    ((None,), True, True),
    ((None, "26.3"), False, True),
    ((None, "19.3.1"), True, True),
]


@pytest.mark.parametrize(("pips", "is_legacy_found", "is_new_found"), OLD_PIPS)
def test_a_key_of_another_era_is_told(
    cache: Cache, pips: tuple[str | None, ...], *, is_legacy_found: bool, is_new_found: bool
) -> None:
    built(cache, "legacy", key=None)
    built(cache, "new")
    reachable = {"legacy": is_legacy_found, "new": is_new_found}
    expected = {name for name, is_found in reachable.items() if not is_found}
    assert names(cache, *(interpreter(pip=pip) for pip in pips)) == expected


def test_the_pips_of_another_interpreter_do_not_look_under_the_key_of_this_one(cache: Cache) -> None:
    built(cache)
    assert told(cache, interpreter("cp311", "19.3.1"), interpreter("cp312", "26.3")) == [
        ("warning", "remove-if-asked", "no pip considered looks for it, as pip 20.0 or later built it for cp311")
    ]


def test_a_wheel_of_an_old_pip_is_told_with_the_python_that_its_tags_name(cache: Cache) -> None:
    cache.built_wheel("demo", tag="cp27.cp36-none-any", interpreter=None)
    (one,) = found(cache, interpreter())
    assert one.message == "no pip considered looks for it, as pip before 20.0 built it for cp27, cp36"


INFO = ("info", "none", "pip finds it only if exactly its URL is required, without a digest")


def test_a_key_without_a_digest_is_information(cache: Cache) -> None:
    built(cache, with_digest=False)
    assert told(cache, interpreter()) == [INFO]
    page(cache, f"{INDEX_URL}demo/", "demo", [link(URL, hashes={"sha256": DIGEST})])
    assert told(cache, interpreter()) == [INFO]


def test_a_key_without_a_digest_is_nothing_where_no_digest_is_known(cache: Cache) -> None:
    cache.built_wheel("demo", url=URL, interpreter="311", origin={"url": URL, "archive_info": {}})
    assert found(cache, interpreter()) == []
    page(cache, f"{INDEX_URL}demo/", "demo", [link(URL, hashes={"sha256": DIGEST})])  # as pip 22.3 leaves it
    assert told(cache, interpreter()) == [INFO]


@pytest.mark.parametrize(("pip", "expected"), [("22.2.2", [INFO]), ("22.3", []), ("22.3.1", []), ("23.0", [INFO])])
def test_pip_22_3_looks_under_a_key_without_a_digest(
    cache: Cache, pip: str, expected: list[tuple[str, str, str]]
) -> None:
    built(cache, with_digest=False)
    assert told(cache, interpreter(pip=pip)) == expected
    assert told(cache, interpreter(), interpreter("cp312", pip)) == [INFO]  # it makes keys of its own interpreter


def test_a_key_without_a_digest_is_the_usual_one_where_a_page_publishes_none(cache: Cache) -> None:
    built(cache, with_digest=False)
    page(cache, f"{INDEX_URL}demo/", "demo", [link(URL)])
    assert found(cache, interpreter()) == []


def test_a_commit_a_file_and_a_directory_have_keys_without_a_digest(cache: Cache) -> None:
    commit = "c" * 40
    git = "https://host.example/git"
    vcs = {"url": git, "vcs_info": {"vcs": "git", "commit_id": commit}}
    cache.built_wheel("git", url=f"git+{git}@{commit}", interpreter="311", origin=vcs)
    file = "file:///src/file-1.0.tar.gz"
    cache.built_wheel("file", url=file, interpreter="311", origin={"url": file, "archive_info": ARCHIVE})
    folder = "file:///src/folder-1.0"
    cache.built_wheel("folder", url=folder, interpreter="311", origin={"url": folder, "dir_info": {}})
    assert found(cache, interpreter()) == []
    assert names(cache, interpreter("cp312")) == {"git", "file", "folder"}


def test_a_subdirectory_is_part_of_the_key(cache: Cache) -> None:
    folder = f"wheels/{'/'.join(_parts(_key_with_subdirectory()))}"
    wheel = cache.built_wheel("demo", url=URL)
    moved = cache.write(f"{folder}/{wheel.rpartition('/')[2]}", cache.real(wheel).read_bytes())
    origin = f'{{"url": "{URL}", "archive_info": {{}}, "subdirectory": "below"}}'
    cache.write(f"{folder}/origin.json", origin.encode())
    assert {one.entry.id for one in found(cache, interpreter("cp312")) if one.entry.id == moved} == {moved}


def _key_with_subdirectory() -> str:
    return leaf_key(URL, None, ("cp", "311"), "below")


def _parts(key: str) -> tuple[str, ...]:
    return key[:2], key[2:4], key[4:6], key[6:]


def test_prune_incompatible_alone_takes_what_verify_finds(cache: Cache, tmp_path: Path) -> None:
    unreachable(cache)
    unreachable(cache, "linked", is_linked=True)
    built(cache, "legacy", key=None)
    asker = Asker(cache.path, tmp_path / "state")
    for remembers in (False, True, True):
        reasons = asker.ask(question("plan", incompatible=True), remembers=remembers).reasons
        assert {id_.rpartition("/")[2].partition("-")[0] for id_ in reasons} >= {"demo", "linked"}
        findings = asker.ask(question("verify"), remembers=remembers).findings
        assert {one.entry.id for one in findings if one.check == SLUG and one.remedy.value != "none"} == {*reasons}
        assert asker.ask(question("plan"), remembers=remembers).reasons == {}
