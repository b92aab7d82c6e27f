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


def seconds(command: Sequence[str]) -> float:
    """Run a command once, and return how long it took."""
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    start = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def compare(ours: Sequence[str], yardstick: Sequence[str], runs: int) -> tuple[float, float]:
    """Run both in turn, after one run each that is not counted; return the medians in seconds."""
    seconds(ours)
    seconds(yardstick)
    pairs = [(seconds(ours), seconds(yardstick)) for _ in range(runs)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def rows(folder: Path, runs: int) -> list[str]:
    """Measure, and return the table."""
    pip = [sys.executable, "-m", "pip", "cache", "info"]
    version = re.search(r"[\d.]+", subprocess.check_output([sys.executable, "-m", "pip", "--version"], text=True))
    named = f"pip {version[0]}" if version else "pip"
    table = [f"| work | entries | ours | {named} `cache info` | ratio |", "| --- | --- | --- | --- | --- |"]
    for size in SIZES:
        root = folder / str(size)
        fill(root, size)
        for command in ("info", "list"):
            us = [sys.executable, "-m", "pipcacheplus", command]
            mine, theirs = compare([*us, "--cache-dir", str(root)], [*pip, "--cache-dir", str(root)], runs)
            table.append(f"| `{command}` | {size:,} | {mine:.2f} s | {theirs:.2f} s | {mine / theirs:.2f} |")
    return table


def main() -> None:
    """Measure and print; write into a file if asked."""
    parser = argparse.ArgumentParser(description="Compare with pip.")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--write", type=Path, help="a file with the benchmark marks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join(rows(Path(folder), options.runs))
    print(text)
    if options.write:
        old = options.write.read_text(encoding="utf-8")
        new = re.sub(r"(<!-- benchmark -->\n).*?(<!-- /benchmark -->)", rf"\g<1>{text}\n\2", old, flags=re.DOTALL)
        options.write.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
