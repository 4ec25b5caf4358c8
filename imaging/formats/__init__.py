"""Files of annotated landmarks: one module a format, which reads a table and renders one.

Positions are (row, column), or (plane, row, column), everywhere but in the files. docs/formats.md
describes each format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boneage.imaging.annotations import LandmarkTable
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats import boxes, coco, label_studio, markups, masks, voc, wide
from boneage.imaging.formats.disambiguation import Order
from boneage.imaging.formats.folders import has_files
from boneage.imaging.formats.foreign import READ, check_folder_not_foreign, check_not_foreign, check_tasks
from boneage.imaging.formats.labelled_points import Details
from boneage.imaging.formats.wide import write_landmarks
from boneage.imaging.plausibility import check_positions
from boneage.imaging.structured_text import read_json, read_xml
from boneage.imaging.tables import read_rows, read_text

__all__ = ["FORMATS", "Details", "Format", "Order", "read_landmarks", "render_landmarks", "write_landmarks"]


@dataclass(frozen=True)
class Format:
    """A file format.

    Parameters
    ----------
    read : callable
        Takes the path, and the order to number repeated labels by.
    render : callable
        Returns the texts of the files by name; a format of one file has no name for it. ``None`` for a format that
        is only read.
    folder : bool
        Whether it is a folder with one file an image.
    needs_sizes : bool
        Whether only images of known size can be written.
    """

    read: Callable[[Path, Order | None], LandmarkTable]
    render: Callable[[LandmarkTable, Details], dict[str, str]] | None = None
    folder: bool = False
    needs_sizes: bool = False


FORMATS = {
    "csv": Format(wide.read_csv, wide.render_csv),
    "coco": Format(coco.read_coco, coco.render_coco),
    "slicer": Format(markups.read_markups, markups.render_markups, folder=True),
    "voc": Format(voc.read_voc, voc.render_voc, folder=True),
    "label-studio": Format(label_studio.read_label_studio, label_studio.render_label_studio, needs_sizes=True),
    "boxes": Format(boxes.read_boxes, boxes.render_boxes),
    "masks": Format(masks.read_masks, folder=True),
}
_SUFFIXES = {"slicer": markups.SUFFIX, "voc": voc.SUFFIX, "masks": masks.SUFFIX}  # of the files in a folder
_DEEP_FORMATS = ("csv", "slicer")
_NAMED_KEYS = 5


def read_landmarks(path: Path | str, format: str | None = None, order: Order | None = None) -> LandmarkTable:
    """Read annotated landmarks in any of the ``FORMATS``.

    Parameters
    ----------
    path : path-like
        A file, or a folder for the formats of one file an image.
    format : str, optional
        A name in ``FORMATS``; detected from the content if not given.
    order : (str, str), optional
        Two labels that occur once an image, by which labels that repeat are numbered, from the side of the first.

    Raises
    ------
    InvalidTable
        If it cannot be read, naming the file, within a folder too, and the reason; or if its positions are none that
        anybody means (:func:`~boneage.imaging.plausibility.check_positions`).
    """
    path = Path(path)
    table = FORMATS[format or find_format(path)].read(path, order)
    check_positions(table)
    return table


def render_landmarks(table: LandmarkTable, format: str, details: Details) -> dict[str, str]:
    """Return landmarks as the texts of files, by file name: ``""`` is the one file of a format without a folder.

    Raises
    ------
    InvalidTable
        If the format cannot hold them, or is only read.
    """
    render = FORMATS[format].render
    if render is None:
        raise InvalidTable(table.path, f"cannot be written as {format}, which are only read")
    if format not in _DEEP_FORMATS and table.ndim == 3:
        deep = " and ".join(_DEEP_FORMATS)
        raise InvalidTable(table.path, f"has landmarks in three dimensions, which only the formats {deep} can hold")
    unfit = [id_ for id_ in table.points if Path(id_).name != id_]
    if FORMATS[format].folder and unfit:
        raise InvalidTable(table.path, f"the id {unfit[0]!r} cannot be the name of a file")
    return render(table, details)


def find_format(path: Path) -> str:
    """Return the format of a file or folder, detected from its content.

    Raises
    ------
    InvalidTable
        If no format is found, a folder holds files of two formats, or a file is of a program whose files are not read.
    """
    if path.is_dir():
        check_folder_not_foreign(path)
        found = [name for name, suffix in _SUFFIXES.items() if has_files(path, suffix)]
        if len(found) != 1:
            what = " and ".join(_SUFFIXES[name] for name in found) or f"no {', '.join(_SUFFIXES.values())}"
            raise InvalidTable(path, f"is a folder with {what} files; landmarks are in files of one of these kinds")
        return found[0]
    text = read_text(path).lstrip()
    match text[0]:
        case "<":
            check_not_foreign(path, read_xml(path))
            return "voc"
        case "[":
            check_tasks(path, read_json(path))
            return "label-studio"
        case "{":
            data = read_json(path)
            check_not_foreign(path, data)
            return _find_format_of_json(path, data)
    check_not_foreign(path, text)
    return "boxes" if {"class", "xmin"} <= set(read_rows(path)[0]) else "csv"


def _find_format_of_json(path: Path, data: Mapping[str, Any]) -> str:
    if "markups" in data:
        return "slicer"
    missing = [repr(key) for key in coco.KEYS if key not in data]
    if not missing:
        return "coco"
    keys = ", ".join(map(repr, list(data)[:_NAMED_KEYS])) or "nothing"
    fault = f"of COCO it lacks {', '.join(missing)}, and has {keys}"
    raise InvalidTable(path, f"is JSON of a kind that is not read: {fault}; {READ}")
