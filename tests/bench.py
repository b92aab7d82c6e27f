"""How long we take beside what a user would run instead: `nox -s bench`. Prints ratios; nothing is asserted.

Makes caches of a realistic mix, runs ours and the yardstick in turn, and compares medians. With `--write README.md` the
table goes between the benchmark marks of that file.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import msgpack

from pipcacheplus.layout import body_path, entry_path, page_key
from pipcacheplus.model import Area

SIZES = (10, 10_000)
RUNS = 7
HOST = "https://files.example"


def write_response(root: Path, url: str, body: bytes, **headers: str) -> None:
    """Write an entry as pip 26.3 does."""
    head = root / entry_path(Area.HTTP_V2, page_key(url))
    head.parent.mkdir(parents=True, exist_ok=True)
    fields = {
        "Date": "Fri, 20 Nov 2026 12:00:00 GMT",
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Content-Length": str(len(body)),
        "Server": "bench",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    response = {"body": b"", "headers": fields, "status": 200, "version": 11, "reason": "OK", "decode_content": False}
    head.write_bytes(b"cc=4," + msgpack.packb({"response": response, "vary": {}}, use_bin_type=True))
    Path(body_path(str(head))).write_bytes(body)


def wheel(name: str) -> bytes:
    """Make a small wheel."""
    out = io.BytesIO()
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.py", f"NAME = {name!r}\n" * 50)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return out.getvalue()


def page(name: str) -> bytes:
    """Make an index page of 20 files."""
    files = [
        {"filename": f"{name}-{i}.0-py3-none-any.whl", "url": f"{HOST}/{name}/{i}.whl", "hashes": {"sha256": "0" * 64}}
        for i in range(20)
    ]
    return gzip.compress(json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode(), mtime=0)


def fill(root: Path, entries: int) -> None:
    """Fill a cache: of ten entries, four are pages, three metadata, two wheels, one is a built wheel."""
    for i in range(entries):
        name = f"demo{i}"
        fields = {"x_pypi_file_project": name, "x_pypi_file_version": "1.0", "Cache_Control": "max-age=365000000"}
        if i % 10 < 4:
            kind = "application/vnd.pypi.simple.v1+json"
            write_response(
                root,
                f"{HOST}/simple/{name}/",
                page(name),
                Content_Type=kind,
                Content_Encoding="gzip",
                Cache_Control="max-age=600",
            )
        elif i % 10 < 7:
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\n{'words ' * 300}".encode()
            write_response(root, f"{HOST}/{name}.whl.metadata", text, x_pypi_file_package_type="bdist_wheel", **fields)
        elif i % 10 < 9:
            write_response(root, f"{HOST}/{name}.whl", wheel(name), x_pypi_file_package_type="bdist_wheel", **fields)
        else:
            key = page_key(name)
            leaf = root / "wheels" / key[:2] / key[2:4] / key[4:6] / key[6:]
            leaf.mkdir(parents=True)
            (leaf / f"{name}-1.0-py3-none-any.whl").write_bytes(wheel(name))
            origin = {"url": f"{HOST}/{name}-1.0.tar.gz", "archive_info": {}}
            (leaf / "origin.json").write_text(json.dumps(origin), encoding="utf-8")


def wheel_of(size: int, seed: int) -> bytes:
    """Make a wheel of about so many bytes that hardly pack, as compiled code does."""
    out = io.BytesIO()
    noise = random.Random(seed)  # noqa: S311 - no secret
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(8):
            archive.writestr(f"big{seed}/part{part}.so", noise.randbytes(size // 16) + bytes(size // 16))
        archive.writestr(f"big{seed}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: big{seed}\nVersion: 1.0\n")
        archive.writestr(f"big{seed}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"big{seed}-1.0.dist-info/RECORD", "")
    return out.getvalue()


def fill_big(root: Path, count: int, size: int) -> None:
    """Fill a cache with large wheels, and the pages that publish their digests."""
    for i in range(count):
        content = wheel_of(size, i)
        url = f"{HOST}/big{i}-1.0-py3-none-any.whl"
        write_response(root, url, content, Cache_Control="max-age=365000000")
        digest = hashlib.sha256(content).hexdigest()
        files = [{"filename": url.rpartition("/")[2], "url": url, "hashes": {"sha256": digest}}]
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": f"big{i}", "files": files}).encode()
        kind = "application/vnd.pypi.simple.v1+json"
        write_response(root, f"{HOST}/simple/big{i}/", body, Content_Type=kind, Cache_Control="max-age=600")


def seconds(command: Sequence[str], state: Path) -> float:
    """Run a command once, and return how long it took; what it says is wrong does not matter here."""
    environment = {
        **os.environ,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "XDG_STATE_HOME": str(state),
    }
    start = time.perf_counter()
    done = subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = time.perf_counter() - start
    if done.returncode not in {0, 3}:
        message = f"{command[:4]} ended with {done.returncode}"
        raise SystemExit(message)
    return took


class Table:
    """Measures pairs of commands, and makes a row of each."""

    def __init__(self, runs: int, state: Path) -> None:
        self._runs = runs
        self._state = state
        self.rows = ["| work | ours | yardstick | | ratio |", "| --- | --- | --- | --- | --- |"]

    def compare(self, work: str, ours: Sequence[str], name: str, yardstick: Sequence[str]) -> None:
        """Run both in turn, after one run each that is not counted; add the medians."""
        seconds(ours, self._state)
        seconds(yardstick, self._state)
        pairs = [(seconds(ours, self._state), seconds(yardstick, self._state)) for _ in range(self._runs)]
        mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        self.rows.append(f"| {work} | {mine:.2f} s | {name} | {theirs:.2f} s | {mine / theirs:.2f} |")
        print(self.rows[-1], flush=True)


def measure(folder: Path, runs: int) -> list[str]:
    """Measure all pairs, and return the table."""
    table = Table(runs, folder / "state")
    us = [sys.executable, "-m", "pipcacheplus"]
    told = subprocess.check_output([sys.executable, "-m", "pip", "--version"], text=True)
    pip = "pip " + told.split()[1]
    run_pip = [sys.executable, "-m", "pip"]
    table.compare("`dir`", [*us, "dir"], f"`{pip} --version`", [*run_pip, "--version"])
    root, at = folder, list[str]()
    for size in SIZES:
        root = folder / str(size)
        fill(root, size)
        at = ["--cache-dir", str(root)]
        info = [*run_pip, "cache", "info", *at]
        table.compare(f"`info`, {size:,} entries", [*us, "info", *at], f"`{pip} cache info`", info)
        table.compare(f"`list`, {size:,} entries", [*us, "list", *at], f"`{pip} cache info`", info)
    hashes = ["sh", "-c", f"find {root} -type f -print0 | xargs -0 -P 2 -n 200 openssl dgst -sha256"]
    table.compare(
        "`verify --deep`, 10,000 small entries", [*us, "verify", "--deep", *at], "`openssl dgst -sha256`", hashes
    )
    table.compare("`verify` again, 10,000 small entries", [*us, "verify", *at], "`du -s`", ["du", "-s", str(root)])
    big = folder / "big"
    fill_big(big, 20, 20_000_000)
    at = ["--cache-dir", str(big)]
    hashes = ["sh", "-c", f"find {big} -name '*.body' -print0 | xargs -0 -P 2 -n 5 openssl dgst -sha256"]
    table.compare(
        "`verify --deep`, 20 wheels, 200 MB", [*us, "verify", "--deep", *at], "`openssl dgst -sha256`", hashes
    )
    return table.rows


def main() -> None:
    """Measure and print; write into files if asked."""
    parser = argparse.ArgumentParser(description="Compare with what a user would run instead.")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--write", type=Path, nargs="*", default=(), help="files with the benchmark marks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join(measure(Path(folder), options.runs))
    for file in options.write:
        old = file.read_text(encoding="utf-8")
        new = re.sub(r"(<!-- benchmark -->\n).*?(<!-- /benchmark -->)", rf"\g<1>{text}\n\2", old, flags=re.DOTALL)
        file.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
