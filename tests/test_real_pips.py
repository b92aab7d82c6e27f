"""The main job from the outside: real pips fill a cache, it is pruned, and the same pips install from what is left."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import artefacts, processes
from tests.support.answers import Answer
from tests.support.builders import tree
from tests.support.filled import Filled
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS
from tests.support.server import IndexServer

FillCache = Callable[[str], Filled]
GENERATIONS = ["http-html", "http-json", "http-v2", "newest"]


def run(*arguments: str, cache: Path, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Run the command as a user does; return its JSON."""
    environment = {**os.environ, "XDG_STATE_HOME": str(cache.parent / "state")}
    command = [*PIPCACHEPLUS, *arguments, "--cache-dir", str(cache), "--format", "json"]
    done = processes.run(command, env=environment)
    assert done.returncode in codes, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def gone(document: dict[str, Any]) -> set[str]:
    return {path for action in document["actions"] for path in action["paths"]}


def install(pip: Pip, filled: Filled, folder: Path, *what: str, is_checked: bool = True) -> list[str]:
    """Install anew, and return the file names that were downloaded for it."""
    filled.index.clear_requests()
    done = pip.run(
        "install",
        "--target",
        str(folder),
        *what,
        cache_dir=filled.path,
        index=filled.index.index_url,
        is_checked=is_checked,
    )
    assert is_checked or done.returncode, "the control did not fail"
    paths = [request.path for request in filled.index.requests if request.path.startswith("/packages/")]
    return sorted(path.rpartition("/")[2] for path in paths)


def entry_of(filled: Filled, kind: str, project: str) -> dict[str, Any]:
    found = [e for e in run("list", project, cache=filled.path)["entries"] if e["kind"] == kind]
    assert found, f"no {kind} of {project}"
    entry: dict[str, Any] = found[0]
    return entry


def flip_in_wheel(filled: Filled, entry: dict[str, Any]) -> None:
    """Flip a byte in the first member of a cached wheel, and keep the file's times."""
    path = filled.path / entry["paths"][-1]
    times = os.stat(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\3\4") + 60] ^= 0x55
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_real_pips_wrote_is_named_and_sound(filled_cache: FillCache, generation: str) -> None:
    filled = filled_cache(generation)
    entries = run("list", cache=filled.path)["entries"]
    kinds = {(entry["kind"], entry["project"]) for entry in entries}
    assert {
        ("wheel", "demo-app"),
        ("wheel", "demo-lib"),
        ("sdist", "demo-source"),
        ("built-wheel", "demo-source"),
        ("index-page", "demo-app"),
    } <= kinds
    assert not {"leftover", "foreign", "unreadable"} & {kind for kind, _ in kinds}
    assert all(entry["version"] for entry in entries if entry["kind"] in {"wheel", "sdist", "built-wheel"})
    errors = [f for f in run("verify", cache=filled.path)["findings"] if f["severity"] == "error"]
    assert errors == []


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_flipped_byte_fails_every_install_until_it_is_pruned(
    filled_cache: FillCache, tmp_path: Path, generation: str
) -> None:
    filled = filled_cache(generation)
    pip = filled.pips[0]
    bad = entry_of(filled, "wheel", "demo-lib")
    flip_in_wheel(filled, bad)
    install(pip, filled, tmp_path / "control", "demo-app", is_checked=False)
    errors = [f for f in run("verify", cache=filled.path, codes=(3,))["findings"] if f["severity"] == "error"]
    assert {error["id"] for error in errors} == {bad["id"]}
    assert "body-digest-mismatch" in {error["check"] for error in errors}
    before = tree(filled.path)
    assert gone(run("prune", "--corrupt", "--exclusive", cache=filled.path)) == set(bad["paths"])
    after = tree(filled.path)
    assert {path: seen for path, seen in before.items() if path not in bad["paths"]} == {
        path: seen for path, seen in after.items() if not path.endswith("/")
    }
    assert install(pip, filled, tmp_path / "healed", "demo-app") == [bad["filename"]]
    assert (tmp_path / "healed" / "demo_lib.py").exists()


@pytest.mark.parametrize(
    ("version", "interpreter"), [("21.3.1", "3.8"), ("23.2.1", "3.11"), ("24.0", "3.12"), (NEWEST, "3.13")]
)
def test_a_stub_from_a_closed_connection_fails_every_install_until_it_is_pruned(
    pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path, version: str, interpreter: str
) -> None:
    pip = pip_of(version, interpreter)
    filled = Filled(path=tmp_path / "cache", pips=(pip,), index=index, has_extension=False)
    bad = index.path_of("demo_lib-1.1-py2.py3-none-any.whl")
    index.break_off(bad, 200, declares_length=False, times=1)
    install(pip, filled, tmp_path / "first", "demo-lib", is_checked=False)
    assert install(pip, filled, tmp_path / "control", "demo-lib", is_checked=False) == []  # it fails from the cache
    assert len(gone(run("prune", "--corrupt", "--min-age", "0", "--exclusive", cache=filled.path))) in {1, 2}
    assert install(pip, filled, tmp_path / "healed", "demo-lib") == [bad.rpartition("/")[2]]
    assert (tmp_path / "healed" / "demo_lib.py").exists()


@pytest.mark.parametrize(
    ("version", "interpreter"), [("21.3.1", "3.8"), ("23.2.1", "3.11"), ("24.0", "3.12"), (NEWEST, "3.13")]
)
def test_redirects_in_a_circle_fail_every_install_until_they_are_pruned(
    pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path, version: str, interpreter: str
) -> None:
    pip = pip_of(version, interpreter)
    filled = Filled(path=tmp_path / "cache", pips=(pip,), index=index, has_extension=False)
    name = "demo_lib-1.1-py2.py3-none-any.whl"
    circle = index.path_of(name), f"/packages/moved/{name}"
    for start, target in (circle, circle[::-1]):
        index.redirect(start, target)
    install(pip, filled, tmp_path / "first", "demo-lib", is_checked=False)
    for path in circle:
        index.restore(path)
    assert install(pip, filled, tmp_path / "control", "demo-lib", is_checked=False) == []  # it fails from the cache
    options = "--index-url", index.index_url
    errors = [
        one for one in run("verify", *options, cache=filled.path, codes=(3,))["findings"] if one["severity"] == "error"
    ]
    assert {error["check"] for error in errors} == {"redirect-circle"}
    document = run("prune", "--corrupt", "--exclusive", *options, cache=filled.path)
    assert {action["id"] for action in document["actions"]} == {error["id"] for error in errors}
    assert len(errors) == len(circle)
    assert install(pip, filled, tmp_path / "healed", "demo-lib") == [name]
    assert (tmp_path / "healed" / "demo_lib.py").exists()


@pytest.mark.parametrize(
    ("generation", "does"),
    [("http-v2", "fails at every install until it is removed"), ("newest", "fetches what is missing")],
)
def test_half_a_body_is_for_pip_what_is_told(
    filled_cache: FillCache, tmp_path: Path, generation: str, does: str
) -> None:
    filled = filled_cache(generation)
    pip = filled.pips[0]
    bad = entry_of(filled, "wheel", "demo-lib")
    body = filled.path / bad["paths"][-1]
    body.write_bytes(body.read_bytes()[:400])
    findings = run("verify", "--python", pip.python, cache=filled.path, codes=(3,))["findings"]
    assert {finding["evidence"].get("effect") for finding in findings if finding["id"] == bad["id"]} == {does}
    fetched = [bad["filename"]] if does.startswith("fetches") else []
    assert install(pip, filled, tmp_path / "again", "demo-lib", is_checked=bool(fetched)) == fetched
    assert install(pip, filled, tmp_path / "then", "demo-lib", is_checked=bool(fetched)) == []


@pytest.mark.parametrize("generation", GENERATIONS)
def test_half_a_built_wheel_fails_every_install_until_it_is_pruned(
    filled_cache: FillCache, tmp_path: Path, generation: str
) -> None:
    filled = filled_cache(generation)
    pip = filled.pips[-1]
    for entry in run("list", "demo-source", "--cache-dir", str(filled.path), cache=filled.path)["entries"]:
        if entry["kind"] == "built-wheel":
            wheel = filled.path / entry["id"]
            times = os.stat(wheel)
            wheel.write_bytes(wheel.read_bytes()[:200])
            os.utime(wheel, ns=(times.st_atime_ns, times.st_mtime_ns))
    install(pip, filled, tmp_path / "control", "demo-app", is_checked=False)
    run("prune", "--exclusive", cache=filled.path)  # a bare one: no pip can ever use half a zip
    assert install(pip, filled, tmp_path / "healed", "demo-app") == []  # built anew from the sdist in the cache
    assert (tmp_path / "healed" / "demo_source.py").exists()


@pytest.mark.parametrize("generation", GENERATIONS)
def test_leftovers_go_and_the_rest_serves_as_before(filled_cache: FillCache, tmp_path: Path, generation: str) -> None:
    filled = filled_cache(generation)
    sound = tree(filled.path)
    head = filled.path / entry_of(filled, "wheel", "demo-app")["id"]
    left = [head.with_name(head.name + "ab12cd_9.tmp")]
    if generation in {"http-v2", "newest"}:
        left.append(head.with_name(head.name + ".bodyab12cd_9.tmp"))
    for path in left:
        path.write_bytes(b"half")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    document = run("prune", "--partial", "--exclusive", cache=filled.path)
    assert gone(document) == {path.relative_to(filled.path).as_posix() for path in left}
    assert tree(filled.path) == sound
    assert install(filled.pips[0], filled, tmp_path / "again", "demo-app") == []


@pytest.mark.parametrize("generation", GENERATIONS)
def test_stale_pages_go_and_no_file_is_downloaded_again(
    filled_cache: FillCache, tmp_path: Path, generation: str
) -> None:
    filled = filled_cache(generation)
    run("prune", "--stale=0", "--exclusive", cache=filled.path)
    kinds = {entry["kind"] for entry in run("list", cache=filled.path)["entries"]}
    assert ("index-page" in kinds, "wheel" in kinds, "built-wheel" in kinds) == (False, True, True)
    assert install(filled.pips[0], filled, tmp_path / "again", "demo-app") == []


def test_wheels_of_another_python_go_and_ones_own_serve_as_before(filled_cache: FillCache, tmp_path: Path) -> None:
    filled = filled_cache("newest")
    if not filled.has_extension:
        pytest.skip("no C compiler")
    newer, older = filled.pips
    document = run("prune", "--incompatible", "--python", older.python, "--exclusive", cache=filled.path)
    wheels = {path.name for path in filled.path.rglob("*.whl")}
    assert any("cp311" in name for name in wheels)
    assert not any("cp313" in name for name in wheels)
    unusable = {path for path in gone(document) if "cp313" in path}
    # Of the wheels that any Python can use, those of the newer one lie where the older one does not look.
    assert {path.rpartition("/")[2] for path in gone(document) - unusable} == {
        "demo_source-2.0-py3-none-any.whl",
        "origin.json",
    }
    assert "demo_source-2.0-py3-none-any.whl" in wheels
    assert install(older, filled, tmp_path / "older", "demo-ext", "demo-app") == []
    assert install(newer, filled, tmp_path / "newer", "demo-ext") == []  # built anew from the sdist in the cache


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_real_pips_built_is_reachable_for_them_and_for_nobody_else(
    filled_cache: FillCache, generation: str
) -> None:
    filled = filled_cache(generation)
    own = [option for pip in filled.pips for option in ("--python", pip.python)]
    other = next(pip for pip in filled.pips if pip.interpreter == filled.pips[-1].interpreter)
    incompatible = [one for one in run("verify", *own, cache=filled.path)["findings"] if one["group"] == "incompatible"]
    assert incompatible == []
    built = list(run("list", "kind:built-wheel", cache=filled.path)["entries"])
    assert built
    names = {one["interpreter"] for one in built}
    assert names == {f"cp{pip.interpreter.replace('.', '')}" for pip in filled.pips}
    findings = run("verify", "--python", other.python, cache=filled.path)["findings"]
    unreachable = {one["id"] for one in findings if one["check"] == "wheel-unreachable"}
    mine = f"cp{other.interpreter.replace('.', '')}"
    assert unreachable == {one["id"] for one in built if one["interpreter"] != mine}


@pytest.mark.parametrize("version", ["22.3.1", NEWEST])
def test_a_wheel_that_pip_22_3_built_is_found_again_by_pip_22_3_alone(
    pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path, version: str
) -> None:
    built_by, asked = pip_of("22.3.1", "3.11"), pip_of(version, "3.11")
    filled = Filled(path=tmp_path / "cache", pips=(built_by,), index=index, has_extension=False)
    install(built_by, filled, tmp_path / "first", "demo-source")
    options = "--index-url", index.index_url, "--python", asked.python
    findings = run("verify", *options, cache=filled.path)["findings"]
    found = [(one["check"], one["severity"], one["remedy"]) for one in findings if one["group"] == "incompatible"]
    assert found == ([("wheel-unreachable", "info", "none")] if version == NEWEST else [])
    before = {path.name for path in filled.path.rglob("*.whl")}
    done = asked.run(
        *("install", "--target", str(tmp_path / "again"), "demo-source"), cache_dir=filled.path, index=index.index_url
    )
    assert ("Using cached demo_source-2.0-py3-none-any.whl" in done.stdout) is (version != NEWEST), done.stdout
    assert before == {"demo_source-2.0-py3-none-any.whl"}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_removed_project_is_all_that_is_downloaded_again(
    filled_cache: FillCache, tmp_path: Path, generation: str
) -> None:
    filled = filled_cache(generation)
    run("remove", "Demo._Lib", "--exclusive", cache=filled.path)
    assert not [e for e in run("list", cache=filled.path)["entries"] if e["project"] == "demo-lib"]
    assert set(install(filled.pips[0], filled, tmp_path / "again", "demo-app")) <= {
        "demo_lib-1.1-py2.py3-none-any.whl",
        "demo_lib-1.1-py2.py3-none-any.whl.metadata",
    }


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_purge_leaves_what_pip_did_not_write(filled_cache: FillCache, tmp_path: Path, generation: str) -> None:
    filled = filled_cache(generation)
    (filled.path / "notes.txt").write_bytes(b"mine")
    run("purge", "--yes", "--exclusive", cache=filled.path)
    assert [path for path in tree(filled.path) if not path.endswith("/")] == ["notes.txt"]
    assert install(filled.pips[0], filled, tmp_path / "again", "demo-app")


@pytest.mark.parametrize("generation", GENERATIONS)
def test_info_ends_with_pips_own_lines(
    filled_cache: FillCache, pip_of: Callable[[str, str], Pip], generation: str
) -> None:
    filled = filled_cache(generation)
    theirs = pip_of(NEWEST, "3.13").run("cache", "info", cache_dir=filled.path).stdout
    ours = processes.run([*PIPCACHEPLUS, "info", "--cache-dir", str(filled.path)], is_checked=True).stdout
    assert ours.endswith("\nAs pip counts it\n" + theirs)


REPLACED = "/files/demo_twice-1.0.tar.gz"


def needs(folder: Path) -> list[str]:
    """Return what `demo-twice`, as it is installed there, says that it needs."""
    lines = (folder / "demo_twice-1.0.dist-info" / "METADATA").read_text().splitlines()
    return [line for line in lines if line.startswith("Requires-Dist:")]


@pytest.fixture
def versions(tmp_path: Path) -> tuple[bytes, bytes]:
    """Return two source distributions of one version: one without needs, and what it is replaced with."""
    made = (artefacts.sdist(tmp_path / "made", "demo-twice", requires=needs) for needs in ([], ["demo-new"]))
    old, new = (path.read_bytes() for path in made)
    return old, new


def test_a_wheel_of_a_source_that_its_index_replaced_is_installed_until_it_is_pruned(
    pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path, versions: tuple[bytes, bytes]
) -> None:
    pip, filled_path = pip_of(NEWEST, "3.11"), tmp_path / "cache"
    filled = Filled(path=filled_path, pips=(pip,), index=index, has_extension=False)
    link = f'<!DOCTYPE html><a href="{REPLACED}">demo_twice-1.0.tar.gz</a>'.encode()  # without a digest
    index.put(
        "/simple/demo-twice/",
        Answer(headers=(("Content-Type", "text/html"), ("Cache-Control", "max-age=600")), body=link),
    )
    headers = ("Content-Type", "application/octet-stream"), ("Cache-Control", "max-age=0")
    for number, content in enumerate(versions):
        index.put(REPLACED, Answer(headers=(*headers, ("ETag", f'"{number}"')), body=content))
        install(pip, filled, tmp_path / f"{number}", "--no-deps", "demo-twice")
    assert needs(tmp_path / "0") == needs(tmp_path / "1") == []  # the old build
    verify = "verify", "--index-url", index.index_url
    assert run(*verify, cache=filled.path)["findings"] == []  # nobody has asked for the source since
    pip.run("download", "--no-deps", "demo-twice", cache_dir=filled.path, index=index.index_url, cwd=tmp_path)
    assert [one["check"] for one in run(*verify, cache=filled.path)["findings"]] == ["built-wheel-source-changed"]
    assert len(gone(run("prune", "--stale", "--exclusive", cache=filled.path))) == 2
    install(pip, filled, tmp_path / "healed", "--no-deps", "demo-twice")
    assert needs(tmp_path / "healed") == ["Requires-Dist: demo-new"]


def test_a_wheel_of_a_source_that_was_replaced_among_find_links_is_installed_until_it_is_pruned(
    pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path, versions: tuple[bytes, bytes]
) -> None:
    pip, found = pip_of(NEWEST, "3.11"), tmp_path.resolve() / "found"
    filled = Filled(path=tmp_path / "cache", pips=(pip,), index=index, has_extension=False)
    found.mkdir()
    options = "--no-deps", "--no-index", "--find-links", str(found), "demo-twice"
    for number, content in enumerate(versions):
        (found / "demo_twice-1.0.tar.gz").write_bytes(content)
        install(pip, filled, tmp_path / f"{number}", *options)
    assert needs(tmp_path / "0") == needs(tmp_path / "1") == []
    assert len(gone(run("prune", "--stale", "--exclusive", cache=filled.path))) == 2
    install(pip, filled, tmp_path / "healed", *options)
    assert needs(tmp_path / "healed") == ["Requires-Dist: demo-new"]
    assert gone(run("prune", "--stale", "--exclusive", cache=filled.path)) == set()
