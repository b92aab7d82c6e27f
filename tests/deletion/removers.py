"""A tiny remover, and what can be wrong with one: to see that the harness notices. And one that writes six bytes.

`main` stands in for the command line: reading commands and dry runs are the real ones, removals are done here. The
environment variable `REMOVER` names what is wrong; without it, nothing is.
"""

import contextlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from pipcacheplus.__main__ import main as real_main

__all__ = ["WRONGS", "main", "write_six"]

WRONGS: dict[str, str] = {
    "takes the head before the body": "order",
    "takes the origin before the wheel": "order",
    "takes what lies beside": "others",
    "touches what lies beside": "others",
    "leaves a journal": "new",
    "moves before it removes": "new",
    "clears the head first": "disarmed",
    "dates the head in the future first": "disarmed",
    "says nothing of failures": "report",
    "counts what stayed": "report",
    "calls failures changed": "report",
    "prints nothing after a failure": "report",
    "ends with 0": "exit-code",
    "crashes": "exit-code",
    "gives up": "rest",
    "removes each only once": "converges",
    "fills the body with zeros first": "verify",
    "ends itself": "end",
}
"""What is wrong, and which of the invariants tells; see `invariants.NAMES`."""

_FUTURE = "9" * 4


def main(arguments: Sequence[str]) -> int:
    """Remove what a real dry run names, and report as the real command does."""
    wrong = os.environ.get("REMOVER", "")
    if arguments[0] == "verify" or "--dry-run" in arguments:
        return real_main(arguments)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        real_main([*arguments, "--dry-run"])
    document = json.loads(printed.getvalue())
    root = document["cache"]["dir"]
    summary = {"files": 0, "bytes": 0, "disk_bytes": 0, "failed": 0}
    with _journal(root, document["actions"], wrong):
        for action in document["actions"]:
            _carry_out(root, action, summary, wrong)
    if wrong == "prints nothing after a failure" and summary["failed"]:
        return 4
    print(json.dumps(document | {"summary": summary}))  # noqa: T201 - it is a command
    return 4 if summary["failed"] and wrong != "ends with 0" else 0


@contextlib.contextmanager
def _journal(root: str, actions: list[dict[str, Any]], wrong: str) -> Iterator[None]:
    if wrong != "leaves a journal" or not actions:
        yield
        return
    path = f"{root}/{os.path.dirname(actions[0]['id'])}/.journal"
    with open(path, "w", encoding="utf-8"):
        yield
    os.unlink(path)


def _carry_out(root: str, action: dict[str, Any], summary: dict[str, int], wrong: str) -> None:
    if wrong == "gives up" and summary["failed"]:
        _fail(action, summary, "given up")
        return
    action["outcome"] = "removed"
    try:
        if not action["paths"]:
            os.rmdir(f"{root}/{action['id']}")
        for path in _ordered(action["paths"], wrong):
            _remove(root, path, summary, wrong)
    except OSError as error:
        _after_failure(action, summary, error, wrong)


def _after_failure(action: dict[str, Any], summary: dict[str, int], error: OSError, wrong: str) -> None:
    if wrong == "crashes":
        raise error
    if wrong == "ends itself":
        os.abort()
    if wrong == "calls failures changed":
        action["outcome"] = "changed"
    elif wrong != "says nothing of failures":
        _fail(action, summary, str(error))


def _fail(action: dict[str, Any], summary: dict[str, int], reason: str) -> None:
    action |= {"outcome": "failed", "error": reason}
    summary["failed"] += 1


def _ordered(paths: list[str], wrong: str) -> list[str]:
    """Return bodies before heads and wheels before origins, or not."""
    bodies_first = sorted(paths, key=lambda path: (path.endswith("origin.json"), -len(path)))
    is_turned = wrong.startswith("takes the ")
    return bodies_first[::-1] if is_turned else bodies_first


def _remove(root: str, path: str, summary: dict[str, int], wrong: str) -> None:
    real = f"{root}/{path}"
    if wrong == "removes each only once" and _is_begun(real):
        return
    _spoil(root, path, wrong)
    status = os.lstat(real)
    if wrong == "moves before it removes":
        os.rename(real, real + ".going")
        real += ".going"
    try:
        os.unlink(real)
    except OSError:
        if wrong != "counts what stayed":
            raise
    summary["files"] += 1
    summary["bytes"] += status.st_size
    summary["disk_bytes"] += status.st_blocks * 512 if status.st_nlink == 1 else 0


def _is_begun(real: str) -> bool:
    """Return whether it was begun before, by a note outside of the cache."""
    folder = os.environ["XDG_STATE_HOME"]
    os.makedirs(folder, exist_ok=True)
    note = f"{folder}/{os.path.basename(real)}-{os.lstat(real).st_ino}-{os.path.getctime(real)}"
    if os.path.exists(note):
        return True
    with open(note, "w", encoding="utf-8"):
        return False


def _spoil(root: str, path: str, wrong: str) -> None:
    real, folder = f"{root}/{path}", os.path.dirname(f"{root}/{path}")
    if wrong == "takes what lies beside":
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{folder}/notes.txt")
    if wrong == "touches what lies beside":
        os.utime(f"{folder}/notes.txt")
    if wrong == "clears the head first" and _is_head(path):
        _overwrite(real, b"\0" * os.path.getsize(real))
    if wrong == "dates the head in the future first" and _is_head(path):
        with open(real, "rb") as head:
            content = head.read()
        _overwrite(real, content.replace(b"2025", _FUTURE.encode()))
    if wrong == "fills the body with zeros first" and path.endswith(".body"):
        _overwrite(real, b"\0" * os.path.getsize(real))


def _is_head(path: str) -> bool:
    return path.startswith("http") and not path.endswith(".body")


def _overwrite(real: str, content: bytes) -> None:
    with open(real, "r+b", buffering=0) as file:
        file.write(content)


def write_six(arguments: Sequence[str]) -> int:
    """Write six bytes to a file, and return how many were written."""
    with open(arguments[0], "wb", buffering=0) as file:
        return file.write(b"abcdef")
