"""What may happen to a cache, and what is asked of it in between; what is remembered must never make a difference.

The rules of `Machine` are of four sorts: they change the cache, they ask, they let two runs meet, and they kill one.
"""

import functools
import io
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pipcacheplus.host.interpreter_probe import MARK
from tests.replay.held import MOMENTS, Held, Moment
from tests.support import artefacts
from tests.support.asking import PRESENT_S, Answer, Asker, Question, question
from tests.support.builders import FILE_URL, INDEX_URL, NOW_S, Cache, file_headers, file_url, page_headers
from tests.support.folders import make_folder_in_memory
from tests.support.interpreters import facts
from tests.support.stored import response

__all__ = ["Machine"]

MIRROR = "https://mirror.example/simple/"
PROJECTS = ("one", "two")
OTHER_TAG = "cp38-cp38-manylinux2014_x86_64"
"""What the running interpreter cannot use, and `other_python` can."""

projects = st.sampled_from(PROJECTS)
wheres = st.sampled_from(["files", "index", "mirror", "host"])
tags = st.sampled_from(["py3-none-any", "py3-none-any", OTHER_TAG])
contents = st.sampled_from(["a", "a", "a", "b", "cut", "flipped", "longer", "empty", "another"])
ages = st.sampled_from(["old", "old", "old", "new", "future"])
digests = st.sampled_from(["a", "a", "b", None])
numbers = st.integers(0, 40)
indexes = st.sampled_from([(INDEX_URL,), (INDEX_URL,), (), (MIRROR,), (MIRROR, INDEX_URL)])
moments = st.tuples(st.sampled_from(MOMENTS), st.integers(1, 25))


@functools.cache
def _scratch() -> Path:
    """Return a folder of this process; what is in it is the same at any time."""
    return Path(tempfile.mkdtemp(prefix="pipcacheplus-made-"))


@functools.cache
def content_of(project: str, tag: str, how: str) -> bytes:
    """Return the bytes of a wheel, whole or not."""
    if how == "another":
        return content_of(PROJECTS[PROJECTS.index(project) - 1], tag, "a")
    files = {f"{project}.py": (b"x = %d\n" % (how == "b")) * 60}
    folder = _scratch() / f"{project}-{tag}-{how}"
    sound = artefacts.wheel(folder, project, "1.0", tag=tag, files=files).read_bytes()
    at = sound.index(f"{project}.py".encode()) + len(project) + 9
    flipped = sound[:at] + bytes([sound[at] ^ 0x55]) + sound[at + 1 :]
    changed = {"cut": sound[: len(sound) // 2], "flipped": flipped, "longer": sound + b"more", "empty": b""}
    return changed.get(how, sound)


def metadata_of(project: str, how: str) -> bytes:
    """Return the metadata of a sound wheel, or others."""
    with zipfile.ZipFile(io.BytesIO(content_of(project, "py3-none-any", "a"))) as archive:
        inside = archive.read(f"{project}-1.0.dist-info/METADATA")
    return inside if how == "a" else inside + f"X-More: {how}\n".encode()


@functools.cache
def other_python() -> str:
    """Write what says that it is a Python 3.8, and return its path."""
    import json  # noqa: PLC0415 - here only

    path = _scratch() / "python3.8"
    said = facts(version=[3, 8], soabi="cpython-38-x86_64-linux-gnu", executable=str(path), search_path=[])
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{MARK}{json.dumps(said)}\nEND\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def wheel_name(project: str, tag: str = "py3-none-any") -> str:
    """Return the file name of a wheel."""
    return f"{project}-1.0-{tag}.whl"


def wheel_url(project: str, where: str, tag: str = "py3-none-any") -> str:
    """Return the URL of a wheel: absolute, or as a relative link of one of the two indexes leads to it."""
    name = wheel_name(project, tag)
    if where == "host":
        return file_url(content_of(project, tag, "a"), name)
    folders = {"files": FILE_URL, "index": "https://index.example/files", "mirror": "https://mirror.example/files"}
    return f"{folders[where]}/{name}"


def age_of(age: str) -> float:
    """Return an age as `Cache` takes it: of what was written long ago, a minute before the present, or after it."""
    return {"old": 7 * 86_400.0, "new": NOW_S - PRESENT_S + 60, "future": NOW_S - PRESENT_S - 1e6}[age]


def sha256(content: bytes) -> str:
    import hashlib  # noqa: PLC0415 - here only

    return hashlib.sha256(content).hexdigest()


WORDS = (
    *(f"kind:{kind}" for kind in ("wheel", "metadata", "index-page", "links-page", "redirect", "built-wheel")),
    *("kind:unreadable", "kind:leftover", "kind:response", "kind:foreign", "one", "two", "one<2", "pip"),
    *(wheel_name(project) for project in PROJECTS),
    *(wheel_url(project, where) for project in PROJECTS for where in ("files", "index", "mirror", "host")),
    f"{INDEX_URL}one/",
)
_GROUPS = ("corrupt", "partial", "stale", "incompatible", "outdated_builds", "unsafe", "orphaned")
words = st.sampled_from(WORDS)
common: Mapping[str, st.SearchStrategy[Any]] = {"min_age_s": st.sampled_from([0.0, 3600.0, 30 * 86_400.0])}
deeper: Mapping[str, st.SearchStrategy[Any]] = {
    **common,
    "pythons": st.sampled_from([None, None, ("current",), ("other",), ("current", "other")]),
}


def _asked(verb: str, what: st.SearchStrategy[list[str]], **options: st.SearchStrategy[Any]) -> Any:  # noqa: ANN401 - a strategy
    return st.builds(_question, st.just(verb), what, st.fixed_dictionaries({}, optional=dict(options)))


def _question(verb: str, what: list[str], options: dict[str, Any]) -> Question:
    return question(verb, *what, **options)


some = st.lists(words, min_size=1, max_size=2)
none = st.just(list[str]())
questions = st.one_of(
    _asked("verify", none),
    _asked("verify", none, deep=st.booleans(), **deeper),
    _asked("verify", some, deep=st.booleans(), **deeper),
    _asked("scan", none),
    _asked("scan", some),
    _asked("inspect", none | some, **deeper),
    _asked("overview", none, reads=st.booleans()),
    _asked("plan", none, corrupt=st.just(value=True), deep=st.booleans(), **deeper),
    _asked(
        "plan",
        none,
        **{group: st.just(value=True) for group in _GROUPS},
        keep=some.map(tuple),
        **deeper,
    ),
    _asked("plan", none, stale=st.sampled_from([30.0, 1e6]), **common),
    _asked("plan_removal", some, **common),
    _asked("plan_purge", none, keep=some.map(tuple)),
)


class Machine(RuleBasedStateMachine):
    """A cache, those who change it, and those who ask."""

    held: Held | None = None
    """The process in which runs are held or killed; set before the machine runs, `None` to go without."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = make_folder_in_memory()
        self.cache = Cache(self.folder / "cache")
        self.asker = Asker(self.cache.path, self.folder / "state")
        self.was_asked: list[Question] = []
        self._scrap = self.folder / "scrap"

    def teardown(self) -> None:
        """Ask the plainest question last."""
        try:
            self.ask(question("verify"))
            self.ask(question("scan"))
        finally:
            shutil.rmtree(self.folder)

    # What is asked.

    def ask(self, asked: Question) -> None:
        """Ask with what is remembered, and without: the one seam of this machine to the code."""
        asked = _with_paths(asked)
        said, true = self.asker.ask(asked), self.asker.ask_anew(asked)
        assert said == true, _difference(asked, said, true)
        self._let_the_clock_tick()

    def _let_the_clock_tick(self) -> None:
        """Wait until what changes gets another time of change than what was seen: clocks of file systems are coarse."""
        self._scrap.touch()
        before = self._scrap.stat().st_ctime_ns
        while self._scrap.stat().st_ctime_ns == before:
            self._scrap.chmod(0o600)

    @initialize(indexes=indexes)
    def begin(self, indexes: tuple[str, ...]) -> None:
        """Begin with a cache in which something is remembered."""
        self.asker.index_urls = indexes
        self._wheel("one", "files", "py3-none-any", "a")
        self.publish("one", "index", "JSON", [("files", "a")], None, "old")
        self.cache.built_wheel("one")
        self.ask(question("verify"))

    @rule(asked=questions)
    def ask_something(self, asked: Question) -> None:
        """Ask anything."""
        self.was_asked.append(asked)
        self.ask(asked)

    @precondition(lambda self: self.was_asked)
    @rule(number=numbers)
    def ask_again(self, number: int) -> None:
        """Ask what was asked before."""
        self.ask(self.was_asked[number % len(self.was_asked)])

    @rule()
    def verify(self) -> None:
        """Ask the plainest question."""
        self.ask(question("verify"))

    @rule(what=st.sampled_from(["kind:wheel", "kind:metadata", "kind:built-wheel", "one"]))
    def verify_some(self, what: str) -> None:
        """Ask it of a part."""
        self.ask(question("verify", what))

    @rule(verb=st.sampled_from(["scan", "inspect"]))
    def look(self, verb: str) -> None:
        """Ask what is there."""
        self.ask(question(verb))

    @rule(groups=st.sets(st.sampled_from(_GROUPS)))
    def plan(self, groups: set[str]) -> None:
        """Ask what would go."""
        self.ask(question("plan", **dict.fromkeys(groups, True)))

    @rule(indexes=indexes)
    def name_indexes(self, indexes: tuple[str, ...]) -> None:
        """Let others be known from now on."""
        self.asker.index_urls = indexes

    @rule(by_s=st.sampled_from([-7200, -3600, -100, 0, 61, 3600, 86_400, 400 * 86_400]))
    def set_the_clock(self, by_s: int) -> None:
        """Let it be earlier or later; before the present, what changed just now is not settled."""
        self.asker.now_s = PRESENT_S + by_s

    # What changes.

    def _wheel(self, project: str, where: str, tag: str, how: str, *, age: str = "old", has_etag: bool = False) -> None:
        content = content_of(project, tag, how)
        whole = content_of(project, tag, "a")
        headers = file_headers(whole, project=project, version="1.0")
        if not has_etag:
            headers |= {"ETag": 'W/"x"', "Content-Length": str(len(content))}
        self.cache.http_v2(wheel_url(project, where, tag), content, headers=headers, age_s=age_of(age))

    @rule(project=projects, where=wheres, tag=tags, how=contents, age=ages, has_etag=st.booleans())
    def store_wheel(self, project: str, where: str, tag: str, how: str, age: str, *, has_etag: bool) -> None:
        """Download a wheel, whole or not, before or after its page."""
        self._wheel(project, where, tag, how, age=age, has_etag=has_etag)

    @rule(project=projects, where=wheres, how=contents, cc=st.sampled_from([1, 2, 4]))
    def store_old(self, project: str, where: str, how: str, cc: int) -> None:
        """Download a wheel as a pip up to 23.2."""
        self.cache.http(wheel_url(project, where), content_of(project, "py3-none-any", how), cc=cc)

    @rule(project=projects, where=wheres, how=st.sampled_from(["a", "b", "other"]))
    def store_metadata(self, project: str, where: str, how: str) -> None:
        """Download the metadata beside a wheel, before or after it."""
        content = metadata_of(project, how)
        headers = file_headers(content) | {"ETag": 'W/"x"'}
        self.cache.http_v2(wheel_url(project, where) + ".metadata", content, headers=headers)

    @rule(
        project=projects,
        place=st.sampled_from(["index", "index", "index", "mirror", "sub", "nowhere"]),
        form=st.sampled_from(["JSON", "relative JSON", "HTML", "named HTML", "HTML with a base"]),
        links=st.lists(
            st.tuples(st.sampled_from(["files", "index", "mirror", "host", "sdist", "sub"]), digests), max_size=4
        ),
        metadata=st.sampled_from([None, True, "a", "b"]),
        age=ages,
    )
    def publish(
        self,
        project: str,
        place: str,
        form: str,
        links: list[tuple[str, str | None]],
        metadata: str | bool | None,  # noqa: FBT001 - hypothesis gives it by name
        age: str,
    ) -> None:
        """Download a page: a new one, a renewed one, one that gained or lost links."""
        import json  # noqa: PLC0415 - here only

        listed = [_link(project, where, digest, is_relative=form != "JSON") for where, digest in links]
        if form.endswith("JSON"):
            kind = "application/vnd.pypi.simple.v1+json"
            beside = {"sha256": sha256(metadata_of(project, metadata))} if isinstance(metadata, str) else metadata
            files = [
                {
                    "filename": href.rpartition("/")[2],
                    "url": href,
                    "hashes": {"sha256": digest} if digest else {},
                    **({"core-metadata": beside} if beside is not None else {}),
                }
                for href, digest in listed
            ]
            body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": files}).encode()
        else:
            kind = "text/html"
            title = f"Links for {project}" if form == "named HTML" else "Simple Index"
            base = '<base href="../x/">' if form == "HTML with a base" else ""
            beside_it = (
                f' data-core-metadata="{metadata if metadata is True else "sha256=" + "0" * 64}"' if metadata else ""
            )
            rows = "".join(
                f'<a href="{href}{f"#sha256={digest}" if digest else ""}"{beside_it}>{href.rpartition("/")[2]}</a>'
                for href, digest in listed
            )
            body = f"<!DOCTYPE html><title>{title}</title>{base}{rows}".encode()
        url = {
            "index": f"{INDEX_URL}{project}/",
            "mirror": f"{MIRROR}{project}/",
            "sub": f"{INDEX_URL}{project}/sub/",
            "nowhere": f"https://nowhere.example/{project}",
        }[place]
        headers = page_headers(body, content_type=kind, age_s=age_of(age))
        self.cache.http_v2(url, body, headers=headers, age_s=age_of(age))

    @rule(project=projects, to=st.sampled_from(["absolute", "relative", "itself", "sub", "page of another"]))
    def redirect(self, project: str, to: str) -> None:
        """Let the page have moved."""
        target = {
            "absolute": f"{MIRROR}{project}/",
            "relative": f"../{project}/sub/",
            "itself": f"{INDEX_URL}{project}/",
            "sub": "sub/",
            "page of another": f"{INDEX_URL}{PROJECTS[PROJECTS.index(project) - 1]}/",
        }[to]
        self.cache.http_v2(f"{INDEX_URL}{project}/", status=301, headers={"Location": target})

    @rule(
        project=projects,
        tag=tags,
        how=contents,
        source=st.sampled_from(["files", "index"]),
        has_digest=st.booleans(),
        origin=st.sampled_from(["its own", None, "of a directory", "garbled"]),
        interpreter=st.sampled_from(["311", "38", None]),
    )
    def build(
        self,
        project: str,
        tag: str,
        how: str,
        source: str,
        origin: str | None,
        interpreter: str | None,
        *,
        has_digest: bool,
    ) -> None:
        """Build a wheel."""
        others = {"of a directory": {"url": "file:///src", "dir_info": {}}, "garbled": b"{"}
        self.cache.built_wheel(
            project,
            tag=tag,
            url=_link(project, "sdist", None, is_relative=False)[0]
            if source == "files"
            else f"https://index.example/files/{project}-1.0.tar.gz",
            sha256="a" * 64 if has_digest else None,
            interpreter=interpreter,
            origin=others.get(origin or ""),  # type: ignore[arg-type] # bytes or a mapping
            has_origin=origin is not None,
            content=content_of(project, tag, how),
        )

    @rule(number=numbers, how=st.sampled_from(["gone", "of a directory", "of an archive", "garbled"]))
    def change_origin(self, number: int, how: str) -> None:
        """Let an `origin.json` come or go."""
        found = self._files(".whl", area="wheels")
        if not found:
            return
        path = found[number % len(found)].with_name("origin.json")
        if how == "gone":
            path.unlink(missing_ok=True)
            return
        said = {
            "of a directory": b'{"url": "file:///x", "dir_info": {}}',
            "of an archive": b'{"url": "https://x.example/one-1.0.tar.gz", "archive_info": {}}',
        }
        self.cache.write(self._relative(path), said.get(how, b"{"))

    @rule(
        number=numbers,
        age=ages,
        what=st.sampled_from(["temporary", "lock", "lock file", "build", "foreign", "directory", "selfcheck", "half"]),
    )
    def leave(self, number: int, age: str, what: str) -> None:
        """Be killed as a pip, or write what no pip would."""
        url, age_s = wheel_url(PROJECTS[number % 2], "files"), age_of(age)
        beside = self.cache.http(url, b"x")
        match what:
            case "temporary":
                self.cache.temporary(beside, age_s=age_s)
            case "lock" if not self.cache.real(f"{beside}.lock").is_file():
                self.cache.lock_directory(beside, host="elsewhere", pid=number, age_s=age_s)
            case "lock file" if not self.cache.real(f"{beside}.lock").exists():
                self.cache.lock_file(beside, host="elsewhere", pid=number, age_s=age_s)
            case "build":
                self.cache.build_directory(self.cache.built_wheel("two"), b"half", age_s=age_s)
            case "foreign":
                self.cache.foreign(f"http-v2/notes{number % 3}", age_s=age_s)
            case "directory":
                self.cache.directory(f"wheels/{number:02x}/0b", age_s=age_s)
            case "selfcheck":
                self.cache.selfcheck("/" if number % 2 else "/nonexistent", age_s=age_s)
            case "half":
                self.cache.http_v2(url + "/half", b"x", has_body=bool(number % 2), has_head=not number % 2, age_s=age_s)

    @rule(number=numbers, kind=st.sampled_from(["pair", "head", "body", "any"]))
    def remove(self, number: int, kind: str) -> None:
        """Remove an entry, half of one, or any file."""
        bodies = self._files(".body")
        found = bodies if kind != "any" else self._files()
        if not found:
            return
        path = found[number % len(found)]
        if kind in {"body", "pair", "any"}:
            path.unlink()
        if kind in {"head", "pair"}:
            path.with_name(path.name.removesuffix(".body")).unlink(missing_ok=True)

    @rule(
        number=numbers,
        how=st.sampled_from(["flipped", "cut", "longer", "empty"]),
        keeps_time=st.booleans(),
        at=st.integers(1, 99),
    )
    def damage(self, number: int, how: str, at: int, *, keeps_time: bool) -> None:
        """Change the bytes of a file in place, under its old time or not."""
        found = self._files()
        if not found:
            return
        path = found[number * 7 % len(found)]
        before, content = path.stat(), path.read_bytes()
        place = len(content) * at // 100
        flipped = content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :] if content else b""
        changed = {"flipped": flipped, "cut": content[:place], "longer": content + b"!", "empty": b""}[how]
        with path.open("r+b") as file:
            file.truncate(len(changed))
            file.write(changed)
        if keeps_time:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(number=numbers, to=numbers)
    def swap(self, number: int, to: int) -> None:
        """Let two files change their places: each keeps its bytes, number and time."""
        found = self._files()
        if not found:
            return
        one, other = found[number * 7 % len(found)], found[to * 11 % len(found)]
        if one != other:
            one.rename(self._scrap.with_name("swapped"))
            other.rename(one)
            self._scrap.with_name("swapped").rename(other)

    @rule(number=numbers, to=numbers, is_linked=st.booleans())
    def copy(self, number: int, to: int, *, is_linked: bool) -> None:
        """Put a file in the place of another, as a copy or as a second name."""
        found = self._files()
        one, other = (found[number * 7 % len(found)], found[to * 11 % len(found)]) if found else (None, None)
        if one is None or other is None or one == other:
            return
        other.unlink()
        os.link(one, other) if is_linked else shutil.copy2(one, other)

    @rule(number=numbers, age=ages)
    def touch(self, number: int, age: str) -> None:
        """Set the time of a file back or forth."""
        found = self._files()
        if found:
            self.cache.set_age(self._relative(found[number * 7 % len(found)]), age_of(age))

    @rule(number=numbers)
    def renew_head(self, number: int) -> None:
        """Hear that nothing has changed: a head comes anew, with a date of its own."""
        bodies = self._files(".body")
        if not bodies:
            return
        body = bodies[number % len(bodies)]
        content = body.read_bytes()
        kind = "application/vnd.pypi.simple.v1+json" if content.startswith(b"{") else "text/html"
        head = response(
            b"", page_headers(content, content_type=kind, serial=number, age_s=age_of("new")), has_strict=False
        )
        self.cache.write(self._relative(body).removesuffix(".body"), head, age_s=age_of("new"))

    @rule()
    def keep(self) -> None:
        """Make a copy of the cache, as an archive does."""
        kept = self.folder / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.cache.path, kept, symlinks=True)

    @rule()
    def restore(self) -> None:
        """Unpack it in the place of the cache: old bytes and times under new numbers; or what is there itself."""
        kept = self.folder / "kept"
        if not kept.exists():
            self.keep()
        shutil.rmtree(self.cache.path)
        shutil.copytree(kept, self.cache.path, symlinks=True)

    @rule()
    def move_the_cache(self) -> None:
        """Let the directory be another one under the same name, and back: all numbers stay."""
        aside = self.folder / "aside"
        self.cache.path.rename(aside)
        aside.rename(self.cache.path)

    @rule(is_all=st.booleans())
    def prune(self, *, is_all: bool) -> None:
        """Remove what is found, for one reason or all."""
        groups = dict.fromkeys(_GROUPS if is_all else ("corrupt",), True)
        said = self.asker.ask(question("plan", **groups))
        for action in said.actions:
            for file in action.files:
                self.cache.real(file.path).unlink(missing_ok=True)

    # What meets.

    @precondition(lambda self: self.held is not None)
    @rule(first=questions, others=st.lists(questions, min_size=1, max_size=2), moment=moments)
    def ask_while_another_asks(self, first: Question, others: list[Question], moment: Moment) -> None:
        """Let two runs be at work at once: each finds what is there."""
        assert self.held is not None
        first = _with_paths(first)
        answer = self.held.begin(self.asker, first, moment)
        for asked in others:
            self.ask(asked)
        if answer is None:
            answer = self.held.go_on()
        assert answer is not None
        true = self.asker.ask_anew(first)
        assert answer == true, _difference(first, answer, true)

    @precondition(lambda self: self.held is not None)
    @rule(asked=questions, moment=moments)
    def kill_one_that_asks(self, asked: Question, moment: Moment) -> None:
        """Let a run end in the middle."""
        assert self.held is not None
        if self.held.begin(self.asker, _with_paths(asked), moment) is None:
            self.held.kill()
        self._let_the_clock_tick()

    @precondition(lambda self: self.held is not None)
    @rule(
        asked=questions,
        moment=moments,
        number=numbers,
        change=st.sampled_from(["damage", "remove", "swap", "page", "wheel", "restore"]),
        keeps_time=st.booleans(),
    )
    def change_what_is_read(
        self, asked: Question, moment: Moment, number: int, change: str, *, keeps_time: bool
    ) -> None:
        """Let the cache change while a run reads it: the next one finds what is there."""
        assert self.held is not None
        is_held = self.held.begin(self.asker, _with_paths(asked), moment) is None
        self._let_the_clock_tick()
        match change:
            case "damage":
                self.damage(number, "flipped", 50, keeps_time=keeps_time)
            case "remove":
                self.remove(number, "pair")
            case "swap":
                self.swap(number, number + 1)
            case "page":
                self.publish("one", "index", "JSON", [("files", "b" if keeps_time else "a")], None, "old")
            case "wheel":
                self._wheel("one", "files", "py3-none-any", "b" if keeps_time else "a")
            case "restore":
                self.restore()
        if is_held:
            self.held.go_on()
        self._let_the_clock_tick()
        self.ask(question("verify"))
        self.ask(asked)

    def _files(self, ending: str = "", area: str = "") -> list[Path]:
        """List the files of the cache."""
        found = sorted(self.cache.path.glob(f"{area or '*'}/**/*{ending}"))
        return [path for path in found if stat.S_ISREG(path.lstat().st_mode) and path.name.endswith(ending)]

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.cache.path).as_posix()


def _link(project: str, where: str, digest: str | None, *, is_relative: bool) -> tuple[str, str | None]:
    """Return where a link leads, and the digest of it."""
    published = None if digest is None else sha256(content_of(project, "py3-none-any", digest))
    if where == "sdist":
        folder = "../../files" if is_relative else f"{FILE_URL}"
        return f"{folder}/{project}-1.0.tar.gz", "a" * 64 if digest == "a" else None
    if where == "sub":
        return "sub/", None
    if where in {"index", "mirror"} and is_relative:
        return f"../../files/{wheel_name(project)}", published
    return wheel_url(project, where), published


def _with_paths(asked: Question) -> Question:
    """Return a question with the path of the other Python, which differs from run to run."""
    options = dict(asked.options)
    pythons = options.get("pythons")
    if pythons:
        options["pythons"] = tuple(other_python() if one == "other" else one for one in pythons)
    return question(asked.verb, *asked.what, **options)


def _difference(asked: Question, said: Answer, true: Answer) -> str:
    """Tell in a few lines what was found too much and too little."""
    lines = [f"{asked} finds something else with what it remembers:"]
    for name in ("entries", "findings", "actions", "kept", "rest"):
        one, other = getattr(said, name), getattr(true, name)
        lines += [f"  {name}, more: {x}" for x in one if x not in other]
        lines += [f"  {name}, not: {x}" for x in other if x not in one]
        if one != other and len(lines) == 1:
            lines.append(f"  {name} in another order: {one}, not {other}")
    return "\n".join(lines)
