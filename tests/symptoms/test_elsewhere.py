"""Symptoms that no damage in the cache causes: what the page says of them is so."""

import os
import shutil
from pathlib import Path

import pytest

from tests.deletion.systems import made
from tests.support import artefacts
from tests.support.builders import tree
from tests.support.drill import IS_DRILL
from tests.support.owners import SOMEBODY, is_root
from tests.support.pips import NEWEST
from tests.support.server import IndexServer
from tests.symptoms.page import symptom
from tests.symptoms.scene import PROJECT, PipOf, Scene, SceneOf

UNSUPPORTED = symptom("not a supported wheel")
OWNER = symptom("not owned or is not writable")
NO_SPACE = symptom("No space left")

NEW = (NEWEST, "3.13")
OTHERS = [("21.3.1", "3.8")] if IS_DRILL else []
WHEEL_BYTES = 3_000_000
FREE_BYTES = 10_000_000
"""On the disk that gets full: three wheels fit."""


@pytest.mark.parametrize("pip", [*OTHERS, NEW], ids=lambda pip: f"pip {pip[0]}")
def test_a_wheel_for_another_platform_is_not_the_fault_of_the_cache(
    scene_of: SceneOf, tmp_path: Path, pip: tuple[str, str]
) -> None:
    scene = scene_of(*pip)
    said = UNSUPPORTED.message(pip[0])
    wheel = artefacts.wheel(tmp_path / "named", "demo-lib", "1.1", tag="cp27-cp27mu-manylinux1_x86_64")
    scene.index.add(wheel)
    assert said.is_in(scene.install(str(wheel)).out)
    assert said.is_in(scene.install(scene.index.url + scene.index.path_of(wheel.name)).out)
    scene.follow("python -m pipcacheplus purge --yes --exclusive")
    assert said.is_in(scene.install(str(wheel)).out)  # so a clean cache does not help
    words = UNSUPPORTED.cure.replace(PROJECT, "demo-lib").split()
    assert words[:4] == ["python", "-m", "pip", "install"]
    well = scene.install(*words[4:])
    assert well.code == 0, well.out
    assert not said.is_in(well.out)


@is_root
@pytest.mark.parametrize("pip", [("18.1", "3.6"), *OTHERS, NEW], ids=lambda pip: f"pip {pip[0]}")
def test_a_cache_of_another_user_is_off_until_it_is_given_to_this_one(scene_of: SceneOf, pip: tuple[str, str]) -> None:
    scene = scene_of(*pip)
    said = OWNER.message(pip[0])
    assert scene.install("demo-lib").code == 0
    scene.cache.mkdir(exist_ok=True)  # pip up to 21.2 stores nothing that comes by plain HTTP
    os.chown(scene.cache, SOMEBODY, SOMEBODY)
    before = tree(scene.cache)
    sick = scene.install("demo-app", "--no-deps")
    assert sick.code == 0
    assert said.is_in(sick.out)
    assert tree(scene.cache) == before  # nothing was stored
    assert "belongs to user" in scene.follow("python -m pipcacheplus info")
    if pip == NEW:
        assert scene.pip.run("cache", "dir", cache_dir=scene.cache, is_checked=False).returncode != 0
        assert scene.follow("python -m pipcacheplus dir").splitlines()[0] == str(scene.cache)
    scene.follow(OWNER.cure)
    well = scene.install("demo-app", "--no-deps")
    assert well.code == 0
    assert not said.is_in(well.out)
    assert before.items() <= tree(scene.cache).items()


def test_on_a_full_disk_pip_goes_on_without_storing_and_fails_only_where_it_unpacks(
    pip_of: PipOf, tmp_path: Path
) -> None:
    def random_wheel(number: int) -> Path:
        content = {"random.bin": os.urandom(WHEEL_BYTES)}
        return artefacts.wheel(tmp_path / "files", f"demo-{number}", "1.0", files=content)

    with made("tmpfs", tmp_path / "system", lambda _: None) as disk, IndexServer(map(random_wheel, range(4))) as index:
        with (disk / "other").open("wb") as other:
            os.posix_fallocate(other.fileno(), 0, shutil.disk_usage(disk).free - FREE_BYTES)
        scene = Scene(pip_of(*NEW), index, tmp_path)
        scene.cache = disk / "cache"
        said = NO_SPACE.message(NEWEST)
        assert scene.install(*(f"demo-{number}" for number in range(3))).code == 0
        last = scene.install("demo-3")
        assert (last.code, said.is_in(last.out)) == (0, False)
        assert "Downloading demo_3-1.0-py3-none-any.whl (" in scene.install("demo-3").out  # it was not stored
        sick = scene.install("demo-3", target=disk / "target")
        assert sick.code != 0
        assert said.is_in(sick.out)
        scene.heal(NO_SPACE)
        well = scene.install("demo-3", target=disk / "target")
        assert well.code == 0, well.out
        assert not said.is_in(well.out)
