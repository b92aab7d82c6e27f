"""Words that ask more than names: digests, origins, indexes, freshness, use, and what is wrong."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from pipcacheplus.errors import BadRequestError
from tests.support import artefacts
from tests.support.builders import DAY_S, INDEX_URL, Cache, file_headers, file_url, page_headers

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAMES = ("one", "two")


@pytest.fixture
def full(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with two wheels, the page of one, and two built wheels, one of them broken."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in NAMES:
        path = artefacts.wheel(tmp_path, name, "1.0")
        content = path.read_bytes()
        url = file_url(content, path.name)
        head = cache.http_v2(url, content, headers=file_headers(content, project=name, version="1.0"))
        for file in (head, f"{head}.body"):
            os.utime(cache.real(file), (time.time() - (2 if name == "one" else 90) * DAY_S, time.time() - 99 * DAY_S))
        if name == "one":
            digest = hashlib.sha256(content).hexdigest()
            files = [{"filename": path.name, "url": url, "hashes": {"sha256": digest}}]
            page = json.dumps({"name": name, "files": files, "meta": {"api-version": "1.0"}}).encode()
            cache.http_v2(f"{INDEX_URL}{name}/", page, headers=page_headers(page))
    origin = {"url": "https://git.example/vcs.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}
    cache.built_wheel("vcs", "1.0", url="https://git.example/vcs.git", origin=origin)
    cache.built_wheel("broken", "1.0", content=b"not an archive")
    return cache


@pytest.fixture
def fitting(full: Cache) -> Callable[[str], set[str]]:
    def fitting(what: str) -> set[str]:
        urls = () if "://" in what else (INDEX_URL,)
        entries = PipCache(full.path, index_urls=urls).scan(what).entries
        return {
            f"{entry.project} {entry.kind.value}" if entry.kind.value != "wheel" else str(entry.project)
            for entry in entries
        }

    return fitting


def digest(folder: Path, name: str) -> str:
    return hashlib.sha256(artefacts.wheel(folder, name, "1.0").read_bytes()).hexdigest()


BUILT = {"vcs built-wheel", "broken built-wheel"}
ALL = {"one", "two", "one index-page", *BUILT}


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (f"commit:{COMMIT}", {"vcs built-wheel"}),
        ("commit:0123456", {"vcs built-wheel"}),
        ("commit:1234567", set()),
        ("origin:https://git.example/", {"vcs built-wheel"}),
        ("origin:*broken*", {"broken built-wheel"}),
        (f"index:{INDEX_URL}", {"one", "one index-page"}),
        ("index:index.example", {"one", "one index-page"}),
        ("index:elsewhere.example", set()),
        ("fresh:no", {"one index-page"}),
        ("fresh:yes", {"one", "two"}),
        ("state:corrupt", {"broken built-wheel"}),
        ("state:sound", {"one", "two", "vcs built-wheel"}),
        ("state:stale", {"one index-page"}),
        ("unused:30d", {"two", "one index-page", *BUILT}),
        ("used:30d", {"one"}),
        ("used>30d", {"two", "one index-page", *BUILT}),
        ("used<30d", {"one"}),
        ("kind:wheel + not:unused:30d", {"one"}),
    ],
)  # fmt: skip
def test_an_entry_is_meant(fitting: Callable[[str], set[str]], what: str, expected: set[str]) -> None:
    assert fitting(what) == expected


@pytest.mark.parametrize("digits", [8, 31, 64])
def test_a_digest_means_what_has_it_read_or_published(
    fitting: Callable[[str], set[str]], full: Cache, tmp_path: Path, digits: int
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    assert fitting(f"sha256:{digest(folder, 'one')[:digits]}") == {"one"}
    PipCache(full.path).verify()
    assert fitting(f"sha256:{digest(folder, 'one')[:digits]}") == {"one"}
    assert fitting(f"sha256:{'0' * 64}") == set()


@pytest.mark.parametrize("verb", ["list", "show", "verify", "why"])
@pytest.mark.parametrize("what", ["state:corrupt", "commit:0123456", "unused:30d"])
def test_every_command_means_the_same(
    full: Cache, capsys: pytest.CaptureFixture[str], verb: str, what: str, fitting: Callable[[str], set[str]]
) -> None:
    assert main([verb, what, "--format", "json", "--cache-dir", str(full.path)]) in {0, 3}
    document = json.loads(capsys.readouterr().out)
    count = document["summary"]["entries"] if verb == "verify" else len(document["entries"])
    assert count == len(fitting(what))


def test_what_is_wrong_can_be_removed_and_kept_by_that(full: Cache) -> None:
    opened = PipCache(full.path)
    assert {action.entry.project for action in opened.plan_removal("state:corrupt").actions} == {"broken"}
    kept = opened.plan_removal("kind:built-wheel", keep=["state:corrupt"])
    assert {action.entry.project for action in kept.actions} == {"vcs"}
    kept = opened.plan(max_files=0, keep=["commit:0123456", "unused:30d"])
    assert {action.entry.project for action in kept.actions} == {"one"}


def test_entries_alone_cannot_tell_what_only_the_cache_knows(full: Cache) -> None:
    inventory = PipCache(full.path).scan()
    with pytest.raises(BadRequestError, match="needs facts that the entries do not have"):
        inventory.select("state:corrupt")


@pytest.mark.parametrize(
    "what",
    [
        *("sha256:", "sha256:xyz", "sha256:0123", "commit:12", "origin:", "index:"),
        *("fresh:maybe", "state:bad", "unused:soon"),
    ],
)
def test_what_says_nothing_is_refused(full: Cache, what: str) -> None:
    with pytest.raises(BadRequestError):
        PipCache(full.path).scan(what)


@pytest.mark.parametrize(
    ("what", "hint"), [("oen", "one"), ("kind:wheel + tow", "two"), ("TWOO", "two"), ("entirely-else", None)]
)
def test_a_near_miss_is_asked_about(
    full: Cache, capsys: pytest.CaptureFixture[str], what: str, hint: str | None
) -> None:
    for words in (["list"], ["remove", "-n", "--yes"], ["verify"]):
        assert main([*words, *what.split(), "--cache-dir", str(full.path)]) in {0, 3}
        asked = f'No matching entries for "{what}"' + (f"; did you mean {hint}?\n" if hint else "\n")
        assert asked in capsys.readouterr().err


@pytest.mark.parametrize("what", ["older:0s", "smaller:1GB", "used:999d", "newer:1970-01-02"])
def test_a_measure_that_fits_everything_is_asked_about(
    full: Cache, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    assert main(["remove", "--exclusive", what, "--cache-dir", str(full.path)]) == 2
    assert "matches every file" in capsys.readouterr().err
    assert main(["remove", "--exclusive", "-n", what, "--cache-dir", str(full.path)]) == 0


def test_a_measure_that_fits_some_is_not(full: Cache) -> None:
    assert main(["remove", "--exclusive", "unused:30d", "--cache-dir", str(full.path)]) == 0
    assert {entry.project for entry in PipCache(full.path).scan().entries} == {"one"}


def test_a_dry_run_before_makes_no_keep_by_digest_void(full: Cache, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    keep = [f"sha256:{digest(folder, 'two')}"]
    opened = PipCache(full.path)
    for _ in range(3):
        assert "two" not in {action.entry.project for action in opened.plan_purge(keep=keep).actions}
