"""What `export` writes, and what it refuses to write: verified files, whole, over nothing."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from pipcacheplus.apply import export_file
from pipcacheplus.cache.export import _is_plain
from pipcacheplus.errors import BadRequestError
from tests.support import artefacts
from tests.support.builders import Cache, file_headers, tree
from tests.support.filled import Filled

WHEEL = "demo-1.0-py3-none-any.whl"


@pytest.fixture
def full(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with a wheel, an sdist of the old layout, a built wheel, and metadata."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)
    wheel = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2(f"https://files.example/{WHEEL}", wheel, headers=file_headers(wheel))
    sdist = artefacts.sdist(tmp_path, "source", "2.0").read_bytes()
    cache.http("https://files.example/source-2.0.tar.gz", sdist, headers=file_headers(sdist), cc=2)
    cache.built_wheel("built", "3.0")
    metadata = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
    cache.http_v2(f"https://files.example/{WHEEL}.metadata", metadata)
    return cache


@pytest.fixture
def run(full: Cache, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def run(*arguments: str, code: int = 0) -> dict[str, Any]:
        assert main(["export", *arguments, "--cache-dir", str(full.path), "--format", "json"]) == code
        out, err = capsys.readouterr()
        summary: dict[str, Any] = json.loads(out)["summary"] if out else {"error": err}
        return summary

    return run


def states(summary: dict[str, Any]) -> dict[str, str]:
    return {one["filename"] or one["id"]: one["state"] for one in summary["exports"]}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


ALL = {WHEEL, "source-2.0.tar.gz", "built-3.0-py3-none-any.whl"}


def test_every_file_comes_out_whole_under_its_own_name(
    full: Cache, run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    before = tree(full.path)
    dry = run("-n", "*", "--to", "out")
    assert states(dry) == dict.fromkeys(ALL, "planned")
    assert not (tmp_path / "out").exists()
    done = run("*", "--to", "out")
    assert states(done) == dict.fromkeys(ALL, "exported")
    assert {one["transfer"] for one in done["exports"]} <= {"copied", "cloned"}
    assert digests(tmp_path / "out") == {one["filename"]: one["sha256"] for one in done["exports"]}
    assert (tmp_path / "out" / WHEEL).read_bytes() == (tmp_path / WHEEL).read_bytes()
    assert tree(full.path) == before
    assert states(run("*", "--to", "out")) == dict.fromkeys(ALL, "there")


def test_nothing_is_overwritten(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / WHEEL).write_bytes(b"mine")
    (tmp_path / "out" / "source-2.0.tar.gz").symlink_to(tmp_path / "elsewhere")
    found = states(run("*", "--to", "out", code=4))
    assert found == {WHEEL: "occupied", "source-2.0.tar.gz": "occupied", "built-3.0-py3-none-any.whl": "exported"}
    assert (tmp_path / "out" / WHEEL).read_bytes() == b"mine"
    assert not (tmp_path / "elsewhere").exists()
    assert {path.name for path in (tmp_path / "out").iterdir()} == ALL


def test_what_is_damaged_stays_in_the_cache(full: Cache, run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (wheel,) = PipCache(full.path).scan("demo", kind="wheel").entries
    path = full.real(wheel.files[1].path)
    content = bytearray(path.read_bytes())
    content[40] ^= 0x55
    times = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    for words in (("*", "-n"), ("*",)):
        assert states(run(*words, "--to", "out", code=4))[WHEEL] == "damaged"
    assert {path.name for path in (tmp_path / "out").iterdir()} == ALL - {WHEEL}


def test_a_link_is_the_file_of_the_cache_itself(
    full: Cache, run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    done = run("demo", "--to", "out", "--link")
    assert [one["transfer"] for one in done["exports"]] == ["linked"]
    (wheel,) = PipCache(full.path).scan("demo", kind="wheel").entries
    assert os.path.samefile(tmp_path / "out" / WHEEL, full.real(wheel.files[1].path))


def test_what_is_in_no_file_of_its_own_is_copied_even_if_links_are_asked_for(
    run: Callable[..., dict[str, Any]],
) -> None:
    assert [one["transfer"] for one in run("source", "--to", "out", "--link")["exports"]] == ["copied"]


@pytest.mark.parametrize("where", ["", "sub", "http-v2/0"])
def test_the_cache_itself_is_no_place_to_export_to(full: Cache, where: str) -> None:
    before = tree(full.path)
    with pytest.raises(BadRequestError, match="lies in the cache"):
        PipCache(full.path).export("*", to=full.path / where)
    assert tree(full.path) == before


def test_a_link_into_the_cache_is_seen_through(full: Cache, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(full.path)
    with pytest.raises(BadRequestError, match="lies in the cache"):
        PipCache(full.path).export("*", to=tmp_path / "link" / "x")


def test_nothing_named_is_nothing_exported(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    assert "nothing is named" in run("--to", "out", code=2)["error"]
    assert not (tmp_path / "out").exists()


def test_only_what_fits_is_exported(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    assert states(run("kind:built-wheel", "--to", "out")) == {"built-3.0-py3-none-any.whl": "exported"}
    assert states(run("absent", "--to", "none")) == {}
    assert not (tmp_path / "none").exists()


def test_a_lock_says_what_is_wanted_and_what_is_missing(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text("demo==1.0\nabsent==9\nsource==7\n", encoding="utf-8")
    done = run("--lock", "lock.txt", "--to", "out")
    assert states(done) == {WHEEL: "exported"}
    assert done["missing"] == ["absent 9", "source 7"]
    assert done["locked"] == {"packages": 3, "missing": 2}


def test_what_a_word_leaves_out_is_not_missing(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text("demo==1.0\nabsent==9\nsource==2.0\n", encoding="utf-8")
    done = run("demo", "--lock", "lock.txt", "--to", "out")
    assert states(done) == {WHEEL: "exported"}
    assert done["missing"] == ["absent 9"]


def test_paths_are_those_of_the_files_that_are_there(
    full: Cache, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["export", "*", "--to", "out", "--format", "paths", "--cache-dir", str(full.path)]) == 0
    paths = capsys.readouterr().out.splitlines()
    assert sorted(paths) == sorted(str(path) for path in (tmp_path / "out").resolve().iterdir())
    assert len(paths) == len(ALL)


def test_a_lock_of_which_nothing_is_there_exports_nothing(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text("absent==9\n", encoding="utf-8")
    assert run("--lock", "lock.txt", "--to", "out")["exports"] == []
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_name_and_other_bytes_are_not_mixed_up(
    full: Cache, run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = artefacts.wheel(tmp_path / "other", "demo", "1.0", requires=["six"]).read_bytes()
    full.http_v2(f"https://mirror.example/{WHEEL}", other, headers=file_headers(other))
    found = sorted(one["state"] for one in run("demo", "--to", "out", code=4)["exports"])
    assert found == ["exported", "occupied"]


@pytest.mark.parametrize(
    "name", ["../x-1.0-py3-none-any.whl", "-x-1.0.tar.gz", ".x-1.0.tar.gz", "x-1.0.exe", "a\nb-1.zip"]
)
def test_no_name_leads_elsewhere(name: str) -> None:
    assert not _is_plain(name)


@pytest.mark.parametrize("call", ["write", "link"])
def test_a_disk_that_is_full_leaves_nothing_half_written(
    full: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(export_file, "_copy" if call == "write" else "_publish", fail)
    report = PipCache(full.path).export("*", to=tmp_path / "out")
    assert {(one.state.value, one.why) for one in report.outcomes} == {("failed", "No space left on device")}
    assert list((tmp_path / "out").iterdir()) == []


def test_where_files_have_no_second_names_they_are_renamed(
    full: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", fail)
    report = PipCache(full.path).export("*", to=tmp_path / "out")
    assert {one.state.value for one in report.outcomes} == {"exported"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == ALL


def test_text_says_what_was_done_and_what_to_do(full: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "demo", "--to", "out", "--cache-dir", str(full.path)]) == 0
    out = capsys.readouterr().out
    assert f"exported: {WHEEL} (" in out
    assert "Files exported: 1 (" in out
    assert "To install from it: pip install --no-index --find-links " in out


def test_a_real_pip_installs_from_what_was_exported(
    filled_cache: Callable[[str], Filled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    filled = filled_cache("newest")
    report = PipCache(filled.path).export("*", to=tmp_path / "wheels")
    assert not [one for one in report.outcomes if one.is_failure]
    pip, target = filled.pips[0], tmp_path / "installed"
    words = ("--target", str(target), "--find-links", str(tmp_path / "wheels"), "--no-build-isolation", "demo-app")
    pip.run("install", *words, cache_dir=tmp_path / "empty")
    assert (target / "demo_lib.py").exists()
