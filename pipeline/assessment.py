"""One hand assessed: landmarks, regions, age, and what the age rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from boneage.imaging import Modality, Points, Scan, Sex
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.age_model import AgeModel
from boneage.pipeline.quality import find_modality_mismatch, modality_of
from boneage.regression import AgeEstimate, CropSpec, RegionStack, merge_estimates, missing_estimate

_ENOUGH = 2 / 3  # of the landmarks: ages of hands with fewer were off by four years on average (docs/decisions/0006)
_NEARLY_ALL = 0.9  # ... of those with fewer than this, by two
_MANY = 0.4  # of the landmarks doubtful: they are placed by chance, and such ages were off by a year and more

Status = Literal["ok", "flagged", "refused"]


@dataclass(frozen=True, eq=False)
class Assessment:
    """What the pipeline says of one file.

    Parameters
    ----------
    id : str
    path : str
    status : {"ok", "flagged", "refused"}
        ``flagged`` is an age with a reservation, ``refused`` no age at all; ``reason`` says why.
    reason : str
    sex : {"F", "M"} or None
    points : Points or None
        Landmarks in original pixels; ``None`` too if the model looks at the whole image and has no localiser.
    estimate : AgeEstimate or None
        ``None`` for a refused file.
    regions : tuple of RegionStack or None
        The crops that each age model read, ``None`` for one that could not; empty if the file was refused, or they were
        not kept.
    modality : {"xray", "mri"} or None
        ``None`` for a file that could not be read.
    model : str
        What assessed it; blank for a file that could not be read.
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

    def __post_init__(self) -> None:
        if (self.estimate is None) != (self.status == "refused"):
            raise ValueError(f"a {self.status} assessment {'needs an' if self.estimate is None else 'has no'} estimate")
        if self.status != "ok" and not self.reason:
            raise ValueError(f"a {self.status} assessment needs a reason")

    @property
    def stacks(self) -> tuple[RegionStack, ...]:
        """The crops of the age models that took part."""
        return tuple(stack for stack in self.regions if stack is not None)

    def row(self, region_names: Sequence[str]) -> dict[str, object]:
        """Return one row of ``ages.csv``; empty where there is nothing to say, weight 0 for a missing region."""
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
            **{f"weight_{name}": _number(weights.get(name, math.nan), 4) for name in region_names},
            **{f"age_{name}": _number(ages.get(name, math.nan), 2) for name in region_names},
            "model": self.model,
        }


def assess(
    scan: Scan,
    *,
    id_: str,
    path: str,
    sex: Sex | None,
    localiser: ForestLocaliser | None,
    age_models: Sequence[AgeModel],
    model: str = "",
) -> Assessment:
    """Find the landmarks, cut the hand by them and estimate the age: the mean of what the age models say.

    1. Refuse a volume where the model reads radiographs, and the other way round.
    2. Take the sex given, else the file's own; refuse the hand if a model needs it and neither is there.
    3. Locate the landmarks; refuse an image in which many of them are not found, or doubtful.
    4. Cut the hand, each way once. An age model more than a third of whose regions are missing takes no part; refuse
       the hand if none does, or one does not and several landmarks are missing: that is one doubt too many.
    5. Estimate; flag the estimate if an age model, a region or several landmarks are missing, the hand is mirrored, the
       file contradicts the sex given, or there is no localiser to tell that it is a hand at all.
    """
    known_sex = sex or scan.sex

    def refuse(reason: str, points: Points | None = None) -> Assessment:
        return Assessment(id_, path, "refused", reason, known_sex, points, modality=scan.modality, model=model)

    misfit = find_modality_mismatch(scan, modality_of(age_models[0].crop_spec.ndim), "give a second --model")
    if misfit:
        return refuse(misfit)
    if known_sex is None and any(age_model.regressor.needs_sex for age_model in age_models):
        return refuse("the sex is not known, and the model needs it: give it with --sex-csv or --sex")
    located = locate_hand(scan, localiser)
    points, reference = located.points, mean_shape_of(localiser)
    ways = {age_model.crop_spec for age_model in age_models}
    found = {crop_spec: crop_located_hand(scan, located, crop_spec, reference) for crop_spec in ways}
    cut = [found[age_model.crop_spec] for age_model in age_models]
    estimate = merge_estimates(
        [
            missing_estimate(age_model.crop_spec.region_names, fault)
            if stack is None
            else age_model.regressor.predict([stack], [known_sex])[0]
            for age_model, (stack, fault) in zip(age_models, cut, strict=True)
        ]
    )
    if math.isnan(estimate.months):
        return refuse(estimate.reason, points)
    remarks = _remark_on_regions(cut)
    if points is not None and points.present.sum() < _NEARLY_ALL * len(points):
        remarks.append(f"only {points.present.sum()} of {len(points)} landmarks found")
        if any(stack is None for stack, _ in cut):
            return refuse("; ".join(remarks), points)
    if located.mirrored:
        remarks.append("mirrored with respect to the hands that the model knows")
    if sex and scan.sex and sex != scan.sex:
        remarks.append(f"the file says the sex is {scan.sex}")
    if localiser is None:
        remarks.append("the model has no localiser: nothing checked that this is a hand")
    status: Status = "flagged" if remarks else "ok"
    reason, regions = "; ".join(remarks), tuple(stack for stack, _ in cut)
    return Assessment(id_, path, status, reason, known_sex, points, estimate, regions, scan.modality, model)


@dataclass(frozen=True, eq=False)
class HandLandmarks:
    """Where a hand lies: its landmarks, if any were looked for, and the ``fault`` for which not to build on them."""

    points: Points | None
    mirrored: bool = False
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        points = None
        if self.points is not None:
            told = {"names": self.points.names, "reasons": self.points.reasons}
            numbers = {"positions": self.points.positions, "scores": self.points.scores}
            points = told | {name: np.asarray(array).tolist() for name, array in numbers.items()}
        return {"points": points, "mirrored": self.mirrored, "fault": self.fault}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it."""
        points = None if data["points"] is None else Points(**data["points"])
        return cls(points, bool(data["mirrored"]), str(data["fault"]))


def locate_hand(scan: Scan, localiser: ForestLocaliser | None) -> HandLandmarks:
    """Locate the landmarks: the same way for a hand to learn from and for one to read."""
    if localiser is None:
        return HandLandmarks(None)
    misfit = find_modality_mismatch(scan, modality_of(localiser.ndim))
    if misfit:
        return HandLandmarks(None, fault=misfit)
    points = localiser.locate(scan)
    return HandLandmarks(points, localiser.is_mirrored(points), find_landmark_fault(points))


def crop_located_hand(
    scan: Scan, located: HandLandmarks, crop_spec: CropSpec, reference: Points | None
) -> tuple[RegionStack | None, str]:
    """Return the regions of a hand, or the fault for which there are none."""
    if located.fault:
        return None, located.fault
    misfit = find_modality_mismatch(scan, modality_of(crop_spec.ndim))
    if misfit:
        return None, misfit
    regions = crop_spec.crop(scan, located.points, reference, mirrored=located.mirrored)
    gap = find_region_fault(regions)
    return (None, gap) if gap else (regions, "")


def mean_shape_of(localiser: ForestLocaliser | None) -> Points | None:
    """Return the shape that a localiser's hands are laid upon; None without one."""
    return None if localiser is None else Points(localiser.names_, localiser.mean_shape_)


def find_landmark_fault(points: Points) -> str:
    """Return why located landmarks are not to be built upon; empty if they are.

    Where many landmarks are not found, or hardly, those that seem to be are chance.
    """
    n_found, n_doubtful = int(points.present.sum()), int(points.doubtful.sum())
    if n_found < _ENOUGH * len(points):
        reasons = set(points.reasons or ())
        of_all = f" ({reasons.pop()})" if len(reasons) == 1 else ""
        return f"no hand that the model can read: {n_found} of {len(points)} landmarks found{of_all}"
    if n_doubtful > _MANY * len(points):
        return f"no hand that the model can read: {n_doubtful} of {len(points)} landmarks are doubtful"
    return ""


def find_region_fault(regions: RegionStack) -> str:
    """Return why cropped regions are not to be read; empty if they are.

    Where many are missing the hand is not as the model knows it, and the others are doubtful.
    """
    n_present = int(regions.present.sum())
    if 3 * n_present < 2 * len(regions.names):
        return f"no hand that the model can read: {n_present} of {len(regions.names)} regions could be cropped"
    return ""


def age_text(months: float) -> str:
    """Write an age as years and months.

    Examples
    --------
    >>> age_text(126.4)
    '10 y 6 m'
    >>> age_text(11.7)
    '1 y 0 m'
    """
    whole = max(round(months), 0)
    return f"{whole // 12} y {whole % 12} m"


def _remark_on_regions(cut: Sequence[tuple[RegionStack | None, str]]) -> list[str]:
    """Say which age models took no part, and which regions the others lack."""
    able = [stack for stack, _ in cut if stack is not None]
    remarks = []
    if len(able) < len(cut):
        faults = dict.fromkeys(fault for _, fault in cut if fault)
        remarks.append(f"read by {len(able)} of {len(cut)} age models: {', '.join(faults)}")
    missing = (name for stack in able for name, there in zip(stack.names, stack.present, strict=True) if not there)
    names = ", ".join(dict.fromkeys(missing))
    return [*remarks, f"no region for {names}"] if names else remarks


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
