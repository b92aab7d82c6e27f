"""What only all caches together show: absent interpreters, damage by file server, content in several caches."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.fleet.absent import Python, absent_interpreter, absent_interpreters, pythons_in
from pipcacheplus.fleet.find import FoundCache
from pipcacheplus.fleet.gathered import Gathered, gathering
from pipcacheplus.fleet.rows import ENTRY, row_of
from pipcacheplus.fleet.unit import UnitResult
from pipcacheplus.host.mounts import Mount, Mounts, mounts_in
from pipcacheplus.model.cache_dir import NO_CACHE_DIR
from pipcacheplus.render.text import many
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.view import Json, View
from tests.fleet.caches import Ran, options_for
from tests.support.builders import Cache
from tests.support.processes import run as run_process

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")
Run = Callable[..., Ran]
HERE = f"cp{sys.version_info.major}{sys.version_info.minor}"


@pytest.mark.parametrize(
    ("tags", "builder", "had", "expected"),
    [
        ("cp38-cp38-manylinux_2_17_x86_64", None, "cp312", "cp38"),
        ("cp38-cp38-win32", None, "cp312 cp38", None),
        ("cp38-abi3-win32", None, "cp312", None),
        ("cp38-abi3-win32", None, "cp37", "cp38"),
        ("cp38-none-any", None, "cp312", "cp38"),
        ("cp27-cp27mu-linux_x86_64", None, "cp312", "cp27"),
        ("cp26-none-any cp33-none-any", None, "cp312", "cp33"),
        ("cp26-none-any cp312-none-any", None, "cp312", None),
        ("py2-none-any", None, "cp312", "py2"),
        ("py2-none-any", None, "pp27", None),
        ("py38-none-any", None, "cp312", None),
        ("py313-none-any", None, "cp312", "py313"),
        ("py2-none-any py3-none-any", None, "cp312", None),
        ("pp39-pypy39_pp73-linux_x86_64", None, "cp39", "pp39"),
        ("cp313-cp313t-linux_x86_64", None, "cp313", "cp313t"),
        ("cp313-cp313-linux_x86_64", None, "cp313t", "cp313"),
        ("cp313-cp313t-linux_x86_64", None, "cp313t", None),
        ("cp38-abi3-linux_x86_64", None, "cp313t", "cp38"),
        ("py3-none-any", "cp38", "cp312", "cp38"),
        ("py3-none-any", "cp38", "cp38", None),
        ("py3-none-any", "cp313", "cp313t", None),
        ("py3-none-any", "legacy", "cp312", None),
        ("", None, "cp312", None),
        ("no-tag", None, "cp312", None),
        ("../../x-y-z cp38-cp38-any", None, "cp312", None),
    ],
)
def test_a_wheel_is_for_an_absent_interpreter_if_no_tag_fits_any_that_is_there(
    tags: str, builder: str | None, had: str, expected: str | None
) -> None:
    found, unknown = pythons_in({"name": name.removesuffix("t"), "abi": name} for name in had.split())
    assert unknown == 0
    assert absent_interpreter(tags, builder, found) == expected


def test_rows_of_absent_interpreters_add_up_over_caches() -> None:
    had = {Python("cp", 3, 12)}
    wheels = [
        ("cp38-cp38-any", None, 1, 2, 100),
        ("py3-none-any", "cp38", 1, 1, 10),
        ("cp38-cp38-win32", None, 2, 3, 1),
        ("cp37-cp37m-any", None, 2, 1, 500),
        ("py3-none-any", None, 2, 9, 900),
    ]
    assert absent_interpreters(wheels, had) == [("cp37", 1, 1, 500), ("cp38", 2, 6, 111)]
    assert absent_interpreters(wheels, ()) == []


@pytest.fixture
def old(caches: list[Cache]) -> list[Cache]:
    """Add wheels that a Python built, or that are for one, which nobody has any more."""
    for cache in caches[:2]:
        cache.built_wheel("built-by-old", interpreter="34")
    caches[2].built_wheel("for-old", tag="cp35-cp35m-linux_x86_64", interpreter="35")
    caches[2].built_wheel("for-here", tag=f"{HERE}-{HERE}-linux_x86_64")
    return caches


def test_interpreters_that_no_owner_has_are_rows_of_info(old: list[Cache], run: Run) -> None:
    words = ("info", "--read", "--python", sys.executable, *options_for(old))
    summary = json.loads(run(*words, "--json").out)["summary"]
    absent = {one["interpreter"]: one for one in summary["absent_interpreters"]}
    assert {name: (one["caches"], one["entries"]) for name, one in absent.items()} == {"cp34": (2, 2), "cp35": (1, 1)}
    listed = [
        json.loads(run("list", f"{name}-old", "--cache-dir", one.path, "--json").out)
        for name, one in (("built-by", old[0]), ("built-by", old[1]), ("for", old[2]))
    ]
    sizes = [sum(entry["disk_size"] for entry in one["entries"]) for one in listed]
    assert [absent["cp34"]["disk_bytes"], absent["cp35"]["disk_bytes"]] == [sizes[0] + sizes[1], sizes[2]]
    assert summary["interpreters_not_run"] == 0
    text = run(*words).out
    assert "Wheels for" in text
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("cp3")] == [
        ["cp34", "2", "2"],
        ["cp35", "1", "1"],
    ]


def test_the_command_that_is_printed_shows_what_can_be_removed(old: list[Cache], run: Run) -> None:
    text = run("info", "--read", "--python", sys.executable, *options_for(old)).out
    [line] = [line for line in text.splitlines() if line.startswith("To see what can be removed:")]
    words = shlex.split(line.partition(":")[2])
    shown = run(*words[words.index("pipcacheplus") + 1 :])
    assert (shown.code, shown.err) == (0, "")
    assert "would be removed" in shown.out
    assert "3 caches, 3 entries to remove" in shown.out


def test_a_report_has_the_interpreters_that_no_owner_has(old: list[Cache], run: Run, tmp_path: Path) -> None:
    ran = run("report", "--python", sys.executable, *options_for(old), "--output", tmp_path / "all.html")
    page = (tmp_path / "all.html").read_text()
    assert (ran.code, "Wheels for interpreters that no owner" in page) == (0, True)
    assert '<th scope="row">cp34</th><td class="n">2</td><td class="n">2</td>' in page


def test_a_report_without_a_file_is_refused_before_the_work(caches: list[Cache], run: Run) -> None:
    ran = run("report", *options_for(caches))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "ERROR: --output: names no file; name one: --output report.html\n"


def test_json_of_many_has_the_rows_and_the_sums(caches: list[Cache], run: Run, tmp_path: Path) -> None:
    ran = run("verify", *options_for(caches), "--cache-dir", tmp_path / "none", "--json")
    document = json.loads(ran.out)
    rows = document["summary"]["caches"]
    assert (ran.code, document["cache"]["dir"], document["entries"]) == (4, None, [])
    assert [row["path"] for row in rows] == sorted([*(str(one.path) for one in caches), str(tmp_path / "none")])
    total = document["summary"]["total"]
    assert (total["caches"], total["done"]) == (4, 3)
    assert total["entries"] == sum(row["summary"].get("entries", 0) for row in rows)


_TABLE = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
36 22 0:52 / /home rw,relatime shared:5 master:3 - nfs4 fs1.example:/export/home rw,vers=4.2,addr=10.0.0.1
37 22 0:53 / /data rw,relatime - NFS [fe80::1]:/export/with\040blank rw
38 22 0:52 /ada /mnt rw - nfs4 fs2.example:/other rw
39 22 bad:52 / /x rw - ext4 /dev/x rw
40 22 0:60 / /cut
"""


def test_a_table_of_mounts_has_kind_and_server_of_each_device() -> None:
    assert mounts_in(_TABLE.splitlines()) == {
        (254, 0): Mount("ext4", "/dev/vda"),
        (0, 52): Mount("nfs4", "fs1.example:/export/home"),
        (0, 53): Mount("nfs", "[fe80::1]:/export/with blank"),
    }


def test_a_cache_is_on_the_file_system_that_the_system_reports(tmp_path: Path) -> None:
    done = run_process(["findmnt", "-n", "-o", "FSTYPE,SOURCE", "-T", str(tmp_path)], is_checked=True)
    kind, source = done.stdout.split()
    assert Mounts().of(str(tmp_path), os.stat(tmp_path).st_dev) == Mount(kind, source.partition("[")[0])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts")
def test_damage_is_added_up_by_server(tmp_path: Path, run: Run) -> None:
    servers = {"fs1:/export/a": ["ada", "bob"], "fs2:/export/b": ["eve"]}
    mounted: list[Path] = []
    found: list[Cache] = []
    try:
        for source, names in servers.items():
            top = tmp_path / source[:3]
            top.mkdir()
            if run_process(["mount", "-t", "tmpfs", source, str(top)]).returncode:
                pytest.skip("this root may not mount")
            mounted.append(top)
            for name in names:
                cache = Cache(top / name)
                cache.built_wheel("broken", content=b"no zip")
                cache.built_wheel("whole")
                found.append(cache)
        ran = run("verify", *options_for(found), "--json")
        damage = json.loads(ran.out)["summary"]["damage"]
        assert [tuple(one.values()) for one in damage] == [
            ("tmpfs", "fs1:/export/a", 2, 2),
            ("tmpfs", "fs2:/export/b", 1, 1),
        ]
        lines = run("verify", *options_for(found)).out.splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith("Damage on"))
        assert [line.split() for line in lines[at + 1 : at + 3]] == [
            ["fs1:/export/a", "tmpfs", "2", "2"],
            ["fs2:/export/b", "tmpfs", "1", "1"],
        ]
    finally:
        for top in mounted:
            run_process(["umount", str(top)], is_checked=True)


def entry(id_: str, sha256: str | None, size: int, project: str = "demo", kind: str = "wheel") -> Any:  # noqa: ANN401
    """Return the row of an entry."""
    return row_of({"id": id_, "kind": kind, "project": project, "sha256": sha256, "disk_size": size}, ENTRY)


def filled(gathered: Gathered, *caches: list[Any]) -> None:
    """Add caches with these rows of entries."""
    place = dict.fromkeys(("owner", "file_system", "mounted_from"))
    for number, rows in enumerate(caches):
        found = FoundCache(f"/c/{number}", "named")
        gathered.add(found, place, 0, UnitResult(found.path, None, 0, {}, None, entries=tuple(rows)))


def test_content_counts_once_and_saves_all_copies_but_the_largest() -> None:
    with gathering() as gathered:
        filled(
            gathered,
            [entry("a", "1" * 64, 100), entry("b", "1" * 64, 104), entry("c", "2" * 64, 7), entry("d", None, 50)],
            [entry("a", "1" * 64, 100), entry("e", "3" * 64, 9), entry("f", "3" * 64, 9)],
            [entry("p", None, 5, kind="index-page"), entry("g", None, 5, kind="built-wheel")],
        )
        # The content 1 lies in two caches, three times; 2 in one; 3 twice in one.
        assert gathered.shared() == (1, 3, 200, 2)


def test_the_largest_projects_of_all_caches_come_first_each_once() -> None:
    with gathering() as gathered:
        filled(
            gathered,
            [entry("a", None, 5, "small"), entry("b", None, 60, "large"), entry("c", None, 40, "large")],
            [entry("a", None, 5, "small"), *(entry(f"x{n}", None, n, f"p{n:02}") for n in range(11, 30))],
        )
        found = gathered.projects()
        assert found[:2] == [("large", 1, 2, 100), ("p29", 1, 1, 29)]
        assert len(found) == 10
        assert ("small", 2, 2, 10) not in found


def test_why_counts_the_entries_that_it_explains(caches: list[Cache], run: Run) -> None:
    ran = run("why", "demo-app", "kind:index-page", *options_for(caches))
    assert ran.out.splitlines()[-1] == "3 caches, 3 entries"
    assert ran.out.count("demo-app 1.0, wheel: ") == 3


def rows_of_table(text: str, title: str) -> dict[str, list[str]]:
    """Return the cells of the table that begins with a title, by those of the first column."""
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(title))
    end = lines.index("", at) if "" in lines[at:] else len(lines)
    return {line.split()[0]: line.split()[1:] for line in lines[at + 1 : end]}


def test_errors_are_entries_and_the_total_is_their_sum(caches: list[Cache], run: Run) -> None:
    for cache in caches[1:]:
        cache.built_wheel("broken", content=b"no zip")
    caches[2].http_v2("https://files.example/broken", b"x", has_head=False)
    caches[2].built_wheel("other", content=b"no zip")
    rows = json.loads(run("verify", *options_for(caches), "--json").out)["summary"]["caches"]
    assert [row["errors"] for row in rows] == [0, 1, 2]
    text = run("verify", *options_for(caches)).out
    table = rows_of_table(text, "Cache")
    assert [cells[-2] for cells in table.values()] == ["0", "1", "2", "3"]
    for column in (-1, -2, -3):
        *numbers, total = (int(cells[column].replace(",", "")) for cells in table.values())
        assert sum(numbers) == total
    assert [cells[-1] for cells in rows_of_table(text, "Damage on").values()][:1] == ["3"]
    [line] = [line for line in text.splitlines() if line.startswith("To see what can be removed:")]
    words = shlex.split(line.partition(":")[2])
    assert "3 caches, 3 entries to remove" in run(*words[words.index("pipcacheplus") + 1 :]).out


def test_info_says_what_no_run_has_read_and_the_command_that_reads_it(caches: list[Cache], run: Run) -> None:
    text = run("info", "--no-catalog", *options_for(caches)).out
    [at] = [number for number, line in enumerate(text.splitlines()) if line.startswith("Not read by any run: ")]
    words = shlex.split(text.splitlines()[at + 1])
    read = run(*(word for word in words[words.index("pipcacheplus") + 1 :] if word != "--no-catalog")).out
    assert "Not read by any run" not in read
    assert "demo-app" in read
    assert "demo-app" not in text


def test_prune_says_whether_entries_were_removed(caches: list[Cache], run: Run) -> None:
    assert run("prune", "-n", *options_for(caches)).out.splitlines()[-1].startswith("3 caches, 3 entries to remove (")
    assert (
        run("prune", "--exclusive", *options_for(caches))
        .out.splitlines()[-1]
        .startswith("3 caches, 3 entries removed (")
    )


def test_paths_that_are_cut_on_a_narrow_terminal_keep_their_ends() -> None:
    homes = [f"/net/fs1.example/export/homes/of-a-long-department/{name}/.cache/pip" for name in ("ada", "bob")]
    summary: Json = {"entries": 1, "disk_bytes": 5}
    caches: list[Json] = [{"path": path, "owner": "u", "summary": summary} for path in homes]
    view = View(
        command="list",
        version="1",
        cache=NO_CACHE_DIR,
        last_use="atime",
        separator="/",
        summary={"caches": caches, "total": {"caches": 2, "done": 2, "entries": 2}},
        is_of_many=True,
    )
    _, ada, bob, *_ = many.lines(view, Layout(width=60, color=False))
    assert [line.split()[0][-16:] for line in (ada, bob)] == ["t/ada/.cache/pip", "t/bob/.cache/pip"]
    assert max(len(line) for line in (ada, bob)) <= 60
    _, whole, *_ = many.lines(view, Layout(width=None, color=False))
    assert homes[0] in whole
