"""The pages that follow from the code say what the code says."""

import importlib.util
from pathlib import Path
from types import ModuleType

from pipcacheplus.checks.base.check import checks

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_checks_is_the_one_that_the_code_writes() -> None:
    assert (DOCS / "reference" / "checks.md").read_text(encoding="utf-8") == generator().checks_page(), (
        "run `python docs/generate.py`"
    )


def test_every_check_says_what_why_and_what_to_do() -> None:
    for check in checks():
        name = "pipcacheplus.checks." + check.slug.replace("-", "_")
        assert importlib.util.find_spec(name), f"the slug {check.slug} is not the name of its module"
        doc = importlib.import_module(name).__doc__ or ""
        assert "**Why it matters.**" in doc, check.slug
        assert "**What to do.**" in doc, check.slug


def test_every_link_of_a_page_leads_to_a_page() -> None:
    for page in [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]:
        text = page.read_text(encoding="utf-8")
        for target in [part.split(")")[0] for part in text.split("](")[1:]]:
            if "://" not in target and not target.startswith("#"):
                assert (page.parent / target.split("#")[0]).exists(), f"{page.name}: {target}"
