"""Converting landmark annotations from one file format to another."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from boneage.imaging import (
    FORMATS,
    Collection,
    Details,
    Frame,
    InvalidTable,
    LandmarkTable,
    UnreadableScan,
    read_names,
    rename_landmarks,
    render_landmarks,
)
from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.storage.output import prepare_folder, write_atomically
from boneage.pipeline.units import convert_to_pixels


@dataclass(frozen=True, eq=False)
class Conversion:
    """What was written, and the ids of images that the format could not hold, with the reason."""

    table: LandmarkTable
    left_out: tuple[str, ...] = ()
    reason: str = ""


def convert_landmarks(
    table: LandmarkTable,
    to: str,
    out: Path,
    *,
    images: Sequence[Path] = (),
    names: Path | None = None,
    box_side: float = Details.box_side,
) -> Conversion:
    """Write a landmark table in another format.

    1. Learn from the images their names, their sizes where the table has none, and their spacing or place.
    2. Select and rename landmarks.
    3. Leave out what the format cannot hold.
    4. Write the file, or the files of the folder.

    Parameters
    ----------
    table : LandmarkTable
    to : str
        A name in ``FORMATS``.
    out : Path
        File to write, or folder for formats of one file an image.
    images : sequence of Path
        Folders of the images, if they are to be read.
    names : Path or None
        Table ``from,to`` of landmarks to keep and their new names, or the name of a shipped one.
    box_side : float
        Side in pixels of the box around a landmark, in formats of boxes.

    Raises
    ------
    InvalidTable, NoScans
        If a table is wrong, nothing is left to write, or there is no image.
    UnusableOutput
        If the target cannot be written, or is a folder that has files in it.
    """
    details = Details({}, {}, box_side)
    if images:
        table, details = read_details(table, images, details)
    elif table.in_mm and to != "slicer":
        table = convert_to_pixels(table, None)
    if names is not None:
        table = rename_landmarks(table, read_names(names))
    left_out, reason = _choose_left_out(table, to, details)
    if len(left_out) == len(table.points):
        raise InvalidTable(table.path, reason or "has no image")
    table = dataclasses.replace(table, points={i: p for i, p in table.points.items() if i not in set(left_out)})
    _write(render_landmarks(table, to, details), out)
    return Conversion(table, left_out, reason)


def _choose_left_out(table: LandmarkTable, to: str, details: Details) -> tuple[tuple[str, ...], str]:
    """Return the ids of images that a format cannot hold, and the reason."""
    needed, known = "", set(table.points)
    if FORMATS[to].needs_sizes:
        needed, known = "width and height, which are", set(table.original_shapes)
    elif to == "slicer" and table.ndim == 3 and not table.in_mm:
        needed, known = "where a volume lies in the patient, which is", set(details.to_patient)
    left_out = tuple(id_ for id_ in table.points if id_ not in known)
    return left_out, f"{to} needs {needed} not known (--images FOLDER looks them up)" if left_out else ""


def read_details(table: LandmarkTable, folders: Sequence[Path], details: Details) -> tuple[LandmarkTable, Details]:
    """Return the table in pixels with the sizes of its images, and what else formats may hold of them.

    Images that the table does not have are not read; one that cannot be read adds only a remark.

    Raises
    ------
    InvalidTable, NoScans
        If a landmark lies outside its image, or a folder holds no image.
    """
    collection = Collection.from_folders(folders, landmarks=table)
    table = collection.landmarks or table
    points, shapes, file_names, spacings = dict(table.points), dict(table.original_shapes), {}, {}
    places: dict[str, Frame] = {}
    remarks = [*table.remarks, *collection.remarks]
    for id_ in collection.annotated_ids:
        file_names[id_] = collection.paths[id_].name
        try:
            scan = collection.scan(id_)
            points[id_] = collection.points(id_) or points[id_]
        except UnreadableScan as error:
            remarks.append(str(error))
            continue
        assert scan.original_shape is not None
        shapes.setdefault(id_, scan.original_shape)
        if scan.to_patient is not None:
            places[id_] = scan.to_patient
        if scan.original_spacing_mm is not None:
            spacings[id_] = scan.original_spacing_mm
    n_without_image = len(points) - len(file_names)
    if n_without_image:
        remarks.append(f"{n_without_image} rows have no image in the folder")
    if table.in_mm and table.ndim == 3 and len(places) < len(points):
        remarks.append(f"{len(points) - len(places)} rows are left out: their positions are millimetres in the patient")
        points = {id_: points[id_] for id_ in points if id_ in places}
    table = dataclasses.replace(table, points=points, original_shapes=shapes, remarks=tuple(remarks), in_mm=False)
    return table, dataclasses.replace(details, file_names=file_names, spacing_mm=spacings, to_patient=places)


def _write(texts: dict[str, str], out: Path) -> None:
    if "" in texts:
        if out.is_dir():
            raise UnusableOutput(out, "is a folder, but the format is a single file")
        prepare_folder(out.parent)
        write_atomically(out, texts[""])
        return
    folder = prepare_folder(out)
    if any(folder.iterdir()):
        raise UnusableOutput(folder, "has files in it already; the format needs a folder of its own")
    for name, text in texts.items():
        write_atomically(folder / name, text)
