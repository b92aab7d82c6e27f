"""Whoever asks, in whatever way and order, is told the same of an entry: the whole is the sum of its parts."""

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Entry, Finding, Group, Remedy, UrlSource
from pipcacheplus.plan.select import Selection
from tests.catalog.mixtures import BUILDS, HOST, html, made, mixed, plain, wrong
from tests.support.asking import Answer, Asker, Question, question
from tests.support.builders import DAY_S, INDEX_URL, Cache
from tests.support.drill import IS_DRILL
from tests.support.folders import folder_in_memory
from tests.support.pages import link, page
from tests.support.processes import PIPCACHEPLUS, run
from tests.support.requests import Inline

_GROUPS = ("corrupt", "partial", "stale", "incompatible", "outdated_builds", "unsafe", "orphaned")


class Shuffled(Executor):
    """Does in one thread what it is given, the last first or in any order."""

    def __init__(self, choose: Callable[[int], int]) -> None:
        """Take what chooses among so many."""
        self._choose = choose
        self._waiting: list[Callable[[], None]] = []
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Return what is done later."""
        future: Future[Any] = Future()

        def do() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - it is the caller's
                    future.set_exception(error)

        with self._changed:
            self._waiting.append(do)
            self._changed.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_over)
                if not self._waiting:
                    return
                do = self._waiting.pop(self._choose(len(self._waiting)))
            do()

    def shutdown(self, wait: bool = True, **_more: object) -> None:  # noqa: FBT001, FBT002 - as Executor has it
        """Do what is left, and end."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join()


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    """Return processes; they are started, not forked: this process may have threads."""
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        yield executor


@contextmanager
def executors(pool: Executor | None) -> Iterator[list[Executor | None]]:
    """Give one of each sort."""
    with ExitStack() as stack:
        made: list[Executor] = [
            ThreadPoolExecutor(2),
            Shuffled(lambda count: count - 1),
            Shuffled(random.Random(1).randrange),  # noqa: S311 - any order
        ]
        others = [nullcontext(pool)] if pool is not None else []
        yield [None, Inline(), *map(stack.enter_context, made), *map(stack.enter_context, others)]


def selections(entry: Entry) -> Iterator[str]:
    """Yield what means an entry, as a user would write it."""
    content_alone = entry.url_source is UrlSource.FILE_HOST
    for what in (
        entry.id,
        f"kind:{entry.kind.value}",
        entry.project,
        None if content_alone else entry.filename,
        None if content_alone else entry.url,
    ):
        if what and is_understood(what):
            yield what


def is_understood(what: str) -> bool:
    try:
        Selection((what,))
    except BadRequestError:
        return False
    return True


def chosen_by(findings: Iterable[Finding], groups: frozenset[Group]) -> dict[str, tuple[str, ...]]:
    """Return which entries go for these reasons, and the slugs."""
    chosen: dict[str, set[str]] = {}
    for one in findings:
        if one.group in groups and one.remedy is not Remedy.NONE:
            chosen.setdefault(one.entry.id, set()).add(one.check)
    return {name: tuple(sorted(slugs)) for name, slugs in chosen.items()}


class Truth:
    """What is found by a run that reads all and remembers nothing, and what follows for any other question."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._alone: dict[Question, Answer] = {}
        self.findings = asker.ask_anew(question("verify")).findings
        self.entries = asker.ask_anew(question("inspect")).entries
        self.named = asker.ask_anew(question("scan")).entries

    def complaint(self, asked: Question, said: Answer) -> str | None:
        """Return how an answer differs from it, `None` if it does not."""
        options = dict(asked.options)
        match asked.verb:
            case "verify" | "inspect":
                selection = Selection(asked.what)
                return _differ(asked, said.findings, (one for one in self.findings if selection.is_wanted(one.entry)))
            case "scan":
                selection = Selection(asked.what)
                return _differ(asked, map(names, said.entries), map(names, filter(selection.is_wanted, self.named)))
            case "plan" if options.get("corrupt") or options.get("stale") is True or options.get("incompatible"):
                groups = frozenset(group for group in Group if group.option.replace("-", "_") in options)
                return _differ(asked, said.reasons.items(), chosen_by(self.findings, groups).items())
        return self._complaint_of_less(asked, said)

    def _complaint_of_less(self, asked: Question, said: Answer) -> str | None:
        """Return the same of a question for which less is read: it finds what it finds alone, and nothing else."""
        if asked not in self._alone:
            self._alone[asked] = self._asker.ask_anew(asked)
        alone = self._alone[asked]
        found = (_verdicts(said), said.reasons)
        if found != (_verdicts(alone), alone.reasons):
            return _differ(asked, (*said.findings, *said.reasons.items()), (*alone.findings, *alone.reasons.items()))
        more = said.reasons.keys() - {one.entry.id for one in self.findings if one.remedy is not Remedy.NONE}
        more |= {str(one) for one in _verdicts(said) - _verdicts(Answer(findings=self.findings))}
        return _differ(asked, more, ()) if more else None


def _verdicts(said: Answer) -> set[tuple[object, ...]]:
    """Return the findings, without what pips do: they are not asked for their versions each time."""
    return {
        (one.entry.id, one.check, one.severity, one.message, tuple(x for x in one.evidence if x[0] != "effect"))
        for one in said.findings
    }


def names(entry: Entry) -> tuple[object, ...]:
    """Return what an entry is called."""
    return (
        entry.id,
        entry.kind,
        entry.project,
        entry.version,
        entry.filename,
        entry.url,
        entry.url_source,
        entry.interpreter,
        entry.tags,
        entry.fresh_until_s,
    )


def _differ(asked: Question, said: Iterable[object], true: Iterable[object]) -> str | None:
    one, other = Counter(said), Counter(true)
    if one == other:
        return None
    return "\n    ".join(
        [str(asked), *(f"more: {_shown(x)}" for x in one - other), *(f"not: {_shown(x)}" for x in other - one)]
    )


def _shown(one: object) -> str:
    """Show what differs in one line that can be read."""
    if isinstance(one, Finding):
        return f"{one.check} {one.message!r} {one.evidence} of {names(one.entry)}"
    return ascii(one)


def questions(truth: Truth) -> list[Question]:
    """Return all that is asked of a cache."""
    found = {what for entry in (*truth.named, *truth.entries) for what in selections(entry)}
    found |= {one.entry.id for one in truth.findings if is_understood(one.entry.id)}
    ids = sorted({entry.id for entry in truth.named if is_understood(entry.id)})
    return [
        *(question("verify", deep=deep) for deep in (False, False, True)),
        *(question(verb, what) for verb in ("verify", "scan") for what in sorted(found)),
        *(question("inspect", name) for name in ids),
        question("inspect"),
        question("scan"),
        *(question("overview", reads=reads) for reads in (False, True)),
        *(question("plan", **{group: True}) for group in _GROUPS),
        question("plan", **dict.fromkeys(_GROUPS, True)),
        question("plan"),
        question("plan", corrupt=True, deep=True),
    ]


def complaints(asker: Asker, seed: int, pool: Executor | None) -> list[str]:
    """Put all questions in some order, each twice in a row or not, by any executor and with or without a memory."""
    truth = Truth(asker)
    dice = random.Random(seed)  # noqa: S311 - any order
    asked = questions(truth) * 2
    dice.shuffle(asked)
    found = []
    with executors(pool) as made:
        for number, one in enumerate(asked):
            executor = made[dice.randrange(len(made))]
            remembers = dice.random() < 0.75
            said = asker.ask(one, executor=executor, remembers=remembers)
            problem = truth.complaint(one, said)
            if problem is not None:
                found.append(f"{number}th, {type(executor).__name__}, {remembers=}: {problem}")
    return found


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("index_urls", [(INDEX_URL,), ()], ids=["index", "no index"])
def test_every_question_gets_the_answer_of_a_run_that_reads_all(
    folder: Path, pool: Executor, build: str, index_urls: tuple[str, ...]
) -> None:
    cache = mixed(folder, [build])
    asker = Asker(cache.path, folder / "state", index_urls=index_urls)
    found = complaints(asker, len(build), pool)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@settings(
    max_examples=400 if IS_DRILL else 8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # the cases of one sort are small already
)
@given(builds=st.lists(st.sampled_from(sorted(BUILDS)), min_size=2, max_size=6, unique=True), seed=st.integers(0, 999))
def test_what_lies_beside_an_entry_changes_nothing_of_this(builds: list[str], seed: int) -> None:
    with folder_in_memory() as folder:
        assert not complaints(Asker(mixed(folder, builds).path, folder / "state"), seed, None)


def is_named_by_content(entry: Entry) -> bool:
    """Return whether it takes reading all of an entry, or of its wheel, to find its URL."""
    return entry.url_source is UrlSource.FILE_HOST


@pytest.mark.parametrize("build", BUILDS)
def test_an_entry_is_called_the_same_by_whoever_names_it(folder: Path, build: str) -> None:
    asker = Asker(mixed(folder, [build]).path, folder / "state")
    called = {entry.id: names(entry) for entry in asker.ask_anew(question("scan")).entries}
    for remembers in (False, True, True):
        for asked in (
            question("inspect"),
            question("verify"),
            question("scan"),
            question("plan", corrupt=True),
            question("plan_removal", *called.keys()),
        ):
            said = asker.ask(asked, remembers=remembers)
            entries = (*said.entries, *(one.entry for one in said.findings), *(one.entry for one in said.actions))
            found = {entry.id: names(entry) for entry in entries if not is_named_by_content(entry)}
            found = {name: value for name, value in found.items() if name in called}  # empty directories are not listed
            assert found == {name: called[name] for name in found}, str(asked)


def test_a_url_that_only_the_content_proves_means_its_entry(folder: Path) -> None:
    asker = Asker(mixed(folder, ["wheel of an incompatible tag, at the file host"]).path, folder / "state")
    (found,) = (one for one in asker.ask_anew(question("verify")).findings if is_named_by_content(one.entry))
    for remembers in (False, True, True):
        assert asker.ask(question("verify", str(found.entry.url)), remembers=remembers).findings == (found,)


def _page_in_json(cache: Cache, href: str) -> None:
    url, _, digest = href.partition("#sha256=")
    page(cache, f"{INDEX_URL}demo/", "demo", [link(url, hashes={"sha256": digest})])


def _redirected(cache: Cache, href: str) -> None:
    there = f"{HOST}/a/demo/"
    cache.http_v2(f"{INDEX_URL}demo/", status=301, headers={"Location": there})
    html(cache, there, href)


def _redirected_twice(cache: Cache, href: str) -> None:
    cache.http_v2(f"{INDEX_URL}demo/", status=308, headers={"Location": "/moved/demo/"})
    cache.http_v2(f"{HOST}/moved/demo/", status=301, headers={"Location": "../../a/demo/"})
    html(cache, f"{HOST}/a/demo/", href)


def _chain(length: int) -> Callable[[Cache, str], None]:
    """Return what stores a page that links a page, and so on, and the last one a file."""

    def build(cache: Cache, href: str) -> None:
        for number in range(length):
            html(
                cache, f"{INDEX_URL}demo/{number}/" if number else f"{INDEX_URL}demo/", f"{INDEX_URL}demo/{number + 1}/"
            )
        html(cache, f"{INDEX_URL}demo/{length}/", f"../{href}")

    return build


def _relative_chain(length: int) -> Callable[[Cache, str], None]:
    """Return what stores the same, with relative links only."""

    def build(cache: Cache, href: str) -> None:
        for number in range(length):
            html(cache, f"{INDEX_URL}demo/" + "more/" * number, "more/")
        html(cache, f"{INDEX_URL}demo/" + "more/" * length, "../" * length + href)

    return build


PAGES: dict[str, Callable[[Cache, str], object]] = {
    "HTML": lambda cache, href: html(cache, f"{INDEX_URL}demo/", href),
    "HTML with a name": lambda cache, href: html(cache, f"{INDEX_URL}demo/", href, title="Links for demo"),
    "HTML with a relative base": lambda cache, href: html(
        cache, f"{INDEX_URL}demo/", "files" + href.rpartition("/files")[2], base="../../"
    ),
    "JSON": _page_in_json,
    "behind a redirect": _redirected,
    "behind two relative redirects": _redirected_twice,
    "linked by a page": _chain(1),
    "linked by pages": _chain(4),
    "linked by a page, relative": _relative_chain(1),
    "linked by pages, relative": _relative_chain(4),
}
"""Where a page lies from which a relative link leads to a file; how its base is found."""


def with_page(cache: Cache, build: Callable[[Cache, str], object]) -> str:
    """Store a wheel, and a page with a relative link and a wrong digest; return the path of the wheel's head."""
    content = made(cache, "demo")
    name = "demo-1.0-py3-none-any.whl"
    build(cache, f"../../files/{name}#sha256={wrong(content)['sha256']}")
    return cache.http_v2(f"{HOST}/files/{name}", content, headers=plain(content))


def mismatches(said: Answer) -> list[str]:
    return [one.entry.id for one in said.findings if one.check == "body-digest-mismatch"]


@pytest.mark.parametrize("build", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize(
    "asked",
    [
        question("verify"),
        question("verify", deep=True),
        question("verify", "kind:wheel"),
        question("verify", "demo"),
        question("inspect", "kind:wheel"),
        question("plan", corrupt=True),
    ],
    ids=str,
)
def test_a_file_that_a_relative_link_leads_to_is_held_against_its_digest(
    cache: Cache, folder: Path, build: Callable[[Cache, str], object], asked: Question
) -> None:
    wheel = with_page(cache, build)
    asker = Asker(cache.path, folder / "state")
    for remembers in (False, True, True):
        said = asker.ask(asked, remembers=remembers)
        found = list(said.reasons) if asked.verb == "plan" else mismatches(said)
        assert found == [wheel], f"{remembers=}"


BY_LINK = {"linked by a page", "linked by pages", "behind a redirect"}
BY_INDEX = {name: build for name, build in PAGES.items() if name not in BY_LINK}
"""Pages whose base is known by the index alone; an absolute link, or target, proves one without it."""


@pytest.mark.parametrize("build", BY_INDEX.values(), ids=BY_INDEX)
def test_an_index_that_one_run_names_is_of_no_use_to_another(
    cache: Cache, folder: Path, build: Callable[[Cache, str], object]
) -> None:
    wheel = with_page(cache, build)
    asker = Asker(cache.path, folder / "state")
    for index_urls in ((), (INDEX_URL,), (), ("https://other.example/simple",), (INDEX_URL,), (INDEX_URL,), ()):
        asker.index_urls = index_urls
        expected = [wheel] if INDEX_URL in index_urls else []
        assert (index_urls, mismatches(asker.ask(question("verify")))) == (index_urls, expected)
        assert (index_urls, mismatches(asker.ask(question("verify", "kind:wheel")))) == (index_urls, expected)
        assert (index_urls, mismatches(asker.ask(question("inspect", wheel)))) == (index_urls, expected)


@pytest.mark.parametrize(
    "arguments",
    [("verify",), ("verify", "kind:wheel"), ("verify", "--deep"), ("verify", "demo"), ("verify", "--no-ledger")],
)
def test_the_exit_code_of_verify_does_not_depend_on_what_was_asked_before(
    cache: Cache, folder: Path, arguments: tuple[str, ...]
) -> None:
    with_page(cache, PAGES["HTML"])
    cache.set_age("", 2 * DAY_S)
    environment = os.environ | {"XDG_STATE_HOME": str(folder / "state"), "PIP_INDEX_URL": INDEX_URL}
    command = (*PIPCACHEPLUS, "--cache-dir", str(cache.path))
    for asked in (arguments, ("list",), ("verify",), arguments, ("verify", "--deep"), arguments):
        ran = run((*command, *asked), env=environment)
        assert (asked, ran.returncode, ran.stderr) == (asked, 3 if asked[0] == "verify" else 0, "")
    shown = run((*command, "prune", "--corrupt", "--dry-run", "--format", "json"), env=environment, is_checked=True)
    assert [action["reasons"] for action in json.loads(shown.stdout)["actions"]] == [["body-digest-mismatch"]]
