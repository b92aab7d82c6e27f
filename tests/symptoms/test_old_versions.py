"""A version that pip does not see, and a source that it does not build again, as the page says of each pip."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support import artefacts
from tests.support.answers import Answer
from tests.support.drill import IS_DRILL
from tests.support.pips import NEWEST
from tests.support.server import IndexServer
from tests.symptoms.page import symptom
from tests.symptoms.scene import PipOf, Scene, SceneOf

OLDER = symptom("older version")
ASKS_ALWAYS = ("24.0", "3.12")
NEW = (NEWEST, "3.13")


class Stubborn(IndexServer):
    """An index, or a proxy before it, that says of every page that it has not changed."""

    def answer(self, request: Any) -> Answer:  # noqa: ANN401 - a private class of the server
        """Answer 304 to every conditional request."""
        answer = super().answer(request)
        return Answer(status=304) if request.headers.get("If-None-Match") else answer


def publish(index: IndexServer, folder: Path) -> None:
    index.add(artefacts.wheel(folder / "newer", "demo-lib", "1.2"))


@pytest.mark.parametrize(
    "pip", [ASKS_ALWAYS, *([("21.3.1", "3.8")] if IS_DRILL else [])], ids=lambda pip: f"pip {pip[0]}"
)
def test_a_page_of_which_the_index_wrongly_says_that_it_has_not_changed_is_cured(
    pip_of: PipOf, demo_files: tuple[Path, ...], tmp_path: Path, pip: tuple[str, str]
) -> None:
    with Stubborn(demo_files) as index:
        scene = Scene(pip_of(*pip), index, tmp_path)
        assert scene.install("demo-lib").code == 0
        publish(index, tmp_path)
        index.clear_requests()
        assert "Successfully installed demo-lib-1.1" in scene.install("demo-lib").out
        assert [request.path for request in index.requests] == ["/simple/demo-lib/"]  # it has asked
        sick = scene.install("demo-lib==1.2")
        assert sick.code != 0
        assert OLDER.message(pip[0]).is_in(sick.out)
        scene.heal(OLDER, project="demo-lib")
        well = scene.install("demo-lib==1.2")
        assert well.code == 0, well.out


def test_a_new_pip_does_not_ask_for_a_page_while_it_is_fresh_and_is_cured(scene_of: SceneOf, tmp_path: Path) -> None:
    scene = scene_of(*NEW)
    assert scene.install("demo-lib").code == 0
    publish(scene.index, tmp_path)
    scene.index.clear_requests()
    sick = scene.install("demo-lib==1.2")
    assert OLDER.message(NEWEST).is_in(sick.out)
    assert scene.index.requests == ()
    before = scene.folder / "before"
    shutil.copytree(scene.cache, before)
    scene.heal(OLDER, project="demo-lib")
    assert scene.install("demo-lib==1.2").code == 0
    for words, options in (("prune --stale=0", ()), (None, ("--refresh-package", "demo-lib"))):
        # Two other ways that the page names.
        shutil.rmtree(scene.cache)
        shutil.copytree(before, scene.cache)
        if words is not None:
            assert f"`python -m pipcacheplus {words}`" in OLDER.text
            scene.follow(f"python -m pipcacheplus {words}")
        else:
            assert "`--refresh-package PROJECT`" in OLDER.text
        assert scene.install("demo-lib==1.2", *options).code == 0


def test_a_pip_between_sees_a_new_version_at_once(scene_of: SceneOf, tmp_path: Path) -> None:
    scene = scene_of(*ASKS_ALWAYS)
    assert scene.install("demo-lib").code == 0
    publish(scene.index, tmp_path)
    assert scene.install("demo-lib==1.2").code == 0


def test_a_build_of_a_source_that_was_replaced_is_cured(scene_of: SceneOf, tmp_path: Path) -> None:
    scene = scene_of(*NEW)
    path = scene.index.path_of("demo_source-2.0.tar.gz")
    what = f"demo-source @ {scene.index.url}{path}"
    assert "Successfully installed demo-source-2.0" in scene.install(what).out
    replaced = artefacts.sdist(tmp_path / "replaced", "demo-source", "2.0", requires=["demo-lib"]).read_bytes()
    scene.index.put(path, Answer(headers=(("ETag", '"replaced"'),), body=replaced))
    scene.index.clear_requests()
    assert "demo-lib" not in scene.install(what).out
    assert scene.index.requests == ()
    scene.heal(OLDER, project="demo-source")
    assert "Successfully installed demo-lib-1.1 demo-source-2.0" in scene.install(what).out
