"""Write the reference pages that follow from the code: `python docs/generate.py`. A test compares them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from generate_api import api_page
from generate_checks import checks_page
from generate_commands import commands_page
from generate_exits import exits_page
from generate_schemas import schemas_page
from generate_settings import settings_page

FOLDER = Path(__file__).with_name("reference")
PAGES: Mapping[str, Callable[[], str]] = {
    "api.md": api_page,
    "checks.md": checks_page,
    "commands.md": commands_page,
    "exit-codes.md": exits_page,
    "schemas.md": schemas_page,
    "settings.md": settings_page,
}
"""The pages by the names of their files."""

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
