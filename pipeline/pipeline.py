"""The whole pipeline as one object: a localiser, and age models with their crop settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from boneage.imaging import Modality, Scan, Sex, UnreadableScan, read_scan, scan_id
from boneage.imaging.errors import InvalidInput, InvalidModelFile
from boneage.imaging.plain_data import from_plain_data, to_plain_data
from boneage.imaging.standardise import split_hands
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.age_model import AgeModel
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.pages.case import build_case_fragment
from boneage.pipeline.quality import modality_of
from boneage.pipeline.steps import assess
from boneage.pipeline.storage.model_file import ModelFile, load_model, save_model
from boneage.pipeline.storage.shipped_model import shipped_model
from boneage.regression import Calibration, Occlusion, occlude
from boneage.regression.calibration import DEFAULT_LEVEL


@dataclass(frozen=True, eq=False)
class BoneAgePipeline:
    """A radiograph, or a volume, in, an assessment out.

    Parameters
    ----------
    localiser : ForestLocaliser or None
        Fitted. A model that reads the whole image needs none; with one, it refuses images that show no hand.
    age_models : tuple of AgeModel
        One, or several whose ages are averaged.
    summary : mapping
        What the parts were trained on.
    name : str
        What to call the model in tables: its file name and the start of its SHA-256.
    calibration : Calibration or None
        Corrects ages and gives them intervals.
    """

    localiser: ForestLocaliser | None
    age_models: tuple[AgeModel, ...]
    summary: Mapping[str, Any]
    name: str = "unsaved"
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        if not self.age_models:
            raise InvalidInput("a pipeline needs at least one age model")
        if len({age_model.crop_spec.ndim for age_model in self.age_models}) > 1:
            raise InvalidInput("the age models must all read radiographs, or all read volumes")
        for age_model in self.age_models:
            age_model.check_localiser(self.localiser)

    def assess(
        self,
        scan: Scan | Path | str,
        *,
        sex: Sex | None = None,
        id_: str = "",
        path: str = "",
        level: float = DEFAULT_LEVEL,
        chronological_months: float | None = None,
    ) -> Assessment:
        """Assess one scan; a file or hand that cannot be read is a refused assessment, not an error.

        A notebook shows the assessment with its picture, landmarks, age and interval.

        Parameters
        ----------
        scan : Scan or path-like
            A scan, or the file of one.
        sex : {"F", "M"} or None
            ``None`` takes the scan's own.
        id_, path : str, optional
            What to call it in the results; the scan's source, and the file's path, if not given.
        level : float
            Of the interval: the part of new hands whose age lies within.
        chronological_months : float or None
            The age of the person, which the bone age is compared with and never told by; ``None`` takes the scan's own.
        """
        if not isinstance(scan, Scan):
            path = path or str(scan)
            try:
                scan = read_scan(scan)
            except UnreadableScan as error:
                return Assessment(id_ or scan_id(error.path), path, "refused", error.reason, sex)
        assessment = assess(
            scan,
            id_=id_ or scan.source,
            path=path,
            sex=sex,
            localiser=self.localiser,
            age_models=self.age_models,
            model=self.name,
            calibration=self.calibration,
            level=level,
            chronological_months=chronological_months,
        )
        return replace(assessment, display=partial(build_case_fragment, scan))

    def split_hands(self, scan: Scan) -> tuple[Scan, ...]:
        """Return a scan of each hand in a picture, from left to right: of those that the localiser's settings find."""
        settings = self.localiser.standardise_settings if self.localiser is not None else None
        return split_hands(scan, settings)

    def explain(self, assessment: Assessment) -> tuple[Occlusion, ...]:
        """Hide pieces of a hand and note how its age changes: an occlusion for each age model that read it.

        Where several did, the change is that of the mean of their ages: each model's change divided by their number.

        Parameters
        ----------
        assessment : Assessment
            By this pipeline, with an estimate and regions.

        Raises
        ------
        ValueError
            If the hand was refused, or its regions were left out.
        """
        if assessment.estimate is None or not assessment.regions:
            raise InvalidInput("there is no age to explain, or its regions were left out")
        months, n = assessment.estimate.months, len(assessment.stacks)
        occlusions = (
            occlude(age_model.regressor, stack, assessment.sex, reading)
            for age_model, stack, reading in zip(self.age_models, assessment.regions, assessment.readings, strict=True)
            if stack is not None
        )
        return tuple(replace(occlusion, changes=occlusion.changes / n, age_months=months) for occlusion in occlusions)

    @property
    def only_age_model(self) -> AgeModel:
        """The age model of a pipeline that has a single one.

        Raises
        ------
        ValueError
            If there are several.
        """
        if len(self.age_models) > 1:
            raise InvalidInput(f"{self.name} joins {len(self.age_models)} age models, and a single one is needed here")
        return self.age_models[0]

    @property
    def modality(self) -> Modality:
        """What the model reads: radiographs (``xray``) or volumes (``mri``)."""
        return modality_of(self.age_models[0].crop_spec.ndim)

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the regions, in the order of the columns of ``ages.csv``."""
        return tuple(dict.fromkeys(name for age_model in self.age_models for name in age_model.crop_spec.region_names))

    @property
    def trained_ids(self) -> frozenset[str]:
        """Ids of all hands that the age models were trained on, or fine-tuned from, as far as the file states.

        A hand of one of these ids is not new to the model.
        """
        return _collect_ids(self.summary.get("age", {}))

    def save(self, path: Path | str, *, half: bool = False) -> None:
        """Write the pipeline to a ``.boneage`` file.

        Parameters
        ----------
        path : path-like
        half : bool
            Whether the networks' weights are written in half precision: ages change in the second decimal, if at all.
        """
        localiser, localiser_arrays = self.localiser.to_state() if self.localiser else (None, {})
        arrays = {f"localiser/{name}": array for name, array in localiser_arrays.items()}
        age_models = []
        for number, age_model in enumerate(self.age_models):
            state, reader_arrays = age_model.to_state()
            age_models.append(state)
            for name, array in reader_arrays.items():
                shorter = half and array.dtype == np.float32
                arrays[f"age_models/{number}/{name}"] = array.astype(np.float16) if shorter else array
        calibration = None if self.calibration is None else to_plain_data(self.calibration)
        settings = {"localiser": localiser, "age_models": age_models, "calibration": calibration}
        save_model(path, ModelFile("pipeline", settings, arrays, dict(self.summary)))

    @classmethod
    def load(cls, path: Path | str) -> BoneAgePipeline:
        """Read a pipeline from a ``.boneage`` file.

        Raises
        ------
        InvalidModelFile
            If the file is not a whole, sound model of this kind.
        """
        return cls.from_model_file(path, load_model(path, kind="pipeline"))

    @classmethod
    def from_model_file(cls, path: Path | str, model: ModelFile) -> BoneAgePipeline:
        """Rebuild a pipeline from the content of its file.

        Raises
        ------
        InvalidModelFile
            If its parts do not fit together.
        """
        try:
            return cls(
                localiser=_read_localiser(model.settings["localiser"], _under(model.arrays, "localiser/")),
                age_models=_read_age_models(model.settings, model.arrays),
                summary=model.summary,
                name=f"{Path(path).name} {model.sha256[:12]}",
                calibration=_read_calibration(model.settings["calibration"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidModelFile(path, f"its contents do not fit together ({error})") from error


def load_pipeline(path: Path | str | None = None) -> BoneAgePipeline:
    """Read a pipeline from a ``.boneage`` file, or the one that comes with the package.

    Raises
    ------
    InvalidModelFile
        If the file is not a whole, sound model of this kind.
    """
    return BoneAgePipeline.load(shipped_model() if path is None else path)


def save_localiser(path: Path | str, localiser: ForestLocaliser, summary: Mapping[str, Any]) -> None:
    """Write a fitted localiser to a ``.boneage`` file."""
    settings, arrays = localiser.to_state()
    save_model(path, ModelFile("localiser", settings, arrays, dict(summary)))


def fingerprint_localiser(localiser: ForestLocaliser) -> str:
    """Return a digest that differs between any two fitted localisers."""
    settings, arrays = localiser.to_state()
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def load_localiser(path: Path | str) -> tuple[ForestLocaliser, Mapping[str, Any]]:
    """Read a localiser and its training summary, from its own file or from a pipeline's.

    Raises
    ------
    InvalidModelFile
        If the file is not a whole, sound model.
    """
    model = load_model(path)
    if model.kind == "pipeline":
        pipeline = BoneAgePipeline.from_model_file(path, model)
        if pipeline.localiser is None:
            raise InvalidModelFile(path, "holds an age model that has no localiser")
        return pipeline.localiser, dict(pipeline.summary.get("localiser", {}))
    try:
        return ForestLocaliser.from_state(dict(model.settings), dict(model.arrays)), model.summary
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidModelFile(path, f"its contents do not fit together ({error})") from error


def _read_localiser(settings: Mapping[str, Any] | None, arrays: Mapping[str, Any]) -> ForestLocaliser | None:
    return None if settings is None else ForestLocaliser.from_state(settings, arrays)


def _read_age_models(settings: Mapping[str, Any], arrays: Mapping[str, Any]) -> tuple[AgeModel, ...]:
    states = enumerate(settings["age_models"])
    return tuple(AgeModel.from_state(state, _under(arrays, f"age_models/{number}/")) for number, state in states)


def _read_calibration(data: Mapping[str, Any] | None) -> Calibration | None:
    return None if data is None else from_plain_data(Calibration, data)


def _collect_ids(summary: Mapping[str, Any]) -> frozenset[str]:
    earlier = [summary["started_from"]] if "started_from" in summary else []
    parts = (*earlier, *summary.get("joined", ()))
    return frozenset(summary.get("ids", ())).union(*(_collect_ids(part) for part in parts))


def _under(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
