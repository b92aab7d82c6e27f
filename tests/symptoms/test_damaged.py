"""Damaged files in the cache: a real pip fails with the words of the page, and the command of the page cures it."""

import json
import urllib.request
from pathlib import Path

import pytest

from pipcacheplus import Kind
from tests.support import artefacts
from tests.support.answers import Answer
from tests.support.builders import tree
from tests.support.drill import IS_DRILL
from tests.support.flips import flip_last_member
from tests.support.pips import NEWEST
from tests.support.server import IndexServer
from tests.symptoms.page import Message, symptom
from tests.symptoms.scene import Said, SceneOf

HASHES = symptom("DO NOT MATCH THE HASHES")
BAD_ZIP = symptom("BadZipFile")
INVALID = symptom("Wheel '…' located at")
INCONSISTENT = symptom("has inconsistent version")
UNREADABLE = symptom("deserialization failed")
REDIRECTS = symptom("30 redirects")

OLD = ("21.3.1", "3.8")
WITHOUT_HASHES = ("22.3.1", "3.11")
"""It ignores the hashes of JSON pages."""
NEW = (NEWEST, "3.13")
SINCE_METADATA = [("23.2.1", "3.11"), ("24.0", "3.12"), ("25.0", "3.13"), NEW] if IS_DRILL else [NEW]
PIPS = [OLD, *SINCE_METADATA] if IS_DRILL else [NEW]
"""All generations in a drill; else those whose words differ are tried by a test of their own."""
FILE = "demo_lib-1.1-py2.py3-none-any.whl"
JSON = "application/vnd.pypi.simple.v1+json"


def name_of(pip: tuple[str, str]) -> str:
    return f"pip {pip[0]}"


def cut(path: Path) -> None:
    """Remove the end of an archive, with its directory."""
    path.write_bytes(path.read_bytes()[:-200])


def assert_cured(said: Message, sick: Said, well: Said) -> None:
    """Check that pip failed with these words, and succeeds without them."""
    assert sick.code != 0, sick.out
    assert said.is_in(sick.out), f"{said.lines}\n{sick.out}"
    assert well.code == 0, well.out
    assert not said.is_in(well.out)


@pytest.mark.parametrize("pip", PIPS, ids=name_of)
def test_hashes_that_do_not_match_are_cured_by_the_command_and_not_by_leaving_the_cache_out(
    scene_of: SceneOf, pip: tuple[str, str]
) -> None:
    scene = scene_of(*pip)
    assert scene.install("demo-lib").code == 0
    whole = tree(scene.cache)
    flip_last_member(scene.content(Kind.WHEEL, "demo-lib"))
    assert scene.install("demo-lib", "--no-cache-dir").code == 0
    scene.index.clear_requests()
    sick = scene.install("demo-lib")
    assert "Using cached" in sick.out
    assert not [request for request in scene.index.requests if request.path.endswith(FILE)]
    assert "demo-lib" in scene.heal(HASHES)
    assert_cured(HASHES.message(pip[0]), sick, scene.install("demo-lib"))
    assert tree(scene.cache).keys() == whole.keys()


@pytest.mark.parametrize("pip", PIPS, ids=name_of)
def test_a_built_wheel_with_a_wrong_checksum_is_cured(scene_of: SceneOf, pip: tuple[str, str]) -> None:
    scene = scene_of(*pip)
    assert scene.install("demo-source").code == 0
    flip_last_member(scene.content(Kind.BUILT_WHEEL, "demo-source"))
    sick = scene.install("demo-source")
    scene.heal(BAD_ZIP)
    assert_cured(BAD_ZIP.message(pip[0]), sick, scene.install("demo-source"))


@pytest.mark.parametrize("pip", [WITHOUT_HASHES, NEW], ids=name_of)
def test_a_download_that_is_compared_with_no_hash_is_cured(scene_of: SceneOf, pip: tuple[str, str]) -> None:
    scene = scene_of(*pip)
    what = "demo-lib" if pip == WITHOUT_HASHES else scene.index.url + scene.index.path_of(FILE)
    assert scene.install(what).code == 0
    flip_last_member(scene.content(Kind.WHEEL, "demo-lib"))
    sick = scene.install(what)
    scene.heal(BAD_ZIP)
    assert_cured(BAD_ZIP.message(pip[0]), sick, scene.install(what))


def test_a_truncated_built_wheel_ends_an_old_pip_with_a_traceback_and_is_cured(scene_of: SceneOf) -> None:
    scene = scene_of(*OLD)
    assert scene.install("demo-source").code == 0
    cut(scene.content(Kind.BUILT_WHEEL, "demo-source"))
    scene.age()
    sick = scene.install("demo-source")
    scene.heal(BAD_ZIP)
    said = BAD_ZIP.message_of("A traceback of pip up to 21.3")
    assert_cured(said, sick, scene.install("demo-source"))


@pytest.mark.parametrize("pip", SINCE_METADATA, ids=name_of)
def test_a_truncated_built_wheel_is_cured(scene_of: SceneOf, pip: tuple[str, str]) -> None:
    scene = scene_of(*pip)
    assert scene.install("demo-source").code == 0
    path = scene.content(Kind.BUILT_WHEEL, "demo-source")
    cut(path)
    assert "--min-age 0" in scene.follow(INVALID.cure)  # a pip may be writing it
    assert path.exists()
    scene.age()
    sick = scene.install("demo-source")
    assert f"located at {path} is invalid" in sick.out
    scene.heal(INVALID)
    assert_cured(INVALID.message(pip[0]), sick, scene.install("demo-source"))


def test_a_download_that_is_no_zip_is_cured_though_pip_names_a_copy_of_it(scene_of: SceneOf) -> None:
    scene = scene_of(*NEW)
    url = scene.index.url + scene.index.path_of(FILE)
    assert scene.install(url).code == 0
    path = scene.content(Kind.WHEEL, "demo-lib")
    path.write_bytes(b"<html>Please log in</html>".ljust(path.stat().st_size))
    sick = scene.install(url)
    assert "pip-unpack-" in sick.out
    assert str(scene.cache) not in sick.out
    scene.heal(INVALID)
    assert_cured(INVALID.message(NEWEST), sick, scene.install(url))


def without_hashes_of_metadata(index: IndexServer, project: str) -> None:
    """Publish that there is metadata beside the wheels of a project, and no hash of it."""
    request = urllib.request.Request(index.page_url(project), headers={"Accept": JSON})
    with urllib.request.urlopen(request) as answer:
        page = json.load(answer)
    for file in page["files"]:
        file["core-metadata"] = file["data-dist-info-metadata"] = bool(file["core-metadata"])
    headers = (("Content-Type", JSON), ("Cache-Control", "max-age=600, public"), ("ETag", '"without hashes"'))
    index.put(f"/simple/{project}/", Answer(headers=headers, body=json.dumps(page).encode()))


def change(path: Path, old: bytes, new: bytes) -> None:
    """Replace some bytes of a file by as many others."""
    content = path.read_bytes()
    assert old in content
    assert len(old) == len(new)
    path.write_bytes(content.replace(old, new))


@pytest.mark.parametrize("pip", SINCE_METADATA, ids=name_of)
def test_metadata_of_another_version_is_cured(scene_of: SceneOf, pip: tuple[str, str]) -> None:
    scene = scene_of(*pip)
    without_hashes_of_metadata(scene.index, "demo-lib")
    assert scene.install("demo-lib==1.1").code == 0
    change(scene.content(Kind.METADATA, "demo-lib"), b"Version: 1.1", b"Version: 9.9")
    assert "Successfully installed demo-lib-1.0" in scene.install("demo-lib").out  # an older one, without an error
    sick = scene.install("demo-lib==1.1")
    assert "No matching distribution found" in sick.out
    scene.heal(INCONSISTENT)
    assert_cured(INCONSISTENT.message(pip[0]), sick, scene.install("demo-lib==1.1"))


def test_metadata_with_other_requirements_than_the_wheel_is_cured(scene_of: SceneOf, tmp_path: Path) -> None:
    scene = scene_of(*NEW)
    scene.index.add(artefacts.wheel(tmp_path / "more", "a"))
    without_hashes_of_metadata(scene.index, "demo-lib")
    assert scene.install("demo-lib").code == 0
    change(scene.content(Kind.METADATA, "demo-lib"), b"Summary: A demo", b"Requires-Dist:a")
    sick = scene.install("demo-lib")
    said = INCONSISTENT.message_of("pip 26.2 and later, which compare the wheel with the metadata beside it")
    scene.heal(INCONSISTENT)
    assert_cured(said, sick, scene.install("demo-lib"))


def test_a_built_wheel_of_another_version_than_its_name_is_cured(scene_of: SceneOf, tmp_path: Path) -> None:
    scene = scene_of(*OLD)
    assert scene.install("demo-source==2.0").code == 0
    other = artefacts.wheel(tmp_path / "other", "demo-source", "3.0")
    scene.content(Kind.BUILT_WHEEL, "demo-source").write_bytes(other.read_bytes())
    sick = scene.install("demo-source==2.0")
    scene.heal(INCONSISTENT)
    assert_cured(INCONSISTENT.message(OLD[0]), sick, scene.install("demo-source==2.0"))


@pytest.mark.parametrize("pip", PIPS, ids=name_of)
def test_an_unreadable_response_is_only_a_warning_and_goes_by_the_command_or_by_pip_itself(
    scene_of: SceneOf, pip: tuple[str, str]
) -> None:
    scene = scene_of(*pip)
    said = UNREADABLE.message(pip[0])
    assert scene.install("demo-lib").code == 0

    def damage() -> None:
        path = scene.metadata_file(Kind.WHEEL, "demo-lib")
        path.write_bytes(b"cc=4," + path.read_bytes()[40:])

    damage()
    sick = scene.install("demo-lib")
    assert sick.code == 0
    assert said.is_in(sick.out)
    assert not said.is_in(scene.install("demo-lib").out)
    damage()
    scene.heal(UNREADABLE)
    well = scene.install("demo-lib")
    assert well.code == 0
    assert not said.is_in(well.out)


@pytest.mark.parametrize("pip", PIPS, ids=name_of)
def test_a_circle_of_redirects_outlives_the_servers_and_is_cured(scene_of: SceneOf, pip: tuple[str, str]) -> None:
    scene = scene_of(*pip)
    there, elsewhere = scene.index.path_of(FILE), f"/elsewhere/{FILE}"
    scene.index.redirect(there, scene.index.url + elsewhere)
    scene.index.redirect(elsewhere, scene.index.url + there)
    assert scene.install("demo-lib").code != 0
    scene.index.restore(there)
    sick = scene.install("demo-lib")
    scene.heal(REDIRECTS)
    assert_cured(REDIRECTS.message(pip[0]), sick, scene.install("demo-lib"))
