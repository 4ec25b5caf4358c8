"""COCO keypoints: one JSON file for all images (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from boneage.imaging.annotations import LandmarkTable, check_side
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.disambiguation import Order, Position
from boneage.imaging.formats.fields import get_field, get_numbers, stem_of
from boneage.imaging.formats.labelled_points import Details, ImageAnnotation, build_table
from boneage.imaging.points import Array, Points
from boneage.imaging.schemes import find_scheme
from boneage.imaging.structured_text import read_json
from boneage.imaging.tables import check_shape

KEYS = ("images", "annotations", "categories")
"""What the object in a COCO file has."""


def read_coco(path: Path, order: Order | None = None) -> LandmarkTable:
    """Read keypoints; those with visibility 0 are absent. An image without an annotation is left out.

    Raises
    ------
    InvalidTable
        If a part is missing or malformed, or an image has two annotations of one category.
    """
    data = read_json(path)
    keypoints = _read_categories(path, get_field(path, "the file", data, "categories", list))
    images = {
        get_field(path, f"image {k}", image, "id", int): image
        for k, image in enumerate(get_field(path, "the file", data, "images", list), start=1)
    }
    annotated: dict[int, dict[int, list[Any]]] = {}
    for k, annotation in enumerate(get_field(path, "the file", data, "annotations", list), start=1):
        place = f"annotation {k}"
        image_id = get_field(path, place, annotation, "image_id", int)
        category = get_field(path, place, annotation, "category_id", int)
        if category not in keypoints:
            continue
        if image_id not in images:
            raise InvalidTable(path, f"{place}: there is no image {image_id}")
        if category in annotated.setdefault(image_id, {}):
            raise InvalidTable(path, f"{place}: image {image_id} has a second object of category {category}")
        count = 3 * len(keypoints[category])
        place = f"{place}: 'keypoints'"
        annotated[image_id][category] = get_numbers(path, place, annotation.get("keypoints"), count)
    by_id: dict[str, ImageAnnotation] = {}
    for image_id, categories in annotated.items():
        id_ = stem_of(get_field(path, f"image {image_id}", images[image_id], "file_name", str))
        if id_ in by_id:
            raise InvalidTable(path, f"two images have the name {id_!r}")
        by_id[id_] = _read_annotation(path, id_, images[image_id], keypoints, categories)
    remarks = [f"{len(images) - len(by_id)} images have no annotation"] if len(images) > len(by_id) else []
    return build_table(path, by_id, order=order, remarks=remarks)


def render_coco(table: LandmarkTable, details: Details) -> dict[str, str]:
    """Return the one file; positions to a thousandth of a pixel, laterality as a field of the image."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for k, (id_, points) in enumerate(table.points.items(), start=1):
        image: dict[str, Any] = {"id": k, "file_name": details.file_name(id_)}
        if id_ in table.original_shapes:
            image["height"], image["width"] = table.original_shapes[id_]
        if id_ in table.laterality:
            image["laterality"] = table.laterality[id_]
        images.append(image)
        annotations.append({"id": k, "image_id": k, "category_id": 1, "iscrowd": 0, **_render_points(points)})
    category: dict[str, Any] = {"id": 1, "name": "landmarks", "keypoints": list(table.names)}
    scheme = find_scheme(table.names)
    pairs = [pair for pair in scheme.pairs if set(pair) <= set(table.names)] if scheme else []
    category["skeleton"] = [[table.names.index(name) + 1 for name in pair] for pair in pairs]
    return {"": json.dumps({"images": images, "annotations": annotations, "categories": [category]}, indent=1) + "\n"}


def _read_categories(path: Path, categories: list[Any]) -> dict[int, list[str]]:
    keypoints: dict[int, list[str]] = {}
    for k, category in enumerate(categories, start=1):
        place = f"category {k}"
        number = get_field(path, place, category, "id", int)
        if "keypoints" in category:
            names = get_field(path, place, category, "keypoints", list)
            if not all(isinstance(name, str) and name for name in names):
                raise InvalidTable(path, f"{place}: every keypoint must have a name")
            keypoints[number] = names
    names = [name for members in keypoints.values() for name in members]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        raise InvalidTable(path, f"has the keypoint {twice[0]!r} twice" if twice else "has no category with keypoints")
    return keypoints


def _read_annotation(
    path: Path, id_: str, image: dict[str, Any], keypoints: dict[int, list[str]], found: dict[int, list[Any]]
) -> ImageAnnotation:
    points: list[tuple[str, Position | None]] = []
    for category, names in keypoints.items():
        values = np.reshape(found.get(category, [0.0] * (3 * len(names))), (-1, 3))
        points += [(name, (y, x) if flag else None) for name, (x, y, flag) in zip(names, values.tolist(), strict=True)]
    shape = check_shape(path, f"image {id_!r}", image.get("width"), image.get("height"))
    return ImageAnnotation(points, shape, check_side(path, f"image {id_!r}", image.get("laterality")))


def _render_points(points: Points) -> dict[str, Any]:
    xy: Array = np.round(points.positions[:, ::-1], 3)
    there = xy[points.present]
    low, size = (there.min(axis=0), np.ptp(there, axis=0)) if len(there) else (np.zeros(2), np.zeros(2))
    cells = np.column_stack([np.nan_to_num(xy), np.where(points.present, 2, 0)])
    return {
        "keypoints": [int(cell) if cell == int(cell) else cell for cell in cells.ravel().tolist()],
        "num_keypoints": int(points.present.sum()),
        "bbox": np.round([*low, *size], 3).tolist(),
        "area": round(float(size.prod()), 3),
    }
