"""Tables of boxes: a row a box, ``id,width,height,class,xmin,ymin,xmax,ymax``."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from boneage.imaging.annotations import LandmarkTable, check_side
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.disambiguation import Order, Position
from boneage.imaging.formats.labelled_points import Details, ImageAnnotation, build_table
from boneage.imaging.formats.voc import box_around, centre_of
from boneage.imaging.tables import check_shape, parse_number, read_rows

COLUMNS = ("id", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")


def read_boxes(path: Path, order: Order | None = None) -> LandmarkTable:
    """Read boxes; their centres are the landmarks. A row without a class is an image without boxes.

    Raises
    ------
    InvalidTable
        If a column is missing, a cell is no number, a box ends before it begins, or the rows of an image disagree
        about its size or laterality.
    """
    points: dict[str, list[tuple[str, Position | None]]] = {}
    images: dict[str, ImageAnnotation] = {}
    for number, row in read_rows(path, needs=("id", *COLUMNS[3:]))[1]:
        place = f"line {number}"
        id_ = row["id"]
        if not id_:
            raise InvalidTable(path, f"{place} has no id")
        shape = check_shape(path, place, *(parse_number(path, place, c, row.get(c, "")) for c in ("width", "height")))
        side = check_side(path, place, row.get("laterality"))
        image = images.setdefault(id_, ImageAnnotation(points.setdefault(id_, []), shape, side))
        if (image.shape, image.laterality) != (shape, side):
            raise InvalidTable(path, f"{place}: id {id_} has another size or laterality than in its first row")
        ends = [parse_number(path, place, column, row[column]) for column in COLUMNS[4:]]
        known = tuple(end for end in ends if end is not None)
        if bool(row["class"]) != (len(known) == 4) or 0 < len(known) < 4:
            raise InvalidTable(path, f"{place} must have a class and the four sides of its box, or none of them")
        if known:
            points[id_].append((row["class"], centre_of(path, place, known)))
    return build_table(path, images, order=order)


def render_boxes(table: LandmarkTable, details: Details) -> dict[str, str]:
    """Return the one file, with a box of ``details.box_side`` around each landmark that is there."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *(["laterality"] if table.laterality else [])])
    for id_, points in table.points.items():
        size = table.original_shapes.get(id_, ("", ""))[::-1]
        side = [table.laterality.get(id_, "")] if table.laterality else []
        rows: list[tuple[str, ...]] = []
        for name, (row, column) in zip(points.names, points.positions.tolist(), strict=True):
            if not np.isnan(row):
                rows.append((name, *(f"{end:.3f}" for end in box_around(row, column, details.box_side))))
        writer.writerows([id_, *size, *cells, *side] for cells in rows or [("",) * 5])
    return {"": text.getvalue()}
