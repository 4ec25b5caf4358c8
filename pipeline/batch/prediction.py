"""The bone age of many files: one row and one picture each, or one for each hand."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boneage.imaging import Modality, Scan
from boneage.imaging.errors import InvalidInput
from boneage.imaging.identifiers import name_part
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.anonymous_ids import hide_names
from boneage.pipeline.batch.file_processing import Output
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.processes import one_torch_thread
from boneage.pipeline.batch.tasks import FileTask
from boneage.pipeline.pages.index import write_case
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.quality import READS
from boneage.pipeline.storage.assessment_json import assessment_to_json
from boneage.pipeline.storage.output import name_output, write_picture
from boneage.pipeline.visualisation.occlusion import draw_explanation
from boneage.pipeline.visualisation.overlay import draw_overlay
from boneage.regression.calibration import DEFAULT_LEVEL

Pipelines = Sequence[BoneAgePipeline]


class OverlappingModels(InvalidInput):
    """Two models that read the same modality."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Assesses files with the model of their modality; a :class:`~boneage.pipeline.batch.outcome.StoredProcessor`.

    Parameters
    ----------
    models : tuple of ModelReference
    overlays : Path or None
        Folder of the overlays; none are drawn if None.
    explanations : Path or None
        Folder of the pictures of what each age rests on; none are drawn if None.
    all_hands : bool
        Whether each hand of a picture with several is read by itself.
    ids : frozenset of str
        Of all files; the hands of one file get others.
    level : float
        Of the intervals.
    pages : Path or None
        Folder of the index that each hand has a page beside; no pages are written if None.
    identifiers : bool
        Whether a page has the patient's name, number and dates, where the file is DICOM.
    anonymous : bool
        Whether the names of files are to be left out of what results say.
    centres : ModelReference or None
        Of a :class:`~boneage.pipeline.centres.CentreModel` that outlines the ossification centres in radiographs; they
        are not outlined if None.
    """

    models: tuple[ModelReference, ...]
    overlays: Path | None
    explanations: Path | None = None
    all_hands: bool = False
    ids: frozenset[str] = frozenset()
    level: float = DEFAULT_LEVEL
    pages: Path | None = None
    identifiers: bool = False
    anonymous: bool = False
    centres: ModelReference | None = None

    @property
    def identity(self) -> dict[str, object]:
        """What all results share, as JSON data."""
        return {
            "command": "predict",
            "model": " and ".join(reference.name for reference in self.models),
            "level": self.level,
            "all_hands": self.all_hands,
            "explain": self.explanations is not None,
            "pages": self.pages is not None,
            "identifiers": self.identifiers,
            "anonymous_ids": self.anonymous,
            "centres": None if self.centres is None else self.centres.name,
        }

    def prepare(self) -> None:
        """Load the models."""
        self._load()

    def split(self, task: FileTask, scan: Scan) -> list[tuple[FileTask, Scan]]:
        """Return each hand of a picture, from left to right; the second one's id is that of the file and ``#2``."""
        if not self.all_hands:
            return [(task, scan)]
        hands = enumerate(self._choose(scan).split_hands(scan), start=1)
        return [(dataclasses.replace(task, id=name_part(task.id, k, self.ids)), hand) for k, hand in hands]

    def refuse(self, task: FileTask, reason: str) -> Assessment:
        """Return a refused assessment."""
        months = math.nan if task.chronological_months is None else task.chronological_months
        reason = self._hide_names(reason, task)
        return Assessment(task.id, task.name, "refused", reason, task.sex, chronological_months=months)

    def process(self, task: FileTask, scan: Scan) -> Assessment:
        """Assess a scan, on one thread: the same sums in the same order for any number of jobs."""
        with one_torch_thread():
            pipeline = self._choose(scan)
            result = pipeline.assess(
                scan,
                sex=task.sex,
                id_=task.id,
                path=task.name,
                level=self.level,
                chronological_months=task.chronological_months,
            )
            if self.centres is not None:
                from boneage.pipeline.batch.prediction_centres import add_centres  # only where they are asked for

                result = add_centres(result, scan, self.centres)
        return dataclasses.replace(result, reason=self._hide_names(result.reason, task))

    def outputs(self, task: FileTask, scan: Scan, result: Assessment) -> list[Output]:
        """Return the overlay, and where they are asked for the page, and the explanation of a hand with an age."""

        def draw() -> None:
            if self.overlays is not None:
                write_picture(self.overlays / name_output(task.id, ".png"), draw_overlay(scan, result))

        def explain() -> None:
            if self.explanations is not None:
                with one_torch_thread():
                    occlusions = self._choose(scan).explain(result)
                picture = draw_explanation(scan, result, occlusions)
                write_picture(self.explanations / name_output(task.id, ".png"), picture)

        def write_page() -> None:
            if self.pages is not None:
                identifiers = _read_identifiers(task.path) if self.identifiers else {}
                write_case(self.pages, scan, result.with_remarks(task.remarks(scan)), identifiers)

        return [("overlay", draw), ("page", write_page), *([("explanation", explain)] if result.regions else [])]

    def finish(self, result: Assessment, remarks: Sequence[str]) -> Assessment:
        """Return the assessment with remarks, without its crops."""
        return result.with_remarks(remarks).without_regions()

    def to_json(self, result: Assessment) -> dict[str, Any]:
        """Return the assessment as JSON data."""
        return assessment_to_json(result)

    def _hide_names(self, text: str, task: FileTask) -> str:
        return hide_names(text, task) if self.anonymous else text

    def _choose(self, scan: Scan) -> BoneAgePipeline:
        pipelines = self._load()
        return next((p for p in pipelines if p.modality == scan.modality), pipelines[0])

    def _load(self) -> Pipelines:
        return [reference.load(BoneAgePipeline.load) for reference in self.models]


def _read_identifiers(path: Path) -> dict[str, str]:
    from boneage.imaging.dicom.identifiers import read_identifiers  # pydicom is imported only where they are asked for

    return read_identifiers(path)


def load_models(models: Sequence[ModelReference]) -> list[BoneAgePipeline]:
    """Read models, each of which reads another modality.

    Raises
    ------
    InvalidModelFile
        If one cannot be used.
    OverlappingModels
        If two read the same modality.
    """
    pipelines = [model.load(BoneAgePipeline.load) for model in models]
    of_modality: dict[Modality, BoneAgePipeline] = {}
    for pipeline in pipelines:
        other = of_modality.setdefault(pipeline.modality, pipeline)
        if other is not pipeline:
            reads = READS[pipeline.modality]
            raise OverlappingModels(f"two models read {reads}, {other.name} and {pipeline.name}: give one of each kind")
    return pipelines
