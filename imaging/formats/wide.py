"""Landmark tables: one wide row per image, ``id[,laterality][,width,height[,depth]],NAME_x,NAME_y[,NAME_z]``."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from boneage.imaging.annotations import LandmarkTable, check_side
from boneage.imaging.atomic_files import open_atomically
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.disambiguation import Order
from boneage.imaging.formats.labelled_points import Details
from boneage.imaging.points import Points
from boneage.imaging.scans import Laterality
from boneage.imaging.tables import Table, read_shapes, read_table

_AXES = ("z", "y", "x")  # the order of our positions: plane, row, column


def read_csv(path: Path, order: Order | None = None) -> LandmarkTable:
    """Read a landmark CSV; ``order`` is not used, as its names never repeat.

    A landmark without coordinates, blank or NaN, is absent. Other columns are ignored.

    Raises
    ------
    InvalidTable
        If columns are missing, an id occurs twice, a cell is no number, or one coordinate of a landmark
        is given without the other.
    """
    table = read_table(path)
    names = _landmark_names(table)
    axes = [axis for axis in _AXES if f"{names[0]}_{axis}" in table.columns]
    points = {id_: _read_points(table, id_, names, axes) for id_ in table.rows}
    sides: dict[str, Laterality] = {}
    for id_, row in table.rows.items():
        side = check_side(table.path, f"id {id_}", row.get("laterality"))
        if side is not None:
            sides[id_] = side
    return LandmarkTable(table.path, names, points, read_shapes(table), sides)


def write_landmarks(
    path: Path | str,
    points: Mapping[str, Points],
    original_shapes: Mapping[str, tuple[int, ...]] | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """Write a landmark CSV, atomically; the cells of an absent landmark are blank.

    Parameters
    ----------
    path : path-like
    points : mapping of Points
        By id, in original pixels; all with the same names.
    original_shapes : mapping of tuple, optional
        (rows, columns) by id, written as ``width,height``, or (planes, rows, columns), which adds a ``depth``.
    names : sequence of str, optional
        The columns' landmarks; the first hand's if not given.
    """
    hands = list(points.values())
    names = tuple(names) if names is not None else hands[0].names if hands else ()
    with open_atomically(Path(path)) as file:
        file.write(_render(points, names, original_shapes or {}, {}).encode(errors="backslashreplace"))


def name_columns(names: Sequence[str], ndim: int) -> list[str]:
    """Return the columns of landmarks.

    Examples
    --------
    >>> name_columns(["a", "b"], 2)
    ['a_x', 'a_y', 'b_x', 'b_y']
    """
    return [f"{name}_{axis}" for name in names for axis in ("x", "y", "z")[:ndim]]


def format_cells(points: Points, names: Sequence[str]) -> list[str]:
    """Return a hand's cells in these columns, to a thousandth of a pixel; blank for an absent landmark."""
    cells = points.select(names).positions[:, ::-1].ravel()
    return ["" if np.isnan(cell) else f"{cell:.3f}" for cell in cells]


def render_csv(table: LandmarkTable, details: Details) -> dict[str, str]:
    """Return the one file."""
    return {"": _render(table.points, table.names, table.original_shapes, table.laterality)}


def _render(
    points: Mapping[str, Points],
    names: Sequence[str],
    original_shapes: Mapping[str, tuple[int, ...]],
    laterality: Mapping[str, Laterality],
) -> str:
    """Return the text of a landmark CSV; columns that would be blank are left out."""
    ndim = next((hand.ndim for hand in points.values()), 2)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    side_column = ["laterality"] if laterality else []
    size_columns = ["width", "height", "depth"][: max((len(shape) for shape in original_shapes.values()), default=0)]
    writer.writerow(["id", *side_column, *size_columns, *name_columns(names, ndim)])
    for id_, hand in points.items():
        side = [laterality.get(id_, "")] if laterality else []
        known = original_shapes.get(id_, ())[::-1]
        size = [*known, *[""] * (len(size_columns) - len(known))]
        writer.writerow([id_, *side, *size, *format_cells(hand, names)])
    return text.getvalue()


def _landmark_names(table: Table) -> tuple[str, ...]:
    names = [column[:-2] for column in table.columns if column.endswith("_x") and len(column) > 2]
    ends = [column[:-2] for column in table.columns if column.endswith("_y") and len(column) > 2]
    for name in sorted(set(names) ^ set(ends)):
        there, missing = ("x", "y") if name in names else ("y", "x")
        raise InvalidTable(table.path, f"has the column {name}_{there} but lacks {name}_{missing}")
    if not names:
        raise InvalidTable(table.path, "has no landmark columns (NAME_x, NAME_y)")
    depth = [name for name in names if f"{name}_z" in table.columns]
    if depth and len(depth) != len(names):
        raise InvalidTable(table.path, f"has the column {depth[0]}_z, but not every landmark has a _z")
    return tuple(names)


def _read_points(table: Table, id_: str, names: tuple[str, ...], axes: list[str]) -> Points:
    positions = np.full((len(names), len(axes)), np.nan)
    for k, name in enumerate(names):
        cells = [table.number(id_, f"{name}_{axis}") for axis in axes]
        given = [cell for cell in cells if cell is not None]
        if given and len(given) < len(cells):
            raise InvalidTable(table.path, f"id {id_}: {name} has only some of its coordinates")
        if given:
            positions[k] = given
    return Points(names, positions)
