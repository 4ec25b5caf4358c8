"""HTML pages: headings, text, tables, figures, pictures. They run no script and load nothing from the network."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

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
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; margin: 1.2rem 0; }
.card { border: 1px solid #d8dde2; border-top: 4px solid #3f7f4f; border-radius: 4px; color: inherit;
  text-decoration: none; overflow: hidden; }
.card.flagged { border-top-color: #e69f00; } .card.refused { border-top-color: #b03a5b; }
.card img { width: 100%; aspect-ratio: 7 / 9; object-fit: cover; object-position: left top; display: block;
  background: #121418; }
.card .blank { aspect-ratio: 7 / 9; background: #eef0f2; color: #5a636c; display: grid; place-items: center; }
.card div.words { padding: 0.5rem 0.7rem; font-size: 0.82rem; overflow-wrap: anywhere; }
.card strong { display: block; font-size: 1.2rem; } .card span { display: block; color: #5a636c; }
.whole { max-width: 100%; height: auto; display: block; } a { color: #0b5a9c; }
@media print { details > summary { list-style: none; } figure, tr { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class Card:
    """A small picture with a title and lines of text, which leads to another page.

    Parameters
    ----------
    title : str
    lines : tuple of str
    link : str
        Path of the page that it leads to, relative to this one.
    picture : str
        Path of the picture, relative to the page; empty for a card without one.
    kind : {"ok", "flagged", "refused"}
        Sets the colour of its upper edge.
    """

    title: str
    lines: tuple[str, ...]
    link: str
    picture: str = ""
    kind: str = "ok"

    def render(self) -> str:
        """Return the card as HTML."""
        image = '<div class="blank">no picture</div>'
        if self.picture:
            image = f'<img alt="{html.escape(self.title)}" src="{quote(self.picture)}">'
        lines = "".join(f"<span>{html.escape(line)}</span>" for line in self.lines)
        return (
            f'<a class="card {html.escape(self.kind)}" href="{quote(self.link)}">'
            f'{image}<div class="words"><strong>{html.escape(self.title)}</strong>{lines}</div></a>'
        )


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
        links: Sequence[str] | None = None,
        text: bool = False,
    ) -> None:
        """Add a table.

        Parameters
        ----------
        header : sequence of str
        rows : sequence of sequence of str
        links : sequence of str, optional
            Path of the page that the first cell of each row leads to, relative to this page.
        text : bool
            Whether all columns are text, aligned to the left; else all but the first are aligned to the right.
        """
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
        cells = [[html.escape(cell) for cell in row] for row in rows]
        for row, link in zip(cells, links or (), strict=links is not None):
            row[0] = f'<a href="{quote(link)}">{row[0]}</a>'
        body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
        kind = ' class="text"' if text else ""
        self._parts.append(f'<div class="wide"><table{kind}><tr>{head}</tr>\n{body}</table></div>')

    def add_links(self, links: Sequence[tuple[str, str]]) -> None:
        """Add a line of links: label and path of each, relative to this page."""
        parts = (f'<a href="{quote(path)}">{html.escape(label)}</a>' for label, path in links)
        self._parts.append(f"<p>{' &nbsp; '.join(parts)}</p>")

    def add_cards(self, cards: Sequence[Card]) -> None:
        """Add cards, as many abreast as the window has room for."""
        self._parts.append('<div class="cards">' + "\n".join(card.render() for card in cards) + "</div>")

    def add_picture_file(self, path: str, caption: str) -> None:
        """Add a picture that lies in a file beside the page; a click opens it alone.

        Parameters
        ----------
        path : str
            Relative to the page.
        caption : str
            What a reader without the picture is given.
        """
        self._parts.append(
            f'<figure><a href="{quote(path)}"><img class="whole" alt="{html.escape(caption)}" src="{quote(path)}"></a>'
            "</figure>"
        )

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
