"""`report` as a command, and `PipCache.report`: what it writes, what it refuses to write, what it does not touch."""

import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from pipcacheplus.errors import BadRequestError
from pipcacheplus.render.report.document import MARK
from tests.support import artefacts
from tests.support.asking import PRESENT_S, at
from tests.support.builders import FILE_URL, Cache, file_headers, tree
from tests.support.processes import PIPCACHEPLUS
from tests.support.processes import run as run_program

Report = Callable[..., tuple[int, str, str]]


@pytest.fixture
def full(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with a wheel, a built wheel and half a response."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)
    wheel = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2(f"{FILE_URL}/demo-1.0-py3-none-any.whl", wheel, headers=file_headers(wheel))
    cache.built_wheel("built", "3.0")
    cache.http_v2(f"{FILE_URL}/half", b"half", has_head=False)
    return cache


@pytest.fixture
def report(full: Cache, capsys: pytest.CaptureFixture[str]) -> Report:
    def report(*arguments: str) -> tuple[int, str, str]:
        code = main(["report", *arguments, "--cache-dir", str(full.path), "--python", "current"])
        return code, *capsys.readouterr()

    return report


def test_a_report_is_written_and_said(full: Cache, report: Report, tmp_path: Path) -> None:
    before = tree(full.path)
    code, out, err = report("--output", "report.html")
    assert (code, err) == (0, "")
    target = tmp_path / "report.html"
    assert out.splitlines()[0].startswith(f"Report written to {target} (")
    assert "3 entries" in out
    assert "not read to the end since the last change; to read them:" in out
    assert target.read_bytes().startswith(MARK.encode())
    assert tree(full.path) == before
    assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob(".*.part"))


def test_a_former_report_is_replaced_and_keeps_its_mode(report: Report, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    report("--output", "report.html")
    target.chmod(0o640)
    target.write_text(MARK + "former")
    code, _, _ = report("--output", "report.html")
    assert code == 0
    assert "former" not in target.read_text()[:100]
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("content", [b"", b"mine", b"<!DOCTYPE html>\n<html>"])
def test_what_is_no_report_stays_unless_it_is_forced(report: Report, tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "notes.html"
    target.write_bytes(content)
    code, out, err = report("--output", "notes.html")
    assert (code, out) == (2, "")
    assert "exists, and is no report; name another file, or pass --force" in err
    assert target.read_bytes() == content
    assert report("--output", "notes.html", "--force")[0] == 0
    assert target.read_text().startswith(MARK)


def test_no_link_or_directory_is_replaced_even_if_it_is_forced(report: Report, tmp_path: Path) -> None:
    precious = tmp_path / "precious.html"
    precious.write_text(MARK)
    (tmp_path / "link.html").symlink_to(precious)
    (tmp_path / "folder.html").mkdir()
    for name in ("link.html", "folder.html", "/dev/null"):
        code, _, err = report("--output", name, "--force")
        assert code == 2, name
        assert "is no regular file" in err
    assert precious.read_text() == MARK


def test_nothing_is_written_into_the_cache_by_whatever_path(full: Cache, report: Report, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(full.path / "wheels")
    before = tree(full.path)
    for path in (full.path / "report.html", full.path / "wheels" / ".." / "r.html", tmp_path / "way" / "r.html"):
        code, _, err = report("--output", str(path), "--force")
        assert code == 2, path
        assert "lies in the cache" in err
    assert tree(full.path) == before


def test_a_directory_that_is_missing_is_told(report: Report) -> None:
    code, _, err = report("--output", "missing/report.html")
    assert code == 2
    assert "cannot be written (No such file or directory)" in err


def test_a_dry_run_writes_nothing_and_refuses_the_same(report: Report, tmp_path: Path) -> None:
    code, out, _ = report("-n", "--output", "report.html")
    assert code == 0
    assert out.startswith("Report to be written to ")
    assert not (tmp_path / "report.html").exists()
    (tmp_path / "report.html").write_text("mine")
    assert report("-n", "--output", "report.html")[0] == 2


def test_a_report_that_does_not_fit_leaves_what_was_there(full: Cache, report: Report, tmp_path: Path) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    report("--output", "report.html")
    before = (tmp_path / "report.html").read_bytes()

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    command = [*PIPCACHEPLUS, "report", "--output", "report.html", "--cache-dir", str(full.path)]
    more = ["--no-catalog", "--python", "current"]
    done = run_program([*command, *more], preexec_fn=little_room, cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot be written (File too large)" in done.stderr
    assert (tmp_path / "report.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if "report" in path.name) == ["report.html"]


def test_stdout_takes_the_document_alone_whatever_the_format(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = report("--output", "-")
    assert code == 0
    assert out.startswith(MARK)
    assert out.endswith("</html>")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("CI", "true")
    code, out, _ = report("--output", "-")
    assert out.startswith(MARK)
    assert out.endswith("</html>")
    assert not (tmp_path / "-").exists()


def test_the_json_has_the_same_facts(full: Cache, report: Report, tmp_path: Path) -> None:
    code, out, _ = report("--format", "json")
    assert code == 0
    found = json.loads(out)
    assert found["command"] == "report"
    assert [one["id"] for one in found["entries"]] == [one.id for one in PipCache(full.path).scan().entries]
    assert "http-head-missing" in {one["check"] for one in found["findings"]}
    summary = found["summary"]
    assert summary["not_read_to_end"]["entries"] == 2
    assert summary["reclaimable"]["partial"]["entries"] == 1
    assert {one["kind"] for one in summary["history"]} == {"wheel", "built-wheel", "leftover"}
    assert (summary["output"], summary["output_bytes"]) == (None, None)
    code, out, _ = report("--format", "json", "--output", "report.html")
    written = json.loads(out)["summary"]
    assert written["output"] == str(tmp_path / "report.html")
    assert written["output_bytes"] == (tmp_path / "report.html").stat().st_size


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--output: names no file"),
        (("--output", ""), "names no file"),
        (("--output", "somewhere/"), "names no file"),
        (("--output", "-", "--format", "json"), "stdout cannot take both"),
        (("--open", "--output", "-"), "--open: there is no file to open"),
        (("--open", "--format", "json"), "--open: there is no file to open"),
    ],
)
def test_what_makes_no_sense_is_refused(report: Report, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = report(*arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_a_browser_opens_the_file(full: Cache, report: Report, tmp_path: Path) -> None:
    browser, heard = tmp_path / "browser", tmp_path / "heard"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {heard}\n')
    browser.chmod(0o700)
    command = [*PIPCACHEPLUS, "report", "--output", "a b.html", "--open", "--cache-dir", str(full.path)]
    done = run_program(
        [*command, "--python", "current"], env={**os.environ, "BROWSER": f"{browser} %s"}, is_checked=True, cwd=tmp_path
    )
    assert done.stderr == ""
    assert heard.read_text() == (tmp_path / "a b.html").as_uri()
    done = run_program(
        [*command, "--python", "current"],
        env={**os.environ, "BROWSER": "/nonexistent/browser", "PATH": ""},
        cwd=tmp_path,
    )
    assert done.returncode == 0
    assert "no browser could be started; open " in done.stderr


def test_what_verification_found_is_shown_and_what_changed_since_counts_as_not_verified(
    full: Cache, report: Report, tmp_path: Path
) -> None:
    wheel = artefacts.wheel(tmp_path, "other", "1.0").read_bytes()
    headers = file_headers(wheel)
    path = full.http_v2(f"{FILE_URL}/other-1.0-py3-none-any.whl", wheel, headers=headers)
    at_member = 30 + len("other.py") + 2  # in the first member
    broken = wheel[:at_member] + bytes([wheel[at_member] ^ 0x55]) + wheel[at_member + 1 :]
    full.write(f"{path}.body", broken)

    def summary(later_s: float) -> Any:  # noqa: ANN401 - JSON
        with at(PRESENT_S + later_s):
            return json.loads(report("--format", "json")[1])

    before = summary(0)
    assert before["summary"]["not_read_to_end"]["entries"] == 3
    assert "archive-broken" not in {one["check"] for one in before["findings"]}
    with at(PRESENT_S):
        main(["verify", "--cache-dir", str(full.path), "--python", "current", "--quiet"])
    report("--output", "x.html")  # what `verify` said is read here
    after = summary(10)
    assert after["summary"]["not_read_to_end"]["entries"] == 0
    assert "archive-broken" in {one["check"] for one in after["findings"]}
    full.write(f"{path}.body", broken + b"x")
    again = summary(7200)
    assert again["summary"]["not_read_to_end"]["entries"] == 1
    assert "archive-broken" not in {one["check"] for one in again["findings"]}


def test_what_is_not_read_is_never_called_damaged(full: Cache, report: Report) -> None:
    found = json.loads(report("--format", "json", "--no-catalog")[1])
    assert {one["check"] for one in found["findings"]} == {"http-head-missing"}


def test_from_python_a_report_is_written_and_its_facts_returned(full: Cache, tmp_path: Path) -> None:
    found = PipCache(full.path).report(tmp_path / "report.html", pythons="current")
    assert len(found.entries) == 3
    assert found.not_read_to_end.entries == 2
    assert [one.check for one in found.findings] == ["http-head-missing"]
    assert {one.kind.value for one in found.history} == {"wheel", "built-wheel", "leftover"}
    text = (tmp_path / "report.html").read_text()
    assert "python -m pipcacheplus prune --partial --cache-dir" in text
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(BadRequestError):
        PipCache(full.path).report(tmp_path / "mine.html", pythons="current")
    PipCache(full.path).report(tmp_path / "mine.html", force=True, pythons="current")
    assert (tmp_path / "mine.html").read_text().startswith(MARK)


def test_no_other_command_imports_the_template_engine(full: Cache) -> None:
    code = (
        "import sys; from pipcacheplus.__main__ import main;"
        "main(['list', '--cache-dir', sys.argv[1], '--python', 'current']);"
        "sys.exit(any(name in sys.modules for name in ('jinja2', 'pipcacheplus.render.report.document')))"
    )
    run_program([sys.executable, "-c", code, str(full.path)], is_checked=True)
