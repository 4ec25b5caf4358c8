"""The error map: where on the anatomy the localiser errs, drawn on its mean shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.figures.style import to_svg
from boneage.evaluation.metrics.landmark_errors import LandmarkErrors, summarise_distances

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

_LARGEST = 420.0  # area of the largest circle, in square points
_FONT = 6.5  # points
_LINE_HEIGHT = 0.125  # inches from one label to the next, at least
_SHAPE = (3.4, 5.4)  # inches: the most the shape is wide and high
_KEY = 1.3  # inches to the right, for the two scales
_GAP = 0.25  # inches between shape and labels
_TITLE = 0.25  # inches above several views, for their names
_LONGEST = 40  # characters of a label
_NARROWEST = 0.6  # inches of a side view: a flat shape's circles need room
_DASHED = (0, (2, 1.5))


def draw_error_map(errors: LandmarkErrors, shape: Array, pairs: Sequence[tuple[str, str]] = ()) -> str:
    """Draw a circle at each landmark of a mean shape: its colour the median error, its area the 95th percentile.

    Parameters
    ----------
    errors : LandmarkErrors
    shape : ndarray of shape (n_landmarks, ndim)
        Where ``errors.names`` lie, in any unit; a row of NaN is not drawn. A shape in space is seen along its planes,
        with names, and from the side.
    pairs : sequence of pairs of str, optional
        Landmarks to join by a line.

    Raises
    ------
    ValueError
        If the shape has another number of landmarks, or none of them can be drawn.
    """
    if len(shape) != len(errors.names):
        raise ValueError(f"the shape must have {len(errors.names)} landmarks, got {len(shape)}")
    views = _views(np.asarray(shape, np.float64))
    found = [d[np.isfinite(d)] for d in errors.distances.T]
    drawn = np.array([not np.isnan(p[0]) and len(d) > 0 for p, d in zip(shape, found, strict=True)])
    if not drawn.any():
        raise ValueError("no landmark has both a place in the mean shape and an error")
    shown = np.flatnonzero(drawn)
    names = [errors.names[k] for k in shown]
    figure, all_axes = _new_map([places[shown] for places in views], names)
    for axes, places in zip(all_axes, views, strict=True):
        _draw_lines(axes, errors.names, places, drawn, pairs)
    _label(all_axes[0], names, views[0][shown])
    _draw_circles(figure, all_axes, errors, views, shown)
    return to_svg(figure)


def _views(shape: Array) -> list[Array]:
    """Return rows and columns of the landmarks as they are seen: of a shape in space from the front and the side."""
    return [shape[:, -2:], shape[:, [1, 0]]] if shape.shape[1] == 3 else [shape]


def _new_map(views: Sequence[Array], names: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """Return a figure with room for the shape between its labels, its side view, and the scales to the right."""
    from matplotlib.figure import Figure

    label = _GAP + 0.0085 * _FONT * min(max(map(len, names)), _LONGEST)
    low, size = views[0].min(axis=0), np.maximum(np.ptp(views[0], axis=0), 1e-9)
    scale = min(_SHAPE[0] / size[1], _SHAPE[1] / size[0])
    height = max(scale * size[0], _LINE_HEIGHT * (len(names) // 2 + 1), 2.5)
    margin, head = 0.2, _TITLE if len(views) > 1 else 0.0
    widths = [scale * size[1], *(max(scale * float(np.ptp(view[:, 1])), _NARROWEST) for view in views[1:])]
    lefts = [label, *(2 * label + widths[0] + _GAP for _ in views[1:])]
    whole = (lefts[-1] + widths[-1] + (_GAP if len(views) > 1 else label) + _KEY, height + 2 * margin + head)
    figure = Figure(figsize=whole)
    spare = (height / scale - size[0]) / 2
    all_axes = []
    for view, left, width in zip(views, lefts, widths, strict=True):
        axes = figure.add_axes((left / whole[0], margin / whole[1], width / whole[0], height / whole[1]))
        axes.axis("off")
        middle = (view[:, 1].min() + view[:, 1].max()) / 2
        axes.set_xlim(middle - width / scale / 2, middle + width / scale / 2)
        axes.set_ylim(low[0] + size[0] + spare, low[0] - spare)
        all_axes.append(axes)
    for axes, title in zip(all_axes, ("coronal", "sagittal") if len(views) > 1 else ("",), strict=True):
        axes.set_title(title, fontsize=8, color="0.4", pad=14)
    return figure, all_axes


def _draw_lines(
    axes: Axes, names: Sequence[str], places: Array, drawn: NDArray[np.bool_], pairs: Sequence[tuple[str, str]]
) -> None:
    where = {name: place for name, place, there in zip(names, places, drawn, strict=True) if there}
    for first, second in pairs:
        if first in where and second in where:
            (r0, c0), (r1, c1) = where[first], where[second]
            axes.plot([c0, c1], [r0, r1], color="0.75", linewidth=1.2, zorder=1)


def _draw_circles(
    figure: Figure, all_axes: Sequence[Axes], errors: LandmarkErrors, views: Sequence[Array], shown: NDArray[np.int64]
) -> None:
    summaries = [summarise_distances(errors.distances[:, k]) for k in shown]
    # Where the quantile lies among those not found it is infinite: as large and as dark as others get, and dashed.
    medians = np.array([s["median"] for s in summaries])
    tails = np.array([s["percentile_95"] for s in summaries])
    top = float(tails[np.isfinite(tails)].max(initial=1e-9))
    dark = float(medians[np.isfinite(medians)].max(initial=1e-9))
    axes = all_axes[0]
    for axes, places in zip(all_axes, views, strict=True):
        circles = axes.scatter(
            places[shown, 1], places[shown, 0], s=_LARGEST * np.minimum(tails, top) / top, c=np.minimum(medians, dark),
            vmin=0, vmax=dark, cmap="viridis_r", edgecolors="0.2", linewidths=0.8, zorder=3, clip_on=False,
            linestyles=["-" if np.isfinite(tail) else _DASHED for tail in tails],
        )  # fmt: skip
    width = figure.get_figwidth()
    left = 1 - (_KEY - 0.35) / width
    bar = figure.colorbar(circles, cax=figure.add_axes((left, 0.56, 0.14 / width, 0.34)))
    bar.ax.set_title(f"median\n({errors.unit})", fontsize=8, loc="left")
    bar.ax.tick_params(labelsize=8)
    bar.solids.set(rasterized=False, edgecolor="face")  # type: ignore[union-attr]
    handles = [
        axes.scatter(
            [], [], s=_LARGEST * value / top, facecolors="none", edgecolors="0.2", label=f"{float(f'{value:.2g}'):g}"
        )
        for value in (top / 4, top / 2, top)
    ]
    if np.isinf(tails).any():
        handles.append(axes.scatter([], [], s=_LARGEST, fc="none", ec="0.2", linestyles=_DASHED, label="not found"))
    figure.legend(
        handles=handles, title=f"95th percentile\n({errors.unit})", loc="upper left", frameon=False, fontsize=8,
        bbox_to_anchor=(left - 0.12 / width, 0.44), labelspacing=1.4, handletextpad=1.0, title_fontsize=8,
        alignment="left",
    )  # fmt: skip


def _label(axes: Axes, names: Sequence[str], places: Array) -> None:
    """Write the names in a column on either side, each with a line to its landmark; no two overlap."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    inch = (bottom - top) / (axes.get_position().height * axes.figure.get_figheight())  # type: ignore[union-attr]
    order = np.argsort(places[:, 1], kind="stable")
    half = len(order) // 2
    for members, edge, outward in ((order[:half], left, -1), (order[half:], right, 1)):
        by_height = members[np.argsort(places[members, 0], kind="stable")]
        heights = _spread(places[by_height, 0], top, bottom, _LINE_HEIGHT * inch)
        for k, height in zip(by_height, heights, strict=True):
            text, elbow = edge + outward * _GAP * inch, edge + outward * 0.4 * _GAP * inch
            across = [places[k, 1], elbow, text - outward * 0.03 * inch]
            axes.plot(across, [places[k, 0], height, height], color="0.8", linewidth=0.5, zorder=0, clip_on=False)
            name = names[k] if len(names[k]) <= _LONGEST else names[k][: _LONGEST - 1] + "…"
            axes.text(text, height, name, ha="right" if outward < 0 else "left", va="center", fontsize=_FONT)


def _spread(heights: Array, low: float, high: float, gap: float) -> Array:
    """Return heights, in ascending order, moved as little as needed to be ``gap`` apart and within two limits.

    Examples
    --------
    >>> _spread(np.array([1.0, 1.0, 9.0]), 0.0, 10.0, 2.0).tolist()
    [1.0, 3.0, 9.0]
    >>> _spread(np.array([9.0, 10.0]), 0.0, 10.0, 2.0).tolist()
    [8.0, 10.0]
    """
    spread = np.array(heights, dtype=np.float64)
    floor, ceiling = low, high
    for k in range(len(spread)):
        spread[k] = max(spread[k], floor)
        floor = spread[k] + gap
    for k in range(len(spread) - 1, -1, -1):
        spread[k] = min(spread[k], ceiling)
        ceiling = spread[k] - gap
    return spread
