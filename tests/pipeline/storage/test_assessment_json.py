import json
import math

import numpy as np

from boneage.imaging import Points
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.storage.assessment_json import assessment_from_json, assessment_to_json
from boneage.regression import AgeEstimate, AgeInterval


def rebuild(assessment):
    return assessment_from_json(json.loads(json.dumps(assessment_to_json(assessment), allow_nan=False)))


def test_an_assessment_is_rebuilt_as_it_was():
    points = Points(("a", "b"), [[1.25, 2.0], [np.nan, np.nan]], [0.5, np.nan], ["", "not found"])
    interval = AgeInterval(90.0, 110.5, 0.9, 40)
    estimate = AgeEstimate(100.1, ("radius", "ulna"), (100.1, math.nan), (1.0, 0.0), interval=interval)
    before = Assessment(
        "\udcff",
        "a/\udcff.png",
        "flagged",
        "mirrored",
        "F",
        points,
        estimate,
        modality="xray",
        model="m 1",
        acceptance=0.25,
        chronological_months=120.0,
        phantom=True,
    )
    after = rebuild(before)
    assert after.row(["radius", "ulna"]) == before.row(["radius", "ulna"])
    assert after.view == before.view
    assert (after.chronological_months, after.phantom) == (120.0, True)
    assert (after.id, after.estimate.interval, after.estimate.months) == ("\udcff", interval, 100.1)
    assert np.array_equal(after.points.positions, points.positions, equal_nan=True)
    assert np.array_equal(after.points.scores, points.scores, equal_nan=True)
    assert (after.points.names, after.points.reasons) == (points.names, points.reasons)


def test_a_refused_file_and_an_age_without_an_interval_are_rebuilt():
    assert rebuild(Assessment("1", "1.png", "refused", "is empty")).row([]) == (
        Assessment("1", "1.png", "refused", "is empty").row([])
    )
    missing = AgeInterval(math.nan, math.nan, 0.9, 0, "the model holds no calibration")
    estimate = AgeEstimate(1.0, (), (), (), interval=missing)
    after = rebuild(Assessment("1", "1.png", "ok", estimate=estimate))
    assert math.isnan(after.estimate.interval.low_months)
    assert after.estimate.interval.reason == missing.reason
    assert math.isnan(after.acceptance)
    assert math.isnan(after.view.rotated_deg)
