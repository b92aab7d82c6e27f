"""What must be true of a cache after a removal, whatever went wrong while it ran.

Each function yields complaints, every one behind the name of what it breaks; nothing is what must come out.
"""

import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from email.utils import parsedate_tz
from pathlib import Path
from typing import Any

import msgpack

from tests.deletion.driver import Ran

__all__ = ["NAMES", "Planned", "Seen", "State", "ends", "others", "put", "seen", "stopped", "truth"]

NAMES = frozenset({"others", "order", "disarmed", "new", "exit-code", "report", "rest", "converges", "verify", "end"})
"""What can be broken.

others: what the plan does not name is as it was. new: nothing lies there that was not there before. order: no body is
without its head, no wheel without its origin. disarmed: a head that was written to differs in its validators only, and
dates stay dates. exit-code, report: they tell what happened. rest: one failure stops nothing else. end: it came to its
end by itself. converges: the next run ends where an undisturbed one does. verify: it finds no error that it did not
find before.
"""

_AREAS = frozenset({"http", "http-v2", "wheels", "selfcheck", "log"})
_VALIDATORS = frozenset({"cache-control", "date", "etag", "expires", "last-modified"})
_ORIGIN = "origin.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A file or directory."""

    mode: int
    content: bytes | str
    """Of a link, its target; of a directory, nothing."""
    size: int
    mtime_ns: int
    atime_ns: int
    links: int
    blocks: int
    inode: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.mode)

    def is_as(self, other: "Seen") -> bool:
        """Return whether nobody wrote to it; of a directory, whether its names are as they were."""
        own, its = (self.mode, self.content, self.mtime_ns), (other.mode, other.content, other.mtime_ns)
        return own == its and (self.is_folder or self.links == other.links)

    def is_read_since(self, other: "Seen") -> bool:
        """Return whether it is a file whose access time has moved."""
        return stat.S_ISREG(self.mode) and self.atime_ns != other.atime_ns


State = Mapping[str, Seen]
"""All that lies below a directory, by relative path."""


def seen(root: Path) -> dict[str, Seen]:
    """Look at everything below a directory."""
    found = {}
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        # Not by its path: when a directory was last read decides, too, whether it may go.
        opened = os.open(root / prefix, os.O_RDONLY | os.O_NOATIME)
        try:
            names = list(os.scandir(opened))
            for name in names:
                path = prefix + name.name
                found[path] = _seen(name, str(root / path))
                if found[path].is_folder:
                    waiting.append(path + "/")
        finally:
            os.close(opened)
    return found


def _seen(name: "os.DirEntry[str]", path: str) -> Seen:
    status = name.stat(follow_symlinks=False)
    content: bytes | str = ""
    if stat.S_ISREG(status.st_mode):
        # Not by `open`: when a file was last used decides whether it may go.
        with open(os.open(path, os.O_RDONLY | os.O_NOATIME), "rb") as file:
            content = file.read()
    elif stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    return Seen(
        mode=status.st_mode,
        content=content,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        links=status.st_nlink,
        blocks=status.st_blocks,
        inode=status.st_ino,
    )


def put(state: State, root: Path) -> None:
    """Make a directory what was seen of another: names, content, rights, times; last used when last written."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    links: dict[int, str] = {}
    for path in sorted(state):
        one, real = state[path], str(root / path)
        if one.is_folder:
            os.mkdir(real)
        elif isinstance(one.content, str):
            os.symlink(one.content, real)
        elif one.inode in links:
            os.link(links[one.inode], real)
        else:
            links[one.inode] = real
            with open(real, "wb") as file:
                file.write(one.content)
    for path in sorted(state, reverse=True):
        one, made = state[path], root / path
        if not stat.S_ISLNK(one.mode):
            made.chmod(stat.S_IMODE(one.mode))
        os.utime(made, ns=(one.mtime_ns, one.mtime_ns), follow_symlinks=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a dry run says will go, and what that makes of the directories."""

    actions: tuple[Mapping[str, Any], ...]
    files: frozenset[str]
    folders: frozenset[str]
    """The directories that may go: those asked for, and those in which nothing else lies."""
    can_disarm: bool
    """Whether heads may be written to before they go."""

    @classmethod
    def of(cls, actions: Sequence[Mapping[str, Any]], state: State, *, can_disarm: bool) -> "Planned":
        """Work it out of the actions that a dry run prints."""
        files = frozenset(path for action in actions for path in action["paths"])
        may_go = {action["id"] for action in actions if not action["paths"]}
        inside: dict[str, list[str]] = {}
        for path in state:
            inside.setdefault(path.rpartition("/")[0], []).append(path)
        for path in sorted((path for path, one in state.items() if one.is_folder), key=len, reverse=True):
            below = inside.get(path, ())
            if path not in _AREAS and below and all(other in files or other in may_go for other in below):
                may_go.add(path)
        return cls(actions=tuple(actions), files=files, folders=frozenset(may_go), can_disarm=can_disarm)


def others(planned: Planned, before: State, after: State) -> Iterator[str]:
    """Yield what was touched and not planned, and what is new."""
    may_go = planned.files | planned.folders
    moved = {path.rpartition("/")[0] for path in may_go}  # the time of a directory tells that a name in it went
    for path, was in before.items():
        now = after.get(path)
        if now is None:
            if path not in may_go:
                yield f"others: {path} is gone"
        elif not (now.is_as(was) or path in planned.files or (was.is_folder and path in moved | may_go)):
            yield f"others: {path} was touched"
        elif path not in planned.files and now.is_read_since(was):
            yield f"others: {path} has another access time"
    yield from (f"new: {path}" for path in after if path not in before)


def ends(planned: Planned, before: State, after: State) -> Iterator[str]:
    """Yield entries that are in a state in which none may be left."""
    for path in sorted(planned.files):
        was, now = before[path], after.get(path)
        head = path.removesuffix(".body")
        if path.endswith(".body") and now is not None and head in before and head not in after:
            yield f"order: {path} is without its head"
        origin = f"{path.rpartition('/')[0]}/{_ORIGIN}"
        if path.endswith(".whl") and now is not None and origin in before and origin not in after:
            yield f"order: {path} is without its origin"
        if now is not None and not now.is_as(was):
            yield from _written(path, was, now, can_disarm=planned.can_disarm)


def _written(path: str, was: Seen, now: Seen, *, can_disarm: bool) -> Iterator[str]:
    if (now.mode, now.links) != (was.mode, was.links) and was.links == 1:
        yield f"disarmed: {path} has other rights or names"
    if now.content == was.content:
        if now.mtime_ns != was.mtime_ns and not can_disarm:
            yield f"disarmed: {path} has another time"
    elif not can_disarm or not path.startswith("http"):
        yield f"disarmed: {path} was written to"
    else:
        assert isinstance(was.content, bytes)
        assert isinstance(now.content, bytes)
        yield from (f"disarmed: {path}: {problem}" for problem in _not_disarmed(was.content, now.content))


def _not_disarmed(was: bytes, now: bytes) -> Iterator[str]:
    """Yield what changed in a response of format 4 besides its validators."""
    if len(was) != len(now):
        yield f"{len(was)} bytes became {len(now)}"
        return
    try:
        old, new = msgpack.unpackb(was[5:]), msgpack.unpackb(now[5:])
        old_headers, new_headers = old["response"].pop("headers"), new["response"].pop("headers")
    except (ValueError, KeyError, msgpack.UnpackException) as error:
        yield f"cannot be read any more: {error!r}"
        return
    if (was[:5], old, list(old_headers)) != (now[:5], new, list(new_headers)):
        yield "more than values of headers changed"
    for name, value in old_headers.items():
        if value != new_headers.get(name) and name.lower() not in _VALIDATORS:
            yield f"header {name} changed"
    yield from _no_date(old_headers, new_headers)


def _no_date(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    # pip up to 26.3, `_vendor/cachecontrol/controller.py`: a Date that is none is an exception, a later one is fresh.
    for name, value in old.items():
        if name.lower() == "date":
            was, now = parsedate_tz(value), parsedate_tz(new.get(name, ""))
            if was is not None and (now is None or now[:6] > was[:6]):
                yield f"Date {value} became {new.get(name)}"


def truth(planned: Planned, before: State, after: State, ran: Ran, *, is_single: bool) -> Iterator[str]:
    """Yield what the exit code and the report say that is not so, of a run that came to its end.

    Args:
        planned: What was to go.
        before: As it was.
        after: As it is.
        ran: What it said.
        is_single: Whether no more than one call went wrong.
    """
    gone = before.keys() - after.keys()
    if "Traceback" in ran.err or ran.status not in {0, 1, 4, 5}:
        yield f"exit-code: {ran.status}, {ran.err.strip()[-400:]}"
    document = ran.document
    if document is None or document["error"] is not None:
        if gone or not ran.err.startswith("ERROR: ") or ran.status in {0, 4}:
            yield f"report: none, exit code {ran.status}, {len(gone)} names are gone, {ran.err.strip()}"
        elif document is None and ran.status != 2:
            yield f"report: no document, exit code {ran.status}"
        return
    failed = [action for action in document["actions"] if action["outcome"] in {"failed", "busy"}]
    yield from _exit_code(ran.status, len(failed), planned.files - gone, is_single=is_single)
    for action in document["actions"]:
        yield from _untrue(action, planned, gone)
    yield from _miscounted(document["summary"], before, gone, len(failed))
    told = {path for action in document["actions"] for path in action["paths"]}
    yield from (f"report: {path} is gone without a word" for path in sorted(gone & planned.files - told))


def stopped(planned: Planned, before: State, after: State, ran: Ran, number: int) -> Iterator[str]:
    """Yield what is not so in the report of a run that a signal came to: what was disarmed is named, the sum is right.

    Args:
        planned: What was to go.
        before: As it was.
        after: As it is.
        ran: What it said.
        number: Of the signal.
    """
    if ran.status != 128 + number:  # it came where it is ignored, or before anything was to be ended in order
        yield from truth(planned, before, after, ran, is_single=True)
        return
    document = ran.document
    if "Traceback" in ran.err or document is None:
        yield f"report: none, {ran.err.strip()[-400:]}"
        return
    gone = before.keys() - after.keys()
    written = {path for path in planned.files & after.keys() if not after[path].is_as(before[path])}
    if document["error"] is not None:
        yield from (f"report: {path} was touched without a word" for path in sorted((gone | written) & planned.files))
        return
    failed = [action for action in document["actions"] if action["outcome"] in {"failed", "busy"}]
    for action in document["actions"]:
        yield from _untrue(action, planned, gone)
    yield from _miscounted(document["summary"], before, gone, len(failed))
    told = {path for action in document["actions"] for path in action["paths"]}
    yield from (f"report: {path} is gone without a word" for path in sorted(gone & planned.files - told))
    named = {path for action in failed for path in action["paths"]}
    yield from (f"report: {path} was disarmed without a word" for path in sorted(written - named))


def _exit_code(status: int, failed: int, left: AbstractSet[str], *, is_single: bool) -> Iterator[str]:
    if status != (4 if failed else 0):
        yield f"exit-code: {status} with {failed} failed"
    if status == 0 and left:
        yield f"exit-code: 0, and there is still {sorted(left)[:3]}"
    if is_single and failed > 1:
        yield f"rest: one call went wrong, {failed} entries failed"


def _untrue(action: Mapping[str, Any], planned: Planned, gone: AbstractSet[str]) -> Iterator[str]:
    outcome, paths = action["outcome"], set(action["paths"] or [action["id"]])
    # What a lock or a build is, is its directory; it is named by what lies in it.
    own = {
        folder
        for folder in planned.folders
        if folder.endswith(".lock") or folder.rpartition("/")[2].startswith("tmp")
        if any(path.startswith(folder + "/") for path in paths)
    }
    left = (paths | own) - gone
    if outcome == "removed" and left:
        yield f"report: removed, and still there: {sorted(left)[:3]}"
    elif outcome == "failed" and not action["error"]:
        yield f"report: {action['id']} failed for no reason"
    elif outcome == "failed" and not left:
        yield f"report: {action['id']} failed, and is gone"
    elif outcome not in {"removed", "failed"}:
        yield f"report: nobody else was there, and {action['id']} is said to be {outcome}"


def _miscounted(summary: Mapping[str, Any], before: State, gone: AbstractSet[str], failed: int) -> Iterator[str]:
    files = [before[path] for path in gone if not before[path].is_folder]
    names = Counter(file.inode for file in files)
    freed = {file.inode: file.blocks * 512 for file in files if names[file.inode] == file.links}
    counted = {
        "files": len(files),
        "bytes": sum(file.size for file in files),
        "disk_bytes": sum(freed.values()),
        "failed": failed,
    }
    said = {name: summary[name] for name in counted}
    if said != counted:
        yield f"report: says {said}, and it is {counted}"
