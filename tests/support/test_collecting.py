"""Each test can be collected on Windows, where modules, functions and signals of POSIX are missing."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.processes import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it makes a Windows of Linux")

PLAIN = "import {0}\n\ndef test() -> None:\n    pass\n"


def collected(*what: str, cwd: Path, temporary: Path) -> tuple[int, str]:
    """Return the exit code of pytest, and its output; what it leaves is in the temporary folder."""
    options = ("-p", "tests.support.collecting", "-p", "no:cacheprovider", "-s", "-q", "--collect-only")
    done = run((sys.executable, "-m", "pytest", *options, *what), cwd=cwd, env={**os.environ, "TMPDIR": str(temporary)})
    return done.returncode, done.stdout + done.stderr


def test_each_test_can_be_collected_on_windows(tmp_path: Path) -> None:
    top = Path(__file__).parents[2]
    code, text = collected("tests", cwd=top, temporary=tmp_path)
    assert code == 0, "\n".join(line for line in text.splitlines() if "::" not in line)[-4000:]
    assert not list(top.glob("pipcacheplus-*")), "what tests made at import lies beside them"


@pytest.mark.parametrize(("module", "code"), [("json", 0), ("resource", 2)])
def test_a_module_that_is_missing_there_would_be_noticed(tmp_path: Path, module: str, code: int) -> None:
    (tmp_path / "test_it.py").write_text(PLAIN.format(module), encoding="utf-8")
    top = Path(__file__).parents[2]
    found, text = collected("--rootdir", str(tmp_path), str(tmp_path / "test_it.py"), cwd=top, temporary=tmp_path)
    assert found == code, text
