"""The steps from a scan to an assessment, each of which finds something or refuses the hand."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from boneage.imaging import Scan, Sex
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.age_model import AgeModel
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.located_hand import HandLandmarks, crop_located_hand, locate_hand, mean_shape_of
from boneage.pipeline.quality import (
    CroppedRegions,
    describe_coarseness,
    describe_doubts,
    describe_missing_landmarks,
    describe_missing_regions,
    describe_unsupported_landmarks,
    find_modality_mismatch,
    modality_of,
)
from boneage.regression import AgeEstimate, Calibration, merge_estimates, missing_estimate
from boneage.regression.calibration import DEFAULT_LEVEL, missing_interval
from boneage.regression.proportions import measure_hand


@dataclass(frozen=True)
class Refusal:
    """The reason for which a hand gets no age."""

    reason: str


@dataclass(frozen=True, eq=False)
class _Case:
    """One hand on its way through the steps: what it came with, and what the steps so far have found."""

    scan: Scan
    given_sex: Sex | None
    localiser: ForestLocaliser | None
    age_models: Sequence[AgeModel]
    calibration: Calibration | None = None
    level: float = DEFAULT_LEVEL
    chronological_months: float | None = None
    located: HandLandmarks = dataclasses.field(default_factory=lambda: HandLandmarks(None))
    crops: tuple[CroppedRegions, ...] = ()
    readings: tuple[AgeEstimate, ...] = ()
    estimate: AgeEstimate | None = None
    remarks: tuple[str, ...] = ()

    @property
    def sex(self) -> Sex | None:
        """The sex given, else the file's."""
        return self.given_sex or self.scan.sex

    @property
    def age_months(self) -> float:
        """The chronological age given, else the file's, else NaN."""
        given, stated = self.chronological_months, self.scan.age_months
        return next((age for age in (given, stated) if age is not None), math.nan)


def assess(
    scan: Scan,
    *,
    id_: str,
    path: str,
    sex: Sex | None,
    localiser: ForestLocaliser | None,
    age_models: Sequence[AgeModel],
    model: str = "",
    calibration: Calibration | None = None,
    level: float = DEFAULT_LEVEL,
    chronological_months: float | None = None,
) -> Assessment:
    """Find the landmarks, crop the hand by them and estimate the age: the mean of what the age models estimate.

    1. Refuse a volume where the model reads radiographs, and the other way round.
    2. Take the sex given, else the file's; refuse the hand if a model needs it and neither is there.
    3. Locate the landmarks.
    4. Crop the hand, once for each crop settings; there are no crops where many landmarks are missing, or they are
       strange for a real hand; where the localiser has not been compared with real hands, if many are doubtful.
    5. Estimate the age. An age model more than half of whose regions are missing takes no part; refuse the hand if
       none does.
    6. Correct its bias and give it an interval of this level, as far as the model is calibrated.
    7. Flag the estimate if an age model, a region or several landmarks are missing, the picture is noisy or has several
       hands or few pixels, the hand measures less than half of what the age models read, reading its file left a
       remark, the hand is mirrored, black and white are swapped, the file contradicts the sex given, or there is no
       localiser to check that it is a hand at all. Refuse the hand if both an age model and several landmarks are
       missing.
    """
    case = _Case(scan, sex, localiser, age_models, calibration, level, chronological_months)
    for step in _STEPS:
        outcome = step(case)
        if isinstance(outcome, Refusal):
            return Assessment(id_, path, "refused", outcome.reason, model=model, **_describe(case))
        case = outcome
    return Assessment(
        id_,
        path,
        "flagged" if case.remarks else "ok",
        "; ".join(case.remarks),
        estimate=case.estimate,
        regions=tuple(stack for stack, _ in case.crops),
        model=model,
        readings=case.readings,
        **_describe(case),
    )


def _describe(case: _Case) -> dict[str, Any]:
    """Return the fields of an assessment that do not depend on whether the hand has an age."""
    return {
        "sex": case.sex,
        "points": case.located.points,
        "modality": case.scan.modality,
        "acceptance": case.located.acceptance,
        "view": case.located.view(case.scan.laterality),
        "chronological_months": case.age_months,
        "phantom": case.scan.phantom,
    }


def _check_modality(case: _Case) -> _Case | Refusal:
    modality = modality_of(case.age_models[0].crop_spec.ndim)
    mismatch = find_modality_mismatch(case.scan, modality, "give a second --model")
    return Refusal(mismatch) if mismatch else case


def _check_sex(case: _Case) -> _Case | Refusal:
    if case.sex is None and any(age_model.regressor.needs_sex for age_model in case.age_models):
        return Refusal("the sex is not known, and the model needs it: give it with --sex-csv or --sex")
    return case


def _locate(case: _Case) -> _Case | Refusal:
    return dataclasses.replace(case, located=locate_hand(case.scan, case.localiser))


def _crop(case: _Case) -> _Case | Refusal:
    reference = mean_shape_of(case.localiser)
    crops = {
        crop_spec: crop_located_hand(case.scan, case.located, crop_spec, reference)
        for crop_spec in {age_model.crop_spec for age_model in case.age_models}
    }
    return dataclasses.replace(case, crops=tuple(crops[age_model.crop_spec] for age_model in case.age_models))


def _estimate(case: _Case) -> _Case | Refusal:
    readings = tuple(
        missing_estimate(age_model.crop_spec.region_names, fault)
        if stack is None
        else age_model.regressor.predict([stack], [case.sex])[0]
        for age_model, (stack, fault) in zip(case.age_models, case.crops, strict=True)
    )
    estimate = merge_estimates(readings)
    if math.isnan(estimate.months):
        return Refusal("; ".join((estimate.reason, *case.located.findings)))
    return dataclasses.replace(case, readings=readings, estimate=estimate)


def _calibrate(case: _Case) -> _Case | Refusal:
    assert case.estimate is not None
    if case.calibration is None:
        missing = missing_interval(case.level, "the model holds no calibration")
        return dataclasses.replace(case, estimate=dataclasses.replace(case.estimate, interval=missing))
    return dataclasses.replace(case, estimate=case.calibration.apply(case.estimate, case.sex, case.level))


def _add_remarks(case: _Case) -> _Case | Refusal:
    landmarks = describe_missing_landmarks(case.located.points)
    remarks = [*case.scan.remarks, *describe_missing_regions(case.crops), *landmarks]
    if landmarks and any(stack is None for stack, _ in case.crops):
        return Refusal("; ".join(remarks))
    remarks += describe_unsupported_landmarks(case.located.points)
    remarks += case.located.findings
    remarks += describe_coarseness(_measure_pixels(case), max(model.crop_spec.detail for model in case.age_models))
    remarks += describe_doubts(
        mirrored=case.located.mirrored,
        inverted=bool(case.located.inverted),
        given=case.given_sex,
        stated=case.scan.sex,
        has_localiser=case.localiser is not None,
    )
    return dataclasses.replace(case, remarks=tuple(remarks))


def _measure_pixels(case: _Case) -> float:
    """Return how many pixels the hand measures, along the axis that has fewer; NaN where no landmarks tell."""
    points, reference = case.located.points, mean_shape_of(case.localiser)
    if points is None or reference is None or case.scan.ndim == 3:
        return math.nan
    return float(measure_hand(case.scan, points, reference, mirrored=case.located.mirrored).min())


_STEPS: tuple[Callable[[_Case], _Case | Refusal], ...] = (
    _check_modality,
    _check_sex,
    _locate,
    _crop,
    _estimate,
    _calibrate,
    _add_remarks,
)
