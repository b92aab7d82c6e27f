"""What goes, in which order."""

from pipcacheplus.model.values import (
    Area,
    CacheDir,
    Checked,
    Entry,
    File,
    Finding,
    Group,
    Kind,
    Plan,
    Remedy,
    Severity,
    Shape,
    Source,
)
from pipcacheplus.plan.plan import Rule, by_findings, by_request, make_plan

CACHE = CacheDir(path="/cache", source=Source.ARGUMENT)
LEAF = "wheels/18/ac/23/" + "5" * 50


def file(path: str, links: int = 1) -> File:
    return File(path=path, size=10, disk_size=4096, mtime_ns=0, atime_ns=0, ctime_ns=0, inode=1, device=1, links=links)


def entry(shape: Shape, *paths: str, area: Area = Area.HTTP_V2, kind: Kind = Kind.WHEEL) -> Entry:
    return Entry(id=paths[0], area=area, shape=shape, kind=kind, files=tuple(map(file, paths)))


def wheel(name: str) -> Entry:
    return entry(Shape.BUILT_WHEEL, f"{LEAF}/{name}", f"{LEAF}/origin.json", area=Area.WHEELS, kind=Kind.BUILT_WHEEL)


def judged(one: Entry, *groups: Group, remedy: Remedy = Remedy.REMOVE_IF_ASKED) -> Checked:
    found = tuple(
        Finding(
            check=f"{group.value}-check",
            entry=one,
            group=group,
            severity=Severity.WARNING,
            message="is so",
            remedy=remedy,
            paths=one.paths,
        )
        for group in groups
    )
    return Checked(one, found)


def plan(rule: Rule, *entries: Checked, keep: str = "", young: str = "") -> Plan:
    return make_plan(CACHE, entries, rule, is_kept=lambda e: e.id == keep, is_young=lambda e: e.id == young)


def going(made: Plan) -> list[str]:
    return [file.path for action in made.actions for file in action.files]


def test_a_body_goes_before_its_head() -> None:
    pair = entry(Shape.PAIR, "http-v2/k", "http-v2/k.body")
    assert going(plan(by_request(lambda _: True), Checked(pair))) == ["http-v2/k.body", "http-v2/k"]


def test_a_wheel_goes_before_its_origin() -> None:
    made = plan(by_request(lambda _: True), Checked(wheel("a-1-py3-none-any.whl")))
    assert going(made) == [f"{LEAF}/a-1-py3-none-any.whl", f"{LEAF}/origin.json"]


def test_an_origin_stays_with_a_wheel_that_stays() -> None:
    one, other = wheel("a-1-py2-none-any.whl"), wheel("a-1-py3-none-any.whl")
    made = plan(by_findings(frozenset({Group.INCOMPATIBLE})), judged(one, Group.INCOMPATIBLE), judged(other))
    assert going(made) == [one.id]


def test_an_origin_goes_once_with_the_last_of_its_wheels() -> None:
    one, other = wheel("a-1-py2-none-any.whl"), wheel("a-1-py3-none-any.whl")
    made = plan(by_request(lambda _: True), Checked(one), Checked(other))
    assert going(made) == [one.id, other.id, f"{LEAF}/origin.json"]


def test_only_the_groups_that_are_asked_for_go() -> None:
    one, other = entry(Shape.SINGLE, "http/a"), entry(Shape.SINGLE, "http/b")
    made = plan(by_findings(frozenset({Group.STALE})), judged(one, Group.STALE), judged(other, Group.CORRUPT))
    assert going(made) == ["http/a"]
    assert made.actions[0].reasons == ("stale-check",)


def test_downloads_are_spared_if_that_is_asked_for_and_only_for_that_reason() -> None:
    built, download = wheel("a-1-py3-none-any.whl"), entry(Shape.PAIR, "http-v2/a", "http-v2/a.body")
    old = entry(Shape.PAIR, "http-v2/b", "http-v2/b.body")
    rule = by_findings(frozenset({Group.INCOMPATIBLE, Group.STALE}), spares_downloads=frozenset({Group.INCOMPATIBLE}))
    judgements = judged(built, Group.INCOMPATIBLE), judged(download, Group.INCOMPATIBLE), judged(old, Group.STALE)
    assert [action.entry.id for action in plan(rule, *judgements).actions] == [built.id, old.id]


def test_without_a_group_only_what_no_pip_can_use_goes() -> None:
    one, other = entry(Shape.SINGLE, "http/a"), entry(Shape.SINGLE, "http/b")
    rule = by_findings(frozenset(), takes_useless=True)
    made = plan(rule, judged(one, Group.STALE), judged(other, Group.CORRUPT, remedy=Remedy.REMOVE))
    assert going(made) == ["http/b"]
    assert going(plan(by_findings(frozenset()), judged(other, Group.CORRUPT, remedy=Remedy.REMOVE))) == []


def test_a_finding_without_remedy_removes_nothing() -> None:
    one = entry(Shape.SINGLE, "http/a")
    assert not going(plan(by_findings(frozenset({Group.STALE})), judged(one, Group.STALE, remedy=Remedy.NONE)))


def test_a_keep_wins_over_every_reason() -> None:
    one = entry(Shape.SINGLE, "http/a")
    made = plan(by_request(lambda _: True), Checked(one), keep="http/a")
    assert (going(made), made.kept) == ([], (one,))


def test_a_young_half_stays_even_if_it_is_asked_for() -> None:
    half = entry(Shape.HEAD, "http-v2/k", kind=Kind.LEFTOVER)
    made = plan(by_request(lambda _: True), Checked(half), young="http-v2/k")
    assert (going(made), made.kept) == ([], (half,))


def test_a_young_response_goes_if_it_is_asked_for() -> None:
    pair = entry(Shape.PAIR, "http-v2/k", "http-v2/k.body")
    assert len(going(plan(by_request(lambda _: True), Checked(pair), young="http-v2/k"))) == 2


def test_what_pip_did_not_write_never_goes() -> None:
    notes = entry(Shape.FOREIGN, "NOTES.txt", area=Area.OTHER, kind=Kind.FOREIGN)
    assert not going(plan(by_request(lambda _: True), Checked(notes)))
