import math

import numpy as np
import pytest

from boneage.evaluation.benchmarks.stress.run import StressResult
from boneage.evaluation.benchmarks.stress.summary import summarise_stress


def test_each_change_is_summarised_over_its_hands_and_landmarks_over_those_that_were_read():
    near, far = np.array([1.0, 3.0, math.nan]), np.array([2.0, math.inf, 20.0])
    results = [
        StressResult("a", "noise", "ok", "", near, near, 100.0, -4.0, 0.5),
        StressResult("b", "noise", "flagged", "mirrored", far, far, 90.0, 10.0, 1.5),
        StressResult("c", "noise", "refused", "no hand", far, far, seconds=1.0),
        StressResult("c", "blur", "refused", "no hand"),
    ]
    noise, blur = summarise_stress(results)
    assert (noise.change, noise.n, noise.refused, noise.flagged) == ("noise", 3, 1 / 3, 1 / 3)
    assert noise.landmark_mean == pytest.approx(26 / 4)
    assert noise.landmark_median == 3.0
    assert math.isinf(noise.landmark_percentile_95)
    assert noise.landmark_beyond == pytest.approx(2 / 5)
    assert (noise.age_change_mean, noise.age_change_worst) == (7.0, 10.0)
    assert (noise.seconds_median, noise.seconds_worst) == (1.0, 1.5)
    assert blur.refused == 1.0
    assert math.isnan(blur.landmark_beyond)
    assert math.isnan(blur.age_change_worst)
    assert math.isnan(blur.seconds_median)
