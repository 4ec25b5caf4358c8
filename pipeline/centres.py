"""Ossification centres of one hand: located, laid upright, outlined, named and measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Points, Scan
from boneage.imaging.errors import InvalidModelFile
from boneage.imaging.plain_data import from_plain_data
from boneage.imaging.standardise import StandardiseSettings
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.hand_centres import HandCentres
from boneage.pipeline.located_hand import HandLandmarks, crop_located_hand
from boneage.pipeline.storage.model_file import ModelFile, load_model, save_model
from boneage.regression import CropSpec
from boneage.regression.segmentation.anatomy import UNNAMED, check_names, list_centres, measure_hand_length
from boneage.regression.segmentation.measures import CentreMeasure, measure_centres, refine_outlines
from boneage.regression.segmentation.naming import Outlines, name_parts
from boneage.regression.segmentation.segmenter import KINDS, HandSegmenter

SIDE, DETAIL = 320, 226
"""Pixels a side of an upright hand, some 250 from wrist to fingertip; and how many pixels of the file a hand has at
most: hands of more are first made as coarse, so that a film is read as the small copies that the model learns from."""


def centre_crop_spec(side: int = SIDE, detail: int = DETAIL) -> CropSpec:
    """Return how hands are cropped for a segmenter: upright as a whole, standardised."""
    return CropSpec("hand", side=side, detail=detail, standardise=StandardiseSettings())


@dataclass(frozen=True, eq=False)
class CentreModel:
    """A segmenter with what it takes to lay a hand upright and to name its parts.

    Parameters
    ----------
    segmenter : HandSegmenter
        Fitted on crops by ``crop_spec``.
    crop_spec : CropSpec
        Of kind ``hand``.
    reference : Points
        The shape that hands are aligned to: the mean shape of the localiser in training.
    least_probabilities : mapping of mapping of float
        By kind and name: a centre is there if its highest probability is as high; a half where not given.
    summary : mapping
        What it was trained on.
    name : str
        What to call the model in tables.
    """

    segmenter: HandSegmenter
    crop_spec: CropSpec
    reference: Points
    least_probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    name: str = "unsaved"

    def check_localiser(self, localiser: ForestLocaliser) -> None:
        """Check that a localiser finds the landmarks that hands are aligned by, and centres named by.

        Raises
        ------
        InvalidInput
            If one is missing, which the message names.
        """
        check_names(localiser.names_)
        self.crop_spec.check_landmarks(self.reference.names)

    def find(self, scan: Scan, located: HandLandmarks) -> HandCentres | str:
        """Outline, name and measure the centres of a hand; or return why there are none.

        1. Lay the hand upright by its landmarks.
        2. Outline bones and joints; part, name and measure them there.
        3. Take the outlines back to the original's pixels.
        """
        found = located.points
        known = [name for name in self.reference.names if found is None or name in found.names]
        shared = dataclasses.replace(located, points=found and found.select(known))
        stack, fault = crop_located_hand(scan, shared, self.crop_spec, self.reference.select(known))
        if stack is None or stack.frames[0] is None or located.points is None:
            return fault or "the hand cannot be laid upright"
        to_original = stack.frames[0]
        points = located.points.mapped(to_original.inverse())
        length = measure_hand_length(points)
        if not length > 0:
            return "the wrist or the tip of the middle finger is not found: centres are measured by the hand's length"
        probabilities = self.segmenter.predict(stack.pixels)[0]
        return _describe_hand(scan, probabilities, points, length, to_original, self.least_probabilities)

    def save(self, path: Path | str) -> None:
        """Write the model to a ``.boneage`` file, its weights in half precision."""
        config, arrays = self.segmenter.to_state()
        halves = {name: a.astype(np.float16) if a.dtype == np.float32 else a for name, a in arrays.items()}
        settings = {
            "segmenter": config,
            "crop": dataclasses.asdict(self.crop_spec),
            "reference": self.reference.to_json(),
            "least_probabilities": {kind: dict(of_kind) for kind, of_kind in self.least_probabilities.items()},
        }
        save_model(path, ModelFile("segmenter", settings, halves, dict(self.summary)))

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a model from a ``.boneage`` file.

        Raises
        ------
        InvalidModelFile
            If the file is not a whole, sound model of this kind.
        """
        model = load_model(path, kind="segmenter")
        try:
            return cls(
                HandSegmenter.from_state(model.settings["segmenter"], model.arrays),
                from_plain_data(CropSpec, model.settings["crop"]),
                Points.from_json(model.settings["reference"]),
                from_plain_data(dict[str, dict[str, float]], model.settings["least_probabilities"]),
                model.summary,
                f"{Path(path).name} {model.sha256[:12]}",
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidModelFile(path, f"its contents do not fit together ({error})") from error


def _describe_hand(
    scan: Scan,
    probabilities: NDArray[np.float32],
    points: Points,
    length: float,
    to_original: Frame,
    least_probabilities: Mapping[str, Mapping[str, float]],
) -> HandCentres:
    assert scan.original_shape is not None
    shape = (scan.original_shape[0], scan.original_shape[1])
    labels: dict[str, NDArray[np.uint8]] = {}
    measures: dict[str, tuple[CentreMeasure, ...]] = {}
    n_unnamed: dict[str, int] = {}
    for kind, of_kind in zip(KINDS, probabilities, strict=True):
        centres = list_centres(kind)
        outlines = name_parts(of_kind, centres, points, length, least_probabilities=least_probabilities.get(kind))
        fine = refine_outlines(outlines, of_kind, to_original, shape)
        labels[kind] = number_by_name(outlines, tuple(centres))[fine]
        measures[kind] = tuple(
            _move(measure, to_original) for measure in measure_centres(outlines, of_kind, centres, points, length)
        )
        n_unnamed[kind] = outlines.n_unnamed
    return HandCentres(labels, measures, n_unnamed, _length_in_mm(scan, points, to_original))


def number_by_name(outlines: Outlines, names: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return 0, then the number of each part: the place of its name in ``names`` from 1 on, or ``UNNAMED``."""
    numbers = [names.index(name) + 1 if name else UNNAMED for name in outlines.names]
    return np.array([0, *numbers], dtype=np.uint8)


def _move(measure: CentreMeasure, frame: Frame) -> CentreMeasure:
    row, column = frame.apply([[measure.row, measure.column]])[0]
    return dataclasses.replace(measure, row=float(row), column=float(column))


def _length_in_mm(scan: Scan, points: Points, to_original: Frame) -> float:
    spacing = scan.original_spacing_mm
    if spacing is None:
        return math.nan
    in_mm = points.mapped(to_original)
    return measure_hand_length(dataclasses.replace(in_mm, positions=in_mm.positions * np.array(spacing)))
