"""Annotated landmarks of many images, read from any file format."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from boneage.imaging.errors import InvalidTable
from boneage.imaging.points import Points
from boneage.imaging.scans import Laterality, Scan
from boneage.imaging.schemes import SHIPPED
from boneage.imaging.tables import read_rows

FLAT_MM = 1e-3
_SIDES: dict[str, Laterality] = {"L": "L", "R": "R"}


@dataclass(frozen=True, eq=False)
class LandmarkTable:
    """Annotated landmarks of many images.

    Parameters
    ----------
    path : Path
        The file or folder they were read from.
    names : tuple of str
        Landmark names, in the order of the file.
    points : dict of Points
        By image id, in original pixels; all with these names in this order.
    original_shapes : dict of tuple
        (rows, columns) of the original, or (planes, rows, columns), by id, where the file has it.
    laterality : dict of {"L", "R"}
        By id, where the file has it.
    remarks : tuple of str
        Remarks on what could be read in part only, one sentence each.
    in_mm : bool
        Whether positions are millimetres, not pixels: those of flat images whose file states its spacing in
        millimetres, and those of volumes, which are (z, y, x) of LPS then.
    """

    path: Path
    names: tuple[str, ...]
    points: dict[str, Points]
    original_shapes: dict[str, tuple[int, ...]]
    laterality: dict[str, Laterality]
    remarks: tuple[str, ...] = ()
    in_mm: bool = False

    @property
    def ndim(self) -> int:
        """Number of coordinates of a landmark, 2 or 3."""
        return next((points.ndim for points in self.points.values()), 2)


def check_side(path: Path, place: str, side: object) -> Laterality | None:
    """Return the side of the hand, checked; ``None`` where it is blank.

    Raises
    ------
    InvalidTable
        If it is neither L, R nor blank. The message names ``place``.
    """
    letter = _SIDES.get(str(side).upper())
    if letter is None and side not in (None, ""):
        raise InvalidTable(path, f"{place}: laterality must be L, R or blank, got {side!r}")
    return letter


def read_names(path_or_name: Path | str) -> dict[str, str]:
    """Read a renaming of landmarks: a CSV with the columns ``from,to``, or the name of a shipped file.

    Returns
    -------
    dict of str
        New name by old name.

    Raises
    ------
    InvalidTable
        If a column is missing, a cell is blank, or a name occurs twice in a column.

    Examples
    --------
    >>> read_names("hand37_to_hand21")["middle_PIP"]
    'middle_finger2'
    """
    shipped = SHIPPED / f"{path_or_name}.csv"
    path = shipped if str(path_or_name) == shipped.stem and shipped.is_file() else Path(path_or_name)
    names: dict[str, str] = {}
    for number, row in read_rows(path, needs=("from", "to"))[1]:
        if not row["from"] or not row["to"]:
            raise InvalidTable(path, f"line {number} must have both a name in 'from' and one in 'to'")
        for column, taken in (("from", names.keys()), ("to", names.values())):
            if row[column] in taken:
                raise InvalidTable(path, f"line {number}: {row[column]!r} occurs twice in the column {column!r}")
        names[row["from"]] = row["to"]
    if not names:
        raise InvalidTable(path, "names no landmark")
    return names


def rename_landmarks(table: LandmarkTable, names: Mapping[str, str]) -> LandmarkTable:
    """Return the table with only the landmarks in ``names``, under their new names and in that order.

    Raises
    ------
    InvalidTable
        If the table lacks one of them.
    """
    absent = [name for name in names if name not in table.names]
    if absent:
        raise InvalidTable(table.path, f"has no landmark {absent[0]!r}; it has {', '.join(table.names)}")
    points = {
        id_: dataclasses.replace(hand.select(tuple(names)), names=tuple(names.values()))
        for id_, hand in table.points.items()
    }
    return dataclasses.replace(table, names=tuple(names.values()), points=points)


def to_pixels(table: LandmarkTable, id_: str, scan: Scan) -> Points:
    """Return the points of one image in pixels of its original.

    Parameters
    ----------
    table : LandmarkTable
    id_ : str
    scan : Scan
        The image. Positions in millimetres are divided by the spacing of a flat image (taken as pixels if its file
        states no spacing), and mapped through a volume's position in the patient.

    Raises
    ------
    InvalidTable
        If landmarks and image differ in their number of axes, or a volume's position in the patient is not known.
    """
    points = table.points[id_]
    if table.in_mm and points.ndim == 3 and scan.ndim == 2:
        points = _flatten(table, id_, points)
    if points.ndim != scan.ndim:
        raise InvalidTable(
            table.path, f"id {id_}: its landmarks have {points.ndim} coordinates, the image {scan.ndim} axes"
        )
    if not table.in_mm:
        return points
    if scan.ndim == 2:
        spacing_mm = scan.original_spacing_mm
        return points if spacing_mm is None else dataclasses.replace(points, positions=points.positions / spacing_mm)
    if scan.to_patient is None:
        raise InvalidTable(table.path, f"id {id_}: the file of the image does not state its position in the patient")
    return dataclasses.replace(points, positions=scan.to_patient.inverse().apply(points.positions[:, ::-1]))


def _flatten(table: LandmarkTable, id_: str, points: Points) -> Points:
    for name, height in zip(points.names, points.positions[:, 0].tolist(), strict=True):
        if abs(height) > FLAT_MM:
            raise InvalidTable(table.path, f"id {id_}: {name} lies outside the plane of the image, at z = {height:g}")
    return dataclasses.replace(points, positions=points.positions[:, 1:])
