"""One hand assessed: landmarks, regions, age, and what the age rests on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from boneage.imaging import Modality, Points, Scan, Sex
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.age_model import AgeModel
from boneage.pipeline.age_text import age_text
from boneage.pipeline.located_hand import HandLandmarks, HandView, crop_located_hand, locate_hand, mean_shape_of
from boneage.pipeline.quality import (
    CroppedRegions,
    describe_doubts,
    describe_missing_landmarks,
    describe_missing_regions,
    describe_unsupported_landmarks,
    find_modality_mismatch,
    modality_of,
)
from boneage.regression import AgeEstimate, Calibration, RegionStack, merge_estimates, missing_estimate
from boneage.regression.calibration import DEFAULT_LEVEL, missing_interval

Status = Literal["ok", "flagged", "refused"]

INTERVAL_COLUMNS = ("interval_low_months", "interval_high_months", "interval_level", "interval_n_hands")


@dataclass(frozen=True, eq=False)
class Assessment:
    """The result of the pipeline for one file.

    Parameters
    ----------
    id : str
    path : str
    status : {"ok", "flagged", "refused"}
        ``flagged`` is an age with a reservation, ``refused`` no age at all; ``reason`` says why.
    reason : str
    sex : {"F", "M"} or None
    points : Points or None
        Landmarks in original pixels; ``None`` too if the model reads the whole image and has no localiser.
    estimate : AgeEstimate or None
        ``None`` for a refused file.
    regions : tuple of RegionStack or None
        The crops that each age model read, ``None`` for one that could not; empty if the file was refused, or after
        :meth:`without_regions`.
    readings : tuple of AgeEstimate
        The estimate of each age model, of which ``estimate`` is the mean before its bias is corrected; empty where
        ``regions`` are.
    acceptance : float
        Share of real hands whose landmarks are at least as strange; 0 if none were found, NaN where it is not known.
    view : HandView
        How the hand lies in its picture.
    modality : {"xray", "mri"} or None
        ``None`` for a file that could not be read.
    model : str
        Name of the model that assessed it; blank for a file that could not be read.
    """

    id: str
    path: str
    status: Status
    reason: str = ""
    sex: Sex | None = None
    points: Points | None = None
    estimate: AgeEstimate | None = None
    regions: tuple[RegionStack | None, ...] = ()
    modality: Modality | None = None
    model: str = ""
    readings: tuple[AgeEstimate, ...] = ()
    acceptance: float = math.nan
    view: HandView = dataclasses.field(default_factory=HandView)

    def __post_init__(self) -> None:
        if (self.estimate is None) != (self.status == "refused"):
            raise ValueError(f"a {self.status} assessment {'needs an' if self.estimate is None else 'has no'} estimate")
        if self.status != "ok" and not self.reason:
            raise ValueError(f"a {self.status} assessment needs a reason")

    @property
    def stacks(self) -> tuple[RegionStack, ...]:
        """The crops of the age models that took part."""
        return tuple(stack for stack in self.regions if stack is not None)

    def with_remarks(self, remarks: Sequence[str]) -> Assessment:
        """Return it with further remarks: they are added to the reason, and an age without reservation is flagged."""
        if not remarks:
            return self
        status: Status = "flagged" if self.status == "ok" else self.status
        return dataclasses.replace(self, status=status, reason="; ".join(filter(None, (self.reason, *remarks))))

    def without_regions(self) -> Assessment:
        """Return it without the crops and the readings of the single age models: it is small then."""
        return dataclasses.replace(self, regions=(), readings=())

    def row(self, region_names: Sequence[str]) -> dict[str, object]:
        """Return one row of ``ages.csv``; empty where a value is absent, weight 0 for a missing region."""
        months = self.estimate.months if self.estimate else math.nan
        weights = (
            dict(zip(self.estimate.region_names, self.estimate.region_weights, strict=True)) if self.estimate else {}
        )
        ages = dict(zip(self.estimate.region_names, self.estimate.region_months, strict=True)) if self.estimate else {}
        return {
            "id": self.id,
            "path": self.path,
            "modality": self.modality or "",
            "status": self.status,
            "reason": self.reason,
            "sex": self.sex or "",
            "bone_age_months": _number(months, 2),
            "bone_age_text": "" if math.isnan(months) else age_text(months),
            **self._interval_cells(),
            "acceptance": _number(self.acceptance, 4),
            **self.view.cells(),
            **{f"weight_{name}": _number(weights.get(name, math.nan), 4) for name in region_names},
            **{f"age_{name}": _number(ages.get(name, math.nan), 2) for name in region_names},
            "model": self.model,
        }

    def _interval_cells(self) -> dict[str, object]:
        interval = self.estimate.interval if self.estimate else None
        if interval is None or interval.reason:
            return dict.fromkeys(INTERVAL_COLUMNS, "")
        ends = (_number(interval.low_months, 2), _number(interval.high_months, 2))
        return dict(zip(INTERVAL_COLUMNS, (*ends, f"{interval.level:g}", interval.n_hands), strict=True))


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
    located: HandLandmarks = dataclasses.field(default_factory=lambda: HandLandmarks(None))
    crops: tuple[CroppedRegions, ...] = ()
    readings: tuple[AgeEstimate, ...] = ()
    estimate: AgeEstimate | None = None
    remarks: tuple[str, ...] = ()

    @property
    def sex(self) -> Sex | None:
        """The sex given, else the file's."""
        return self.given_sex or self.scan.sex


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
) -> Assessment:
    """Find the landmarks, crop the hand by them and estimate the age: the mean of what the age models estimate.

    1. Refuse a volume where the model reads radiographs, and the other way round.
    2. Take the sex given, else the file's; refuse the hand if a model needs it and neither is there.
    3. Locate the landmarks.
    4. Crop the hand, once for each crop settings; there are no crops where many landmarks are missing, or they are
       strange for a real hand; where the localiser has not been compared with real hands, if many are doubtful.
    5. Estimate the age. An age model more than a third of whose regions are missing takes no part; refuse the hand if
       none does.
    6. Correct its bias and give it an interval of this level, as far as the model is calibrated.
    7. Flag the estimate if an age model, a region or several landmarks are missing, the picture is noisy or has several
       hands or few pixels, reading its file left a remark, the hand is mirrored, black and white are swapped, the file
       contradicts the sex given, or there is no localiser to check that it is a hand at all. Refuse the hand if both
       an age model and several landmarks are missing.
    """
    case = _Case(scan, sex, localiser, age_models, calibration, level)
    for step in _STEPS:
        outcome = step(case)
        if isinstance(outcome, Refusal):
            return Assessment(
                id_,
                path,
                "refused",
                outcome.reason,
                sex=case.sex,
                points=case.located.points,
                modality=scan.modality,
                model=model,
                acceptance=case.located.acceptance,
                view=case.located.view(scan.laterality),
            )
        case = outcome
    return Assessment(
        id_,
        path,
        status="flagged" if case.remarks else "ok",
        reason="; ".join(case.remarks),
        sex=case.sex,
        points=case.located.points,
        estimate=case.estimate,
        regions=tuple(stack for stack, _ in case.crops),
        modality=scan.modality,
        model=model,
        readings=case.readings,
        acceptance=case.located.acceptance,
        view=case.located.view(scan.laterality),
    )


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
    remarks += describe_doubts(
        mirrored=case.located.mirrored,
        inverted=bool(case.located.inverted),
        given=case.given_sex,
        stated=case.scan.sex,
        has_localiser=case.localiser is not None,
    )
    return dataclasses.replace(case, remarks=tuple(remarks))


_STEPS: tuple[Callable[[_Case], _Case | Refusal], ...] = (
    _check_modality,
    _check_sex,
    _locate,
    _crop,
    _estimate,
    _calibrate,
    _add_remarks,
)


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
