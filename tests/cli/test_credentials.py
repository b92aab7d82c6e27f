"""No credential that stands in a URL, wherever that is, is printed or stored."""

import io
import itertools
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.pips.urls import spellings
from tests.support import artefacts
from tests.support.builders import FILE_URL, INDEX_URL, Cache, page_headers
from tests.support.pages import link, page

COMMANDS = (
    ("dir",),
    ("info",),
    ("list",),
    ("list", "demo-user"),
    ("show", "kind:wheel", "kind:built-wheel", "kind:redirect", "kind:index-page"),
    ("verify",),
    ("prune", "-n", "--corrupt", "--stale", "--incompatible", "--min-age=0"),
    ("remove", "-n", "kind:wheel", "kind:built-wheel", "kind:redirect", "kind:index-page"),
    ("purge", "-n"),
    ("undo", "-n", "--list"),
    ("state",),
)
PATH_TOKEN = "Pt0kenSecretInIx"
"""In the path of an index, as a download server has it."""
QUERY_INDEX = "https://q.example/simple/?private_token=secretInQueryOfIndex"
PATH_INDEX = f"https://d.example/{PATH_TOKEN}/owner/repo/python/simple/"
USER_INDEX = "https://me:secretInIndexUrl@index.example/simple/"


class Planted:
    """A cache with a secret in each place where a URL can stand, and what they are."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache")
        self.folder = folder
        self.secrets: list[str] = []
        self.links: list[dict[str, object]] = []
        self._plant_links()
        self._plant_pages()
        self._plant_redirects()
        self._plant_origins()
        self.secrets += ["secretInQueryOfIndex", PATH_TOKEN, "secretInIndexUrl"]

    def secret(self, text: str) -> str:
        """Note that a text must never be seen, and return it."""
        self.secrets.append(text)
        return text

    def _link(self, project: str, url: str, *, is_damaged: bool = False) -> None:
        """Store a wheel under the last spelling of a URL, and link to it."""
        wheel = artefacts.wheel(self.folder, project, "1.0")
        content = wheel.read_bytes()
        self.cache.http_v2(spellings(url)[-1], content[:-9] + b"\0" * 9 if is_damaged else content)
        self.cache.http_v2(spellings(url)[-1] + ".metadata", b"Metadata-Version: 2.1\nName: x\nVersion: 1.0\n")
        told = {"filename": wheel.name, "hashes": {"sha256": "0" * 64}} if is_damaged else {"filename": wheel.name}
        self.links.append({**link(url, **{"core-metadata": {"sha256": "0" * 64}}), **told})

    def _plant_links(self) -> None:
        tails = {
            "user": f"https://me:{self.secret('secretInUserOfLink')}@files.example/packages/u/",
            "aws": f"{FILE_URL}/a/x.whl?X-Amz-Credential=A&X-Amz-Signature={self.secret('secretAws')}",
            "old-aws": f"{FILE_URL}/b/x.whl?AWSAccessKeyId=A&Signature={self.secret('secretAws2')}&Expires=1",
            "google": f"{FILE_URL}/c/x.whl?GoogleAccessId=A&X-Goog-Signature={self.secret('secretGoogle')}",
            "azure": f"{FILE_URL}/d/x.whl?sv=2020&sig={self.secret('secretAzure%3D')}",
            "unknown": f"{FILE_URL}/e/x.whl?z={self.secret('secretOfNobodysAtAll0')}",
            "job": f"{FILE_URL}/f/x.whl?job_token={self.secret('secretJob')}",
            "path": f"https://d.example/{self.secret('Pt0kenSecretLink')}/owner/repo/python/packages/x.whl",
            "named": f"{FILE_URL}/{self.secret('glpat-secretSecretSecret')}/x.whl",
            "conda": f"{FILE_URL}/t/{self.secret('secret-in-t-path')}/x.whl",
        }
        for name, url in tails.items():
            self._link(f"demo-{name}", url, is_damaged=name in {"user", "aws", "path"})

    def _plant_pages(self) -> None:
        page(self.cache, INDEX_URL + "demo/", "demo", self.links)
        source = f"https://me:{self.secret('secretInSource')}@files.example/built-1.0.tar.gz"
        self.cache.built_wheel("built", url=source, interpreter="310", has_origin=False)
        page(self.cache, INDEX_URL + "built/", "built", [link(source)])
        base = f"https://me:{self.secret('secretInBase')}@base.example/{self.secret('Pt0kenSecretBase')}/o/r/python/"
        self._html(INDEX_URL + "based/", f'<base href="{base}"><a href="based-1.0-py3-none-any.whl">x</a>')
        self.cache.http_v2(spellings(base + "based-1.0-py3-none-any.whl")[-1], b"x")
        for index in (PATH_INDEX, f"{QUERY_INDEX}/"):
            name = "in-query" if "?" in index else "in-path"
            self._html(f"{index}{name}/", f'<a href="../../files/{name}-1.0-py3-none-any.whl">x</a>', name)
        self.cache.http_v2("https://q.example/files/in-query-1.0-py3-none-any.whl", b"x")
        self.in_path = self.cache.http_v2(
            f"{PATH_INDEX.removesuffix('simple/')}files/in-path-1.0-py3-none-any.whl", b"x"
        )

    def _html(self, url: str, body: str, name: str = "based") -> str:
        content = f"<!DOCTYPE html><title>Links for {name}</title>{body}".encode()
        return self.cache.http_v2(url, content, headers=page_headers(content, content_type="text/html"))

    def _plant_redirects(self) -> None:
        self.cache.built_wheel("away")
        self.cache.built_wheel("gone")
        there = f"https://me:{self.secret('secretinlocation')}@new.example/simple/away/"
        self.cache.http_v2(INDEX_URL + "away/", status=301, headers={"Location": there})
        self._html(there, '<a href="../../files/away-1.0-py3-none-any.whl">x</a>', "away")
        self.behind = self.cache.http_v2("https://new.example/files/away-1.0-py3-none-any.whl", b"x")
        there = f"https://new.example/gone/?access_token={self.secret('secretInLocationQuery')}"
        self.cache.http_v2(INDEX_URL + "gone/", status=308, headers={"Location": there})
        self.cache.http_v2(there, b"nothing")

    def _plant_origins(self) -> None:
        urls: tuple[tuple[str, dict[str, object]], ...] = (
            (f"https://me:{self.secret('secretInOrigin')}@files.example/one-1.0.tar.gz", {"archive_info": {}}),
            (f"{FILE_URL}/two-1.0.tar.gz?sig={self.secret('secretInOriginQuery')}", {"archive_info": {}}),
            (f"file://me:{self.secret('secretInDirectory')}@host/three", {"dir_info": {}}),
            (
                f"https://me:{self.secret('secretInVcs')}@host.example/four.git",
                {"vcs_info": {"vcs": "git", "commit_id": "c0ffee", "requested_revision": "main"}},
            ),
            (
                f"git+https://oauth2:{self.secret('secretInVcsUrl')}@host.example/five.git",
                {"vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            ),
        )
        for number, (url, info) in enumerate(urls):
            self.cache.built_wheel(f"origin{number}", origin={"url": url, **info}, url=f"{FILE_URL}/{number}")


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    planted = Planted(tmp_path)
    config = tmp_path / "pip.conf"
    of_config = planted.secret("secretInConfiguration")
    config.write_text(f"[global]\nindex-url = https://me:{of_config}@config.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_INDEX_URL", f"https://me:{planted.secret('secretInVariable')}@variable.example/simple/")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"https://{planted.secret('secretInExtra')}@extra.example/ {QUERY_INDEX}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return planted


def run(planted: Planted, capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, stdout and stderr."""
    indexes = ("--index-url", USER_INDEX, "--index-url", PATH_INDEX)
    try:
        code = main([*arguments, "--cache-dir", str(planted.cache.path), *indexes])
    except SystemExit as error:
        code = int(error.code or 0)
    out, err = capfd.readouterr()
    return code, out, err


def own_files(planted: Planted) -> Iterator[Path]:
    """Yield our own files; those that lie in the trash are pip's, as they lay in the cache, but for the manifest."""
    yield from (path for path in (planted.folder / "state").rglob("*") if path.is_file())
    yield from planted.folder.glob(".pipcacheplus-trash-*/*/manifest")


def found_in(planted: Planted, content: str | bytes) -> list[str]:
    text = content if isinstance(content, str) else content.decode("latin-1")
    return [secret for secret in planted.secrets if secret.casefold() in text.casefold()]


def test_no_command_in_no_format_prints_a_credential(planted: Planted, capfd: pytest.CaptureFixture[str]) -> None:
    for command, form, more in itertools.product(COMMANDS, ("human", "json", "paths"), ((), ("-vv",))):
        code, out, err = run(planted, capfd, *command, "--format", form, *more)
        assert code in {0, 3, 4}, (command, err)
        assert (command, form, found_in(planted, out + err)) == (command, form, [])


def test_no_credential_is_stored(planted: Planted, capfd: pytest.CaptureFixture[str]) -> None:
    for command in (("verify",), ("list",), ("verify", "--deep"), ("show", "kind:wheel")):
        run(planted, capfd, *command)
    what = ("kind:wheel", "kind:redirect", "kind:built-wheel")
    code, _, err = run(planted, capfd, "remove", "--trash", "--exclusive", *what)
    assert code == 0, err
    run(planted, capfd, "list")
    own = list(own_files(planted))
    assert {".sqlite3", "manifest"} <= {path.suffix or path.name for path in own}
    assert {path.name: found_in(planted, path.read_bytes()) for path in own} == {path.name: [] for path in own}
    assert found_in(planted, run(planted, capfd, "undo", "-vv")[1]) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "https://me:secretAsked@host.example/x.whl"),
        ("list", "https://host.example/x.whl?sig=secretAsked"),
        ("list", "https://me:se/cretAsked@host.example/x.whl"),
        ("remove", "-n", "https://me:secretAsked@host.example/x.whl", "--error-on-no-match"),
        ("list", "x" * 5000 + "://me:secretAsked@host.example"),
        ("list", "https://me:secretAsked" + "x" * 5000 + "@host.example"),
        ("list", "--index", "https://me:secretAsked@host.example/"),
        ("dir", "https://me:secretAsked@host.example/"),
        ("https://me:secretAsked@host.example/",),
        ("list", "--format", "https://me:secretAsked@host.example/"),
    ],
)
@pytest.mark.parametrize("form", [(), ("--format", "json")])
def test_no_credential_that_was_typed_is_repeated(
    planted: Planted, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], form: tuple[str, ...]
) -> None:
    with suppress(SystemExit):
        main([*arguments, *form, "--cache-dir", str(planted.cache.path)])
    out, err = capfd.readouterr()
    assert out + err
    assert "cretasked" not in (out + err).casefold()


def test_what_is_cut_is_shown_with_a_mark_of_it(planted: Planted, capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(planted, capfd, "list", "--format", "json")
    entries = json.loads(out)["entries"]
    names = {entry["filename"].partition("-")[0]: entry for entry in entries if entry["kind"] == "wheel"}
    assert {name.replace("_", "-"): entry["url_shown"] for name, entry in names.items()} == {
        "demo-user": "https://files.example/packages/u/",
        "demo-aws": f"{FILE_URL}/a/x.whl?…",
        "demo-old-aws": f"{FILE_URL}/b/x.whl?…",
        "demo-google": f"{FILE_URL}/c/x.whl?…",
        "demo-azure": f"{FILE_URL}/d/x.whl?…",
        "demo-unknown": f"{FILE_URL}/e/x.whl?…",
        "demo-job": f"{FILE_URL}/f/x.whl?…",
        "demo-path": "https://d.example/…/owner/repo/python/packages/x.whl",
        "demo-named": f"{FILE_URL}/…/x.whl",
        "demo-conda": f"{FILE_URL}/t/…/x.whl",
    }
    assert {entry["url"] for entry in entries if "…" in (entry["url_shown"] or "")} == {None}
    assert {entry["url"] == entry["url_shown"] for entry in entries if "…" not in (entry["url_shown"] or "")} == {True}
    by_id = {entry["id"]: entry["url_shown"] for entry in entries}
    assert by_id[planted.in_path] == "https://d.example/…/owner/repo/python/files/in-path-1.0-py3-none-any.whl"
    assert by_id[planted.behind] == "https://new.example/files/away-1.0-py3-none-any.whl"
    origins = {entry["project"]: entry["origin"] for entry in entries if entry["origin"] is not None}
    assert origins["origin3"] == {
        "url": None,
        "url_shown": "https://…@host.example/four.git",
        "directory": False,
        "vcs": "git",
        "commit": "c0ffee",
        "requested_revision": "main",
        "subdirectory": None,
        "source_sha256": None,
    }


def test_what_is_remembered_of_cut_urls_makes_no_difference(
    planted: Planted, capfd: pytest.CaptureFixture[str]
) -> None:
    for form in ("human", "json", "json"):
        remembered = run(planted, capfd, "list", "--format", form)
        anew = run(planted, capfd, "list", "--format", form, "--no-catalog")
        assert remembered == anew
