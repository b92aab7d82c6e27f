"""The list of vendored files names each of them, with the digest that it has and the modules that it holds."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

import pipcacheplus

PACKAGE = Path(pipcacheplus.__file__).parent
ASSETS = PACKAGE / "render" / "report" / "assets"
OURS = {"report.css", "report.html", "report.js"}
LISTS = {"vendored.cdx.json", "d3.LICENSE"}
CODE_AND_SCHEMAS = re.compile(r".*\.pyc?|py\.typed|render/schemas/[a-z-]+\.json")


@pytest.fixture(scope="module")
def sbom() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ASSETS.joinpath("vendored.cdx.json").read_text(encoding="utf-8"))
    return document


def vendored(sbom: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the listed files by their paths in the package."""
    return {part["name"].removeprefix("pipcacheplus/"): part for part in sbom["components"]}


def test_every_file_that_is_no_code_of_this_project_is_listed(sbom: dict[str, Any]) -> None:
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    others = {path for path in files if not CODE_AND_SCHEMAS.fullmatch(path)}
    own = {ASSETS.joinpath(name).relative_to(PACKAGE).as_posix() for name in OURS | LISTS}
    assert others - own == set(vendored(sbom))


def test_each_listed_file_has_its_digest(sbom: dict[str, Any]) -> None:
    for path, part in vendored(sbom).items():
        (stated,) = part["hashes"]
        found = hashlib.sha256(PACKAGE.joinpath(path).read_bytes()).hexdigest()
        assert (stated["alg"], stated["content"]) == ("SHA-256", found), path


def test_the_modules_of_the_bundle_are_those_of_its_first_line(sbom: dict[str, Any]) -> None:
    first = ASSETS.joinpath("d3.js").read_text(encoding="ascii").partition("\n")[0]
    stated = [
        (module["name"], module["version"], module["purl"])
        for module in vendored(sbom)["render/report/assets/d3.js"]["components"]
    ]
    assert stated
    assert stated == [
        (name, version, f"pkg:npm/{name}@{version}") for name, version in re.findall(r"([a-z0-9-]+) ([\d.]+\d)", first)
    ]


def test_the_list_is_of_this_version(sbom: dict[str, Any]) -> None:
    described = sbom["metadata"]["component"]
    assert (described["name"], described["version"]) == ("pipcacheplus", pipcacheplus.__version__)
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.6")
