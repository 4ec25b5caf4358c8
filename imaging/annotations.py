"""Landmark tables: one wide row per image, ``id[,laterality][,width,height],NAME_x,NAME_y[,NAME_z]``."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage.imaging.points import Points
from boneage.imaging.scans import Laterality
from boneage.imaging.tables import InvalidTable, Table, read_table

_SIDES: dict[str, Laterality] = {"L": "L", "R": "R"}
_AXES = ("z", "y", "x")  # the order of our positions: plane, row, column


@dataclass(frozen=True, eq=False)
class LandmarkTable:
    """Annotated landmarks of many images.

    Parameters
    ----------
    path : Path
        The file they were read from.
    names : tuple of str
        Landmark names, in the order of the columns.
    points : dict of Points
        By image id, in original pixels.
    original_shapes : dict of tuple
        (rows, columns) of the original, by id, where the table says so.
    laterality : dict of {"L", "R"}
        By id, where the table says so.
    """

    path: Path
    names: tuple[str, ...]
    points: dict[str, Points]
    original_shapes: dict[str, tuple[int, int]]
    laterality: dict[str, Laterality]


def read_landmarks(path: Path | str) -> LandmarkTable:
    """Read a landmark CSV.

    A blank or NaN coordinate pair is an absent landmark. Columns other than those above are passed over.

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
        side = row.get("laterality", "").upper()
        if side and side not in _SIDES:
            raise InvalidTable(table.path, f"id {id_}: laterality must be L, R or blank, got {side!r}")
        if side:
            sides[id_] = _SIDES[side]
    return LandmarkTable(table.path, names, points, read_shapes(table), sides)


def read_shapes(table: Table) -> dict[str, tuple[int, int]]:
    """Return (rows, columns) of the originals by id, from ``width`` and ``height``; blank rows are left out.

    Raises
    ------
    InvalidTable
        If a size is not a positive whole number, or one of the two is blank.
    """
    if "width" not in table.columns and "height" not in table.columns:
        return {}
    shapes: dict[str, tuple[int, int]] = {}
    for id_ in table.rows:
        height, width = table.number(id_, "height"), table.number(id_, "width")
        if height is None and width is None:
            continue
        if height is None or width is None or min(height, width) < 1 or height % 1 or width % 1:
            raise InvalidTable(
                table.path,
                f"id {id_}: width and height must be positive whole numbers, got {width} and {height}",
            )
        shapes[id_] = (int(height), int(width))
    return shapes


def write_landmarks(
    path: Path | str,
    points: Mapping[str, Points],
    original_shapes: Mapping[str, tuple[int, ...]] | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """Write a landmark CSV; an absent landmark is a pair of blank cells.

    Parameters
    ----------
    path : path-like
    points : mapping of Points
        By id, in original pixels; all with the same names.
    original_shapes : mapping of tuple, optional
        (rows, columns) by id; written as ``width,height``.
    names : sequence of str, optional
        The columns' landmarks; the first hand's if not given.
    """
    hands = list(points.values())
    names = tuple(names) if names is not None else hands[0].names if hands else ()
    axes = ("x", "y", "z")[: hands[0].ndim if hands else 2]
    shapes = original_shapes or {}
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    size_columns = ["width", "height"] if shapes else []
    writer.writerow(["id", *size_columns, *(f"{name}_{axis}" for name in names for axis in axes)])
    for id_, hand in points.items():
        size = list(shapes[id_][::-1]) if id_ in shapes else [""] * len(size_columns)
        cells = hand.select(names).positions[:, ::-1].ravel()
        writer.writerow([id_, *size, *("" if np.isnan(cell) else f"{cell:.3f}" for cell in cells)])
    Path(path).write_text(text.getvalue(), encoding="utf-8")


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
