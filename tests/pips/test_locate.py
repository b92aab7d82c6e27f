"""Which directory is taken for the cache, by which setting and for which pip, and which indexes are asked."""

import os
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipcacheplus.errors import BadRequestError, CacheDisabledError
from pipcacheplus.host.machine import Machine, this_machine
from pipcacheplus.model.values import Source
from pipcacheplus.pips.locate import index_urls, locate
from pipcacheplus.pips.settings import read_settings
from tests.support.machines import linux, posix_only, write

# What decided


@posix_only
@pytest.mark.parametrize(
    ("environ", "arguments", "path", "told"),
    [
        ({}, {"cache_dir": "a"}, "a", (Source.ARGUMENT, "--cache-dir")),
        ({"PIP_NO_CACHE_DIR": "maybe"}, {"cache_dir": "a"}, "a", (Source.ARGUMENT, "--cache-dir")),
        ({"PIP_CACHE_DIR": "b"}, {}, "b", (Source.ENVIRONMENT, "PIP_CACHE_DIR")),
        ({"PIP_Cache_Dir": "b"}, {}, "b", (Source.ENVIRONMENT, "PIP_Cache_Dir")),
        ({"XDG_CACHE_HOME": "/x"}, {}, "/x/pip", (Source.ENVIRONMENT, "XDG_CACHE_HOME")),
        ({"XDG_CACHE_HOME": "rel"}, {}, "home/.cache/pip", (Source.DEFAULT, "the default on linux")),
        ({}, {}, "home/.cache/pip", (Source.DEFAULT, "the default on linux")),
    ],
)
def test_the_source_and_the_setting_are_told(
    tmp_path: Path, environ: dict[str, str], arguments: dict[str, Any], path: str, told: tuple[Source, str]
) -> None:
    cache = locate(linux(tmp_path, **environ), **arguments)

    assert (str(tmp_path / path), told) == (cache.path, (cache.source, cache.detail))
    assert cache.disabled_by is None


@posix_only
def test_a_file_is_told_with_its_section_and_path(tmp_path: Path) -> None:
    write(tmp_path / "etc/pip.conf", "[global]\ncache_dir = /g\n[install]\ncache-dir = /i\n")

    assert f"cache-dir in [global] of {tmp_path}/etc/pip.conf" == locate(linux(tmp_path)).detail
    assert f"cache-dir in [install] of {tmp_path}/etc/pip.conf" == locate(linux(tmp_path), command="install").detail
    assert Source.CONFIG is locate(linux(tmp_path)).source


@posix_only
@pytest.mark.parametrize(
    ("environ", "conf", "arguments", "setting"),
    [
        ({}, "", {"no_cache_dir": True}, "`no_cache_dir`"),
        ({}, "", {"no_cache_dir": True, "cache_dir": "a"}, "`no_cache_dir`"),
        ({}, "", {"cache_dir": ""}, "an empty `cache_dir`"),
        ({"PIP_NO_CACHE_DIR": "off", "PIP_CACHE_DIR": "a"}, "", {}, "PIP_NO_CACHE_DIR"),
        ({"PIP_NO_CACHE_DIR": "1"}, "[global]\nno-cache-dir=1", {}, "PIP_NO_CACHE_DIR"),
        ({}, "[global]\nno-cache-dir=1", {}, "no-cache-dir in [global] of {}/etc/pip.conf"),
        ({}, "[cache]\nno-cache-dir=1\n[global]\nno-cache-dir=1", {}, "no-cache-dir in [cache] of {}/etc/pip.conf"),
    ],
)
def test_a_cache_that_is_switched_off_is_an_error_that_names_the_setting(
    tmp_path: Path, environ: dict[str, str], conf: str, arguments: dict[str, Any], setting: str
) -> None:
    write(tmp_path / "etc/pip.conf", conf)

    with pytest.raises(CacheDisabledError) as caught:
        locate(linux(tmp_path, **environ), **arguments)

    assert setting.format(tmp_path) == caught.value.setting


@posix_only
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"[global]\nno-cache-dir=maybe\n", "'maybe' is not a boolean"),
        (b"[global]\ncache-dir=a\0b\n", "'a\\x00b' is not a valid path"),
        (b"cache-dir=secret\n", "line 1 is before any section"),
        (b"[global]\nx=1\nX=secret\n", "x occurs twice in section [global] (line 3)"),
        (b"[a]\n[b]\n[a]\n", "section [a] occurs twice (line 3)"),
        (b"[global]\n\nsecret\n", "line 3 is not a setting"),
        (b"[global]\nx=\xff\n", "is not valid utf-8"),
        (b"#" * (1 << 20) + b"\n", "is longer than 1048576 bytes"),
    ],
)
def test_what_pip_would_refuse_is_an_error_that_names_file_and_reason_but_quotes_no_line(
    tmp_path: Path, text: bytes, problem: str
) -> None:
    write(tmp_path / "etc/pip.conf", "")
    (tmp_path / "etc/pip.conf").write_bytes(text)

    with pytest.raises(BadRequestError) as caught:
        locate(linux(tmp_path))

    assert problem == caught.value.problem
    assert f"{tmp_path}/etc/pip.conf" in caught.value.what
    assert "secret" not in str(caught.value)


@posix_only
def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(BadRequestError, match="is a pipe"):
        locate(linux(tmp_path, PIP_CONFIG_FILE="pipe"))


@posix_only
@pytest.mark.parametrize("endless", ["/dev/zero", "/dev/null"])
def test_a_device_in_the_place_of_a_file_is_read_up_to_the_limit(tmp_path: Path, endless: str) -> None:
    (tmp_path / "pip.conf").symlink_to(endless)
    machine = linux(tmp_path, PIP_CONFIG_FILE="pip.conf")

    if endless == "/dev/null":
        assert {section: keys for section, keys in read_settings(machine).items() if section == "global"} == {}
    else:
        with pytest.raises(BadRequestError, match="is longer than"):
            read_settings(machine)


@posix_only
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.sampled_from(
                ["[global]", "[DEFAULT]", "[", "cache-dir=x", "cache_dir", " y", "=", "no-cache-dir: 0", "", "#", "\0"]
            ),
            max_size=8,
        ).map(lambda lines: "\n".join(lines).encode()),
    ),
    version=st.sampled_from(["20.1", "26.3"]),
)
def test_no_file_makes_it_fail_in_another_way(tmp_path: Path, text: bytes, version: str) -> None:
    write(tmp_path / "etc/pip.conf", "")
    (tmp_path / "etc/pip.conf").write_bytes(text)

    try:
        path = locate(linux(tmp_path, version)).path
    except (BadRequestError, CacheDisabledError):
        return
    assert os.path.isabs(path)


def test_without_any_home_the_default_cannot_be_told_but_an_argument_needs_none() -> None:
    machine = Machine(
        environ={}, platform="linux", home="", cwd="/", prefix="/no-such-prefix", uid=None, site_config=()
    )

    with pytest.raises(BadRequestError, match="no home directory is known"):
        locate(machine)
    assert os.sep == locate(machine, cache_dir="/").path[-1]


# Versions of pip


@posix_only
@pytest.mark.parametrize(
    ("version", "value", "path"),
    [
        ("20.3.4", "", "pip"),
        ("21.3", "", "home/.cache/pip"),
        ("26.1.2", "rel", "rel/pip"),
        ("26.2.1", "rel", "rel/pip"),
        ("26.3", "rel", "home/.cache/pip"),
        ("26.1.2", "/x ", "/x /pip"),
        ("26.2.1", "/x ", "/x/pip"),
    ],
)
def test_xdg_cache_home_is_read_as_the_given_pip_reads_it(tmp_path: Path, version: str, value: str, path: str) -> None:
    assert str(tmp_path / path) == locate(linux(tmp_path, version, XDG_CACHE_HOME=value)).path


@posix_only
@pytest.mark.parametrize(("version", "path"), [("26.2.1", "/.cache/pip"), ("26.3", "/of/the/database/.cache/pip")])
def test_an_empty_home_is_the_root_up_to_pip_26_2(tmp_path: Path, version: str, path: str) -> None:
    assert path == locate(linux(tmp_path, version, HOME="")).path


@posix_only
@pytest.mark.parametrize(("version", "path"), [("25.1", "/named"), ("25.2", "/own")])
def test_a_file_of_the_system_that_is_named_too_stays_weak_since_pip_25_2(
    tmp_path: Path, version: str, path: str
) -> None:
    write(tmp_path / "etc/pip.conf", "[global]\ncache-dir=/named\n")
    write(tmp_path / "venv/pip.conf", "[global]\ncache-dir=/own\n")

    assert path == locate(linux(tmp_path, version, PIP_CONFIG_FILE=f"{tmp_path}/etc/pip.conf")).path


@posix_only
def test_two_spellings_of_a_key_are_an_error_since_pip_26_3(tmp_path: Path) -> None:
    write(tmp_path / "etc/pip.conf", "[global]\ncache-dir=/a\ncache_dir=/b\n")

    assert locate(linux(tmp_path, "26.2.1")).path == "/b"
    with pytest.raises(BadRequestError, match="cache-dir occurs twice"):
        locate(linux(tmp_path))


# Indexes


@posix_only
def test_indexes_are_listed_in_order_and_once(tmp_path: Path) -> None:
    write(
        tmp_path / "etc/pip.conf", "[global]\nindex-url = https://g/\nextra-index-url =\n  https://e1/\n  https://e2/\n"
    )
    write(tmp_path / "venv/pip.conf", "[install]\nextra_index_url = https://i/ https://e1/\n[list]\nindex-url =\n")
    machine = linux(tmp_path, PIP_INDEX_URL="https://v/", PIP_EXTRA_INDEX_URL=" ")

    assert index_urls(machine) == ("https://v/", "https://i/", "https://e1/", "https://g/", "https://e2/")
    assert index_urls(machine, isolated=True) == ("https://i/", "https://e1/", "https://g/", "https://e2/")


@posix_only
def test_pages_of_links_count_as_indexes_and_paths_do_not(tmp_path: Path) -> None:
    write(tmp_path / "etc/pip.conf", "[wheel]\nfind-links = /srv/wheels file:///srv\n  HTTPS://l/py.html\n")
    machine = linux(tmp_path, PIP_FIND_LINKS="https://v/ ./here")

    assert index_urls(machine) == ("https://v/", "HTTPS://l/py.html")


def test_without_settings_no_index_is_listed(tmp_path: Path) -> None:
    assert index_urls(linux(tmp_path)) == ()


# This machine


def test_this_machine_takes_the_variables_that_it_is_given() -> None:
    machine = this_machine({"PIP_CACHE_DIR": os.path.abspath(os.sep), "PIP_CONFIG_FILE": os.devnull})

    assert Source.ENVIRONMENT is locate(machine).source
    assert os.path.abspath(os.sep) == locate(machine).path


@pytest.mark.parametrize(
    "environ", [{}, {"XDG_CACHE_HOME": "/x"}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "rel"}, {"HOME": ""}]
)
@pytest.mark.skipif(
    tuple(map(int, platformdirs.__version__.split(".")[:2])) < (4, 12), reason="older than the one in pip 26.3"
)
def test_the_default_here_is_that_of_platformdirs(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    machine = this_machine({name: value for name, value in os.environ.items() if "CACHE_DIR" not in name})

    there = os.path.normcase(os.path.realpath(platformdirs.user_cache_dir("pip", appauthor=False)))
    assert there == locate(machine).path
