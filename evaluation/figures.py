"""What all figures share: the palette, bare axes, and SVG that is the same for the same data."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""The palette of Okabe and Ito, which the colour-blind can tell apart."""

STYLES = ("-", "--", ":", "-.")


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of a size in inches with one pair of axes, open to the top and the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def to_svg(figure: Figure) -> str:
    """Return a figure as SVG, with its words as text; the same data give the same file."""
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "boneage", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def percent(value: float, _position: object = None) -> str:
    """Return a part as a whole percentage; also a formatter of ticks.

    Examples
    --------
    >>> percent(0.25)
    '25 %'
    """
    return f"{100 * value:.0f} %"
