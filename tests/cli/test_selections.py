"""Selections on the command line: what goes is what was meant, and nothing else."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.__main__ import main
from tests.support import artefacts
from tests.support.builders import INDEX_URL, Cache, file_headers, file_url, page_headers, tree
from tests.support.processes import PIPCACHEPLUS
from tests.support.processes import run as start


@pytest.fixture
def cache(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with a download, a page, and a built wheel of each of two projects; and one page of old pips."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)
    for name in ("aa", "bb"):
        sdist = artefacts.sdist(tmp_path, name, "1.0")
        content = sdist.read_bytes()
        headers = file_headers(content, project=name, version="1.0")
        cache.http_v2(file_url(content, sdist.name), content, headers=headers)
        page = json.dumps({"name": name, "files": [], "meta": {"api-version": "1.0"}}).encode()
        cache.http_v2(INDEX_URL + f"{name}/", page, headers=page_headers(page))
        cache.built_wheel(name, "1.0")
        if name == "aa":
            cache.http(INDEX_URL + "aa/", page, headers=page_headers(page))
    return cache


@pytest.fixture
def gone(cache: Cache, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Return a function that removes, and returns project and kind of each entry that went; the rest is as it was."""

    def listed() -> dict[str, str]:
        main(["list", "--format", "json", "--cache-dir", str(cache.path)])
        entries = json.loads(capsys.readouterr().out)["entries"]
        return {one["id"]: f"{one['project']} {one['kind']}" for one in entries}

    def remove(*what: str) -> list[str]:
        before, files = listed(), tree(cache.path)
        code = main(["remove", "--exclusive", *what, "--cache-dir", str(cache.path)])
        capsys.readouterr()
        after = listed()
        assert code == 0
        kept = {path: content for path, content in tree(cache.path).items() if content != "directory"}
        assert kept.items() <= files.items()
        return sorted(name for id_, name in before.items() if id_ not in after)

    return remove


@pytest.mark.parametrize(
    ("what", "names"),
    [
        (("aa", "+", "kind:built-wheel"), ["aa built-wheel"]),
        (("aa", "--and", "kind:built-wheel"), ["aa built-wheel"]),
        (("aa + kind:built-wheel",), ["aa built-wheel"]),
        (("aa", "--kind", "built-wheel"), ["aa built-wheel"]),
        (
            ("aa", "bb", "--kind", "built-wheel", "--kind", "sdist"),
            [f"{n} {k}" for n in ("aa", "bb") for k in ("built-wheel", "sdist")],
        ),
        (("--kind", "built-wheel"), ["aa built-wheel", "bb built-wheel"]),
        (("kind:built-wheel", "+", "not:aa"), ["bb built-wheel"]),
        (("area:http",), ["aa index-page"]),
        (("http/",), ["aa index-page"]),
        (("http/*",), ["aa index-page"]),
        (("aa", "--host", "nobody.example"), []),
    ],
)
def test_what_goes_is_what_the_words_mean_together(
    gone: Callable[..., list[str]], what: tuple[str, ...], names: list[str]
) -> None:
    assert gone(*what) == names


def test_every_path_that_is_printed_can_be_given_back(
    cache: Cache, gone: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["list", "aa", "--format", "paths", "--cache-dir", str(cache.path)])
    paths = capsys.readouterr().out.split()
    assert any(path.endswith(".body") for path in paths)
    assert gone(*paths) == ["aa built-wheel", "aa index-page", "aa index-page", "aa sdist"]


def test_a_word_to_take_out_that_is_misspelt_stops_the_run_before_anything_goes(
    cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.built_wheel("numpy", "1.0")
    before = tree(cache.path)
    for dry in ((), ("-n",)):
        what = ("kind:built-wheel", "+", "not:nunpy")
        assert main(["remove", "--exclusive", *dry, *what, "--cache-dir", str(cache.path)]) == 2
        err = capsys.readouterr().err
        assert "'not:nunpy': it matches nothing, and numpy would be removed; did you mean not:numpy?" in err
    assert tree(cache.path) == before


def test_what_fits_nothing_is_told_as_it_was_written_and_is_23_if_that_is_asked_for(
    cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["aa", "+", "kind:metadata"], ["aa  +  kind:metadata"]):
        assert main(["list", *words, "--error-on-no-match", "--cache-dir", str(cache.path)]) == 23
        assert capsys.readouterr().err == 'WARNING: No matching entries for "aa + kind:metadata"\n'
    both = ["nothing", "+", "not:nobody", "--error-on-no-match", "--cache-dir", str(cache.path)]
    assert main(["list", *both]) == 23


@pytest.mark.parametrize("command", ["show", "remove", "why"])
def test_nothing_at_all_is_no_selection(cache: Cache, capsys: pytest.CaptureFixture[str], command: str) -> None:
    before = tree(cache.path)
    with pytest.raises(SystemExit) as stopped:
        main([command, "--cache-dir", str(cache.path)])
    assert stopped.value.code == 2
    assert "say what: WHAT, --kind, --python or --host" in capsys.readouterr().err
    assert tree(cache.path) == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not show the name of an open file")
def test_a_range_that_the_shell_took_for_a_file_removes_nothing(cache: Cache, tmp_path: Path) -> None:
    before = tree(cache.path)
    words = [*PIPCACHEPLUS, "remove", "--exclusive", "--cache-dir", str(cache.path), "aa"]
    for name in ("2", "=2.0", "1.0rc1"):
        done = start(["sh", "-c", 'exec "$@" >"$0"', name, *words], cwd=tmp_path)
        assert done.returncode == 2
        assert f"the shell read 'aa>{name}' as aa and a redirection to the file '{name}'" in done.stderr
        assert tree(cache.path) == before
    listed = start([*PIPCACHEPLUS, "list", "bb", "--format", "paths", "--cache-dir", str(cache.path)], cwd=tmp_path)
    short = next(Path(path).name[:8] for path in listed.stdout.splitlines() if "http-v2" in path)
    for others in ([*words, "-n"], [*words[:-1], "0" * 8], [*words[:-1], "absent"], [*words[:-1], short, "-n"]):
        assert "stdout is a file" not in start(["sh", "-c", 'exec "$@" >"$0"', "log.txt", *others], cwd=tmp_path).stderr
    assert start(["sh", "-c", 'exec "$@" >"$0"', "log.txt", *words[:-1], short], cwd=tmp_path).stderr == ""
    done = start(["sh", "-c", 'exec "$@" >"$0"', "log.txt", *words], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        0,
        "Removing all of aa; stdout is a file. A version range is quoted: 'aa>2'\n",
    )
    assert "Entries removed: 4" in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("list", "--python", "cp27"), {"old"}),
        (("show", "old", "new", "--python", "py3"), {"new"}),
        (("remove", "-n", "kind:built-wheel", "--python", "cp27"), {"old"}),
        (("list", "old", "new", "--python", "cp27", "--python", "py3"), {"old", "new"}),
    ],
)
def test_a_tag_of_a_python_narrows(
    cache: Cache, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], expected: set[str]
) -> None:
    cache.built_wheel("old", tag="cp27-cp27mu-linux_x86_64")
    cache.built_wheel("new", tag="py3-none-any")
    assert main([*words, "--format", "json", "--cache-dir", str(cache.path)]) == 0
    document = json.loads(capsys.readouterr().out)
    names = {entry["project"] for entry in document["entries"]} | {
        action["id"].rpartition("/")[2].partition("-")[0] for action in document["actions"]
    }
    assert names == expected


def test_a_python_that_is_no_tag_is_refused_where_no_interpreters_count(
    cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["remove", "x", "--python", "python3", "--cache-dir", str(cache.path)])
    assert "'python3' is no tag of a Python" in capsys.readouterr().err
