"""Settings of the API reference: what the packages' menus list, from its docstrings. ``make docs`` builds it."""

from __future__ import annotations

import re
from typing import Any

project = "boneage"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1200px", "show_powered_by": False}
html_show_copyright = False

napoleon_google_docstring = False
napoleon_use_param = False
suppress_warnings = [
    "ref.python"
]  # types are prose, "ndarray of shape (n, ndim)", of which words are looked up as names
napoleon_use_rtype = False
napoleon_use_ivar = True
autodoc_default_options = {"members": True}
autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # docstrings have them
python_maximum_signature_line_length = 100


def name_references(_app: Any, _what: str, name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Give the references of a docstring, each of which begins at [1], labels of their own on its page."""
    for place, line in enumerate(lines):
        lines[place] = re.sub(r"(?<=^\.\. )\[(\d+)\]|\[(\d+)\](?=_)", rf"[#{name}-\1\2]", line)


def setup(app: Any) -> None:
    """Have references named once docstrings are in reST."""
    app.connect("autodoc-process-docstring", name_references, priority=900)
