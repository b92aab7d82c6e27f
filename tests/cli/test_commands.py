"""The commands, from arguments to stdout, stderr, exit code and what is left on the disk."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.render.text.words import pip_size
from tests.checks.damages import not_as_recorded
from tests.support import artefacts
from tests.support.builders import DAY_S, FILE_URL, INDEX_URL, Cache, file_headers, file_url, page_headers, tree
from tests.support.builds import compiled
from tests.support.elves import NUMPY_1, elf
from tests.support.pips import NEWEST, Pip


class Ran(NamedTuple):
    """What a run wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - a JSON document
        """Return what stdout holds, as JSON."""
        return json.loads(self.out)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Build a cache of a download, a page, a built wheel, a half and a file that is not pip's."""
    made = Cache(tmp_path / "cache")
    wheel = artefacts.wheel(tmp_path, "demo-app", "1.0")
    content = wheel.read_bytes()
    made.http_v2(
        file_url(content, wheel.name), content, headers=file_headers(content, project="demo-app", version="1.0")
    )
    page = json.dumps({"name": "demo-app", "files": [], "meta": {"api-version": "1.0"}}).encode()
    made.http_v2(INDEX_URL + "demo-app/", page, headers=page_headers(page))
    made.built_wheel("demo_lib", "2.0")
    made.http_v2("https://files.example/half", b"half", has_head=False)
    made.foreign("notes.txt")
    return made


@pytest.fixture
def run(
    cache: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Ran]:
    """Return a function that runs the command line on the cache."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.endswith("_COLOR")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, cache_dir: str | None = None) -> Ran:
        try:
            code = main(["--cache-dir", cache_dir or str(cache.path), *arguments])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


Run = Callable[..., Ran]
_FUTURE = -100 * 365 * DAY_S
"""An age that is younger than any grace period, whatever the clock says."""


def test_show_tells_what_a_built_wheel_needs(run: Run, cache: Cache) -> None:
    module = elf(["libdemo.so.1", "libc.so.6"], versions={"libc.so.6": ["GLIBC_2.34", "GLIBC_2.4"]}, text=NUMPY_1)
    compiled(cache, {"_demo.so": module, "_more.so": elf(["libdemo.so.1", "libown.so"]), "libown.so": elf()[:80]})
    out = run("show", "demo").out
    told = {label: value.strip() for label, _, value in (line.strip().partition(":") for line in out.splitlines())}
    assert told["Libraries needed"] == "libc.so.6 (GLIBC_2.34 GLIBC_2.4), libdemo.so.1, libown.so"
    assert told["Machine"] == "x86_64"
    assert told["Compilers"] == "GCC: (Debian 12.2.0-14) 12.2.0"
    assert told["Built for NumPy"] == "1.x"
    assert told["Libraries not read"] == "1"
    pure = cache.built_wheel("pure")
    assert "ibraries" not in run("show", pure).out


def test_dir_prints_one_path_whether_or_not_it_exists(run: Run, tmp_path: Path) -> None:
    assert run("dir", cache_dir=str(tmp_path / "none")) == (0, f"{tmp_path / 'none'}\n", "")


def test_dir_of_a_cache_that_is_off_ends_with_10(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    assert main(["dir"]) == 10
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ERROR: pip's cache is switched off by PIP_NO_CACHE_DIR")


def test_without_a_command_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize("command", [("list",), ("info",), ("verify",), ("prune",), ("purge", "--yes")])
def test_no_cache_directory_where_one_is_named_is_one_sentence_and_10(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    ran = run(*command, cache_dir=str(tmp_path / "none"))
    assert (ran.code, ran.out) == (10, "")
    assert ran.err.startswith("ERROR: no cache directory at ")
    assert ran.err.count("\n") == 1


def test_a_directory_that_is_no_cache_is_refused_and_kept(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("x")
    ran = run("purge", "--yes", cache_dir=str(mine))
    assert (ran.code, ran.out) == (2, "")
    assert "does not look like a pip cache" in ran.err
    assert (mine / "thesis.txt").exists()


def test_list_tells_every_file_of_the_cache_in_exactly_one_entry(run: Run, cache: Cache) -> None:
    ran = run("list", "--format", "json")
    paths = [path for entry in ran.document["entries"] for path in entry["paths"]]
    assert ran.code == 0
    assert sorted(paths) == sorted(path for path, content in tree(cache.path).items() if isinstance(content, bytes))
    assert {entry["project"] for entry in ran.document["entries"]} == {"demo-app", "demo-lib", None}


def test_list_in_words_goes_by_project(run: Run) -> None:
    ran = run("list")
    assert [line.split("\t")[:2] for line in ran.out.splitlines()[:2]] == [["demo-app", "1.0"], ["demo-lib", "2.0"]]
    assert ran.out.count("\n") == 5


@pytest.mark.parametrize(
    ("what", "kinds"),
    [
        ("Demo_App", {"wheel", "index-page"}),
        ("demo-app<2", {"wheel"}),
        ("demo_lib-*", {"built-wheel"}),
        ("kind:foreign", {"foreign"}),
    ],
)
def test_list_takes_selections(run: Run, what: str, kinds: set[str]) -> None:
    assert kinds == {entry["kind"] for entry in run("list", what, "--format=json").document["entries"]}


def test_a_selection_that_fits_nothing_is_a_warning_or_23_if_asked(run: Run) -> None:
    ran = run("list", "nobody")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == 'WARNING: No matching entries for "nobody"\n'
    assert run("list", "nobody", "--error-on-no-match").code == 23
    assert run("list", "nobody", "demo-app", "--error-on-no-match").code == 0
    assert run("remove", "nobody", "--error-on-no-match").code == 23
    told = run("list", "nobody", "--format", "json")
    assert (told.document["warnings"], told.err) == (['No matching entries for "nobody"'], "")


def test_a_selection_that_cannot_be_understood_is_refused_with_2(run: Run) -> None:
    ran = run("remove", "kind:egg", "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("ERROR: 'kind:egg': names no kind; ")


def test_show_has_the_fields_of_an_entry(run: Run, cache: Cache) -> None:
    ran = run("show", "demo-lib")
    assert ran.code == 0
    assert "  Version:" in ran.out
    assert f"{cache.path}{os.sep}wheels{os.sep}" in ran.out


def test_show_tells_what_proves_an_entry(run: Run, cache: Cache) -> None:
    url = f"{FILE_URL}/proven.zip"
    cache.http_v2(url, b"content", headers=file_headers(b"content", project="proven", version="1.0"))
    ran = run("show", "proven")
    assert re.search(r"\n  Verified: +yes: its ETag is its digest\n", ran.out)
    told = json.loads(run("show", "proven", "--format", "json").out)
    ((proof,),) = ([one["proof"] for one in told["summary"]["evidence"].values()],)
    assert (proof, told["findings"]) == ("etag", [])


def test_show_tells_what_is_wrong_with_an_entry(run: Run, cache: Cache) -> None:
    headers = file_headers(b"content", project="broken", version="1.0")
    cache.http_v2(f"{FILE_URL}/broken.zip", b"CONTENT", headers=headers)
    ran = run("show", "broken")
    assert ran.code == 0
    assert re.search(r"\n  error: content is not what the server sent \(pip .*\) \[body-digest-mismatch\]\n", ran.out)
    assert re.search(r"\n  Verified: +no\n", ran.out)


def test_show_says_once_and_without_contradiction_whether_the_content_is_damaged(run: Run, cache: Cache) -> None:
    path = cache.built_wheel("cut", has_origin=False)
    half = cache.real(path).read_bytes()[:200]
    not_as_recorded(cache)  # which pip minds no more than a warning does
    cache.write(path, half, age_s=_FUTURE)
    (said,) = re.findall(r"\n  Verified: +(.*)", run("show", "cut").out)
    assert said.startswith("not yet: it looks damaged (")
    cache.write(path, half)
    for project in ("cut", "demo"):
        out = run("show", project).out
        (said,) = re.findall(r"\n  Verified: +(.*)", out)
        assert said.startswith("no: ")
        assert "Damage" not in out


def test_only_what_is_wanted_is_verified(run: Run, cache: Cache) -> None:
    for name in ("one", "other"):
        headers = file_headers(b"content", project=name, version="1.0")
        cache.http_v2(f"{FILE_URL}/{name}.zip", b"CONTENT", headers=headers)
    told = json.loads(run("verify", "one", "--format", "json").out)
    assert (told["summary"]["entries"], len(told["findings"])) == (1, 1)


def test_paths_are_those_of_files_that_exist(run: Run) -> None:
    for form in ("paths", "abspath"):
        told = run("list", "--format", form).out.splitlines()
        assert len(told) == 8
        assert all(os.path.isfile(path) for path in told)


def test_verify_of_a_sound_cache_ends_with_0_and_of_a_damaged_one_with_3(run: Run, cache: Cache) -> None:
    assert run("verify", "demo-lib").code == 0
    cache.built_wheel("demo_bad", content=b"PK\x03\x04 no wheel")
    ran = run("verify")
    assert ran.code == 3
    assert "demo-bad 1.0, built wheel for py3" in ran.out
    assert "prune --corrupt --cache-dir " in ran.out
    assert ran.out.splitlines()[0] == "1 damaged, 1 incomplete of 6 entries; 1 not judged"
    assert run("verify", "--format", "json").document["summary"]["by_severity"]["error"] == 1


def test_verify_counts_what_it_did_not_judge_and_names_the_option_that_judges_it(run: Run, cache: Cache) -> None:
    before = run("verify", "--format", "json").document["summary"]["not_judged"]
    disk_bytes = cache.real("notes.txt").stat().st_blocks * 512
    foreign = {"entries": 1, "bytes": 4, "disk_bytes": disk_bytes, "directories": 0, "option": None}
    assert before == {"foreign": foreign}
    cache.write(cache.http("https://files.example/young"), b"", age_s=-100 * 365 * 86_400)
    ran = run("verify", "--format", "json")
    young = {"entries": 1, "bytes": 0, "disk_bytes": 0, "directories": 0, "option": "--min-age"}
    assert ran.document["summary"]["not_judged"] == {"young": young, "foreign": foreign}
    assert ran.document["summary"]["unverifiable"] == 0
    told = run("verify").out
    parts = "1 that a pip may still be writing (--min-age 0 judges them), 1 that pip did not write; -v says more"
    assert f"Not judged: 2 entries ({pip_size(disk_bytes)}): {parts}\n" in told
    assert told.startswith("No damage found: 4 of 6 entries checked (")
    assert told.splitlines()[0].endswith("; 1 incomplete; 2 not judged")
    assert "    notes.txt\n" in run("verify", "-v").out
    assert run("verify", "--min-age", "0").out.startswith("1 damaged, 1 incomplete of 6 entries; 1 not judged\n")


def test_what_is_complete_and_damaged_goes_at_any_age(run: Run, cache: Cache) -> None:
    wheel = cache.built_wheel("garbage", has_origin=False, content=b"not an archive", age_s=_FUTURE)
    headers = file_headers(b"content", project="broken", version="1.0")
    head = cache.http_v2(f"{FILE_URL}/broken.zip", b"CONTENT", headers=headers, age_s=_FUTURE)
    half = cache.temporary(head, age_s=_FUTURE)
    assert run("verify").code == 3
    actions = run("prune", "--corrupt", "--exclusive", "--format", "json").document["actions"]
    assert {action["id"]: action["outcome"] for action in actions} == {wheel: "removed", head: "removed"}
    assert half in tree(cache.path)
    assert run("prune", "--partial", "--min-age", "0", "--exclusive").code == 0
    assert half not in tree(cache.path)


def test_prune_removes_only_what_no_pip_can_use(run: Run, cache: Cache) -> None:
    before = tree(cache.path)
    dry = run("prune", "--dry-run")
    assert tree(cache.path) == before
    assert dry.out.splitlines()[-1].startswith("Entries to remove: 1, files: 1, directories: ")
    ran = run("prune")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].startswith("Entries removed: 1, files: 1, directories: ")
    left = {path for path, content in tree(cache.path).items() if isinstance(content, bytes)}
    assert len(left) == 7
    assert "notes.txt" in left


def test_a_dry_run_can_tell_by_its_exit_code_that_something_would_go(run: Run) -> None:
    assert run("prune", "-n").code == 0
    assert run("prune", "-n", "--exit-code").code == 3
    assert run("prune", "-n", "--exit-code", "--min-age", "9000w").code == 0
    assert run("prune", "--exit-code").code == 2
    assert run("prune").code == 0
    assert run("prune", "-n", "--exit-code").code == 0


def test_the_json_of_a_removal_is_that_of_its_dry_run_but_for_the_outcome(run: Run, cache: Cache) -> None:
    dry = run("remove", "demo-app", "-n", "--exclusive", "--format", "json").document
    done = run("remove", "demo-app", "--exclusive", "--format", "json").document
    assert [action["outcome"] for action in dry["actions"]] == ["planned", "planned"]
    assert [action["outcome"] for action in done["actions"]] == ["removed", "removed"]
    assert [action["paths"] for action in dry["actions"]] == [action["paths"] for action in done["actions"]]
    assert dry["summary"] == done["summary"]
    assert done["summary"]["files"] == 4
    assert not any("demo-app" in path for path in tree(cache.path))


@pytest.mark.parametrize("dry", [(), ("-n",)])
def test_what_is_not_pips_is_not_removed_and_the_reason_is_told(run: Run, cache: Cache, dry: tuple[str, ...]) -> None:
    before = tree(cache.path)
    ran = run("remove", "notes.txt", *dry)
    why = "not removed, as no pip writes such names: "
    size = pip_size(cache.real("notes.txt").stat().st_blocks * 512)
    assert (ran.code, ran.err) == (4, f"WARNING: 1 file ({size}) {why}notes.txt\n")
    cache.foreign("wheels/notes.txt")
    assert run("remove", "kind:foreign", *dry).err.endswith(f") {why}(-v names them)\n")
    assert run("remove", "kind:foreign", "-v", *dry).err.endswith(f") {why}notes.txt, wheels/notes.txt\n")
    (told,) = run("remove", "kind:foreign", "demo-none", "--format", "json", *dry).document["warnings"][:1]
    assert told.startswith("2 files (")
    assert run("purge", "--yes", "-n", "--exclusive").code == 0
    cache.real("wheels/notes.txt").unlink()
    assert tree(cache.path) == before


def test_keep_wins_over_remove(run: Run, cache: Cache) -> None:
    before = tree(cache.path)
    ran = run("remove", "kind:built-wheel", "--keep", "demo-lib")
    assert ran.out == f"{_kept(ran.out)}\nEntries removed: 0, files: 0 (0 bytes)\n"
    assert tree(cache.path) == before


def _kept(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("Entries kept: 1, files: 2 ("))


def test_purge_asks_nobody_where_nobody_is(run: Run, cache: Cache) -> None:
    before = tree(cache.path)
    ran = run("purge")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "ERROR: purge: needs a confirmation, which this run cannot ask for; pass --yes\n"
    assert tree(cache.path) == before


def test_purge_takes_all_that_is_pips_and_nothing_else(run: Run, cache: Cache) -> None:
    ran = run("purge", "--yes", "--exclusive", "-q")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Entries removed: 4, files: 7, directories: ")
    assert [path for path, content in tree(cache.path).items() if isinstance(content, bytes)] == ["notes.txt"]


def test_info_has_counts_beside_pips_own(run: Run) -> None:
    told = run("info", "--format", "json").document
    assert told["entries"] == []
    assert told["summary"]["pip"]["http_files"] == 5
    assert told["summary"]["reclaimable"]["partial"]["entries"] == 1
    assert sum(part["entries"] for part in told["summary"]["by_last_use"].values()) == 5
    assert len(run("info", "-v", "--format", "json").document["entries"]) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_info_ends_with_what_pip_prints(run: Run, cache: Cache, pip_of: Callable[[str, str], Pip]) -> None:
    pip = pip_of(NEWEST, "3.11")
    cache.foreign("http/notes", b"x" * 5000)
    cache.foreign("wheels/not-a-wheel.whl", b"x" * 12_345)
    (cache.path / "http-v2" / "link").symlink_to(cache.path / "notes.txt")
    (cache.path / "http-v2" / "folder").symlink_to(cache.path / "wheels")
    (cache.path / "http" / "broken").symlink_to("nowhere")
    told = pip.run("cache", "info", cache_dir=cache.path).stdout
    assert run("info").out.endswith("\nAs pip counts it\n" + told)
    assert run("info", "-q").out == told


def test_verify_tells_what_the_pips_of_the_interpreters_do(
    run: Run, cache: Cache, pip_of: Callable[[str, str], Pip]
) -> None:
    (head,) = [
        path for path in cache.path.rglob("*") if path.with_name(path.name + ".body").exists() and _is_wheel(path)
    ]
    body = head.with_name(head.name + ".body")
    body.write_bytes(body.read_bytes()[:100])
    older, newer = pip_of("24.0", "3.12"), pip_of(NEWEST, "3.11")
    fails, fetches = "fails at every install until it is removed", "fetches what is missing"
    for pips, told in (
        ((older,), f"pip {fails}"),
        ((newer,), f"pip {fetches}"),
        ((newer, older), f"pip 24.0 {fails}, pip {NEWEST} {fetches}"),
    ):
        pythons = [word for pip in pips for word in ("--python", pip.python)]
        assert f"({told})" in run("verify", *pythons).out
        found = run("verify", *pythons, "--format", "json").document["findings"]
        effects = {finding["evidence"].get("effect") for finding in found if finding["group"] == "corrupt"}
        assert effects == {told.removeprefix("pip ") if len(pips) == 1 else told}


def _is_wheel(head: Path) -> bool:
    return head.with_name(head.name + ".body").read_bytes().startswith(b"PK")


def test_colour_is_a_matter_of_options_and_environment(run: Run, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in run("verify").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m" in run("verify").out
    assert "\x1b[" not in run("list").out  # values for programs have none
    assert "\x1b[" not in run("verify", "--no-color").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("verify").out


def test_what_cannot_be_looked_at_is_a_warning_and_4(run: Run, cache: Cache) -> None:
    cache.foreign("/".join(["deep"] * 70) + "/notes.txt")
    ran = run("list")
    assert ran.code == 4
    assert ran.err.startswith("WARNING: deep/deep/")
    assert ran.out.count("\n") == 5
    assert "deep/deep" in run("verify", "--format", "json").document["warnings"][0]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no owner there")
def test_a_cache_that_pip_does_not_use_is_told(run: Run, cache: Cache) -> None:
    if os.geteuid() == 0:
        os.chown(cache.path, 12_345, -1)
    else:
        cache.path.chmod(0o500)
    ran = run("list")
    assert ran.code == 0
    assert ran.err.startswith("WARNING: pip itself does not use this cache: ")
    assert "caching is off in pip: " in run("info").out
    cache.path.chmod(0o700)
