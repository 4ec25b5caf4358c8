"""Labelled points of annotation files, and the landmark table made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from boneage.imaging.annotations import LandmarkTable
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.disambiguation import LabelledPoints, Order, number_repeated_labels
from boneage.imaging.frames import Frame
from boneage.imaging.points import Points
from boneage.imaging.scans import Laterality


@dataclass(frozen=True)
class ImageAnnotation:
    """Annotation of one image in a file.

    Parameters
    ----------
    points : LabelledPoints
        Label and position of each point. A label may occur more than once.
    shape : tuple of int or None
        (rows, columns) of the image, or (planes, rows, columns).
    laterality : {"L", "R"} or None
    """

    points: LabelledPoints
    shape: tuple[int, ...] | None = None
    laterality: Laterality | None = None


@dataclass(frozen=True)
class Details:
    """What a format may hold beyond a landmark table.

    Parameters
    ----------
    file_names : mapping of str
        Name of the image file, by id; ``ID.png`` where it is not known.
    spacing_mm : mapping of tuple
        (row, column) spacing of the image by id, where its file states it in millimetres.
    box_side : float
        Side in pixels of the box drawn around a landmark, in formats of boxes.
    to_patient : mapping of Frame
        Map from a volume's (plane, row, column) to millimetres in LPS, by id.
    """

    file_names: Mapping[str, str]
    spacing_mm: Mapping[str, tuple[float, ...]]
    box_side: float = 10.0
    to_patient: Mapping[str, Frame] = field(default_factory=dict)

    def file_name(self, id_: str) -> str:
        """Return the name of the image file of an id."""
        return self.file_names.get(id_, f"{id_}.png")


def build_table(
    path: Path,
    images: Mapping[str, ImageAnnotation],
    *,
    order: Order | None = None,
    remarks: Sequence[str] = (),
    in_mm: bool = False,
    ndim: int = 2,
) -> LandmarkTable:
    """Make a landmark table; labels that repeat within an image are numbered.

    Names are in the order of their first appearance; an image that lacks one has it as absent.

    Raises
    ------
    InvalidTable
        If there is no image or no label, or labels repeat and the order to number them by is not known.
    """
    names, found, unnumbered = number_repeated_labels(path, {id_: image.points for id_, image in images.items()}, order)
    if not names:
        raise InvalidTable(path, "has no landmarks")
    points = {}
    for id_, by_name in found.items():
        positions = np.full((len(names), ndim), np.nan)
        for k, name in enumerate(names):
            positions[k] = by_name.get(name, np.nan)
        points[id_] = Points(names, positions)
    shapes = {id_: image.shape for id_, image in images.items() if image.shape is not None}
    sides = {id_: image.laterality for id_, image in images.items() if image.laterality is not None}
    return LandmarkTable(path, names, points, shapes, sides, (*remarks, *unnumbered), in_mm)
