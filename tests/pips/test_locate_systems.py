"""Where the cache and the files of settings are on Windows, macOS and Linux; all systems by the same code."""

from pathlib import Path

import pytest

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.machine import Machine
from pipcacheplus.pips.locate import locate
from pipcacheplus.pips.settings import configuration_files
from tests.support.machines import macos, posix_only, windows


def test_without_its_folders_nothing_is_read_below_the_current_directory_of_windows() -> None:
    machine = Machine(environ={}, platform="win32", home="C:\\", cwd="C:\\", prefix="C:\\", uid=None)

    with pytest.raises(BadRequestError, match="the folder is not known"):
        locate(machine)


@pytest.mark.parametrize(
    ("machine", "path"),
    [
        (windows(), r"c:\users\me\appdata\local\pip\cache"),
        (windows(WIN_PD_OVERRIDE_LOCAL_APPDATA=r" E:\Over\.\It "), r"e:\over\it\pip\cache"),
        (windows(WIN_PD_OVERRIDE_LOCAL_APPDATA=r"\\server\share"), r"\\server\share\pip\cache"),
        (windows(WIN_PD_OVERRIDE_LOCAL_APPDATA="Over"), r"c:\users\me\appdata\local\pip\cache"),
        (windows("26.2.1", WIN_PD_OVERRIDE_LOCAL_APPDATA="Over"), r"d:\work\over\pip\cache"),
        (windows("26.1.2", WIN_PD_OVERRIDE_LOCAL_APPDATA=r"E:\Over"), r"c:\users\me\appdata\local\pip\cache"),
        (windows(XDG_CACHE_HOME="/x"), r"c:\users\me\appdata\local\pip\cache"),
        (windows(PIP_CACHE_DIR=r"~\Own/Cache"), r"c:\users\me\own\cache"),
        (windows(PIP_CACHE_DIR=r"~Me\Own"), r"c:\users\me\own"),
        (windows(PIP_CACHE_DIR=r"~You\Own"), r"c:\users\you\own"),
        (windows(PIP_CACHE_DIR=r"~You\Own", USERNAME="Another"), r"d:\work\~you\own"),
        (windows(PIP_CACHE_DIR="Own"), r"d:\work\own"),
        (windows(PIP_CACHE_DIR=r"\Own"), r"d:\own"),
    ],
)
def test_on_windows(machine: Machine, path: str) -> None:
    assert path == locate(machine).path


@posix_only
@pytest.mark.parametrize(
    ("machine", "path"),
    [
        (macos(), "/Users/me/Library/Caches/pip"),
        (macos(XDG_CACHE_HOME="/x"), "/x/pip"),
        (macos(XDG_CACHE_HOME=""), "/Users/me/Library/Caches/pip"),
        (macos("/Users/me", "26.1.2", XDG_CACHE_HOME="/x"), "/Users/me/Library/Caches/pip"),
    ],
)
def test_on_macos(machine: Machine, path: str) -> None:
    assert path == locate(machine).path


@pytest.mark.parametrize(
    ("version", "environ", "files"),
    [
        ("26.3", {}, "/etc/xdg/pip /etc /home/me/.pip /home/me/.config/pip"),
        ("26.3", {"XDG_CONFIG_DIRS": "/a:b: /c :"}, "/a/pip /c/pip /etc /home/me/.pip /home/me/.config/pip"),
        ("26.2.1", {"XDG_CONFIG_DIRS": "/a:b:"}, "/a/pip b/pip /etc /home/me/.pip /home/me/.config/pip"),
        ("26.1.2", {"XDG_CONFIG_DIRS": "/a::b"}, "/a/pip pip b/pip /etc /home/me/.pip /home/me/.config/pip"),
        ("26.1.2", {"XDG_CONFIG_DIRS": " "}, "/etc/xdg/pip /etc /home/me/.pip /home/me/.config/pip"),
        ("20.3.4", {"XDG_CONFIG_DIRS": "/a::b"}, "/a/pip b/pip /etc /home/me/.pip /home/me/.config/pip"),
        ("26.3", {"XDG_CONFIG_HOME": "/x"}, "/etc/xdg/pip /etc /home/me/.pip /x/pip"),
        ("26.3", {"XDG_CONFIG_HOME": "x"}, "/etc/xdg/pip /etc /home/me/.pip /home/me/.config/pip"),
        ("26.2.1", {"XDG_CONFIG_HOME": "x"}, "/etc/xdg/pip /etc /home/me/.pip x/pip"),
        ("26.2.1", {"XDG_CONFIG_HOME": ""}, "/etc/xdg/pip /etc /home/me/.pip /home/me/.config/pip"),
        ("20.3.4", {"XDG_CONFIG_HOME": ""}, "/etc/xdg/pip /etc /home/me/.pip pip"),
        ("26.3", {"HOME": ""}, "/etc/xdg/pip /etc /.pip /of/the/database/.config/pip"),
        ("26.2.1", {"HOME": ""}, "/etc/xdg/pip /etc /.pip /.config/pip"),
        ("26.3", {"PIP_CONFIG_FILE": "no-such-file"}, "/etc/xdg/pip /etc /home/me/.pip /home/me/.config/pip"),
    ],
)
def test_the_files_of_linux(version: str, environ: dict[str, str], files: str) -> None:
    machine = Machine(
        environ={"HOME": "/home/me", **environ},
        platform="linux",
        home="/of/the/database",
        cwd="/elsewhere",
        prefix="/venv",
        uid=None,
        pip_version=tuple(map(int, version.split("."))),
    )
    named = (environ["PIP_CONFIG_FILE"],) if "PIP_CONFIG_FILE" in environ else ()

    expected = (*(f"{folder}/pip.conf" for folder in [*files.split(), "/venv"]), *named)
    assert expected == configuration_files(machine)


def test_the_files_of_windows() -> None:
    assert configuration_files(windows(PIP_CONFIG_FILE="named.ini")) == (
        r"C:\ProgramData\pip\pip.ini",
        r"C:\Users\Me\pip\pip.ini",
        r"C:\Users\Me\AppData\Roaming\pip\pip.ini",
        r"C:\Venv\pip.ini",
        "named.ini",
    )
    assert configuration_files(windows(), isolated=True) == (r"C:\ProgramData\pip\pip.ini", r"C:\Venv\pip.ini")
    assert configuration_files(windows(PIP_CONFIG_FILE="nul")) == ()


@posix_only
def test_the_files_of_macos(tmp_path: Path) -> None:
    home = str(tmp_path)
    system = ("/opt/homebrew/share/pip/pip.conf", "/Library/Application Support/pip/pip.conf")

    assert (*system, f"{home}/.pip/pip.conf", f"{home}/.config/pip/pip.conf", "/venv/pip.conf") == configuration_files(
        macos(home)
    )
    assert configuration_files(macos(home, XDG_DATA_DIRS="/x"))[0] == "/x/pip/pip.conf"
    assert system[0] == configuration_files(macos(home, "26.1.2", XDG_DATA_DIRS="/x"))[0]

    (tmp_path / "Library/Application Support/pip").mkdir(parents=True)
    assert f"{home}/Library/Application Support/pip/pip.conf" == configuration_files(macos(home))[3]
    # Its place is another one now, and nothing is there.
    assert f"{home}/.config/pip/pip.conf" == configuration_files(macos(home, XDG_DATA_HOME="/no-such-place"))[3]
