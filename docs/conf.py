"""Settings of the site: `nox -s docs`, or `sphinx-build docs FOLDER`.

The pages are Markdown that also works on a code host: links are relative, and lead to files. Pages of the repository
that lie above this folder (`README.md`) have a page in `project/`; their text is read when the site is built.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import pipcacheplus
from pipcacheplus import errors

DOCS = Path(__file__).resolve().parent
TOP = DOCS.parent

project = "pipcacheplus"
author = copyright = "The pipcacheplus maintainers"  # noqa: A001 - the name that Sphinx reads
version = release = pipcacheplus.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["man"]
nitpicky = True

smartquotes = False
"""They would make a dash of the two hyphens of an option."""

html_theme = "furo"
html_title = f"pipcacheplus {version}"
html_show_copyright = False
html_show_sphinx = False

myst_heading_anchors = 4
myst_linkify_fuzzy_links = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
default_role = "code"
"""Docstrings write code as Markdown does, in single backticks."""
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
nitpick_ignore_regex = [("py:.*", r"(?!pipcacheplus).*")]
"""Names of other packages: their pages are elsewhere, and the site is built without a network."""

copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

_ABOVE = {
    page.stem.upper() + ".md": f"project/{page.stem}" for page in DOCS.glob("project/*.md") if page.stem != "index"
}
"""Files of the repository that are pages of the site, with the names of these pages."""
_LINK = re.compile(r"(\]\(|^\[[^\]\n]+\]: )(?![a-z]+:|[#/])([^)#\s]+)", re.MULTILINE)
"""Of both forms: `[text](target)` and `[name]: target`."""
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _read_page(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the text of a page by that of the file above, and links to such files by links to their pages."""
    file = next((TOP / name for name, above in _ABOVE.items() if above == page), None)
    folder = (DOCS / page).parent
    if file is not None:
        source[0] = file.read_text(encoding="utf-8")
        app.env.note_dependency(str(file))

    def on_site(link: re.Match[str]) -> str:
        target = Path(os.path.normpath((folder if file is None else TOP) / link[2]))
        if target.parent == TOP and target.name in _ABOVE:
            return f"{link[1]}/{_ABOVE[target.name]}.md"
        relative = Path(os.path.relpath(target, folder)).as_posix()
        # Markdown that is no page of the site is a file, to be downloaded.
        return f"{link[1]}{'path:' if target.parent == TOP and target.suffix == '.md' else ''}{relative}"

    source[0] = _outside_code(source[0], on_site)


def _outside_code(text: str, on_site: Callable[[re.Match[str]], str]) -> str:
    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [_LINK.sub(on_site, text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, _LINK.sub(on_site, text[end:])])


def _find_public(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Element) -> Element | None:
    """Resolve the name of a module's class by its public name; names without one are shown without a link."""
    if node.get("refdomain") != "py" or not node["reftarget"].startswith("pipcacheplus."):
        return None
    name = node["reftarget"].rpartition(".")[2]
    home = "pipcacheplus.errors" if name in errors.__all__ else "pipcacheplus"
    if home == "pipcacheplus" and name not in pipcacheplus.__all__:
        return content
    domain = env.domains.python_domain
    return domain.resolve_any_xref(env, node["refdoc"], app.builder, f"{home}.{name}", node, content)[0][1]


class _Attributes:
    """The texts of attributes, which napoleon would take apart at a colon, as if a type stood before it."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def keep(self, _app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
        """Store a text before napoleon reads it."""
        self._lines = [*lines] if what in {"attribute", "property"} else []

    def restore(
        self, _app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]
    ) -> None:
        """Put the text back."""
        if self._lines:
            lines[:] = self._lines


def setup(app: Sphinx) -> None:
    """Connect all of this to Sphinx."""
    attributes = _Attributes()
    app.connect("autodoc-process-docstring", attributes.keep, priority=100)
    app.connect("autodoc-process-docstring", attributes.restore, priority=900)
    app.connect("source-read", _read_page)
    app.connect("missing-reference", _find_public)
