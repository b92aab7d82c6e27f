"""What locks, requirements and reports of pip name; what is none is said to be none, and never half read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken
from pipcacheplus.model.locks import Lock, LockedFile, LockedPackage
from pipcacheplus.readers.locks.lock import read_lock

SHA = "0f" * 32
ARCHIVE = "https://f.example/demo-1.0.tar.gz"
PINNED = LockedPackage("demo", "1.0", (LockedFile(sha256=SHA),))
PYLOCK = f"""
lock-version = "1.0"
created-by = "pip"
[[packages]]
name = "demo-pkg"
version = "1.0"
[[packages.wheels]]
name = "demo_pkg-1.0-py3-none-any.whl"
url = "https://files.example/demo_pkg-1.0-py3-none-any.whl"
[packages.wheels.hashes]
sha256 = "{SHA}"
[packages.sdist]
name = "demo_pkg-1.0.tar.gz"
url = "https://files.example/demo_pkg-1.0.tar.gz"
[packages.sdist.hashes]
sha256 = "{SHA}"
[[packages]]
name = "here"
[packages.directory]
path = "."
"""
POETRY = f"""
[[package]]
name = "demo"
version = "1.0"
files = [{{file = "demo-1.0-py3-none-any.whl", hash = "sha256:{SHA}"}}, {{file = "demo-1.0.tar.gz", hash = "md5:aa"}}]
[metadata]
lock-version = "2.1"
content-hash = "00"
"""
OLD_POETRY = f"""
[[package]]
name = "demo"
version = "1.0"
[metadata]
lock-version = "1.1"
content-hash = "00"
[metadata.files]
demo = [{{file = "demo-1.0-py3-none-any.whl", hash = "sha256:{SHA}"}}]
"""
UV = f"""
version = 1
requires-python = ">=3.10"
[[package]]
name = "demo"
version = "1.0"
source = {{ registry = "https://index.example/simple" }}
sdist = {{ url = "https://files.example/demo-1.0.tar.gz", hash = "sha256:{SHA}", size = 1 }}
wheels = [{{ url = "https://files.example/demo-1.0%2Bcu1-py3-none-any.whl", hash = "sha256:{SHA}" }}]
[[package]]
name = "own"
version = "0"
source = {{ virtual = "." }}
"""
REPORT = json.dumps(
    {
        "version": "1",
        "pip_version": "26.3",
        "install": [
            {
                "metadata": {"name": "Demo", "version": "1.0"},
                "download_info": {
                    "url": "https://files.example/demo-1.0.tar.gz",
                    "archive_info": {"hash": f"sha256={SHA}", "hashes": {"sha256": SHA}},
                },
            },
            {
                "metadata": {"name": "vcs", "version": "2"},
                "download_info": {"url": "https://git.example/vcs", "vcs_info": {"vcs": "git", "commit_id": "0"}},
            },
        ],
    }
)


def packages(text: str) -> tuple[LockedPackage, ...]:
    found = read_lock(text.encode())
    assert isinstance(found, Lock), found
    return found.packages


def named(name: str, **more: str) -> LockedFile:
    return LockedFile(filename=name, **more)


def test_a_pylock_names_every_file() -> None:
    url = "https://files.example/demo_pkg-1.0"
    assert packages(PYLOCK) == (
        LockedPackage(
            "demo-pkg",
            "1.0",
            (
                named("demo_pkg-1.0-py3-none-any.whl", url=f"{url}-py3-none-any.whl", sha256=SHA),
                named("demo_pkg-1.0.tar.gz", url=f"{url}.tar.gz", sha256=SHA),
            ),
        ),
        LockedPackage("here"),
    )


@pytest.mark.parametrize("text", [POETRY, OLD_POETRY])
def test_a_lock_of_poetry_names_files_and_their_digests(text: str) -> None:
    (package,) = packages(text)
    assert (package.project, package.version) == ("demo", "1.0")
    assert package.files[0] == named("demo-1.0-py3-none-any.whl", sha256=SHA)
    assert package.files[1:] in {(), (named("demo-1.0.tar.gz"),)}


def test_a_lock_of_uv_names_what_it_would_download_and_not_the_project_itself() -> None:
    (package,) = packages(UV)
    assert [file.filename for file in package.files] == ["demo-1.0+cu1-py3-none-any.whl", "demo-1.0.tar.gz"]
    assert {file.sha256 for file in package.files} == {SHA}


def test_a_report_names_what_was_asked_for() -> None:
    url = "https://files.example/demo-1.0.tar.gz"
    assert packages(REPORT) == (
        LockedPackage("demo", "1.0", (LockedFile(url=url, sha256=SHA),)),
        LockedPackage("vcs", "2"),
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Demo==1.0", LockedPackage("demo", "1.0")),
        ("demo[extra] == 1.0 ; python_version > '3'  # why", LockedPackage("demo", "1.0")),
        ("demo===1.0", LockedPackage("demo", "1.0")),
        ("demo>=1", LockedPackage("demo")),
        ("demo==1.*", LockedPackage("demo")),
        (f"demo==1.0 \\\n --hash=sha256:{SHA} \\\n --hash=md5:0", PINNED),
        (f"demo @ {ARCHIVE}", LockedPackage("demo", None, (named("demo-1.0.tar.gz", url=ARCHIVE),))),
        (f"demo @ {ARCHIVE}#sha1=0", LockedPackage("demo", None, (named("demo-1.0.tar.gz", url=ARCHIVE),))),
        ("demo @ git+https://git.example/demo@main", LockedPackage("demo")),
        ("-e git+https://git.example/x#egg=demo", LockedPackage("demo")),
        (ARCHIVE, LockedPackage("demo", "1.0", (named("demo-1.0.tar.gz", url=ARCHIVE),))),
        ("demo==1.0 --config-settings=x=y", LockedPackage("demo", "1.0")),
    ],
)  # fmt: skip
def test_a_requirement_names(line: str, expected: LockedPackage) -> None:
    assert packages(f"# a comment\n\n--index-url https://index.example\n{line}\n") == (expected,)


@pytest.mark.parametrize("line", ["", "./here", "-e .", "here.whl", "--no-binary :all:", "# demo==1.0 \\", "-c c.txt"])
def test_what_no_cache_can_hold_names_nothing(line: str) -> None:
    assert packages(line) == ()


@pytest.mark.parametrize("line", ["-r base.txt", "--requirement base.txt", "--requirement=base.txt", "-rbase.txt"])
def test_what_requirements_include_is_named(line: str) -> None:
    assert read_lock(line.encode()) == Lock((), ("base.txt",))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff", "is not UTF-8"),
        (b"demo\0", "holds a zero byte"),
        (b"{", "is truncated, or not JSON"),
        (b"{}", "is JSON, but not a report of pip install"),
        (b"[project]\nname = 'x'", "is TOML, but none of pylock.toml, uv.lock and poetry.lock"),
        (b"[[packages]\n", "is truncated, or not TOML"),
        (b'lock-version = "1.0"\ncreated-by = "x"\n', "is not a valid lock"),
        (b'[[package]]\nname = "x"\n[metadata]\ncontent-hash = "0"\n', "is not a valid lock"),
        (b"demo==1.0\ndemo is good\n", "line 2 is not a requirement: 'demo is good'"),
        (b"https://[bad/six-1.0.whl", "is not a list of requirements"),
        (REPORT.replace('"https://files.example/demo-1.0.tar.gz"', "1").encode(), "is JSON"),
        (b'version = 1\n[[package]]\nname = "x"\nversion = [1]\n', "is not a valid lock"),
        (b"<html>", "line 1 is not a requirement: '<html>'"),
    ],
)
def test_what_is_no_lock_says_why(data: bytes, reason: str) -> None:
    found = read_lock(data)
    assert isinstance(found, Broken)
    assert found.reason.startswith(reason)


@given(st.one_of(st.binary(max_size=80), st.sampled_from([PYLOCK, POETRY, UV, REPORT]).flatmap(
    lambda text: st.integers(0, len(text)).map(lambda end: text[:end].encode())
)))  # fmt: skip
def test_nothing_makes_a_traceback(data: bytes) -> None:
    read_lock(data)


def test_a_lock_of_100_000_lines_is_read() -> None:
    lines = "".join(f"demo-{at}==1.0 --hash=sha256:{at:064x}\n" for at in range(100_000))
    assert len(packages(lines)) == 100_000


def test_a_line_of_blanks_is_read_in_no_time() -> None:
    assert isinstance(read_lock(b"six==1.16.0" + b" " * 1_000_000 + b"x"), Broken)


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.dev.toml", "uv.lock", "poetry.lock"])
@pytest.mark.parametrize("content", [b"demo==1.0\n", b"<html>", b""])
def test_a_file_with_the_name_of_a_lock_in_toml_is_never_read_as_requirements(name: str, content: bytes) -> None:
    assert isinstance(read_lock(content, name), Broken)
    assert not isinstance(read_lock(b"demo==1.0", "requirements.txt"), Broken)
