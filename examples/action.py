"""Run one mode of the action on pip's cache, and pass on to later steps of the job what it did.

Inputs are variables: MODE, ARGS, FAIL_ON, and ARGUMENTS, all arguments of `prune` by a former name.
"""

import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile  # noqa: TID251 - for the report, which is not below a cache
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MODES = {
    "mark": ("mark",),
    "pre-install": ("prune", "--corrupt", "--partial", "--stale"),
    "prune": ("prune", "--ci"),
    "verdict": ("verdict",),
}
FAIL_ON = ("", "corrupt")
DONE, USAGE, FOUND, NO_CACHE = 0, 2, 3, 10
"""Exit codes of pipcacheplus; the last one: there is no such directory."""
UNMARKED = "the mark: cannot be written"
"""Said where the home directory is read-only."""


def main() -> int:
    """Return the exit code: that of the command, or 3 if entries are corrupt and that is to fail the job."""
    mode, fail_on = os.environ.get("MODE") or "pre-install", os.environ.get("FAIL_ON", "")
    if mode not in MODES:
        return _refuse(f"mode is none of {', '.join(MODES)}")
    if fail_on not in FAIL_ON or (fail_on and mode in {"mark", "verdict"}):
        return _refuse("fail-on takes corrupt, where mode is pre-install or prune, and nothing else")
    try:
        words = [*MODES[mode], *shlex.split(os.environ.get("ARGS", ""))]
        if former := shlex.split(os.environ.get("ARGUMENTS", "")):
            words = ["prune", *former]
    except ValueError as error:
        return _refuse(f"args: {error}")
    return _run(mode, words, fails_on_corrupt=bool(fail_on))


def _run(mode: str, words: Sequence[str], *, fails_on_corrupt: bool) -> int:
    before, code = _documented(["info", *_cache_of(words)])
    directory = before["cache"]["dir"] or ""
    why = _why_nothing(mode, directory)
    done = before
    if why is None:
        done, code = _documented(words)
    after = before if done is before else _documented(["info", *_cache_of(words)])[0]
    counts = _counts(before, after, done["summary"] if done["command"] == "prune" else {})
    _pass_on({"cache-dir": directory, "report": done["path"], **counts})
    line = "entries removed: {removed-entries}, bytes freed: {bytes-freed}, corrupt: {corrupt-entries}"
    if done["command"] == "mark":
        line = "not marked, so nothing will count as unused" if done["error"] else "marked"
    if done["command"] == "verdict":
        line = _verdict(done["summary"])
    told = line.format_map(counts) if why is None else f"{why}: nothing to do"
    print(f"{mode}: {told}")
    _append("GITHUB_STEP_SUMMARY", f"pipcacheplus {mode}: {told}\n\n")
    if fails_on_corrupt and counts["corrupt-entries"] != "0" and code == DONE:
        print(f"::error title=pipcacheplus::{counts['corrupt-entries']} entries of pip's cache were corrupt")
        return FOUND
    return code


def _verdict(summary: Mapping[str, Any]) -> str:
    if summary.get("marked") is None:
        return "not known: the cache was not marked when it was restored"
    parts = {name: summary[name]["bytes"] for name in ("restored", "used", "unused", "added")}
    return "bytes restored: {restored}, used: {used}, never used: {unused}, added: {added}".format_map(parts)


def _why_nothing(mode: str, directory: str) -> str | None:
    if not directory:
        return "pip's cache is switched off"
    if not os.path.isdir(directory):
        return "there is no pip cache yet"
    return None if mode == "mark" or os.access(directory, os.W_OK) else "pip's cache cannot be written here"


def _documented(words: Sequence[str]) -> tuple[dict[str, Any], int]:
    """Run a command; return the document that it printed, with the path of its file, and the exit code.

    That there is no directory, or no place for a mark, is no failure.

    Raises:
        SystemExit: It printed none, as its arguments are not valid.
    """
    number, path = tempfile.mkstemp(prefix="pipcacheplus-", suffix=".json", dir=os.environ.get("RUNNER_TEMP"))
    with open(number, "wb") as file:
        command = [sys.executable, "-m", "pipcacheplus", *words, "--format", "json"]
        ended = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=False)
    sys.stderr.buffer.write(ended.stderr)
    text = Path(path).read_text(encoding="utf-8")
    document: dict[str, Any] = {"command": words[0], "cache": {"dir": None}, "summary": {}, "error": UNMARKED}
    if text:
        document = json.loads(text)
    elif UNMARKED.encode() not in ended.stderr:
        raise SystemExit(ended.returncode or USAGE)
    code = DONE if not text or ended.returncode == NO_CACHE else ended.returncode
    return {**document, "path": path}, code


def _cache_of(words: Sequence[str]) -> list[str]:
    """Return the option that names the cache, if there is one."""
    for at, word in enumerate(words):
        if word.startswith("--cache-dir="):
            return [word]
        if word == "--cache-dir":
            return [*words[at : at + 2]]
    return []


def _counts(before: Mapping[str, Any], after: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, str]:
    is_exact = summary.get("disk_bytes_measure", "exact") == "exact"
    counts = {
        "bytes-before": before["summary"].get("du_bytes") or 0,
        "bytes-after": after["summary"].get("du_bytes") or 0,
        "bytes-freed": summary.get("disk_bytes", 0) + (summary.get("directory_bytes", 0) if is_exact else 0),
        "removed-entries": summary.get("entries", 0),
        "corrupt-entries": summary.get("corrupt") or 0,
    }
    return {name: str(count) for name, count in counts.items()}


def _pass_on(outputs: Mapping[str, str]) -> None:
    for name, value in outputs.items():
        end = secrets.token_hex(16)  # no value can hold it, whatever lines it has
        _append("GITHUB_OUTPUT", f"{name}<<{end}\n{value}\n{end}\n")


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)


def _refuse(sentence: str) -> int:
    print(f"::error title=pipcacheplus::{sentence}")
    return USAGE


if __name__ == "__main__":
    sys.exit(main())
