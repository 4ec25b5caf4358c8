"""The tables of ossification centres: a row a centre, and what the numbers in label maps mean."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

from boneage.imaging.volumes.label_maps import format_colour_table
from boneage.pipeline.hand_centres import HandCentres
from boneage.pipeline.storage.output import write_atomically
from boneage.pipeline.visualisation.outlines import list_label_colours
from boneage.regression.segmentation.anatomy import UNNAMED, Kind, list_centres
from boneage.regression.segmentation.measures import CentreMeasure
from boneage.regression.segmentation.segmenter import KINDS

CENTRE_COLUMNS = (
    "id", "kind", "centre", "group", "present", "probability", "score", "x", "y", "area_percent", "width_percent",
    "height_percent", "metaphysis_distance_percent", "area_mm2", "width_mm", "height_mm", "metaphysis_distance_mm",
    "relative_width",
)  # fmt: skip


def list_rows(id_: str, found: HandCentres) -> list[dict[str, object]]:
    """Return the cells of a row a centre; empty where there is nothing to measure."""
    percent, mm = 100.0, found.hand_length_mm
    return [
        dict(
            zip(
                CENTRE_COLUMNS,
                (
                    id_, kind, measure.name, measure.group, int(measure.present), _cell(measure.probability, 4),
                    _cell(measure.score, 4), _cell(measure.column, 2), _cell(measure.row, 2),
                    *(_cell(value, 4) for value in _lengths(measure, percent)),
                    *(_cell(value, 3) for value in _lengths(measure, mm)),
                    _cell(measure.relative_width, 3),
                ),
                strict=True,
            )
        )
        for kind in KINDS
        for measure in found.measures[kind]
    ]  # fmt: skip


def list_label_exports(folder: Path, *, nifti: bool) -> dict[str, Callable[[], None]]:
    """Return what writes the names of labels: ``labels.json``, and for NIfTI a colour table of each kind.

    Parameters
    ----------
    folder : Path
    nifti : bool
    """
    names = {kind: _name_labels(kind) for kind in KINDS}
    files = {"labels.json": json.dumps(names, indent=1) + "\n"}
    if nifti:
        colours = dict(enumerate(list_label_colours()))
        files |= {f"{kind}.ctbl": format_colour_table(names[kind], colours) for kind in KINDS}
    return {name: partial(write_atomically, folder / name, content) for name, content in files.items()}


def _name_labels(kind: Kind) -> dict[int, str]:
    return {**dict(enumerate(list_centres(kind), start=1)), UNNAMED: "unnamed"}


def _lengths(measure: CentreMeasure, hand_length: float) -> tuple[float, ...]:
    """Return area, width, height and distance from the metaphysis where the hand has a length."""
    lengths = (measure.width, measure.height, measure.metaphysis_distance)
    return measure.area * hand_length**2, *(length * hand_length for length in lengths)


def _cell(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
