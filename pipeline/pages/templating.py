"""Pages from templates: everything put into them is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def render_template(name: str, **values: object) -> str:
    """Fill a template of this package with values.

    Parameters
    ----------
    name : str
        Of a file in ``templates/``.
    **values : object
        By the names that the template has for them.
    """
    return _environment().get_template(name).render(**values) + "\n"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # most runs write no pages

    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
