import math
from xml.etree import ElementTree

import numpy as np
import pytest

from boneage.evaluation import LandmarkErrors, draw_confidence, draw_cumulative_errors, draw_error_boxes


def make_errors(n_hands=40, names=("radius", "ulna", "lunate"), scale=1.0):
    rng = np.random.default_rng(1)
    distances = rng.exponential(scale * np.arange(1, len(names) + 1), (n_hands, len(names)))
    distances[0, 0], distances[1, 1] = math.inf, math.nan
    ids = tuple(str(k) for k in range(n_hands))
    return LandmarkErrors(ids, tuple(names), distances, "mm", np.exp(-distances))


def words(svg):
    assert svg.startswith("<svg")
    return [e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and e.text]


def test_curves_are_named_and_axes_have_units():
    svg = draw_cumulative_errors({"ours": make_errors(), "theirs": make_errors(scale=2.0)})
    assert {"ours", "theirs", "error (mm)", "landmarks within it (%)"} <= set(words(svg))


def test_boxes_are_sorted_by_median_and_a_landmark_never_found_has_none():
    errors = make_errors(names=("worst", "best", "never"))
    order = np.array([3.0, 1.0, np.inf])
    errors = LandmarkErrors(errors.ids, errors.names, np.ones((40, 3)) * order, "px", errors.scores)
    told = [word for word in words(draw_error_boxes(errors)) if word in errors.names]
    assert told == ["best", "worst"]


@pytest.mark.parametrize("n_hands", [2, 40])
def test_confidence_is_drawn_for_few_and_many_landmarks(n_hands):
    told = words(draw_confidence(make_errors(n_hands)))
    assert "error (mm)" in told
    assert ("95th percentile" in told) == (n_hands > 6)


def test_the_same_errors_give_the_same_picture():
    assert draw_error_boxes(make_errors()) == draw_error_boxes(make_errors())
