"""The ossification centres of hands whose age is read; torch is loaded with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from boneage.imaging import Scan
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.centres import CentreModel
from boneage.pipeline.located_hand import HandLandmarks
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.shipped_model import shipped_segmenter


def choose_centre_model(path: Path | None, pipelines: Sequence[BoneAgePipeline]) -> ModelReference | None:
    """Return the reference to a segmenter that fits the localisers of the pipelines that read radiographs.

    Parameters
    ----------
    path : Path or None
        Of the segmenter. Without it the one that comes with boneage is taken, or none if it does not fit.
    pipelines : sequence of BoneAgePipeline

    Raises
    ------
    InvalidModelFile
        If the file cannot be used.
    InvalidInput
        If a localiser lacks a landmark that the segmenter of ``path`` needs.
    """
    reference = ModelReference.of(path or shipped_segmenter())
    model = reference.load(CentreModel.load)
    try:
        for pipeline in pipelines:
            if pipeline.modality == "xray" and pipeline.localiser is not None:
                model.check_localiser(pipeline.localiser)
    except InvalidInput:
        if path is not None:
            raise
        return None
    return reference


def add_centres(assessment: Assessment, scan: Scan, reference: ModelReference) -> Assessment:
    """Return the assessment of a radiograph with its ossification centres; unchanged if it has no landmarks, or no age.

    A hand whose centres cannot be outlined has a remark.
    """
    points, view = assessment.points, assessment.view
    if scan.ndim != 2 or points is None or assessment.estimate is None:
        return assessment
    located = HandLandmarks(points, mirrored=bool(view.mirrored), inverted=view.inverted)
    found = reference.load(CentreModel.load).find(scan, located)
    if isinstance(found, str):
        return assessment.with_remarks([f"no ossification centres: {found}"])
    return dataclasses.replace(assessment, centres=found, n_centres=found.n_centres)
