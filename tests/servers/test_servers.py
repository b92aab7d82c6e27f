"""Real pips fill caches from servers that people run; a file that is damaged is found by whole `verify`, unasked."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.running import SECRET, SERVERS
from tests.support import artefacts, processes
from tests.support.drill import IS_DRILL
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS

PIPS = [*([("21.3.1", "3.8"), ("23.2.1", "3.11")] if IS_DRILL else []), (NEWEST, "3.13")]
HAVE_PAGES = {"nginx, listing", "nginx, static pages", "before a bucket"}
"""Servers whose pages a pip keeps: those of the others have neither a validator nor a lifetime."""
TELL_THEIR_HOST = {"nginx, static pages"}
"""Servers whose pages have absolute links, with digests: of the others, no URL stands anywhere in a cache."""
PipOf = Callable[[str, str], Pip]


@pytest.fixture(scope="module", params=[*SERVERS])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Run a server with two projects; return its name, and the URL of its index."""
    name: str = request.param
    run = SERVERS[name]
    folder = tmp_path_factory.mktemp("files")
    files = [artefacts.wheel(folder, one, files={f"{one}.py": b"X = 1\n" * 99}) for one in ("demo", "other")]
    files.append(artefacts.sdist(folder, "other", "0.9"))
    with run(tmp_path_factory.mktemp("server"), files) as url:
        yield name, url


@pytest.fixture(params=PIPS, ids=[version for version, _ in PIPS])
def pip(request: pytest.FixtureRequest, pip_of: PipOf) -> Pip:
    """Return a pip of each era."""
    return pip_of(*request.param)


def ours(*arguments: str, cache: Path, codes: tuple[int, ...] = (0,)) -> tuple[dict[str, Any], str]:
    """Run the command as a user does; return its JSON, and all that it prints for people."""
    environment = {**os.environ, "XDG_STATE_HOME": str(cache.parent / "state")}
    command = [*PIPCACHEPLUS, *arguments, "--cache-dir", str(cache)]
    done = [processes.run([*command, *more], env=environment) for more in (["-v"], ["--format", "json"])]
    said = "".join(one.stdout + one.stderr for one in done)
    assert all(one.returncode in codes for one in done), said
    document: dict[str, Any] = json.loads(done[-1].stdout)
    return document, said


def fetched(pip: Pip, cache: Path, url: str, folder: Path, *, is_checked: bool = True) -> set[str]:
    """Download all that the server has; return the names."""
    for what in ("demo", "other==1.0", "other==0.9"):
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--dest", str(folder))
        pip.run("download", *options, what, cache_dir=cache, index=url, is_checked=is_checked)
    return {path.name for path in folder.iterdir()}


def wheel_of(cache: Path, project: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = ours("list", project, cache=cache)[0]["entries"]
    (found,) = (one for one in entries if one["kind"] == "wheel")
    return found


def errors(document: dict[str, Any]) -> set[str]:
    return {one["id"] for one in document["findings"] if one["severity"] == "error"}


def rewrite(path: Path, old: bytes, new: bytes) -> None:
    """Put other bytes in place of some, and keep the times of the file."""
    times = path.stat()
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("damage", ["a byte flipped", "other content"])
def test_a_damaged_file_from_a_real_server_is_found_and_goes(
    server: tuple[str, str], pip: Pip, tmp_path: Path, damage: str
) -> None:
    name, url = server
    if damage == "other content" and name not in TELL_THEIR_HOST:
        pytest.skip("nothing in the cache says what the file should be")
    cache = tmp_path / "cache"
    assert len(fetched(pip, cache, url, tmp_path / "first")) == 3
    assert errors(ours("verify", cache=cache)[0]) == set()
    bad = wheel_of(cache, "demo")
    assert (bad["url"] is not None) == (name in TELL_THEIR_HOST)
    path = cache / bad["paths"][-1]
    if damage == "a byte flipped":
        content = path.read_bytes()
        at = content.index(b"demo.py") + 20
        rewrite(path, content[at - 4 : at], bytes(byte ^ 0x55 for byte in content[at - 4 : at]))
    else:
        other = artefacts.wheel(tmp_path / "other", "demo", files={"demo.py": b"X = 2\n" * 99})
        (good,) = (tmp_path / "first").glob("demo*.whl")
        rewrite(path, good.read_bytes(), other.read_bytes())
    document, said = ours("verify", cache=cache, codes=(3,))
    assert errors(document) == {bad["id"]}
    assert SECRET not in said
    before = {one["id"] for one in ours("list", cache=cache)[0]["entries"]}
    ours("prune", "--corrupt", "--min-age", "0", cache=cache)
    after = {one["id"] for one in ours("list", cache=cache)[0]["entries"]}
    assert before - after == {bad["id"]}
    assert len(fetched(pip, cache, url, tmp_path / "second")) == 3
    document, said = ours("verify", cache=cache)
    assert errors(document) == set()
    assert SECRET not in said + ours("list", cache=cache)[1] + ours("show", "kind:wheel", cache=cache)[1]


def urls_of_pages(document: dict[str, Any]) -> set[str | None]:
    return {one["url"] for one in document["entries"] if one["kind"].endswith("page")}


def test_pages_of_a_real_server_have_the_url_that_pip_asked(server: tuple[str, str], pip: Pip, tmp_path: Path) -> None:
    name, url = server
    cache = tmp_path / "cache"
    fetched(pip, cache, url, tmp_path / "first")
    expected = {f"{url}demo/", f"{url}other/"} if name in HAVE_PAGES else set[str]()
    assert urls_of_pages(ours("list", "--index-url", url, cache=cache)[0]) == expected
    document, _ = ours("list", cache=cache)
    _, said = ours("verify", cache=cache)
    if name in TELL_THEIR_HOST:
        assert urls_of_pages(document) == expected
    assert document["summary"]["pages_without_url"] == (2 if expected and name not in TELL_THEIR_HOST else 0)
    assert ("--index-url" in said) == (document["summary"]["pages_without_url"] > 0)
