"""What need not stay because of other entries: superseded versions, duplicates, sdists whose wheels are built."""

from pipcacheplus.model.pythons import Interpreter
from pipcacheplus.model.values import Brief, Kind, Shape
from pipcacheplus.plan.built_sdists import BuiltSdists
from pipcacheplus.plan.duplicates import Duplicates
from pipcacheplus.plan.last_use import LastUse
from pipcacheplus.plan.superseded import Superseded

ANY = ("py3-none-any",)
LINUX = ("cp311-cp311-linux_x86_64",)


def brief(
    id_: str,
    version: str = "1.0",
    *,
    kind: Kind = Kind.WHEEL,
    tags: tuple[str, ...] = ANY,
    built_for: str | None = None,
    filename: str | None = None,
    url: str | None = None,
) -> Brief:
    url = url or f"https://files.example/demo-{version}.tar.gz"
    shape = Shape.BUILT_WHEEL if kind is Kind.BUILT_WHEEL else Shape.PAIR
    return Brief(id_, shape, kind, "demo", version, filename, url, url, tags, built_for, 1, 1, 1, 1, 1, 1)


def superseded(*briefs: Brief, keeps: int = 1, gone: frozenset[str] = frozenset()) -> set[str]:
    made = Superseded(keeps)
    for one in briefs:
        made.see(one)
    if made.wants_again():
        for one in briefs:
            made.see(one)
    return set(made.chosen(gone))


def test_all_but_the_newest_versions_go() -> None:
    briefs = [brief(version, version) for version in ("1.9", "1.10", "1.2", "2.0.post1")]
    assert superseded(*briefs) == {"1.9", "1.10", "1.2"}
    assert superseded(*briefs, keeps=2) == {"1.9", "1.2"}


def test_another_set_of_tags_is_superseded_by_its_own_kind_alone() -> None:
    assert not superseded(brief("a", "1"), brief("b", "2", tags=LINUX))
    assert not superseded(brief("a", "1"), brief("b", "2", kind=Kind.SDIST, tags=()))


def test_a_pre_release_takes_the_place_of_pre_releases_alone() -> None:
    assert superseded(brief("a", "1.0"), brief("b", "2.0rc1"), brief("c", "2.0b1")) == {"c"}
    assert superseded(brief("a", "2.0rc1"), brief("b", "2.0")) == {"a"}


def test_the_same_version_in_two_spellings_is_one() -> None:
    assert not superseded(brief("a", "1.0"), brief("b", "1.0.0"))


def test_a_version_without_an_order_stays() -> None:
    assert not superseded(brief("a", "first"), brief("b", "2.0"))


def test_a_built_wheel_gives_way_to_a_download_and_to_one_that_the_same_pip_finds() -> None:
    built = brief("a", "1.0", kind=Kind.BUILT_WHEEL, built_for="cp311")
    assert superseded(built, brief("b", "2.0")) == {"a"}
    assert superseded(built, brief("b", "2.0", kind=Kind.BUILT_WHEEL, built_for="cp311")) == {"a"}
    assert not superseded(built, brief("b", "2.0", kind=Kind.BUILT_WHEEL, built_for="cp312"))
    assert not superseded(brief("a", "1.0"), brief("b", "2.0", kind=Kind.BUILT_WHEEL, built_for="cp311"))


def test_what_goes_for_another_reason_takes_nobodys_place() -> None:
    briefs = [brief("a", "1.0"), brief("b", "2.0"), brief("c", "3.0")]
    assert superseded(*briefs, gone=frozenset({"c"})) == {"a"}


def test_a_variant_takes_the_place_of_its_own_kind_alone() -> None:
    briefs = [brief(version, version) for version in ("2.1", "2.1+cpu", "2.1+cu118", "2.2+cpu")]
    assert superseded(*briefs) == {"2.1+cpu"}


def test_metadata_stays_with_the_wheel_that_it_lies_beside() -> None:
    names = {"a": "demo-1.0-cp311-cp311-win32.whl.metadata", "b": "demo-2.0-cp313-cp313-win32.whl.metadata"}
    versions = {"a": "1.0", "b": "2.0"}
    beside = [brief(id_, versions[id_], kind=Kind.METADATA, tags=(), filename=name) for id_, name in names.items()]
    assert not superseded(*beside)
    unnamed = [brief(id_, versions[id_], kind=Kind.METADATA, tags=()) for id_ in names]
    assert not superseded(*unnamed)


def duplicates(digests: dict[str, str], used: dict[str, int], gone: frozenset[str] = frozenset()) -> set[str]:
    made = Duplicates(digests, LastUse(has_access_times=False, recorded=lambda one: used[one.id]))
    for id_ in digests:
        made.see(brief(id_))
    return set(made.chosen(gone))


def test_of_the_same_bytes_that_stays_which_was_used_last() -> None:
    digests, used = {"a": "x", "b": "x", "c": "x", "d": "y"}, {"a": 3, "b": 9, "c": 4, "d": 0}
    assert duplicates(digests, used) == {"a", "c"}
    assert duplicates(digests, used, gone=frozenset({"b"})) == {"a"}
    assert not duplicates(digests, used, gone=frozenset({"a", "b"}))
    assert not duplicates(digests, used, gone=frozenset({"a", "b", "c"}))


def interpreter(name: str, *tags: str) -> Interpreter:
    return Interpreter(path="", implementation="cp", version=(3, 11), prefix="", name=name, tags=frozenset(tags))


SDIST = brief("s", kind=Kind.SDIST, tags=())


def built(*briefs: Brief, gone: frozenset[str] = frozenset(), names: tuple[str, ...] = ("cp311", "cp312")) -> set[str]:
    made = BuiltSdists([interpreter(name, *ANY, *LINUX) for name in names], are_all_known=True)
    for one in briefs:
        made.see(one)
    return set(made.chosen(gone))


def test_an_sdist_goes_once_its_wheel_is_built_for_everybody() -> None:
    first = brief("a", kind=Kind.BUILT_WHEEL, built_for="cp311")
    second = brief("b", kind=Kind.BUILT_WHEEL, built_for="cp312", tags=LINUX)
    assert built(SDIST, first, second) == {"s"}
    assert not built(SDIST, first)
    elsewhere = brief("b", kind=Kind.BUILT_WHEEL, built_for="cp312", url="https://other.example/demo-1.0.tar.gz")
    assert not built(SDIST, first, elsewhere)
    assert not built(SDIST, first, second, gone=frozenset({"b"}))
    assert not built(SDIST, first, brief("b", "2.0", kind=Kind.BUILT_WHEEL, built_for="cp312"))
    assert not built(SDIST, first, brief("b", kind=Kind.BUILT_WHEEL, built_for="cp312", tags=("cp312-cp312-win32",)))


def test_no_sdist_goes_while_somebody_may_need_it_who_was_not_asked() -> None:
    wheel = brief("a", kind=Kind.BUILT_WHEEL, built_for="cp311")
    made = BuiltSdists([interpreter("cp311", *ANY)], are_all_known=False)
    for one in (SDIST, wheel):
        made.see(one)
    assert not made.chosen(())
    assert not built(SDIST, wheel, names=())


def test_two_interpreters_of_one_name_both_have_to_be_able_to_use_the_wheel() -> None:
    wheel = brief("a", kind=Kind.BUILT_WHEEL, built_for="cp311", tags=LINUX)
    made = BuiltSdists([interpreter("cp311", *ANY), interpreter("cp311", *LINUX)], are_all_known=True)
    for one in (SDIST, wheel):
        made.see(one)
    assert not made.chosen(())
