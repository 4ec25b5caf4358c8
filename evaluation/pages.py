"""Self-contained HTML pages: headings, text, tables, figures; nothing is loaded from anywhere."""

from __future__ import annotations

import html
from collections.abc import Sequence

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1d21; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.6rem; text-align: right; border-bottom: 1px solid #e4e7ea; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { border-bottom: 1px solid #8a929b; }
svg { max-width: 100%; height: auto; } .wide { overflow-x: auto; }
p.note { color: #5a636c; font-size: 0.85rem; }
"""


class Page:
    """A page that grows from the top; every text is escaped.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title: str) -> None:
        self._title = html.escape(title)
        self._parts = [f"<h1>{self._title}</h1>"]

    def add_heading(self, text: str) -> None:
        """Add a heading."""
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def add_text(self, text: str, *, note: bool = False) -> None:
        """Add a paragraph; a note is small print."""
        kind = ' class="note"' if note else ""
        self._parts.append(f"<p{kind}>{html.escape(text)}</p>")

    def add_table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table: the first column to the left, the others to the right."""
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
        body = "\n".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        self._parts.append(f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>')

    def add_figure(self, svg: str) -> None:
        """Add a figure drawn by this package, as SVG."""
        self._parts.append(f"<figure>{svg}</figure>")

    def render(self) -> str:
        """Return the page."""
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{self._title}</title>'
            f"<style>{_STYLE}</style></head><body>\n" + "\n".join(self._parts) + "\n</body></html>\n"
        )
