"""Files in a lower layer of an overlay, as those of an image: removing one hides it, and opening it copies it up."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.host import filesystems
from pipcacheplus.model.values import Measure, Outcome, State
from tests.apply.doing import carried_out, left, only, planned
from tests.support.builders import Cache, page_headers, tree
from tests.support.mounts import mounted

URL = "https://files.example/demo"
DATE = {"Date": "Thu, 25 Dec 2025 00:00:00 GMT"}
STAYS = (
    "lies in a lower layer of an overlay, which would keep it, and pips may be running;"
    " `exclusive=True` means that none is"
)


@pytest.fixture
def lower(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cache, Path]]:
    """Return a cache of which all files lie in a lower layer, and the upper layer; the test fills the cache first."""
    for name in ("upper", "work", "merged"):
        (tmp_path / name).mkdir()
    options = f"lowerdir={cache.path},upperdir={tmp_path / 'upper'},workdir={tmp_path / 'work'}"
    fill(cache)
    with mounted(["mount", "-t", "overlay", "none", "-o", options, tmp_path / "merged"]) as mounts:
        monkeypatch.setattr(filesystems, "_MOUNT_TABLE", str(mounts.table))
        merged = Cache(mounts.real(tmp_path / "merged"))
        with OpenCache(str(merged.path)) as opened:
            if opened.shares_blocks:
                pytest.skip("takes root on Linux 6.6 or later: no layer can be seen here")
        yield merged, tmp_path / "upper"


def fill(cache: Cache) -> None:
    """Fill it with what differs in its treatment, with names by which `one` finds them."""
    cache.http_v2(URL + "page", b"x" * 9000, headers=page_headers(b"x"))
    cache.http_v2(URL + "plain", b"x" * 9000, headers={})
    cache.http(URL + "page", b"x" * 9000, headers=page_headers(b"x"))
    cache.http(URL + "dated", b"x" * 9000, headers=DATE)


def one(cache: Cache, which: str, tmp_path: Path, *, is_exclusive: bool = False, is_planned: bool = False) -> Outcome:
    """Return what becomes of the entry that a builder of this layout would name so."""
    layout, _, name = which.partition(" ")
    spare = Cache(tmp_path / "spare")
    path = spare.http_v2(URL + name) if layout == "pair" else spare.http(URL + name)
    return only(carried_out(planned(cache, path), is_exclusive=is_exclusive, is_planned=is_planned))


@pytest.mark.parametrize("which", ["pair page", "pair plain", "single page", "single dated"])
@pytest.mark.parametrize("is_planned", [True, False], ids=["dry", "real"])
def test_of_a_file_in_a_lower_layer_at_least_nothing_is_given_back(
    lower: tuple[Cache, Path],
    tmp_path: Path,
    which: str,
    is_planned: bool,  # noqa: FBT001 - a row's value
) -> None:
    cache, _ = lower
    outcome = one(cache, which, tmp_path, is_exclusive=True, is_planned=is_planned)
    assert outcome.state is (State.PLANNED if is_planned else State.REMOVED)
    assert (outcome.is_lower, outcome.disk_size, outcome.measure) == (True, 0, Measure.AT_LEAST)
    gone = {file.path for file in outcome.removed}
    assert len(gone) == (2 if which.startswith("pair") else 1)
    assert bool(gone & left(cache)) is is_planned


def test_of_a_file_in_the_upper_layer_all_bytes_are_given_back(lower: tuple[Cache, Path]) -> None:
    cache, _ = lower
    path = cache.http(URL + "new", b"x" * 9000)
    blocks = cache.real(path).stat().st_blocks
    outcome = only(carried_out(planned(cache, path), is_exclusive=True))
    assert (outcome.is_lower, outcome.disk_size, outcome.measure) == (False, blocks * 512, Measure.EXACT)


@pytest.mark.parametrize("which", ["pair page", "single page"])
@pytest.mark.parametrize("is_planned", [True, False], ids=["dry", "real"])
def test_what_a_pip_may_ask_about_stays_in_a_lower_layer_and_is_not_copied_up(
    lower: tuple[Cache, Path],
    tmp_path: Path,
    which: str,
    is_planned: bool,  # noqa: FBT001 - a row's value
) -> None:
    cache, upper = lower
    before, copied = tree(cache.path), tree(upper)
    outcome = one(cache, which, tmp_path, is_planned=is_planned)
    assert outcome.action.files
    assert outcome == Outcome(action=outcome.action, state=State.BUSY, is_lower=True, error=STAYS)
    assert tree(cache.path) == before
    assert tree(upper) == copied


@pytest.mark.parametrize("which", ["pair plain", "single dated"])
def test_what_no_pip_can_ask_about_goes_from_a_lower_layer(
    lower: tuple[Cache, Path], tmp_path: Path, which: str
) -> None:
    cache, _ = lower
    outcome = one(cache, which, tmp_path)
    assert (outcome.state, outcome.is_lower) == (State.REMOVED, True)
    assert not {file.path for file in outcome.removed} & left(cache)
    assert not any(os.path.lexists(cache.real(file.path)) for file in outcome.action.files)
