"""Write the reference pages that follow from the code: `python docs/generate.py`. A test compares them."""

import importlib
from pathlib import Path

from pipcacheplus.judging import checks

PAGE = Path(__file__).with_name("reference") / "checks.md"


def checks_page() -> str:
    """Return the page of all checks, from their docstrings."""
    lines = [
        "# Checks",
        "",
        "What `verify` looks for, and what `prune` removes. A bare `prune` takes what has the remedy `remove`; with",
        "reasons, it takes what is in their groups and has a remedy. This page is written from the code.",
    ]
    for check in checks():
        text = importlib.import_module("pipcacheplus.checks." + check.slug.replace("-", "_")).__doc__ or ""
        facts = f"group `{check.group.value}` · severity `{check.severity.value}` · remedy `{check.remedy.value}`"
        lines += ["", f"## {check.slug}", "", facts, "", text.strip()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(checks_page(), encoding="utf-8")
