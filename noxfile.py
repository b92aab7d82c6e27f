"""The run of every tool, here and in CI: `nox` runs lint, types, layers and tests."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "layers", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False

CODE = ("pipcacheplus", "tests", "examples", "noxfile.py", ".ci")
EPOCH = os.environ.get("SOURCE_DATE_EPOCH", "1767225600")
"""The time of all files in what is built, in seconds since 1970: what is built again has the same bytes."""
TESTS = (
    "argparse-manpage==4.8",  # the manual pages are what this version writes
    "hypothesis>=6.115",
    "jsonschema>=4.23",
    "markdown-it-py>=3",
    "prometheus-client>=0.21",
    "pytest>=8.3",
    "pytest-cov>=6",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "pyyaml>=6",
    "selenium>=4.20",
    "rich>=14",
    "textual>=8",
)
SITE = ("furo>=2024.8", "myst-parser>=4", "sphinx>=8", "sphinx-copybutton>=0.5.2")
RELEASE = ("build>=1.2", "check-wheel-contents>=0.6", "twine>=6", "validate-pyproject[all]>=0.24", "zizmor>=1.20")
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


@nox.session
def lint(session: nox.Session) -> None:
    """Format, lint, unused dependencies, dead code."""
    session.install("ruff>=0.14", "deptry>=0.23", "vulture>=2.14", ".")
    session.run("ruff", "format", "--check", *CODE)
    session.run("ruff", "check", *CODE)
    session.run("deptry", "pipcacheplus")
    session.run("vulture")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types, of the package and of its tests."""
    session.install("mypy>=1.18", "nox>=2025.2.9", "types-psutil", "types-pyyaml", *TESTS, ".")
    session.run("mypy", *CODE)


@nox.session
def layers(session: nox.Session) -> None:
    """Imports only point down."""
    session.install("import-linter>=2.17", ".")
    session.run("lint-imports", "--no-cache")


@nox.session
def tests(session: nox.Session) -> None:
    """Every test, against the built wheel and not the tree; with branch coverage."""
    session.install(*TESTS, _wheel(session))
    _pytest(session, "--cov", "--cov-report=term", "-n", "2", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site without a warning, print its links to other hosts, and run what its pages show."""
    session.install(*SITE, *TESTS, _wheel(session))
    site = _folder(session, "site")
    build = ("sphinx-build", "-q", "-W", "-n", "-d", str(site / "read"), "docs")
    session.run(*build, str(site / "html"))
    # Links to other hosts are printed and not fetched.
    session.run(*build, str(site / "links"), "-b", "linkcheck", "-D", "linkcheck_ignore=https?://")
    links = map(json.loads, (site / "links" / "output.json").read_text(encoding="utf-8").splitlines())
    for uri in sorted({link["uri"] for link in links if link["status"] == "ignored"}):
        session.log(f"link to another host: {uri}")
    session.log(f"the site is {site / 'html' / 'index.html'}")
    names = ("docs_site", "pages", "doctests", "command_lines", "readme_and_examples")
    _pytest(session, *(f"tests/documents/test_{name}.py" for name in names), *session.posargs)


@nox.session(python=PYTHONS)
def versions(session: nox.Session) -> None:
    """The tests that start no pip, on every Python that is supported."""
    session.install(*TESTS, _wheel(session))
    _pytest(session, "-m", "not pips", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Print how long we take, beside what a user would run instead."""
    session.install("pip", _wheel(session))
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def comparison(session: nox.Session) -> None:
    """Print what other tools that clean caches do about one damaged file, for the page that compares them."""
    session.install(*TESTS, _wheel(session))
    session.run("python", "-m", "tests.bench_comparison", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Fill caches with real pips from devpi-server, pypiserver and nginx, and find what is damaged in them."""
    session.install("devpi-client>=7", "devpi-server>=6.10", "pypiserver>=2.1", *TESTS, _wheel(session))
    env = {"PIPCACHEPLUS_DRILL": "1", "PIPCACHEPLUS_REQUIRE_PIPS": "1"}
    _pytest(session, "tests/servers", "--timeout", "600", *session.posargs, env=env)


@nox.session(name="drill-builds")
def drill_builds(session: nox.Session) -> None:
    """Build with real NumPys and a real pip, and again with others after a prune; skipped where there are none."""
    files = ("tests/test_outdated_builds.py", "tests/symptoms/test_builds.py")
    _drill(session, *files, "-rs", env={"PIPCACHEPLUS_REQUIRE_PIPS": ""})


@nox.session(name="drill-faults")
def drill_faults(session: nox.Session) -> None:
    """Let every call of a removal fail, write only a part or be the last, in every way; print the number of faults."""
    _drill(session, "tests/deletion/test_faults.py", "tests/deletion/test_file_systems.py")


@nox.session(name="drill-trash")
def drill_trash(session: nox.Session) -> None:
    """Do the same to moving to the trash and bringing back."""
    _drill(session, "tests/cli/test_trash.py", "-k", "goes_wrong")


@nox.session(name="drill-in-flight")
def drill_in_flight(session: nox.Session) -> None:
    """Remove what 500 real pips of each generation use; `nox -s drill-in-flight -- 1000` runs so many."""
    env = {"PIPCACHEPLUS_IN_FLIGHT": session.posargs.pop(0)} if session.posargs else {}
    _drill(session, "tests/deletion/test_in_flight.py", env=env)


@nox.session(name="drill-heal")
def drill_heal(session: nox.Session) -> None:
    """Let six generations of real pips fail by each kind of damage, and be cured by one more run."""
    _drill(session, "tests/wrap/test_healing.py")


@nox.session(name="drill-symptoms")
def drill_symptoms(session: nox.Session) -> None:
    """Let real pips of all generations say what the page of symptoms says, and follow the page."""
    _drill(session, "tests/symptoms", "-rs", env={"PIPCACHEPLUS_REQUIRE_PIPS": ""})


@nox.session(name="drill-hostile")
def drill_hostile(session: nox.Session) -> None:
    """Let every command meet every kind of hostile object."""
    _drill(session, "tests/deletion/test_hostile.py")


@nox.session(name="drill-fleet")
def drill_fleet(session: nox.Session) -> None:
    """Run commands over many caches: on a Dask cluster and MPI, with a million paths, all hostile kinds; takes root."""
    session.install("distributed>=2024.8", "pyarrow>=17", "mpi4py>=4")
    _drill(session, "tests/fleet", "-rs")


@nox.session(name="drill-systems")
def drill_systems(session: nox.Session) -> None:
    """Purge a cache, and bring it back, on every file system that this machine can make; takes root."""
    _drill(session, "tests/deletion/test_systems.py", "-rs")


@nox.session(name="drill-swapping")
def drill_swapping(session: nox.Session) -> None:
    """Swap parts of caches that are read and emptied for links, a million times."""
    _drill(session, "tests/deletion/test_swapping.py")


@nox.session(name="drill-model")
def drill_model(session: nox.Session) -> None:
    """Let pips and pruners take 20,000 courses on one cache."""
    _drill(session, "tests/deletion/test_model.py")


@nox.session(name="drill-histories")
def drill_histories(session: nox.Session) -> None:
    """Let 1,500 histories befall caches, and see whether what is remembered makes a difference."""
    _drill(session, "tests/replay/test_histories.py")


@nox.session(name="drill-catalog")
def drill_catalog(session: nox.Session) -> None:
    """Ask every question of every mixture, forge columns and turn bits, and read the worst input at its full size."""
    files = ("one_verdict", "forged", "checksum", "bad_input")
    _drill(session, *(f"tests/catalog/test_{name}.py" for name in files))


@nox.session(name="drill-kills")
def drill_kills(session: nox.Session) -> None:
    """Kill a run that writes its catalog at every line of its code and at every step of SQLite."""
    _drill(session, "tests/catalog/test_store_killed.py")


@nox.session(name="drill-locate")
def drill_locate(session: nox.Session) -> None:
    """Ask three real pips where their cache is, in every environment of the table."""
    _drill(session, "tests/pips/test_locate_beside_pip.py")


@nox.session(name="drill-fuzz")
def drill_fuzz(session: nox.Session) -> None:
    """Feed the readers with bytes that a fuzzer finds, for a minute or the given time."""
    session.install("atheris>=2.3", _wheel(session))
    session.chdir(_away_from_the_tree(session))
    session.run(
        "python", "tests/fuzz.py", *(session.posargs or ["-max_total_time=60", "-timeout=2", "-rss_limit_mb=2048"])
    )


@nox.session(name="drill-mutants")
def drill_mutants(session: nox.Session) -> None:
    """Change the code that deletes in a thousand ways, and see whether its tests notice."""
    session.install("mutmut>=3.3", *TESTS, ".")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def sdist(session: nox.Session) -> None:
    """Build the wheel from the unpacked sdist, and run the tests that start no pip from there."""
    session.install("build>=1.2", *TESTS)
    unpacked = _unpacked(session, _built(session, "dist", "--sdist"))
    _all_is_in(session, unpacked)
    session.chdir(unpacked)
    session.install(str(next(_built(session, "from-sdist", "--wheel").glob("*.whl"))))
    _pytest(session, "-m", "not pips", "-n", "2", *session.posargs)


@nox.session(name="release-check")
def release_check(session: nox.Session) -> None:
    """Check all that is uploaded, install it as a user does, and say what is missing before the first upload."""
    session.install(*RELEASE)
    session.run("validate-pyproject", "pyproject.toml")
    session.run("zizmor", "--offline", "--pedantic", ".github", "action.yml")
    dist = _built(session, "dist")
    files = sorted(map(str, dist.iterdir()))
    session.run("twine", "check", "--strict", *files)
    session.run("check-wheel-contents", *(file for file in files if file.endswith(".whl")))
    unpacked = _unpacked(session, dist)
    _all_is_in(session, unpacked)
    _same_bytes(session, dist, unpacked)
    _installed_and_run(session, next(dist.glob("*.tar.gz")))
    session.run("python", ".ci/release_ready.py")
    shutil.copytree(dist, "dist", dirs_exist_ok=True)  # where the workflow of a release takes it from


@nox.session(name="next-pip")
def next_pip(session: nox.Session) -> None:
    """Fill a cache with another pip, and find only known entries: `-- FOLDER` or any requirement; else the newest."""
    session.install(*TESTS, _wheel(session))
    where = session.posargs[0] if session.posargs else "pip"
    given = str(Path(where).resolve()) if Path(where).is_dir() else where
    _pytest(session, "tests/test_given_pip.py", "-rA", *session.posargs[1:], env={"PIPCACHEPLUS_PIP": given})


@nox.session
def changelog(session: nox.Session) -> None:
    """Show what the next CHANGELOG entry says."""
    session.install("towncrier>=24.8")
    session.run("towncrier", "build", "--draft", "--version", "next", *session.posargs)


def _drill(session: nox.Session, *what: str, env: Mapping[str, str] | None = None) -> None:
    """Run tests in their long form: all cases, no test skipped for want of a pip."""
    session.install(*TESTS, _wheel(session))
    drill = {"PIPCACHEPLUS_DRILL": "1", "PIPCACHEPLUS_REQUIRE_PIPS": "1", **(env or {})}
    _pytest(session, *what, "-n", "2", "--timeout", "7200", "--durations", "10", *session.posargs, env=drill)


def _pytest(session: nox.Session, *arguments: str, env: Mapping[str, str] | None = None) -> None:
    """Run tests away from the tree; the pips that they install are kept for all sessions."""
    kept = session.cache_dir.resolve() / "pytest"
    session.chdir(_away_from_the_tree(session))
    session.run("python", "-m", "pytest", "-o", f"cache_dir={kept}", *arguments, env=env)


def _wheel(session: nox.Session) -> str:
    """Build the wheel, and return its path."""
    out = _folder(session, "dist")
    session.install("build>=1.2")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(out), ".", silent=True)
    return str(next(out.glob("*.whl")))


def _built(session: nox.Session, purpose: str, *kind: str) -> Path:
    """Build what is here into a folder of its own, with the times of the newest change; return the folder."""
    out = _folder(session, purpose)
    session.run(
        "python", "-m", "build", *kind, "--outdir", str(out), ".", silent=True, env={"SOURCE_DATE_EPOCH": EPOCH}
    )
    return out


def _unpacked(session: nox.Session, dist: Path) -> Path:
    """Unpack the sdist of a folder, and return what it holds."""
    folder = _folder(session, "unpacked")
    shutil.unpack_archive(str(next(dist.glob("*.tar.gz"))), folder)
    return next(folder.iterdir())


def _all_is_in(session: nox.Session, unpacked: Path) -> None:
    """Compare an unpacked sdist with what git has, where there is a git."""
    if not Path(".git").exists():
        return
    listed = str(session.run("git", "ls-files", "-z", external=True, silent=True, log=False)).split("\0")
    missing = [name for name in listed if name and Path(name).exists() and not (unpacked / name).exists()]
    if missing:
        session.error(f"not in the sdist: {', '.join(missing)}; add them to [tool.flit.sdist]")


def _same_bytes(session: nox.Session, dist: Path, unpacked: Path) -> None:
    """Build from the unpacked sdist as well, whose files have other times, and compare both wheels."""
    with session.chdir(unpacked):
        again = _built(session, "again")
    for one in dist.iterdir():
        if one.read_bytes() != (again / one.name).read_bytes():
            session.error(f"{one.name} has other bytes if it is built from the sdist")
        session.log(f"{one.name}: the same {one.stat().st_size:,} bytes again")


def _installed_and_run(session: nox.Session, sdist_file: Path) -> None:
    """Install an sdist into a new environment, and run the demonstration there."""
    place = _folder(session, "installed")
    session.run("python", "-m", "venv", str(place), silent=True)
    python = str(place / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    session.run(python, "-m", "pip", "install", "--quiet", str(sdist_file), external=True)
    session.run(python, "-m", "pip", "check", external=True)
    with session.chdir(place):
        session.run(python, "-m", "pipcacheplus", "demo", silent=True, external=True)
    session.log("installed from the sdist; all steps of the demonstration went well")


def _away_from_the_tree(session: nox.Session) -> Path:
    """Copy all that the tests need but the package, so that it is the wheel that they import."""
    folder = _folder(session, "run")
    for name in ("tests", "examples", "docs", ".ci", ".github", "newsfragments"):
        shutil.copytree(name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", *map(str, Path().glob("*.md")), "action.yml", ".pre-commit-hooks.yaml"):
        shutil.copy(name, folder)
    return folder


def _folder(session: nox.Session, purpose: str) -> Path:
    """Make an empty folder of this session's own."""
    folder = Path(session.virtualenv.location).resolve() / "pipcacheplus" / purpose
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
