"""3D Slicer Markups: a folder with one ``ID.mrk.json`` an image, each a point list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from boneage.imaging.annotations import LandmarkTable, check_side
from boneage.imaging.documents import read_json
from boneage.imaging.formats.fields import get_field, get_numbers, shorten
from boneage.imaging.formats.folders import list_files
from boneage.imaging.formats.marks import Details, Marks, build_table
from boneage.imaging.formats.numbering import Order, Position
from boneage.imaging.tables import InvalidTable, check_shape

SUFFIX = ".mrk.json"
_SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
_FLAT = 1e-3
_SIGNS = {"LPS": 1.0, "RAS": -1.0}


def read_markups(path: Path, order: Order | None = None) -> LandmarkTable:
    """Read the point lists of a folder, or one file; control points that are not defined are absent.

    Slicer places a flat image with its first pixel at the origin, x and y along L and P, a pixel as long as the file
    says in millimetres, else 1. So positions are ``x, y, 0`` in pixels for images without a spacing: ``in_mm`` is set.

    Raises
    ------
    InvalidTable
        If a file holds another kind of markup, a label twice, a point outside the plane of the image, or is malformed.
    """
    marks = {id_: _read_file(file) for id_, file in list_files(path, SUFFIX).items()}
    return build_table(path, marks, order=order, in_mm=True)


def render_markups(table: LandmarkTable, details: Details) -> dict[str, str]:
    """Return a file for each image, in LPS; in millimetres where the spacing is known, else in pixels.

    The image's size and laterality stand beside the markups, where the schema leaves room. Slicer passes over them.
    """
    files = {}
    for id_, points in table.points.items():
        scaled = points.positions * np.array(details.spacing_mm.get(id_, (1.0, 1.0)))
        controls: list[dict[str, Any]] = []
        for k, (name, (row, column)) in enumerate(zip(points.names, scaled.tolist(), strict=True), start=1):
            control: dict[str, Any] = {"id": str(k), "label": name, "positionStatus": "undefined"}
            if not np.isnan(row):
                control |= {"position": [round(column, 6), round(row, 6), 0.0], "positionStatus": "defined"}
            controls.append(control)
        markup = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": controls}
        document = {"@schema": _SCHEMA, "markups": [markup], "image": _describe_image(table, id_)}
        files[f"{id_}{SUFFIX}"] = json.dumps(document, indent=1) + "\n"
    return files


def _describe_image(table: LandmarkTable, id_: str) -> dict[str, Any]:
    rows, columns = table.original_shapes.get(id_, (None, None))
    return {"width": columns, "height": rows, "laterality": table.laterality.get(id_)}


def _read_file(path: Path) -> Marks:
    marks: list[tuple[str, Position | None]] = []
    data = read_json(path)
    for k, markup in enumerate(get_field(path, "the file", data, "markups", list), start=1):
        kind = get_field(path, f"markup {k}", markup, "type", str)
        if kind != "Fiducial":
            raise InvalidTable(path, f"markup {k} is a {kind}; only point lists (Fiducial) are read")
        system, unit = markup.get("coordinateSystem", "LPS"), markup.get("coordinateUnits", "mm")
        if not isinstance(system, str) or system not in _SIGNS:
            raise InvalidTable(path, f"markup {k}: the coordinate system must be LPS or RAS, got {shorten(system)}")
        if "mm" not in (unit, *(unit[:1] if isinstance(unit, list) else ())):
            raise InvalidTable(path, f"markup {k}: the unit of coordinates must be mm, got {shorten(unit)}")
        for n, control in enumerate(get_field(path, f"markup {k}", markup, "controlPoints", list), start=1):
            marks.append(_read_control_point(path, f"markup {k}, point {n}", control, _SIGNS[system]))
    labels = [label for label, _ in marks]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InvalidTable(path, f"the label {twice[0]!r} occurs twice")
    image = get_field(path, "the file", data, "image", dict) if "image" in data else {}
    shape = check_shape(path, "image", image.get("width"), image.get("height"))
    return Marks(marks, shape, check_side(path, "image", image.get("laterality")))


def _read_control_point(path: Path, place: str, control: Any, sign: float) -> tuple[str, Position | None]:
    label = get_field(path, place, control, "label", str).strip()
    if not label:
        raise InvalidTable(path, f"{place} has no label")
    if "position" not in control or control.get("positionStatus", "defined") != "defined":
        return label, None
    x, y, z = get_numbers(path, f"{label}: 'position'", control["position"], 3)
    if abs(z) > _FLAT:
        raise InvalidTable(path, f"{label} lies outside the plane of the image, at z = {z:g}")
    return label, (sign * y, sign * x)
