from xml.etree import ElementTree

import numpy as np
import pytest

from boneage.evaluation.figures import draw_confidence, draw_cumulative_errors, draw_error_boxes, draw_groups
from boneage.evaluation.metrics import LandmarkErrors, group_by_landmark
from tests.evaluation.makers import errors_of, make_errors


def words(svg):
    assert svg.startswith("<svg")
    return [e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and e.text]


def test_curves_are_named_and_axes_have_units():
    svg = draw_cumulative_errors({"ours": make_errors(), "theirs": make_errors(scale=2.0)})
    assert {"ours", "theirs", "error (mm)", "landmarks within it"} <= set(words(svg))


def test_boxes_are_sorted_by_median_and_a_landmark_never_found_has_none():
    errors = make_errors(names=("worst", "best", "never"))
    order = np.array([3.0, 1.0, np.inf])
    errors = LandmarkErrors(errors.ids, errors.names, np.ones((40, 3)) * order, "px", errors.scores)
    texts = [word for word in words(draw_error_boxes(errors)) if word in errors.names]
    assert texts == ["best", "worst"]  # from the bottom up


@pytest.mark.parametrize("n_hands", [2, 40])
def test_confidence_is_drawn_for_few_and_many_landmarks(n_hands):
    texts = words(draw_confidence(make_errors(n_hands)))
    assert "error (mm)" in texts
    assert ("95th percentile" in texts) == (n_hands > 6)


def test_the_same_errors_give_the_same_picture():
    assert draw_error_boxes(make_errors()) == draw_error_boxes(make_errors())


def test_variants_of_one_family_share_a_colour():
    svg = draw_cumulative_errors({"fast": make_errors(), "fast, vote weight 1": make_errors(), "paper": make_errors()})
    assert svg.count("stroke: #0072b2") == 4  # two curves and their keys
    assert svg.count("stroke: #d55e00") == 2


def test_curves_hold_errors_of_any_size():
    for scale in (1e-3, 1.0, 300.0):
        assert "error (mm)" in words(draw_cumulative_errors({"a": make_errors(scale=scale)}))
    assert "a" in words(draw_cumulative_errors({"a": errors_of([[np.inf]], "a")}))
    assert "a" in words(draw_error_boxes(errors_of([[0.0]], "a")))


def test_the_curve_of_the_score_says_its_area_or_that_there_is_nothing_to_tell_apart():
    assert "area 1.00" in words(draw_confidence(make_errors(scale=3.0)))
    assert "no right and wrong ones" in words(draw_confidence(errors_of([[1.0]], "a", scores=[[0.5]])))


def test_groups_are_named_with_their_hands_and_small_ones_are_hollow():
    errors = make_errors()
    svg = draw_groups(
        {
            "bone": group_by_landmark(errors, {"forearm": ("radius", "ulna")}),
            "sex": {"girls": errors.of_hands(range(5))},
        }
    )
    assert {"forearm (40 images)", "other (40 images)", "girls (5 images)", "error (mm)"} <= set(words(svg))
    assert "fill: #ffffff" in svg


def test_a_group_in_which_nothing_was_found_has_no_mark():
    assert "a (1 images)" in words(draw_groups({"bone": {"a": errors_of([[np.inf]], "a")}}))
