"""The ossification centres of hands whose age is read; torch is loaded with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from boneage.imaging import Scan
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.centres import CentreModel
from boneage.pipeline.located_hand import HandLandmarks
from boneage.pipeline.pipeline import BoneAgePipeline


def check_centre_model(path: Path, pipelines: Sequence[BoneAgePipeline]) -> ModelReference:
    """Return the reference to a segmenter that fits the localisers of the pipelines that read radiographs.

    Raises
    ------
    InvalidModelFile
        If the file cannot be used.
    InvalidInput
        If a localiser lacks a landmark that it needs.
    """
    reference = ModelReference.of(path)
    model = reference.load(CentreModel.load)
    for pipeline in pipelines:
        if pipeline.modality == "xray" and pipeline.localiser is not None:
            model.check_localiser(pipeline.localiser)
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
