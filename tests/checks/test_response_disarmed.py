"""The check `response-disarmed`."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipcacheplus.apply.disarm import disarm
from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.values import Entry, Shape
from tests.apply.doing import a_system
from tests.checks.objections import told
from tests.support.builders import Cache, file_headers, page_headers

URL = "https://files.example/demo"
TOLD = ("invalidated by an interrupted run: pip downloads it again", "warning", "remove")
DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


def disarmed(cache: Cache) -> None:
    """Disarm all that a run would disarm."""
    with OpenCache(str(cache.path)) as opened:
        for entry in list(scan(opened)):
            if isinstance(entry, Entry) and entry.shape in {Shape.PAIR, Shape.SINGLE}:
                is_single = entry.shape is Shape.SINGLE
                disarm(opened, entry.files[0], a_system(), is_single=is_single, keeps_open=False)


@pytest.mark.parametrize(
    "headers",
    [
        page_headers(b"x"),
        file_headers(b"x"),
        {"Date": DATE},
        {"Date": DATE, "Cache-Control": "max-age=600"},
        {"Date": "20 Nov 2026 12:00:00 -0000", "ETag": 'W/"a"'},
        {"ETag": '"abc"'},
        {"ETag": 'W/"abc"', "Last-Modified": DATE},
        {"ETag": "without-quotes"},
    ],
)
def test_what_was_disarmed_is_told_whatever_its_age(cache: Cache, headers: Mapping[str, str]) -> None:
    cache.http_v2(URL, b"x", headers=headers)
    assert told("response-disarmed", cache) == []
    disarmed(cache)
    assert told("response-disarmed", cache) == [TOLD]


def test_a_response_in_one_file_is_told_too(cache: Cache) -> None:
    cache.http(URL, b"x", headers=page_headers(b"x"))
    disarmed(cache)
    assert told("response-disarmed", cache) == [TOLD]


@pytest.mark.parametrize(
    "headers",
    [
        {"Date": "Fri, 20 Nov 1994 12:00:00 GMT"},
        {"Date": "Sunday, 06-Nov-94 08:49:37 GMT"},
        {"Date": "20 Nov 2026 10:00:00 +1000"},
        {"Date": "1000"},
        {"Date": DATE, "ETag": '"~~~"'},
        {"ETag": '"~a~"'},
        {"ETag": '""'},
        {"ETag": ""},
        {"Last-Modified": "Fri, 20 Nov 1000 12:00:00 GMT"},
        {"Content-Length": "1"},
    ],
)
def test_what_a_server_sends_is_not_told(cache: Cache, headers: Mapping[str, str]) -> None:
    cache.http_v2(URL, b"x", headers=headers)
    assert told("response-disarmed", cache) == []


def test_what_was_never_written_over_and_what_cannot_be_read_is_not_told(cache: Cache) -> None:
    for cc in (1, 2):
        cache.http(f"{URL}{cc}", b"x", cc=cc, headers={"Date": "Fri, 20 Nov 1000 12:00:00 GMT"})
    cache.write(cache.http_v2(URL, b"x"), b"cc=4,\xff")
    cache.built_wheel("demo")
    cache.foreign()
    assert told("response-disarmed", cache) == []


@pytest.mark.parametrize("size", [10, 5 << 20])
@pytest.mark.parametrize("is_old", [False, True])
def test_to_prune_what_is_partial_finds_it_without_a_catalog(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, *, is_old: bool
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    write = cache.http if is_old else cache.http_v2
    paths = {write(f"{URL}{number}", b"x" * size, headers=page_headers(b"x" * size)) for number in range(3)}
    own = PipCache(cache.path)
    assert own.plan(partial=True).actions == ()
    disarmed(cache)
    kept = write(f"{URL}~1000", b"~1000", headers=page_headers(b"~1000"))
    plan = own.plan(partial=True)
    assert {action.entry.id for action in plan.actions} == paths
    assert not (tmp_path / "state").exists()
    own.apply(plan, exclusive=True)
    assert [entry.id for entry in own.scan(remembers=False).entries] == [kept]


def test_a_head_that_cannot_be_read_is_told_and_stays(cache: Cache) -> None:
    path = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    disarmed(cache)
    cache.real(path).chmod(0)
    if os.access(cache.real(path), os.R_OK):
        pytest.skip("this user reads everything")
    plan = PipCache(cache.path).plan(partial=True)
    assert ([one.path for one in plan.warnings], plan.actions) == ([path], ())
