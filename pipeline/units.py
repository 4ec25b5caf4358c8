"""Landmarks in pixels and in millimetres: how long a pixel is, and positions converted by it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping

from boneage.imaging import Collection, InvalidTable, LandmarkTable, Points, UnreadableScan, to_pixels


def convert_to_pixels(table: LandmarkTable, collection: Collection | None) -> LandmarkTable:
    """Return a table in pixels, where it is in millimetres and its images state the length of a pixel.

    Parameters
    ----------
    table : LandmarkTable
    collection : Collection or None
        The images, if they are to be read.

    Returns
    -------
    LandmarkTable
        Where no image states the length of a pixel, positions stay as they are, with a remark; those of a volume are
        left out.

    Raises
    ------
    InvalidTable
        If landmarks in three dimensions lack their volumes, or landmarks and image do not fit together.
    """
    if not table.in_mm:
        return table
    if collection is None and table.ndim == 3:
        raise InvalidTable(
            table.path, "positions are millimetres in the patient: give --images, the folder of the volumes"
        )
    points, n_unread = dict(table.points), 0
    for id_ in table.points:
        try:
            if collection is not None:
                points[id_] = to_pixels(table, id_, collection.scan(id_))
        except (KeyError, UnreadableScan):
            n_unread += 1
            if table.ndim == 3:
                del points[id_]
    remarks = []
    if collection is None:
        remark = "positions are taken as pixels: give --images if the images' files state a spacing in millimetres"
        remarks.append(remark)
    if n_unread and table.ndim == 3:
        remarks.append(f"{n_unread} rows without a readable image are left out: their positions are millimetres")
    elif n_unread:
        remarks.append(f"positions of {n_unread} rows without a readable image are taken as pixels")
    return dataclasses.replace(table, points=points, remarks=(*table.remarks, *remarks), in_mm=False)


def read_spacings(ids: Iterable[str], collection: Collection) -> dict[str, tuple[float, ...]]:
    """Return how long a pixel of each original is along its axes, where a file states it in millimetres.

    Images that cannot be read, or that are not there, are left out.
    """
    spacings = {}
    for id_ in ids:
        with contextlib.suppress(KeyError, UnreadableScan):
            spacing_mm = collection.scan(id_).original_spacing_mm
            if spacing_mm is not None:
                spacings[id_] = spacing_mm
    return spacings


def convert_to_mm(points: Mapping[str, Points], spacings: Mapping[str, tuple[float, ...]]) -> dict[str, Points]:
    """Return landmarks in millimetres along the axes of each original, of the images whose spacing is known."""
    return {id_: scale_to_mm(hand, spacings[id_]) for id_, hand in points.items() if id_ in spacings}


def scale_to_mm(points: Points, spacing_mm: tuple[float, ...] | None) -> Points:
    """Return landmarks in millimetres; in pixels, as they are, if the length of a pixel is not known."""
    return points if spacing_mm is None else dataclasses.replace(points, positions=points.positions * spacing_mm)
