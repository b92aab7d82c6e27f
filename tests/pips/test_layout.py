"""pip's names on disk."""

import pytest

from pipcacheplus.model.values import Area
from pipcacheplus.pips import layout
from pipcacheplus.pips.layout import Place, Role

KEY = "01248" + "d" * 51
LEAF = "wheels/18/ac/23/" + "5" * 50


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("", Place.ROOT),
        ("http", Place.FAN_OUT),
        ("http-v2/0/1/2/4", Place.FAN_OUT),
        ("http-v2/0/1/2/4/8", Place.LEAF),
        ("http-v2/0/1/2/4/g", Place.FOREIGN),
        ("http-v2/0/1/2/4/8/9", Place.FOREIGN),
        ("http-v2/0/1/2/4/8/" + KEY + ".lock", Place.FOREIGN),  # locks are of the time of http
        ("http/0/1/2/4/8/" + KEY + ".lock", Place.LOCK),
        ("http/0/1/2/4/9/" + KEY + ".lock", Place.FOREIGN),
        ("http/0/1/2/4/8/" + KEY, Place.FOREIGN),
        ("wheels/18/ac", Place.FAN_OUT),
        (LEAF, Place.LEAF),
        (LEAF + "/tmpabcd_123", Place.BUILD),
        (LEAF + "/tmpabcd_123/.tmp-xyz", Place.BUILD),
        (LEAF + "/tmp", Place.FOREIGN),
        ("wheels/18/AC", Place.FOREIGN),
        ("wheels/keep", Place.FOREIGN),
        ("selfcheck", Place.LEAF),
        ("selfcheck/more", Place.FOREIGN),
        ("selfcheck.json.lock", Place.LOCK),
        ("log", Place.LEAF),
        ("http-v9", Place.FOREIGN),
    ],
)
def test_a_directory_means_what_pip_uses_it_for(folder: str, place: Place) -> None:
    assert place is layout.place_of(folder)


@pytest.mark.parametrize(
    ("folder", "name", "role"),
    [
        ("http-v2/0/1/2/4/8", KEY, Role.HEAD),
        ("http-v2/0/1/2/4/8", KEY + ".body", Role.BODY),
        ("http-v2/0/1/2/4/8", KEY + "abc_1234.tmp", Role.TEMPORARY),
        ("http-v2/0/1/2/4/8", KEY + ".bodyabc_1234.tmp", Role.TEMPORARY),
        ("http-v2/0/1/2/4/8", KEY + "abc_123.tmp", Role.FOREIGN),  # seven characters
        ("http-v2/0/1/2/4/8", KEY + ".bak", Role.FOREIGN),
        ("http-v2/0/1/2/4/8", KEY.upper(), Role.FOREIGN),
        ("http-v2/0/1/2/4/8", "1" + KEY[1:], Role.FOREIGN),
        ("http-v2/0/1/2/4", KEY, Role.FOREIGN),
        ("http/0/1/2/4/8", KEY, Role.SINGLE),
        ("http/0/1/2/4/8", KEY + ".body", Role.FOREIGN),
        ("http/0/1/2/4/8", KEY + ".lock", Role.LOCK),
        ("http/0/1/2/4/8", "host-5bf0740.1234-3642960297961072993", Role.LOCK_LINK),
        ("http/0/1/2/4/8", "notes-2.1", Role.FOREIGN),
        ("http-v2/0/1/2/4/8", "host-5bf0740.1234-3642960297961072993", Role.FOREIGN),
        ("http/0/1/2/4/8/" + KEY + ".lock", "host.-a37f7401234", Role.LOCK),
        ("http/0/1/2/4/8/" + KEY + ".lock", "notes.txt", Role.FOREIGN),
        (LEAF, "demo-1.0-py3-none-any.whl", Role.WHEEL),
        (LEAF, "demo-1.0-1-py2.py3-none-any.whl", Role.WHEEL),
        (LEAF, "demo.whl", Role.FOREIGN),
        (LEAF, "demo-1.0-py3-none-any.whl.asc", Role.FOREIGN),
        (LEAF, "d\udce9mo-1.0-py3-none-any.whl", Role.FOREIGN),
        (LEAF, "origin.json", Role.ORIGIN),
        ("wheels", "origin.json", Role.FOREIGN),
        (LEAF + "/tmpabcd_123", "anything", Role.BUILD),
        ("selfcheck", "a" * 56, Role.SELFCHECK),
        ("selfcheck", "a" * 56 + "abcd1234.tmp", Role.TEMPORARY),
        ("selfcheck", "a" * 55, Role.FOREIGN),
        ("", "selfcheck.json", Role.SELFCHECK),
        ("", "selfcheck.json.lock", Role.LOCK),
        ("", "CACHEDIR.TAG", Role.FOREIGN),
        ("log", "debug.log", Role.LOG),
        ("log", "other.log", Role.FOREIGN),
    ],
)
def test_a_file_means_what_pip_writes_under_that_name(folder: str, name: str, role: Role) -> None:
    assert role is layout.role_of(folder, name)


@pytest.mark.parametrize(
    ("name", "pids"),
    [
        ("host.-a37f740123", (123,)),
        ("host.-5bf0740654321", (654321,)),
        ("host.-7401234567890", ()),  # no split leaves a number that a process can have
        ("host-5bf0740.1234-3642960297961072993", (1234,)),
        ("host-5bf0740.123642960297961072993", (1, 12, 123, 1236, 12364, 123642, 1236429)),
    ],
)
def test_a_lock_names_every_process_that_its_digits_can_mean(name: str, pids: tuple[int, ...]) -> None:
    owner = layout.lock_owner(name)
    assert owner is not None
    assert ("host", pids) == (owner.host, owner.pids)


def test_a_name_that_is_no_lock_has_no_owner() -> None:
    assert layout.lock_owner("notes.txt") is None


def test_a_url_leads_to_the_place_where_pip_stores_it() -> None:
    # As pip 26.3 stores it: the SHA-224 of the URL.
    key = layout.page_key("https://example.org/simple/six/")
    assert key == "bdab323f240fc6292f55d541a1f1d10cde4503bf37f431c38855a773"
    assert layout.key_of(layout.entry_path(Area.HTTP_V2, key)) == key
    assert layout.key_of(layout.body_path(layout.entry_path(Area.HTTP_V2, key))) == key
    assert layout.key_of("wheels/" + key) is None
