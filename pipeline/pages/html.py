"""HTML pages: headings, text, tables, figures, pictures. They run no script and load nothing from the network."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1d21; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.4rem; } h3 { font-size: 1rem; margin-top: 1.8rem; }
table { border-collapse: collapse; font-size: 0.82rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.5rem; text-align: right; border-bottom: 1px solid #e4e7ea; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { border-bottom: 1px solid #8a929b; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; } .wide { overflow-x: auto; }
p { max-width: 58rem; } figcaption { color: #444c55; font-size: 0.85rem; max-width: 46rem; }
details > summary { font-size: 1.2rem; font-weight: 600; margin-top: 2rem; cursor: pointer; }
p.note { color: #5a636c; font-size: 0.85rem; }
p.warning { border-left: 4px solid #d55e00; background: #fdf3ec; padding: 0.5rem 0.8rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 0.9rem; }
.large.pictures { grid-template-columns: repeat(auto-fill, minmax(min(28rem, 100%), 1fr)); }
.pictures figure { margin: 0; } .pictures img { width: 100%; display: block; }
.pictures figcaption { font-size: 0.78rem; overflow-wrap: anywhere; }
table.text th, table.text td { text-align: left; } table.text td:last-child { white-space: normal; min-width: 14rem; }
@media print { details > summary { list-style: none; } figure, tr { break-inside: avoid; } }
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

    def add_heading(self, text: str, level: int = 2) -> None:
        """Add a heading, of level 2 or 3."""
        self._parts.append(f"<h{level}>{html.escape(text)}</h{level}>")

    def add_text(self, text: str, *, note: bool = False, warning: bool = False) -> None:
        """Add a paragraph; a note is small print, a warning stands out."""
        label = ' class="note"' if note else ' class="warning"' if warning else ""
        self._parts.append(f"<p{label}>{html.escape(text)}</p>")

    def add_table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        text: bool = False,
    ) -> None:
        """Add a table.

        Parameters
        ----------
        header : sequence of str
        rows : sequence of sequence of str
        text : bool
            Whether all columns are text, aligned to the left; else all but the first are aligned to the right.
        """
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
        body = "\n".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        kind = ' class="text"' if text else ""
        self._parts.append(f'<div class="wide"><table{kind}><tr>{head}</tr>\n{body}</table></div>')

    def add_figure(self, svg: str, caption: str = "") -> None:
        """Add a figure drawn by this package, as SVG."""
        words = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        self._parts.append(f"<figure>{svg}{words}</figure>")

    def add_pictures(self, pictures: Sequence[tuple[bytes, str]], *, large: bool = False) -> None:
        """Add PNG files side by side, each with its caption; large ones two abreast."""
        figures = [
            f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>"
            for png, caption in pictures
        ]
        kind = "large pictures" if large else "pictures"
        self._parts.append(f'<div class="{kind}">' + "\n".join(figures) + "</div>")

    @contextmanager
    def folded(self, title: str, *, opened: bool = False) -> Iterator[None]:
        """Put all that is added within under a title that a reader opens with a click."""
        self._parts.append(f"<details{' open' if opened else ''}><summary>{html.escape(title)}</summary>")
        yield
        self._parts.append("</details>")

    def render(self) -> str:
        """Return the page."""
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{self._title}</title>'
            f"<style>{_STYLE}</style></head><body>\n" + "\n".join(self._parts) + "\n</body></html>\n"
        )
