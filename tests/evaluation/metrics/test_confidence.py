import math

import numpy as np
import pytest

from boneage.evaluation.metrics import evaluate_scores
from boneage.evaluation.metrics.confidence import trace_roc
from tests.evaluation.makers import errors_of, make_errors


def test_a_score_that_knows_every_wrong_landmark_has_the_whole_area():
    judged = evaluate_scores(errors_of([[1, 9], [2, 8]], "ab", scores=[[0.9, 0.2], [0.8, 0.1]]))
    assert judged["area_under_roc"] == 1.0
    assert judged["doubted_at_80_percent_caught"] == 0.0
    assert (judged["n_judged"], judged["n_wrong"]) == (4, 2)
    upside_down = evaluate_scores(errors_of([[1, 9], [2, 8]], "ab", scores=[[0.1, 0.8], [0.2, 0.9]]))
    assert upside_down["area_under_roc"] == 0.0
    assert upside_down["doubted_at_80_percent_caught"] == 1.0


def test_a_score_that_knows_nothing_has_half_the_area_ties_count_half():
    assert evaluate_scores(errors_of([[1, 9], [2, 8]], "ab", scores=np.full((2, 2), 0.5)))["area_under_roc"] == 0.5


def test_area_and_curve_agree():
    errors = make_errors(60, scale=2.0)
    caught, doubted = trace_roc(errors)
    assert (caught[0], doubted[0], caught[-1], doubted[-1]) == (0, 0, 1, 1)
    judged = evaluate_scores(errors)
    assert np.trapezoid(caught, doubted) == pytest.approx(judged["area_under_roc"])
    low, high = judged["area_under_roc_interval_95"]
    assert low <= judged["area_under_roc"] <= high


def test_what_was_withheld_is_counted_and_is_neither_right_nor_wrong():
    errors = errors_of([[1, math.inf], [20, math.nan], [1, 1]], "ab", scores=[[0.9, 0.0], [0.8, 0.1], [0.7, 0.9]])
    judged = evaluate_scores(errors)
    assert (judged["n_judged"], judged["n_wrong"]) == (4, 1)
    assert (judged["n_outliers"], judged["n_withheld"], judged["part_withheld"]) == (2, 1, 0.5)


@pytest.mark.parametrize(
    ("rows", "scores"),
    [
        ([[1, 2]], [[0.5, 0.6]]),
        ([[9, 8]], [[0.5, 0.6]]),
        ([[1, 9]], [[math.nan, math.nan]]),
        ([[math.inf, math.inf]], [[0, 0]]),
    ],
)
def test_nothing_to_tell_apart_has_no_area(rows, scores):
    judged = evaluate_scores(errors_of(rows, "ab", scores=scores))
    assert math.isnan(judged["area_under_roc"])
    assert math.isnan(judged["doubted_at_80_percent_caught"])
    assert len(trace_roc(errors_of(rows, "ab", scores=scores))[0]) == 0
