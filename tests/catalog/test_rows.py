"""What was read to its end before is not read so again, and is told all the same."""

import os
from pathlib import Path

import pytest

from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.rows import ReadResult, facts_with_result, read_result_of
from pipcacheplus.host.state import state_folder
from pipcacheplus.model.facts import Broken, Expected, Facts, Head, PayloadFormat, Unknown
from tests.support import artefacts
from tests.support.builders import Cache
from tests.support.guarding import guarded, state_of

HEAD = Head(cc=4, status=200, headers=())
READ = Facts(head=HEAD, format=PayloadFormat.ZIP, is_read_whole=True, digests=(("sha256", "a" * 64),))


def test_what_was_shown_comes_back() -> None:
    verified = read_result_of(READ)
    assert verified is not None
    again = facts_with_result(
        Facts(head=HEAD, format=PayloadFormat.ZIP), Expected(published=(("sha256", "a" * 64),)), verified
    )
    assert again is not None
    assert (again.digests, again.published) == (READ.digests, (("sha256", "a" * 64),))


@pytest.mark.parametrize("damage", [Broken(reason="is garbled"), Unknown(reason="encrypted")])
def test_damage_comes_back(damage: Broken | Unknown) -> None:
    verified = read_result_of(Facts(head=HEAD, is_read_whole=True, damage=damage))
    assert verified is not None
    again = facts_with_result(Facts(head=HEAD), Expected(), verified)
    assert again is not None
    assert type(again.damage) is type(damage)


def test_what_may_still_grow_is_not_remembered() -> None:
    assert read_result_of(Facts(head=HEAD, is_read_whole=True, damage=Broken(reason="ends early", is_cut=True))) is None


def test_what_a_reason_alone_does_not_tell_is_not_remembered() -> None:
    assert read_result_of(Facts(head=HEAD, is_read_whole=True, damage=Broken(reason="is garbled", offset=7))) is None


def test_what_was_not_read_to_its_end_is_not_remembered() -> None:
    assert read_result_of(Facts(head=HEAD)) is None


def test_a_digest_that_was_not_made_then_has_to_be_made_now() -> None:
    verified = ReadResult(sha256=None, blake2b=None, md5=None, metadata_sha256=None, damage=None, is_unknown=False)
    assert facts_with_result(Facts(head=HEAD), Expected(published=(("sha256", "a" * 64),)), verified) is None


def test_a_second_verification_finds_what_the_first_found(cache: Cache, tmp_path: Path) -> None:
    content = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2("https://files.example/a", content)
    broken = bytearray(content)
    broken[len(broken) // 3] ^= 0x55
    cache.http_v2("https://files.example/b", bytes(broken))
    first, second = guarded(cache, "verify"), guarded(cache, "verify")
    (ledger,) = (state_of(cache) / "pipcacheplus" / "ledgers").iterdir()
    assert first.returncode == 3
    assert (first.returncode, first.stdout) == (second.returncode, second.stdout)
    ledger.write_bytes(b"no database")
    third = guarded(cache, "verify")
    assert (first.returncode, first.stdout) == (third.returncode, third.stdout)


def test_a_ledger_lies_in_our_own_directory(cache: Cache) -> None:
    path = Ledger(str(Path(state_folder(), "ledgers")), str(cache.path)).path
    assert os.path.commonpath([path, str(cache.path)]) != str(cache.path)
