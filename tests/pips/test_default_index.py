"""Which index a pip asks by default, as it tells itself."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.host.interpreter_cache import InterpreterCache
from pipcacheplus.pips.default_index import default_index, file_hosts
from tests.support.pips import NEWEST, Pip
from tests.support.processes import run


def asked(pip: Pip, memory: InterpreterCache | None = None, settings: dict[str, str] | None = None) -> str | None:
    given = {**os.environ, **(settings or {})}
    return default_index(pip.python, pip.python, environ=given, null=os.devnull, memory=memory)


@pytest.mark.parametrize(("version", "interpreter"), [("21.3.1", "3.8"), ("23.2.1", "3.11"), (NEWEST, "3.13")])
def test_every_pip_tells_the_same_index(pip_of: Callable[[str, str], Pip], version: str, interpreter: str) -> None:
    url = asked(pip_of(version, interpreter))
    assert url is not None
    assert url.startswith("https://")
    assert url.rstrip("/").endswith("/simple")
    assert url == asked(pip_of(NEWEST, "3.11"))


def _file_of(pip: Pip) -> str:
    return run([pip.python, "-c", "import pip; print(pip.__file__)"], is_checked=True).stdout.strip()


@pytest.mark.parametrize(
    ("version", "interpreter"),
    [("18.1", "3.6"), ("20.3.4", "3.8"), (NEWEST, "3.13")],
)
def test_the_source_of_a_pip_says_what_its_help_says_and_nothing_is_run(
    pip_of: Callable[[str, str], Pip], tmp_path: Path, version: str, interpreter: str
) -> None:
    pip = pip_of(version, interpreter)
    told = default_index(str(tmp_path / "no python"), _file_of(pip), environ={}, null=os.devnull)
    assert told is not None
    assert told == asked(pip)


@pytest.mark.parametrize(
    ("file", "said", "instead"),
    [
        ("models/index.py", "PackageIndex(", "OtherIndex("),
        ("models/index.py", "_url_for_path('simple')", "_url_for_path('other')"),
        ("cli/cmdoptions.py", "default=PyPI.simple_url,", "default=OWN,"),
        ("cli/cmdoptions.py", "", "\xff"),
    ],
)
def test_a_pip_whose_source_was_changed_is_asked(tmp_path: Path, file: str, said: str, instead: str) -> None:
    texts = {
        "models/index.py": "PyPI = PackageIndex('https://own.example/',)\nsimple_url = self._url_for_path('simple')",
        "cli/cmdoptions.py": "'--index-url', default=PyPI.simple_url,",
    }
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho '--index-url (default https://asked.example/simple)'\n", encoding="utf-8")
    program.chmod(0o755)

    def told() -> str | None:
        for name, text in texts.items():
            path = tmp_path / "_internal" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="latin-1")
        return default_index(str(program), str(tmp_path / "__init__.py"), environ=dict(os.environ), null=os.devnull)

    assert told() == "https://own.example/simple"
    texts[file] = texts[file].replace(said, instead, 1)
    assert told() == "https://asked.example/simple"


@pytest.mark.parametrize(("version", "interpreter"), [("21.3.1", "3.8"), (NEWEST, "3.13")])
def test_every_pip_tells_the_host_of_its_files(
    pip_of: Callable[[str, str], Pip], version: str, interpreter: str
) -> None:
    hosts = file_hosts(_file_of(pip_of(version, interpreter)))
    assert all(host.startswith("https://") and host.count("/") == 2 for host in hosts)
    assert len(hosts) == 2  # of the index, and of the one to try things with


def test_a_pip_that_tells_no_host_is_none_of_ours_to_guess(tmp_path: Path) -> None:
    (tmp_path / "_internal" / "models").mkdir(parents=True)
    assert file_hosts(str(tmp_path / "__init__.py")) == ()
    (tmp_path / "_internal" / "models" / "index.py").write_bytes(b'file_storage_domain="\xff"')
    assert file_hosts(str(tmp_path / "__init__.py")) == ()


def test_a_setting_does_not_change_the_default(pip_of: Callable[[str, str], Pip], tmp_path: Path) -> None:
    pip = pip_of(NEWEST, "3.11")
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://index.example/simple/\n", encoding="utf-8")
    settings = {"PIP_INDEX_URL": "https://index.example/simple/", "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
    assert asked(pip, settings=settings) == asked(pip)


def test_nothing_is_run_from_the_current_directory(
    pip_of: Callable[[str, str], Pip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = pip_of(NEWEST, "3.11")
    for name in ("pip", "runpy", "optparse"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w'); print('--index-url (default https://x.example)')")
    elsewhere = asked(pip)
    monkeypatch.chdir(tmp_path)
    assert elsewhere is not None
    assert elsewhere == asked(pip)
    assert not (tmp_path / "was-run").exists()


def test_an_answer_is_remembered(pip_of: Callable[[str, str], Pip], tmp_path: Path) -> None:
    pip, memory = pip_of(NEWEST, "3.11"), InterpreterCache(str(tmp_path / "state"))
    first = asked(pip, memory)
    (kept,) = (tmp_path / "state").iterdir()
    assert first == asked(pip, memory)
    assert first is not None
    assert first in kept.read_text(encoding="utf-8")


def test_a_python_without_pip_knows_none(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    assert default_index(str(program), str(program), environ={}, null=os.devnull) is None


def test_a_python_that_is_not_there_knows_none(tmp_path: Path) -> None:
    assert default_index(str(tmp_path / "none"), sys.executable, environ={}, null=os.devnull) is None
