"""Label Studio: its JSON export, one file for all images, positions in percent (https://labelstud.io)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from boneage.imaging.annotations import LandmarkTable, check_side
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.disambiguation import Order, Position
from boneage.imaging.formats.fields import get_field, get_numbers, shorten, stem_of
from boneage.imaging.formats.labelled_points import Details, ImageAnnotation, build_table
from boneage.imaging.structured_text import read_json
from boneage.imaging.tables import check_shape

_KINDS = ("keypointlabels", "rectanglelabels")
_POINT_PERCENT = 0.5


def read_label_studio(path: Path, order: Order | None = None) -> LandmarkTable:
    """Read key points, and rectangles by their centres; other results are ignored.

    The first annotation of a task that was not cancelled counts. Tasks without one are left out.

    Raises
    ------
    InvalidTable
        If the file is no such export, an image is rotated, a result has more than one label, or is malformed.
    """
    tasks = read_json(path)
    if not isinstance(tasks, list):
        raise InvalidTable(path, "is no Label Studio export: it must be a list of tasks")
    by_id: dict[str, ImageAnnotation] = {}
    unannotated, several = 0, 0
    for k, task in enumerate(tasks, start=1):
        place = f"task {k}"
        data = get_field(path, place, task, "data", dict)
        valid = [a for a in get_field(path, place, task, "annotations", list) if not _is_cancelled(path, place, a)]
        if not valid:
            unannotated += 1
            continue
        several += len(valid) > 1
        id_ = _read_id(path, place, data)
        if id_ in by_id:
            raise InvalidTable(path, f"{place}: the image {id_!r} occurs twice")
        results = get_field(path, place, valid[0], "result", list)
        found, shape = _read_results(path, f"{place} ({id_})", results, data)
        by_id[id_] = ImageAnnotation(found, shape, check_side(path, place, data.get("laterality")))
    if unannotated and not by_id:
        raise InvalidTable(path, f"none of its {len(tasks)} tasks has an annotation; predictions are not read")
    remarks = [f"{unannotated} tasks have no annotation"] if unannotated else []
    remarks += [f"{several} tasks have more than one annotation; the first is used"] if several else []
    return build_table(path, by_id, order=order, remarks=remarks)


def render_label_studio(table: LandmarkTable, details: Details) -> dict[str, str]:
    """Return the one file; every image must have a size, because positions are in percent of it.

    Raises
    ------
    InvalidTable
        If the size of an image is not known.
    """
    tasks = []
    for k, (id_, points) in enumerate(table.points.items(), start=1):
        if id_ not in table.original_shapes:
            raise InvalidTable(table.path, f"id {id_}: its width and height must be known to write percent of them")
        rows, columns = table.original_shapes[id_]
        data: dict[str, Any] = {"image": details.file_name(id_), "width": columns, "height": rows}
        if id_ in table.laterality:
            data["laterality"] = table.laterality[id_]
        percent = 100 * points.positions / np.array([rows, columns])
        results = [
            {
                "id": f"{k}-{n}",
                "type": "keypointlabels",
                "from_name": "landmarks",
                "to_name": "image",
                "original_width": columns,
                "original_height": rows,
                "image_rotation": 0,
                "value": {"x": column, "y": row, "width": _POINT_PERCENT, "keypointlabels": [name]},
            }
            for n, (name, (row, column)) in enumerate(zip(points.names, percent.tolist(), strict=True))
            if not np.isnan(row)
        ]
        tasks.append({"id": k, "data": data, "annotations": [{"result": results}]})
    return {"": json.dumps(tasks, indent=1) + "\n"}


def _is_cancelled(path: Path, place: str, annotation: Any) -> bool:
    get_field(path, place, annotation, "result", list)
    return bool(annotation.get("was_cancelled"))


def _read_id(path: Path, place: str, data: dict[str, Any]) -> str:
    """Return the stem of the image's name, without folders, web address and the prefix that uploading adds."""
    if "image" not in data and len(texts := [value for value in data.values() if isinstance(value, str)]) == 1:
        data = {"image": texts[0]}
    address = urlsplit(get_field(path, f"{place}: data", data, "image", str))
    if address.scheme == "data":
        raise InvalidTable(
            path, f"{place}: its image is embedded, so its file is not named: import images by their names"
        )
    within = parse_qs(address.query).get("d", [address.path])[0]
    stem = stem_of(unquote(within))
    return re.sub(r"^[0-9a-f]{8}-(?=.)", "", stem) if "/upload/" in within else stem


def _read_results(
    path: Path, place: str, results: list[Any], data: dict[str, Any]
) -> tuple[list[tuple[str, Position | None]], tuple[int, ...] | None]:
    shape = check_shape(path, f"{place}: data", data.get("width"), data.get("height"))
    points: list[tuple[str, Position | None]] = []
    for n, result in enumerate(results, start=1):
        where = f"{place}, result {n}"
        kind = get_field(path, where, result, "type", str)
        if kind not in _KINDS:
            continue
        shape = check_shape(path, where, result.get("original_width"), result.get("original_height"))
        if shape is None or result.get("image_rotation") not in (None, 0):
            raise InvalidTable(path, f"{where} must have the original's size, and the image must not be rotated")
        value = get_field(path, where, result, "value", dict)
        labels = get_field(path, where, value, kind, list)
        if len(labels) != 1 or not isinstance(labels[0], str) or not labels[0]:
            raise InvalidTable(path, f"{where} must have exactly one label, got {shorten(labels)}")
        points.append((labels[0], _read_position(path, where, kind, value, shape)))
    return points, shape


def _read_position(path: Path, place: str, kind: str, value: dict[str, Any], shape: tuple[int, ...]) -> Position:
    fields = ("x", "y") if kind == "keypointlabels" else ("x", "y", "width", "height")
    numbers = get_numbers(path, f"{place}: {', '.join(fields)}", [value.get(field) for field in fields], len(fields))
    rows, columns = shape
    x, y, *size = (number * n / 100 for number, n in zip(numbers, (columns, rows, columns, rows), strict=False))
    if not size:
        return y, x
    angle = np.deg2rad(get_numbers(path, f"{place}: rotation", [value.get("rotation", 0)], 1)[0])
    width, height = size  # a rectangle turns about its upper left corner
    across = (width * np.cos(angle) - height * np.sin(angle)) / 2
    down = (width * np.sin(angle) + height * np.cos(angle)) / 2
    return float(y + down), float(x + across)
