"""A pip cache built file by file, in the formats that pips write: for tests that need just one entry, or a broken one.

The bytes come from `stored.py`. No pip runs here and nothing of this machine goes in: the same calls give the same
bytes and the same times. Only the directory of a built wheel depends on the version of the running Python.
"""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import ORIGIN_NAME, body_path, entry_path, page_key, selfcheck_name
from tests.support.backend import write_wheel
from tests.support.stored import (
    DAY_S,
    FILE_URL,
    INDEX_URL,
    NOW_S,
    RUNNING,
    file_headers,
    file_url,
    leaf,
    page_headers,
    response,
)

__all__ = [
    "DAY_S",
    "FILE_URL",
    "INDEX_URL",
    "NOW_S",
    "Cache",
    "file_headers",
    "file_url",
    "leaf",
    "page_headers",
    "response",
    "tree",
]


class Cache:
    """A cache that is being built.

    Every method returns the path of what it wrote, relative to the cache and with `/` between the parts. Files, and the
    directories above them, get the time `NOW_S - age_s`; that is a week before `NOW_S` unless said otherwise.
    """

    def __init__(self, path: Path) -> None:
        """Make the directory if it is not there."""
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.set_age("", 7 * DAY_S)

    def real(self, path: str) -> Path:
        """Return the real path of a path within the cache."""
        return self.path / path

    def set_age(self, path: str, age_s: float) -> None:
        """Set the times of a file or directory, links not followed."""
        os.utime(self.real(path), (NOW_S - age_s, NOW_S - age_s), follow_symlinks=False)

    def write(self, path: str, content: bytes = b"", *, age_s: float = 7 * DAY_S) -> str:
        """Write any file; also to break one that is there."""
        self.directory(path.rpartition("/")[0], age_s=age_s)
        self.real(path).write_bytes(content)
        self._settle(path, age_s)
        return path

    def directory(self, path: str, *, age_s: float = 7 * DAY_S) -> str:
        """Make a directory, and those above it."""
        self.real(path).mkdir(parents=True, exist_ok=True)
        self._settle(path, age_s)
        return path

    def _settle(self, path: str, age_s: float) -> None:
        while path:
            self.set_age(path, age_s)
            path = path.rpartition("/")[0]
        self.set_age("", age_s)

    def http_v2(
        self,
        url: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        status: int = 200,
        vary: Mapping[str, str | None] | None = None,
        has_head: bool = True,
        has_body: bool = True,
        age_s: float = 7 * DAY_S,
    ) -> str:
        """Write a response as pip 23.3 and later do, and return the path of its head.

        Args:
            url: Asked for; the files are named after it.
            body: Payload.
            headers: `file_headers` of the body if not given.
            status: HTTP status.
            vary: Request headers that the response depends on.
            has_head: Whether the head is written.
            has_body: Whether the body is.
            age_s: Of both files.
        """
        path = entry_path(Area.HTTP_V2, page_key(url))
        if headers is None:
            headers = file_headers(body, age_s=age_s)
        if has_head:
            self.write(path, response(b"", headers, status=status, vary=vary, has_strict=False), age_s=age_s)
        if has_body:
            self.write(body_path(path), body, age_s=age_s)
        return path

    def http(
        self,
        url: str,
        body: bytes = b"",
        *,
        cc: int = 4,
        headers: Mapping[str, str] | None = None,
        status: int = 200,
        vary: Mapping[str, str | None] | None = None,
        age_s: float = 7 * DAY_S,
    ) -> str:
        """Write a response as pips up to 23.2 do, in one file; arguments as of `http_v2` and `response`."""
        if headers is None:
            headers = file_headers(body, age_s=age_s)
        content = response(body, headers, cc=cc, status=status, vary=vary)
        return self.write(entry_path(Area.HTTP, page_key(url)), content, age_s=age_s)

    def built_wheel(
        self,
        name: str,
        version: str = "1.0",
        tag: str = "py3-none-any",
        *,
        url: str | None = None,
        sha256: str | None = None,
        interpreter: str | None = RUNNING,
        origin: Mapping[str, object] | bytes | None = None,
        has_origin: bool = True,
        content: bytes | None = None,
        age_s: float = 7 * DAY_S,
    ) -> str:
        """Write a wheel that pip built, with its `origin.json`, and return the wheel's path.

        Args:
            name: Of the project.
            version: Of the project.
            tag: Of the wheel.
            url: Of the source; one on the file host if not given.
            sha256: Of the source, part of the leaf's key; without it the source has no hash.
            interpreter: Version without a dot ("311"), part of the key from pip 20.0 on; `None` for the key before. By
                default the running one.
            origin: What `origin.json` holds, as a value or as bytes; an archive at the URL if not given.
            has_origin: Whether there is one: pip 22.2 and later write it.
            content: Of the wheel; a sound one if not given.
            age_s: Of both files.
        """
        url = url or f"{FILE_URL}/{name}-{version}.tar.gz"
        folder = self.directory(leaf(url, sha256=sha256, interpreter=interpreter), age_s=age_s)
        wheel = write_wheel(str(self.real(folder)), name, version, tag, files={}, requires=())
        path = f"{folder}/{wheel}"
        self.write(path, self.real(path).read_bytes() if content is None else content, age_s=age_s)
        if has_origin:
            if origin is None:
                hashes = {} if sha256 is None else {"hash": f"sha256={sha256}", "hashes": {"sha256": sha256}}
                origin = {"archive_info": hashes, "url": url}
            stored = origin if isinstance(origin, bytes) else json.dumps(origin, sort_keys=True).encode()
            self.write(f"{folder}/{ORIGIN_NAME}", stored, age_s=age_s)
        return path

    def build_directory(
        self, wheel: str, content: bytes = b"", *, name: str = "tmpab12cd_9", age_s: float = 7 * DAY_S
    ) -> str:
        """Make the directory in which pip 25.3 and later build, in the leaf of a wheel, and return its path.

        Args:
            wheel: Path of a built wheel, or where it would come to lie.
            content: Of the wheel in it; none if empty.
            name: Of the directory.
            age_s: Of all.
        """
        leaf_path, _, wheel_name = wheel.rpartition("/")
        folder = self.directory(f"{leaf_path}/{name}", age_s=age_s)
        if content:
            self.write(f"{folder}/{wheel_name}", content, age_s=age_s)
        return folder

    def selfcheck(
        self,
        prefix: str,
        *,
        last_check: str = "2025-12-24T00:00:00+00:00",
        pip_version: str = "26.3",
        age_s: float = 7 * DAY_S,
    ) -> str:
        """Write what pip 19.3 and later remember of the look for a newer pip in the environment `prefix`."""
        known = {"key": prefix, "last_check": last_check, "pypi_version": pip_version}
        content = json.dumps(known, separators=(",", ":"), sort_keys=True).encode()
        return self.write(f"{Area.SELFCHECK.value}/{selfcheck_name(prefix)}", content, age_s=age_s)

    def old_selfcheck(self, *prefixes: str, age_s: float = 7 * DAY_S) -> str:
        """Write what pip 18.0 to 19.2 remember, for all environments in one file."""
        known = {"last_check": "2019-01-01T00:00:00Z", "pypi_version": "19.0"}
        content = json.dumps(dict.fromkeys(prefixes, known)).encode()
        return self.write("selfcheck.json", content, age_s=age_s)

    def temporary(
        self, beside: str, content: bytes = b"cc=4,", *, suffix: str = "ab12cd_9", age_s: float = 7 * DAY_S
    ) -> str:
        """Write what a killed pip (19.3 and later) leaves instead of the file `beside`, and return its path."""
        return self.write(f"{beside}{suffix}.tmp", content, age_s=age_s)

    def lock_directory(self, beside: str, *, host: str, pid: int, age_s: float = 7 * DAY_S) -> str:
        """Make the lock of pip 7.0 to 19.2 for the file `beside`, and return the path of its directory."""
        folder = f"{beside}.lock"
        # lockfile's MkdirLockFile: host, a dot, the thread in hex cut to 32 bits, the process.
        self.write(f"{folder}/{host}.-7f3a2740{pid}", age_s=age_s)
        return folder

    def lock_file(self, beside: str, *, host: str, pid: int, age_s: float = 7 * DAY_S) -> str:
        """Make the lock of pip 6 for the file `beside`, two names of one file, and return the first."""
        # lockfile's LinkLockFile: host, thread, process and the hash of the path, which may be negative.
        second = f"{beside.rpartition('/')[0]}/{host}-7f3a2740.{pid}-4611686018427387"
        self.write(second, age_s=age_s)
        os.link(self.real(second), self.real(f"{beside}.lock"))
        self._settle(f"{beside}.lock", age_s)
        return f"{beside}.lock"

    def foreign(self, path: str = "notes.txt", content: bytes = b"mine", *, age_s: float = 7 * DAY_S) -> str:
        """Write a file that no pip writes."""
        return self.write(path, content, age_s=age_s)

    def log(self, *, age_s: float = 7 * DAY_S) -> str:
        """Write the log of pip 6."""
        return self.write("log/debug.log", b"Exception:\n", age_s=age_s)


def tree(path: Path) -> dict[str, bytes | str]:
    """Return what lies below a directory, by relative path: to compare what is left with what should be.

    The content of a file; `link to ...`; `directory` for an empty one, its path with a slash behind; `special` for
    anything else.
    """
    found: dict[str, bytes | str] = {}
    for parent, folders, names in os.walk(path):
        relative = os.path.relpath(parent, path).replace(os.sep, "/")
        prefix = "" if relative == "." else f"{relative}/"
        if not folders and not names and prefix:
            found[prefix] = "directory"
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in (*names, *links):
            found[prefix + name] = _seen(os.path.join(parent, name))
    return found


def _seen(path: str) -> bytes | str:
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return f"link to {os.readlink(path)}"
    return Path(path).read_bytes() if stat.S_ISREG(mode) else "special"
