"""3D Slicer Markups: a folder with one ``ID.mrk.json`` an image, each a point list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from boneage.imaging.annotations import FLAT_MM, LandmarkTable, check_side
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.disambiguation import Order, Position
from boneage.imaging.formats.fields import get_field, get_numbers, shorten
from boneage.imaging.formats.folders import list_files
from boneage.imaging.formats.labelled_points import Details, ImageAnnotation, build_table
from boneage.imaging.points import Array, Points
from boneage.imaging.structured_text import read_json
from boneage.imaging.tables import check_shape

SUFFIX = ".mrk.json"
_SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
_SIGNS = {"LPS": 1.0, "RAS": -1.0}


def read_markups(path: Path, order: Order | None = None) -> LandmarkTable:
    """Read the point lists of a folder, or one file; control points that are not defined are absent.

    Slicer places a flat image with its first pixel at the origin, x and y along L and P, with pixels of the length in
    the file, in millimetres, else of length 1. So positions are ``x, y, 0``, in pixels for images without a spacing:
    ``in_mm`` is set. Where a point lies off that plane, or a file gives its image a depth, the images are volumes, and
    positions are millimetres in the patient, (z, y, x) of LPS.

    Raises
    ------
    InvalidTable
        If a file holds another kind of markup, a label twice, a point outside the plane of an image that has no depth
        in the file, or is malformed.
    """
    images = {id_: _read_file(file) for id_, file in list_files(path, SUFFIX).items()}
    if any(_is_deep(image) for image in images.values()):
        return build_table(path, images, order=order, in_mm=True, ndim=3)
    flat = {
        id_: ImageAnnotation([(label, at and at[1:]) for label, at in image.points], image.shape, image.laterality)
        for id_, image in images.items()
    }
    return build_table(path, flat, order=order, in_mm=True)


def render_markups(table: LandmarkTable, details: Details) -> dict[str, str]:
    """Return a file for each image, in LPS; in millimetres where the spacing is known, else in pixels.

    The image's size and laterality are written beside the markups, where the schema leaves room. Slicer ignores them.

    Raises
    ------
    InvalidTable
        If it is not known where a volume lies in the patient.
    """
    files = {}
    for id_, points in table.points.items():
        controls: list[dict[str, Any]] = []
        places = _place(table, id_, points, details).round(6).tolist()
        for k, (name, place) in enumerate(zip(points.names, places, strict=True), start=1):
            control: dict[str, Any] = {"id": str(k), "label": name, "positionStatus": "undefined"}
            if not np.isnan(place[0]):
                control |= {"position": place, "positionStatus": "defined"}
            controls.append(control)
        markup = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": controls}
        document = {"@schema": _SCHEMA, "markups": [markup], "image": _describe_image(table, id_)}
        files[f"{id_}{SUFFIX}"] = json.dumps(document, indent=1) + "\n"
    return files


def _place(table: LandmarkTable, id_: str, points: Points, details: Details) -> Array:
    """Return where points lie, as x, y and z of LPS, shape (n, 3)."""
    if points.ndim == 2:
        scaled = points.positions * np.array(details.spacing_mm.get(id_, (1.0, 1.0)))
        return np.column_stack([scaled[:, ::-1], np.zeros(len(points))])
    if id_ in details.to_patient:
        return details.to_patient[id_].apply(points.positions)
    if table.in_mm:
        return points.positions[:, ::-1]
    raise InvalidTable(table.path, f"id {id_}: it is not known where its volume lies in the patient")


def _describe_image(table: LandmarkTable, id_: str) -> dict[str, Any]:
    rows, columns = table.original_shapes.get(id_, (None, None))[-2:]
    described = {"width": columns, "height": rows, "laterality": table.laterality.get(id_)}
    planes = table.original_shapes.get(id_, ())[:-2]
    return described | ({"depth": planes[0]} if planes else {})


def _is_deep(image: ImageAnnotation) -> bool:
    there = [position for _, position in image.points if position is not None]
    return (image.shape is not None and len(image.shape) == 3) or any(abs(at[0]) > FLAT_MM for at in there)


def _read_file(path: Path) -> ImageAnnotation:
    points: list[tuple[str, Position | None]] = []
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
            points.append(_read_control_point(path, f"markup {k}, point {n}", control, _SIGNS[system]))
    labels = [label for label, _ in points]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InvalidTable(path, f"the label {twice[0]!r} occurs twice")
    image = get_field(path, "the file", data, "image", dict) if "image" in data else {}
    shape = check_shape(path, "image", *(image.get(size) for size in ("width", "height", "depth")))
    if shape is not None and len(shape) == 2:
        for label, position in points:
            if position is not None and abs(position[0]) > FLAT_MM:
                raise InvalidTable(path, f"{label} lies outside the plane of the image, at z = {position[0]:g}")
    return ImageAnnotation(points, shape, check_side(path, "image", image.get("laterality")))


def _read_control_point(path: Path, place: str, control: Any, sign: float) -> tuple[str, Position | None]:
    label = get_field(path, place, control, "label", str).strip()
    if not label:
        raise InvalidTable(path, f"{place} has no label")
    if "position" not in control or control.get("positionStatus", "defined") != "defined":
        return label, None
    x, y, z = get_numbers(path, f"{label}: 'position'", control["position"], 3)
    return label, (z, sign * y, sign * x)
