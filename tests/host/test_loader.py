"""Where the loader of Linux looks for a library."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipcacheplus.host.loader import Loader, read_loader_cache, why_libraries_may_come
from tests.support.builds import loader_cache

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no path of Linux is one of Windows")

PATHS = {"libfoo.so.1": "/opt/foo/libfoo.so.1", "libbar.so": "/usr/lib/libbar.so"}


def write(root: Path, *paths: str, content: bytes = b"") -> None:
    for path in paths:
        (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (root / path.lstrip("/")).write_bytes(content)


def found(
    root: Path, name: str, machine: str = "x86_64", *, libc: str = "glibc", named: str = "", **more: object
) -> list[str]:
    loader = Loader(libc, environ={"LD_LIBRARY_PATH": named}, root=str(root))
    return list(dict.fromkeys(loader.candidates(name, machine, **more)))  # type: ignore[arg-type] # its arguments


@pytest.mark.parametrize("form", [{}, {"is_old": True}, {"is_combined": True}])
def test_each_format_of_the_cache_is_read(form: dict[str, bool]) -> None:
    assert read_loader_cache(loader_cache(PATHS, **form)) == {name: (path,) for name, path in PATHS.items()}


def test_several_paths_of_a_name_keep_their_order() -> None:
    one, other = loader_cache({"a.so": "/lib64/a.so"}), loader_cache({"a.so": "/lib32/a.so"})
    assert read_loader_cache(one) != read_loader_cache(other)


def test_the_cache_of_this_machine_is_what_ldconfig_prints() -> None:
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if ldconfig is None or not os.path.isfile("/etc/ld.so.cache"):
        pytest.skip("there is no ldconfig, or no cache")
    said = subprocess.run((ldconfig, "-p"), capture_output=True, text=True, check=True, timeout=60).stdout
    printed: dict[str, list[str]] = {}
    for line in said.splitlines():
        name, arrow, path = line.strip().partition(" => ")
        if arrow:
            printed.setdefault(name.partition(" (")[0], []).append(path)
    with open("/etc/ld.so.cache", "rb") as file:
        assert read_loader_cache(file.read()) == {name: tuple(paths) for name, paths in printed.items()}


@pytest.mark.parametrize("form", [{}, {"is_old": True}, {"is_combined": True}])
def test_any_front_of_a_cache_is_read_as_far_as_it_goes(form: dict[str, bool]) -> None:
    content = loader_cache(PATHS, **form)
    for size in range(len(content)):
        paths = read_loader_cache(content[:size])
        assert {path for some in paths.values() for path in some} <= set(PATHS.values())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([b"", b"ld.so-1.7.0\0", b"glibc-ld.so.cache1.1"]), st.binary(max_size=200))
def test_any_bytes_are_a_cache_without_a_fault(front: bytes, rest: bytes) -> None:
    assert isinstance(read_loader_cache(front + rest), dict)


def test_a_cache_that_claims_billions_of_names_takes_no_time() -> None:
    claimed = bytearray(loader_cache(PATHS))
    claimed[20:24] = b"\xff\xff\xff\xff"
    assert len(read_loader_cache(bytes(claimed))) <= 10


def test_directories_are_asked_in_the_order_of_the_loader(tmp_path: Path) -> None:
    places = ["/run/path/libfoo.so.1", "/named/libfoo.so.1", "/cached/libfoo.so.1", "/lib/libfoo.so.1"]
    write(tmp_path, *places, "/usr/lib/x86_64-linux-gnu/libfoo.so.1")
    write(tmp_path, "/etc/ld.so.cache", content=loader_cache({"libfoo.so.1": "/cached/libfoo.so.1"}))
    assert found(tmp_path, "libfoo.so.1", named="/named:relative:", folders=["/run/path"]) == [
        *places,
        "/usr/lib/x86_64-linux-gnu/libfoo.so.1",
    ]


@pytest.mark.parametrize(
    ("machine", "place"),
    [
        ("x86_64", "/lib64"),
        ("x86_64", "/usr/lib64"),
        ("aarch64", "/lib/aarch64-linux-gnu"),
        ("i686", "/usr/lib/i386-linux-gnu"),
        ("unheard-of", "/usr/lib"),
    ],
)
def test_default_directories_are_those_of_the_machine(tmp_path: Path, machine: str, place: str) -> None:
    write(tmp_path, f"{place}/libfoo.so")
    assert found(tmp_path, "libfoo.so", machine) == [f"{place}/libfoo.so"]


def test_what_the_cache_names_and_is_gone_is_not_found(tmp_path: Path) -> None:
    write(tmp_path, "/etc/ld.so.cache", content=loader_cache(PATHS))
    assert found(tmp_path, "libfoo.so.1") == []


def test_a_directory_or_a_pipe_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "lib" / "libfoo.so").mkdir(parents=True)
    os.mkfifo(tmp_path / "lib" / "libbar.so")
    assert found(tmp_path, "libfoo.so") == found(tmp_path, "libbar.so") == []


def test_a_cache_that_is_a_pipe_is_none(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc" / "ld.so.cache")
    assert found(tmp_path, "libfoo.so") == []


@pytest.mark.parametrize("name", ["/opt/libfoo.so", "./libfoo.so", "../libfoo.so", "x\0.so", "/opt/../opt/libfoo.so"])
def test_a_name_with_a_slash_is_a_path_of_its_own(tmp_path: Path, name: str) -> None:
    write(tmp_path, "/opt/libfoo.so", "/lib/libfoo.so")
    assert found(tmp_path, name, folders=["/opt"]) == ([name] if name.startswith("/") else [])


def test_musl_is_the_c_library_by_all_its_names(tmp_path: Path) -> None:
    write(tmp_path, "/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1")
    itself = "/lib/ld-musl-x86_64.so.1"
    assert found(tmp_path, "libc.so.6", libc="musl") == found(tmp_path, "libpthread.so.0", libc="musl") == [itself]
    assert found(tmp_path, "libc.musl-x86_64.so.1", libc="musl") == [itself, "/lib/libc.musl-x86_64.so.1"]
    assert found(tmp_path, "libmagic.so.1", libc="musl") == []


def test_musl_has_a_list_of_directories_instead_of_a_cache(tmp_path: Path) -> None:
    write(tmp_path, "/usr/local/lib/libfoo.so", "/opt/one/libfoo.so", "/opt/two/libfoo.so")
    write(tmp_path, "/etc/ld.so.cache", content=loader_cache({"libfoo.so": "/opt/one/libfoo.so"}))
    assert found(tmp_path, "libfoo.so", libc="musl") == ["/usr/local/lib/libfoo.so"]
    write(tmp_path, "/etc/ld-musl-x86_64.path", content=b"/opt/two:relative\n/opt/one\n")
    assert found(tmp_path, "libfoo.so", libc="musl") == ["/opt/two/libfoo.so", "/opt/one/libfoo.so"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another loader")
def test_a_library_that_this_process_has_loaded_is_found() -> None:
    with open("/proc/self/maps", encoding="utf-8") as file:
        loaded = {line.split()[-1] for line in file if "/libm.so.6" in line}
    if not loaded:
        pytest.skip("this Python does without libm.so.6")
    paths = found(Path("/"), "libm.so.6", os.uname().machine)
    assert {os.path.realpath(path) for path in paths} & {os.path.realpath(path) for path in loaded}


@pytest.mark.parametrize("name", ["MODULEPATH", "LMOD_CMD", "SPACK_ROOT"])
def test_environment_modules_are_seen_by_their_variables(tmp_path: Path, name: str) -> None:
    assert why_libraries_may_come({name: "/x"}, root=str(tmp_path)) is not None
    assert why_libraries_may_come({name: ""}, root=str(tmp_path)) is None


def test_environment_modules_are_seen_by_their_files(tmp_path: Path) -> None:
    write(tmp_path, "/etc/profile.d/lmod.sh")
    assert why_libraries_may_come({}, root=str(tmp_path)) is not None
