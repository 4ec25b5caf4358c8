"""The page of a report: sections with figures, each of which is also a file beside the page."""

from __future__ import annotations

import datetime
from importlib.metadata import version
from pathlib import Path

from boneage.pipeline.pages.html import Page
from boneage.pipeline.storage.output import prepare_folder, write_atomically

RESEARCH = "Research use only; not a medical device."


class ReportPage(Page):
    """A page whose figures are saved as SVG files too.

    Parameters
    ----------
    title : str

    Attributes
    ----------
    figures : dict of str
        The SVG of each figure, by the name of its file.
    """

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.figures: dict[str, str] = {}

    def show_figure(self, name: str, svg: str, caption: str) -> None:
        """Add a figure, to be saved under a name."""
        self.figures[name] = svg
        self.add_figure(svg, caption)

    def write(self, path: Path) -> None:
        """Write the page, with the program and the date at its end, and its figures into ``figures/`` beside it.

        Raises
        ------
        UnusableOutput
            If a file cannot be written.
        """
        folder = prepare_folder(path.parent / "figures")
        for name, svg in self.figures.items():
            write_atomically(folder / f"{name}.svg", svg)
        self.add_text(f"Made by boneage {version('boneage')} on {datetime.date.today().isoformat()}.", note=True)
        write_atomically(path, self.render())
