"""`locate` names the directory that the real `pip cache dir` names, over a table of environments and files."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipcacheplus.errors import BadRequestError, CacheDisabledError
from pipcacheplus.host.machine import Machine
from pipcacheplus.pips.locate import locate
from tests.support.drill import part_of
from tests.support.pips import NEWEST, Pip
from tests.support.processes import run

PIPS = {"20.3.4": "3.8", "23.2.1": "3.11", NEWEST: "3.13"}
"""Each with a Python that can run it."""
EVERY = 4
OFF = "off"
ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One environment. `{t}` stands for a directory of its own, with `home`, `cwd` and `venv` in it."""

    environ: dict[str, str] = field(default_factory=dict)
    """Beside `HOME`, which is `{t}/home`; `"-"` removes a variable."""
    files: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    is_foreign: bool = False
    """Whether the home belongs to another user, or cannot be written."""
    differs: str = ""
    """Why we answer where pip stops; empty: we must agree."""


USER = "home/.config/pip/pip.conf"
LEGACY = "home/.pip/pip.conf"
VENV = "venv/pip.conf"
SYSTEM = "sys/pip/pip.conf"
NAMED = "named.conf"


def conf(section: str = "global", **options: str) -> str:
    return f"[{section}]\n" + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in options.items())


def here(name: str, section: str = "global") -> str:
    return conf(section, cache_dir="{t}/" + name)


IN_SYSTEM = {"XDG_CONFIG_DIRS": "{t}/sys"}
BY_NAME = {"PIP_CONFIG_FILE": "{t}/named.conf"}

ROWS = {
    # defaults
    "nothing set": Row(),
    "xdg cache": Row(environ={"XDG_CACHE_HOME": "{t}/x"}),
    "xdg cache empty": Row(environ={"XDG_CACHE_HOME": ""}),
    "xdg cache blank": Row(environ={"XDG_CACHE_HOME": " "}),
    "xdg cache with blanks around": Row(environ={"XDG_CACHE_HOME": " {t}/x "}),
    "xdg cache relative": Row(environ={"XDG_CACHE_HOME": "rel"}),
    "xdg cache with tilde": Row(environ={"XDG_CACHE_HOME": "~/x"}),
    "xdg cache below a link": Row(environ={"XDG_CACHE_HOME": "{t}/link/x"}),
    "home empty": Row(environ={"HOME": ""}),
    "home with a slash behind": Row(environ={"HOME": "{t}/home/"}),
    "home relative": Row(environ={"HOME": "rel"}),
    "home unset": Row(environ={"HOME": "-"}),
    "home of another": Row(is_foreign=True),
    # variables
    "variable": Row(environ={"PIP_CACHE_DIR": "{t}/a"}),
    "variable relative": Row(environ={"PIP_CACHE_DIR": "a/../b"}),
    "variable with tilde": Row(environ={"PIP_CACHE_DIR": "~/a"}),
    "variable with tilde, home empty": Row(environ={"PIP_CACHE_DIR": "~/a", "HOME": ""}),
    "variable with the tilde of root": Row(environ={"PIP_CACHE_DIR": "~root/a"}),
    "variable with the tilde of nobody known": Row(environ={"PIP_CACHE_DIR": "~no-such-user/a"}),
    "variable through a link": Row(environ={"PIP_CACHE_DIR": "{t}/link/a"}),
    "variable through a link that leads to itself": Row(environ={"PIP_CACHE_DIR": "{t}/loop/a"}),
    "variable empty": Row(environ={"PIP_CACHE_DIR": ""}, files={USER: here("u")}),
    "variable with a blank before": Row(environ={"PIP_CACHE_DIR": " {t}/a"}),
    "variable in other spelling": Row(environ={"PIP_cache_dir": "{t}/a"}),
    "variable with dashes": Row(environ={"PIP___CACHE-DIR": "{t}/a"}),
    "variable with small prefix": Row(environ={"pip_cache_dir": "{t}/a"}),
    "variable in two spellings": Row(environ={"PIP_CACHE_DIR": "{t}/a", "PIP_Cache_Dir": "{t}/b"}),
    "variable in two spellings, the last empty": Row(environ={"PIP_CACHE_DIR": "{t}/a", "PIP_Cache_Dir": ""}),
    "variable before xdg": Row(environ={"PIP_CACHE_DIR": "{t}/a", "XDG_CACHE_HOME": "{t}/x"}),
    "variable before files": Row(environ={"PIP_CACHE_DIR": "{t}/a"}, files={USER: here("u"), VENV: here("v", "cache")}),
    "variable below the home of another": Row(environ={"PIP_CACHE_DIR": "{t}/home/c"}, is_foreign=True),
    # off
    **{
        f"no cache, {word or 'empty'}": Row(environ={"PIP_NO_CACHE_DIR": word})
        for word in ("1", "true", "ON", "0", "no", "False", "", "2", "maybe", " ")
    },
    "no cache before a variable": Row(environ={"PIP_NO_CACHE_DIR": "0", "PIP_CACHE_DIR": "{t}/a"}),
    "no cache in a file before a variable": Row(
        environ={"PIP_CACHE_DIR": "{t}/a"}, files={USER: conf(no_cache_dir="1")}
    ),
    "no cache in the command's section": Row(files={USER: conf("cache", no_cache_dir="0")}),
    "no cache in another's section": Row(files={USER: conf("install", no_cache_dir="1")}),
    "no cache, a bad word that is outranked": Row(
        environ={"PIP_NO_CACHE_DIR": "1"}, files={USER: conf(no_cache_dir="maybe")}
    ),
    "no cache, unset by a later file": Row(files={USER: conf(no_cache_dir="1"), VENV: conf(no_cache_dir="")}),
    # files and their order
    "system": Row(environ=IN_SYSTEM, files={SYSTEM: here("s")}),
    "two systems": Row(
        environ={"XDG_CONFIG_DIRS": "{t}/sys:{t}/sys2"}, files={SYSTEM: here("s"), "sys2/pip/pip.conf": here("s2")}
    ),
    "systems relative and empty": Row(
        environ={"XDG_CONFIG_DIRS": "sys:: :"}, files={"cwd/sys/pip/pip.conf": here("s"), "cwd/pip/pip.conf": here("p")}
    ),
    "legacy": Row(files={LEGACY: here("l")}),
    "user": Row(files={USER: here("u")}),
    "user after legacy": Row(files={LEGACY: here("l"), USER: here("u")}),
    "user elsewhere": Row(
        environ={"XDG_CONFIG_HOME": "{t}/xc"}, files={USER: here("u"), "xc/pip/pip.conf": here("xc")}
    ),
    "user elsewhere, empty": Row(
        environ={"XDG_CONFIG_HOME": ""}, files={USER: here("u"), "cwd/pip/pip.conf": here("p")}
    ),
    "user elsewhere, relative": Row(
        environ={"XDG_CONFIG_HOME": "xc"}, files={USER: here("u"), "cwd/xc/pip/pip.conf": here("xc")}
    ),
    "home empty, files of the database's home or of the root": Row(environ={"HOME": "", "XDG_CACHE_HOME": "{t}/x"}),
    "system, legacy, user, environment": Row(
        environ=IN_SYSTEM, files={SYSTEM: here("s"), LEGACY: here("l"), USER: here("u"), VENV: here("v")}
    ),
    "named": Row(environ=BY_NAME, files={NAMED: here("n")}),
    "named before the environment's": Row(environ=BY_NAME, files={NAMED: here("n"), VENV: here("v")}),
    "named replaces the user's": Row(environ=BY_NAME, files={NAMED: conf(), USER: here("u"), LEGACY: here("l")}),
    "named leaves the environment's": Row(environ=BY_NAME, files={NAMED: conf(), VENV: here("v")}),
    "named leaves the system's": Row(environ=BY_NAME | IN_SYSTEM, files={NAMED: conf(), SYSTEM: here("s")}),
    "named is missing": Row(environ=BY_NAME, files={USER: here("u")}),
    "named is empty": Row(environ={"PIP_CONFIG_FILE": ""}, files={USER: here("u")}),
    "named is a directory": Row(environ={"PIP_CONFIG_FILE": "{t}/home"}, files={USER: here("u"), VENV: here("v")}),
    "named is relative": Row(environ={"PIP_CONFIG_FILE": "n.conf"}, files={"cwd/n.conf": here("n"), USER: here("u")}),
    "named has a tilde": Row(
        environ={"PIP_CONFIG_FILE": "~/n.conf"}, files={"home/n.conf": here("n"), USER: here("u")}
    ),
    "named is the null device": Row(
        environ={"PIP_CONFIG_FILE": "/dev/null", **IN_SYSTEM},
        files={SYSTEM: here("s"), USER: here("u"), VENV: here("v")},
    ),
    "named is the null device, and a variable": Row(
        environ={"PIP_CONFIG_FILE": "/dev/null", "PIP_CACHE_DIR": "{t}/a"}, files={VENV: here("v")}
    ),
    "named is the null device in another spelling": Row(
        environ={"PIP_CONFIG_FILE": "/dev/../dev/null"}, files={USER: here("u"), VENV: here("v")}
    ),
    "named is the system's, so it stays weaker": Row(
        environ={"PIP_CONFIG_FILE": "{t}/sys/pip/pip.conf", **IN_SYSTEM}, files={SYSTEM: here("s"), VENV: here("v")}
    ),
    # sections and keys
    "command's section": Row(files={USER: here("c", "cache")}),
    "command's section in the weaker file": Row(environ=IN_SYSTEM, files={SYSTEM: here("c", "cache"), VENV: here("v")}),
    "command's section empty": Row(files={USER: here("g") + conf("cache", cache_dir="")}),
    "another's section": Row(files={USER: here("i", "install")}),
    "section in another case": Row(files={USER: here("g", "Global")}),
    "section of the variables in a file": Row(files={USER: here("e", ":env:") + here("c", "cache")}),
    "section of the variables in a file, a variable empty": Row(
        environ={"PIP_CACHE_DIR": ""}, files={USER: here("e", ":env:")}
    ),
    "default section": Row(files={USER: here("d", "DEFAULT") + conf(timeout="3")}),
    "default section alone": Row(files={USER: here("d", "DEFAULT")}),
    "section with a dot": Row(files={USER: here("d", "cache.x")}),
    "empty value hides the weaker file's": Row(files={USER: here("u"), VENV: conf(cache_dir="")}),
    "key with underscore": Row(files={USER: "[global]\ncache_dir = {t}/k\n"}),
    "key with dashes before": Row(files={USER: "[global]\n--cache-dir = {t}/k\n"}),
    "key in capitals, with a colon": Row(files={USER: "[global]\nCACHE-DIR: {t}/k\n"}),
    "key in two spellings": Row(files={USER: "[global]\ncache_dir = {t}/k\ncache-dir = {t}/l\n"}),
    "key with one dash before": Row(files={USER: "[global]\n-cache-dir = {t}/k\n"}),
    "value relative": Row(files={USER: conf(cache_dir="rel")}),
    "value with tilde": Row(files={USER: conf(cache_dir="~/rel")}),
    "value with percent and dollar": Row(files={USER: conf(cache_dir="{t}/%(x)s-$HOME")}),
    "value quoted": Row(files={USER: conf(cache_dir='"{t}/q"')}),
    "value with a comment": Row(files={USER: "[global]\ncache-dir = {t}/k # not a comment\n# one\n"}),
    "value of two lines": Row(files={USER: "[global]\ncache-dir = {t}/k\n    /l\n"}),
    "value beyond ascii": Row(files={USER: conf(cache_dir="{t}/é€")}),
    # broken
    "broken: no section": Row(files={USER: "cache-dir = {t}/k\n"}),
    "broken: section twice": Row(files={USER: here("a") + here("b")}),
    "broken: key twice": Row(files={USER: "[global]\ncache-dir = {t}/k\ncache-dir = {t}/l\n"}),
    "broken: key without value": Row(files={USER: "[global]\ncache-dir\n"}),
    "broken: not utf-8": Row(files={USER: "[global]\nx = \udcff\n"}),
    "broken: byte order mark": Row(files={USER: "\ufeff[global]\ncache-dir = {t}/k\n"}),
    "broken: but not read": Row(environ={"PIP_CONFIG_FILE": "/dev/null"}, files={USER: "cache-dir = {t}/k\n"}),
    "a directory for a file": Row(files={f"{USER}/x": ""}),
    # command line
    "argument": Row(arguments=("--cache-dir", "{t}/a"), environ={"PIP_CACHE_DIR": "{t}/b", "PIP_NO_CACHE_DIR": "1"}),
    "argument relative": Row(arguments=("--cache-dir", "./a")),
    "argument with tilde": Row(arguments=("--cache-dir", "~/a")),
    "argument empty": Row(arguments=("--cache-dir", "")),
    "argument, and a broken file": Row(
        arguments=("--cache-dir", "{t}/a"), files={USER: "x\n"}, differs="the file decides nothing, so it may be broken"
    ),
    "argument to have none": Row(arguments=("--no-cache-dir",), environ={"PIP_CACHE_DIR": "{t}/b"}),
    "isolated from variables": Row(arguments=("--isolated",), environ={"PIP_CACHE_DIR": "{t}/a"}),
    "isolated from the user's": Row(arguments=("--isolated",), files={USER: here("u"), LEGACY: here("l")}),
    "isolated, the system's and the environment's": Row(
        arguments=("--isolated",), environ=IN_SYSTEM, files={SYSTEM: here("s", "cache"), VENV: here("v")}
    ),
    "isolated, named": Row(arguments=("--isolated",), environ=BY_NAME, files={NAMED: here("n")}),
    "isolated, xdg": Row(arguments=("--isolated",), environ={"XDG_CACHE_HOME": "{t}/x"}),
    "isolated, section of the variables in a file": Row(arguments=("--isolated",), files={VENV: here("e", ":env:")}),
    "isolated from a bad word": Row(
        arguments=("--isolated",),
        environ={"PIP_NO_CACHE_DIR": "maybe"},
        differs="pip's outer parser reads everything before --isolated counts",
    ),
}


def prepare(row: Row, folder: Path, environment: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write the row's files, and an environment of its own; return its variables and arguments."""
    for name in ("home", "cwd", "target", "venv/bin"):
        (folder / name).mkdir(parents=True)
    (folder / "link").symlink_to("target")
    (folder / "loop").symlink_to("loop")
    # The same pip under another prefix, so that a row's `pip.conf` is its own.
    shutil.copy(environment / "pyvenv.cfg", folder / "venv")
    (folder / "venv/bin/python").symlink_to((environment / "bin/python").resolve())
    (folder / "venv/lib").symlink_to(environment / "lib")
    for name, text in row.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.replace("{t}", str(folder)).encode("utf-8", "surrogateescape"))
    if row.is_foreign:
        if os.geteuid() == 0:
            os.chown(folder / "home", 65534, 65534)
        else:
            (folder / "home").chmod(0o555)
    variables = {"HOME": "{t}/home", "PATH": "/usr/bin:/bin", **row.environ}
    environ = {name: value.replace("{t}", str(folder)) for name, value in variables.items() if value != "-"}
    return environ, tuple(word.replace("{t}", str(folder)) for word in row.arguments)


def answer_of_pip(folder: Path, environ: dict[str, str], arguments: tuple[str, ...]) -> str:
    command = [str(folder / "venv/bin/python"), "-m", "pip", "cache", "dir", *arguments]
    ran = run(command, cwd=folder / "cwd", env=environ)
    if ran.returncode == 0:
        return ran.stdout.removesuffix("\n")
    return OFF if "since cache is disabled" in ran.stderr else ERROR


def our_answer(folder: Path, environ: dict[str, str], arguments: tuple[str, ...], version: str) -> str:
    import pwd  # noqa: PLC0415 - not on Windows, where this test does not run

    machine = Machine(
        environ=environ,
        platform="linux",
        home=pwd.getpwuid(os.getuid()).pw_dir,
        cwd=str(folder / "cwd"),
        prefix=str(folder / "venv"),
        uid=os.geteuid(),
        pip_version=tuple(map(int, version.split("."))),
    )
    try:
        cache = locate(
            machine,
            cache_dir=arguments[1] if arguments[:1] == ("--cache-dir",) else None,
            no_cache_dir="--no-cache-dir" in arguments,
            isolated="--isolated" in arguments,
        )
    except CacheDisabledError:
        return OFF
    except BadRequestError:
        return ERROR
    return OFF if cache.disabled_by else cache.path


@pytest.mark.skipif(os.name == "nt", reason="the table is written for Linux")
@pytest.mark.parametrize("version", PIPS)
def test_we_name_the_directory_that_pip_names(version: str, tmp_path: Path, pip_of: Callable[[str, str], Pip]) -> None:
    environment = Path(pip_of(version, PIPS[version]).python).parents[1]

    def answers(title: str) -> tuple[str, str]:
        folder = tmp_path / "".join(letter if letter.isalnum() else "-" for letter in title)
        environ, arguments = prepare(ROWS[title], folder, environment)
        return answer_of_pip(folder, environ, arguments), our_answer(folder, environ, arguments, version)

    # The newest pip has every row; of the others, one of so many and those on which we differ, or all in a drill.
    rows = [*ROWS] if version == NEWEST else part_of(ROWS, EVERY, lambda title: ROWS[title].differs)
    with ThreadPoolExecutor(2) as pool:
        answered = dict(zip(rows, pool.map(answers, rows), strict=True))

    agreed = {title for title, (theirs, ours) in answered.items() if theirs == ours}
    disagreements = {title: both for title, both in answered.items() if title not in agreed}
    assert {title for title, row in ROWS.items() if row.differs} == disagreements.keys(), disagreements
