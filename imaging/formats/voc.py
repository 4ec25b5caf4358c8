"""Pascal VOC: a folder with one ``ID.xml`` an image, each a list of named boxes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from boneage.imaging.annotations import LandmarkTable, check_side
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.disambiguation import Order
from boneage.imaging.formats.folders import list_files
from boneage.imaging.formats.labelled_points import Details, ImageAnnotation, build_table
from boneage.imaging.structured_text import read_xml
from boneage.imaging.tables import check_shape, parse_number

SUFFIX = ".xml"
_ENDS = ("xmin", "ymin", "xmax", "ymax")


def read_voc(path: Path, order: Order | None = None) -> LandmarkTable:
    """Read the boxes of a folder, or of one file; their centres are the landmarks.

    The id is the name of the XML file. A size of 0 x 0 counts as unknown.

    Raises
    ------
    InvalidTable
        If a file is malformed, or a box has no name or no extent.
    """
    images = {id_: _read_file(file) for id_, file in list_files(path, SUFFIX).items()}
    return build_table(path, images, order=order)


def render_voc(table: LandmarkTable, details: Details) -> dict[str, str]:
    """Return a file for each image, with a box of ``details.box_side`` around each landmark that is there."""
    return {f"{id_}{SUFFIX}": _render_image(table, id_, details) for id_ in table.points}


def box_around(row: float, column: float, side: float) -> tuple[float, float, float, float]:
    """Return ``xmin, ymin, xmax, ymax`` of a box centred on a position."""
    return column - side / 2, row - side / 2, column + side / 2, row + side / 2


def centre_of(path: Path, place: str, box: tuple[float, ...]) -> tuple[float, float]:
    """Return the (row, column) in the middle of a box ``xmin, ymin, xmax, ymax``.

    Raises
    ------
    InvalidTable
        If it ends before it begins; names ``place``.
    """
    left, top, right, bottom = box
    if left > right or top > bottom:
        raise InvalidTable(path, f"{place}: the box ends before it begins ({left:g}, {top:g}, {right:g}, {bottom:g})")
    return (top + bottom) / 2, (left + right) / 2


def _render_image(table: LandmarkTable, id_: str, details: Details) -> str:
    root = ElementTree.Element("annotation")
    _add(root, "filename", details.file_name(id_))
    if id_ in table.original_shapes:
        size = ElementTree.SubElement(root, "size")
        for tag, pixels in zip(("height", "width"), table.original_shapes[id_], strict=True):
            _add(size, tag, str(pixels))
        _add(size, "depth", "1")
    if id_ in table.laterality:
        _add(root, "laterality", table.laterality[id_])
    points = table.points[id_]
    for name, (row, column) in zip(points.names, points.positions.tolist(), strict=True):
        if not np.isnan(row):
            item = ElementTree.SubElement(root, "object")
            _add(item, "name", name)
            box = ElementTree.SubElement(item, "bndbox")
            for tag, end in zip(_ENDS, box_around(row, column, details.box_side), strict=True):
                _add(box, tag, f"{end:.3f}")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = text


def _read_file(path: Path) -> ImageAnnotation:
    root = read_xml(path)
    if root.tag != "annotation":
        raise InvalidTable(path, f"must have an <annotation> at its root, got <{root.tag}>")
    sizes = [parse_number(path, "size", tag, _text(root.find(f"size/{tag}"))) for tag in ("width", "height")]
    shape = check_shape(path, "size", *(None if sizes == [0, 0] else size for size in sizes))
    points = [_read_box(path, f"object {k}", item) for k, item in enumerate(root.findall("object"), start=1)]
    return ImageAnnotation(points, shape, check_side(path, "laterality", _text(root.find("laterality"))))


def _read_box(path: Path, place: str, item: ElementTree.Element) -> tuple[str, tuple[float, float]]:
    name = _text(item.find("name"))
    if not name:
        raise InvalidTable(path, f"{place} has no name")
    place = f"{place} ({name})"
    ends = [parse_number(path, place, tag, _text(item.find(f"bndbox/{tag}"))) for tag in _ENDS]
    known = tuple(end for end in ends if end is not None)
    if len(known) < len(_ENDS):
        raise InvalidTable(path, f"{place} lacks {_ENDS[ends.index(None)]}")
    return name, centre_of(path, place, known)


def _text(element: ElementTree.Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""
