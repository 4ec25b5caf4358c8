"""Assessments as JSON data: strict JSON, in which an absent number is null."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from boneage.imaging import Points
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.located_hand import HandView
from boneage.regression import AgeEstimate, AgeInterval

_PLAIN = ("id", "path", "status", "reason", "sex", "modality", "model", "phantom", "n_centres")
_ENDS = ("low_months", "high_months")


def assessment_to_json(assessment: Assessment) -> dict[str, Any]:
    """Return an assessment as JSON data, without regions and readings, which are large."""
    plain = {name: getattr(assessment, name) for name in _PLAIN}
    estimate, points = assessment.estimate, assessment.points
    return {
        **plain,
        "acceptance": _to_number(assessment.acceptance),
        "chronological_months": _to_number(assessment.chronological_months),
        "estimate": None if estimate is None else _estimate_to_json(estimate),
        "view": {**dataclasses.asdict(assessment.view), "rotated_deg": _to_number(assessment.view.rotated_deg)},
        "points": None if points is None else points.to_json(),
    }


def assessment_from_json(data: Mapping[str, Any]) -> Assessment:
    """Rebuild an assessment."""
    estimate, points, view = data["estimate"], data["points"], data["view"]
    return Assessment(
        **{name: data[name] for name in _PLAIN},
        acceptance=_from_number(data["acceptance"]),
        chronological_months=_from_number(data["chronological_months"]),
        estimate=None if estimate is None else _estimate_from_json(estimate),
        view=HandView(**{**view, "rotated_deg": _from_number(view["rotated_deg"])}),
        points=None if points is None else Points.from_json(points),
    )


def _estimate_to_json(estimate: AgeEstimate) -> dict[str, Any]:
    interval = None
    if estimate.interval is not None:
        interval = {
            name: _to_number(value) if name in _ENDS else value
            for name, value in dataclasses.asdict(estimate.interval).items()
        }
    return {
        "months": _to_number(estimate.months),
        "region_names": estimate.region_names,
        "region_months": [_to_number(months) for months in estimate.region_months],
        "region_weights": [_to_number(weight) for weight in estimate.region_weights],
        "reason": estimate.reason,
        "interval": interval,
    }


def _estimate_from_json(data: Mapping[str, Any]) -> AgeEstimate:
    interval = data["interval"]
    if interval is not None:
        interval = AgeInterval(**{**interval, **{name: _from_number(interval[name]) for name in _ENDS}})
    return AgeEstimate(
        _from_number(data["months"]),
        tuple(data["region_names"]),
        tuple(_from_number(months) for months in data["region_months"]),
        tuple(_from_number(weight) for weight in data["region_weights"]),
        data["reason"],
        interval=interval,
    )


def _to_number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _from_number(value: float | None) -> float:
    return math.nan if value is None else value
