"""The check `built-wheel-outdated`."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipcacheplus.checks.base.builds import Builds
from pipcacheplus.model.values import NotJudged
from tests.checks.objections import objections, told
from tests.checks.objections import unjudged as why_not
from tests.support.builders import NOW_S, Cache
from tests.support.builds import CP311, LIBC, MODULE, TAG, compiled, interpreter, loader_cache, machine
from tests.support.elves import AARCH64, NUMPY_1, NUMPY_2, elf

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no path of Linux is one of Windows")

SLUG = "built-wheel-outdated"
MUSL = interpreter(tags=frozenset({TAG, "cp311-cp311-musllinux_1_2_x86_64"}))
NEEDS = elf(["libdemo.so.1", "libc.so.6"], exports=["PyInit__demo"])
GOING = ("warning", "remove-if-asked")


def builds(folder: Path, libraries: Mapping[str, bytes] | None = None, **more: object) -> Builds:
    return Builds(root=str(machine(folder, libraries)), **more)  # type: ignore[arg-type] # its arguments


def messages(cache: Cache, made: Builds, *users: object) -> list[str]:
    return [one.message for one in objections(SLUG, cache, builds=made, considered=users or (CP311,))]


def unjudged(cache: Cache, made: Builds, *users: object) -> int:
    found = why_not(SLUG, cache, builds=made, considered=users or (CP311,))
    assert set(found) <= {NotJudged.LIBRARIES}
    return len(found)


def test_a_library_that_is_nowhere_is_told(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: NEEDS})
    made = builds(tmp_path / "root")
    said = "needs libdemo.so.1, which this machine does not have"
    assert told(SLUG, cache, builds=made, considered=(CP311,)) == [(said, *GOING)]
    (finding,) = objections(SLUG, cache, builds=made, considered=(CP311,))
    assert {"missing": "libdemo.so.1", "library": MODULE}.items() <= dict(finding.evidence).items()


DEMO = elf(soname="libdemo.so.1")


@pytest.mark.parametrize(
    "place",
    [
        "lib/x86_64-linux-gnu/libdemo.so.1",
        "usr/lib/libdemo.so.1",
        "usr/lib64/libdemo.so.1",
        "opt/run/libdemo.so.1",
        "opt/named/libdemo.so.1",
        "opt/cached/libdemo.so.1",
    ],
)
def test_a_library_is_found_where_a_loader_looks(cache: Cache, tmp_path: Path, place: str) -> None:
    module = elf(["libdemo.so.1"], runpath="/opt/run:$ORIGIN/x", exports=["PyInit__demo"])
    compiled(cache, {MODULE: module})
    listed = {"etc/ld.so.cache": loader_cache({"libdemo.so.1": "/opt/cached/libdemo.so.1"})}
    environ = {"LD_LIBRARY_PATH": "/opt/named"}
    assert messages(cache, builds(tmp_path / "root", {place: DEMO, **listed}, environ=environ)) == []
    assert messages(cache, builds(tmp_path / "other", listed, environ=environ)) != []


@pytest.mark.parametrize("content", [elf(machine=AARCH64), b"INPUT(libdemo.a)", elf(bits=32, machine=3)])
def test_what_is_no_library_for_the_machine_is_not_found(cache: Cache, tmp_path: Path, content: bytes) -> None:
    compiled(cache, {MODULE: NEEDS})
    assert len(messages(cache, builds(tmp_path / "root", {"lib/libdemo.so.1": content}))) == 1


@pytest.mark.parametrize("member", ["demo.libs/libdemo.so.1", "demo/libdemo.so.1", "demo/other.so"])
def test_a_library_in_the_wheel_is_found(cache: Cache, tmp_path: Path, member: str) -> None:
    compiled(cache, {MODULE: NEEDS, member: DEMO})
    assert messages(cache, builds(tmp_path / "root")) == []


def test_what_a_library_in_the_wheel_needs_is_looked_for_too(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: NEEDS, "demo.libs/libdemo.so.1": elf(["libmore.so.1"], soname="libdemo.so.1")})
    assert messages(cache, builds(tmp_path / "root")) == ["needs libmore.so.1, which this machine does not have"]


def test_a_library_beside_the_modules_that_none_of_them_needs_is_not_judged(cache: Cache, tmp_path: Path) -> None:
    module = elf(["libc.so.6"], exports=["PyInit__demo"])
    compiled(cache, {MODULE: module, "demo/plugin.so": elf(["libmysql.so.1"])})
    assert messages(cache, builds(tmp_path / "root")) == []


def test_without_any_module_all_libraries_are_judged(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {"demo/plugin.so": elf(["libdemo.so.1"])})
    assert len(messages(cache, builds(tmp_path / "root"))) == 1


def test_a_script_is_judged(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {"demo-1.0.data/scripts/demo": elf(["libdemo.so.1"]), "x.so": elf(["libnone.so"])})
    assert messages(cache, builds(tmp_path / "root")) == ["needs libdemo.so.1, which this machine does not have"]


@pytest.mark.parametrize("place", ["site-packages/torch/lib/libdemo.so.1", "lib/libdemo.so.1"])
def test_a_library_in_an_environment_counts_as_found(cache: Cache, tmp_path: Path, place: str) -> None:
    compiled(cache, {MODULE: NEEDS})
    there = tmp_path / "env" / place
    there.parent.mkdir(parents=True)
    there.write_bytes(DEMO)
    user = interpreter(prefix=str(tmp_path / "env"), search_path=(str(tmp_path / "env" / "site-packages"),))
    made = builds(tmp_path / "root", is_strict=True)
    assert messages(cache, made, user) == []
    assert len(messages(cache, made)) == 1


def test_a_library_beside_the_modules_of_the_python_of_an_environment_counts_as_found(
    cache: Cache, tmp_path: Path
) -> None:
    compiled(cache, {MODULE: NEEDS})
    (tmp_path / "conda" / "lib" / "python3.11").mkdir(parents=True)
    (tmp_path / "conda" / "lib" / "libdemo.so.1").write_bytes(DEMO)
    user = interpreter(prefix="/env", search_path=(str(tmp_path / "conda" / "lib" / "python3.11"),))
    assert messages(cache, builds(tmp_path / "root"), user) == []


VERSIONED = elf(["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.38"]}, exports=["PyInit__demo"])


def test_a_version_that_is_newer_than_here_is_told(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: VERSIONED})
    made = builds(tmp_path / "root")
    assert messages(cache, made) == ["needs GLIBC_2.38 of libc.so.6, which is older here"]
    newer = {LIBC: elf(offered=["GLIBC_2.2.5", "GLIBC_2.38"])}
    assert messages(cache, builds(tmp_path / "root", newer)) == []


def test_a_version_that_is_weak_is_not_told(cache: Cache, tmp_path: Path) -> None:
    module = elf(["libc.so.6"], versions={"libc.so.6": ["GLIBC_9.9"]}, weak=["GLIBC_9.9"], exports=["PyInit__demo"])
    compiled(cache, {MODULE: module})
    assert messages(cache, builds(tmp_path / "root")) == []


def test_a_library_without_versions_is_taken_as_loaders_do(cache: Cache, tmp_path: Path) -> None:
    module = elf(["libdemo.so.1"], versions={"libdemo.so.1": ["DEMO_1"]}, exports=["PyInit__demo"])
    compiled(cache, {MODULE: module})
    assert messages(cache, builds(tmp_path / "root", {"lib/libdemo.so.1": DEMO})) == []
    versioned = {"lib/libdemo.so.1": elf(offered=["DEMO_0"])}
    assert len(messages(cache, builds(tmp_path / "root", versioned))) == 1


def test_a_newer_library_in_the_environment_is_enough(cache: Cache, tmp_path: Path) -> None:
    module = elf(["libstdc++.so.6"], versions={"libstdc++.so.6": ["GLIBCXX_3.4.32"]}, exports=["PyInit__demo"])
    compiled(cache, {MODULE: module})
    made = builds(tmp_path / "root", {"lib/libstdc++.so.6": elf(offered=["GLIBCXX_3.4.30"])})
    assert len(messages(cache, made)) == 1
    # `root` is where all paths of the loader lie in this test: the environment too.
    machine(tmp_path / "root", {"env/lib/libstdc++.so.6": elf(offered=["GLIBCXX_3.4.32"])})
    made = builds(tmp_path / "root", {"lib/libstdc++.so.6": elf(offered=["GLIBCXX_3.4.30"])})
    assert messages(cache, made, interpreter(prefix="/env")) == []


DRIVERS = ["libcuda.so.1", "libnvidia-ml.so.1", "libGL.so.1", "libamdhip64.so.6", "libibverbs.so.1"]
DRIVERS += ["libpython3.11.so.1.0"]


@pytest.mark.parametrize("name", DRIVERS)
def test_a_missing_driver_is_not_judged_unless_strictness_is_asked_for(cache: Cache, tmp_path: Path, name: str) -> None:
    compiled(cache, {MODULE: elf([name], exports=["PyInit__demo"])})
    made = builds(tmp_path / "root")
    assert (messages(cache, made), unjudged(cache, made)) == ([], 1)
    strict = builds(tmp_path / "root", is_strict=True)
    assert messages(cache, strict) == [f"needs {name}, which this machine does not have"]
    assert unjudged(cache, strict) == 0


@pytest.mark.parametrize("name", ["libcudart.so.11.0", "librocksdb.so.9", "libGLEW.so.2", "libcurl.so.4"])
def test_a_library_that_is_no_driver_is_judged(cache: Cache, tmp_path: Path, name: str) -> None:
    compiled(cache, {MODULE: elf([name], exports=["PyInit__demo"])})
    assert len(messages(cache, builds(tmp_path / "root"))) == 1


def test_where_environment_modules_may_supply_a_library_it_is_not_judged(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: NEEDS})
    made = builds(tmp_path / "root", environ={"MODULEPATH": "/x"})
    assert (messages(cache, made), unjudged(cache, made)) == ([], 1)
    assert len(messages(cache, builds(tmp_path / "root", environ={"MODULEPATH": "/x"}, is_strict=True))) == 1


def test_no_module_supplies_another_c_library(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: VERSIONED})
    assert len(messages(cache, builds(tmp_path / "root", environ={"MODULEPATH": "/x"}))) == 1
    elsewhere = builds(tmp_path / "root", why_later="other machines may use this cache")
    assert (messages(cache, elsewhere), unjudged(cache, elsewhere)) == ([], 1)


def test_a_directory_that_only_the_loader_knows_leaves_a_library_unjudged(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: elf(["libdemo.so.1"], rpath="/opt/$LIB", exports=["PyInit__demo"])})
    made = builds(tmp_path / "root")
    assert (messages(cache, made), unjudged(cache, made)) == ([], 1)


def test_where_the_c_library_lies_elsewhere_nothing_is_judged(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: NEEDS})
    made = builds(tmp_path / "root")
    (tmp_path / "root" / LIBC).unlink()
    assert (messages(cache, made), unjudged(cache, made)) == ([], 1)


def test_modules_of_another_machine_are_told(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: elf(machine=AARCH64, exports=["PyInit__demo"])})
    made = builds(tmp_path / "root")
    assert messages(cache, made) == ["its extension modules are for aarch64, and the interpreters for x86_64"]


def test_a_wheel_with_modules_of_several_machines_is_sound(cache: Cache, tmp_path: Path) -> None:
    other = elf(machine=AARCH64, exports=["PyInit__demo"])
    compiled(cache, {MODULE: elf(exports=["PyInit__demo"]), "other/_demo.so": other})
    assert messages(cache, builds(tmp_path / "root")) == []


def test_modules_of_another_python_are_told(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {"_demo.cpython-310-x86_64-linux-gnu.so": elf(["libc.so.6"])})
    said = f"its extension modules are for cpython-310, although the wheel is for {TAG}"
    assert messages(cache, builds(tmp_path / "root")) == [said]


@pytest.mark.parametrize("name", ["_demo.so", "_demo.abi3.so", "_other.cpython-311-x86_64-linux-gnu.so"])
def test_a_module_that_this_python_takes_is_enough(cache: Cache, tmp_path: Path, name: str) -> None:
    module = elf(["libc.so.6"], exports=["PyInit__demo"])
    compiled(cache, {"_demo.cpython-310-x86_64-linux-gnu.so": module, name: module})
    assert messages(cache, builds(tmp_path / "root")) == []


def test_what_was_built_for_musl_is_told_where_glibc_is(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: elf(["libc.musl-x86_64.so.1"], exports=["PyInit__demo"])})
    assert messages(cache, builds(tmp_path / "root")) == ["it was built for musl, and the interpreters for glibc"]


def test_what_was_built_for_glibc_is_told_where_musl_is(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: VERSIONED})
    musl = {"lib/ld-musl-x86_64.so.1": elf(soname="libc.musl-x86_64.so.1")}
    said = "it was built for glibc, and the interpreters for musl"
    assert messages(cache, builds(tmp_path / "root", musl), MUSL) == [said]
    both = builds(tmp_path / "root", {**musl, "lib64/ld-linux-x86-64.so.2": elf()})
    assert (messages(cache, both, MUSL), unjudged(cache, both, MUSL)) == ([], 1)


def test_what_was_built_for_musl_is_sound_where_musl_is(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: elf(["libc.musl-x86_64.so.1", "libc.so"], exports=["PyInit__demo"])})
    names = ("ld-musl-x86_64.so.1", "libc.musl-x86_64.so.1")
    assert messages(cache, builds(tmp_path / "root", {f"lib/{name}": elf() for name in names}), MUSL) == []


def with_numpy(folder: Path, *versions: str) -> tuple[object, ...]:
    made = []
    for version in versions:
        site = folder / f"env-{version}" / "site-packages"
        (site / f"numpy-{version}.dist-info").mkdir(parents=True)
        made.append(interpreter(path=f"/python-{version}", search_path=("/nonexistent", str(site))))
    return tuple(made)


@pytest.mark.parametrize(
    ("text", "installed", "said"),
    [
        (NUMPY_1, ("2.2.0",), "it was built for NumPy 1.x, and NumPy 2.2 is installed"),
        (NUMPY_1, ("2.2.0", "2.0.1"), "it was built for NumPy 1.x, and NumPy 2.0 2.2 is installed"),
        (NUMPY_1, ("2.2.0", "1.26.4"), None),
        (NUMPY_1, ("1.26.4",), None),
        (NUMPY_1, (), None),
        (NUMPY_2("2.0"), ("1.26.4",), "it was built for NumPy 2.0 and later, and NumPy 1.26 is installed"),
        (NUMPY_2("1.20"), ("1.26.4",), None),
        (NUMPY_2("1.20"), ("1.19.5",), "it was built for NumPy 1.20 and later, and NumPy 1.19 is installed"),
        (NUMPY_2("1.20"), ("2.2.0",), None),
        (b"", ("2.2.0",), None),
    ],
)
def test_another_numpy_is_told_if_all_have_it(
    cache: Cache, tmp_path: Path, text: bytes, installed: tuple[str, ...], said: str | None
) -> None:
    compiled(cache, {MODULE: elf(["libc.so.6"], exports=["PyInit__demo"], text=text)})
    users = with_numpy(tmp_path, *installed)
    assert messages(cache, builds(tmp_path / "root"), *users) == ([] if said is None else [said])


def test_nothing_goes_for_its_numpy_if_an_interpreter_was_not_asked(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: elf(["libc.so.6"], exports=["PyInit__demo"], text=NUMPY_1)})
    users = with_numpy(tmp_path, "2.2.0")
    said = "it was built for NumPy 1.x, and NumPy 2.2 is installed, but not every interpreter of this machine was run"
    made = builds(tmp_path / "root")
    assert told(SLUG, cache, builds=made, considered=users, unasked=("/other",)) == [(said, "info", "none")]


def test_a_library_is_missing_whoever_was_not_asked(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: NEEDS})
    (found,) = told(SLUG, cache, builds=builds(tmp_path / "root"), considered=(CP311,), unasked=("/other",))
    assert found[1:] == GOING


def test_only_those_count_who_could_use_the_wheel(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {"_demo.so": elf(["libcuda.so.1"], exports=["PyInit__demo"])})
    made = builds(tmp_path / "root")
    assert unjudged(cache, made, CP311) == 1
    assert unjudged(cache, made, interpreter(tags=frozenset({"py3-none-any"}))) == 0
    assert unjudged(cache, made, interpreter(name="cp312")) == 0  # it lies in the directory of another


def test_a_key_of_an_old_pip_is_that_of_every_interpreter(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {"_demo.so": elf(["libcuda.so.1"], exports=["PyInit__demo"])}, interpreter=None)
    assert unjudged(cache, builds(tmp_path / "root"), interpreter(name="cp312")) == 1


def test_what_is_for_any_platform_is_left_alone(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: NEEDS}, tag="py3-none-any")
    assert messages(cache, builds(tmp_path / "root")) == []


GCC_10 = "GCC: (Debian 10.2.1-6) 10.2.1 20210110"


def test_another_compiler_is_told_if_strictness_is_asked_for_and_a_library_was_replaced(
    cache: Cache, tmp_path: Path
) -> None:
    # The library was changed here when this test wrote it, which is after the present of these caches, or before.
    compiled(
        cache, {MODULE: elf(["libc.so.6"], comment="GCC: (Debian 10.2.1-6) 10.2.1 20210110", exports=["PyInit__demo"])}
    )
    root = machine(tmp_path / "root")
    (root / "usr/lib/gcc/x86_64-linux-gnu/12").mkdir(parents=True)
    assert messages(cache, Builds(root=str(root))) == []
    said = "it was built by GCC 10 before libc.so.6 was replaced, and GCC 12 is here"
    strict = Builds(root=str(root), is_strict=True)
    assert messages(cache, strict) == [said]
    (root / "usr/lib/gcc/x86_64-linux-gnu/10").mkdir()
    assert messages(cache, Builds(root=str(root), is_strict=True)) == []


def test_another_compiler_is_no_reason_if_nothing_was_replaced_since(cache: Cache, tmp_path: Path) -> None:
    module = elf(["libc.so.6"], comment=GCC_10, exports=["PyInit__demo"])
    compiled(cache, {MODULE: module}, age_s=-(1 << 33) + NOW_S)
    root = machine(tmp_path / "root")
    (root / "usr/lib/gcc/x86_64-linux-gnu/12").mkdir(parents=True)
    assert messages(cache, Builds(root=str(root), is_strict=True)) == []


def test_a_wheel_in_which_nothing_is_compiled_is_told_if_strictness_is_asked_for(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {"demo.py": b""})
    said = "nothing in it is compiled, although its tags name a platform"
    assert messages(cache, builds(tmp_path / "root")) == []
    assert messages(cache, builds(tmp_path / "root", is_strict=True)) == [said]


def test_a_library_that_cannot_be_read_is_not_judged(cache: Cache, tmp_path: Path) -> None:
    compiled(cache, {MODULE: elf(["libc.so.6"], exports=["PyInit__demo"]), "_more.so": b"\x7fELF"})
    made = builds(tmp_path / "root")
    assert (messages(cache, made), unjudged(cache, made)) == ([], 1)


@pytest.mark.parametrize(
    ("name", "content"), [("_demo.so", b"\xcf\xfa\xed\xfe"), ("_demo.pyd", b"MZ"), (MODULE, elf())]
)
def test_on_another_system_libraries_are_not_judged(cache: Cache, name: str, content: bytes) -> None:
    compiled(cache, {name: content})
    made = Builds(is_linux=False)
    assert (messages(cache, made), unjudged(cache, made)) == ([], 1)


def test_nothing_is_told_if_the_machine_is_not_asked(cache: Cache) -> None:
    compiled(cache, {MODULE: NEEDS})
    assert objections(SLUG, cache, considered=(CP311,)) == []
